//! `[limits]`, `[acknowledgements]`, `[automatic_mail]` and `[held]`: how much one mail may hold, what machines may bring about, and how often
//! admins are told of held mail.

use std::time::Duration;

use super::document::Node;
use super::table::Table;
use super::value::{self, Read};
use crate::model::desk::{AcknowledgementCaps, AutomaticMail, Limits, SenderPattern};

/// Reads `[limits]`, and how often an arrival is attempted before it is held.
pub(super) fn limits(table: &Table<'_>) -> (Limits, i64) {
    const KIB: usize = 1024;
    const MIB: usize = 1024 * 1024;
    let default = Limits::default();
    let limits = Limits {
        header_size: table.size("max_header_size", default.header_size, KIB..=64 * MIB),
        header_fields: table.count("max_header_fields", 1_000, 10..=100_000) as usize,
        // Every level of nesting costs stack.
        nesting: table.count("max_nesting", 50, 1..=100) as usize,
        parts: table.count("max_parts", 1_000, 1..=100_000) as usize,
        references: table.count("max_references", 50, 1..=1_000) as usize,
        received: table.count("max_received", 100, 1..=1_000) as usize,
        text_size: table.size("max_text_size", default.text_size, KIB..=64 * MIB),
        followers: table.count("max_followers", 50, 1..=1_000) as usize,
        attached: table.size("max_attached", default.attached, 0..=64 * MIB),
    };
    let attempts = i64::from(table.count("attempts", 3, 1..=100));
    table.finish(&[]);
    (limits, attempts)
}

/// Reads `[acknowledgements]`.
pub(super) fn acknowledgements(table: &Table<'_>) -> AcknowledgementCaps {
    let cap = |key, default| i64::from(table.count(key, default, 1..=1_000_000));
    let caps =
        AcknowledgementCaps { per_hour: cap("per_hour", 1), per_day: cap("per_day", 5), total_per_day: cap("total_per_day", 40) };
    table.finish(&[]);
    caps
}

/// How often admins are told of held mail, unless the configuration says otherwise.
const DIGEST: Duration = Duration::from_secs(3_600);

/// Reads `[held]`: how often admins are told of held mail at most; `None` for never.
pub(super) fn held(table: &Table<'_>) -> Option<Duration> {
    let digest = table.optional("digest", value::duration).unwrap_or(DIGEST);
    table.finish(&[]);
    (!digest.is_zero()).then_some(digest)
}

/// Reads `[automatic_mail]`.
pub(super) fn automatic_mail(table: &Table<'_>) -> AutomaticMail {
    let default = AutomaticMail::default();
    let cap = |key, default: i64| i64::from(table.count(key, u32::try_from(default).unwrap_or(1), 1..=1_000_000));
    let automatic_mail = AutomaticMail {
        human_senders: table.list("human_senders", sender_pattern).into_iter().map(|(pattern, _)| pattern).collect(),
        passed_on_per_hour: cap("passed_on_per_hour", default.passed_on_per_hour),
        told_per_hour: cap("told_per_hour", default.told_per_hour),
        shown_per_hour: cap("shown_per_hour", default.shown_per_hour),
    };
    table.finish(&[]);
    automatic_mail
}

/// An address, or `@` and a domain.
fn sender_pattern(node: &Node) -> Read<SenderPattern> {
    let text = value::text(node)?;
    let Some(domain) = text.strip_prefix('@') else { return value::address(node).map(SenderPattern::Address) };
    value::host_name(domain)?;
    Ok(SenderPattern::Domain(domain.to_ascii_lowercase()))
}
