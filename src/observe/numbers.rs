//! Every number that a gateway shows, with its name and what it says. The only user of `metrics` and its exporter.
//!
//! A number is counted by a function of its own here, so that a name cannot be misspelt where something happens, and so that this file is
//! the list of all of them. Labels take few values that we choose, never an address, a subject or a number of a ticket.

use std::sync::OnceLock;

use metrics::{counter, describe_counter};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// What a number is, for whoever reads the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name, as Prometheus has it.
    pub name: &'static str,
    /// Names of its labels.
    pub labels: &'static [&'static str],
    /// What it says, with its unit.
    pub help: &'static str,
}

/// Mails taken into custody.
const ACCEPTED: Metric = Metric {
    name: "postdesk_mails_accepted_total",
    labels: &["source"],
    help: "Mails taken into custody, by where they came from.",
};

/// What was removed by `[retention]`.
const REMOVED: Metric = Metric {
    name: "postdesk_retention_removed_total",
    labels: &["what"],
    help: "What was removed because it was kept for long enough, by the key of [retention].",
};

/// Every number there is.
pub const METRICS: &[Metric] = &[ACCEPTED, REMOVED];

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Begins to count. What was counted before is lost; whoever calls it again changes nothing.
pub fn install() {
    RECORDER.get_or_init(|| {
        let handle = PrometheusBuilder::new().install_recorder().ok();
        describe_counter!(ACCEPTED.name, ACCEPTED.help);
        describe_counter!(REMOVED.name, REMOVED.help);
        handle
    });
}

/// All numbers as text, in the format that Prometheus reads. Empty before [`install`].
pub fn text() -> String {
    RECORDER.get().and_then(Option::as_ref).map(PrometheusHandle::render).unwrap_or_default()
}

/// A mail is in custody, from this source.
pub fn accepted(source: &'static str) {
    counter!(ACCEPTED.name, "source" => source).increment(1);
}

/// So many were removed by this key of `[retention]`.
pub fn removed(what: &'static str, count: u64) {
    counter!(REMOVED.name, "what" => what).increment(count);
}
