//! Large mail outside the database: in a folder, and in a bucket of a real S3 server on loopback.
#![cfg(test)]

#[path = "objects/desk.rs"]
mod desk;
#[path = "crashes/gateway.rs"]
mod gateway;
#[path = "objects/s3.rs"]
mod s3;
#[path = "objects/sweep.rs"]
mod sweep;
#[path = "faults/wire.rs"]
mod wire;

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use desk::{Desk, large, objects, small};
use gateway::{DEADLINE, wait_for};
use s3::{CREDENTIALS, S3};
use sqlx::{Connection, Executor, SqliteConnection};
use tempfile::tempdir;

const FOLDER: &str = "objects = \"file:FOLDER/objects\"\n";

async fn database(folder: &Path) -> SqliteConnection {
    SqliteConnection::connect(folder.join("data/postdesk.db").to_str().unwrap()).await.unwrap()
}

/// A large and a small mail go the whole way; only the large one is an object.
fn both_go_the_whole_way(desk: &mut Desk, kept: &Path) {
    desk.gateway.start();
    let (mail, file) = large("large");
    assert_eq!([desk.send(&mail), desk.send(&small("small"))], [250, 250]);
    let (one, other) = (desk.decided("large"), desk.decided("small"));
    assert_eq!((one["outcome"].as_str(), other["outcome"].as_str()), (Some("request"), Some("request")));
    assert_eq!(one["size"].as_u64(), Some(mail.len() as u64));
    assert!(desk.raw(&one) == mail, "the original differs");
    assert_eq!(desk.raw(&other), small("small"));
    let kept = objects(kept);
    assert_eq!(kept.len(), 1);
    assert!(fs::read_to_string(&kept[0]).unwrap() == mail, "the object is not the mail");
    // An acknowledgement and two agents, for each of the two.
    let with_file = desk.out(6).into_iter().filter(|notice| notice.contains(file.trim_end())).count();
    assert_eq!(with_file, 2, "the file is in the notice to each agent");
    assert_eq!(desk.gateway.stop().code(), Some(0));
}

#[test]
fn a_large_mail_in_a_folder_is_read_back_octet_for_octet_and_its_file_reaches_the_agents() {
    let mut desk = Desk::new(tempdir().unwrap(), FOLDER);
    let kept = desk.path().join("objects");
    both_go_the_whole_way(&mut desk, &kept);
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(kept).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o700, "the folder is closed to others");
}

#[test]
fn a_large_mail_in_a_bucket_is_read_back_octet_for_octet_and_its_file_reaches_the_agents() {
    let folder = tempdir().unwrap();
    let server = S3::start(folder.path());
    let settings = server.settings(folder.path(), CREDENTIALS);
    let mut desk = Desk::new(folder, &settings);
    both_go_the_whole_way(&mut desk, &server.bucket().join("desk"));
    assert!(!desk.log().contains(CREDENTIALS[1]));
}

#[test]
fn while_the_bucket_is_away_a_large_mail_is_451_and_a_small_one_is_worked_on() {
    let folder = tempdir().unwrap();
    let mut server = S3::start(folder.path());
    let settings = server.settings(folder.path(), CREDENTIALS);
    let mut desk = Desk::new(folder, &settings);
    desk.gateway.start();
    server.stop();
    assert_eq!([desk.send(&large("refused").0), wire::Wire::connect(desk.gateway.port()).mail("small")], [451, 250]);
    assert_eq!(desk.decided("small")["outcome"], "request");
    server.go_on();
    assert_eq!(desk.send(&large("taken").0), 250);
    assert_eq!(desk.decided("taken")["outcome"], "request");
    assert_eq!(desk.arrivals().len(), 2, "nothing of the refused mail remains");
}

#[test]
fn a_large_mail_whose_bucket_is_away_waits_uncounted_while_replies_go_on_and_is_decided_when_it_is_back() {
    let folder = tempdir().unwrap();
    let mut server = S3::start(folder.path());
    let settings = server.settings(folder.path(), CREDENTIALS);
    let mut desk = Desk::new(folder, &settings);
    desk.gateway.start();
    assert_eq!(desk.send(&small("first")), 250);
    desk.decided("first");
    let reference = desk.gateway.json(&["ticket", "list", "--json"])[0]["reference"].as_str().unwrap().to_owned();
    // Taken with the worker locked out, so that it is there and undecided when the bucket goes away.
    let mail = large("large").0;
    let locked = lock_out_the_worker(desk.path());
    assert_eq!(desk.send(&mail), 250);
    server.stop();
    unlock_the_worker(desk.path(), locked);
    let waiting = wait_for("the large mail to be passed over", DEADLINE, || {
        let id = desk.arrivals().into_iter().find(|arrival| arrival["outcome"].is_null())?["id"].to_string();
        let shown = desk.gateway.json(&["arrival", "show", &id, "--json"]).remove(0);
        (shown["attempts"] == 0 && !shown["last_error"].is_null()).then_some(id)
    });
    // A reply speaks of something earlier, and does not wait for it.
    let subject = format!("Re: first [{reference}]");
    assert_eq!(desk.send(&small(&subject)), 250);
    assert_eq!(desk.decided(&subject)["outcome"], "reply");
    server.go_on();
    assert_eq!(desk.decided("large")["outcome"], "request");
    let shown = desk.gateway.json(&["arrival", "show", &waiting, "--json"]).remove(0);
    assert_eq!(shown["attempts"], 1, "no attempt was counted while the bucket was away: {shown}");
    assert!(desk.raw(&shown) == mail);
}

/// Makes every claim fail until it is undone: a trigger refuses to count attempts.
fn lock_out_the_worker(folder: &Path) -> &'static str {
    execute(folder, "CREATE TRIGGER locked BEFORE UPDATE OF attempts ON arrival BEGIN SELECT RAISE(ABORT, 'not now'); END");
    "locked"
}

fn unlock_the_worker(folder: &Path, _locked: &str) {
    execute(folder, "DROP TRIGGER locked");
}

fn execute(folder: &Path, statement: &'static str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { database(folder).await.execute(statement).await.unwrap() });
}

#[test]
fn a_mail_whose_object_is_gone_or_altered_is_held_with_the_reason_and_the_next_goes_on() {
    let mut desk = Desk::new(tempdir().unwrap(), FOLDER);
    desk.gateway.start();
    let kept = desk.path().join("objects");
    let locked = lock_out_the_worker(desk.path());
    assert_eq!(desk.send(&large("gone").0), 250);
    fs::remove_file(&objects(&kept)[0]).unwrap();
    assert_eq!(desk.send(&large("altered").0), 250);
    fs::write(&objects(&kept)[0], "something else").unwrap();
    assert_eq!(desk.send(&large("whole").0), 250);
    unlock_the_worker(desk.path(), locked);
    assert_eq!(desk.decided("whole")["outcome"], "request");
    let held = wait_for("both to be held", DEADLINE, || {
        let held = desk.gateway.json(&["arrival", "list", "--json", "--outcome", "held"]);
        (held.len() == 2).then_some(held)
    });
    let reasons: Vec<&str> = held.iter().map(|arrival| arrival["reasons"][0].as_str().unwrap()).collect();
    assert!(held.iter().all(|arrival| arrival["cause"] == "failed-repeatedly"), "{held:?}");
    assert!(reasons[1].contains("any more") && reasons[0].contains("digest differs"), "{reasons:?}");
}

#[test]
fn a_folder_that_is_not_mounted_is_away_and_no_mail_is_lost_with_it() {
    let mut desk = Desk::new(tempdir().unwrap(), FOLDER);
    desk.gateway.start();
    let (kept, away) = (desk.path().join("objects"), desk.path().join("unmounted"));
    let locked = lock_out_the_worker(desk.path());
    assert_eq!(desk.send(&large("waiting").0), 250);
    fs::rename(&kept, &away).unwrap();
    fs::create_dir(&kept).unwrap();
    unlock_the_worker(desk.path(), locked);
    assert_eq!(desk.send(&large("refused").0), 451);
    wait_for("the mail to be passed over", DEADLINE, || desk.log().contains("is it mounted?").then_some(()));
    fs::remove_dir(&kept).unwrap();
    fs::rename(&away, &kept).unwrap();
    assert_eq!(desk.decided("waiting")["outcome"], "request");
    assert_eq!(objects(&kept).len(), 1);
}

#[test]
fn a_kill_between_object_and_commit_leaves_an_orphan_that_is_swept_when_it_is_old_and_nothing_else() {
    let mut desk = Desk::new(tempdir().unwrap(), FOLDER);
    desk.gateway.start();
    let kept = desk.path().join("objects");
    assert_eq!(desk.send(&large("kept").0), 250);
    let named = objects(&kept);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut other = runtime.block_on(database(desk.path()));
    runtime.block_on(other.execute("BEGIN IMMEDIATE")).unwrap();
    let port = desk.gateway.port();
    let sending = std::thread::spawn(move || {
        let mut wire = wire::Wire::connect(port);
        wire.begin();
        // The kill may cut the line at any moment.
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| wire.give(&large("cut").0))).ok()
    });
    // The object is there while the COMMIT that names it cannot be.
    wait_for("the object", DEADLINE, || (objects(&kept).len() == 2).then_some(()));
    desk.gateway.kill();
    assert_eq!(sending.join().unwrap(), None, "nobody was told that it is ours");
    runtime.block_on(other.execute("ROLLBACK")).unwrap();
    runtime.block_on(other.close()).unwrap();

    // Young, it stays: its COMMIT might be under way. Old, it goes.
    let orphan = objects(&kept).into_iter().find(|path| !named.contains(path)).unwrap();
    let unfinished = orphan.with_file_name(format!("{}#1", orphan.file_name().unwrap().to_str().unwrap()));
    let foreign = kept.join("somebody-elses");
    for file in [&unfinished, &foreign] {
        fs::write(file, "x").unwrap();
    }
    let long_ago = SystemTime::now() - Duration::from_secs(2 * 86_400);
    for file in named.iter().chain([&orphan, &unfinished, &foreign]) {
        fs::File::options().write(true).open(file).unwrap().set_modified(long_ago).unwrap();
    }
    desk.gateway.start();
    wait_for("the sweep", DEADLINE, || (!orphan.exists() && !unfinished.exists()).then_some(()));
    assert_eq!(objects(&kept), named, "a named object stays, however old");
    assert!(foreign.exists(), "what is not ours is left alone");
    assert_eq!(desk.decided("kept")["outcome"], "request");
    assert_eq!(desk.arrivals().len(), 1);
}

#[test]
fn wrong_credentials_and_a_bucket_that_is_not_there_are_told_at_the_start_in_words() {
    let folder = tempdir().unwrap();
    let server = S3::start(folder.path());
    let wrong = server.settings(folder.path(), [CREDENTIALS[0], "another-secret"]);
    let desk = Desk::new(folder, &wrong);
    let (code, told) = desk.refused_start();
    assert_eq!(code, Some(78), "{told}");
    assert!(told.contains("cannot be used for large mail") && !told.contains("another-secret"), "{told}");
    desk.configure(&server.settings(desk.path(), CREDENTIALS).replace("s3://mail/", "s3://nowhere/"));
    let (code, told) = desk.refused_start();
    assert_eq!(code, Some(78), "{told}");
    assert!(told.contains("s3://nowhere/desk") && told.contains("NoSuchBucket"), "{told}");
}

#[test]
fn the_objects_of_another_desk_are_not_touched() {
    let mut one = Desk::new(tempdir().unwrap(), FOLDER);
    one.gateway.start();
    let theirs = format!("objects = \"file:{}/objects\"\n", one.path().display());
    let other = Desk::new(tempdir().unwrap(), &theirs);
    let (code, told) = other.refused_start();
    assert_eq!(code, Some(78), "{told}");
    assert!(told.contains("of a desk with other keys"), "{told}");
}

#[test]
fn check_shows_where_large_mail_is_kept_and_no_secret() {
    let folder = tempdir().unwrap();
    let server = S3::start(folder.path());
    let settings = server.settings(folder.path(), CREDENTIALS);
    let desk = Desk::new(folder, &settings);
    let shown = String::from_utf8(desk.gateway.verb(&["check"])).unwrap();
    assert!(shown.contains(&server.url()) && shown.contains("credentials in"), "{shown}");
    let json = desk.gateway.json(&["check", "--json"]).remove(0);
    assert_eq!(json["objects"]["url"].as_str(), Some(server.url().as_str()));
    assert!(!shown.contains(CREDENTIALS[1]) && !json.to_string().contains(CREDENTIALS[1]));
}
