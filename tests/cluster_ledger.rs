//! The ledger of several gateways: three on one PostgreSQL, one of them killed every second and started again while clients
//! send to all three, on a database that is itself restarted every five seconds, gently and as in a crash by turns. Needs the
//! feature `peers`. `POSTDESK_KILLS` asks for more kills than the twenty of the short form.
#![cfg(test)]

#[path = "crashes/check.rs"]
mod check;
#[path = "crashes/client.rs"]
#[expect(dead_code, reason = "shared with tests that ask more of it")]
mod client;
#[path = "postgres/cluster.rs"]
#[expect(dead_code, reason = "shared with tests that do more to it")]
mod cluster;
#[path = "crashes/found.rs"]
mod found;
#[path = "crashes/gateway.rs"]
#[expect(dead_code, reason = "shared with tests that do more to it")]
mod gateway;
#[path = "crashes/ledger.rs"]
mod ledger;
#[path = "crashes/mail.rs"]
mod mail;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use check::{Counts, assert_that_it_was_a_load, judge, what_is_right};
use client::Client;
use cluster::{Cluster, Stop};
use gateway::{DEADLINE, Gateway, wait_for};
use ledger::{EndOfLoad, Entry, Load, request, run_client};
use mail::Purpose;

/// Clients that send requests, spread over the gateways; one more sends replies to one ticket, each to another gateway.
const CLIENTS: u64 = 9;
const GATEWAYS: usize = 3;
/// Mails that may be sent between two kills: a load at each, and a backlog that ends.
const MAILS_BETWEEN: usize = 60;
const KILL_EVERY: Duration = Duration::from_secs(1);
const RESTART_EVERY: Duration = Duration::from_secs(5);
/// The longest that a client may look for a gateway that takes its mail while one of three is away.
const MOMENT: Duration = Duration::from_secs(3);

/// Three gateways on one database that deliver into one folder.
struct Desks {
    // Dropped in this order: the gateways first, so that they do not find their database gone.
    gateways: Vec<Gateway>,
    cluster: Cluster,
    folder: TempDir,
}

impl Desks {
    /// All of them at work.
    fn open() -> Self {
        let (folder, cluster) = (tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap(), Cluster::start());
        let (store, keys) = (cluster.database(), folder.path().join("keys"));
        let relay = format!("file:{}", folder.path().join("outgoing").display());
        let place = |number: usize| folder.path().join(format!("gateway-{number}"));
        let mut gateways: Vec<_> = (0..GATEWAYS).map(|number| Gateway::on(&place(number), &relay, &store, &keys)).collect();
        for gateway in &mut gateways {
            gateway.start();
        }
        Self { gateways, cluster, folder }
    }

    fn ports(&self) -> Vec<u16> {
        self.gateways.iter().map(Gateway::port).collect()
    }

    fn outgoing(&self) -> PathBuf {
        self.folder.path().join("outgoing")
    }

    /// Ends all of them, lets one finish what is left, and counts. What is not as it should be is kept for a look at it.
    fn close(mut self, ledger: &[Entry], reference: &str) -> Counts {
        for gateway in &mut self.gateways {
            assert!(gateway.stop().success(), "a drain ends with exit 0");
        }
        self.gateways[0].start();
        found::wait_until_settled(&self.gateways[0]);
        let counts = judge(ledger, &found::gather(&self.gateways[0], &self.outgoing(), reference));
        println!("{counts}");
        if counts != what_is_right(&counts, ledger) {
            self.keep();
            panic!("a promise was broken: {counts}");
        }
        found::assert_that_the_verb_prints_the_originals(&self.gateways[0]);
        assert!(self.gateways[0].stop().success(), "a drain ends with exit 0");
        assert_eq!(found::stray_files(&self.outgoing()), Vec::<String>::new());
        counts
    }

    /// The logs, the mails that left and every table, without the mails.
    fn keep(self) {
        let database = self.gateways[0].store().rsplit('/').next().unwrap().to_owned();
        let folder = self.folder.keep();
        for table in ["arrival", "ticket", "message", "event", "outbox", "gateway"] {
            let rows = self.cluster.try_sql(&database, &format!("COPY (SELECT * FROM {table}) TO STDOUT CSV HEADER"));
            std::fs::write(folder.join(format!("{table}.csv")), rows.unwrap_or_else(|why| why)).unwrap();
        }
        println!("logs and tables are kept for a look at them: {}", folder.display());
    }
}

#[test]
fn nothing_is_lost_and_nothing_doubled_by_kills_of_three_gateways_and_restarts_of_their_database() {
    let kills = std::env::var("POSTDESK_KILLS").map_or(20, |number| number.parse().unwrap());
    let mut desks = Desks::open();
    let (first, reference) = found::open_the_ordered_ticket(&desks.gateways[0]);
    let restarts = AtomicUsize::new(0);
    let mut ledger = under_load(&mut desks, &reference, |desks, load| {
        let Desks { gateways, cluster, .. } = desks;
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let _over = Over(&over);
            scope.spawn(|| restart_again_and_again(cluster, &over, &restarts));
            kill_round_robin(gateways, kills, load);
        });
    });
    ledger.push(first);
    for gateway in &mut desks.gateways {
        gateway.wait_until_it_greets();
    }
    let restarts = restarts.into_inner();
    println!("gateways={GATEWAYS} kills={kills} restarts of the database={restarts}");
    let counts = desks.close(&ledger, &reference);
    assert_that_it_was_a_load(&counts);
    assert!(restarts >= kills / 8, "hardly any restart of the database: {restarts}");
}

#[test]
fn nothing_is_lost_and_no_mail_waits_when_three_gateways_are_restarted_in_turn() {
    let mut desks = Desks::open();
    let (first, reference) = found::open_the_ordered_ticket(&desks.gateways[0]);
    let mut ledger = under_load(&mut desks, &reference, |desks, load| {
        for turn in 0..2 * GATEWAYS {
            load.allow(MAILS_BETWEEN);
            let gateway = &mut desks.gateways[turn % GATEWAYS];
            wait_until(Instant::now() + KILL_EVERY / 2);
            assert!(gateway.stop().success(), "a drain ends with exit 0");
            load.allow(MAILS_BETWEEN);
            gateway.start();
        }
    });
    ledger.push(first);
    let slowest = ledger.iter().map(|entry| entry.took).max().unwrap_or_default();
    println!("gateways={GATEWAYS} stops={} slowest mail={} ms", 2 * GATEWAYS, slowest.as_millis());
    let counts = desks.close(&ledger, &reference);
    assert_that_it_was_a_load(&counts);
    assert_eq!(counts.held, 0, "a stop is nobody's failure: {counts}");
    assert_eq!(counts.unknown, 0, "a stop answers every mail that it has begun to take: {counts}");
    assert!(slowest < MOMENT, "a mail was taken only after {slowest:?}");
}

/// Runs the clients while `trouble` is made, which gives them leave to send.
fn under_load(desks: &mut Desks, reference: &str, trouble: impl FnOnce(&mut Desks, &Load)) -> Vec<Entry> {
    let load = Load::new();
    let ports = desks.ports();
    std::thread::scope(|scope| {
        let (load, ports) = (&load, &ports);
        let end = EndOfLoad(load);
        let client = |stream: u64| Client::new(ports).beginning_with(usize::try_from(stream).unwrap());
        let mut clients: Vec<_> =
            (1..=CLIENTS).map(|stream| scope.spawn(move || run_client(load, client(stream), stream, request))).collect();
        let reply = |number| Purpose::Reply { reference: reference.to_owned(), number: number + 1 };
        let orderly = client(0).restless();
        clients.push(scope.spawn(move || run_client(load, orderly, CLIENTS + 1, reply)));
        trouble(desks, load);
        drop(end);
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    })
}

/// Kills one gateway after the other, and starts it again without waiting for it: the next one's moment does not wait either.
fn kill_round_robin(gateways: &mut [Gateway], kills: usize, load: &Load) {
    let mut next = Instant::now();
    for turn in 0..kills {
        load.allow(MAILS_BETWEEN);
        next += KILL_EVERY;
        wait_until(next);
        let gateway = &mut gateways[turn % GATEWAYS];
        gateway.assert_that_it_runs();
        gateway.kill();
        gateway.begin();
    }
}

fn restart_again_and_again(cluster: &Cluster, over: &AtomicBool, restarts: &AtomicUsize) {
    let mut next = Instant::now();
    for how in [Stop::Fast, Stop::Immediate].into_iter().cycle() {
        next += RESTART_EVERY;
        let ended = || over.load(Ordering::Relaxed).then_some(true);
        if wait_for("the restart of the database", DEADLINE, || ended().or((Instant::now() >= next).then_some(false))) {
            return;
        }
        cluster.stop(how);
        cluster.start_again();
        restarts.fetch_add(1, Ordering::Relaxed);
    }
}

fn wait_until(moment: Instant) {
    wait_for("a moment", DEADLINE, || (Instant::now() >= moment).then_some(()));
}

/// Says that it is over when it goes out of scope, also when an assertion failed before that.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
