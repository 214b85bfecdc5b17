//! Very many slow connections beside fifty honest ones: the honest get in or are told to come back, and a slow one costs little memory.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::caps::status;
use crate::client::Client;
use crate::gateway::{DEADLINE, wait_for};
use crate::ledger::{Entry, hand_over};
use crate::mail::Purpose;
use crate::times;
use crate::trial::{Trial, folder};

/// Honest connections at a time.
const HONEST: u64 = 50;

/// The slow ones, in a process of their own; ended when dropped.
struct Slow {
    process: Child,
    told: Arc<Mutex<(usize, usize)>>,
}

impl Slow {
    fn at(port: u16, clients: usize) -> Self {
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/machine/slow.py");
        let mut command = Command::new("python3");
        command.arg(program).args([port.to_string(), clients.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("python3 cannot be run");
        let told = Arc::new(Mutex::new((0, 0)));
        let (lines, last) = (BufReader::new(process.stdout.take().unwrap()).lines(), Arc::clone(&told));
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let words: Vec<&str> = line.split(' ').collect();
                *last.lock().unwrap() = (words[1].parse().unwrap(), words[3].parse().unwrap());
            }
        });
        Self { process, told }
    }

    /// How many stand at their stage, and how often one was told to come back.
    fn told(&self) -> (usize, usize) {
        *self.told.lock().unwrap()
    }
}

impl Drop for Slow {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Fifty connections that hand over mails one after the other; each mail's whole time counts, the attempts that were refused included.
fn honest(trial: &mut Trial, mails: usize) -> Vec<Duration> {
    let port = trial.port();
    let one = |sender: u64| {
        let mut client = Client::new(&[port]);
        let mails = 0..mails as u64;
        mails.map(|number| hand_over(&mut client, ((sender + 5000) << 32) + number, Purpose::Request)).collect::<Vec<Entry>>()
    };
    let entries: Vec<Entry> = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..HONEST).map(|sender| scope.spawn(move || one(sender))).collect();
        senders.into_iter().flat_map(|sender| sender.join().unwrap()).collect()
    });
    let mut times: Vec<Duration> = entries.iter().map(|entry| entry.took).collect();
    times.sort();
    trial.ledger.extend(entries);
    times
}

#[test]
fn nothing_is_lost_beside_a_crowd_of_slow_connections_and_each_costs_little() {
    let slow = times(1_000, 10_000);
    let folder = folder();
    let most = slow + 2_000;
    let mut trial = Trial::begun(folder.path(), &[("smtp", &format!("max_connections = {most}"))]);
    let before = status(trial.number(), "VmRSS");
    let crowd = Slow::at(trial.port(), slow);
    wait_for("the slow ones to stand where they wait", DEADLINE * 3, || (crowd.told().0 >= slow).then_some(()));
    let each = (status(trial.number(), "VmRSS") - before) as f64 / slow as f64;
    let took = honest(&mut trial, times(2, 20));
    let (middle, late) = (took[took.len() / 2].as_millis(), took[took.len() * 99 / 100].as_millis());
    assert!(crowd.told().0 >= slow * 9 / 10, "the slow ones are still there: {:?}", crowd.told());
    drop(crowd);
    assert!(each < 16.0, "a slow connection costs {each:.1} KiB");
    trial.judge("crowd", &format!("slow={slow}, {each:.1} KiB for each, honest p50={middle} ms p99={late} ms"));
}

#[test]
fn nothing_is_lost_beside_more_slow_connections_than_there_may_be() {
    let slow = times(1_500, 10_000);
    let folder = folder();
    let mut trial = Trial::begun(folder.path(), &[]);
    let crowd = Slow::at(trial.port(), slow);
    wait_for("a slow one to be told to come back", DEADLINE * 3, || (crowd.told().1 > 0).then_some(()));
    let took = honest(&mut trial, times(1, 10));
    let (middle, late) = (took[took.len() / 2].as_millis(), took[took.len() * 99 / 100].as_millis());
    let refused = crowd.told().1;
    drop(crowd);
    trial.judge("crowd beyond the limit", &format!("slow={slow}, refused={refused}, honest p50={middle} ms p99={late} ms"));
}
