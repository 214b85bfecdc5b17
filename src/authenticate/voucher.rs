//! Which mail server has looked at a mail before us, and is believed in what it wrote about its sender (RFC 8601).
//!
//! Only how the mail came says so, never the mail: the network of a connection, a door that only a mail server of ours uses, the account
//! that it was fetched from. Without such a server a field Authentication-Results is anybody's words.

use super::{Options, Relay};
use crate::model::arrival::{Arrival, Source};
use crate::model::network::Network;

/// A provider that keeps a mailbox of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// The name of the account that its mail is fetched from.
    pub account: String,
    /// The name that it puts first in its Authentication-Results.
    pub authserv_id: String,
}

impl Options {
    /// Whether the host that brought the mail is in `trusted_networks`. Over LMTP that would be a mail server, which passes on anybody's
    /// mail wherever it stands, so it is not looked at there.
    pub(super) fn trusts(&self, arrival: &Arrival) -> bool {
        let within = |network: &Network| arrival.peer.ip.is_some_and(|ip| network.contains(ip));
        arrival.source == Source::Smtp && self.trusted_networks.iter().any(within)
    }

    /// The authserv-id of the server that looked at the mail before us, if there is one that is believed.
    pub(super) fn voucher(&self, arrival: &Arrival) -> Option<&str> {
        match &arrival.source {
            Source::Smtp => self.relay(arrival).map(|relay| relay.authserv_id.as_str()),
            Source::Lmtp | Source::Pipe => self.authserv_id.as_deref(),
            Source::Imap(account) => {
                let provider = self.fetched.iter().find(|provider| provider.account == *account);
                provider.map(|provider| provider.authserv_id.as_str())
            }
            // A mail of an archive was looked at long ago, by whom nobody knows; one of HTTP is ours.
            Source::Http | Source::Import => None,
        }
    }

    /// Why SPF cannot be asked: it needs the address of the host that sent the mail to us.
    pub(super) fn why_no_client(&self, arrival: &Arrival) -> Option<&'static str> {
        match &arrival.source {
            Source::Smtp if self.relay(arrival).is_none() => None,
            Source::Smtp => Some("the mail came by a relay of ours, which the sender's domain does not name"),
            Source::Lmtp => {
                Some("the mail came over LMTP from the mail server in front, which does not say where it had it from")
            }
            Source::Pipe => Some("the mail came by a pipe, which does not say what host sent it"),
            Source::Imap(_) => Some("the mail was fetched by IMAP, which does not say what host sent it"),
            Source::Import => Some("the mail is from an archive, which does not say what host sent it"),
            Source::Http => Some("the mail was made here, for a link that was followed"),
        }
    }

    fn relay(&self, arrival: &Arrival) -> Option<&Relay> {
        let ip = arrival.peer.ip?;
        self.relays.iter().find(|relay| relay.network.contains(ip))
    }
}
