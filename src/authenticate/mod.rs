//! What is proven of the sender named in `From`: found between custody and decision, and stored with the arrival.

use std::net::IpAddr;

use crate::model::arrival::{Arrival, Authenticity, Findings};
use crate::model::network::Network;

/// What the operator believes.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Hosts that are believed about their senders.
    pub trusted_networks: Vec<Network>,
}

/// What is proven of an arrival's sender.
pub fn authenticate(arrival: &Arrival, options: &Options) -> Findings {
    let trusted = |ip: IpAddr| options.trusted_networks.iter().any(|network| network.contains(ip));
    match arrival.peer.ip {
        Some(ip) if trusted(ip) => {
            Findings { authenticity: Authenticity::TrustedNetwork, verdicts: vec![format!("{ip} is in trusted_networks")] }
        }
        _ => Findings::default(),
    }
}
