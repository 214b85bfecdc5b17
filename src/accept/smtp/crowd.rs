//! How many connections there may be: all together, and from one address. A socket of this machine has none.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Options;
use super::reply::Reply;
use crate::model::network::Network;
use crate::observe::numbers;

/// The connections that are open.
#[derive(Debug)]
pub(super) struct Crowd {
    state: Mutex<State>,
    /// A place was given back.
    left: Notify,
}

#[derive(Debug)]
struct State {
    limits: Limits,
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// How many may be there.
#[derive(Debug)]
struct Limits {
    all: usize,
    per_address: usize,
    /// Our own relays bring many clients' mail from one address.
    exempt: Vec<Network>,
}

/// One connection's right to be there; given back on drop, a panic of its task included.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Arc<Crowd>,
    address: Option<IpAddr>,
}

impl Limits {
    fn new(options: &Options, exempt: &[Network]) -> Self {
        let (all, per_address) = (options.max_connections, options.max_connections_per_address);
        Self { all, per_address, exempt: exempt.to_vec() }
    }
}

impl Crowd {
    /// Nobody yet. The limit on one address does not hold for `exempt` networks.
    pub(super) fn new(options: &Options, exempt: &[Network]) -> Arc<Self> {
        let state = State { limits: Limits::new(options, exempt), all: 0, by_address: HashMap::new() };
        Arc::new(Self { state: Mutex::new(state), left: Notify::new() })
    }

    /// Other limits for those who come from now on. Who is there stays.
    pub(super) fn set_limits(&self, options: &Options, exempt: &[Network]) {
        self.state().limits = Limits::new(options, exempt);
    }

    /// A place for a client, or what to tell it.
    pub(super) fn admit(self: &Arc<Self>, ip: Option<IpAddr>) -> Result<Place, Reply> {
        let mut state = self.state();
        if state.all >= state.limits.all {
            return Err(Reply::TooManyConnections);
        }
        if let Some(ip) = ip {
            let count = state.by_address.get(&grouped(ip)).copied().unwrap_or_default();
            if count >= state.limits.per_address && !state.limits.exempt.iter().any(|network| network.contains(ip)) {
                return Err(Reply::TooManyFromAddress);
            }
            state.by_address.insert(grouped(ip), count + 1);
        }
        state.all += 1;
        numbers::connected();
        Ok(Place { crowd: Arc::clone(self), address: ip.map(grouped) })
    }

    /// Returns when every place was given back.
    pub(super) async fn gone(&self) {
        loop {
            // Registered before the look.
            let left = self.left.notified();
            tokio::pin!(left);
            left.as_mut().enable();
            if self.state().all == 0 {
                return;
            }
            left.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Whether more than nine tenths of all connections are taken.
    pub(super) fn is_crowded(&self) -> bool {
        let state = self.crowd.state();
        state.all * 10 > state.limits.all * 9
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        numbers::disconnected();
        let mut state = self.crowd.state();
        state.all -= 1;
        if let Some(address) = self.address
            && let Some(count) = state.by_address.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                state.by_address.remove(&address);
            }
        }
        drop(state);
        self.crowd.left.notify_waiters();
    }
}

/// One customer of a provider holds a whole /64 of IPv6, so that counts as one address.
fn grouped(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        address => address,
    }
}
