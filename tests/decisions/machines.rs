//! Machines that answer each of our mails and say nothing of it: every exchange ends, after a number of mails that has a name.

use postdesk::decide::parse::parse;
use postdesk::decide::recall::Facts;
use postdesk::decide::write::texts::Texts;
use postdesk::decide::{Case, Decision, Rules, decide};
use postdesk::model::address::{Address, Mailbox};
use postdesk::model::arrival::{Arrival, Authenticity, Findings, Outcome, Peer, Source};
use postdesk::model::desk::Desk;
use postdesk::model::notice::{Event, Outgoing};
use postdesk::model::ticket::Status;
use proptest::prelude::*;

use crate::desk::{NOW, desk, ticket};
use crate::world::expand;

const MIA: &str = "mia@customer.example";
const ANA: &str = "ana@staff.example";

/// A desk at work without any store: what was decided is laid over the facts of the next mail.
struct World {
    desk: Desk,
    texts: Texts,
    facts: Facts,
    arrivals: i64,
}

impl World {
    fn empty() -> Self {
        let facts = Facts { next_number: 1, ..Facts::default() };
        Self { desk: desk(), texts: Texts::new(Vec::new()).expect("the built-in texts are in order"), facts, arrivals: 100 }
    }

    /// SUP-7, with so many followers besides its requester.
    fn with_followers(count: usize) -> Self {
        let mut world = Self::empty();
        let mut known = ticket("open");
        let follower = |number| Mailbox { name: String::new(), address: address(&format!("follower{number}@customer.example")) };
        known.followers = (1..=count).map(follower).collect();
        world.facts.tickets.insert(7, known);
        world
    }

    fn receive(&mut self, from: &str, to: &str, fields: &str, authenticity: Authenticity) -> Decision {
        self.arrivals += 1;
        let id = self.arrivals;
        let text = format!(
            "From: {from}\r\nTo: {to}\r\nSubject: Thank you for your mail\r\nMessage-ID: <{id}@robot.example>\r\n{fields}\r\n\
             Thank you for your mail. We will read it. Number {id}.\r\n"
        );
        let arrival = Arrival {
            id,
            raw_id: id,
            department: "support".to_owned(),
            sender: Some(address(from)),
            recipients: vec![address(to)],
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
        let findings = Findings { authenticity, verdicts: Vec::new() };
        let case = Case::new(arrival, parse(text.as_bytes(), &self.desk.limits), findings, &self.desk);
        let decision = decide(&case, &self.facts, Rules { desk: &self.desk, texts: &self.texts, now: NOW });
        self.facts.absorb(&case, &decision);
        decision
    }

    /// An agent's answer to SUP-7.
    fn answer(&mut self) -> Decision {
        let to = expand(b"support+%reply(7,ana@staff.example)%@desk.example.org", &mut Vec::new());
        self.receive(ANA, &String::from_utf8(to).expect("text"), "", Authenticity::TrustedNetwork)
    }

    /// Lets everybody on the customer side answer every mail that they get, each with a mail of its own; how many they wrote.
    fn let_customers_answer(&mut self, mut mails: Vec<Outgoing>) -> usize {
        let mut answers = 0;
        while let Some(mail) = mails.pop() {
            if mail.recipient.domain() != "customer.example" {
                continue;
            }
            answers += 1;
            assert!(answers < 10_000, "they go on for ever");
            let decision = self.receive(mail.recipient.as_str(), &reply_to(&mail), "", Authenticity::TrustedNetwork);
            assert_eq!(decision.outcome, Outcome::Reply, "{:?}", decision.reasons);
            mails.extend(decision.notices);
        }
        answers
    }
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap_or_else(|| panic!("{text} is not an address"))
}

fn reply_to(mail: &Outgoing) -> String {
    let field = mail.head.lines().find(|line| line.starts_with("Reply-To:")).expect("every notice has a Reply-To");
    let unfolded =
        mail.head[mail.head.find(field).expect("just found")..].split("\r\nSubject").next().expect("a start").to_owned();
    unfolded.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).expect("an address").0.to_owned()
}

fn to_customers(decision: &Decision) -> Vec<Event> {
    let theirs = decision.notices.iter().filter(|notice| notice.recipient.domain() == "customer.example");
    theirs.map(|notice| notice.event).collect()
}

#[test]
fn two_machines_without_marks_on_one_ticket_end_after_a_bounded_number_of_mails() {
    let mut world = World::with_followers(1);
    let answer = world.answer();
    assert_eq!(to_customers(&answer), [Event::Answer, Event::Answer]);
    let answers = world.let_customers_answer(answer.notices);
    println!("an answer of an agent to two unmarked machines: they wrote {answers} mails");
    // Twenty replies are passed on, each is answered once, and the two to the agent's answer come on top.
    assert_eq!(answers, 22);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_number_of_machines_on_one_ticket_end_within_the_caps(followers in 0..6_usize, cap in 1..30_i64, told in 1..60_i64) {
        let mut world = World::with_followers(followers);
        world.desk.automatic_mail.passed_on_per_hour = cap;
        world.desk.automatic_mail.told_per_hour = told;
        let answer = world.answer();
        let first = to_customers(&answer).len();
        let answers = world.let_customers_answer(answer.notices);
        prop_assert!(answers <= first + cap.min(told) as usize * followers, "{answers}");
    }
}

#[test]
fn a_machine_without_marks_that_answers_the_acknowledgement_gets_nothing_more() {
    let mut world = World::empty();
    let mut decision = world.receive(MIA, "help@shop.example", "", Authenticity::Dkim);
    assert_eq!(to_customers(&decision), [Event::Acknowledgement]);
    let acknowledgement = decision.notices.remove(0);
    for _ in 0..50 {
        let again = world.receive(MIA, &reply_to(&acknowledgement), "", Authenticity::Dkim);
        assert_eq!((again.outcome, to_customers(&again)), (Outcome::Reply, vec![]), "{:?}", again.reasons);
    }
}

#[test]
fn a_machine_that_answers_to_the_public_mailbox_is_acknowledged_once_an_hour() {
    let mut world = World::empty();
    let sent: usize = (0..50).map(|_| to_customers(&world.receive(MIA, "help@shop.example", "", Authenticity::Dkim)).len()).sum();
    assert_eq!(sent, 1);
}

#[test]
fn nothing_goes_to_forged_senders_however_many_they_are() {
    let mut world = World::empty();
    for number in 0..2_000 {
        let from = format!("victim{number}@customer.example");
        let decision = world.receive(&from, "help@shop.example", "", Authenticity::Unproven);
        assert_eq!((decision.outcome, to_customers(&decision)), (Outcome::Request, vec![]));
    }
}

#[test]
fn a_machine_that_does_not_stop_fills_no_ticket() {
    let mut world = World::with_followers(1);
    let to =
        String::from_utf8(expand(b"support+%reply(7,mia@customer.example)%@desk.example.org", &mut Vec::new())).expect("text");
    let flood: Vec<Decision> =
        (0..100).map(|_| world.receive(MIA, &to, "Auto-Submitted: auto-replied\r\n", Authenticity::Dkim)).collect();
    assert!(flood.iter().all(|decision| decision.outcome == Outcome::Automatic && decision.ticket == Some(7)));
    assert!(flood.iter().all(|decision| decision.notices.is_empty() && decision.events.is_empty()));
    let statuses = flood.iter().filter_map(|decision| decision.change.as_ref()).map(|change| change.ticket.status);
    assert!(statuses.into_iter().all(|status| status == Status::AwaitingCustomer || status == Status::Open));
    assert_eq!(flood.iter().filter(|decision| decision.message.is_some()).count(), 60);
    // A person's reply is told as ever: what machines do does not count against people.
    let reply = world.receive(MIA, &to, "", Authenticity::Dkim);
    assert_eq!(to_customers(&reply), [Event::Reply]);
    assert!(reply.notices.iter().any(|notice| notice.recipient.as_str() == ANA));
}

#[test]
fn whoever_forges_senders_cannot_silence_those_who_are_proven() {
    let mut world = World::with_followers(1);
    let to =
        String::from_utf8(expand(b"support+%reply(7,mia@customer.example)%@desk.example.org", &mut Vec::new())).expect("text");
    let told: usize = (0..200).map(|_| world.receive(MIA, &to, "", Authenticity::Unproven).notices.len()).sum();
    assert_eq!(told, 60, "the agents are not flooded, and the other customer hears nothing");
    let reply = world.receive(MIA, &to, "", Authenticity::Dkim);
    assert_eq!((reply.notices.len(), to_customers(&reply)), (2, vec![Event::Reply]));
}

#[test]
fn every_mail_of_ours_has_our_mark_and_comes_back_as_a_loop() {
    let mut world = World::with_followers(1);
    let answer = world.answer();
    for notice in &answer.notices {
        assert_eq!(notice.head.matches("\r\nX-Loop: desk.example.org\r\n").count(), 1, "{}", notice.head);
    }
    let back = world.receive(MIA, "help@shop.example", "X-Loop: desk.example.org\r\n", Authenticity::Dkim);
    assert_eq!((back.outcome, back.notices.len()), (Outcome::Held, 0));
}

#[test]
fn an_answer_goes_to_nobody_whom_nothing_reaches_and_the_trace_and_the_ticket_say_so() {
    let mut world = World::with_followers(1);
    world.facts.dead.insert(MIA.to_owned());
    let answer = world.answer();
    assert_eq!(to_customers(&answer), [Event::Answer]);
    assert!(answer.reasons.iter().any(|reason| reason.starts_with("answer does not go to mia@customer.example")));
    let event = answer.events.iter().find(|event| event.kind == "undelivered").expect("an event");
    assert_eq!(event.to.as_deref(), Some(MIA));
    // As soon as she writes, she is written to again.
    let to =
        String::from_utf8(expand(b"support+%reply(7,mia@customer.example)%@desk.example.org", &mut Vec::new())).expect("text");
    assert_eq!(world.receive(MIA, &to, "", Authenticity::Unproven).alive, Some(address(MIA)));
    assert_eq!(to_customers(&world.answer()), [Event::Answer, Event::Answer]);
}
