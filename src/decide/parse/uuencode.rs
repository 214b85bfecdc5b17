//! Files that stand uuencoded in a text (IEEE Std 1003.1, `uuencode`): where they begin and end, and the text without them.
//!
//! Scripts, `uuencode | mail` and some old mail programs still write such blocks. The word `begin` in prose is none: a block has a mode, a
//! name and at least one line of data that has the length it says. A block without an end is taken as far as it goes. One pass over the
//! lines, and another over each block.

use memchr::{memchr, memmem};

use crate::model::message::Inner;
use crate::model::transfer::{uuencoded_length, within};

/// Files of one text that are taken out. What is beyond stays text.
const MOST_BLOCKS: usize = 100;

/// A file in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// The name that the block gives.
    pub(super) name: String,
    /// First octet of the line `begin`.
    pub(super) start: usize,
    /// The octet after the line `end`, or after the last line of data.
    pub(super) end: usize,
}

/// The blocks of a text, in order.
pub(super) fn blocks(text: &[u8]) -> Vec<Block> {
    let mut found = Vec::new();
    let mut at = 0;
    while found.len() < MOST_BLOCKS
        && let Some(start) = memmem::find(&text[at..], b"begin").map(|length| at + length)
    {
        at = line_end(text, start);
        if start > 0 && text[start - 1] != b'\n' {
            continue;
        }
        let Some((name, is_base64)) = begin(line(text, start)) else { continue };
        let end = if is_base64 { end_of_base64(text, at) } else { end_of_lines(text, at) };
        if let Some(end) = end {
            found.push(Block { name, start, end });
            at = end;
        }
    }
    found
}

/// What the first block holds, for a text that is encoded so as a whole.
pub(super) fn first(text: &[u8]) -> Option<Vec<u8>> {
    let block = blocks(text).into_iter().next()?;
    let offset = |at: usize| i64::try_from(at).unwrap_or(i64::MAX);
    let inner = Inner { start: offset(block.start), end: offset(block.end), uuencoded: true };
    Some(within(text, &inner).into_owned())
}

/// The text without its blocks, when it has any.
pub(super) fn without(text: &str) -> Option<String> {
    let blocks = blocks(text.as_bytes());
    let mut rest = String::with_capacity(text.len());
    let mut at = 0;
    for block in &blocks {
        rest.push_str(text.get(at..block.start)?);
        at = block.end;
    }
    rest.push_str(text.get(at..)?);
    (!blocks.is_empty()).then(|| rest.trim_matches('\n').to_owned())
}

/// The offset behind the line that begins there.
fn line_end(text: &[u8], start: usize) -> usize {
    memchr(b'\n', &text[start..]).map_or(text.len(), |length| start + length + 1)
}

/// The line without its end.
fn line(text: &[u8], start: usize) -> &[u8] {
    let line = &text[start..line_end(text, start)];
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The name in a line `begin 644 name`, and whether base64 follows.
fn begin(line: &[u8]) -> Option<(String, bool)> {
    let rest = line.strip_prefix(b"begin")?;
    let (is_base64, rest) = rest.strip_prefix(b"-base64").map_or((false, rest), |rest| (true, rest));
    let rest = std::str::from_utf8(rest.strip_prefix(b" ")?).ok()?;
    let (mode, name) = rest.split_once(' ')?;
    let name = name.trim().trim_matches('"');
    let is_mode = matches!(mode.len(), 3 | 4) && mode.bytes().all(|octet| (b'0'..=b'7').contains(&octet));
    (is_mode && !name.is_empty()).then(|| (name.to_owned(), is_base64))
}

/// Where the data ends that begin there, `end` included; `None` when they are no data.
fn end_of_lines(text: &[u8], start: usize) -> Option<usize> {
    let (mut at, mut lines, mut is_exact, mut is_over) = (start, 0, false, false);
    while at < text.len() {
        let line = line(text, at);
        let next = line_end(text, at);
        if line == b"end" {
            return (lines > 0).then_some(next);
        }
        match uuencoded_length(line) {
            Some(0) => is_over = true,
            // Some programs put nothing where the empty line of data should stand.
            None if line.is_empty() => is_over = true,
            Some(length) if !is_over => {
                lines += 1;
                is_exact |= lines == 1 && matches!(line.len().checked_sub(length.div_ceil(3) * 4), Some(1 | 2));
            }
            _ => break,
        }
        at = next;
    }
    // Without an end, only what looks like data from its first line on.
    is_exact.then_some(at)
}

/// The same for base64, which `====` ends.
fn end_of_base64(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    let mut lines = 0;
    while at < text.len() {
        let line = line(text, at);
        if line == b"====" {
            return (lines > 0).then(|| line_end(text, at));
        }
        let is_data =
            line.len() >= 2 && line.iter().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/' | b'='));
        if !is_data {
            break;
        }
        lines += 1;
        at = line_end(text, at);
    }
    (lines > 1).then_some(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CAT: &str = "begin 644 cat.txt\n#0V%T\n`\nend\n";

    fn names(text: &str) -> Vec<String> {
        blocks(text.as_bytes()).into_iter().map(|block| block.name).collect()
    }

    #[test]
    fn a_block_is_found_between_prose_and_taken_out() {
        let text = format!("Hello,\n\n{CAT}\nbye\n{}", CAT.replace("cat", "two cats"));
        assert_eq!(names(&text), ["cat.txt", "two cats.txt"]);
        assert_eq!(without(&text).as_deref(), Some("Hello,\n\n\nbye"));
        assert_eq!(names(&CAT.replace('\n', "\r\n")), ["cat.txt"]);
        assert_eq!(names("begin-base64 644 cat.txt\nQ2F0\n====\n"), ["cat.txt"]);
    }

    #[test]
    fn a_block_without_an_end_goes_as_far_as_its_data() {
        let text = "begin 600 cat.txt\n#0V%T\nand then some prose";
        assert_eq!(blocks(text.as_bytes())[0].end, text.find("and").unwrap_or_default());
    }

    #[test]
    fn the_word_in_prose_begins_nothing() {
        for prose in [
            "begin 644 cat.txt",
            "begin 644 cat.txt\nI will tell you more tomorrow\n",
            "begin 100 things\nend\n",
            "begin 2024 budget review\nHELLO ALL\n",
            "We begin 644 cat.txt\n#0V%T\n`\nend\n",
            "> begin 644 cat.txt\n> #0V%T\n> `\n> end\n",
            "begin with the cat\n#0V%T\n`\nend\n",
        ] {
            assert_eq!(names(prose), [""; 0], "{prose}");
        }
    }

    proptest! {
        #[test]
        fn any_lines_give_blocks_in_order(lines in prop::collection::vec(prop_oneof![
            prop::sample::select(vec!["begin 644 a", "begin-base64 600 b", "end", "`", "====", "#0V%T", "Q2F0", "", "čš"]).prop_map(str::to_owned),
            "[ -`]{0,8}", "\\PC{0,8}",
        ], 0..30)) {
            let text = lines.join("\n");
            let mut at = 0;
            for block in blocks(text.as_bytes()) {
                prop_assert!(at <= block.start && block.start < block.end && block.end <= text.len());
                at = block.end;
            }
            let _ = without(&text);
        }
    }
}
