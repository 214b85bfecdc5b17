//! What `check` says of what is kept for how long.

use serde_json::{Value, json};

use crate::settings::Settings;
use crate::store::retention::What;

/// A row for each key that is set; none when everything is kept for ever.
pub(super) fn rows(settings: &Settings) -> Vec<(&'static str, String)> {
    settings.retention.rules().map(|(what, age)| (what.key(), format!("{}, for {}", told(what), age.written))).collect()
}

/// What is kept under a key, and from when on.
fn told(what: What) -> &'static str {
    match what {
        What::Closed => "closed tickets with all that belongs to them, from their closing on",
        What::Raw => "originals of mail that was decided, but for those of open tickets",
        What::Held => "held mail that nobody released, since it was held",
        What::Other => "mail that is no message of a ticket: of machines, reports, copies, commands, what was discarded",
        What::Sent => "the mail of notices that were sent",
    }
}

/// Null for what is kept for ever.
pub(super) fn json(settings: &Settings) -> Value {
    let kept = |what: What| settings.retention.rules().find(|(rule, _)| *rule == what).map(|(_, age)| age.written.clone());
    json!({
        "closed": kept(What::Closed),
        "raw": kept(What::Raw),
        "held": kept(What::Held),
        "other": kept(What::Other),
        "sent": kept(What::Sent),
    })
}
