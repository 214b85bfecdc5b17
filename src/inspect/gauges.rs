//! The numbers that are asked for when somebody looks: of the store, of the accounts, of the parts, of the process.
//!
//! What cannot be found out is left out and does not keep the rest from being told.

use std::fs;

use super::Inspector;
use super::report::Report;
use crate::model::time::Time;
use crate::observe::numbers::{self, Page};
use crate::observe::{beat::Pulse, life};

/// Octets of a page of memory as `/proc/self/statm` counts them, on every system that this runs on.
const PAGE: f64 = 4_096.0;

impl Inspector {
    /// All numbers, in the format that Prometheus reads.
    pub(super) async fn metrics(&self) -> String {
        let report = self.recent_report().await;
        let mut page = Page::default();
        page.one(&numbers::STORE_UP, f64::from(u8::from(report.is_ok())));
        if let Ok(report) = &report {
            of_store(&mut page, report);
            of_accounts(&mut page, report);
        }
        of_parts(&mut page, &self.beats.pulses());
        of_process(&mut page);
        numbers::text() + &page.text()
    }
}

fn of_store(page: &mut Page, report: &Report) {
    let (queues, now) = (&report.queues, report.at);
    let age = |since: Option<Time>| since.map_or(0.0, |since| now.seconds_since(since) as f64);
    page.one(&numbers::PENDING, queues.pending.count as f64);
    page.one(&numbers::OLDEST_PENDING, age(queues.pending.since));
    page.one(&numbers::ARCHIVED, queues.archived as f64);
    let states = [
        ("due", queues.due.count),
        ("deferred", queues.deferred.count),
        ("leased", queues.leased),
        ("kept-back", queues.kept_back),
    ];
    page.add(&numbers::OUTBOX, states.map(|(state, count)| (vec![state], count as f64)));
    page.one(&numbers::OLDEST_DUE, age(queues.due.since));
    page.one(&numbers::HELD_NOW, queues.held.count as f64);
    page.one(&numbers::FAILED_DAY, report.day.notices.get("failed").copied().unwrap_or_default() as f64);
    page.add(&numbers::STORE_BYTES, report.room.size.map(|size| (Vec::new(), size as f64)));
    page.add(&numbers::STORE_FREE, report.room.free.map(|free| (Vec::new(), free as f64)));
}

fn of_accounts(page: &mut Page, report: &Report) {
    let states = numbers::IMAP_STATE.labels.last().map_or(&[][..], |label| label.values);
    let accounts = &report.accounts;
    let state = accounts.iter().flat_map(|account| {
        let is = |state: &&'static str| f64::from(u8::from(account.standing == *state));
        states.iter().map(move |state| (vec![account.name.as_str(), *state], is(state)))
    });
    page.add(&numbers::IMAP_STATE, state);
    let success = accounts.iter().filter_map(|account| Some((account, report.at.seconds_since(account.last_success_at?))));
    page.add(&numbers::IMAP_SUCCESS, success.map(|(account, seconds)| (vec![account.name.as_str()], seconds as f64)));
    let behind = accounts.iter().filter_map(|account| Some((vec![account.name.as_str()], account.behind? as f64)));
    page.add(&numbers::IMAP_BEHIND, behind);
}

fn of_parts(page: &mut Page, pulses: &[Pulse]) {
    // Two parts may have the same name for the moment in which one takes the place of the other.
    let mut parts: Vec<&Pulse> = pulses.iter().collect();
    parts.sort_by(|one, other| (&one.name, one.age).cmp(&(&other.name, other.age)));
    parts.dedup_by(|one, other| one.name == other.name);
    page.add(&numbers::PART_AGE, parts.iter().map(|part| (vec![part.name.as_str()], part.age.as_secs_f64())));
    page.add(&numbers::PART_LIMIT, parts.iter().map(|part| (vec![part.name.as_str()], part.limit.as_secs_f64())));
}

fn of_process(page: &mut Page) {
    page.add(&numbers::BUILD, [(vec![env!("CARGO_PKG_VERSION")], 1.0)]);
    page.one(&numbers::STARTED, Time::from(life::began()).0 as f64 / 1e6);
    page.add(&numbers::MEMORY, resident().map(|octets| (Vec::new(), octets)));
    page.add(&numbers::DESCRIPTORS, fs::read_dir("/proc/self/fd").ok().map(|files| (Vec::new(), files.count() as f64)));
}

/// proc(5): the second number of `statm`, in pages.
fn resident() -> Option<f64> {
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    statm.split_ascii_whitespace().nth(1)?.parse().ok().map(|pages: f64| pages * PAGE)
}
