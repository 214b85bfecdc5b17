//! Mail to the address in List-Unsubscribe, or a click on the link there: a follower leaves.

use crate::decide::recall::Facts;
use crate::decide::{Case, Decision, Rules, TicketChange};
use crate::model::arrival::{Cause, Outcome, Source};
use crate::model::ticket::Event;
use crate::model::token::Recipient;

/// Takes a follower off a ticket. The link says who, and From must say the same: a link that was passed on removes nobody. More proof is
/// not asked for, since many who leave write from programs that give none, and the worst is that nothing comes any more.
///
/// A click (RFC 8058) has no From: it comes from the reader's mail provider, which knows nothing but the link. So there the link is enough.
pub(in crate::decide) fn leave(
    case: &Case,
    (number, recipient): (i64, Recipient),
    facts: &Facts,
    rules: Rules<'_>,
    mut reasons: Vec<String>,
) -> Decision {
    let Some(old) = facts.tickets.get(&number) else {
        reasons.push(format!("it wants to leave ticket {number}, which is not in the store"));
        return Decision::held(case, Cause::NoSuchTicket, None, reasons);
    };
    let reference = rules.desk.reference(old);
    let is_meant = |address| rules.desk.keys.recipient(address) == recipient;
    let Some(follower) = old.followers.iter().find(|follower| is_meant(&follower.address)) else {
        reasons.push(format!("it wants to leave {reference}, which its link's owner does not follow: nothing changes"));
        return Decision { ticket: Some(number), ..Decision::of(case, Outcome::Command, reasons) };
    };
    let from = case.mail.from.first().map(|mailbox| &mailbox.address).or(case.arrival.sender.as_ref());
    if case.arrival.source != Source::Http && from != Some(&follower.address) {
        reasons.push(format!("it wants to take {} off {reference}, but is not from that address", follower.address));
        return Decision::held(case, Cause::NotOnTicket, Some(number), reasons);
    }
    reasons.push(format!("{} leaves {reference}", follower.address));
    let mut ticket = old.clone();
    ticket.followers.retain(|person| person.address != follower.address);
    let left = follower.address.to_string();
    let event = Event { ticket: number, at: rules.now, actor: left.clone(), kind: "follower", from: Some(left), to: None };
    let mut decision = Decision::of(case, Outcome::Command, reasons);
    decision.ticket = Some(number);
    decision.events = vec![event];
    decision.change = Some(TicketChange { ticket, before: Some(old.clone()), related: None });
    decision
}
