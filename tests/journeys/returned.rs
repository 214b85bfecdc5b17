//! Mail that comes back: a real Postfix takes a notice, cannot deliver it, and reports that in its own form.

use super::desk::{ANA, Database, Desk, MAILBOX, bare, reply_to};
use super::gateway::{DEADLINE, wait_for};
use super::swaks::Letter;
use super::wire::hand_over;

/// Whom the relay of the journeys knows to be nobody.
const GONE: &str = "Gone Customer <gone@nobody.example>";

#[test]
fn a_report_of_postfix_marks_the_notice_and_its_address_is_left_alone_until_it_writes_on_sqlite() {
    a_report_of_postfix_marks_the_notice(Database::Sqlite);
}

#[test]
fn a_report_of_postfix_marks_the_notice_and_its_address_is_left_alone_until_it_writes_on_postgres() {
    a_report_of_postfix_marks_the_notice(Database::Postgres);
}

fn a_report_of_postfix_marks_the_notice(database: Database) {
    let desk = Desk::open(database);
    let letter = Letter::new(GONE, MAILBOX).field("Subject", "Are you there").field("Message-Id", "<there@nobody.example>");
    desk.receive(&letter.text("Hello?\n"));
    let notice = desk.mail_to(ANA, "request", |_| true);
    // The acknowledgement cannot be delivered: Postfix reports that to the bounce address, where its provider would bring it to us.
    let report = wait_for("the report of Postfix", DEADLINE, || {
        desk.relay.delivered().into_iter().find(|mail| mail.sender.is_empty() && mail.source.contains("delivery-status"))
    });
    hand_over(desk.gateway.port(), "", &report.recipient, &report.source);
    let told = desk.mail_to(ANA, "word of it", |mail| mail.must("Subject").starts_with("Not delivered"));
    assert!(told.text().contains("did not reach gone@nobody.example"), "{}", told.text());
    assert!(told.text().contains("nobody lives here"), "the other server's words:\n{}", told.text());
    let outbox = desk.gateway.json(&["outbox", "list", "--json", "--all"]);
    let acknowledgement = outbox.iter().find(|row| row["event"] == "acknowledgement").unwrap();
    assert_eq!(acknowledgement["state"], "failed");
    let ticket = desk.ticket("SUP-1");
    let events = ticket["events"].as_array().unwrap();
    assert!(events.iter().any(|event| event["kind"] == "undelivered" && event["to"] == bare(GONE)), "{events:?}");

    // An answer is not sent there any more, and the ticket says so.
    desk.receive(&reply_to(&notice, ANA, "We are."));
    desk.ticket_when("SUP-1", "awaiting-customer");
    let answers = || {
        let outbox = desk.gateway.json(&["outbox", "list", "--json", "--all"]);
        outbox.iter().filter(|row| row["event"] == "answer" && row["recipient"] == bare(GONE)).count()
    };
    assert_eq!(answers(), 0);
    // Somebody writes from there: what follows is sent again.
    let again = Letter::new(GONE, MAILBOX).field("Subject", "Re: [SUP-1] Are you there").text("I am back.\n");
    desk.receive(&again);
    let notice = desk.mail_to(ANA, "reply", |mail| mail.text().contains("I am back."));
    desk.receive(&reply_to(&notice, ANA, "So are we."));
    wait_for("an answer to somebody who is back", DEADLINE, || (answers() == 1).then_some(()));
}
