//! Killed at a system call: before each write, sync, rename and answer, in taking, deciding, delivering, and in the making of a store.

use std::path::Path;
use std::time::Duration;

use sqlx::{Connection, SqliteConnection};

use crate::found;
use crate::gateway::{DEADLINE, Gateway, wait_for};
use crate::mail::Purpose;
use crate::tracer::{CALLS, calls, tampered};
use crate::trial::{Trial, folder};
use crate::{long, times};

/// Mails of one life.
const MAILS: usize = 2;

/// One life behind the tracer: two mails are sent, decided and delivered, unless it is killed before. Tells whether it was; if so, it
/// runs again when this returns, and took so long to be ready.
fn a_life(trial: &mut Trial, tampering: &[&str], log: &Path) -> Option<Duration> {
    let all = arrivals_at_rest(trial) + MAILS as i64;
    let command = tampered(trial, tampering, log);
    trial.launch(command);
    let port = trial.port();
    trial.under_load(port, MAILS, |trial, _| {
        wait_for("the end of this life", DEADLINE, || match trial.ended() {
            Some(_) => Some(Some(trial.start())),
            None => (arrivals_at_rest(trial) >= all).then_some(None),
        })
    })
}

/// How many mails were taken; -1 while one is not decided yet, or a notice of it has not left. Asked of the file, since a verb takes a
/// while.
fn arrivals_at_rest(gateway: &Gateway) -> i64 {
    let question = "SELECT CASE WHEN EXISTS (SELECT 1 FROM arrival WHERE outcome IS NULL) \
                    OR EXISTS (SELECT 1 FROM outbox WHERE state IN ('due', 'leased')) THEN -1 \
                    ELSE (SELECT COUNT(*) FROM arrival) END";
    found::ask(async {
        let Ok(mut connection) = SqliteConnection::connect(gateway.store()).await else { return -1 };
        let count: Result<i64, _> = sqlx::query_scalar(question).fetch_one(&mut connection).await;
        let _ = connection.close().await;
        count.unwrap_or(-1)
    })
}

/// The moments to kill at: each call and its number. The short form takes them at equal distances.
fn moments(log: &Path, short: usize) -> Vec<(&'static str, usize)> {
    let all: Vec<_> = CALLS.into_iter().flat_map(|call| (1..=calls(log, call)).map(move |number| (call, number))).collect();
    assert!(all.len() > short, "hardly any calls were seen: {all:?}");
    if long() { all } else { (0..short).map(|part| all[part * all.len() / short]).collect() }
}

#[test]
fn nothing_is_lost_by_a_kill_at_any_call_of_taking_deciding_and_delivering() {
    let folder = folder();
    let log = folder.path().join("calls");
    let mut trial = Trial::begun(folder.path(), &[]);
    // The second of two is like those to come: the first folds in all that making the store has left in the log.
    for _ in 0..2 {
        trial.kill();
        assert!(a_life(&mut trial, &CALLS, &log).is_none(), "a life in which nothing is tampered with");
    }
    let moments = moments(&log, 17);
    let (mut kills, mut slowest) = (0, Duration::ZERO);
    for (call, number) in &moments {
        // In peace first, so that each life has the same to do, and no mail is met by three kills.
        wait_for("peace", DEADLINE, || (arrivals_at_rest(&trial) > 0).then_some(()));
        trial.kill();
        let tampering = format!("{call}:signal=SIGKILL:when={number}");
        if let Some(ready) = a_life(&mut trial, &[&tampering], &log) {
            kills += 1;
            slowest = slowest.max(ready);
        } else {
            println!("not reached: {call} number {number}");
        }
    }
    let told = format!("kills={kills} of {} moments, slowest start={} ms", moments.len(), slowest.as_millis());
    assert!(kills * 2 >= moments.len(), "most moments were not reached: {told}");
    trial.judge("killed at a call", &told);
}

/// The tables of a store, and the migrations that made them.
fn tables(store: &str) -> (Vec<String>, Vec<i64>) {
    found::ask(async {
        let mut connection = SqliteConnection::connect(store).await.unwrap();
        let made = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY sql";
        let tables = sqlx::query_scalar(made).fetch_all(&mut connection).await.unwrap();
        let done = "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version";
        let done = sqlx::query_scalar(done).fetch_all(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        (tables, done)
    })
}

/// A first start behind the tracer, to its greeting or to its death; and how a start after that goes.
fn a_first_start(folder: &Path, tampering: &[&str], log: &Path) -> (Trial, bool) {
    let mut trial = Trial::new(folder, &[]);
    let command = tampered(&trial, tampering, log);
    trial.launch(command);
    let port = trial.port();
    let killed = wait_for("the first start", DEADLINE, || match trial.ended() {
        Some(_) => Some(true),
        None => crate::gateway::greeting(port).map(|_| false),
    });
    if killed {
        trial.start();
    }
    (trial, killed)
}

#[test]
fn nothing_is_lost_by_a_kill_at_any_call_of_the_first_start() {
    let whole = folder();
    let log = whole.path().join("calls");
    let (trial, _) = a_first_start(whole.path(), &CALLS, &log);
    let expected = tables(trial.store());
    let moments = moments(&log, 8);
    drop(trial);
    let mut kills = 0;
    for (call, number) in &moments {
        let folder = folder();
        let tampering = format!("{call}:signal=SIGKILL:when={number}");
        let (mut trial, killed) = a_first_start(folder.path(), &[&tampering], &log);
        kills += usize::from(killed);
        assert_eq!(tables(trial.store()), expected, "after {tampering}");
        trial.open();
        let last = *number == moments.last().unwrap().1;
        if last || long() && number % 20 == 0 {
            let port = trial.port();
            trial.send(port);
            trial.judge("killed at a call of the first start", &tampering);
        } else {
            assert_eq!(trial.ledger[0].purpose, Purpose::Opening);
            assert!(trial.stop().success());
        }
    }
    println!("killed at a call of the first start: kills={kills} of {} moments", moments.len());
    assert!(kills >= times(6, 40), "most moments were not reached: {kills}");
}
