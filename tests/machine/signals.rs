//! What a service manager and an operator's keyboard send: a word to stop in the middle of mails, twice, and a long sleep.

use std::time::{Duration, Instant};

use crate::gateway::{DEADLINE, greeting, wait_for};
use crate::times;
use crate::trial::{Trial, folder};
use crate::wire::Wire;

#[test]
fn nothing_is_lost_by_stops_in_the_middle_of_mails() {
    let folder = folder();
    let mut trial = Trial::begun(folder.path(), &[]);
    let port = trial.port();
    let slowest = trial.under_load(port, 60, |trial, load| {
        let mut slowest = Duration::ZERO;
        for round in 0..times(4, 40) {
            let begun = Instant::now();
            wait_for("mails on their way", DEADLINE, || (begun.elapsed() > Duration::from_millis(300)).then_some(()));
            let begun = Instant::now();
            // Every other time it is told twice: impatience must not make it drop what it holds.
            if round % 2 == 1 {
                trial.signal("-TERM");
            }
            let status = trial.stop();
            assert_eq!(status.code(), Some(0), "a drain ends with exit 0");
            slowest = slowest.max(begun.elapsed());
            trial.start();
            load.allow(60);
        }
        slowest
    });
    trial.judge("SIGTERM under load", &format!("slowest stop={} ms", slowest.as_millis()));
}

#[test]
fn nothing_is_lost_by_a_stop_while_a_sender_hangs_in_the_middle_of_its_mail() {
    let folder = folder();
    let mut trial = Trial::begun(folder.path(), &[]);
    let mut hanging = Wire::connect(trial.port());
    hanging.begin();
    let begun = Instant::now();
    assert_eq!(trial.stop().code(), Some(0), "who hangs does not keep it from its end");
    let took = begun.elapsed();
    trial.start();
    trial.judge("SIGTERM in DATA", &format!("ended after {} ms beside a sender that hangs", took.as_millis()));
}

#[test]
fn nothing_is_lost_by_a_gateway_that_stands_still_for_a_while() {
    let folder = folder();
    let mut trial = Trial::begun(folder.path(), &[]);
    let port = trial.port();
    let asleep = Duration::from_secs(times(3, 60) as u64);
    trial.under_load(port, 200, |trial, load| {
        trial.signal("-STOP");
        let begun = Instant::now();
        wait_for("the end of the sleep", DEADLINE * 2, || (begun.elapsed() > asleep).then_some(()));
        trial.signal("-CONT");
        load.allow(40);
        wait_for("a greeting", DEADLINE, || greeting(port).filter(|line| line.starts_with("220 ")));
    });
    trial.assert_that_it_runs();
    trial.judge("SIGSTOP", &format!("asleep for {} s", asleep.as_secs()));
}
