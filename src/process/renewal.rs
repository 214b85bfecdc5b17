//! Other rules while mail flows: the worker takes them up between two steps.
//!
//! Promise: a batch is decided by one set of rules, whole; what was read by the rules before is read again where they matter.

use tokio::sync::watch;

use super::{House, Worker};

impl Worker {
    /// Goes by the house of the moment: each step by one, whole.
    pub fn following(mut self, house: watch::Receiver<House>) -> Self {
        self.house = house.borrow().clone();
        self.fresh = Some(house);
        self
    }

    /// Takes up the house of the moment. What is in hand was read by the old one, and is read again where that matters.
    pub(super) fn renew(&mut self) {
        let Some(fresh) = self.fresh.as_mut().filter(|fresh| fresh.has_changed().unwrap_or(false)) else { return };
        self.house = fresh.borrow_and_update().clone();
        for case in &mut self.prepared {
            case.read_again(&self.house.desk);
        }
    }
}
