//! Caps on what many mails to one ticket bring about.
//!
//! Two people on a ticket whose mail programs answer by themselves, without any mark of it, would keep each other busy through us for
//! ever: each answer is a reply, which is passed on to the other. So replies are passed on, and told, only so many times an hour. What is
//! beyond a cap stays an entry of the ticket, which says so; nothing is lost.

use super::Matter;
use crate::model::ticket::{Event, Ticket};

/// Who is not told of a reply any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Flood {
    /// Everybody is told.
    None,
    /// The other customers are not.
    Customers,
    /// Nor are agents.
    Everybody,
}

/// Who is not told of one more reply to a ticket. The ticket gets an event where a cap begins to hold.
pub(super) fn of_replies(matter: &Matter<'_>, ticket: &Ticket, events: &mut Vec<Event>, reasons: &mut Vec<String>) -> Flood {
    let caps = &matter.rules.desk.automatic_mail;
    let lately = ticket.lately.at(matter.rules.now);
    // Whoever forges senders must not silence those who are proven.
    let lately = if matter.case.authenticity.is_proven() { lately.proven } else { lately.proven + lately.unproven };
    let mut flood = Flood::None;
    for (cap, key, kind, who) in [
        (caps.passed_on_per_hour, "passed_on_per_hour", Flood::Customers, "other customers"),
        (caps.told_per_hour, "told_per_hour", Flood::Everybody, "agents"),
    ] {
        if lately < cap {
            continue;
        }
        flood = flood.max(kind);
        reasons.push(format!(
            "not sent to {who}: customers wrote {lately} mails to this ticket within the hour (`[automatic_mail] {key} = {cap}`)"
        ));
        if lately == cap {
            events.push(matter.event(ticket, "postdesk", "not-passed-on", None, Some(who)));
        }
    }
    flood
}
