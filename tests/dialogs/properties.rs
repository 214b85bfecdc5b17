//! Foreign bytes: whatever they are and however they are cut, nothing panics and nothing depends on the cut.

use postdesk::accept::smtp::BareNewlines;
use postdesk::accept::smtp::command;
use postdesk::accept::smtp::data::{Found, Scanner};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::desk::options;
use crate::door::Answer;
use crate::script::Stage;

/// What the scanner made of bytes that came in chunks of these lengths, over and over.
fn scanned(bytes: &[u8], chunks: &[usize], normalise: bool) -> (Vec<u8>, usize, Found) {
    let mut scanner = Scanner::new(normalise);
    let (mut content, mut at) = (Vec::new(), 0);
    for length in chunks.iter().cycle() {
        let end = bytes.len().min(at + length);
        let (used, found) = scanner.feed(&bytes[at..end], |bytes| content.extend_from_slice(bytes));
        at += used;
        if found != Found::More || at == bytes.len() {
            return (content, at, found);
        }
    }
    unreachable!("chunks is never empty")
}

/// What a client does that follows the RFC: CRLF at the end, a dot before each line that begins with one, a dot to end.
fn stuffed(content: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    for line in content.split_inclusive(|byte| *byte == b'\n') {
        if line.first() == Some(&b'.') {
            wire.push(b'.');
        }
        wire.extend_from_slice(line);
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

/// Octets among which those that matter are frequent.
fn octets(longest: usize) -> impl Strategy<Value = Vec<u8>> {
    let octet = prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'.'), Just(b'.'), Just(0), any::<u8>()];
    vec(octet, 0..longest)
}

/// Lines of any octets but CR and LF, each ended by CRLF.
fn lines() -> impl Strategy<Value = Vec<u8>> {
    vec(octets(12), 0..40).prop_map(|lines| {
        let clean = |line: Vec<u8>| line.into_iter().filter(|byte| !b"\r\n".contains(byte)).chain(*b"\r\n");
        lines.into_iter().flat_map(clean).collect()
    })
}

fn chunks() -> impl Strategy<Value = Vec<usize>> {
    vec(1_usize..20, 1..8)
}

fn replies(bytes: &[u8], chunks: &[usize], bare_newlines: BareNewlines) -> (Vec<u8>, usize, bool) {
    let mut stage = Stage::new(postdesk::accept::smtp::Options { bare_newlines, ..options() }, Answer::Take);
    let mut at = 0;
    for length in chunks.iter().cycle() {
        let end = bytes.len().min(at + length);
        stage.hear(&bytes[at..end]);
        at = end;
        if at == bytes.len() {
            return (stage.out, stage.mails.len(), stage.closed);
        }
    }
    unreachable!("chunks is never empty")
}

fn command_line() -> impl Strategy<Value = Vec<u8>> {
    let verb = prop_oneof!["(?i:MAIL FROM:|RCPT TO:|EHLO |HELO |DATA|NOOP|RSET|VRFY |HELP|STARTTLS|QUIT|BDAT )", ".{0,8}"];
    let argument = prop_oneof![
        r#"[<>@:,"\\\[\]a-z. ]{0,30}"#,
        r#"<("[a-z\\ >@]{0,9}"|[a-zé.+]{0,9})@([a-z.]{0,9}|\[[0-9a-f:.]{0,9}\])>"#.prop_map(|path| path + " SIZE=1 BODY=7BIT"),
        Just("<ana@shop.example>".to_owned()),
        Just("<support@desk.example.org>".to_owned()),
        ".{0,30}",
    ];
    (verb, argument).prop_map(|(verb, argument)| (verb + &argument).into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_was_stuffed_is_read_back(content in lines(), chunks in chunks(), after in octets(20), normalise: bool) {
        let wire = stuffed(&content);
        let all = [wire.as_slice(), &after].concat();
        let (read, used, found) = scanned(&all, &chunks, normalise);
        prop_assert_eq!(found, Found::End);
        prop_assert_eq!(used, wire.len());
        prop_assert_eq!(read, content);
    }

    #[test]
    fn chunks_never_change_what_a_scan_finds(bytes in octets(60), chunks in chunks(), normalise: bool) {
        let whole = scanned(&bytes, &[usize::MAX / 2], normalise);
        prop_assert_eq!(scanned(&bytes, &[1], normalise), whole.clone());
        prop_assert_eq!(scanned(&bytes, &chunks, normalise), whole);
    }

    #[test]
    fn an_end_is_always_the_five_octets(bytes in octets(60), normalise: bool) {
        let (content, used, found) = scanned(&bytes, &[usize::MAX / 2], normalise);
        if found == Found::End {
            prop_assert!([b"\r\n".as_slice(), &bytes[..used]].concat().ends_with(b"\r\n.\r\n"));
        }
        // In whatever was kept, a CR stands before each LF and nowhere else.
        let pairs = content.windows(2).filter(|pair| *pair == b"\r\n").count();
        prop_assert_eq!(content.iter().filter(|byte| b"\r\n".contains(byte)).count(), pairs * 2);
    }

    #[test]
    fn no_command_line_panics(line in prop_oneof![command_line(), octets(40)]) {
        let _ = command::parse(&line);
    }

    #[test]
    fn chunks_never_change_a_session(
        lines in vec(command_line(), 0..12), tail in octets(40), chunks in chunks(), normalise: bool,
    ) {
        let opening = b"HELO c.example\r\nMAIL FROM:<>\r\nRCPT TO:<support@desk.example.org>\r\n".to_vec();
        let mut bytes = lines.into_iter().fold(opening, |mut bytes, line| {
            bytes.extend_from_slice(&line);
            bytes.extend_from_slice(b"\r\n");
            bytes
        });
        bytes.extend_from_slice(&tail);
        let mode = if normalise { BareNewlines::Normalise } else { BareNewlines::Refuse };
        let whole = replies(&bytes, &[usize::MAX / 2], mode);
        prop_assert_eq!(replies(&bytes, &[1], mode), whole.clone());
        prop_assert_eq!(replies(&bytes, &chunks, mode), whole);
    }
}
