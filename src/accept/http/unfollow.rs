//! Leaving a ticket: which link a path is, and the one place where a click becomes ours.
//!
//! A click goes the way of every mail: a small one is put together, addressed to the address for leaving, and taken into custody; the
//! worker decides it (`decide::update::follower`). Before that the ticket is looked at: what has nobody to take off makes no mail, so that
//! a link that is clicked for ever makes only one.

use std::time::{Duration, SystemTime};

use tokio::time::timeout;

use super::answer::Answer;
use super::{Door, UNFOLLOW};
use crate::accept::custody::Refusal;
use crate::decide::recall::Wanted;
use crate::decide::write::header::Header;
use crate::model::address::{Address, Mailbox};
use crate::model::arrival::{Incoming, Peer, Source};
use crate::model::desk::Department;
use crate::model::ticket::Ticket;
use crate::model::time::Time;
use crate::model::token::{Purpose, Recipient, Token, signed_address};

/// How long the store may take for each of the two things that it is asked. A mail provider waits for an answer meanwhile.
const STORE: Duration = Duration::from_secs(10);

/// A link for leaving that we sealed, and that is still good.
#[derive(Debug)]
pub(super) struct Link {
    token: String,
    ticket: i64,
    recipient: Recipient,
}

impl Door {
    /// The link that a path is; `None` for any other path, and for a token that is not ours, too old, or for something else.
    pub(super) fn link(&self, path: &str, now: Time) -> Option<Link> {
        let below = path.strip_prefix(UNFOLLOW);
        let token = below.or_else(|| path.strip_prefix(self.options.prefix())?.strip_prefix(UNFOLLOW))?;
        let oldest = now.minus(self.desk.token_lifetime).day();
        match self.desk.keys.read(token)? {
            Token::Reply { purpose: Purpose::Unfollow, ticket, recipient, day } if day >= oldest => {
                Some(Link { token: token.to_owned(), ticket, recipient })
            }
            _ => None,
        }
    }

    /// The ticket of a link as it is now, or what to say instead.
    pub(super) async fn ticket(&self, link: &Link, now: Time) -> Result<Ticket, Answer> {
        let wanted = Wanted { tickets: [link.ticket].into(), ..Wanted::default() };
        match timeout(STORE, self.store.recall(&wanted, now)).await {
            Ok(Ok(mut facts)) => facts.tickets.remove(&link.ticket).ok_or(Answer::Unknown),
            Ok(Err(fault)) => {
                tracing::warn!(%fault, "a link for leaving cannot be looked up; its reader is told to come back");
                Err(Answer::Later)
            }
            Err(_) => Err(Answer::Later),
        }
    }

    /// Takes custody of a click. A crash before custody answers: the clicker got no 200 and may click again. A crash between its answer
    /// and ours, or a second click: another mail, which finds that there is nobody to take off.
    pub(super) async fn leave(&self, link: &Link, ticket: &Ticket, now: Time) -> Answer {
        let keys = &self.desk.keys;
        if !ticket.followers.iter().any(|follower| keys.recipient(&follower.address) == link.recipient) {
            tracing::info!(ticket = ticket.number, "a click for leaving, by somebody who does not follow any more");
            return Answer::Done;
        }
        let Some(incoming) = self.mail(link, ticket, now) else { return Answer::Unknown };
        match timeout(STORE, self.custody.take(incoming)).await {
            Ok(Ok(arrivals)) => {
                for arrival in arrivals {
                    tracing::info!(arrival, source = "http", ticket = ticket.number, "a click for leaving taken");
                }
                Answer::Done
            }
            Ok(Err(refusal @ (Refusal::Busy | Refusal::Away | Refusal::Full | Refusal::Stopping))) => {
                tracing::info!(?refusal, ticket = ticket.number, "a click for leaving not taken");
                Answer::Later
            }
            Err(_) => Answer::Later,
        }
    }

    /// The mail that stands for a click. Its author is the department, since who clicks is not known; what counts is where it goes.
    fn mail(&self, link: &Link, ticket: &Ticket, now: Time) -> Option<Incoming> {
        let department = self.department(Some(ticket))?;
        let to = signed_address(&department.address, &link.token)?;
        let mailbox = |address: &Address| Mailbox { name: String::new(), address: address.clone() };
        let mut header = Header::default();
        header.mailbox("From", &Mailbox { name: department.name.clone(), address: department.address.clone() });
        header.mailbox("To", &mailbox(&to));
        header.text("Subject", "unfollow");
        header.raw("Date", &now.rfc5322());
        header.raw("Auto-Submitted", "auto-generated");
        header.raw("MIME-Version", "1.0");
        header.raw("Content-Type", "text/plain; charset=us-ascii");
        let raw = header.finish() + "\r\nSomebody followed the link for leaving (RFC 8058).\r\n";
        Some(Incoming {
            raw: raw.into_bytes(),
            sender: None,
            departments: vec![(department.key.clone(), vec![to])],
            source: Source::Http,
            peer: Peer::default(),
            received_at: now,
            archived: false,
            entry: None,
        })
    }

    /// The department of a ticket; the first one where there is no ticket, or its department is not in the configuration any more.
    fn department(&self, ticket: Option<&Ticket>) -> Option<&Department> {
        let own = ticket.and_then(|ticket| self.desk.department(&ticket.department));
        own.or(self.desk.departments.first())
    }

    /// The language of a page: that of the mail which had the link.
    pub(super) fn language<'a>(&'a self, ticket: Option<&'a Ticket>) -> &'a str {
        let Some(department) = self.department(ticket) else { return "en" };
        let own = ticket.and_then(|ticket| ticket.language.as_deref()).filter(|_| department.detect_language);
        own.unwrap_or(&department.language)
    }
}

/// The time of a request.
pub(super) fn now() -> Time {
    Time::from(SystemTime::now())
}
