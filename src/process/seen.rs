//! What a decision leaves to be seen: its line in the log, one for each notice, and the numbers.

use std::time::Duration;

use crate::decide::{Case, Decision};
use crate::model::arrival::Outcome;
use crate::model::time::Time;
use crate::observe::numbers;

/// A mail was decided, and that is committed.
pub(super) fn decided(case: &Case, decision: &Decision, now: Time) {
    let (arrival, outcome, cause) = (decision.arrival, decision.outcome.name(), decision.cause.map(|cause| cause.name()));
    let (department, proof) = (case.arrival.department.as_str(), decision.authenticity.name());
    numbers::decided(outcome, cause, proof);
    if !case.arrival.archived {
        numbers::decided_after(since(case.arrival.received_at, now));
    }
    let from = case.mail.from.first().map(|mailbox| mailbox.address.shortened()).unwrap_or_default();
    let ticket = decision.ticket;
    if decision.outcome == Outcome::Held {
        // Not the trace: it may name people. `postdesk arrival show` has it.
        let why = decision.cause.map(|cause| cause.in_words()).unwrap_or_default();
        tracing::warn!(arrival, department, cause, ticket, from, proof, why, "mail held");
    } else {
        tracing::info!(arrival, outcome, department, ticket, from, proof, notices = decision.notices.len(), "mail decided");
    }
    for notice in &decision.notices {
        let event = notice.event.name();
        numbers::queued(event);
        tracing::info!(arrival, event, ticket, recipient = notice.recipient.shortened(), "notice queued");
    }
}

/// A clock that was set back tells of no time.
fn since(then: Time, now: Time) -> Duration {
    Duration::from_micros(u64::try_from(now.0 - then.0).unwrap_or_default())
}
