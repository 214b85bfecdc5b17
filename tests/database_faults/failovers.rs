//! The primary dies, and a standby takes its place: with all that was promised, or with less, as the start has warned.

use std::time::Instant;

use crate::check::Counts;
use crate::cluster::{Cluster, Stop};
use crate::desk::{Desk, name};
use crate::gateway::{DEADLINE, wait_for};
use crate::proxy::Proxy;

const WARNING: &str = "follows this database asynchronously";

/// The URL with both servers, the standby behind the primary.
fn both(primary: &Cluster, standby: &Cluster, url: &str) -> String {
    let port = primary.port();
    url.replace(&format!(":{port}/"), &format!(":{port},127.0.0.1:{}/", standby.port()))
}

#[test]
fn a_failover_to_a_synchronous_standby_under_load_loses_and_doubles_nothing() {
    let primary = Cluster::start();
    let url = primary.database();
    let standby = primary.standby("second");
    primary.synchronous("second");
    let desk = Desk::start(&both(&primary, &standby, &url), 2);
    assert_eq!(desk.said(WARNING), 0);
    let mut back = Vec::new();
    let mut ledger = desk.under_load(|traffic| {
        primary.stop(Stop::Immediate);
        assert_eq!(desk.offer(), 451);
        standby.promote();
        back.push(desk.comes_back("synchronous standby", Instant::now(), &standby, &url));
        traffic.goes_on(20);
    });
    ledger.append(&mut back);
    desk.is_right("synchronous failover", &ledger, &standby, &url);
}

#[test]
fn a_failover_to_an_asynchronous_standby_loses_what_the_start_has_warned_of_and_the_gateway_works_on() {
    let primary = Cluster::start();
    let url = primary.database();
    let line = Proxy::to(primary.port());
    let standby = primary.standby_through(line.port(), "second");
    let desk = Desk::start(&both(&primary, &standby, &url), 1);
    wait_for("the warning of the start", DEADLINE, || (desk.said(WARNING) > 0).then_some(()));
    let mut ledger: Vec<_> = (0..5).map(|_| desk.mail()).collect();
    desk.is_right("before the failover", &ledger, &primary, &url);
    // The standby has all that when it has what comes after it.
    primary.synchronous("second");
    primary.sql(name(&url), "SELECT pg_logical_emit_message(true, 'postdesk', 'a mark')");
    primary.synchronous("");
    line.cut();
    let acknowledged = 7;
    ledger.extend((0..acknowledged).map(|_| desk.mail()));
    primary.stop(Stop::Immediate);
    standby.promote();
    ledger.push(desk.comes_back("asynchronous standby", Instant::now(), &standby, &url));
    ledger.extend((0..5).map(|_| desk.mail()));
    // Notices of the lost mails have left, and their numbers are given again: of these the count can say nothing.
    let counts = desk.count("asynchronous failover", &ledger, &standby, &url);
    let Counts { acked, stored, lost, doubled, altered, held, .. } = counts;
    assert_eq!((acked, stored, lost), (18, 18 - acknowledged, acknowledged), "{counts}");
    assert_eq!((doubled, altered, held), (0, 0, 0), "{counts}");
}

/// A COMMIT that waits for the standby and is cut short has happened here and not there: its rows can be seen, and a failover loses them.
#[test]
fn what_the_synchronous_standby_does_not_have_yet_is_not_answered_250_even_when_it_can_be_seen() {
    let primary = Cluster::start();
    let url = primary.database();
    let line = Proxy::to(primary.port());
    let standby = primary.standby_through(line.port(), "second");
    primary.synchronous("second");
    let desk = Desk::start(&both(&primary, &standby, &url), 1);
    let mut ledger: Vec<_> = (0..3).map(|_| desk.mail()).collect();
    desk.is_right("before the failover", &ledger, &primary, &url);
    let waits = |what: &str| {
        let waiting =
            "FROM pg_stat_activity JOIN pg_locks USING (pid) WHERE datname = current_database() AND wait_event = 'SyncRep'";
        primary.sql(name(&url), &format!("SELECT count(*) {waiting} AND {what}")) != "0"
    };
    line.cut();
    std::thread::scope(|scope| {
        let mail = scope.spawn(|| desk.mail());
        wait_for("a COMMIT that waits for the standby", DEADLINE, || waits("relation = 'raw'::regclass").then_some(()));
        primary.terminate_backends(name(&url));
        let is_looked_up = || mail.is_finished() || waits("query LIKE '%pg_logical_emit_message%'");
        wait_for("the COMMIT to be looked up", DEADLINE, || is_looked_up().then_some(()));
        primary.stop(Stop::Immediate);
        standby.promote();
        ledger.push(mail.join().unwrap());
    });
    desk.is_right("cut short", &ledger, &standby, &url);
}
