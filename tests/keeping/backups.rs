//! A backup of a desk at work, and the desk that goes on from it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::{Connection, SqliteConnection};

use crate::desk::Desk;
use crate::gateway::{DEADLINE, wait_for};

/// Runs SQL beside a gateway that does not run.
pub(crate) fn run(database: &Path, sql: &'static str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = SqliteConnection::connect(database.to_str().unwrap()).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}

/// Another desk that the backup of the first is restored to.
pub(crate) fn heir() -> Desk {
    let desk = Desk::new();
    fs::remove_dir(desk.file("data")).unwrap();
    desk
}

/// Ids of the mails that a client was told 250 for, while it sends on and on.
fn send_until(desk: &Desk, over: &AtomicBool, acknowledged: &Mutex<Vec<String>>) {
    for number in 0.. {
        if over.load(Ordering::Relaxed) {
            return;
        }
        let subject = format!("load {number}");
        desk.mail("Noah <noah@customer.example>", "help@shop.example", &subject, "", &"x".repeat(number % 9_000));
        acknowledged.lock().unwrap().push(subject);
    }
}

#[test]
fn all_that_was_acknowledged_before_a_backup_began_is_in_it_and_the_mail_flows_on() {
    let desk = Desk::started();
    let (over, acknowledged) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let sure = std::thread::scope(|scope| {
        scope.spawn(|| send_until(&desk, &over, &acknowledged));
        wait_for("some mail", DEADLINE, || (acknowledged.lock().unwrap().len() >= 60).then_some(()));
        let sure = acknowledged.lock().unwrap().clone();
        let said = desk.done(&["backup", "desk.backup"]);
        assert!(said.contains("desk.backup: ") && said.contains(" tickets, ") && said.contains("checked"), "{said}");
        let during = acknowledged.lock().unwrap().len();
        wait_for("mail behind the backup", DEADLINE, || (acknowledged.lock().unwrap().len() > during).then_some(()));
        over.store(true, Ordering::Relaxed);
        sure
    });
    let file = desk.file("desk.backup");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    for beside in ["desk.backup.unfinished", "desk.backup.database"] {
        assert!(!desk.file(beside).exists(), "{beside}");
    }
    let again = desk.run(&["backup", "desk.backup"]);
    assert_eq!((again.code, again.err.contains("--force")), (Some(65), true), "{again:?}");
    desk.done(&["backup", "--force", "desk.backup"]);

    let mut heir = heir();
    let said = heir.done(&["restore", file.to_str().unwrap()]);
    assert!(said.contains("The next ticket has the number") && said.contains("Next: `postdesk check`"), "{said}");
    heir.gateway.start();
    heir.settle();
    let there: Vec<String> = heir.arrivals().iter().map(|arrival| arrival["subject"].to_string()).collect();
    let missing: Vec<&String> = sure.iter().filter(|subject| !there.contains(&format!("\"{subject}\""))).collect();
    println!("acknowledged={} in the backup={} missing={}", sure.len(), there.len(), missing.len());
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_restored_desk_knows_its_old_addresses_tells_nobody_twice_and_gives_no_number_twice() {
    let mut desk = Desk::started();
    desk.converse();
    let (to, id) = (desk.answer_address("answer", "mia@customer.example"), desk.arrivals()[0]["id"].as_i64().unwrap());
    assert!(desk.gateway.stop().success());
    run(
        &desk.database(),
        "UPDATE outbox SET state = 'due' WHERE event = 'answer'; UPDATE outbox SET state = 'leased' WHERE event = 'acknowledgement'",
    );
    desk.done(&["backup", "desk.backup"]);
    let file = desk.file("desk.backup");
    let mut heir = heir();
    let said = heir.done(&["restore", file.to_str().unwrap()]);
    assert!(said.contains("notices that waited are held"), "{said}");
    heir.gateway.start();
    heir.mail("Mia Berg <mia@customer.example>", &to, "Re: thanks", "", "It works.");
    heir.settle();
    let newest = &heir.arrivals()[0];
    assert_eq!(
        (newest["outcome"].as_str(), newest["ticket"].as_str()),
        (Some("reply"), Some("SUP-1")),
        "the keys are those of before"
    );
    assert!(newest["id"].as_i64().unwrap() > id + 1_000, "{newest}");
    heir.mail("Noah <noah@customer.example>", "help@shop.example", "New", "", "Another one.");
    heir.settle();
    let ticket = heir.arrivals()[0]["ticket"].as_str().unwrap().trim_start_matches("SUP-").parse::<i64>().unwrap();
    assert!(ticket > 1_000, "{ticket}");
    let old = |name: &str| name.contains("-answer-mia") || name.contains("-acknowledgement-mia");
    let left = fs::read_dir(heir.file("out")).unwrap().filter(|entry| old(entry.as_ref().unwrap().file_name().to_str().unwrap()));
    assert_eq!(left.count(), 0, "nobody is told twice");
    let held = heir.gateway.json(&["outbox", "list", "--state", "held", "--json"]);
    assert_eq!(held.len(), 2, "{held:?}");
    // Whoever knows that nothing has left says so.
    let other = self::heir();
    let said = other.done(&["restore", "--send", file.to_str().unwrap()]);
    assert!(said.contains("2 notices that waited will be sent"), "{said}");
}

#[test]
fn a_restore_refuses_what_is_in_the_way_and_moves_it_aside_when_told_to() {
    let mut desk = Desk::started();
    desk.converse();
    desk.done(&["backup", "desk.backup"]);
    let running = desk.run(&["restore", "--force", "desk.backup"]);
    assert_eq!((running.code, running.err.contains("stop the gateway")), (Some(75), true), "{running:?}");
    assert!(desk.gateway.stop().success());
    let there = desk.run(&["restore", "desk.backup"]);
    assert_eq!((there.code, there.err.contains("--force moves it aside")), (Some(65), true), "{there:?}");
    let before = fs::read(desk.database()).unwrap();
    let said = desk.done(&["restore", "--force", "desk.backup"]);
    let aside = said.lines().find_map(|line| line.trim().strip_prefix("Moved aside: ")).unwrap();
    assert!(fs::read(aside).unwrap() == before, "the old store is as it was");
    desk.gateway.start();
    assert_eq!(desk.ticket(1)["messages"].as_array().unwrap().len(), 4);
    // Other keys are in the way, too.
    let heir = heir();
    fs::create_dir_all(heir.file("data")).unwrap();
    fs::write(heir.file("data/keys"), "other\n").unwrap();
    let file = desk.file("desk.backup");
    let keys = heir.run(&["restore", file.to_str().unwrap()]);
    assert_eq!((keys.code, keys.err.contains("holds other keys")), (Some(65), true), "{keys:?}");
    assert!(!heir.database().exists());
}

#[test]
fn large_mail_outside_the_database_comes_along() {
    let mut desk = Desk::new().with_objects();
    desk.gateway.start();
    desk.mail("Mia Berg <mia@customer.example>", "help@shop.example", "Large", "", &"many words ".repeat(4_000));
    desk.settle();
    let raw = desk.gateway.verb(&["arrival", "raw", "1"]);
    let said = desk.done(&["backup", "desk.backup"]);
    assert!(said.contains("large mail: 1\n"), "{said}");
    let said = desk.done(&["backup", "--without-objects", "small.backup"]);
    assert!(said.contains("Left out: 1 large mails"), "{said}");
    let file = desk.file("desk.backup");
    let without = heir();
    let refused = without.run(&["restore", file.to_str().unwrap()]);
    assert_eq!((refused.code, without.database().exists()), (Some(78), false), "{refused:?}");
    let mut heir = heir().with_objects();
    heir.done(&["restore", file.to_str().unwrap()]);
    heir.gateway.start();
    assert!(heir.gateway.verb(&["arrival", "raw", "1"]) == raw);
}

#[test]
fn a_database_on_a_server_is_left_to_its_own_tools() {
    let desk = Desk::started();
    desk.converse();
    let file = desk.file("postdesk.toml");
    let text = fs::read_to_string(&file).unwrap();
    let url = format!("url = \"sqlite:{}/data/postdesk.db\"", desk.path().display());
    assert!(text.contains(&url));
    fs::write(&file, text.replace(&url, "url = \"postgres://desk@127.0.0.1:1/desk\"")).unwrap();
    let refused = desk.run(&["backup", "desk.backup"]);
    assert_eq!((refused.code, refused.err.contains("pg_dump")), (Some(64), true), "{refused:?}");
    let said = desk.done(&["backup", "--without-database", "keys.backup"]);
    assert!(said.contains("keys: ") && !said.contains("database: "), "{said}");
    fs::remove_file(desk.file("data/keys")).unwrap();
    let said = desk.done(&["restore", "keys.backup"]);
    assert!(said.contains("data/keys: the keys"), "{said}");
}
