//! A gateway that sleeps through its sign of life and wakes up again.

use crate::cluster::Cluster;
use crate::desk::{Desk, name};
use crate::gateway::{DEADLINE, wait_for};
use crate::session::Session;

#[test]
fn what_a_stopped_gateway_had_in_hand_is_done_by_another_and_not_again_when_it_wakes_up() {
    let cluster = Cluster::shared();
    let url = cluster.database();
    let mut desk = Desk::on(&url, 2);
    desk.gateways[0].start();
    // Nothing can be decided, so that it is stopped with mail in hand, and then with mail that it is just storing.
    let mut deciding = Session::open(cluster, name(&url));
    deciding.run("BEGIN; SELECT next FROM counter FOR UPDATE");
    let mut ledger: Vec<_> = (0..10).map(|_| desk.mail()).collect();
    let is = |what: &str, query: &str, wanted: &str| {
        wait_for(what, DEADLINE, || (cluster.sql(name(&url), query) == wanted).then_some(()));
    };
    is("mail to be in hand", "SELECT count(*) > 0 FROM arrival WHERE claimed_by IS NOT NULL", "t");
    is("a decision that waits", &waits_for("%FROM counter%"), "t");
    desk.gateways[1].start();
    let mut storing = Session::open(cluster, name(&url));
    storing.run("BEGIN; LOCK TABLE raw IN SHARE MODE");
    std::thread::scope(|scope| {
        let in_custody = scope.spawn(|| desk.mail());
        is("a mail that is being stored", &waits_for("INSERT INTO raw%"), "t");
        desk.gateways[0].signal("-STOP");
        drop((deciding, storing));
        is("the other gateway to decide all", "SELECT count(*) FROM arrival WHERE outcome IS NULL", "0");
        assert_eq!(desk.said("mail decided"), 0);
        desk.gateways[0].signal("-CONT");
        wait_for("the gateway to find it out", DEADLINE, || (desk.said("has been dealt with elsewhere") > 0).then_some(()));
        ledger.push(in_custody.join().unwrap());
    });
    ledger.extend(desk.under_load(|_| {}));
    desk.is_right("stopped gateway", &ledger, cluster, &url);
}

/// Whether a gateway waits for a lock with such a statement.
fn waits_for(statement: &str) -> String {
    format!(
        "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' \
         AND usename = 'postdesk' AND query LIKE '{statement}'"
    )
}
