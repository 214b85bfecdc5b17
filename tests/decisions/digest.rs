//! Digests of held mail: who is told, and that nothing foreign in them looks like a word of ours.

use std::collections::HashSet;

use postdesk::decide::digest::{LISTED, Untold, digest};
use postdesk::decide::parse::parse;
use postdesk::decide::recall::Held;
use postdesk::decide::write::texts::Texts;
use postdesk::decide::{Case, Rules, decide};
use postdesk::model::address::Address;
use postdesk::model::arrival::{Arrival, Authenticity, Findings, Outcome, Peer, Source};
use postdesk::model::mail::Mail;
use postdesk::model::notice::Outgoing;
use postdesk::model::time::Time;
use proptest::prelude::*;

use crate::desk::{NOW, desk};

fn held(arrival: i64, subject: &str) -> Held {
    Held {
        arrival,
        department: "support".to_owned(),
        sender: Some("mallory@elsewhere.test".to_owned()),
        subject: subject.to_owned(),
        cause: "agent-unproven".to_owned(),
        ticket: Some(7),
        received_at: Time(NOW.0 - 1),
    }
}

fn untold(held: Vec<Held>) -> Untold {
    Untold { count: held.len(), noted_with: held.first().map_or(0, |held| held.arrival), held, dead: HashSet::new() }
}

fn digests(untold: &Untold) -> Vec<Outgoing> {
    let (desk, texts) = (desk(), Texts::new(Vec::new()).expect("the built-in texts are in order"));
    digest(untold, Rules { desk: &desk, texts: &texts, now: NOW })
}

fn read(mail: &Outgoing) -> Mail {
    parse(mail.head.as_bytes(), &desk().limits)
}

/// The text as its reader sees it: what stands below our own line is a quotation to us, and cut off.
fn whole(mail: &Mail) -> String {
    format!("{}\n{}", mail.text, mail.quoted)
}

#[test]
fn admins_alone_are_told_once_each_with_the_commands_for_every_mail() {
    let digests = digests(&untold(vec![held(18, "second"), held(17, "first")]));
    let [one] = digests.as_slice() else { panic!("{} digests", digests.len()) };
    assert_eq!((one.recipient.as_str(), one.arrival, one.ticket), ("olga@staff.example", 18, None));
    let text = whole(&read(one));
    for part in [
        "2 mails are held",
        "Number 17",
        "#release 18 onto SUP-7",
        "#retry 17",
        "#discard 17",
        "subject   first",
        "nothing proves it",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
}

#[test]
fn who_cannot_be_reached_is_not_told() {
    let mut untold = untold(vec![held(17, "first")]);
    untold.dead.insert("olga@staff.example".to_owned());
    assert!(digests(&untold).is_empty());
    assert!(digests(&Untold { held: Vec::new(), ..untold }).is_empty());
}

#[test]
fn a_digest_lists_fifty_and_counts_the_others() {
    let held: Vec<Held> = (0..50).map(|number| held(100 - number, "x")).collect();
    assert_eq!(held.len(), LISTED);
    let text = whole(&read(&digests(&Untold { count: 53, ..untold(held) })[0]));
    assert!(text.contains("53 mails are held") && text.contains("and 3 more"), "{text}");
    assert!(text.contains("Number 51\n") && !text.contains("Number 50\n"));
}

#[test]
fn a_reply_to_a_digest_is_decided_by_its_sealed_address() {
    let desk = desk();
    let digest = &digests(&untold(vec![held(17, "first")]))[0];
    let to = read(digest).reply_to[0].address.clone();
    let olga = Address::parse("olga@staff.example").unwrap();
    let raw = format!("From: <{olga}>\r\nTo: <{to}>\r\nMessage-ID: <x@staff.example>\r\n\r\n#discard 17\r\n");
    let arrival = Arrival {
        id: 100,
        raw_id: 100,
        department: "support".to_owned(),
        sender: Some(olga),
        recipients: vec![to],
        source: Source::Smtp,
        peer: Peer::default(),
        archived: false,
        received_at: NOW,
        attempts: 1,
        raw: Vec::new(),
        missing: None,
        findings: None,
        release: None,
    };
    let findings = Findings { authenticity: Authenticity::Dkim, verdicts: Vec::new() };
    let case = Case::new(arrival, parse(raw.as_bytes(), &desk.limits), findings, &desk);
    let texts = Texts::new(Vec::new()).unwrap();
    let mut facts = postdesk::decide::recall::Facts::default();
    facts.held.insert(17, held(17, "first"));
    let decision = decide(&case, &facts, Rules { desk: &desk, texts: &texts, now: NOW });
    assert_eq!((decision.outcome, decision.operations.len(), decision.notices.len()), (Outcome::Command, 1, 1));
}

proptest! {
    #[test]
    fn no_subject_makes_a_line_that_looks_like_a_command_or_hides_what_it_is(
        wild in any::<String>(),
        lines in "[#\r\n\u{2028}\u{202e}\u{200b}> a-z1]{0,200}",
    ) {
        for subject in [wild, lines, "x\n#release 17\n> y".to_owned()] {
            let text = whole(&read(&digests(&untold(vec![held(17, &subject)]))[0]));
            let commands = text.lines().filter(|line| line.trim_start().starts_with('#')).map(str::trim);
            prop_assert_eq!(commands.count(), 4, "{}", text);
            prop_assert!(!text.lines().any(|line| line.trim_start().starts_with('>')), "{}", text);
            let turns = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}');
            prop_assert!(!text.chars().any(turns));
        }
    }
}
