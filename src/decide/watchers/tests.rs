//! Each cell of the table of who is told what, as people would read it.

use super::*;
use crate::model::desk::{Access, AcknowledgementCaps, Limits};
use crate::model::seal::Key;
use crate::model::ticket::{Lately, Priority, Status};
use crate::model::time::Time;
use crate::model::token::Keyring;

/// The table as it was asked for. `yes` is unless the author; `new` only while nobody is responsible; `ack`, `begun`, `chosen` and `proven`
/// are yes under conditions that have tests of their own.
const WANTED: &str = "
    event        requester  followers  assignee  participants  others
    request      ack        never      yes       never         new
    assigned     begun      never      yes       never         new
    reply        proven     proven     yes       yes           new
    answer       yes        yes        yes       yes           never
    note         never      never      yes       yes           never
    closed       chosen     never      yes       yes           never
    reopened     yes        never      yes       yes           never
    due-soon     never      never      yes       yes           never
    overdue      never      never      yes       yes           new
    undelivered  never      never      yes       never         new
";

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn mailbox(name: &str) -> Mailbox {
    Mailbox { name: name.to_owned(), address: address(&format!("{name}@customer.example")) }
}

/// Ana is responsible, Boris works along, Cleo is in the department as well, Dora is not.
fn desk() -> Desk {
    let agent = |key: &&str| Agent {
        key: (*key).to_owned(),
        name: (*key).to_owned(),
        address: address(&format!("{key}@staff.example")),
        other_addresses: vec![address(&format!("{key}@home.example"))],
        access: Access::Agent,
        language: None,
    };
    let own = Department::new("support", "Support", "SUP", address("support@desk.example.org"));
    let agents = ["ana", "boris", "cleo"].map(str::to_owned).to_vec();
    let department = Department { agents, mailboxes: vec![address("help@shop.example")], ..own };
    let caps = AcknowledgementCaps { per_hour: 1, per_day: 5, total_per_day: 40 };
    let keys = Keyring::new(Key::new(1, &[7; 32]), Vec::new());
    let agents = ["ana", "boris", "cleo", "dora"].iter().map(agent).collect();
    Desk::new("desk.example.org".to_owned(), vec![department], agents, keys, Limits::default(), caps)
}

fn ticket() -> Ticket {
    Ticket {
        number: 7,
        department: "support".to_owned(),
        subject: "Broken kettle".to_owned(),
        status: Status::Open,
        priority: Priority::Medium,
        due_at: None,
        due_by_hand: false,
        reminded_of: None,
        overdue_of: None,
        language: None,
        recent: Vec::new(),
        internal: false,
        requester: mailbox("mia"),
        assignee: Some("ana".to_owned()),
        mailbox: address("help@shop.example"),
        first_message_id: None,
        last_message_id: None,
        created_at: Time(0),
        updated_at: Time(0),
        closed_at: None,
        followers: vec![mailbox("noah")],
        participants: vec!["boris".to_owned()],
        tags: Vec::new(),
        proven: vec!["mia@customer.example".to_owned()],
        lately: Lately::default(),
    }
}

/// Everything that may be told is, and nobody on the ticket wrote it.
struct Told<'a> {
    happening: Happening<'a>,
    ticket: Ticket,
    department: Department,
}

impl<'a> Told<'a> {
    fn of(event: Event, author: &'a Address, dead: &'a HashSet<String>) -> Self {
        let happening = Happening { event, author, proven: true, addressed: &[], acknowledge: true, begun: true, dead };
        let department = Department { tell_begun: true, ..desk().departments[0].clone() };
        Self { happening, ticket: ticket(), department }
    }

    /// Who is told of what, as `name: event`, in the order of the list; agents with a star.
    fn people(&self) -> Vec<String> {
        let desk = desk();
        let told = watchers(self.happening, &self.ticket, &self.department, &desk);
        let told = told.iter().map(|watcher| {
            let star = if watcher.agent.is_some() { "*" } else { "" };
            format!("{}{star}: {}", watcher.person.address.local(), watcher.event.name())
        });
        told.collect()
    }

    fn names(&self, name: &str) -> bool {
        self.people().iter().any(|told| told.split([':', '*']).next() == Some(name))
    }
}

fn rows() -> Vec<Vec<&'static str>> {
    WANTED.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).filter(|row| !row.is_empty()).collect()
}

fn event(name: &str) -> Event {
    *Event::ALL.iter().find(|event| event.name() == name).unwrap()
}

#[test]
fn each_cell_of_the_table_is_as_it_was_asked_for() {
    let (rows, dead) = (rows(), HashSet::new());
    assert_eq!(rows[0], ["event", "requester", "followers", "assignee", "participants", "others"]);
    assert_eq!(rows.len() - 1, TABLE.len());
    for row in &rows[1..] {
        for (cell, name) in row[1..].iter().zip(["mia", "noah", "ana", "boris", "cleo"]) {
            let stranger = address("stranger@elsewhere.example");
            let mut told = Told::of(event(row[0]), &stranger, &dead);
            if *cell == "new" {
                assert!(!told.names(name), "{} {name}: somebody is responsible", row[0]);
                told.ticket.assignee = None;
            }
            assert_eq!(told.names(name), *cell != "never", "{} {name}", row[0]);
            let own = told.people().into_iter().find(|told| told.split([':', '*']).next() == Some(name));
            let author = [mailbox("mia"), mailbox("noah")].into_iter().find(|person| person.address.local() == name);
            let author = author.map_or_else(|| address(&format!("{name}@home.example")), |person| person.address);
            let by_it = Told { happening: Happening { author: &author, ..told.happening }, ..told };
            let acknowledged = *cell == "ack";
            assert_eq!(by_it.names(name), acknowledged, "{} {name} is the author; else it is told {own:?}", row[0]);
        }
    }
}

#[test]
fn whoever_is_outside_the_department_and_not_on_the_ticket_is_told_nothing() {
    let (stranger, dead) = (address("stranger@elsewhere.example"), HashSet::new());
    for (event, ..) in TABLE {
        let mut told = Told::of(event, &stranger, &dead);
        told.ticket.assignee = None;
        assert!(!told.names("dora"), "{event:?}");
    }
}

#[test]
fn an_acknowledgement_goes_out_only_where_it_may() {
    let (mia, dead) = (address("mia@customer.example"), HashSet::new());
    let mut told = Told::of(Event::Request, &mia, &dead);
    assert_eq!(told.people(), ["mia: acknowledgement", "ana*: request"]);
    told.happening.acknowledge = false;
    assert_eq!(told.people(), ["ana*: request"]);
}

#[test]
fn that_somebody_has_begun_is_told_where_the_department_wants_it_to_a_proven_requester_once() {
    let (boris, dead) = (address("boris@staff.example"), HashSet::new());
    let begun = || Told::of(Event::Assigned, &boris, &dead);
    assert_eq!(begun().people(), ["mia: begun", "ana*: assigned"]);
    let mut silent = [begun(), begun(), begun()];
    silent[0].department.tell_begun = false;
    silent[1].happening.begun = false;
    silent[2].ticket.proven.clear();
    for told in silent {
        assert_eq!(told.people(), ["ana*: assigned"]);
    }
    assert!(!Department::new("a", "A", "A", boris.clone()).tell_begun, "it is off by default");
}

#[test]
fn closing_is_told_to_the_requester_as_the_department_chooses() {
    let (ana, dead) = (address("ana@staff.example"), HashSet::new());
    let mut told = Told::of(Event::Closed, &ana, &dead);
    assert_eq!(told.people(), ["mia: closed", "boris*: closed"]);
    told.department.tell_closed = false;
    assert_eq!(told.people(), ["boris*: closed"]);
}

#[test]
fn what_may_be_forged_or_was_sent_to_them_anyway_is_not_passed_on_to_customers() {
    let (noah, dead) = (address("noah@customer.example"), HashSet::new());
    let mia = address("mia@customer.example");
    let addressed = [&mia];
    let mut told = Told::of(Event::Reply, &noah, &dead);
    assert_eq!(told.people(), ["mia: reply", "ana*: reply", "boris*: reply"]);
    told.happening.addressed = &addressed;
    assert_eq!(told.people(), ["ana*: reply", "boris*: reply"]);
    told.happening = Happening { addressed: &[], proven: false, ..told.happening };
    assert_eq!(told.people(), ["ana*: reply", "boris*: reply"]);
}

#[test]
fn who_is_on_the_ticket_twice_gets_one_mail_as_an_agent() {
    let (stranger, dead) = (address("stranger@elsewhere.example"), HashSet::new());
    let mut told = Told::of(Event::Answer, &stranger, &dead);
    told.ticket.participants.push("ana".to_owned());
    told.ticket.followers.push(mailbox("mia"));
    // Boris asked himself, from another of his addresses, and works along.
    told.ticket.requester = Mailbox { name: "Boris".to_owned(), address: address("boris@home.example") };
    assert_eq!(told.people(), ["boris*: answer", "noah: answer", "mia: answer", "ana*: answer"]);
}

#[test]
fn nobody_is_written_to_who_is_dead_and_nothing_comes_back_to_us() {
    let stranger = address("stranger@elsewhere.example");
    let dead = HashSet::from(["noah@customer.example".to_owned(), "ana@staff.example".to_owned()]);
    let mut told = Told::of(Event::Answer, &stranger, &dead);
    told.ticket.requester.address = address("help@shop.example");
    assert_eq!(told.people(), ["boris*: answer"]);
}

#[test]
fn an_assignee_who_has_left_the_desk_is_nobody() {
    let (stranger, dead) = (address("stranger@elsewhere.example"), HashSet::new());
    let mut told = Told::of(Event::Overdue, &stranger, &dead);
    told.ticket.assignee = Some("zoe".to_owned());
    assert_eq!(told.people(), ["boris*: overdue", "ana*: overdue", "cleo*: overdue"]);
}
