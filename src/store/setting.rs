//! What a store knows of itself.

use std::time::SystemTime;

use super::{Fault, Store};
use crate::model::time::Time;

/// The setting that says where a store was carried over to.
pub const MOVED_TO: &str = "moved-to";
/// The setting that tells the keys of the desk: their fingerprint.
pub const KEYS: &str = "keys";

impl Store {
    /// A setting of the store; `None` when it was never set.
    pub async fn setting(&self, name: &str) -> Result<Option<String>, Fault> {
        on_either!(self, base => base.setting(name))
    }

    /// Writes a word, and waits until it is on the disk: whether the store can be written to is known by nothing else.
    ///
    /// # Errors
    /// When it cannot be.
    pub async fn try_to_write(&self) -> Result<(), Fault> {
        let now = Time::from(SystemTime::now()).rfc3339();
        on_either!(self, base => base.set("last-tried", &now))
    }

    /// Sets what is not set yet; returns what it is now.
    pub async fn set_once(&self, name: &str, value: &str) -> Result<String, Fault> {
        on_either!(self, base => base.set_once(name, value))
    }
}
