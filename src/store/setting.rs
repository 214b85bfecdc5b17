//! What a store knows of itself.

use super::{Fault, Store};

/// The setting that says where a store was carried over to.
pub const MOVED_TO: &str = "moved-to";
/// The setting that tells the keys of the desk: their fingerprint.
pub const KEYS: &str = "keys";

impl Store {
    /// A setting of the store; `None` when it was never set.
    pub async fn setting(&self, name: &str) -> Result<Option<String>, Fault> {
        on_either!(self, base => base.setting(name))
    }

    /// Sets what is not set yet; returns what it is now.
    pub async fn set_once(&self, name: &str, value: &str) -> Result<String, Fault> {
        on_either!(self, base => base.set_once(name, value))
    }
}
