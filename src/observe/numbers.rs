//! Every number that a gateway counts, and the list of all that it shows. The only user of `metrics` and its exporter.
//!
//! A number is counted by a function of its own here, so that a name cannot be misspelt where something happens; `list` says what there is.
//! Labels take few values that we choose, never an address, a subject or a number of a ticket. Whoever counts waits for nobody, and nothing is
//! counted before [`install`]: a verb that is no daemon counts nothing.

mod list;
mod page;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

pub use list::*;
pub use page::Page;

/// How many measurements may wait for a scrape that does not come before they are added up.
const WAITING: usize = 4_096;

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
static MEASURED: AtomicUsize = AtomicUsize::new(0);

fn counted() -> impl Iterator<Item = &'static Metric> {
    METRICS.iter().filter(|metric| metric.counted)
}

/// Begins to count. What was counted before is lost; whoever calls it again changes nothing. Every number is there from the beginning, so
/// that the first refusal is seen as a change from 0.
pub fn install() {
    RECORDER.get_or_init(|| {
        let builder = counted().try_fold(PrometheusBuilder::new(), |builder, metric| match metric.kind {
            Kind::Histogram(bounds) => builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), bounds),
            Kind::Counter | Kind::Gauge => Ok(builder),
        });
        let handle = builder.and_then(PrometheusBuilder::install_recorder).ok();
        counted().for_each(begin);
        handle
    });
}

/// Describes a number, and sets it to 0 for all values of its labels that are known.
fn begin(metric: &Metric) {
    match metric.kind {
        Kind::Counter => describe_counter!(metric.name, metric.help),
        Kind::Gauge => describe_gauge!(metric.name, metric.help),
        Kind::Histogram(_) => describe_histogram!(metric.name, metric.help),
    }
    let mut rows: Vec<Vec<(&'static str, &'static str)>> = vec![Vec::new()];
    for label in metric.labels {
        let with = |row: &Vec<_>, value: &&'static str| row.iter().copied().chain([(label.name, *value)]).collect();
        let longer = |row: &Vec<_>| label.values.iter().map(|value| with(row, value)).collect::<Vec<_>>();
        rows = rows.iter().flat_map(longer).collect();
    }
    for row in rows {
        match metric.kind {
            Kind::Counter => counter!(metric.name, &row).increment(0),
            Kind::Gauge => gauge!(metric.name, &row).set(0.0),
            // A histogram that has no measurement is all zero when it is first named.
            Kind::Histogram(_) => drop(histogram!(metric.name, &row)),
        }
    }
}

/// What was counted, as text in the format that Prometheus reads. Empty before [`install`].
pub fn text() -> String {
    RECORDER.get().and_then(Option::as_ref).map(PrometheusHandle::render).unwrap_or_default()
}

/// Measurements wait in memory until somebody reads them, and perhaps nobody does.
fn measure(metric: &Metric, value: f64) {
    let Some(Some(handle)) = RECORDER.get() else { return };
    histogram!(metric.name).record(value);
    if MEASURED.fetch_add(1, Ordering::Relaxed) % WAITING == WAITING - 1 {
        handle.run_upkeep();
    }
}

/// A mail is in custody, from this source, so long after it was here as a whole.
pub fn accepted(source: &'static str, after: Duration) {
    counter!(ACCEPTED.name, "source" => source).increment(1);
    measure(&CUSTODY_SECONDS, after.as_secs_f64());
}

/// A mail of this IMAP account is in custody.
pub fn fetched(account: &str) {
    counter!(FETCHED.name, "account" => account.to_owned()).increment(1);
}

/// A reply refused something.
pub fn refused(reason: &'static str) {
    counter!(REFUSED.name, "reason" => reason).increment(1);
}

/// A whole mail was not taken into custody.
pub fn not_taken(reason: &'static str) {
    counter!(CUSTODY_REFUSED.name, "reason" => reason).increment(1);
}

/// A connection was let in.
pub fn connected() {
    counter!(CONNECTIONS.name).increment(1);
    gauge!(CONNECTIONS_OPEN.name).increment(1.0);
}

/// A connection that was let in has ended.
pub fn disconnected() {
    gauge!(CONNECTIONS_OPEN.name).decrement(1.0);
}

/// So many mails went into one commit of custody.
pub fn committed(mails: usize) {
    measure(&COMMIT_MAILS, mails as f64);
}

/// A mail was decided: its outcome, the cause when it was held, and what proved its author.
pub fn decided(outcome: &'static str, cause: Option<&'static str>, proof: &'static str) {
    counter!(DECIDED.name, "outcome" => outcome).increment(1);
    counter!(AUTHENTICATED.name, "result" => proof).increment(1);
    if let Some(cause) = cause {
        counter!(HELD.name, "cause" => cause).increment(1);
    }
}

/// A mail was held because it failed each time: that is its decision, and nobody looked for a proof.
pub fn held_as_failed() {
    counter!(DECIDED.name, "outcome" => "held").increment(1);
    counter!(HELD.name, "cause" => "failed-repeatedly").increment(1);
}

/// A mail was decided so long after its receipt.
pub fn decided_after(time: Duration) {
    measure(&DECISION_SECONDS, time.as_secs_f64());
}

/// An attempt at a mail failed.
pub fn decision_failed() {
    counter!(DECISION_FAILURES.name).increment(1);
}

/// A decision queued a notice of this event.
pub fn queued(event: &'static str) {
    counter!(QUEUED.name, "event" => event).increment(1);
}

/// A notice of this event was settled: `sent`, `later`, `failed` or `dropped`. An event that another version queued counts all the same.
pub fn settled(event: &str, result: &'static str) {
    counter!(SETTLED.name, "event" => event.to_owned(), "result" => result).increment(1);
}

/// An attempt at delivery ended: `sent`, `later`, `never` or `unbegun`.
pub fn attempted(result: &'static str) {
    counter!(ATTEMPTS.name, "result" => result).increment(1);
}

/// A notice was sent so long after it was queued.
pub fn delivered_after(time: Duration) {
    measure(&DELIVERY_SECONDS, time.as_secs_f64());
}

/// A provider gave a token to this client, which ends after so long.
pub fn token_given(client: &str, lasts: Duration) {
    gauge!(TOKEN_EXPIRY.name, "client" => client.to_owned()).set(since_1970() + lasts.as_secs_f64());
}

/// The configuration was reloaded, or refused and the old one kept.
pub fn reloaded(taken: bool) {
    let result = if taken { "taken" } else { "refused" };
    counter!(RELOADS.name, "result" => result).increment(1);
    gauge!(LAST_RELOAD.name, "result" => result).set(since_1970());
}

/// The service manager was given a sign of life.
pub fn watchdog_fed() {
    counter!(WATCHDOG.name).increment(1);
}

/// Retention removed so many rows of this kind.
pub fn removed(kind: &'static str, rows: u64) {
    counter!(REMOVED.name, "kind" => kind).increment(rows);
}

fn since_1970() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_number_has_a_name_of_its_own_and_says_what_it_is() {
        let names: BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), METRICS.len());
        for metric in METRICS {
            assert!(metric.help.ends_with('.') && !metric.help.contains(['\n', '\\']), "{}", metric.name);
            assert_eq!(metric.name.ends_with("_total"), metric.kind == Kind::Counter, "{}", metric.name);
            assert!(metric.name.bytes().all(|octet| octet == b'_' || octet.is_ascii_lowercase()), "{}", metric.name);
        }
    }
}
