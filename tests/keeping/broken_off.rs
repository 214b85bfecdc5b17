//! Backups and restores that are killed, cut off, damaged, or find no room.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::backups::heir;
use crate::desk::{Desk, said};

/// A desk with some megabytes of mail, stopped.
fn filled() -> Desk {
    let mut desk = Desk::started();
    for number in 0..12 {
        desk.mail(
            "Mia Berg <mia@customer.example>",
            "help@shop.example",
            &format!("large {number}"),
            "",
            &"some words \n".repeat(40_000),
        );
    }
    desk.settle();
    assert!(desk.gateway.stop().success());
    desk
}

/// Runs a verb and kills it after a while, longer each time, until it has ended by itself; how often it was killed.
fn kill_again_and_again(desk: &Desk, arguments: &[&str], mut look: impl FnMut()) -> usize {
    for kills in 0.. {
        let mut process = desk.gateway.command(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let end = Instant::now() + Duration::from_millis(4 + 7 * kills as u64);
        let ended = loop {
            if let Some(status) = process.try_wait().unwrap() {
                break Some(status);
            }
            if Instant::now() >= end {
                process.kill().unwrap();
                process.wait().unwrap();
                break None;
            }
            std::thread::yield_now();
        };
        look();
        if let Some(status) = ended {
            assert!(status.success(), "{arguments:?} after {kills} kills: {:?}", said(process.wait_with_output().unwrap()));
            return kills;
        }
    }
    unreachable!("it ends at last")
}

#[test]
fn a_backup_and_a_restore_that_are_killed_leave_nothing_half_under_a_final_name_and_begin_anew() {
    let desk = filled();
    let (file, mut sizes) = (desk.file("kept.backup"), Vec::new());
    let kills = kill_again_and_again(&desk, &["backup", "desk.backup"], || {
        // Killed after the last step: the file is there, and begins anew only when told to.
        if desk.file("desk.backup").exists() {
            sizes.push(fs::metadata(desk.file("desk.backup")).unwrap().len());
            fs::rename(desk.file("desk.backup"), &file).unwrap();
        }
    });
    assert!(!sizes.is_empty() && sizes.iter().all(|size| *size == sizes[0]), "the file is there when it is whole: {sizes:?}");
    let heir = heir();
    let arguments = ["restore", file.to_str().unwrap()];
    let mut whole = true;
    let restores = kill_again_and_again(&heir, &arguments, || {
        // Killed after the last step: the store is there, and begins anew only when told to.
        if heir.database().exists() {
            whole &= is_whole(&heir.database());
            fs::remove_file(heir.database()).unwrap();
        }
    });
    assert!(whole);
    println!("backup killed={kills} restore killed={restores}");
    assert!(kills >= 5 && restores >= 5, "it was killed in the middle: {kills}, {restores}");
    heir.done(&["restore", file.to_str().unwrap()]);
    assert!(is_whole(&heir.database()));
    assert_eq!(heir.gateway.json(&["ticket", "list", "--json"]).len(), 12);
}

fn is_whole(database: &Path) -> bool {
    use sqlx::Connection;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = sqlx::SqliteConnection::connect(database.to_str().unwrap()).await.unwrap();
        let verdict: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
        verdict == "ok"
    })
}

#[test]
fn a_backup_that_was_cut_off_or_changed_anywhere_is_refused_before_anything_is_touched() {
    let desk = Desk::started();
    desk.converse();
    desk.done(&["backup", "desk.backup"]);
    let octets = fs::read(desk.file("desk.backup")).unwrap();
    let heir = heir();
    let try_it = |octets: &[u8], what: &str| {
        fs::write(heir.file("damaged"), octets).unwrap();
        let refused = heir.run(&["restore", "damaged"]);
        assert_eq!(refused.code, Some(65), "{what}: {refused:?}");
        assert!(refused.err.contains("nothing was changed"), "{what}: {refused:?}");
        assert!(!heir.file("data").exists(), "{what}");
    };
    try_it(b"", "empty");
    try_it(&fs::read(desk.file("postdesk.toml")).unwrap(), "another file");
    for eighth in 1..8 {
        try_it(&octets[..octets.len() * eighth / 8], &format!("{eighth} eighths of it"));
        let mut changed = octets.clone();
        let mut at = octets.len() * eighth / 8;
        // Not in what fills the file up.
        while changed[at] == 0 {
            at += 1;
        }
        changed[at] ^= 1;
        try_it(&changed, &format!("octet {at} of {}", octets.len()));
    }
    heir.done(&["restore", desk.file("desk.backup").to_str().unwrap()]);
}

#[test]
fn a_backup_that_finds_no_room_says_so_and_leaves_nothing() {
    let desk = filled();
    // 512 octets each; SIGXFSZ is ignored, so that writing fails as on a full disk.
    let shell = |blocks: u32, arguments: &str| {
        let line = format!(
            "trap '' XFSZ; ulimit -f {blocks}; exec {} --config postdesk.toml {arguments}",
            env!("CARGO_BIN_EXE_postdesk")
        );
        said(std::process::Command::new("sh").args(["-c", &line]).current_dir(desk.path()).output().unwrap())
    };
    let before = fs::read_dir(desk.path()).unwrap().count();
    // For the copy, and for the archive that holds it.
    let size = fs::metadata(desk.database()).unwrap().len() / 512;
    for blocks in [200, u32::try_from(size).unwrap()] {
        let failed = shell(blocks, "backup desk.backup");
        assert!(matches!(failed.code, Some(74)), "{blocks}: {failed:?}");
        assert_eq!(fs::read_dir(desk.path()).unwrap().count(), before, "{blocks}: {failed:?}");
    }
    desk.done(&["backup", "desk.backup"]);
}
