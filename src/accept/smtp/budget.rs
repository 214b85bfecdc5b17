//! The memory for messages that are being received, over all connections: asked for before it is used, given back on drop.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Octets by which a reservation grows.
pub const STEP: usize = 64 * 1024;

/// What all connections together may hold.
#[derive(Debug)]
pub struct Budget {
    limit: AtomicUsize,
    taken: AtomicUsize,
}

impl Budget {
    /// A budget of so many octets.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit: AtomicUsize::new(limit), taken: AtomicUsize::new(0) })
    }

    /// Another limit from now on. What is held already stays.
    pub fn set_limit(&self, limit: usize) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    fn take(&self, octets: usize) -> bool {
        // Relaxed: the number guards no other memory, and fetch_update never lets it pass the limit.
        let limit = self.limit.load(Ordering::Relaxed);
        self.taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| taken.checked_add(octets).filter(|sum| *sum <= limit))
            .is_ok()
    }
}

/// A share of the budget.
#[derive(Debug)]
pub struct Reservation {
    budget: Arc<Budget>,
    octets: usize,
}

impl Reservation {
    /// No share yet.
    pub fn none(budget: &Arc<Budget>) -> Self {
        Self { budget: Arc::clone(budget), octets: 0 }
    }

    /// Size of the share in octets.
    pub fn octets(&self) -> usize {
        self.octets
    }

    /// Makes the share at least so large, in whole steps; `false`, and nothing changes, when the budget has no room.
    pub fn raise_to(&mut self, octets: usize) -> bool {
        let wanted = octets.div_ceil(STEP).saturating_mul(STEP);
        let more = wanted.saturating_sub(self.octets);
        if !self.budget.take(more) {
            return false;
        }
        self.octets += more;
        true
    }

    /// Gives the share back.
    pub fn release(&mut self) {
        self.budget.taken.fetch_sub(self.octets, Ordering::Relaxed);
        self.octets = 0;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.release();
    }
}
