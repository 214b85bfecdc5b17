//! The first conversation, with the programs of others around the gateway: swaks as the mail client of everybody, a real
//! Postfix as the relay, and what it delivered read back. Each conversation is led on both databases. Needs the feature
//! `peers`; `tests/run` sees to all of them.
#![cfg(test)]

#[path = "journeys/alike.rs"]
mod alike;
#[path = "postgres/cluster.rs"]
#[expect(dead_code, reason = "shared with tests that do more to it")]
mod cluster;
#[path = "journeys/commands.rs"]
mod commands;
#[path = "journeys/desk.rs"]
mod desk;
#[path = "journeys/echoes.rs"]
mod echoes;
#[path = "journeys/front.rs"]
mod front;
#[path = "crashes/gateway.rs"]
mod gateway;
#[path = "journeys/held.rs"]
mod held;
#[path = "journeys/lmtp.rs"]
mod lmtp;
#[path = "journeys/pipe.rs"]
mod pipe;
#[path = "journeys/postfix.rs"]
mod postfix;
#[path = "journeys/returned.rs"]
mod returned;
#[path = "journeys/swaks.rs"]
mod swaks;
#[path = "journeys/two_gateways.rs"]
mod two_gateways;
#[path = "journeys/wire.rs"]
mod wire;

use serde_json::{Value, json};

use desk::{ANA, BORIS, CARLA, DEPARTMENT, Database, Desk, FRED, MAILBOX, bare, reply_to};
use gateway::{DEADLINE, wait_for};
use held::a_mail_in_an_agents_name_is_told_to_the_agent_and_released_by_an_admins_reply;
use postfix::{Delivered, Postfix};
use swaks::Letter;

/// Leads each conversation on both databases.
macro_rules! on_both {
    ($($conversation:ident,)+) => {
        mod on_sqlite {
            $(#[test] fn $conversation() { super::$conversation(super::Database::Sqlite); })+
        }
        mod on_postgres {
            $(#[test] fn $conversation() { super::$conversation(super::Database::Postgres); })+
        }
    };
}

on_both! {
    mail_to_the_mailbox_and_mail_to_the_department_make_tickets_alike,
    a_recipient_that_is_not_ours_is_refused_at_the_door,
    a_reply_finds_its_ticket_by_each_of_the_four_kinds_of_evidence,
    a_stranger_who_names_a_reference_is_not_let_in,
    a_line_that_looks_like_a_command_stops_the_mail_and_brings_a_receipt,
    a_mail_in_an_agents_name_without_a_token_is_held_and_does_nothing,
    what_a_stopped_relay_did_not_take_is_delivered_once_when_it_is_back,
    a_stop_right_after_a_mail_ends_with_exit_zero_and_the_mail_is_worked_on_after_the_start,
    a_reply_after_the_window_makes_a_ticket_that_is_linked_to_the_old_one,
    a_mail_in_an_agents_name_is_told_to_the_agent_and_released_by_an_admins_reply,
}

#[test]
fn the_relay_of_the_journeys_delivers_what_it_takes_and_keeps_it_while_it_is_stopped() {
    let mut relay = Postfix::start();
    Letter::new(CARLA, FRED).field("Subject", "first").text("hello\n").send(relay.port());
    let mail = relay.wait_for_mail(bare(FRED), "first mail", |_| true);
    assert_eq!((mail.sender.as_str(), mail.must("Subject").as_str()), (bare(CARLA), "first"));
    relay.pause();
    assert!(gateway::greeting(relay.port()).is_none());
    relay.resume();
    Letter::new(CARLA, FRED).field("Subject", "second").text("hello\n").send(relay.port());
    relay.wait_for_mail(bare(FRED), "second mail", |mail| mail.must("Subject") == "second");
}

#[test]
fn a_conversation_from_the_request_to_the_answer_the_reply_the_close_and_the_reopening_is_the_same_on_both_databases() {
    let told = std::thread::scope(|scope| {
        [Database::Sqlite, Database::Postgres]
            .map(|database| scope.spawn(move || alike::what_is_told(&a_whole_conversation(database))))
            .map(|conversation| conversation.join().unwrap())
    });
    let [on_sqlite, on_postgres] = told;
    for (one, other) in on_sqlite.iter().zip(&on_postgres) {
        assert_eq!(one, other);
    }
    assert_eq!(on_sqlite.len(), on_postgres.len());
}

fn a_whole_conversation(database: Database) -> Desk {
    let desk = Desk::open(database);
    let notice = request_with_a_file_and_a_follower(&desk);
    check_what_the_request_brought(&desk, &notice);
    let answer = ana_answers(&desk, &notice);
    check_the_answer(&desk, &answer);
    carla_replies(&desk, &answer);
    boris_closes(&desk);
    carla_writes_again_within_the_window(&desk);
    desk.settle();
    for mail in desk.relay.delivered().iter().filter(|mail| mail.recipient.ends_with("@customer.example")) {
        assert!(!mail.source.contains("private.example"), "an agent's private address in\n{}", mail.source);
    }
    desk
}

fn request_with_a_file_and_a_follower(desk: &Desk) -> Delivered {
    let letter = Letter::new(CARLA, MAILBOX)
        .envelope_to(DEPARTMENT)
        .field("Cc", FRED)
        .field("Subject", "The printer is on fire")
        .field("Message-Id", "<first@customer.example>")
        .file("photo.pdf", b"%PDF-1.4 a photo of a fire");
    desk.receive(&letter.text("There are flames.\nWhat shall I do?\n"));
    desk.mail_to(BORIS, "request", |_| true);
    desk.mail_to(ANA, "request", |_| true)
}

fn check_what_the_request_brought(desk: &Desk, notice: &Delivered) {
    assert!(notice.text().contains("There are flames.\nWhat shall I do?"), "{}", notice.text());
    assert_eq!(notice.files(), [("photo.pdf".to_owned(), b"%PDF-1.4 a photo of a fire".to_vec())]);
    assert!(notice.must("Subject").contains("[SUP-1]"));
    assert_eq!(notice.must("Auto-Submitted"), "auto-generated");
    assert!(is_signed(bare(&notice.must("Reply-To"))), "{}", notice.must("Reply-To"));
    assert_eq!(bare(&notice.must("From")), bare(&notice.must("Reply-To")));
    assert!(notice.must("From").contains("Carla Customer"));

    let acknowledgement = desk.mail_to(CARLA, "acknowledgement", |_| true);
    assert_eq!(acknowledgement.must("Auto-Submitted"), "auto-replied");
    assert_eq!(bare(&acknowledgement.must("From")), MAILBOX);
    assert_eq!(acknowledgement.must("In-Reply-To"), "<first@customer.example>");
    assert!(acknowledgement.must("References").contains("<first@customer.example>"));
    assert!(acknowledgement.must("Subject").contains("[SUP-1]"));
    assert!(is_signed(&acknowledgement.sender), "{}", acknowledgement.sender);
    assert_ne!(bare(&acknowledgement.must("Reply-To")), bare(&notice.must("Reply-To")));

    let ticket = desk.ticket("SUP-1");
    assert_eq!(ticket["status"], "new");
    assert_eq!((&ticket["priority"], &ticket["origin"]), (&json!("medium"), &json!("email")));
    assert_eq!(ticket["requester"], json!({"name": "Carla Customer", "address": bare(CARLA)}));
    assert_eq!(ticket["followers"], json!([{"name": "Fred Follower", "address": bare(FRED)}]));
    assert_eq!(ticket["assignee"], Value::Null);
    assert_eq!(ticket["messages"][0]["attachments"][0]["name"], "photo.pdf");
}

fn ana_answers(desk: &Desk, notice: &Delivered) -> Delivered {
    desk.receive(&reply_to(notice, ANA, "Please leave the building."));
    desk.ticket_when("SUP-1", "awaiting-customer");
    desk.mail_to(FRED, "answer", |mail| mail.text().contains("leave the building"));
    desk.mail_to(CARLA, "answer", |mail| mail.text().contains("leave the building"))
}

fn check_the_answer(desk: &Desk, answer: &Delivered) {
    assert_eq!(bare(&answer.must("From")), MAILBOX);
    assert!(answer.must("From").contains("Ana Agent"));
    assert_eq!(answer.field("Auto-Submitted"), None);
    assert_eq!(answer.must("In-Reply-To"), "<first@customer.example>");
    assert!(answer.must("References").contains("<first@customer.example>"));
    assert!(answer.must("Subject").contains("[SUP-1]"));
    assert!(is_signed(bare(&answer.must("Reply-To"))));
    assert!(!answer.text().contains("flames"), "the quoted notice in\n{}", answer.text());
    assert!(!answer.text().contains("wrote:"), "the line above the quotation in\n{}", answer.text());

    let ticket = desk.ticket("SUP-1");
    assert_eq!(ticket["assignee"], "ana");
    let steps = [("new", "open"), ("open", "awaiting-customer")];
    assert_eq!(changes_of_status(&ticket), steps);
    let message = &ticket["messages"][1];
    assert_eq!((&message["kind"], &message["public"]), (&json!("answer"), &json!(true)));
    assert_eq!((&message["author"]["agent"], &message["authenticated"]), (&json!("ana"), &json!(true)));
    assert_eq!(message["text"].as_str().unwrap().trim(), "Please leave the building.");
    assert!(message["quoted"].as_str().unwrap().contains("flames"));
}

/// Ana is told of it, who is responsible by now, and so is the follower.
fn carla_replies(desk: &Desk, answer: &Delivered) {
    desk.receive(&reply_to(answer, CARLA, "We are all outside."));
    let ticket = desk.ticket_when("SUP-1", "open");
    assert_eq!(ticket["messages"][2]["kind"], "reply");
    desk.mail_to(FRED, "copy of the reply", |mail| mail.text().contains("all outside"));
    desk.mail_to(ANA, "reply", |mail| mail.text().contains("all outside"));
}

/// The other agent closes: the requester is told, and so is the assignee, who did not do it.
fn boris_closes(desk: &Desk) {
    desk.settle();
    let before = (desk.count(CARLA), desk.count(ANA));
    let notice = desk.mail_to(BORIS, "request", |mail| mail.text().contains("There are flames."));
    desk.receive(&reply_to(&notice, BORIS, "#close"));
    let ticket = desk.ticket_when("SUP-1", "closed");
    assert!(ticket["closed_at"].is_string());
    assert_eq!(ticket["assignee"], "ana");
    desk.settle();
    assert_eq!((desk.count(CARLA), desk.count(ANA)), (before.0 + 1, before.1 + 1), "one notice of the end to each");
}

fn carla_writes_again_within_the_window(desk: &Desk) {
    let letter = Letter::new(CARLA, MAILBOX).field("Subject", "Re: [SUP-1] The printer is on fire");
    desk.receive(&letter.text("It burns again.\n"));
    let ticket = desk.ticket_when("SUP-1", "open");
    assert_eq!(ticket["closed_at"], Value::Null);
    assert_eq!(changes_of_status(&ticket).last(), Some(&("closed", "open")));
    desk.mail_to(ANA, "reply", |mail| mail.text().contains("burns again"));
}

fn mail_to_the_mailbox_and_mail_to_the_department_make_tickets_alike(database: Database) {
    let desk = Desk::open(database);
    for (header, envelope) in [(MAILBOX, DEPARTMENT), (DEPARTMENT, MAILBOX), (MAILBOX, MAILBOX), (DEPARTMENT, DEPARTMENT)] {
        let subject = format!("To {header} by {envelope}");
        let letter = Letter::new(CARLA, header).envelope_to(envelope).field("Subject", &subject);
        let name = subject.replace(['@', ' '], ".");
        desk.receive(&letter.field("Message-Id", &format!("<{name}@customer.example>")).text("Hello.\n"));
        desk.mail_to(CARLA, "acknowledgement", |mail| mail.must("In-Reply-To").contains(&name));
        desk.mail_to(ANA, "request", |mail| mail.must("Subject").contains(&subject));
    }
    let tickets = desk.gateway.json(&["ticket", "list", "--json", "--all"]);
    assert_eq!(tickets.len(), 4);
    assert!(tickets.iter().all(|ticket| ticket["status"] == "new" && ticket["department"] == "support"));
}

fn a_recipient_that_is_not_ours_is_refused_at_the_door(database: Database) {
    let desk = Desk::open(database);
    let refusal = Letter::new(CARLA, "nobody@desk.example.org").send_in_vain(desk.gateway.port());
    assert!(refusal.starts_with("550 5.1.1"), "{refusal}");
    let refusal = Letter::new(CARLA, "somebody@elsewhere.test").send_in_vain(desk.gateway.port());
    assert!(refusal.starts_with("550 5.7.1"), "{refusal}");
}

fn a_reply_finds_its_ticket_by_each_of_the_four_kinds_of_evidence(database: Database) {
    let desk = Desk::open(database);
    let notice = desk.request("a lost key", "evidence@customer.example");
    desk.receive(&reply_to(&notice, ANA, "Which key?"));
    let answer = desk.mail_to(CARLA, "answer", |mail| mail.text().contains("Which key?"));
    let plain = |to: &str, text: &str| Letter::new(CARLA, to).field("Subject", "no hint").text(text);
    let letters = [
        plain(bare(&answer.must("Reply-To")), "by the signed address\n"),
        plain(MAILBOX, "by our Message-ID\n").field("In-Reply-To", &answer.must("Message-ID")),
        plain(MAILBOX, "by the stored Message-ID\n").field("References", "<evidence@customer.example>"),
        plain(MAILBOX, "by the subject\n").field("Subject", "AW: [SUP-1] the key"),
    ];
    for (number, letter) in letters.iter().enumerate() {
        desk.receive(letter);
        let arrival = desk.arrival(number + 3);
        assert_eq!((&arrival["outcome"], &arrival["ticket"]), (&json!("reply"), &json!("SUP-1")), "{arrival}");
    }
    let texts: Vec<String> = texts(&desk.ticket_when("SUP-1", "open"))[2..].to_vec();
    assert_eq!(texts, ["by the signed address", "by our Message-ID", "by the stored Message-ID", "by the subject"]);
}

fn a_stranger_who_names_a_reference_is_not_let_in(database: Database) {
    let desk = Desk::open(database);
    desk.request("a secret", "secret@customer.example");
    let stranger = Letter::new("Stan Stranger <stan@elsewhere.test>", MAILBOX).field("Subject", "Re: [SUP-1] a secret");
    desk.receive(&stranger.field("In-Reply-To", "<secret@customer.example>").text("Tell me more.\n"));
    let arrival = desk.arrival(2);
    assert_ne!(arrival["ticket"], "SUP-1", "{arrival}");
    assert_eq!(texts(&desk.ticket("SUP-1")).len(), 1);
    desk.settle();
    let theirs = |mail: &Delivered| mail.recipient == "stan@elsewhere.test" && mail.text().contains("secret");
    assert!(!desk.relay.delivered().iter().any(|mail| theirs(mail) && mail.text().contains("This is about")));
}

fn a_line_that_looks_like_a_command_stops_the_mail_and_brings_a_receipt(database: Database) {
    let desk = Desk::open(database);
    let notice = desk.request("a typing error", "typing@customer.example");
    desk.settle();
    let before = desk.count(CARLA);
    desk.receive(&reply_to(&notice, ANA, "#clsoe\nThis must not be seen."));
    let receipt = desk.mail_to(ANA, "receipt", |mail| mail.text().contains("#clsoe"));
    assert!(receipt.text().contains("#close"), "the receipt says what is known:\n{}", receipt.text());
    assert_eq!(desk.arrival(2)["outcome"], "held");
    desk.settle();
    assert_eq!(desk.count(CARLA), before);
    assert_eq!(desk.ticket("SUP-1")["status"], "new");
}

fn a_mail_in_an_agents_name_without_a_token_is_held_and_does_nothing(database: Database) {
    let desk = Desk::open(database);
    desk.request("a pretender", "pretender@customer.example");
    desk.settle();
    let before = desk.count(CARLA);
    let letter = Letter::new(ANA, MAILBOX).field("Subject", "Re: [SUP-1] a pretender").text("#close\n");
    desk.receive(&letter);
    let arrival = desk.arrival(2);
    assert_eq!(arrival["outcome"], "held", "{arrival}");
    desk.settle();
    assert_eq!(desk.count(CARLA), before);
    assert_eq!(desk.ticket("SUP-1")["status"], "new");
}

fn what_a_stopped_relay_did_not_take_is_delivered_once_when_it_is_back(database: Database) {
    let mut desk = Desk::open(database);
    desk.relay.pause();
    desk.receive(&Letter::new(CARLA, MAILBOX).field("Subject", "patience").text("No hurry.\n"));
    let waiting = wait_for("three notices that failed once", DEADLINE, || {
        let outbox = desk.gateway.json(&["outbox", "list", "--json", "--all"]);
        let failed = |notice: &Value| notice["state"] == "due" && notice["last_error"].is_string();
        (outbox.len() == 3 && outbox.iter().all(failed)).then_some(outbox)
    });
    desk.relay.resume();
    desk.settle();
    let delivered = desk.relay.delivered();
    let mut recipients: Vec<&str> = delivered.iter().map(|mail| mail.recipient.as_str()).collect();
    recipients.sort_unstable();
    assert_eq!(recipients, [bare(ANA), bare(BORIS), bare(CARLA)]);
    let promised = |id: &str| waiting.iter().any(|notice| id.contains(notice["message_id"].as_str().unwrap()));
    assert!(delivered.iter().all(|mail| promised(&mail.must("Message-ID"))));
}

fn a_stop_right_after_a_mail_ends_with_exit_zero_and_the_mail_is_worked_on_after_the_start(database: Database) {
    let mut desk = Desk::open(database);
    for number in 0..5 {
        let subject = format!("stop {number}");
        desk.receive(&Letter::new(CARLA, MAILBOX).field("Subject", &subject).text("Hello.\n"));
        let status = desk.gateway.stop();
        assert_eq!(status.code(), Some(0), "{status}");
        desk.gateway.start();
        desk.mail_to(ANA, "request", |mail| mail.must("Subject").contains(&subject));
    }
    desk.settle();
    assert_eq!((desk.count(ANA), desk.count(CARLA)), (5, 5));
}

fn a_reply_after_the_window_makes_a_ticket_that_is_linked_to_the_old_one(database: Database) {
    let mut desk = Desk::open(database);
    let notice = desk.request("an old story", "story@customer.example");
    desk.receive(&reply_to(&notice, ANA, "#close"));
    desk.ticket_when("SUP-1", "closed");
    desk.gateway.stop();
    // A window of no length: every reply is too late.
    desk.gateway.configure(&desk.relay.address(), "0s");
    desk.gateway.start();
    desk.receive(&Letter::new(CARLA, MAILBOX).field("Subject", "Re: [SUP-1] an old story").text("Once more.\n"));
    let ticket = desk.ticket_when_there("SUP-2");
    assert_eq!(ticket["related"], json!([{"reference": "SUP-1", "kind": "follow-up"}]));
    assert_eq!(desk.ticket("SUP-1")["status"], "closed");
}

/// Whether this is the department's address with a token.
fn is_signed(address: &str) -> bool {
    let token = address.strip_prefix("support+").and_then(|rest| rest.strip_suffix("@desk.example.org"));
    token.is_some_and(|token| token.len() > 20)
}

/// The changes of status in the events of a ticket, in order.
fn changes_of_status(ticket: &Value) -> Vec<(&str, &str)> {
    let events = ticket["events"].as_array().unwrap().iter().filter(|event| event["kind"] == "status");
    events.filter_map(|event| Some((event["from"].as_str()?, event["to"].as_str()?))).collect()
}

/// What the authors newly wrote, in order.
fn texts(ticket: &Value) -> Vec<String> {
    let messages = ticket["messages"].as_array().unwrap().iter();
    messages.map(|message| message["text"].as_str().unwrap().trim().to_owned()).collect()
}
