//! How many connections there may be: all together, and from one address. A socket of this machine has none.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Options;
use super::reply::Reply;
use crate::model::network::Network;
use crate::observe::numbers;

/// The connections that are open.
#[derive(Debug)]
pub(super) struct Crowd {
    free: Arc<Semaphore>,
    limit: usize,
    limit_per_address: usize,
    /// Our own relays bring many clients' mail from one address.
    exempt: Vec<Network>,
    by_address: Mutex<HashMap<IpAddr, usize>>,
}

/// One connection's right to be there; given back on drop, a panic of its task included.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Arc<Crowd>,
    address: Option<IpAddr>,
    _permit: OwnedSemaphorePermit,
}

impl Crowd {
    /// Nobody yet. The limit on one address does not hold for `exempt` networks.
    pub(super) fn new(options: &Options, exempt: &[Network]) -> Arc<Self> {
        let limit = options.max_connections.min(Semaphore::MAX_PERMITS).min(u32::MAX as usize);
        Arc::new(Self {
            free: Arc::new(Semaphore::new(limit)),
            limit,
            limit_per_address: options.max_connections_per_address,
            exempt: exempt.to_vec(),
            by_address: Mutex::new(HashMap::new()),
        })
    }

    /// A place for a client, or what to tell it.
    pub(super) fn admit(self: &Arc<Self>, ip: Option<IpAddr>) -> Result<Place, Reply> {
        let permit = Arc::clone(&self.free).try_acquire_owned().map_err(|_| Reply::TooManyConnections)?;
        let Some(ip) = ip else { return Ok(self.place(None, permit)) };
        let address = grouped(ip);
        let mut by_address = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        let count = by_address.entry(address).or_default();
        if *count >= self.limit_per_address && !self.exempt.iter().any(|network| network.contains(ip)) {
            return Err(Reply::TooManyFromAddress);
        }
        *count += 1;
        drop(by_address);
        Ok(self.place(Some(address), permit))
    }

    fn place(self: &Arc<Self>, address: Option<IpAddr>, permit: OwnedSemaphorePermit) -> Place {
        numbers::connected();
        Place { crowd: Arc::clone(self), address, _permit: permit }
    }

    /// Returns when every place was given back.
    pub(super) async fn gone(&self) {
        // An error means that the semaphore was closed, which nobody does.
        let _ = self.free.acquire_many(u32::try_from(self.limit).unwrap_or(u32::MAX)).await;
    }
}

impl Place {
    /// Whether more than nine tenths of all connections are taken.
    pub(super) fn is_crowded(&self) -> bool {
        let crowd = &self.crowd;
        (crowd.limit - crowd.free.available_permits().min(crowd.limit)) * 10 > crowd.limit * 9
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        numbers::disconnected();
        let Some(address) = self.address else { return };
        let mut by_address = self.crowd.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = by_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                by_address.remove(&address);
            }
        }
    }
}

/// One customer of a provider holds a whole /64 of IPv6, so that counts as one address.
fn grouped(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        address => address,
    }
}
