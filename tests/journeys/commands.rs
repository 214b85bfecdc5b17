//! A ticket that is led from mail clients alone: assigned, filed, noted on and closed by commands.

use serde_json::{Value, json};

use super::desk::{ANA, BORIS, CARLA, Database, Desk, bare, reply_to};
use super::postfix::Delivered;

#[test]
fn agents_lead_a_ticket_by_commands_on_sqlite() {
    agents_lead_a_ticket_by_commands(Database::Sqlite);
}

#[test]
fn agents_lead_a_ticket_by_commands_on_postgres() {
    agents_lead_a_ticket_by_commands(Database::Postgres);
}

fn agents_lead_a_ticket_by_commands(database: Database) {
    let desk = Desk::open(database);
    let assigned = ana_hands_it_to_boris(&desk);
    let note = boris_notes_and_brings_ana_in(&desk, &assigned);
    ana_answers_the_note(&desk, &note);
    boris_closes_with_an_answer(&desk, &assigned);
    check_what_is_kept(&desk.ticket("SUP-1"));
    ana_opens_a_ticket_of_her_own(&desk);
    for mail in desk.relay.delivered().iter().filter(|mail| mail.recipient == bare(CARLA)) {
        for hidden in ["angry", "She is", "#", "2099"] {
            assert!(!mail.text().contains(hidden), "{hidden} in\n{}", mail.source);
        }
    }
}

fn ana_hands_it_to_boris(desk: &Desk) -> Delivered {
    let notice = desk.request("a fire", "fire@customer.example");
    desk.receive(&reply_to(&notice, ANA, "#Assign boris\n#Prio: HIGH\n\n#tag Printer fire\n#due 2099-12-24"));
    let receipt = desk.mail_to(ANA, "receipt", |mail| mail.must("Subject").starts_with("Done:"));
    assert!(receipt.text().contains("Boris Agent is responsible.\nThe priority is high.\nIts tags are: fire, printer.\n"));
    assert_eq!(desk.arrival(2)["outcome"], "command");
    desk.mail_to(BORIS, "notice that it is his", |mail| mail.text().contains("Ana Agent has handed SUP-1 to you."))
}

fn boris_notes_and_brings_ana_in(desk: &Desk, assigned: &Delivered) -> Delivered {
    desk.receive(&reply_to(assigned, BORIS, "#note She is angry.\nHave you seen it, @Ana?"));
    desk.mail_to(BORIS, "receipt", |mail| mail.text().contains("Your text is a note, for agents only."));
    desk.mail_to(ANA, "note", |mail| mail.text().contains("She is angry."))
}

/// An answer to a note is a note, whatever it says; where it asks for something else, it is stopped.
fn ana_answers_the_note(desk: &Desk, note: &Delivered) {
    desk.receive(&reply_to(note, ANA, "#public\nShe is angry indeed."));
    let refusal = desk.mail_to(ANA, "refusal", |mail| mail.must("Subject").starts_with("Not sent:"));
    assert!(refusal.text().contains("stays internal"), "{}", refusal.text());
    desk.receive(&reply_to(&refusal, ANA, "She is angry, I have seen it."));
    desk.mail_to(BORIS, "note", |mail| mail.text().contains("I have seen it."));
    let outcomes = [desk.arrival(5)["outcome"].clone(), desk.arrival(5)["ticket"].clone()];
    assert_eq!(outcomes, [json!("note"), json!("SUP-1")]);
}

fn boris_closes_with_an_answer(desk: &Desk, assigned: &Delivered) {
    desk.receive(&reply_to(assigned, BORIS, "＃close\n\nThe fire is out."));
    desk.ticket_when("SUP-1", "closed");
    let answer = desk.mail_to(CARLA, "answer", |mail| mail.text().contains("The fire is out."));
    assert!(answer.must("From").contains("Boris Agent"));
    desk.mail_to(ANA, "the answer, as a participant", |mail| mail.text().contains("The fire is out."));
}

fn check_what_is_kept(ticket: &Value) {
    // A closed ticket is not due any more; that it was stands in its events.
    let standing = json!([ticket["assignee"], ticket["priority"], ticket["tags"], ticket["participants"], ticket["due_at"]]);
    assert_eq!(standing, json!(["boris", "high", ["fire", "printer"], ["ana"], null]));
    let kinds: Vec<_> = ticket["messages"].as_array().unwrap().iter().map(|message| message["kind"].clone()).collect();
    assert_eq!(kinds, ["request", "note", "note", "note", "answer"]);
    let public: Vec<_> = ticket["messages"].as_array().unwrap().iter().map(|message| message["public"].clone()).collect();
    assert_eq!(public, [true, false, false, false, true]);
    let events: Vec<_> = ticket["events"].as_array().unwrap().iter().map(|event| event["kind"].clone()).collect();
    assert_eq!(events, ["created", "assignee", "status", "priority", "tag", "tag", "due", "participant", "status"]);
}

fn ana_opens_a_ticket_of_her_own(desk: &Desk) {
    let letter = super::swaks::Letter::new(ANA, super::desk::DEPARTMENT).field("Subject", "The lamp");
    desk.receive(&letter.text("#assign boris\n#tag lamp\n\nThe lamp on my desk is broken.\n"));
    let receipt = desk.mail_to(ANA, "receipt", |mail| mail.text().contains("Your mail has opened SUP-2."));
    assert!(receipt.must("Subject").contains("[SUP-2]"));
    desk.mail_to(BORIS, "request", |mail| mail.text().contains("The lamp on my desk is broken."));
    let ticket = desk.ticket("SUP-2");
    assert_eq!(json!([ticket["visibility"], ticket["assignee"], ticket["tags"]]), json!(["internal", "boris", ["lamp"]]));
}
