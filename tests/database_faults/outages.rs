//! The database is away, or as good as away, for a while.

use std::time::{Duration, Instant};

use crate::cluster::{Cluster, Stop};
use crate::desk::{Desk, name, through};
use crate::gateway::{DEADLINE, wait_for};
use crate::proxy::Proxy;
use crate::session::Session;

#[test]
fn a_restart_and_a_crash_of_the_database_under_load_are_451_and_mail_flows_again_by_itself() {
    let cluster = Cluster::start();
    let url = cluster.database();
    let desk = Desk::start(&url, 2);
    let mut back = Vec::new();
    let mut ledger = desk.under_load(|traffic| {
        for (what, how) in [("fast restart", Stop::Fast), ("crash", Stop::Immediate), ("second crash", Stop::Immediate)] {
            cluster.stop(how);
            assert_eq!(desk.offer(), 451);
            cluster.start_again();
            back.push(desk.comes_back(what, Instant::now(), &cluster, &url));
            traffic.goes_on(20);
        }
    });
    ledger.append(&mut back);
    desk.is_right("restarts", &ledger, &cluster, &url);
}

#[test]
fn connections_that_are_terminated_again_and_again_lose_and_double_nothing() {
    let cluster = Cluster::shared();
    let url = cluster.database();
    let desk = Desk::start(&url, 2);
    let ledger = desk.under_load(|traffic| {
        for _ in 0..15 {
            cluster.terminate_backends(name(&url));
            traffic.goes_on(6);
        }
    });
    desk.is_right("terminated", &ledger, cluster, &url);
}

#[test]
fn a_cut_network_is_451_within_the_step_and_commands_are_answered_meanwhile() {
    let cluster = Cluster::shared();
    let url = cluster.database();
    let line = Proxy::to(cluster.port());
    let desk = Desk::start(&through(cluster, &url, line.port()), 1);
    let mut back = Vec::new();
    let mut ledger = desk.under_load(|traffic| {
        for breaks_off in [false, true] {
            line.cut();
            let cut = Instant::now();
            if breaks_off {
                line.drop_all();
            }
            assert_eq!(desk.offer(), 451);
            println!("cut, connections closed: {breaks_off}: 451 after {} ms", cut.elapsed().as_millis());
            line.resume();
            back.push(desk.comes_back("network", Instant::now(), cluster, &url));
            traffic.goes_on(20);
        }
    });
    ledger.append(&mut back);
    desk.is_right("cut network", &ledger, cluster, &url);
}

#[test]
fn a_read_only_database_is_451_until_it_takes_writes_again() {
    let cluster = Cluster::start();
    let url = cluster.database();
    let desk = Desk::start(&url, 1);
    let mut back = Vec::new();
    let mut ledger = desk.under_load(|_| {
        cluster.read_only(true);
        assert_eq!(desk.offer(), 451);
        cluster.read_only(false);
        back.push(desk.comes_back("read-only", Instant::now(), &cluster, &url));
    });
    ledger.append(&mut back);
    desk.is_right("read-only", &ledger, &cluster, &url);
}

#[test]
fn a_database_without_a_free_connection_is_451_until_there_is_one() {
    let cluster = Cluster::shared();
    let url = cluster.database();
    // A role of its own: the limit of `postdesk` would be everybody's.
    cluster.sql("postgres", &format!("CREATE ROLE narrow LOGIN; ALTER DATABASE {} OWNER TO narrow", name(&url)));
    let desk = Desk::start(&url.replace("postdesk@", "narrow@"), 1);
    let mut back = Vec::new();
    let mut ledger = desk.under_load(|traffic| {
        for limit in [0, 1] {
            cluster.sql("postgres", &format!("ALTER ROLE narrow CONNECTION LIMIT {limit}"));
            cluster.terminate_backends(name(&url));
            if limit == 0 {
                assert_eq!(desk.offer(), 451);
            }
            wait_for("a refused connection", DEADLINE, || (desk.said("too many connections") > 0).then_some(()));
            cluster.sql("postgres", "ALTER ROLE narrow CONNECTION LIMIT -1");
            back.push(desk.comes_back("free connections", Instant::now(), cluster, &url));
            traffic.goes_on(20);
        }
    });
    ledger.append(&mut back);
    desk.is_right("no free connection", &ledger, cluster, &url);
}

#[test]
fn a_lock_that_is_held_for_longer_than_a_step_is_451_and_doubles_nothing() {
    let cluster = Cluster::shared();
    let url = cluster.database();
    let desk = Desk::start(&url, 2);
    let mut back = Vec::new();
    let mut ledger = desk.under_load(|_| {
        let mut other = Session::open(cluster, name(&url));
        other.run("BEGIN; LOCK TABLE arrival IN ACCESS EXCLUSIVE MODE");
        let locked = Instant::now();
        assert_eq!(desk.offer(), 451);
        println!("locked: 451 after {} ms", locked.elapsed().as_millis());
        // The next mail waits for the same lock, which is let go in the middle of its step.
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| desk.mail());
            let is_waiting = || cluster.sql("postgres", &waiting_for_locks(name(&url))) != "0";
            wait_for("a step that waits for the lock", Duration::from_secs(20), || is_waiting().then_some(()));
            other.run("COMMIT");
            let free = Instant::now();
            back.push(waiting.join().unwrap());
            back.push(desk.comes_back("lock", free, cluster, &url));
        });
    });
    ledger.append(&mut back);
    desk.is_right("locked table", &ledger, cluster, &url);
}

fn waiting_for_locks(database: &str) -> String {
    format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}' AND wait_event_type = 'Lock'")
}
