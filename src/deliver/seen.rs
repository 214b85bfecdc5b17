//! What a delivery leaves to be seen: a line for each settled notice, with the arrival that caused it, and the numbers.

use std::time::Duration;

use crate::model::time::Time;
use crate::observe::numbers;
use crate::store::outbox::{Leased, Settlement};

/// A notice was settled. `discarded`: it went nowhere, as the configuration says.
pub(super) fn settled(notice: &Leased, settlement: &Settlement, now: Time, discarded: bool) {
    count(notice, settlement, now);
    let (arrival, ticket, id, event) = (notice.arrival, notice.ticket, notice.id, notice.event.as_str());
    let (recipient, attempts) = (notice.recipient.shortened(), notice.attempts);
    match settlement {
        Settlement::Sent if discarded => tracing::debug!(arrival, ticket, notice = id, event, recipient, "discarded"),
        Settlement::Sent => tracing::info!(arrival, ticket, notice = id, event, recipient, attempts, "sent"),
        // Logged once, of the host that cannot be used.
        Settlement::Unbegun { why, .. } => {
            let why = without_address(why, notice);
            tracing::debug!(arrival, ticket, notice = id, event, recipient, why, "not begun");
        }
        Settlement::Later { when, why } => {
            let (when, why) = (when.rfc3339(), without_address(why, notice));
            tracing::info!(arrival, ticket, notice = id, event, recipient, attempts, when, why, "not sent, to be tried again");
        }
        Settlement::Never { why } => {
            let why = without_address(why, notice);
            tracing::warn!(arrival, ticket, notice = id, event, recipient, attempts, why, "not sent, given up");
        }
    }
}

/// A notice was dropped at the last look before the wire.
pub(super) fn dropped(notice: &Leased, why: &str) {
    numbers::settled(&notice.event, "dropped");
    tracing::warn!(
        arrival = notice.arrival,
        ticket = notice.ticket,
        notice = notice.id,
        event = notice.event,
        recipient = notice.recipient.shortened(),
        why,
        "dropped"
    );
}

fn count(notice: &Leased, settlement: &Settlement, now: Time) {
    let (attempt, result) = match settlement {
        Settlement::Sent => ("sent", Some("sent")),
        Settlement::Later { .. } => ("later", Some("later")),
        Settlement::Never { .. } => ("never", Some("failed")),
        // It is as if it had not been taken up.
        Settlement::Unbegun { .. } => ("unbegun", None),
    };
    numbers::attempted(attempt);
    if let Some(result) = result {
        numbers::settled(&notice.event, result);
    }
    if *settlement == Settlement::Sent {
        let waited = u64::try_from(now.0 - notice.created_at.0).unwrap_or_default();
        numbers::delivered_after(Duration::from_micros(waited));
    }
}

/// A relay's reply often repeats the whole address, and not always as we wrote it.
fn without_address(why: &str, notice: &Leased) -> String {
    let address = notice.recipient.as_str();
    let (lower, wanted) = (why.to_ascii_lowercase(), address.to_ascii_lowercase());
    let (mut text, mut at) = (String::with_capacity(why.len()), 0);
    while let Some(found) = lower[at..].find(&wanted) {
        text.push_str(&why[at..at + found]);
        text.push_str(&notice.recipient.shortened());
        at += found + wanted.len();
    }
    text.push_str(&why[at..]);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::address::Address;

    #[test]
    fn an_address_that_a_relay_repeats_is_shortened_however_it_is_written() {
        let address = |text: &str| Address::parse(text).unwrap();
        let notice = Leased {
            id: 1,
            lease: 1,
            ticket: None,
            arrival: 1,
            event: "answer".to_owned(),
            recipient: address("noah.smith@customer.example"),
            sender: address("s@desk.example.org"),
            message_id: String::new(),
            attempts: 1,
            created_at: Time(0),
        };
        let said = "550 <Noah.Smith@Customer.Example>: 5.1.1 no noah.smith@customer.example — really";
        assert_eq!(without_address(said, &notice), "550 <no…@customer.example>: 5.1.1 no no…@customer.example — really");
    }
}
