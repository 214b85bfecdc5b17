//! A store of chance, and by a model of it what has to be left: the rules of `docs/retention.md` once more, in another form.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

use postdesk::store::retention::{Age, Options};

use crate::mails::NOW;

const DAY: i64 = 86_400_000_000;
const ARRIVALS: i64 = 150;
const TICKETS: i64 = 40;
/// Empties a store, so that the next one can be written into it.
pub(crate) const EMPTY: &str = "DELETE FROM letter; DELETE FROM outbox; DELETE FROM attachment; DELETE FROM message; DELETE FROM event; \
     DELETE FROM follower; DELETE FROM participant; DELETE FROM tag; DELETE FROM relation; DELETE FROM ticket; DELETE FROM arrival; \
     DELETE FROM raw; UPDATE counter SET next = 1";

pub(crate) fn days(count: i64) -> Duration {
    Duration::from_secs(86_400 * count as u64)
}

/// Numbers that look like chance and are the same each time (a linear congruential generator).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn number(&mut self, end: i64) -> i64 {
        self.below(end as usize) as i64
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    /// Keys of chance; some are left out.
    pub(crate) fn options(&mut self) -> Options {
        let mut age = || {
            let count = 1 + self.number(600);
            (self.below(4) > 0).then(|| Age { span: days(count), written: format!("{count}d") })
        };
        Options { closed: age(), raw: age(), held: age(), other: age(), sent: age() }
    }
}

#[derive(Debug, Clone)]
struct Arrival {
    id: i64,
    raw: i64,
    outcome: Option<&'static str>,
    /// Days ago, as all ages here.
    decided: i64,
    ticket: Option<i64>,
    onto: Option<i64>,
    message: bool,
}

#[derive(Debug, Clone)]
struct Notice {
    id: i64,
    arrival: i64,
    state: &'static str,
    told: bool,
    settled: i64,
}

#[derive(Debug)]
struct Ticket {
    number: i64,
    closed: Option<i64>,
}

#[derive(Debug)]
pub(crate) struct Model {
    arrivals: Vec<Arrival>,
    tickets: Vec<Ticket>,
    notices: Vec<Notice>,
    relations: Vec<(i64, i64)>,
    letters: BTreeSet<i64>,
    emptied: BTreeSet<i64>,
    newest: i64,
    newest_raw: i64,
}

impl Model {
    pub(crate) fn random(chance: &mut Chance) -> Self {
        let ticket = |number, chance: &mut Chance| Ticket { number, closed: (chance.below(4) > 0).then(|| chance.number(700)) };
        let tickets: Vec<Ticket> = (1..=TICKETS).map(|number| ticket(number, chance)).collect();
        let mut raw = 0;
        let arrivals: Vec<Arrival> = (1..=ARRIVALS).map(|id| arrival(id, &mut raw, chance)).collect();
        let mut notices = Vec::new();
        for id in 1..=ARRIVALS {
            let state =
                chance.of(&["sent", "sent", "sent", "sent", "sent", "sent", "failed", "dropped", "due", "leased", "held"]);
            let told = chance.below(3) > 0;
            notices.push(Notice { id, arrival: 1 + chance.number(ARRIVALS), state, told, settled: chance.number(700) });
        }
        let relations =
            (0..10).map(|_| (1 + chance.number(TICKETS), 1 + chance.number(TICKETS))).filter(|(one, other)| one != other);
        let relations: BTreeSet<(i64, i64)> = relations.collect();
        Self {
            letters: notices.iter().map(|notice| notice.id).collect(),
            tickets,
            arrivals,
            notices,
            relations: relations.into_iter().collect(),
            emptied: BTreeSet::new(),
            newest: ARRIVALS,
            newest_raw: raw,
        }
    }

    /// Statements that write it.
    pub(crate) fn sql(&self, is_file: bool) -> String {
        let octets = if is_file { "CAST('raw' AS BLOB)" } else { "CAST('raw' AS BYTEA)" };
        let ago = |days: i64| NOW.0 - days * DAY - DAY / 2;
        let null = |number: Option<i64>| number.map_or("NULL".to_owned(), |number| number.to_string());
        let mut sql = String::new();
        for raw in 1..=self.newest_raw {
            writeln!(sql, "INSERT INTO raw (id, sha256, octets) VALUES ({raw}, {octets}, {octets});").unwrap();
        }
        for Ticket { number, closed } in &self.tickets {
            let status = if closed.is_some() { "closed" } else { "open" };
            writeln!(sql, "INSERT INTO ticket (number, department, subject, status, priority, origin, visibility, requester_name, requester_address, \
                 mailbox, created_at, updated_at, closed_at) VALUES ({number}, 'support', 's', '{status}', 'medium', 'email', 'external', '', \
                 'mia@customer.example', 'help@shop.example', 0, 0, {});", null(closed.map(ago))).unwrap();
            writeln!(sql, "INSERT INTO tag (ticket, tag) VALUES ({number}, 't'); INSERT INTO participant (ticket, agent) VALUES ({number}, 'ana'); \
                 INSERT INTO follower (ticket, address, name, since) VALUES ({number}, 'noah@customer.example', '', 0); \
                 INSERT INTO event (ticket, at, actor, kind) VALUES ({number}, 0, 'postdesk', 'opened');").unwrap();
        }
        for (one, other) in &self.relations {
            writeln!(sql, "INSERT INTO relation (ticket, other, kind) VALUES ({one}, {other}, 'follow-up');").unwrap();
        }
        for arrival in &self.arrivals {
            let Arrival { id, raw, decided, ticket, onto, .. } = arrival;
            let outcome = arrival.outcome.map_or("NULL".to_owned(), |outcome| format!("'{outcome}'"));
            let decided = null(arrival.outcome.map(|_| ago(*decided)));
            writeln!(sql, "INSERT INTO arrival (id, raw_id, department, recipients, source, peer_tls, size, received_at, outcome, ticket, released_onto, \
                 decided_at, told_at) VALUES ({id}, {raw}, 'd{id}', '', 'smtp', 0, 3, 0, {outcome}, {}, {}, {decided}, 0);", null(*ticket), null(*onto)).unwrap();
            if arrival.message {
                writeln!(
                    sql,
                    "INSERT INTO message (arrival, ticket, kind, public, author_name, at, subject, text, quoted, authenticated) \
                     VALUES ({id}, {}, 'reply', 1, '', 0, '', '', '', 0);",
                    ticket.unwrap()
                )
                .unwrap();
                writeln!(sql, "INSERT INTO attachment (message, position, name, media_type, size, sha256, inline, encoding, raw_start, raw_end) \
                     VALUES ({id}, 0, 'a', 'text/plain', 1, {octets}, 0, '7bit', 0, 1);").unwrap();
            }
        }
        for Notice { id, arrival, state, told, settled } in &self.notices {
            let (settled, told) = (ago(*settled), if *told { "0" } else { "NULL" });
            writeln!(sql, "INSERT INTO outbox (id, arrival, event, recipient, recipient_key, sender, message_id, state, next_attempt_at, created_at, \
                 settled_at, told_at) VALUES ({id}, {arrival}, 'reply', 'r{id}@staff.example', 'r{id}', 's@desk.example.org', 'n{id}', '{state}', \
                 0, {settled}, {settled}, {told}); INSERT INTO letter (outbox, head, parts, tail) VALUES ({id}, 'h', '[]', 't');").unwrap();
        }
        let next = if is_file { "" } else { "SELECT setval('arrival_id_seq', 1000), setval('raw_id_seq', 1000);" };
        sql + &format!("UPDATE counter SET next = 1000; {next}")
    }

    /// Lets go until nothing is left to let go of.
    pub(crate) fn let_go(&mut self, options: &Options) {
        loop {
            let before = (self.arrivals.len(), self.tickets.len(), self.letters.len(), self.emptied.len());
            let limit = |age: &Option<Age>| age.as_ref().map_or(i64::MAX, |age| (age.span.as_secs() / 86_400) as i64);
            let (sent, closed, held) = (limit(&options.sent), limit(&options.closed), limit(&options.held));
            let (other, raw) = (limit(&options.other), limit(&options.raw));
            let old: Vec<i64> =
                self.notices.iter().filter(|n| n.state == "sent" && n.settled >= sent).map(|notice| notice.id).collect();
            self.letters.retain(|id| !old.contains(id));
            for number in self.tickets() {
                if self.ticket_may_go(number, closed) {
                    self.arrivals.retain(|arrival| arrival.ticket != Some(number));
                    self.tickets.retain(|ticket| ticket.number != number);
                    self.relations.retain(|(one, other)| *one != number && *other != number);
                }
            }
            for arrival in self.arrivals.clone() {
                let is_newest = arrival.id == self.newest || arrival.raw == self.newest_raw;
                let goes = match arrival.outcome {
                    Some("held") => arrival.decided >= held,
                    Some("automatic" | "bounce" | "duplicate" | "discarded" | "command") => {
                        arrival.decided >= other && !self.is_open(arrival.ticket)
                    }
                    _ => false,
                };
                if goes && !arrival.message && !is_newest && !self.is_awaited(arrival.id) {
                    self.arrivals.retain(|other| other.id != arrival.id);
                }
            }
            let kept: BTreeSet<i64> = self.arrivals();
            self.notices.retain(|notice| kept.contains(&notice.arrival));
            let notices = self.notices();
            self.letters.retain(|id| notices.contains(id));
            for id in self.raws() {
                let needed = self.arrivals.iter().filter(|arrival| arrival.raw == id).any(|arrival| {
                    matches!(arrival.outcome, None | Some("held"))
                        || arrival.decided < raw
                        || self.is_open(arrival.ticket)
                        || self.is_awaited(arrival.id)
                });
                if !needed {
                    self.emptied.insert(id);
                }
            }
            if before == (self.arrivals.len(), self.tickets.len(), self.letters.len(), self.emptied.len()) {
                return;
            }
        }
    }

    fn ticket_may_go(&self, number: i64, limit: i64) -> bool {
        let ticket = self.tickets.iter().find(|ticket| ticket.number == number).unwrap();
        let belongs = |arrival: &&Arrival| arrival.ticket == Some(number);
        let needed = |arrival: &Arrival| {
            matches!(arrival.outcome, None | Some("held"))
                || self.is_awaited(arrival.id)
                || arrival.id == self.newest
                || arrival.raw == self.newest_raw
        };
        let mut related = self.relations.iter().filter(|(one, other)| *one == number || *other == number);
        ticket.closed.is_some_and(|closed| closed >= limit)
            && !self.arrivals.iter().filter(belongs).any(needed)
            && !self.arrivals.iter().any(|arrival| arrival.outcome.is_none() && arrival.onto == Some(number))
            && related.all(|(one, other)| !self.is_open(Some(*one)) && !self.is_open(Some(*other)))
    }

    fn is_open(&self, ticket: Option<i64>) -> bool {
        self.tickets.iter().any(|other| Some(other.number) == ticket && other.closed.is_none())
    }

    fn is_awaited(&self, arrival: i64) -> bool {
        let waits =
            |notice: &Notice| matches!(notice.state, "due" | "leased" | "held") || (notice.state == "failed" && !notice.told);
        self.notices.iter().any(|notice| notice.arrival == arrival && waits(notice))
    }

    pub(crate) fn arrivals(&self) -> BTreeSet<i64> {
        self.arrivals.iter().map(|arrival| arrival.id).collect()
    }

    pub(crate) fn pending(&self) -> Vec<i64> {
        self.arrivals.iter().filter(|arrival| arrival.outcome.is_none()).map(|arrival| arrival.id).collect()
    }

    pub(crate) fn messages(&self) -> BTreeSet<i64> {
        self.arrivals.iter().filter(|arrival| arrival.message).map(|arrival| arrival.id).collect()
    }

    pub(crate) fn raws(&self) -> BTreeSet<i64> {
        self.arrivals.iter().map(|arrival| arrival.raw).collect()
    }

    pub(crate) fn originals(&self) -> BTreeSet<i64> {
        self.raws().difference(&self.emptied).copied().collect()
    }

    pub(crate) fn tickets(&self) -> BTreeSet<i64> {
        self.tickets.iter().map(|ticket| ticket.number).collect()
    }

    pub(crate) fn notices(&self) -> BTreeSet<i64> {
        self.notices.iter().map(|notice| notice.id).collect()
    }

    pub(crate) fn letters(&self) -> BTreeSet<i64> {
        self.letters.clone()
    }
}

/// One arrival in four shares its original with the one before: it was for two departments.
fn arrival(id: i64, raw: &mut i64, chance: &mut Chance) -> Arrival {
    if id == 1 || chance.below(4) > 0 {
        *raw += 1;
    }
    let outcome =
        chance.of(&["", "held", "request", "reply", "reply", "note", "automatic", "bounce", "duplicate", "discarded", "command"]);
    let outcome = if chance.below(5) > 0 && outcome.is_empty() { "answer" } else { outcome };
    let mut ticket = (chance.below(4) > 0).then(|| 1 + chance.number(TICKETS));
    let message = ["request", "reply", "note", "answer"].contains(&outcome)
        || (outcome == "automatic" && ticket.is_some() && chance.below(2) == 0);
    if message {
        ticket = ticket.or(Some(1 + chance.number(TICKETS)));
    }
    let pending = outcome.is_empty();
    Arrival {
        id,
        raw: *raw,
        outcome: (!pending).then_some(outcome),
        decided: chance.number(700),
        ticket: ticket.filter(|_| !pending),
        onto: (pending && chance.below(2) == 0).then(|| 1 + chance.number(TICKETS)),
        message,
    }
}
