//! The numbers: what a scripted traffic makes of them, and that the list, the page of the manual and a scrape are one.

use std::collections::BTreeSet;

use postdesk::observe::numbers::{Kind, METRICS};

use crate::desk::{Desk, Wish};
use crate::gateway::{DEADLINE, wait_for};
use crate::scrape::Scrape;
use crate::sink::Sink;

fn scrape(desk: &Desk) -> Scrape {
    let (status, head, body) = desk.get("/metrics");
    assert!(status == 200 && head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    Scrape::read(&body)
}

/// What has only a name where something like it is configured or has happened.
fn is_sometimes_there(name: &str) -> bool {
    let seldom = ["postdesk_imap_", "postdesk_token_", "postdesk_retention_", "postdesk_part_"];
    seldom.iter().any(|begins| name.starts_with(begins))
}

#[test]
fn a_scripted_traffic_is_counted_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::refusing("gone@");
    let desk = Desk::start(folder.path(), &Wish { relay: &sink.relay(), ..Wish::default() });
    desk.take("mia@customer.example", "Broken kettle", "It does not boil.");
    desk.take("gone@customer.example", "Broken toaster", "It does not toast.");
    desk.take_of_two("Hello");
    let unknown = ["EHLO client.example", "MAIL FROM:<mia@customer.example>", "RCPT TO:<nobody@desk.example.org>", "QUIT"];
    assert!(desk.say(&unknown)[3].starts_with("550 5.1.1"));
    let large = ["EHLO client.example", "MAIL FROM:<mia@customer.example> SIZE=99999999", "QUIT"];
    assert!(desk.say(&large)[2].starts_with("552 5.3.4"));
    // The second acknowledgement is refused, and that is the end of what comes of all this.
    desk.logged(&["given up"]);
    let settled = |scrape: &Scrape| scrape.counted("postdesk_notices_total").iter().map(|(_, count)| count).sum::<f64>();
    let queued = |scrape: &Scrape| scrape.counted("postdesk_notices_queued_total").iter().map(|(_, count)| count).sum::<f64>();
    let scrape = wait_for("every notice to be settled", DEADLINE, || {
        let scrape = scrape(&desk);
        (scrape.number("postdesk_delivery_attempts_total{result=\"sent\"}") >= 3.0 && settled(&scrape) >= queued(&scrape))
            .then_some(scrape)
    });
    let counted = |name: &str| -> Vec<(String, u64)> {
        scrape.counted(name).into_iter().map(|(labels, count)| (labels.replace('"', ""), count as u64)).collect()
    };
    let is = |name: &str, wanted: &[(&str, u64)]| {
        let found = counted(name);
        let found: Vec<(&str, u64)> = found.iter().map(|(labels, count)| (labels.as_str(), *count)).collect();
        assert_eq!(found, wanted, "{name}");
    };
    is("postdesk_mails_accepted_total", &[("source=smtp", 3)]);
    is("postdesk_refusals_total", &[("reason=too-large", 1), ("reason=unknown-recipient", 1)]);
    is("postdesk_custody_refusals_total", &[]);
    is("postdesk_mails_decided_total", &[("outcome=held", 1), ("outcome=request", 2)]);
    is("postdesk_mails_held_total", &[("cause=several-senders", 1)]);
    is("postdesk_mails_authenticated_total", &[("result=trusted-network", 2), ("result=unproven", 1)]);
    is("postdesk_notices_queued_total", &[("event=acknowledgement", 2), ("event=request", 2)]);
    is(
        "postdesk_notices_total",
        &[("event=acknowledgement,result=failed", 1), ("event=acknowledgement,result=sent", 1), ("event=request,result=sent", 2)],
    );
    is("postdesk_delivery_attempts_total", &[("result=never", 1), ("result=sent", 3)]);
    for (number, wanted) in [
        ("postdesk_custody_seconds_count", 3.0),
        ("postdesk_decision_seconds_count", 3.0),
        ("postdesk_delivery_seconds_count", 3.0),
        ("postdesk_commit_mails_sum", 3.0),
        ("postdesk_connections_total", 5.0),
        ("postdesk_decision_failures_total", 0.0),
        ("postdesk_store_up", 1.0),
        ("postdesk_custody_seconds_bucket{le=\"+Inf\"}", 3.0),
    ] {
        assert_eq!(scrape.number(number), wanted, "{number}");
    }
    let wait = |number: &str, wanted: f64| {
        wait_for(number, DEADLINE, || (Scrape::read(&desk.get("/metrics").2).number(number) == wanted).then_some(()));
    };
    wait("postdesk_arrivals_held", 1.0);
    wait("postdesk_notices_failed_day", 1.0);
    wait("postdesk_arrivals_pending", 0.0);
    wait("postdesk_connections_open", 0.0);
}

#[test]
fn a_scrape_has_every_number_of_the_list_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::start(folder.path(), &Wish::default());
    let scrape = scrape(&desk);
    for (name, kind) in &scrape.kinds {
        let metric = METRICS.iter().find(|metric| metric.name == name).unwrap_or_else(|| panic!("{name} is in no list"));
        assert_eq!(metric.kind.name(), kind, "{name}");
    }
    for metric in METRICS.iter().filter(|metric| !is_sometimes_there(metric.name)) {
        // A histogram without a measurement has no bucket yet.
        let seen = scrape.kinds.contains_key(metric.name) || matches!(metric.kind, Kind::Histogram(_));
        assert!(seen, "{} is not in the scrape", metric.name);
    }
    for series in ["process_resident_memory_bytes", "process_open_fds", "process_start_time_seconds", "postdesk_store_bytes"] {
        assert!(scrape.number(series) > 0.0, "{series}");
    }
}

#[test]
fn the_manual_has_a_row_for_each_number_and_each_value_of_a_label() {
    let page = include_str!("../../docs/metrics.md").split_once("\n## Every number\n").unwrap().1;
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    let named: BTreeSet<&str> = rows.iter().map(|row| row["| `".len()..].split('`').next().unwrap()).collect();
    let known: BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
    assert_eq!(named, known);
    for metric in METRICS {
        let row = rows.iter().find(|row| row.starts_with(&format!("| `{}` ", metric.name))).unwrap();
        assert!(row.contains(&format!("| {} |", metric.kind.name())), "{row}");
        for label in metric.labels {
            assert!(row.contains(&format!("`{}`", label.name)), "label {}: {row}", label.name);
            // Long lists stand below the table.
            assert!(label.values.iter().all(|value| page.contains(&format!("`{value}`"))), "{} {:?}", metric.name, label.values);
        }
    }
}
