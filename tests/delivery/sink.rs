//! Postfix's `smtp-sink` as the relay: with its fault flags, and stopped and started under a long queue.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use crate::outbox::{Outbox, now};

/// A sink that runs until it is dropped.
struct Sink(Child);

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Sink {
    fn start(port: u16, flags: &[&str]) -> Self {
        let mut command = Command::new("smtp-sink");
        // It insists on giving up the rights of root.
        if is_root() {
            command.args(["-u", "postfix"]);
        }
        let address = format!("127.0.0.1:{port}");
        let child = command.args(flags).args([address.as_str(), "256"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut sink = Self(child.expect("smtp-sink, of the package postfix"));
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(&address).is_err() {
            assert!(sink.0.try_wait().expect("the sink").is_none(), "smtp-sink ended");
            assert!(Instant::now() < deadline, "smtp-sink does not listen");
            std::thread::yield_now();
        }
        sink
    }
}

fn is_root() -> bool {
    std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").expect("this process")) == 0
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

/// A file that the sink, whoever it runs as, can write.
fn dump(folder: &Path) -> PathBuf {
    let open: std::fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    let place = folder.join("sink");
    std::fs::create_dir(&place).expect("a folder");
    for folder in [folder, &place] {
        std::fs::set_permissions(folder, open.clone()).expect("a folder for everybody");
    }
    place.join("dump")
}

/// The numbers of the mails that a sink took, in their order.
fn taken(dump: &Path) -> Vec<i64> {
    let octets = std::fs::read(dump).unwrap_or_default();
    let text = String::from_utf8_lossy(&octets);
    text.lines().filter_map(|line| line.strip_prefix("Subject: ")).map(|id| id.trim().parse().expect("a number")).collect()
}

#[tokio::test]
async fn whatever_a_relay_does_at_any_stage_a_notice_waits_or_is_refused_and_leaves_once() {
    const UNREACHED: (&str, i64) = ("due", 0);
    const WAITS: (&str, i64) = ("due", 1);
    const REFUSED: (&str, i64) = ("failed", 1);
    // 5xx, 4xx, disconnected without a word, 421.
    for (stage, expected) in [
        ("CONNECT", [UNREACHED; 4]),
        ("EHLO", [UNREACHED; 4]),
        ("MAIL", [REFUSED, WAITS, WAITS, WAITS]),
        ("RCPT", [REFUSED, WAITS, WAITS, WAITS]),
        ("DATA", [REFUSED, WAITS, WAITS, WAITS]),
        (".", [REFUSED, WAITS, WAITS, WAITS]),
    ] {
        for (flag, (state, attempts)) in ["-f", "-r", "-q", "-Q"].into_iter().zip(expected) {
            let mut outbox = Outbox::open().await;
            outbox.queue(1, "c@customer.example", 1).await;
            let port = free_port();
            let sender = outbox.sender(port, 1, Duration::from_secs(20));
            let faulty = Sink::start(port, &[flag, stage]);
            assert_eq!(sender.step(now()).await.expect("a turn"), 1, "{flag} {stage}");
            drop(faulty);
            let row = outbox.state(1).await;
            assert_eq!((row.state.as_str(), row.attempts), (state, attempts), "{flag} {stage}: {:?}", row.last_error);
            let dump = dump(outbox.folder.path());
            let _sink = Sink::start(port, &["-D", dump.to_str().expect("a path")]);
            let tomorrow = now().plus(Duration::from_secs(86_400));
            while sender.step(tomorrow).await.expect("a turn") > 0 {}
            let left = if state == "due" { vec![1] } else { Vec::new() };
            assert_eq!(taken(&dump), left, "{flag} {stage}");
        }
    }
}

#[tokio::test]
async fn a_relay_that_hangs_at_any_stage_is_left_and_the_notice_waits() {
    for stage in ["RCPT:600", "DATA:600"] {
        let mut outbox = Outbox::open().await;
        outbox.queue(1, "c@customer.example", 1).await;
        let port = free_port();
        let _sink = Sink::start(port, &["-W", stage]);
        assert_eq!(outbox.sender(port, 1, Duration::from_millis(1_500)).step(now()).await.expect("a turn"), 1, "{stage}");
        let row = outbox.state(1).await;
        assert_eq!((row.state.as_str(), row.attempts), ("due", 1), "{stage}");
        assert!(row.last_error.is_some_and(|why| why.contains("no answer in time")), "{stage}");
    }
}

#[tokio::test]
async fn five_thousand_notices_that_waited_for_a_relay_leave_once_each_the_oldest_first() {
    const COUNT: i64 = 5_000;
    let mut outbox = Outbox::open().await;
    outbox.queue_many(COUNT).await;
    let port = free_port();
    let (_stop, stopped) = watch::channel(false);
    let running = tokio::spawn(outbox.sender(port, 1, Duration::from_secs(60)).run(Arc::new(Notify::new()), stopped));
    outbox.until_tried().await;
    assert_eq!(outbox.count("sent").await, 0);
    let dump = dump(outbox.folder.path());
    let _sink = Sink::start(port, &["-D", dump.to_str().expect("a path")]);
    outbox.until("sent", COUNT).await;
    running.abort();
    assert!(taken(&dump) == (1..=COUNT).collect::<Vec<_>>(), "each once, in the order of the queue");
    assert_eq!(outbox.state(COUNT).await.attempts, 1);
}
