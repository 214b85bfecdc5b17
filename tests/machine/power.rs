//! The power goes: of what the gateway has written, only what it has synced is there afterwards. And the proof that this test can fail.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::check::Counts;
use crate::disk::Disk;
use crate::gateway::{DEADLINE, Gateway, wait_for};
use crate::mail::Chance;
use crate::tracer::tampered;
use crate::trial::{Trial, integrity};
use crate::{client::Client, ledger::hand_over, mail::Purpose, times};

/// Mails that may be sent in one life.
const MAILS: usize = 40;

/// Stops the gateway where it stands; when this returns, none of its threads runs.
fn freeze(gateway: &Gateway) {
    gateway.signal("-STOP");
    let status = format!("/proc/{}/task", gateway.number());
    wait_for("the gateway to stand still", DEADLINE, || {
        std::fs::read_dir(&status).unwrap().all(|thread| stands_still(&thread.unwrap().path())).then_some(())
    });
}

fn stands_still(thread: &Path) -> bool {
    std::fs::read_to_string(thread.join("status"))
        .is_ok_and(|status| status.contains("State:\tT") || status.contains("State:\tt"))
}

/// Lets some time of this life pass, and then the power goes.
fn cut(disk: &mut Disk, trial: &mut Trial, life: f64) {
    let begun = Instant::now();
    wait_for("the moment of the cut", DEADLINE, || (begun.elapsed() >= Duration::from_secs_f64(life)).then_some(()));
    freeze(trial);
    disk.cut(|| (), || trial.kill());
}

#[test]
fn nothing_is_lost_by_a_power_cut() {
    let cuts = times(4, 40);
    let mut disk = Disk::mount(512, &[]);
    let mut trial = Trial::begun(&disk.path(), &[("store", "min_free_space = \"0 %\"")]);
    let port = trial.port();
    let mut moments = Chance::new(7);
    let slowest = trial.under_load(port, MAILS, |trial, load| {
        let mut slowest = Duration::ZERO;
        for _ in 0..cuts {
            cut(&mut disk, trial, moments.spread(0.05, 2.0));
            assert_eq!(integrity(trial.store()), "ok");
            slowest = slowest.max(trial.start());
            load.allow(MAILS);
        }
        slowest
    });
    trial.judge("power cut", &format!("cuts={cuts} slowest start={} ms", slowest.as_millis()));
}

/// The same with syncs that only say that they were done: what a disk does that lies, or `synchronous=NORMAL`.
#[test]
fn nothing_is_lost_is_found_false_when_the_syncs_are_not_done() {
    let mut disk = Disk::mount(512, &[]);
    let mut trial = Trial::begun(&disk.path(), &[("store", "min_free_space = \"0 %\"")]);
    assert!(trial.stop().success());
    assert!(std::process::Command::new("sync").status().unwrap().success());
    let log = disk.path().with_file_name("calls");
    let command = tampered(&trial, &["fsync:retval=0", "fdatasync:retval=0"], &log);
    trial.launch(command);
    trial.wait_until_it_greets();
    for seed in 1..=times(20, 100) as u64 {
        let mut client = Client::new(&[trial.port()]);
        trial.ledger.push(hand_over(&mut client, seed << 40, Purpose::Request));
    }
    cut(&mut disk, &mut trial, 0.0);
    trial.start();
    let counts: Counts = trial.count();
    println!("power cut without syncs: {counts}");
    assert!(counts.lost > 0, "the power cut proves nothing: {counts}");
}
