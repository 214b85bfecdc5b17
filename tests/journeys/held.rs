//! Held mail and the people who hear of it: the agent in whose name somebody wrote, and the admin who decides by mail.

use serde_json::{Value, json};

use super::desk::{ANA, BORIS, CARLA, Database, Desk, MAILBOX, reply_to};
use super::gateway::{DEADLINE, wait_for};
use super::swaks::Letter;

/// The second arrival, as `arrival show` prints it.
fn second(desk: &Desk) -> Value {
    desk.gateway.json(&["arrival", "show", "2", "--json"]).remove(0)
}

pub(crate) fn a_mail_in_an_agents_name_is_told_to_the_agent_and_released_by_an_admins_reply(database: Database) {
    let desk = Desk::with_an_admin(database);
    desk.request("a pretender", "pretender@customer.example");
    let letter = Letter::new(ANA, MAILBOX).field("Subject", "Re: [SUP-1] a pretender").text("I said so.\n");
    desk.receive(&letter);
    assert_eq!(desk.arrival(2)["cause"], "agent-without-token");

    let told = desk.mail_to(ANA, "word of the held mail", |mail| mail.must("Subject").contains("in your name"));
    assert!(told.text().contains("kept as number 2") && told.text().contains("127.0.0.1"), "{}", told.text());
    assert!(told.field("Reply-To").is_none() && !told.must("From").contains('+'), "a link came with it");
    assert!(!told.text().contains("I said so."));

    let digest = desk.mail_to(BORIS, "digest", |mail| mail.text().contains("#release 2"));
    assert!(digest.text().contains("a pretender") && digest.must("Subject").contains("1 mail is held"), "{}", digest.text());
    desk.receive(&reply_to(&digest, BORIS, "#release 2"));
    desk.mail_to(BORIS, "receipt", |mail| mail.text().contains("Number 2: released"));
    let arrival = wait_for("the released mail to be decided", DEADLINE, || {
        Some(second(&desk)).filter(|arrival| arrival["history"] != json!([]) && !arrival["outcome"].is_null())
    });
    // The operator's word makes it Ana's answer to the ticket that its subject names.
    assert_eq!((&arrival["outcome"], &arrival["ticket"]), (&json!("answer"), &json!("SUP-1")));
    let history = arrival["history"].as_array().unwrap();
    assert!(history.iter().any(|line| line == "held: agent-without-token"), "{history:?}");
    assert!(history.last().unwrap().as_str().unwrap().starts_with("released by boris on "), "{history:?}");
    desk.settle();
    let carlas = desk.relay.delivered().into_iter().filter(|mail| CARLA.contains(&mail.recipient));
    assert!(carlas.into_iter().all(|mail| !mail.text().contains("#release")), "a customer saw a command");
}
