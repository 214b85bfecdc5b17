//! A gateway behind a socket that somebody else listens on: ten thousand mails over twenty restarts, of which every other one is a kill.
//! Nobody is refused, and of what was promised nothing is lost or doubled. `POSTDESK_MAILS` asks for another number.
#![cfg(test)]

#[path = "crashes/check.rs"]
#[expect(dead_code, reason = "shared with the ledger, which needs more of it")]
mod check;
#[path = "crashes/client.rs"]
#[expect(dead_code, reason = "shared with the ledger of several gateways, which needs more of it")]
mod client;
#[path = "crashes/found.rs"]
#[expect(dead_code, reason = "shared with the ledger, which needs more of it")]
mod found;
#[path = "crashes/gateway.rs"]
#[expect(dead_code, reason = "shared with the ledger, which needs more of it")]
mod gateway;
#[path = "crashes/ledger.rs"]
#[expect(dead_code, reason = "shared with the ledger, which needs more of it")]
mod ledger;
#[path = "crashes/mail.rs"]
#[expect(dead_code, reason = "shared with the ledger, which needs more of it")]
mod mail;
#[path = "systemd/service.rs"]
#[expect(dead_code, reason = "shared with the tests of the units, which need more of it")]
mod service;

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use check::{judge, what_is_right};
use client::Client;
use gateway::wait_for;
use ledger::{Entry, hand_over};
use mail::Purpose;
use service::Service;

const RESTARTS: usize = 20;
const CLIENTS: u64 = 8;
/// How long the mails between two restarts may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// How far the clients have come.
#[derive(Default)]
struct Progress {
    begun: AtomicUsize,
    answered: AtomicUsize,
}

/// Sends until all mails are sent; the ledger, and how many connections were refused.
fn send(progress: &Progress, mails: usize, stream: u64, port: u16) -> (Vec<Entry>, usize) {
    let (mut client, mut entries) = (Client::new(&[port]), Vec::new());
    while progress.begun.fetch_add(1, Ordering::Relaxed) < mails {
        entries.push(hand_over(&mut client, (stream << 32) + entries.len() as u64, Purpose::Small));
        progress.answered.fetch_add(1, Ordering::Relaxed);
    }
    (entries, client.refused())
}

/// Ends the gateway and starts it anew on the same socket, while mail keeps coming.
fn restart(service: &mut Service, listener: &TcpListener, kill: bool) {
    if kill {
        service.signal("-KILL");
        service.ended();
    } else {
        service.stop();
    }
    service.start(vec![("smtp", listener.try_clone().unwrap().into())], &[]);
    service.told("READY=1");
}

#[test]
fn nothing_is_lost_and_nobody_refused_by_twenty_restarts_behind_the_socket() {
    let mails = std::env::var("POSTDESK_MAILS").map_or(10_000, |number| number.parse().unwrap());
    let mut service = Service::new("discard:");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (progress, begun) = (Progress::default(), Instant::now());
    service.start(vec![("smtp", listener.try_clone().unwrap().into())], &[]);
    let (mut ledger, mut refused_connections) = (Vec::new(), 0);
    std::thread::scope(|scope| {
        let progress = &progress;
        let clients: Vec<_> = (1..=CLIENTS).map(|stream| scope.spawn(move || send(progress, mails, stream, port))).collect();
        for number in 1..=RESTARTS {
            wait_for("the mails between two restarts", PATIENCE, || {
                (progress.answered.load(Ordering::Relaxed) >= mails * number / (RESTARTS + 1)).then_some(())
            });
            restart(&mut service, &listener, number % 2 == 0);
        }
        for client in clients {
            let (entries, refused) = client.join().unwrap();
            ledger.extend(entries);
            refused_connections += refused;
        }
    });
    println!("all mails are answered after {} s", begun.elapsed().as_secs());
    found::wait_until_settled(&service.gateway);
    let nothing = service.folder().join("outgoing");
    std::fs::create_dir(&nothing).unwrap();
    let mut found = found::gather(&service.gateway, &nothing, "");
    // Thirty thousand files would be most of the test, and what leaves is the ledger's affair in `crashes`: here it is what the outbox calls sent.
    found.left = found.owed.iter().map(|notice| (notice.message_id.clone(), vec![Vec::new()])).collect();
    let counts = judge(&ledger, &found);
    println!("{counts}");
    println!(
        "acked={} stored={} lost={} doubled={} refused={refused_connections} restarts={RESTARTS} seconds={}",
        counts.acked,
        counts.stored,
        counts.lost,
        counts.doubled,
        begun.elapsed().as_secs()
    );
    assert_eq!(counts, what_is_right(&counts, &ledger));
    assert_eq!((counts.acked, refused_connections), (mails, 0));
    service.stop();
}
