//! Every number that a gateway shows: its name, its labels with the values they take, and what it says.

/// What a number is, for whoever reads the list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// Its name, as Prometheus has it.
    pub name: &'static str,
    /// What it does.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [Label],
    /// Whether it is counted where something happens; else it is asked for when somebody looks.
    pub counted: bool,
    /// What it says, with its unit.
    pub help: &'static str,
}

/// What a number does, as Prometheus calls it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// It grows, from 0 at the start of the process.
    Counter,
    /// It is what it is at the moment.
    Gauge,
    /// How many were how large: up to these bounds.
    Histogram(&'static [f64]),
}

impl Kind {
    /// The name in a scrape.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        }
    }
}

/// A label of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// The values that it takes; empty where the configuration or another part names them, and then there are few.
    pub values: &'static [&'static str],
}

const fn label(name: &'static str, values: &'static [&'static str]) -> Label {
    Label { name, values }
}

const fn counter(name: &'static str, labels: &'static [Label], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, labels, counted: true, help }
}

const fn gauge(name: &'static str, labels: &'static [Label], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, labels, counted: false, help }
}

/// One that is set where something happens.
const fn kept(name: &'static str, labels: &'static [Label], help: &'static str) -> Metric {
    Metric { counted: true, ..gauge(name, labels, help) }
}

const fn histogram(name: &'static str, bounds: &'static [f64], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Histogram(bounds), labels: &[], counted: true, help }
}

/// From what a disk needs for one sync to what a client waits for at most.
const COMMIT_SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// From an idle gateway to one that has a backlog of an hour.
const HOP_SECONDS: &[f64] =
    &[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0];
const BATCH_SIZES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];

const EVENT: Label = label(
    "event",
    &[
        "acknowledgement",
        "request",
        "begun",
        "assigned",
        "reply",
        "answer",
        "note",
        "closed",
        "reopened",
        "due-soon",
        "overdue",
        "undelivered",
        "held",
        "receipt",
        "digest",
        "alarm",
    ],
);
const ACCOUNT: Label = label("account", &[]);

pub(super) const ACCEPTED: Metric = counter(
    "postdesk_mails_accepted_total",
    &[label("source", &["smtp", "lmtp", "http", "imap"])],
    "Mails taken into custody, by where they came from. `postdesk pipe` and `postdesk import` are processes of their own and count here as decided only.",
);
pub(super) const FETCHED: Metric =
    counter("postdesk_imap_fetched_total", &[ACCOUNT], "Mails fetched into custody, by IMAP account.");
pub(super) const REFUSED: Metric = counter(
    "postdesk_refusals_total",
    &[label(
        "reason",
        &[
            "too-many-connections",
            "too-many-from-address",
            "stopping",
            "silence",
            "data-too-slow",
            "too-many-errors",
            "store-away",
            "disk-full",
            "no-memory",
            "too-many-recipients",
            "unknown-command",
            "line-too-long",
            "bare-newline-in-command",
            "out-of-step",
            "not-lmtp",
            "bad-arguments",
            "bad-sender",
            "bad-recipient",
            "not-offered",
            "bad-sequence",
            "unknown-recipient",
            "relay-denied",
            "reports-only",
            "bare-newline",
            "too-large",
            "needs-utf8",
            "no-valid-recipients",
            "unknown-parameter",
        ],
    )],
    "Replies of SMTP and LMTP that refuse, one for each 4xx and 5xx, by reason.",
);
pub(super) const CUSTODY_REFUSED: Metric = counter(
    "postdesk_custody_refusals_total",
    &[label("reason", &["busy", "away", "full", "stopping"])],
    "Mails that were whole and not taken into custody, whatever they came by: their senders keep them and come back.",
);
pub(super) const CONNECTIONS: Metric =
    counter("postdesk_connections_total", &[], "Connections of SMTP and LMTP that were let in.");
pub(super) const CONNECTIONS_OPEN: Metric = kept("postdesk_connections_open", &[], "Connections of SMTP and LMTP that are open.");
pub(super) const CUSTODY_SECONDS: Metric = histogram(
    "postdesk_custody_seconds",
    COMMIT_SECONDS,
    "First hop: seconds from the whole mail being here (the end of DATA) to its commit.",
);
pub(super) const COMMIT_MAILS: Metric = histogram("postdesk_commit_mails", BATCH_SIZES, "Mails in one commit of custody.");
pub(super) const DECIDED: Metric = counter(
    "postdesk_mails_decided_total",
    &[label(
        "outcome",
        &["request", "reply", "answer", "note", "command", "automatic", "bounce", "duplicate", "held", "discarded"],
    )],
    "Mails decided, by outcome.",
);
pub(super) const HELD: Metric = counter(
    "postdesk_mails_held_total",
    &[label(
        "cause",
        &[
            "no-sender",
            "several-senders",
            "agent-unproven",
            "agent-without-token",
            "token-of-another",
            "agent-may-not-write",
            "not-on-ticket",
            "no-such-ticket",
            "command-not-understood",
            "note-in-answer",
            "loop",
            "no-such-department",
            "not-a-report",
            "failed-repeatedly",
        ],
    )],
    "Mails held, by cause.",
);
pub(super) const AUTHENTICATED: Metric = counter(
    "postdesk_mails_authenticated_total",
    &[label("result", &["unproven", "spf", "dkim", "arc", "authentication-results", "trusted-network", "operator"])],
    "Mails decided, by what proved their author.",
);
pub(super) const DECISION_SECONDS: Metric = histogram(
    "postdesk_decision_seconds",
    HOP_SECONDS,
    "Second hop: seconds from the receipt of a mail to its decision; without mail out of archives.",
);
pub(super) const DECISION_FAILURES: Metric =
    counter("postdesk_decision_failures_total", &[], "Attempts at a mail that failed; after some the mail is held.");
pub(super) const QUEUED: Metric = counter("postdesk_notices_queued_total", &[EVENT], "Notices queued by decisions, by event.");
pub(super) const SETTLED: Metric = counter(
    "postdesk_notices_total",
    &[EVENT, label("result", &["sent", "later", "failed", "dropped"])],
    "What became of notices: sent, to be tried again (each time), given up, dropped at the last look.",
);
pub(super) const ATTEMPTS: Metric = counter(
    "postdesk_delivery_attempts_total",
    &[label("result", &["sent", "later", "never", "unbegun"])],
    "Attempts at delivery, by what they ended with; unbegun: the host could not be used.",
);
pub(super) const DELIVERY_SECONDS: Metric = histogram(
    "postdesk_delivery_seconds",
    HOP_SECONDS,
    "Third hop: seconds from the queueing of a notice to its having been sent.",
);
pub(super) const TOKEN_EXPIRY: Metric = kept(
    "postdesk_token_expiry_timestamp_seconds",
    &[label("client", &[])],
    "When the access token ends that a provider gave to this client last, in seconds since 1970; a fresh one is asked for when it is needed.",
);
pub(super) const RELOADS: Metric =
    counter("postdesk_reloads_total", &[label("result", &["taken", "refused"])], "Reloads of the configuration.");
pub(super) const LAST_RELOAD: Metric = kept(
    "postdesk_last_reload_timestamp_seconds",
    &[label("result", &["taken", "refused"])],
    "When the configuration was last reloaded, or refused, in seconds since 1970; 0 for never.",
);
pub(super) const WATCHDOG: Metric = counter(
    "postdesk_watchdog_feeds_total",
    &[],
    "Signs of life given to the service manager, each for the progress of every part.",
);
pub(super) const REMOVED: Metric =
    counter("postdesk_retention_removed_total", &[label("kind", &[])], "Rows that retention removed, by what they were.");

/// Whether the store answered when it was last looked at.
pub const STORE_UP: Metric = gauge(
    "postdesk_store_up",
    &[],
    "1 when the store answered the questions of this scrape in time, else 0 and its numbers are missing.",
);
/// Arrivals without an outcome.
pub const PENDING: Metric = gauge("postdesk_arrivals_pending", &[], "Arrivals that wait for their decision.");
/// Age of the oldest of them.
pub const OLDEST_PENDING: Metric =
    gauge("postdesk_oldest_pending_seconds", &[], "Age of the oldest arrival that waits for its decision; 0 when none does.");
/// Mail of archives without an outcome.
pub const ARCHIVED: Metric =
    gauge("postdesk_archived_pending", &[], "Imported mail that waits for its decision, for which nobody waits.");
/// Notices by state.
pub const OUTBOX: Metric = gauge(
    "postdesk_outbox_notices",
    &[label("state", &["due", "deferred", "leased", "kept-back"])],
    "Notices that are not settled: their time has come; tried again later; being sent; held by an operator.",
);
/// Notices that were given up.
pub const FAILED_DAY: Metric =
    gauge("postdesk_notices_failed_day", &[], "Notices given up within the last day, by all gateways of the store.");
/// How long the oldest notice has been overdue.
pub const OLDEST_DUE: Metric =
    gauge("postdesk_oldest_due_seconds", &[], "For how long the oldest notice whose time has come waits; 0 when none does.");
/// Arrivals that a person must look at.
pub const HELD_NOW: Metric = gauge("postdesk_arrivals_held", &[], "Held mail that waits for a person.");
/// Octets of the database.
pub const STORE_BYTES: Metric =
    gauge("postdesk_store_bytes", &[], "Octets of the database, without large mail that lies elsewhere.");
/// Octets that are free beside it.
pub const STORE_FREE: Metric =
    gauge("postdesk_store_free_bytes", &[], "Octets free on the file system of the database; missing where it is a server.");
/// How an account is.
pub const IMAP_STATE: Metric = gauge(
    "postdesk_imap_state",
    &[ACCOUNT, label("state", &["well", "partly", "connecting", "waiting", "alarm", "stale", "never"])],
    "1 for the state that the account is in, 0 for the others.",
);
/// When an account was last looked through.
pub const IMAP_SUCCESS: Metric = gauge(
    "postdesk_imap_last_success_seconds",
    &[ACCOUNT],
    "Seconds since the account was last looked through to the end; missing when it never was.",
);
/// Mail on the server that is not ours yet.
pub const IMAP_BEHIND: Metric = gauge(
    "postdesk_imap_behind",
    &[ACCOUNT],
    "Mails on the server that are still to be fetched; missing when that is not known.",
);
/// How long ago a part gave a sign of progress.
pub const PART_AGE: Metric =
    gauge("postdesk_part_age_seconds", &[label("part", &[])], "Seconds since a part last gave a sign of progress.");
/// From when on it counts as standing still.
pub const PART_LIMIT: Metric =
    gauge("postdesk_part_limit_seconds", &[label("part", &[])], "The age from which a part counts as standing still.");
/// What this is.
pub const BUILD: Metric = gauge("postdesk_build_info", &[label("version", &[])], "1, with the version as its label.");
/// When the process began.
pub const STARTED: Metric = gauge("process_start_time_seconds", &[], "When the process began, in seconds since 1970.");
/// Memory of the process.
pub const MEMORY: Metric = gauge("process_resident_memory_bytes", &[], "Octets of memory that the process has in use.");
/// Descriptors of the process.
pub const DESCRIPTORS: Metric = gauge("process_open_fds", &[], "Descriptors that the process has open.");

/// Every number there is.
pub const METRICS: &[Metric] = &[
    ACCEPTED,
    FETCHED,
    REFUSED,
    CUSTODY_REFUSED,
    CONNECTIONS,
    CONNECTIONS_OPEN,
    CUSTODY_SECONDS,
    COMMIT_MAILS,
    DECIDED,
    HELD,
    AUTHENTICATED,
    DECISION_SECONDS,
    DECISION_FAILURES,
    QUEUED,
    SETTLED,
    ATTEMPTS,
    DELIVERY_SECONDS,
    TOKEN_EXPIRY,
    RELOADS,
    LAST_RELOAD,
    WATCHDOG,
    REMOVED,
    STORE_UP,
    PENDING,
    OLDEST_PENDING,
    ARCHIVED,
    OUTBOX,
    FAILED_DAY,
    OLDEST_DUE,
    HELD_NOW,
    STORE_BYTES,
    STORE_FREE,
    IMAP_STATE,
    IMAP_SUCCESS,
    IMAP_BEHIND,
    PART_AGE,
    PART_LIMIT,
    BUILD,
    STARTED,
    MEMORY,
    DESCRIPTORS,
];
