//! Descriptors and memory are capped: nobody dies of it, mail is refused for now or waits, and all is well when there is room again.

use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use crate::gateway::{DEADLINE, greeting, wait_for};
use crate::ledger::EndOfLoad;
use crate::times;
use crate::tracer::limited;
use crate::trial::{Trial, folder};

/// Connections that hold what descriptors there are.
const IDLE: usize = 150;

/// Processor time that a process has used, in the hundredths of a second that Linux counts in.
pub(crate) fn processor_time(number: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap();
    let fields: Vec<&str> = text.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// One line of what Linux says of a process, as a number: `VmRSS` and its like in KiB.
pub(crate) fn status(number: u32, name: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{number}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// How many descriptors a process has open.
fn descriptors(number: u32) -> usize {
    std::fs::read_dir(format!("/proc/{number}/fd")).unwrap().count()
}

#[test]
fn nothing_is_lost_where_descriptors_are_capped() {
    let folder = folder();
    let mut trial = Trial::new(folder.path(), &[]);
    let command = limited(&trial, &["--nofile=64"]);
    trial.launch(command);
    trial.wait_until_it_greets();
    trial.open();
    let (port, number) = (trial.port(), trial.number());
    let at_first = descriptors(number);
    for _ in 0..times(2, 10) {
        trial.under_load(port, 60, |trial, load| {
            let crowd: Vec<_> = (0..IDLE).map(|_| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap()).collect();
            wait_for("every descriptor to be taken", DEADLINE, || (descriptors(number) >= 60).then_some(()));
            let (before, begun) = (processor_time(number), Instant::now());
            wait_for("a while without descriptors", DEADLINE, || (begun.elapsed() > Duration::from_secs(3)).then_some(()));
            let used = processor_time(number) - before;
            trial.assert_that_it_runs();
            println!("descriptors capped: {used} hundredths of a second of processor time in 3 s without a descriptor");
            drop(crowd);
            load.allow(20);
            wait_for("a greeting", DEADLINE, || greeting(port).filter(|line| line.starts_with("220 ")));
            let _end = EndOfLoad(load);
        });
    }
    wait_for("descriptors to be given back", DEADLINE, || (descriptors(number) <= at_first + 8).then_some(()));
    assert_eq!(trial.number(), number, "it was not started again");
    trial.judge("descriptors capped", &format!("descriptors at first={at_first}"));
}

#[test]
fn nothing_is_lost_where_memory_is_capped() {
    let folder = folder();
    // As an operator with little memory has to set it: what is being received is the largest part of what grows.
    let mut trial = Trial::new(folder.path(), &[("smtp", "max_message_size = \"4 MiB\"\nmax_data_in_flight = \"16 MiB\"")]);
    let command = limited(&trial, &["--as=1000000000"]);
    trial.launch(command);
    trial.wait_until_it_greets();
    trial.open();
    let (port, number) = (trial.port(), trial.number());
    let mails = times(60, 600);
    let senders = 24;
    let entries = std::thread::scope(|scope| {
        let sender = |sender: u64| {
            let mut client = crate::client::Client::new(&[port]);
            move || -> Vec<_> {
                let large = (0..).map(|number| ((sender + 1000) << 32) + number).filter(|seed| is_large(*seed));
                large
                    .take(mails / senders)
                    .map(|seed| crate::ledger::hand_over(&mut client, seed, crate::mail::Purpose::Request))
                    .collect()
            }
        };
        let senders: Vec<_> = (0..senders as u64).map(|number| scope.spawn(sender(number))).collect();
        senders.into_iter().flat_map(|sender| sender.join().unwrap()).collect::<Vec<_>>()
    });
    trial.ledger.extend(entries);
    trial.assert_that_it_runs();
    let (most, address_space) = (status(number, "VmHWM") / 1024, status(number, "VmPeak") / 1024);
    trial.judge("memory capped", &format!("at most {most} MiB in memory, {address_space} MiB of addresses"));
}

/// Whether the mail of this seed is one of 2 MiB.
fn is_large(seed: u64) -> bool {
    crate::mail::Mail::new(seed, &crate::mail::Purpose::Request).octets.len() > 1024 * 1024
}
