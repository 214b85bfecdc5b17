//! The page on terminals of several widths.

use std::time::Duration;

use super::*;
use crate::inspect::Options;
use crate::inspect::report::{Part, Reload};
use crate::store::report::health::{Neighbour, Queues, Tickets};

const NOW: Time = Time(1_800_000_000_000_000);

fn ago(seconds: u64) -> Time {
    NOW.minus(Duration::from_secs(seconds))
}

fn counts(counts: &[(&str, i64)]) -> std::collections::BTreeMap<String, i64> {
    counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

fn report() -> Report {
    let parts = vec![Part { name: "worker".to_owned(), seconds: 1, limit: 60 }];
    let process = Process { version: "1.2.3".to_owned(), pid: 4_711, started_at: ago(7_200), parts, reload: None };
    let account = Account {
        name: "shop".to_owned(),
        standing: "well".to_owned(),
        needs_attention: false,
        last_success_at: Some(ago(12)),
        failing_since: None,
        last_error: None,
        next_attempt_at: None,
        behind: Some(0),
    };
    Report {
        at: NOW,
        process: Some(process),
        queues: Queues {
            pending: Waiting { count: 2, since: Some(ago(3)) },
            held: Waiting { count: 1, since: Some(ago(90_000)) },
            deferred: Waiting { count: 4, since: Some(ago(600)) },
            newest: (130, 260),
            ..Queues::default()
        },
        tickets: Tickets { by_status: counts(&[("new", 3), ("open", 5)]), overdue: 1 },
        hour: Lately { outcomes: counts(&[("request", 7)]), notices: counts(&[("sent", 20)]), is_whole: true },
        day: Lately {
            outcomes: counts(&[("request", 80), ("held", 1)]),
            notices: counts(&[("sent", 300), ("failed", 2)]),
            is_whole: false,
        },
        accounts: vec![account],
        gateways: vec![Neighbour { name: "desk".to_owned(), version: "1.2.3".to_owned() }],
        room: Room {
            kind: "sqlite".to_owned(),
            size: Some(5 << 30),
            free: Some(40 << 30),
            whole: Some(100 << 30),
            needed: Some(5 << 30),
        },
    }
}

fn shown(seen: &Seen, before: Option<&Seen>, width: Option<u16>) -> String {
    let settings = crate::settings::built_in().unwrap();
    let look = Look { colour: false, width };
    Page { seen, before, settings: &settings, look, zone: &Zone::default(), now: NOW }.text()
}

fn limits() -> Options {
    Options { pending_limit: Duration::from_secs(300), ..Options::default() }
}

fn seen(report: Report) -> Seen {
    Seen { running: true, flows: true, trouble: None, hindrances: report.hindrances(&limits()), report: Some(report) }
}

#[test]
fn all_of_it_stands_on_one_screen() {
    let page = shown(&seen(report()), None, Some(80));
    let wanted = "\
Example Desk (desk.example.org)
  gateway     runs since 2027-01-15 06:00 (2 h ago), version 1.2.3, process 4711
  mail        flows

waiting                           number  oldest
mails to decide                        2  3 s ago
mails of archives to decide            0  –
mails held for a person                1  1 d ago
notices to send now                    0  –
notices being sent                     0  –
notices to try again later             4  10 min ago
notices kept back by an operator       0  –

done             last hour  last day
mails: request           7        80
mails: held              0         1
notices: failed          0         2
notices: sent           20       300
There was more: only the newest 50000 mails and notices of the day are counted.

account  state  last success  behind
shop     well   12 s ago           0

  tickets     3 new, 5 open, 1 overdue
  store       sqlite:var/postdesk.db, 5.0 GiB, 40.0 GiB of 100.0 GiB free
";
    assert_eq!(page, wanted, "\n{page}");
    assert!(page.lines().count() <= 30);
}

#[test]
fn a_narrow_terminal_cuts_no_number() {
    let page = shown(&seen(report()), None, Some(40));
    for line in page.lines().filter(|line| !line.starts_with("  ") && !line.starts_with("There")) {
        assert!(line.chars().count() <= 40, "{line}");
    }
    assert!(page.contains("300") && page.contains("10 min ago"), "{page}");
}

#[test]
fn speeds_are_those_between_two_looks() {
    let now = seen(report());
    let mut then = report();
    then.at = ago(10);
    then.queues.newest = (100, 200);
    then.queues.pending.count = 7;
    then.queues.due.count = 5;
    let page = shown(&now, Some(&seen(then)), None);
    assert!(page.contains("3.0 taken, 3.5 decided, 6.5 notices settled a second"), "{page}");
}

#[test]
fn what_is_wrong_is_said_in_words_and_a_gateway_that_is_not_there_too() {
    let mut stuck = report();
    stuck.queues.pending.since = Some(ago(301));
    stuck.process.as_mut().unwrap().parts[0].seconds = 61;
    stuck.process.as_mut().unwrap().reload =
        Some(Reload { at: ago(60), taken: false, words: "line 7: there is no key `smpt`".to_owned() });
    let stuck = Seen { flows: false, ..seen(stuck) };
    let page = shown(&stuck, None, None);
    for words in [
        "  mail        does not flow\n",
        "    worker has stood still for 61 s (limit 60 s); a restart helps, the log says more\n",
        "    2 mails are not decided yet, the oldest of them for 301 s (limit 300 s)\n",
        "refused, the old one is kept\n    line 7: there is no key `smpt`\n",
    ] {
        assert!(page.contains(words), "{words} in\n{page}");
    }
    let nobody = Seen::without_report(false, "no gateway is running here: nobody listens at var/control.sock".to_owned());
    let page = shown(&nobody, None, None);
    assert!(page.contains("does not run here\n    no gateway is running here"), "{page}");
    assert!(page.contains("is taken by nobody here"), "{page}");
}
