//! What leaves is right: notices of every event, with every kind of content, as programs read them that are not ours: Python's `email`,
//! `mail-parser` and, for the signatures, dkimpy with the records that `dkim key` printed. Needs the feature `peers`; `tests/run` installs
//! the Debian packages python3-dkim and python3-nacl.
#![cfg(test)]

#[path = "readers/contents.rs"]
mod contents;
#[path = "readers/conversation.rs"]
mod conversation;
#[path = "readers/desk.rs"]
mod desk;
#[path = "crashes/gateway.rs"]
#[expect(dead_code, reason = "shared with tests that do more to it")]
mod gateway;
#[path = "readers/right.rs"]
mod right;
#[path = "journeys/wire.rs"]
#[expect(dead_code, reason = "shared with tests that do more with it")]
mod wire;

use std::path::PathBuf;

use postdesk::decide::parse::parse;
use postdesk::model::desk::Limits;
use postdesk::model::encoding::hex;
use postdesk::model::mail::Mail;
use serde_json::Value;

use contents::cases;
use desk::{Desk, MAILBOX};
use right::{agrees_with_mail_parser, is_right, signature_of, signatures_hold};

/// Text as it counts: without white space, which lines are filled with, and without what nobody sees.
fn letters(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect()
}

#[test]
fn every_kind_of_content_is_read_by_others_as_it_was_meant() {
    let desk = Desk::open();
    let (cases, mut known, mut notices) = (cases(), Vec::new(), Vec::new());
    for case in &cases {
        desk.receive("mia@customer.example", MAILBOX, &case.mail);
        notices.push(desk.notice("request", "ana@staff.example", &mut known));
    }
    for (case, read) in cases.iter().zip(desk.read(&notices)) {
        let what = case.what;
        is_right(what, &read);
        signatures_hold(what, &read);
        agrees_with_mail_parser(what, &read);
        let lines: String = case.mail.lines().map(|line| format!("{line}\r\n")).collect();
        is_what_was_meant(what, &parse(lines.as_bytes(), &Limits::default()), &read);
    }
    for read in desk.read(&desk.files()) {
        is_right("a notice", &read);
        signatures_hold("a notice", &read);
    }
}

/// What the customer meant is what we made of the mail that came in.
fn is_what_was_meant(what: &str, meant: &Mail, read: &Value) {
    let subject = read["fields"]["subject"][0].as_str().unwrap();
    let wanted: String = letters(&meant.subject);
    assert!(letters(subject).contains(wanted.trim_start_matches("Re:")), "{what}: {:?} became {subject:?}", meant.subject);
    let author = read["addresses"]["from"][0][0].as_str().unwrap();
    assert!(letters(author).contains(&letters(&meant.from[0].name)), "{what}: {:?} became {author:?}", meant.from[0].name);
    let text = read["text"].as_str().unwrap();
    assert!(letters(text).contains(&letters(&meant.text)), "{what}: {:?} became {text:?}", meant.text);
    let files = read["files"].as_array().unwrap();
    assert_eq!(files.len(), meant.attachments.len(), "{what}: {files:?}");
    for (file, meant) in files.iter().zip(&meant.attachments) {
        assert_eq!(file["name"], meant.name, "{what}");
        assert_eq!((&file["sha256"], &file["size"]), (&hex(&meant.sha256).into(), &meant.size.into()), "{what}");
    }
}

#[test]
fn notices_of_every_event_are_right_and_say_who_made_them() {
    let desk = Desk::open();
    let notices = conversation::play(&desk);
    let files: Vec<PathBuf> = notices.iter().map(|(_, file)| file.clone()).collect();
    let read = desk.read(&files);
    for ((event, _), read) in notices.iter().zip(&read) {
        is_right(event, read);
        signatures_hold(event, read);
        agrees_with_mail_parser(event, read);
        let fields = &read["fields"];
        let to_agent = fields["to"][0].as_str().unwrap().contains("staff.example");
        let automatic = match *event {
            "acknowledgement" => vec!["auto-replied"],
            "answer" if !to_agent => vec![],
            _ => vec!["auto-generated"],
        };
        let found: Vec<&str> = fields["auto-submitted"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        assert_eq!(found, automatic, "{event}");
        let to_follower = fields["to"][0].as_str().unwrap().contains("noah@");
        assert_eq!(!fields["list-unsubscribe"].is_null(), to_follower, "{event}: {fields}");
        let (from, envelope) = (&read["addresses"]["from"][0][1], fields["return-path"][0].as_str().unwrap());
        let public = from.as_str().unwrap() == MAILBOX;
        assert_eq!(public, !to_agent, "{event}: {from}");
        assert!(envelope.ends_with("@desk.example.org>") && envelope.starts_with("<support+"), "{event}: {envelope}");
    }
    let mut events: Vec<&str> = notices.iter().map(|(event, _)| *event).collect();
    events.sort_unstable();
    events.dedup();
    assert_eq!(events, conversation::EVENTS);
    // Everything that left, not only what somebody waited for.
    for read in desk.read(&desk.files()) {
        is_right("a notice", &read);
        signatures_hold("a notice", &read);
    }
}

#[test]
fn one_changed_octet_breaks_both_signatures() {
    let desk = Desk::open();
    let mail = "From: Mia <mia@customer.example>\nTo: help@shop.example\nSubject: Kettle\nMessage-ID: <k@customer.example>\n\nIt leaks.\n";
    desk.receive("mia@customer.example", MAILBOX, mail);
    let notice = desk.notice("request", "ana@staff.example", &mut Vec::new());
    let whole = std::fs::read_to_string(notice).unwrap();
    let changes = [
        ("It leaks.", "It leakt."),
        ("Subject: Re: Kettle", "Subject: Re: Bottle"),
        ("\r\nTo: ", "\r\nTo: eva@evil.example, "),
        ("\r\nDate: ", "\r\nDate: Fri, 20 Nov 2026 10:00:00 +0000\r\nX-Old-Date: "),
        ("\r\nMIME-Version:", "\r\nFrom: eva@evil.example\r\nMIME-Version:"),
        ("\r\nMIME-Version: 1.0", "\r\nMIME-Version: 1.1"),
    ];
    let files: Vec<PathBuf> = changes
        .iter()
        .enumerate()
        .map(|(number, (from, to))| {
            assert!(whole.contains(from), "{from:?} in {whole}");
            desk.file(&format!("changed-{number}.eml"), whole.replacen(from, to, 1).as_bytes())
        })
        .collect();
    for (change, read) in changes.iter().zip(desk.read(&files)) {
        assert_eq!(signature_of(&read), [("rsa-sha256".to_owned(), false), ("ed25519-sha256".to_owned(), false)], "{change:?}");
    }
    // What hosts on the way add and refold breaks nothing.
    let carried = whole.replacen("Subject: Re: Kettle", "subject:  Re:\r\n\tKettle", 1);
    let carried = format!("Received: from a by b\r\n{carried}");
    let read = desk.read(&[desk.file("carried.eml", carried.as_bytes())]);
    signatures_hold("carried", &read[0]);
}
