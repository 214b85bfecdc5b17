//! When a ticket is due by its department's rule: within its answer time, counted while it is at work, from the mail that made it our turn.
//!
//! A mail of the customer's while it is our turn anyway does not put it off, an answer ends it, and what an agent said stays until it is
//! said otherwise or the ticket is closed.

use super::Matter;
use crate::model::ticket::{Status, Ticket};

/// Sets the due time of a ticket after a mail has changed it; `before` is how the mail found it.
pub(super) fn settle(matter: &Matter<'_>, before: Option<&Ticket>, ticket: &mut Ticket) {
    if ticket.status == Status::Closed {
        (ticket.due_at, ticket.due_by_hand) = (None, false);
    }
    if ticket.due_by_hand {
        return;
    }
    if !ticket.status.is_our_turn() {
        ticket.due_at = None;
        return;
    }
    // A department that is handed a ticket has its own answer time for it, from then on.
    let goes_on = before.is_some_and(|before| before.status.is_our_turn() && before.department == ticket.department);
    if !goes_on {
        let department = matter.department_of(ticket);
        let received = matter.case.arrival.received_at;
        ticket.due_at = department.answer_within.map(|span| department.hours.deadline(received, span));
    }
}
