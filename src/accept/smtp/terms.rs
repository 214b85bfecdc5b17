//! What sessions go by: limits, who is here, whom we believe. They never change; a door that goes by other ones has others.

use std::net::IpAddr;
use std::sync::Arc;

use super::budget::Budget;
use super::{BareNewlines, Options};
use crate::model::desk::Desk;
use crate::model::network::Network;

/// What all sessions of a door go by.
#[derive(Debug)]
pub struct Terms {
    /// Limits.
    pub options: Options,
    /// Who is here.
    pub desk: Arc<Desk>,
    /// Networks whose bare newlines may be normalised.
    pub trusted: Vec<Network>,
    /// Memory for messages.
    pub budget: Arc<Budget>,
}

impl Terms {
    /// Whether the bare newlines of this client are made whole. A socket in the file system is this machine's.
    pub(super) fn normalises(&self, ip: Option<IpAddr>) -> bool {
        let trusted = ip.is_none_or(|ip| self.trusted.iter().any(|network| network.contains(ip)));
        trusted && self.options.bare_newlines == BareNewlines::Normalise
    }
}
