//! What of a ticket may be given to its customer: what customers wrote, what was answered to them, and nothing of how it was worked on.
//!
//! Whatever is not known to be public is left out. An agent's own mail is never given: its quotation may hold words of a note that
//! the agent was told of, and its header the agent's private address. In its place stands the notice that the requester was sent.

use super::Originals;
use crate::model::message::Kind;
use crate::model::notice::Event;
use crate::store::export::Written;
use crate::store::report::conversation::{MessageRow, TicketDetail};

/// What a requester is told of.
const TOLD: [Event; 6] = [Event::Acknowledgement, Event::Reply, Event::Answer, Event::Closed, Event::Reopened, Event::Begun];

fn is_public(message: &MessageRow) -> bool {
    let known = [Kind::Request, Kind::Reply, Kind::Answer].iter().any(|kind| kind.name() == message.kind);
    message.public && known
}

/// The originals of customers. One that an agent passed on is the agent's mail, perhaps with a note above.
pub(super) fn originals(detail: &TicketDetail) -> Originals {
    let internal = |arrival| detail.messages.iter().any(|other| other.arrival == arrival && !is_public(other));
    super::all(detail)
        .into_iter()
        .filter(|(arrival, ..)| {
            let mut of = detail.messages.iter().filter(|message| message.arrival == *arrival);
            !internal(*arrival) && of.all(|message| message.author.agent.is_none() && message.forwarded.is_none())
        })
        .collect()
}

/// Takes away what is internal.
pub(super) fn keep(detail: &mut TicketDetail) {
    detail.messages.retain(is_public);
    for message in detail.messages.iter_mut().filter(|message| message.author.agent.is_some()) {
        message.author.address = None;
        message.author.agent = None;
        message.message_id = None;
        message.quoted.clear();
        message.html = None;
    }
    detail.events.clear();
    detail.related.clear();
    let ticket = &mut detail.ticket;
    (ticket.assignee, ticket.due_at) = (None, None);
    ticket.participants.clear();
    ticket.tags.clear();
}

/// Whether a notice is one that the requester was sent and may have again.
pub(super) fn may_have(notice: &Written, requester: &str) -> bool {
    notice.recipient.eq_ignore_ascii_case(requester) && TOLD.iter().any(|event| event.name() == notice.event)
}
