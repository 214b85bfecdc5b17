//! `/readyz`: mail flows, or it does not, and why; and back.

use sqlx::{Connection, Executor, SqliteConnection};

use crate::desk::{Desk, Wish};
use crate::gateway::{DEADLINE, wait_for};
use crate::sink::Sink;

#[test]
fn a_gateway_that_works_is_ready_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::start(folder.path(), &Wish::default());
    let words = desk.ready(200);
    assert!(words.starts_with("ready: mail flows\n"), "{words}");
    for line in ["ok      store: it can be written to\n", &format!("ok      listener: {} greets with 220\n", desk.smtp)] {
        assert!(words.contains(line), "{words}");
    }
    assert!(words.contains("pending: 0 mails wait") && words.contains("due: 0 notices are due"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_store_is_told_and_so_is_its_return() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::start(folder.path(), &Wish::default());
    desk.ready(200);
    let mut other = SqliteConnection::connect(desk.database().to_str().unwrap()).await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let words = desk.ready(503);
    assert!(words.starts_with("not ready: mail does not flow\nSTOPPED store: "), "{words}");
    // It is alive all the same, and its numbers are there.
    assert_eq!(desk.get("/healthz").0, 200);
    assert!(desk.get("/metrics").2.contains("postdesk_connections_total"));
    other.execute("ROLLBACK").await.unwrap();
    desk.ready(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_of_a_store_that_refuses_to_answer_are_left_out_and_the_others_come() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::start(folder.path(), &Wish::default());
    let mut other = SqliteConnection::connect(desk.database().to_str().unwrap()).await.unwrap();
    other.execute("ALTER TABLE outbox RENAME TO elsewhere").await.unwrap();
    let page = wait_for("a store that does not answer", DEADLINE, || {
        let (_, _, page) = desk.get("/metrics");
        page.contains("postdesk_store_up 0\n").then_some(page)
    });
    assert!(!page.contains("postdesk_arrivals_pending") && page.contains("process_open_fds"), "{page}");
    let words = desk.ready(503);
    assert!(words.contains("STOPPED pending: nobody knows what waits"), "{words}");
}

#[test]
fn a_hop_that_is_too_old_is_told_until_it_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let mut sink = Sink::silent();
    let wish = Wish { relay: &sink.relay(), http: "due_limit = \"1s\"", delivery: "max_connections = 1", ..Wish::default() };
    let desk = Desk::start(folder.path(), &wish);
    // What is leased first keeps the only connection, and the rest is due.
    desk.take("mia@customer.example", "Kettle", "It does not boil.");
    wait_for("the first lease", DEADLINE, || {
        desk.get("/metrics").2.contains("postdesk_outbox_notices{state=\"leased\"} 2\n").then_some(())
    });
    for number in 0..4 {
        desk.take(&format!("mia{number}@customer.example"), &format!("Kettle {number}"), "It does not boil.");
    }
    let words = desk.ready(503);
    assert!(words.contains("STOPPED due: ") && words.contains("(`[http] due_limit` 1 s)"), "{words}");
    sink.speak();
    desk.ready(200);
}

/// A small disk needs root.
#[cfg(feature = "peers")]
#[test]
fn a_disk_that_is_full_is_told_and_so_is_its_room() {
    use std::fs;
    use std::process::Command;

    struct Mounted(tempfile::TempDir);
    impl Drop for Mounted {
        fn drop(&mut self) {
            let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
        }
    }

    let disk = Mounted(tempfile::tempdir().unwrap());
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=32m", "tmpfs"]).arg(disk.0.path()).status().unwrap();
    assert!(mounted.success(), "a tmpfs cannot be mounted; this test needs root");
    let desk = Desk::start(disk.0.path(), &Wish { store: "min_free_space = \"50%\"", ..Wish::default() });
    desk.ready(200);
    let filler = disk.0.path().join("filler");
    fs::write(&filler, vec![0; 20 * 1024 * 1024]).unwrap();
    let words = desk.ready(503);
    assert!(words.contains("STOPPED store: "), "{words}");
    assert!(words.contains("less than 50 % of the file system"), "{words}");
    fs::remove_file(filler).unwrap();
    desk.ready(200);
}
