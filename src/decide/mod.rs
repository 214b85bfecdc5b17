//! The pure core: a mail, the facts of the store, the rules of the desk and the time become a decision.
//!
//! Nothing in here does I/O, reads a clock or fails. The steps in their order: **parse** reads the octets, **recall** says what must be
//! asked of the store and holds the answers, **route** finds the department and the public mailbox, **screen** finds out who writes
//! (machines, agents with their authority, customers) and what is a copy, **thread** finds the ticket, **update** says what changes,
//! **watchers** who hears of it, **write** makes the mails.

pub mod alarm;
pub mod digest;
pub mod envelope;
pub mod language;
pub mod parse;
pub mod phrase;
pub mod recall;
mod refuse;
pub mod route;
pub mod screen;
pub mod thread;
pub mod tick;
pub mod update;
pub mod watchers;
pub mod write;

use crate::model::address::Address;
use crate::model::arrival::{Arrival, Authenticity, Cause, Findings, Outcome};
use crate::model::desk::Desk;
use crate::model::mail::{Mail, Report};
use crate::model::message::Message;
use crate::model::notice::Outgoing;
use crate::model::ticket::{Event, Ticket};
use crate::model::time::Time;
use recall::{Facts, Links};
use screen::Copy;
use write::texts::Texts;

/// A mail that waits for its decision.
#[derive(Debug, Clone)]
pub struct Case {
    /// The mail as it was accepted.
    pub arrival: Arrival,
    /// The mail as it was read.
    pub mail: Mail,
    /// What is proven of its sender.
    pub authenticity: Authenticity,
    /// By what evidence, for the trace.
    pub verdicts: Vec<String>,
    /// The tickets it may speak of.
    pub links: Links,
}

impl Case {
    /// Reads what the mail's addresses and ids say.
    ///
    /// Whoever proves a domain proves nothing of an author whom two readers find in two places. An operator has looked at the mail.
    pub fn new(arrival: Arrival, mut mail: Mail, findings: Findings, desk: &Desk) -> Self {
        if arrival.sender.is_none() {
            // The null sender is a sign that only the envelope has.
            mail.report = mail.report.take().or_else(|| parse::of_null_sender(&mail));
        }
        let links = Links::of(&arrival, &mail, desk);
        let Findings { mut authenticity, mut verdicts } = findings;
        if let Some(doubt) = mail.marks.doubtful_from.filter(|_| authenticity != Authenticity::Operator) {
            authenticity = Authenticity::Unproven;
            verdicts.push(format!("who wrote it is doubtful, so nothing is proven: {doubt}"));
        }
        Self { arrival, mail, authenticity, verdicts, links }
    }

    /// Reads again what depends on who is here: the desk is another one than when the mail was read.
    pub fn read_again(&mut self, desk: &Desk) {
        self.links = Links::of(&self.arrival, &self.mail, desk);
    }

    /// Whether the mail is of long ago, out of an archive or an old mailbox: what it asked for was done long ago, or never will be.
    pub fn is_archived(&self) -> bool {
        self.arrival.archived
    }
}

/// The rules: everything that is the same for every mail.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// Departments, agents, keys, limits.
    pub desk: &'a Desk,
    /// What notices say.
    pub texts: &'a Texts,
    /// The time of the decision.
    pub now: Time,
}

/// A ticket after the decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketChange {
    /// The ticket as it is now.
    pub ticket: Ticket,
    /// The ticket as it was; `None` when the decision opened it.
    pub before: Option<Ticket>,
    /// Another ticket that a new one has to do with.
    pub related: Option<(i64, Relation)>,
}

/// What a new ticket has to do with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// It continues the other, which is closed.
    FollowUp,
    /// Its writer used a link to the other without being on it.
    Stranger,
}

impl Relation {
    /// The name in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Relation::FollowUp => "follow-up",
            Relation::Stranger => "stranger",
        }
    }
}

/// A notice that did not reach its recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// Number in the outbox.
    pub notice: i64,
    /// Why, in the words of the report.
    pub why: String,
    /// The address, when nothing will ever reach it.
    pub dead: Option<Address>,
}

/// What an admin wants done with a held arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Number of the arrival.
    pub arrival: i64,
    /// What.
    pub action: Action,
    /// Key of the admin, or `operator` for the command line.
    pub by: String,
}

/// What can be done with held mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Take it as it is, onto a ticket or as its own.
    Release {
        /// Number of the ticket that it is to join.
        onto: Option<i64>,
    },
    /// Decide it again, as if it had just come.
    Retry,
    /// Nothing is to become of it.
    Discard,
}

/// What becomes of one arrival. All of it is written in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Number of the arrival.
    pub arrival: i64,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it is held.
    pub cause: Option<Cause>,
    /// Number of the ticket it belongs to.
    pub ticket: Option<i64>,
    /// What is proven of the sender.
    pub authenticity: Authenticity,
    /// Whether it takes its content key: false for copies, so that the first keeps it.
    pub keeps_key: bool,
    /// The ticket, when it is new or changed.
    pub change: Option<TicketChange>,
    /// The entry it makes.
    pub message: Option<Message>,
    /// What happened to tickets.
    pub events: Vec<Event>,
    /// The mails that go out.
    pub notices: Vec<Outgoing>,
    /// The trace: every step's verdict and its evidence, in words.
    pub reasons: Vec<String>,
    /// Number of an earlier, unproven copy whose sender this one proves.
    pub proves: Option<i64>,
    /// Number of an earlier copy that is held, whose place this one takes.
    pub replaces: Option<i64>,
    /// Notices that it reports as failed.
    pub failed: Vec<Failed>,
    /// An address that was thought dead and has written.
    pub alive: Option<Address>,
    /// What becomes of held arrivals.
    pub operations: Vec<Operation>,
}

impl Decision {
    fn of(case: &Case, outcome: Outcome, reasons: Vec<String>) -> Self {
        Self {
            arrival: case.arrival.id,
            outcome,
            cause: None,
            ticket: None,
            authenticity: case.authenticity,
            keeps_key: true,
            change: None,
            message: None,
            events: Vec::new(),
            notices: Vec::new(),
            reasons,
            proves: None,
            replaces: None,
            failed: Vec::new(),
            alive: None,
            operations: Vec::new(),
        }
    }

    fn held(case: &Case, cause: Cause, ticket: Option<i64>, reasons: Vec<String>) -> Self {
        Self { cause: Some(cause), ticket, ..Self::of(case, Outcome::Held, reasons) }
    }
}

/// Decides what becomes of one mail: the steps in order. A mail of an archive is decided as of its own time.
pub fn decide(case: &Case, facts: &Facts, rules: Rules<'_>) -> Decision {
    let now = if case.is_archived() { case.arrival.received_at.min(rules.now) } else { rules.now };
    let rules = Rules { now, ..rules };
    let mut reasons = Vec::new();
    match screen::copy(case, facts, &mut reasons) {
        Copy::None => decide_alive(case, facts, rules, reasons),
        Copy::Duplicate(decision) => *decision,
        Copy::Replaces(held) => Decision { replaces: Some(held), ..decide_alive(case, facts, rules, reasons) },
    }
}

/// An address that was thought dead and writes is alive again, also for what this very mail brings about. Whether its sender is proven does
/// not matter: whoever forges it brings about one more mail that comes back. That somebody wrote long ago says nothing of it.
fn decide_alive(case: &Case, facts: &Facts, rules: Rules<'_>, mut reasons: Vec<String>) -> Decision {
    let written = case.mail.from.iter().find(|mailbox| facts.dead.contains(&mailbox.address.key()));
    let says_nothing = case.is_archived() || case.mail.report.as_ref().is_some_and(Report::is_delivery);
    let Some(mailbox) = written.filter(|_| !says_nothing) else {
        return decide_new(case, facts, rules, reasons);
    };
    reasons.push(format!("nothing has reached {} so far; it has written, so it is written to again", mailbox.address));
    let mut facts = facts.clone();
    facts.dead.remove(&mailbox.address.key());
    Decision { alive: Some(mailbox.address.clone()), ..decide_new(case, &facts, rules, reasons) }
}

fn decide_new(case: &Case, facts: &Facts, rules: Rules<'_>, mut reasons: Vec<String>) -> Decision {
    let route = match route::route(case, rules.desk, &mut reasons) {
        Ok(route) => route,
        Err(cause) => return Decision::held(case, cause, None, reasons),
    };
    if case.is_archived() && (case.links.unfollow.is_some() || case.links.held.is_some()) {
        return update::archived::wish(case, reasons);
    }
    if let Some(leaving) = case.links.unfollow {
        return update::follower::leave(case, leaving, facts, rules, reasons);
    }
    if let Some(probe) = update::probe::fresh(case, facts, &mut reasons) {
        return update::probe::record(case, probe, facts, rules, route, reasons);
    }
    let writer = match screen::writer(case, rules.desk, &mut reasons) {
        Ok(writer) => writer,
        Err(cause) => return refuse::refused(case, cause, None, facts, rules, reasons),
    };
    if let Some(recipient) = case.links.held
        && !matches!(writer, screen::Writer::Machine(_))
    {
        return match update::held::admin(&writer, recipient, rules.desk, &mut reasons) {
            Ok(admin) => update::held::reply(case, admin, facts, rules, reasons),
            Err(cause) => refuse::refused(case, cause, None, facts, rules, reasons),
        };
    }
    let thread = match thread::thread(case, &writer, route.department, facts, rules.desk, &mut reasons) {
        Ok(thread) => thread,
        Err((cause, ticket)) => return refuse::refused(case, cause, ticket, facts, rules, reasons),
    };
    update::update(update::Matter { case, facts, rules, route, writer, thread }, reasons)
}
