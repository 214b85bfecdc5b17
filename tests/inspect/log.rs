//! The log: one number follows a mail through it, and nothing in it is anybody else's business.

use serde_json::Value;

use crate::desk::{Desk, Wish};
use crate::gateway::{DEADLINE, wait_for};
use crate::sink::Sink;

#[test]
fn one_number_follows_a_mail_from_its_connection_to_its_last_notice() {
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::refusing("gone@");
    let desk = Desk::start(folder.path(), &Wish { relay: &sink.relay(), ..Wish::default() });
    let other = desk.take("mia@customer.example", "Broken kettle", "It does not boil.");
    let arrival = desk.take("gone@customer.example", "Broken toaster", "It does not toast.");
    assert_ne!(other, arrival);
    let field = format!("arrival={arrival} ");
    desk.logged(&[&field, "given up"]);
    desk.logged(&[&field, "sent", "event=\"request\""]);
    let way: Vec<String> = desk.log().lines().filter(|line| line.contains(&field)).map(str::to_owned).collect();
    let said = |words: &str| way.iter().filter(|line| line.contains(words)).count();
    // To the customer, and to the agent.
    assert_eq!((said("mail taken"), said("mail decided"), said("notice queued")), (1, 1, 2), "{way:#?}");
    assert_eq!((said(" sent "), said("given up")), (1, 1), "{way:#?}");
    let taken = way.iter().find(|line| line.contains("mail taken")).unwrap();
    for field in
        ["connection=", "department=\"support\"", "peer=127.0.0.1", "tls=false", "size=", "from=\"go…@customer.example\""]
    {
        assert!(taken.contains(field), "{field}: {taken}");
    }
}

#[test]
fn refusals_name_their_reason_and_the_connection_of_what_was_taken_on_it() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::start(folder.path(), &Wish::default());
    let content = crate::desk::mail("mia@customer.example", "Kettle", "Text") + ".";
    desk.say(&[
        "EHLO client.example",
        "MAIL FROM:<mia@customer.example>",
        "RCPT TO:<nobody@desk.example.org>",
        "RCPT TO:<help@shop.example>",
        "DATA",
        &content,
        "QUIT",
    ]);
    let connection = |line: &str| line.split("connection=").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    let refused =
        desk.logged(&["recipient refused", "reason=\"unknown-recipient\"", "recipient=\"no…@desk.example.org\"", "code=550"]);
    assert_eq!(connection(&refused), connection(&desk.logged(&["mail taken"])));
    // A wave is told by a few lines, and counted by the numbers.
    for _ in 0..60 {
        desk.say(&["EHLO client.example", "MAIL FROM:<a@b.example>", "RCPT TO:<x@elsewhere.example>", "QUIT"]);
    }
    desk.logged(&["relay-denied"]);
    let told = desk.log().lines().filter(|line| line.contains("relay-denied")).count();
    assert!((20..=40).contains(&told), "{told} lines of 60");
    assert!(desk.get("/metrics").2.contains("postdesk_refusals_total{reason=\"relay-denied\"} 60\n"));
}

#[test]
fn no_address_of_a_customer_no_subject_and_no_word_of_a_mail_is_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::refusing("gone.canary@");
    let desk = Desk::start(folder.path(), &Wish { relay: &sink.relay(), ..Wish::default() });
    desk.take("mia.canary@customer.example", "Subject canary", "Word canary");
    desk.take("gone.canary@customer.example", "Other subject canary", "Other word canary");
    desk.take_of_two("Held subject canary");
    // The same again: a duplicate.
    desk.take("mia.canary@customer.example", "Subject canary", "Word canary");
    desk.say(&["EHLO canary", "MAIL FROM:<evil.canary@customer.example>", "RCPT TO:<no.canary@desk.example.org>", "QUIT"]);
    desk.say(&["EHLO canary", "MAIL FROM:<evil.canary@customer.example> SIZE=99999999", "BOGUS canary", "QUIT"]);
    desk.logged(&["given up"]);
    desk.logged(&["duplicate"]);
    desk.logged(&["mail held"]);
    wait_for("all to be sent", DEADLINE, || {
        let log = desk.log();
        (log.matches(" sent ").count() >= 3).then_some(())
    });
    let log = desk.log().to_lowercase();
    let leaks: Vec<&str> = log.lines().filter(|line| line.contains("canary")).collect();
    assert_eq!(leaks, [""; 0]);
    // What may stand there does.
    assert!(log.contains("mi…@customer.example") && log.contains("go…@customer.example"), "{log}");
}

#[test]
fn each_line_of_json_is_an_object_with_its_fields() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::start(folder.path(), &Wish { log: "format = \"json\"", ..Wish::default() });
    let arrival = desk.take("mia@customer.example", "Broken kettle", "It does not boil.");
    desk.logged(&["mail decided"]);
    let read = |line: &str| serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let lines: Vec<Value> = desk.log().lines().map(read).collect();
    let taken = lines.iter().find(|line| line["message"] == "mail taken").expect("a line for the mail");
    assert_eq!((&taken["level"], &taken["arrival"], &taken["tls"]), (&"INFO".into(), &arrival.into(), &false.into()));
    assert!(taken["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')), "{taken}");
}

#[test]
fn the_level_of_the_configuration_counts_and_other_crates_do_not_tell_of_mail() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::start(folder.path(), &Wish { log: "level = \"debug\"", ..Wish::default() });
    desk.take("mia@customer.example", "Subject canary", "Word canary");
    desk.logged(&["mail decided"]);
    desk.logged(&["DEBUG"]);
    assert!(!desk.log().contains("canary") && !desk.log().contains("INSERT INTO"), "{}", desk.log());
    drop(desk);
    let quiet = tempfile::tempdir().unwrap();
    let desk = Desk::start(quiet.path(), &Wish { log: "level = \"error\"", ..Wish::default() });
    desk.take("mia@customer.example", "Kettle", "Text");
    wait_for("the decision", DEADLINE, || {
        desk.get("/metrics").2.contains("postdesk_mails_decided_total{outcome=\"request\"} 1\n").then_some(())
    });
    // Before the configuration was read, the level was the usual one.
    assert!(!desk.log().contains("mail decided"), "{}", desk.log());
}
