//! What there is to carry: every table and column of a store, so that one copy and one comparison serve them all.
//!
//! A store whose tables have other columns than stand here is not moved at all: something would stay behind, unnoticed.

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number, a time, or a flag.
    Number,
    /// Text.
    Text,
    /// Octets.
    Octets,
}

/// A table of a store.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// The columns of its primary key, which stand first among `columns`.
    pub key: usize,
    /// What is carried.
    pub columns: &'static [(&'static str, Kind)],
    /// What stays behind: it means something only where it is.
    pub left: &'static [&'static str],
    /// Which rows are carried, as a condition in SQL.
    pub only: &'static str,
}

impl Table {
    const fn new(name: &'static str, key: usize, columns: &'static [(&'static str, Kind)]) -> Self {
        Self { name, key, columns, left: &[], only: "TRUE" }
    }
}

use Kind::{Number, Octets, Text};

/// The tables, each behind those that it refers to.
pub const TABLES: [Table; 20] = [
    Table::new("raw", 1, &[("id", Number), ("sha256", Octets), ("octets", Octets), ("object", Text)]),
    Table { left: &["claimed_by", "passed_over"], ..Table::new("arrival", 1, ARRIVAL) },
    Table::new("ticket", 1, TICKET),
    Table::new("follower", 2, &[("ticket", Number), ("address", Text), ("name", Text), ("since", Number)]),
    Table::new("participant", 2, &[("ticket", Number), ("agent", Text)]),
    Table::new("tag", 2, &[("ticket", Number), ("tag", Text)]),
    Table::new("relation", 3, &[("ticket", Number), ("other", Number), ("kind", Text)]),
    Table::new("message", 1, MESSAGE),
    Table::new("attachment", 2, ATTACHMENT),
    Table::new("event", 1, EVENT),
    Table::new("outbox", 1, OUTBOX),
    Table::new("letter", 1, &[("outbox", Number), ("head", Text), ("parts", Text), ("tail", Text)]),
    Table::new("dead_address", 1, &[("address_key", Text), ("since", Number), ("why", Text)]),
    Table::new("acknowledged", 2, &[("recipient_key", Text), ("slot", Number), ("sent", Number)]),
    Table::new("sent", 2, &[("kind", Text), ("slot", Number), ("count", Number)]),
    Table::new("fetched", 4, FETCHED),
    Table::new("folder", 2, FOLDER),
    Table::new("imported", 1, &[("digest", Octets), ("arrival", Number)]),
    Table::new("counter", 1, &[("name", Text), ("next", Number)]),
    Table { only: OF_THE_DESK, ..Table::new("setting", 1, &[("name", Text), ("value", Text)]) },
];

/// What says who works on a store at present, and how that goes. No row of these is carried.
pub const PRESENCE: [&str; 3] = ["gateway", "duty", "account"];

/// Settings that speak of the desk. The others speak of the store itself, and each store has its own.
const OF_THE_DESK: &str = "name NOT IN ('needs', 'identity', 'moving-from', 'moved-from', 'last-tried')";

const ARRIVAL: &[(&str, Kind)] = &[
    ("id", Number),
    ("raw_id", Number),
    ("department", Text),
    ("sender", Text),
    ("recipients", Text),
    ("source", Text),
    ("peer_ip", Text),
    ("peer_helo", Text),
    ("peer_tls", Number),
    ("size", Number),
    ("received_at", Number),
    ("archived", Number),
    ("attempts", Number),
    ("last_error", Text),
    ("outcome", Text),
    ("cause", Text),
    ("ticket", Number),
    ("authenticity", Text),
    ("evidence", Text),
    ("released_by", Text),
    ("released_onto", Number),
    ("history", Text),
    ("told_at", Number),
    ("message_id", Text),
    ("subject", Text),
    ("content_key", Octets),
    ("reasons", Text),
    ("defects", Text),
    ("decided_at", Number),
];

const TICKET: &[(&str, Kind)] = &[
    ("number", Number),
    ("department", Text),
    ("subject", Text),
    ("status", Text),
    ("priority", Text),
    ("origin", Text),
    ("visibility", Text),
    ("requester_name", Text),
    ("requester_address", Text),
    ("assignee", Text),
    ("mailbox", Text),
    ("first_message_id", Text),
    ("last_message_id", Text),
    ("due_at", Number),
    ("created_at", Number),
    ("updated_at", Number),
    ("closed_at", Number),
    ("proven", Text),
    ("lately_since", Number),
    ("lately_proven", Number),
    ("lately_unproven", Number),
    ("lately_machines", Number),
    ("due_by_hand", Number),
    ("reminded_of", Number),
    ("overdue_of", Number),
    ("language", Text),
    ("recent", Text),
];

const MESSAGE: &[(&str, Kind)] = &[
    ("arrival", Number),
    ("ticket", Number),
    ("kind", Text),
    ("public", Number),
    ("author_name", Text),
    ("author_address", Text),
    ("author_agent", Text),
    ("at", Number),
    ("message_id", Text),
    ("subject", Text),
    ("text", Text),
    ("quoted", Text),
    ("authenticated", Number),
    ("html", Text),
    ("protection", Text),
    ("forwarded_name", Text),
    ("forwarded_address", Text),
    ("forwarded_date", Text),
    ("forwarded_subject", Text),
    ("remark", Text),
    ("remark_name", Text),
    ("remark_address", Text),
    ("remark_agent", Text),
];

const ATTACHMENT: &[(&str, Kind)] = &[
    ("message", Number),
    ("position", Number),
    ("name", Text),
    ("media_type", Text),
    ("size", Number),
    ("sha256", Octets),
    ("inline", Number),
    ("content_id", Text),
    ("encoding", Text),
    ("raw_start", Number),
    ("raw_end", Number),
    ("inner_start", Number),
    ("inner_end", Number),
    ("inner_uuencoded", Number),
];

const EVENT: &[(&str, Kind)] =
    &[("id", Number), ("ticket", Number), ("at", Number), ("actor", Text), ("kind", Text), ("old", Text), ("new", Text)];

const OUTBOX: &[(&str, Kind)] = &[
    ("id", Number),
    ("ticket", Number),
    ("arrival", Number),
    ("event", Text),
    ("recipient", Text),
    ("recipient_key", Text),
    ("sender", Text),
    ("message_id", Text),
    ("state", Text),
    ("attempts", Number),
    ("next_attempt_at", Number),
    ("lease", Number),
    ("last_error", Text),
    ("created_at", Number),
    ("settled_at", Number),
    ("destination", Text),
    ("automatic", Number),
    ("told_at", Number),
];

const FETCHED: &[(&str, Kind)] = &[
    ("account", Text),
    ("folder", Text),
    ("validity", Number),
    ("uid", Number),
    ("arrival", Number),
    ("content", Octets),
    ("stage", Text),
    ("why", Text),
    ("at", Number),
    ("gone_at", Number),
];

const FOLDER: &[(&str, Kind)] = &[
    ("account", Text),
    ("folder", Text),
    ("validity", Number),
    ("first_uid", Number),
    ("since", Number),
    ("old_mail", Number),
    ("reconciled_at", Number),
];
