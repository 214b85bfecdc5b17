//! Any octets, and what writers make of mails: nothing is lost between two mails, nothing comes of where the stream is cut.

use proptest::prelude::*;

use super::*;

const LINE: &str = "From karin@kunde.example Thu Mar  5 09:10:11 2015";

fn split(octets: &[u8], chunk: usize) -> (Vec<Part>, u64) {
    let mut splitter = Splitter::new(1_000);
    let mut parts = Vec::new();
    for chunk in octets.chunks(chunk.max(1)) {
        splitter.feed(chunk, &mut |part| parts.push(part));
    }
    splitter.finish(&mut |part| parts.push(part));
    (parts, splitter.doubtful)
}

/// The mails as they are read: without the line before them, and what a writer did to their lines undone.
fn mails(octets: &[u8]) -> Vec<Vec<u8>> {
    let range = |start: u64, end: u64| &octets[usize::try_from(start).unwrap()..usize::try_from(end).unwrap()];
    let mail = |part| match part {
        Part::Mail(found) => {
            let whole = range(found.start, found.end);
            let begin = memchr(b'\n', whole).map_or(whole.len(), |end| end + 1);
            Some(unescaped(whole[begin..].to_vec()))
        }
        Part::Stray { .. } => None,
    };
    split(octets, usize::MAX).0.into_iter().filter_map(mail).collect()
}

/// Writes an mbox. `rd`: whether lines that are escaped already are escaped again.
fn written(mails: &[Vec<u8>], rd: bool) -> Vec<u8> {
    let mut mbox = Vec::new();
    for mail in mails {
        mbox.extend_from_slice(format!("{LINE}\n").as_bytes());
        for line in mail.split_inclusive(|octet| *octet == b'\n') {
            let arrows = line.iter().take_while(|octet| **octet == b'>').count();
            if line[arrows..].starts_with(b"From ") && (rd || arrows == 0) {
                mbox.push(b'>');
            }
            mbox.extend_from_slice(line);
        }
        mbox.push(b'\n');
    }
    mbox
}

/// Lines that are likely to be mistaken for something.
fn line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(Vec::new()),
        Just(b"\r".to_vec()),
        Just(LINE.as_bytes().to_vec()),
        Just(format!(">{LINE}").into_bytes()),
        Just(b">>From the start".to_vec()),
        Just(b"From here on".to_vec()),
        Just(b"Subject: words".to_vec()),
        Just(vec![b'x'; 600]),
        prop::collection::vec(any::<u8>(), 0..20),
    ]
}

fn octets() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(line(), 0..20).prop_map(|lines| lines.join(&b'\n'))
}

/// A mail of lines that end, as every writer leaves it.
fn mail() -> impl Strategy<Value = Vec<u8>> {
    octets().prop_map(|octets| [octets, b"\n".to_vec()].concat())
}

proptest! {
    #[test]
    fn every_octet_belongs_to_one_mail_or_to_what_is_told(octets in octets()) {
        let mut at = None;
        for part in split(&octets, usize::MAX).0 {
            match part {
                Part::Stray { octets } => {
                    prop_assert_eq!(at, None);
                    at = Some(octets);
                }
                Part::Mail(found) => {
                    let before = at.unwrap_or(found.start);
                    prop_assert_eq!(before, found.start);
                    prop_assert!(found.start < found.end && found.end <= found.next);
                    let between = &octets[usize::try_from(found.end).unwrap()..usize::try_from(found.next).unwrap()];
                    prop_assert!(matches!(between, b"" | b"\n" | b"\r\n" | b"\r"), "{:?}", between);
                    at = Some(found.next);
                }
            }
        }
        let blank = octets.iter().all(|octet| matches!(octet, b'\r' | b'\n'));
        prop_assert!(at == Some(octets.len() as u64) || (at.is_none() && blank), "{:?}", at);
    }

    #[test]
    fn it_is_the_same_wherever_the_stream_is_cut(octets in octets(), chunk in 1_usize..700) {
        prop_assert_eq!(split(&octets, usize::MAX), split(&octets, chunk));
    }

    #[test]
    fn what_is_written_as_mboxrd_comes_back_equal(mails_in in prop::collection::vec(mail(), 0..5)) {
        prop_assert_eq!(mails(&written(&mails_in, true)), mails_in);
    }

    #[test]
    fn what_is_written_as_mboxo_comes_back_equal_but_for_what_it_lost(mails_in in prop::collection::vec(mail(), 0..5)) {
        let lost = |mail: &Vec<u8>| {
            let mut lines = mail.split_inclusive(|octet| *octet == b'\n');
            lines.any(|line| line.starts_with(b">") && line.iter().find(|octet| **octet != b'>') == Some(&b'F'))
        };
        let back = mails(&written(&mails_in, false));
        prop_assert_eq!(back.len(), mails_in.len());
        for (back, mail) in back.iter().zip(&mails_in).filter(|(_, mail)| !lost(mail)) {
            prop_assert_eq!(back, mail);
        }
    }
}

#[test]
fn a_sentence_that_nobody_escaped_begins_no_mail() {
    let mbox = format!("{LINE}\nSubject: one\n\nwords\n\nFrom here on, Thu Mar 5 was the day\n\n{LINE}\n\ntwo\n");
    assert_eq!(mails(mbox.as_bytes()).len(), 2);
}

#[test]
fn a_beginning_that_follows_no_empty_line_is_counted_as_doubtful() {
    let (parts, doubtful) = split(format!("{LINE}\nSubject: one\n\nwords\n{LINE}\nSubject: two\n").as_bytes(), 7);
    assert_eq!((parts.len(), doubtful), (1, 1));
}

#[test]
fn what_stands_before_the_first_mail_is_told() {
    let (parts, _) = split(format!("Subject: no mbox\n\nwords\n\n{LINE}\nSubject: one\n").as_bytes(), 7);
    assert_eq!(parts.len(), 2);
    assert_eq!(parts[0], Part::Stray { octets: 25 });
}

#[test]
fn a_header_is_kept_up_to_the_limit_and_a_mail_not_at_all() {
    let mbox = format!("{LINE}\nSubject: {}\n\n{}\n", "s".repeat(5_000), "b\n".repeat(500_000));
    let mut splitter = Splitter::new(1_000);
    let mut headers = Vec::new();
    let mut keep = |part| {
        if let Part::Mail(found) = part {
            headers.push(found.header.len())
        }
    };
    for chunk in mbox.as_bytes().chunks(999) {
        splitter.feed(chunk, &mut keep);
        assert!(splitter.kept.capacity() < 2_000);
    }
    splitter.finish(&mut keep);
    assert_eq!(headers, [1_000]);
}
