//! What the door leaves to be seen of those who come to it: a line for each mail that is taken, a few for what is refused, and the numbers.
//!
//! A line names the connection, and from custody on the arrival, by which a mail is followed to the last of its notices. No line has a
//! body, a subject or a whole address.

use std::fmt;

use super::Sender;
use super::reply::Reply;
use super::session::Client;
use crate::accept::custody::Refusal;
use crate::model::address::Address;
use crate::observe::connection::Id;
use crate::observe::{numbers, sparse};

/// A mail as it was handed to custody.
pub(super) struct Handed {
    pub(super) connection: Id,
    pub(super) client: Client,
    pub(super) tls: bool,
    pub(super) size: usize,
    pub(super) sender: Sender,
    /// Keys of the departments that it is for.
    pub(super) departments: Vec<String>,
}

impl Handed {
    /// It is in custody: a line for each of its arrivals.
    pub(super) fn taken(&self, arrivals: &[i64]) {
        let (peer, sender) = (Peer(&self.client), shortened(&self.sender));
        for (arrival, department) in arrivals.iter().zip(&self.departments) {
            tracing::info!(
                arrival,
                connection = %self.connection,
                department,
                peer = %peer,
                tls = self.tls,
                size = self.size,
                from = sender,
                "mail taken"
            );
        }
    }

    /// Custody has not taken it.
    pub(super) fn not_taken(&self, refusal: Refusal) {
        let reason = refusal.name();
        let Some(unsaid) = sparse::admit(reason) else { return };
        tracing::info!(
            reason,
            connection = %self.connection,
            departments = self.departments.join(","),
            peer = %Peer(&self.client),
            size = self.size,
            from = shortened(&self.sender),
            unsaid,
            "mail not taken"
        );
    }
}

/// Something was refused on a connection.
pub(super) fn refused(reply: &Reply, reason: &'static str, client: &Client, connection: Id) {
    numbers::refused(reason);
    // Told with its recipient, by whoever knows that.
    if matches!(reply, Reply::UnknownRecipient | Reply::RelayDenied | Reply::ReportsOnly) {
        return;
    }
    if let Some(unsaid) = sparse::admit(reason) {
        tracing::info!(reason, code = reply.code(), %connection, peer = %Peer(client), unsaid, "refused");
    }
}

/// A recipient was refused.
pub(super) fn recipient_refused(recipient: &Address, reply: &Reply, client: &Client, connection: Id) {
    let Some(reason) = reply.reason() else { return };
    if let Some(unsaid) = sparse::admit(reason) {
        let recipient = recipient.shortened();
        tracing::info!(reason, code = reply.code(), recipient, %connection, peer = %Peer(client), unsaid, "recipient refused");
    }
}

/// Somebody was not let in.
pub(super) fn turned_away(reply: &Reply, ip: Option<std::net::IpAddr>) {
    let Some(reason) = reply.reason() else { return };
    numbers::refused(reason);
    if let Some(unsaid) = sparse::admit(reason) {
        let peer = ip.map_or_else(|| "local".to_owned(), |ip| ip.to_string());
        tracing::info!(reason, code = reply.code(), peer, unsaid, "connection refused");
    }
}

fn shortened(sender: &Sender) -> String {
    sender.as_ref().map_or_else(|| "<>".to_owned(), Address::shortened)
}

/// The other end, as it stands in a line.
struct Peer<'a>(&'a Client);

impl fmt::Display for Peer<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Client::Smtp(ip) | Client::Lmtp(Some(ip)) => ip.fmt(formatter),
            Client::Lmtp(None) => formatter.write_str("local"),
        }
    }
}
