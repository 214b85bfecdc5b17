//! What a message holds beside its text: the store writes it and finds it again.

use std::collections::HashSet;
use std::time::SystemTime;

use postdesk::decide::decide;
use postdesk::decide::recall::Wanted;
use postdesk::model::address::{Address, Mailbox};
use postdesk::model::mail::Protection;
use postdesk::model::message::{Author, Inner, Message, Original, Remark};
use postdesk::model::time::Time;
use postdesk::store::Store;
use postdesk::store::decision::Matter;

use crate::base::Base;
use crate::mails::{ALL, claim, from, house, take};

on_both!(
    what_a_message_holds_beside_its_text_is_found_again,
    what_an_agent_wrote_above_a_mail_that_was_passed_on_is_an_entry_and_guarded_as_a_note,
);

/// Takes a mail with a file in it, and decides it with a change to its message.
async fn decide_with(store: &Store, change: fn(&mut Message)) {
    let mut mail = from("mia", "m0", "Content-Type: application/zip; name=\"all.zip\"\r\n");
    mail.incoming.raw.extend_from_slice(b"more\r\n");
    take(store, &[mail]).await.unwrap();
    let cases = claim(store, ALL, &[]).await;
    let (house, now) = (house(), Time::from(SystemTime::now()));
    let wanted = Wanted::of(&cases, &house.desk);
    let matter = Matter { cases: &cases, waiting: &HashSet::new(), wanted: &wanted, now };
    let changed = |case: &_, facts: &_| {
        let mut decision = decide(case, facts, house.rules(now));
        change(decision.message.as_mut().unwrap());
        decision
    };
    assert_eq!(store.decide_batch(matter, changed).await.unwrap().decisions.len(), 1);
}

fn noah() -> Mailbox {
    Mailbox { name: "Noah Lind".to_owned(), address: Address::parse("noah@other.example").unwrap() }
}

async fn what_a_message_holds_beside_its_text_is_found_again(base: Base) {
    let store = base.gateway().await;
    decide_with(&store, |message| {
        message.html = Some("<p>Kettle č</p>".to_owned());
        message.protection = Some(Protection::SignedPgp);
        message.forwarded = Some(Original { from: Some(noah()), date: "Thu, 12 Nov".to_owned(), subject: "Broken".to_owned() });
        message.attachments[0].inner = Some(Inner { start: 3, end: 9, uuencoded: true });
    })
    .await;
    let ticket = store.ticket_by_reference(1).await.unwrap().unwrap();
    let [message] = ticket.messages.as_slice() else { panic!("one message") };
    assert_eq!(message.html.as_deref(), Some("<p>Kettle č</p>"));
    assert_eq!(message.protection.as_deref(), Some("signed-pgp"));
    let original = message.forwarded.as_ref().unwrap();
    assert_eq!((original.date.as_str(), original.subject.as_str()), ("Thu, 12 Nov", "Broken"));
    let from = original.from.as_ref().unwrap();
    assert_eq!((from.name.as_str(), from.address.as_str()), ("Noah Lind", "noah@other.example"));
    let inner = base.number("SELECT inner_start * 100 + inner_end * 10 + inner_uuencoded FROM attachment").await;
    assert_eq!(inner, 391);
}

async fn what_an_agent_wrote_above_a_mail_that_was_passed_on_is_an_entry_and_guarded_as_a_note(base: Base) {
    let store = base.gateway().await;
    decide_with(&store, |message| {
        let author =
            Author { name: "Ana".to_owned(), address: Address::parse("ana@staff.example"), agent: Some("ana".to_owned()) };
        message.remark = Some(Remark { author, text: "She calls every week.".to_owned() });
    })
    .await;
    let ticket = store.ticket_by_reference(1).await.unwrap().unwrap();
    let kinds: Vec<_> = ticket.messages.iter().map(|message| (message.kind.as_str(), message.public)).collect();
    assert_eq!(kinds, [("request", true), ("note", false)]);
    assert_eq!(ticket.messages[1].text, "She calls every week.");
    assert_eq!(ticket.messages[1].author.agent.as_deref(), Some("ana"));
    assert!(ticket.messages[1].attachments.is_empty() && ticket.messages[0].attachments.len() == 1);
    let wanted = Wanted { quoted: [1].into(), ..Wanted::default() };
    let facts = store.recall(&wanted, Time::from(SystemTime::now())).await.unwrap();
    assert_eq!(facts.notes[&1], ["She calls every week."]);
    assert!(!facts.public[&1].iter().any(|text| text.contains("every week")));
}
