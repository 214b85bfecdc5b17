//! A notice's octets: whole lines, nothing lost, nothing that ends a mail early.

use postdesk::deliver::compose::Composer;
use proptest::prelude::{any, proptest};

use crate::relaying::{octets, part};

/// Neither a bare CR nor a bare LF, and CRLF at the end.
fn is_whole_lines(octets: &[u8]) -> bool {
    let bare = |(at, octet): (usize, &u8)| match octet {
        b'\n' => at == 0 || octets[at - 1] != b'\r',
        b'\r' => octets.get(at + 1) != Some(&b'\n'),
        _ => false,
    };
    octets.ends_with(b"\r\n") && !octets.iter().enumerate().any(bare)
}

#[test]
fn a_mail_without_files_is_its_head() {
    assert_eq!(Composer::new("Subject: s\r\n\r\nText.\r\n").finish(""), b"Subject: s\r\n\r\nText.\r\n");
}

#[test]
fn a_file_arrives_with_just_the_line_ends_it_had() {
    for (range, expected) in
        [("text", "text"), ("text\r\n", "text\r\n"), ("text\r", "text\r\n"), ("a\nb\n", "a\r\nb\r\n"), ("", "")]
    {
        let mut composer = Composer::new("");
        composer.part(&part(false), range.as_bytes());
        let octets = composer.finish("\r\n--limit--\r\n");
        assert_eq!(String::from_utf8(octets).expect("text"), format!("{}{expected}\r\n--limit--\r\n", part(false).header));
    }
}

#[test]
fn a_smuggled_end_of_data_becomes_an_ordinary_line() {
    for end in ["\n.\n", "\r.\r", "\n.\r\n", "\r\n.\n", "\r.\r\n", "\r\n.\r"] {
        let mut composer = Composer::new("\r\n");
        composer.part(&part(false), format!("text{end}MAIL FROM:<evil@example.org>").as_bytes());
        let octets = String::from_utf8(composer.finish("")).expect("text");
        assert!(octets.ends_with("text\r\n.\r\nMAIL FROM:<evil@example.org>\r\n"), "{octets:?}");
    }
}

proptest! {
    #[test]
    fn whatever_is_put_in_comes_out_as_whole_lines(first in octets(), second in octets(), encode in any::<bool>()) {
        let mut composer = Composer::new("Subject: any\n\n");
        composer.part(&part(encode), &first);
        composer.part(&part(!encode), &second);
        let octets = composer.finish("--limit--");
        assert!(is_whole_lines(&octets));
        // Line ends apart, nothing is added to a copied range and nothing taken from it.
        let copied = if encode { &second } else { &first };
        let letters = |octets: &[u8]| octets.iter().copied().filter(|octet| !b"\r\n".contains(octet)).collect::<Vec<_>>();
        let (all, copied) = (letters(&octets), letters(copied));
        assert!(copied.is_empty() || all.windows(copied.len()).any(|window| window == copied));
    }

    #[test]
    fn a_range_of_whole_lines_is_copied_unchanged(lines in proptest::collection::vec("[ -~]{0,90}", 0..20)) {
        let range: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        let mut composer = Composer::new("");
        composer.part(&part(false), range.as_bytes());
        assert_eq!(composer.finish("--limit--\r\n"), format!("{}{range}--limit--\r\n", part(false).header).into_bytes());
    }
}
