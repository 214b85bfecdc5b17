//! The judgement: a ledger against what was found in the gateway. Pure, so that it can be shown to condemn a false one.

use std::collections::{HashMap, HashSet};
use std::fmt;

use super::ledger::Entry;
use super::mail::{Mail, Purpose};

/// An arrival that is not a duplicate of another.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// The original octets.
    pub(crate) octets: Vec<u8>,
    /// Reference of the ticket it went to.
    pub(crate) ticket: String,
    /// Kept aside for an operator: what killed the gateway as often as is tried is held, and so is whoever was beside it.
    pub(crate) held: bool,
}

/// A notice that the gateway owes somebody.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    /// Reference of its ticket.
    pub(crate) ticket: String,
    /// What it is about.
    pub(crate) event: String,
    /// Its Message-ID.
    pub(crate) message_id: String,
}

/// What was found in a gateway.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// Arrivals by the id of their mail.
    pub(crate) kept: HashMap<String, Vec<Kept>>,
    /// How many tickets there are with this id in their subject.
    pub(crate) tickets: HashMap<String, usize>,
    /// The outbox.
    pub(crate) owed: Vec<Notice>,
    /// Each mail that left: the octets of its copies, by Message-ID.
    pub(crate) left: HashMap<String, Vec<Vec<u8>>>,
    /// The numbers of the entries of the ordered ticket, in its order.
    pub(crate) order: Vec<usize>,
}

/// The counts. What is wrong has its own, and each of those has to be 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Mails that were accepted.
    pub(crate) acked: usize,
    /// Of these, how many are there exactly once.
    pub(crate) stored: usize,
    /// Of these, how many are held.
    pub(crate) held: usize,
    /// Answers that were lost, after which the mail was sent again.
    pub(crate) unknown: usize,
    /// Mails that were refused.
    pub(crate) refused: usize,
    /// Accepted and not there (L1).
    pub(crate) lost: usize,
    /// There with other octets than were sent (L1).
    pub(crate) altered: usize,
    /// There more than once, or with more than one ticket (L2).
    pub(crate) doubled: usize,
    /// There, or written of, without having been accepted (L3).
    pub(crate) from_nowhere: usize,
    /// Notices that left (L4).
    pub(crate) notified: usize,
    /// Notices that were due and did not leave, or left in two forms (L4).
    pub(crate) unnotified: usize,
    /// Entries of the ordered ticket that stand before an earlier one (L5).
    pub(crate) disordered: usize,
}

impl fmt::Display for Counts {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "acked={} stored={} lost={} doubled={} ", self.acked, self.stored, self.lost, self.doubled)?;
        write!(to, "unknown={} notified={} refused={} held={} ", self.unknown, self.notified, self.refused, self.held)?;
        write!(to, "altered={} from_nowhere={} ", self.altered, self.from_nowhere)?;
        write!(to, "unnotified={} disordered={}", self.unnotified, self.disordered)
    }
}

/// Counts what is right and what is wrong. The notices of a ticket are one acknowledgement and at least one `request`.
pub(crate) fn judge(ledger: &[Entry], found: &Found) -> Counts {
    let mut counts = Counts::default();
    for entry in ledger {
        counts.unknown += entry.unknown;
        if entry.accepted {
            counts.acked += 1;
            judge_accepted(entry, found, &mut counts);
        } else {
            counts.refused += 1;
        }
    }
    let accepted: HashSet<&str> = ledger.iter().filter(|entry| entry.accepted).map(|entry| entry.id.as_str()).collect();
    let stray = |id: &&String| !accepted.contains(id.as_str());
    counts.from_nowhere += found.kept.keys().filter(stray).count() + found.tickets.keys().filter(stray).count();
    judge_notices(ledger, found, &mut counts);
    counts.disordered = found.order.windows(2).filter(|pair| pair[0] >= pair[1]).count();
    counts
}

/// What counts of a mail. One that was put aside, so that its copy was worked on in its place, has made no second message.
fn counting<'f>(entry: &Entry, found: &'f Found) -> Vec<&'f Kept> {
    let all = found.kept.get(&entry.id).map_or(&[][..], Vec::as_slice);
    let worked_on: Vec<&Kept> = all.iter().filter(|kept| !kept.held).collect();
    if worked_on.is_empty() { all.iter().collect() } else { worked_on }
}

fn judge_accepted(entry: &Entry, found: &Found, counts: &mut Counts) {
    let kept = counting(entry, found);
    let tickets = found.tickets.get(&entry.id).copied().unwrap_or(0);
    let held = kept.iter().any(|kept| kept.held);
    let due = usize::from(!held && matches!(entry.purpose, Purpose::Opening | Purpose::Request | Purpose::Small));
    let expected = Mail::new(entry.seed, &entry.purpose).octets;
    let all = found.kept.get(&entry.id).map_or(&[][..], Vec::as_slice);
    counts.altered += all.iter().filter(|kept| kept.octets != expected).count();
    if kept.is_empty() || tickets < due {
        counts.lost += 1;
    } else if kept.len() > 1 || tickets > due {
        counts.doubled += 1;
    } else {
        counts.stored += 1;
        counts.held += usize::from(held);
    }
}

fn judge_notices(ledger: &[Entry], found: &Found, counts: &mut Counts) {
    let mut acknowledged: HashMap<&str, usize> = HashMap::new();
    let mut told: HashSet<&str> = HashSet::new();
    let mut due: HashSet<&str> = HashSet::new();
    for notice in &found.owed {
        due.insert(&notice.message_id);
        match notice.event.as_str() {
            "acknowledgement" => *acknowledged.entry(&notice.ticket).or_default() += 1,
            "request" => drop(told.insert(&notice.ticket)),
            _ => {}
        }
        let copies = found.left.get(&notice.message_id).map_or(&[][..], Vec::as_slice);
        match copies.split_first() {
            Some((first, others)) if others.iter().all(|other| other == first) => counts.notified += 1,
            _ => counts.unnotified += 1,
        }
    }
    counts.from_nowhere += found.left.keys().filter(|id| !due.contains(id.as_str())).count();
    counts.doubled += found.owed.len() - due.len();
    for entry in ledger.iter().filter(|entry| entry.accepted && matches!(entry.purpose, Purpose::Request | Purpose::Small)) {
        let Some(kept) = counting(entry, found).first().copied().filter(|kept| !kept.held) else { continue };
        match acknowledged.get(kept.ticket.as_str()) {
            Some(1) if told.contains(kept.ticket.as_str()) => {}
            Some(2..) => counts.doubled += 1,
            _ => counts.unnotified += 1,
        }
    }
}

/// The same counts with nothing wrong.
pub(crate) fn what_is_right(counts: &Counts, ledger: &[Entry]) -> Counts {
    let refusable = |entry: &&Entry| matches!(entry.purpose, Purpose::NoSuchRecipient | Purpose::BareNewline);
    Counts {
        acked: counts.stored,
        stored: counts.stored,
        held: counts.held,
        unknown: counts.unknown,
        notified: counts.notified,
        refused: ledger.iter().filter(refusable).count(),
        ..Counts::default()
    }
}

/// A run without mails, or one in which the gateway holds what it should work on, proves nothing.
pub(crate) fn assert_that_it_was_a_load(counts: &Counts) {
    assert!(counts.stored > 0 && counts.notified > counts.stored, "hardly any mail: {counts}");
    assert!(counts.held * 20 < counts.stored, "one mail in twenty is held: {counts}");
}
