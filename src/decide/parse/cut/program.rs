//! Lines that programs and phones put below what somebody wrote: `Sent from my iPhone`, notes of virus scanners, names of
//! pictures. Each is a row of a table; what is in no row stays.

mod rows;

use std::sync::LazyLock;

use super::spelling::{Phrases, plain};
use rows::{DEVICES, FIXED, SENT_FROM};

/// Written lines that are looked at from the end on: the longest note of a virus scanner.
const MOST_LINES: usize = 6;
/// Words and octets of the longest line of a phone.
const MOST_WORDS: usize = 14;
const LONGEST: usize = 260;
/// Characters from which on a line may have been broken by a program.
const BROKEN: usize = 50;

static STARTS: LazyLock<Phrases<()>> = LazyLock::new(|| Phrases::of(FIXED.iter().map(|(_, begins, _)| (*begins, ()))));
static VERBS: LazyLock<Phrases<&str>> = LazyLock::new(|| {
    let with_beginning = SENT_FROM.iter().filter(|(_, begins, _, _)| !begins.is_empty());
    Phrases::of(with_beginning.map(|(_, begins, ends, _)| (*begins, *ends)))
});

/// Where the lines of programs at the end of these lines begin.
pub(super) fn begins(lines: &[&str]) -> Option<usize> {
    let (mut found, mut below, mut written) = (None, String::new(), 0);
    for (at, line) in lines.iter().enumerate().rev() {
        if line.trim().is_empty() {
            continue;
        }
        written += 1;
        if written > MOST_LINES || line.len() > LONGEST {
            break;
        }
        let is_broken = !below.is_empty() && line.chars().count() >= BROKEN;
        let continued = || is_line(&format!("{line} {below}"));
        if is_line(line) || is_picture(line) || (is_broken && continued()) {
            found = Some(at);
            below.clear();
        } else if is_trifle(line) {
            // An address belongs to the line above or below it; alone it is the author's.
            below.clear();
        } else if below.is_empty() {
            below.push_str(line);
        } else {
            break;
        }
    }
    let found = found?;
    // The scanner's address above its note is the scanner's, and so is the rule that it draws.
    let above = lines[..found].iter().rposition(|line| !line.trim().is_empty());
    let is_its = |line: &str| {
        is_link_of_scanner(line) || (found > 1 && line.len() >= 2 && line.bytes().all(|octet| matches!(octet, b'-' | b'_')))
    };
    Some(above.filter(|above| is_its(lines[*above].trim())).unwrap_or(found))
}

/// Whether a program or a phone put this line below the mail.
fn is_line(line: &str) -> bool {
    if line.len() > LONGEST || line.trim_end().ends_with('?') {
        return false;
    }
    let spelled = plain(line);
    let spelled = spelled.trim_start_matches(['-', ' ', '[', '(', '_', '<', '"']);
    if STARTS.at_start(spelled).next().is_some() {
        return true;
    }
    let words = spelled.split('<').next().unwrap_or_default().trim_end_matches(|c: char| !c.is_alphanumeric());
    let ends_so = || SENT_FROM.iter().any(|(_, begins, ends, _)| begins.is_empty() && words.ends_with(ends));
    let says_so = VERBS.at_start(words).any(|(_, ends)| words.ends_with(ends)) || ends_so();
    says_so && words.split(' ').count() <= MOST_WORDS && DEVICES.split('|').any(|device| words.contains(device))
}

/// Nothing but addresses in brackets: the link that a program made of its own name.
fn is_trifle(line: &str) -> bool {
    let line = line.trim();
    line.split_whitespace().all(|word| {
        let word = word.trim_matches(['<', '>', '(', ')', '[', ']']);
        word.starts_with("http://") || word.starts_with("https://") || word.starts_with("www.") || word.starts_with('#')
    })
}

fn is_link_of_scanner(line: &str) -> bool {
    is_trifle(line) && (line.contains("avast.com") || line.contains("avg.com"))
}

/// `[cid:image001.png@01DAC5F2.8F3B1C20]`, `[image: logo.png]`: what stands for a picture.
pub(in crate::decide) fn is_picture(line: &str) -> bool {
    let line = line.trim();
    let inner = line
        .strip_prefix('[')
        .and_then(|line| line.strip_suffix(']'))
        .or_else(|| line.strip_prefix('<').and_then(|line| line.strip_suffix('>')));
    inner.is_some_and(|inner| {
        let start = inner.split_once(':').map_or("", |(start, _)| start.trim());
        !inner.contains(['[', '\n'])
            && ["cid", "image", "bild", "imagen", "immagine", "imagem", "obraz", "afbeelding", "inline image", "картинка"]
                .iter()
                .any(|name| start.eq_ignore_ascii_case(name))
    }) || (line.starts_with("<#") && line.ends_with('>') && line.len() < 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_spelled_plainly_and_its_example_is_a_line_of_a_program() {
        let fixed = FIXED.iter().map(|(language, begins, example)| (*language, *begins, "", *example));
        let unread: Vec<_> = SENT_FROM
            .iter()
            .copied()
            .chain(fixed)
            .filter(|(_, begins, ends, example)| {
                let spelled = plain(begins) == begins.trim_end() && plain(ends) == ends.trim_start();
                !spelled || !plain(example).starts_with(begins.trim_end()) || !is_line(example)
            })
            .collect();
        assert!(unread.is_empty(), "{unread:#?}");
        assert!(DEVICES.split('|').all(|device| plain(device) == device.trim()));
    }

    #[test]
    fn what_a_person_says_of_a_phone_stays() {
        for line in [
            "I use Outlook for iOS",
            "Sent from my warehouse yesterday",
            "It was sent from my iPhone",
            "Is that sent from my iPhone?",
            "Gesendet wurde das Paket am Montag",
            "Отправлено вчера",
            "Poslano jučer poštom",
            "Enviado ayer",
        ] {
            assert_eq!(begins(&["Hello", line]), None, "{line}");
        }
    }

    #[test]
    fn a_wrapped_line_and_its_link_go_together() {
        let lines = ["Danke", "", "Diese Nachricht wurde von meinem Android Mobiltelefon mit GMX Mail", "gesendet."];
        assert_eq!(begins(&lines), Some(2));
        assert_eq!(begins(&["ok", "Sent from Yahoo Mail on Android", "<https://go.example/yahoo>"]), Some(1));
        assert_eq!(begins(&["see", "https://shop.example/kettle"]), None);
        let scanner = [
            "ok",
            "",
            "<https://www.avast.com/sig-email?utm=1>",
            "Virus-free. www.avast.com",
            "<https://www.avast.com/sig-email>",
            "<#DAB4FAD8-2DD7>",
        ];
        assert_eq!(begins(&scanner), Some(2));
    }
}
