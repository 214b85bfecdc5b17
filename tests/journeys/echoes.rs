//! Mail that answers mail: two gateways whose public mailboxes write to each other, and a program that answers everything without any
//! mark. Each exchange ends by itself; what was said is counted and printed. The caps on acknowledgements are the built-in ones, except
//! between the two gateways, where there are none: there the marks alone have to do.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::gateway::{DEADLINE, Gateway, wait_for};
use super::wire::{Sink, Taken, hand_over};

const ROBOT: &str = "robot@customer.example";

/// Changes words in a gateway's configuration.
fn reconfigure(folder: &Path, changes: &[(&str, &str)]) {
    let file = folder.join("postdesk.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(file, changes.iter().fold(text, |text, (from, to)| text.replace(from, to))).unwrap();
}

/// Waits until so many mails have come in, each has its outcome, and every notice has left or was refused.
fn settle(gateway: &Gateway, arrivals: usize) {
    wait_for(&format!("{arrivals} arrivals and an empty outbox"), DEADLINE, || {
        // In this order: a notice is there as soon as its arrival has an outcome.
        let all = gateway.json(&["arrival", "list", "--json", "--all"]);
        let decided = all.len() == arrivals && all.iter().all(|arrival| !arrival["outcome"].is_null());
        let outbox = gateway.json(&["outbox", "list", "--json", "--all"]);
        let done = outbox.iter().all(|notice| ["sent", "failed"].contains(&notice["state"].as_str().unwrap()));
        (decided && done).then_some(())
    });
}

fn outcomes(gateway: &Gateway) -> Vec<String> {
    let mut all = gateway.json(&["arrival", "list", "--json", "--all"]);
    all.sort_by_key(|arrival| arrival["id"].as_i64());
    all.iter().map(|arrival| arrival["outcome"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn two_gateways_whose_mailboxes_write_to_each_other_stop_after_two_mails() {
    let folders = [(); 2].map(|()| tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap());
    let [mut first, mut second] = [&folders[0], &folders[1]].map(|folder| Gateway::new(folder.path(), "smtp://127.0.0.1:1"));
    let relay = |gateway: &Gateway| format!("smtp://127.0.0.1:{}", gateway.port());
    reconfigure(folders[0].path(), &[("smtp://127.0.0.1:1", &relay(&second))]);
    let other = [
        ("desk.example.org", "desk.second.test"),
        ("help@shop.example", "help@second.test"),
        ("private.example", "second.example"),
    ];
    reconfigure(folders[1].path(), &[[("smtp://127.0.0.1:1", relay(&first).as_str())].as_slice(), &other].concat());
    first.start();
    second.start();

    // The first mail: somebody writes to the second desk with the first one's mailbox as the sender.
    let mail = "From: Help <help@shop.example>\nTo: help@second.test\nSubject: Hello\nMessage-ID: <hello@shop.example>\n\nHello.";
    hand_over(second.port(), "help@shop.example", "help@second.test", mail);
    settle(&second, 1);
    // The second one: its acknowledgement comes to the first desk, which answers nothing.
    settle(&first, 1);
    settle(&second, 1);
    assert_eq!((outcomes(&second), outcomes(&first)), (vec!["request".to_owned()], vec!["automatic".to_owned()]));
    assert_eq!(first.json(&["outbox", "list", "--json", "--all"]).len(), 0);
    println!("two gateways: 1 mail to the second, 1 back to the first, 0 after that");
}

/// A desk whose relay is a program that answers every mail to ROBOT by one of its own; how many mails it got, and what they were about.
fn answered_by_a_robot(from_field: &str) -> (Vec<Taken>, Vec<String>) {
    let folder: TempDir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let sink = Sink::start();
    let mut gateway = Gateway::new(folder.path(), &format!("smtp://127.0.0.1:{}", sink.port));
    reconfigure(folder.path(), &[("1000000", "1")]);
    reconfigure(folder.path(), &[("per_day = 1\n", "per_day = 5\n"), ("total_per_day = 5", "total_per_day = 40")]);
    gateway.start();
    let say = |to: &str, number: usize| {
        let mail = format!(
            "From: Robot <{ROBOT}>\nTo: {to}\nSubject: Thank you {number}\nMessage-ID: <{number}@robot.example>\n\nThank you for mail {number}."
        );
        hand_over(gateway.port(), ROBOT, to, &mail);
    };
    say("help@shop.example", 0);
    let (mut said, mut heard) = (1, 0);
    loop {
        settle(&gateway, said);
        let mails: Vec<Taken> = sink.taken().into_iter().filter(|mail| mail.recipient == ROBOT).collect();
        let Some(next) = mails.get(heard) else { return (mails, outcomes(&gateway)) };
        say(&next.address(from_field), said);
        (said, heard) = (said + 1, heard + 1);
        assert!(said < 30, "they go on for ever");
    }
}

#[test]
fn a_program_that_answers_to_our_signed_address_without_any_mark_is_written_to_once() {
    let (mails, outcomes) = answered_by_a_robot("Reply-To");
    println!("a robot that answers to Reply-To: {} mails to it, {} from it: {outcomes:?}", mails.len(), outcomes.len());
    assert_eq!((mails.len(), outcomes), (1, vec!["request".to_owned(), "reply".to_owned()]));
}

#[test]
fn a_program_that_answers_to_our_public_mailbox_without_any_mark_is_written_to_once() {
    let (mails, outcomes) = answered_by_a_robot("From");
    println!("a robot that answers to From: {} mails to it, {} from it: {outcomes:?}", mails.len(), outcomes.len());
    // Its answer names no ticket, so it is a request of its own, which is not acknowledged within the hour.
    assert_eq!((mails.len(), outcomes), (1, vec!["request".to_owned(), "request".to_owned()]));
}
