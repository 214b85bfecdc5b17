//! Databases that something has happened to: a start refuses them in plain words, with the exit code that tells the service manager not to try
//! again, and changes nothing in them. The real binary on real files.
#![cfg(test)]

#[path = "damaged/desk.rs"]
mod desk;
#[path = "crashes/gateway.rs"]
mod gateway;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use desk::{Desk, zeroed};

/// What every refusal of a damaged database says.
const WORDS: [&str; 4] = ["the database is damaged", "Nothing was changed", "postdesk restore", "docs/retention.md"];

#[test]
fn after_a_stop_in_order_nothing_is_checked_and_after_a_kill_the_database_is() {
    let mut desk = Desk::in_use();
    assert!(desk.mark().exists());
    desk.gateway.stop();
    assert!(!desk.mark().exists(), "a stop in order removes the mark");
    desk.gateway.start();
    assert!(!desk.log().contains("is checked"), "{}", desk.log());
    desk.gateway.kill();
    assert!(desk.mark().exists());
    desk.gateway.start();
    assert!(desk.log().contains("is checked"), "{}", desk.log());
    assert_eq!(desk.tickets(), 3);
}

#[test]
fn a_file_without_its_second_half_is_refused_and_left_as_it_is() {
    let desk = Desk::stopped();
    let octets = fs::read(desk.file()).unwrap();
    fs::write(desk.file(), &octets[..octets.len() / 2 / 16_384 * 16_384]).unwrap();
    desk.is_refused(&WORDS);
    desk.is_refused_by(&["ticket", "list"], &WORDS, 78);
}

#[test]
fn a_file_whose_head_was_overwritten_is_refused_and_left_as_it_is() {
    let desk = Desk::stopped();
    desk.overwrite(|octets| octets[..100].fill(b'x'));
    desk.is_refused(&[&WORDS[..], &["is no database of SQLite"]].concat());
    desk.is_refused_by(&["ticket", "list"], &WORDS, 78);
    desk.is_refused_by(&["arrival", "raw", "1"], &WORDS, 78);
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let desk = Desk::stopped();
    fs::write(desk.file(), "Dear diary,\n".repeat(5_000)).unwrap();
    desk.is_refused(&[&WORDS[..], &["is no database of SQLite"]].concat());
    desk.is_refused_by(&["outbox", "list"], &WORDS, 78);
    // A mail server keeps its mail.
    desk.is_refused_by(&["pipe", "--to", "help@shop.example"], &["4.3.0 the database is damaged"], 75);
}

#[test]
fn pages_of_zeros_are_found_after_a_power_cut_wherever_they_are() {
    let desk = Desk::killed();
    let whole = fs::read(desk.file()).unwrap();
    let pages = whole.len() / 16_384;
    assert!(pages > 20, "only {pages} pages");
    let mut refused = 0;
    // As after a power cut, which has it checked as long as that takes.
    fs::write(desk.mark(), "boot another\ncounted 1\n").unwrap();
    for page in 1..pages {
        fs::write(desk.file(), zeroed(&whole, page)).unwrap();
        // A page of an original's octets may be the last of its chain: that it is zeros is for the digest to find.
        if desk.checked_in_process().is_err() {
            refused += 1;
        }
    }
    assert!(refused * 20 > pages * 19, "only {refused} of {pages} pages of zeros were noticed");
    fs::write(desk.file(), zeroed(&whole, 2)).unwrap();
    desk.is_refused(&WORDS);
    // Whole again, it goes on where it was.
    fs::write(desk.file(), &whole).unwrap();
    let mut desk = desk;
    desk.gateway.start();
    assert_eq!(desk.tickets(), 3);
}

#[test]
fn a_log_that_was_removed_is_missed() {
    let desk = Desk::killed_with_a_log();
    fs::remove_file(desk.beside("-wal")).unwrap();
    let _ = fs::remove_file(desk.beside("-shm"));
    desk.is_refused(&[&WORDS[..], &["does not hold what its gateway had committed", "-in-use"]].concat());
    // Whoever wants it so says so.
    fs::remove_file(desk.mark()).unwrap();
    let mut desk = desk;
    desk.gateway.start();
    assert!(desk.tickets() < 3);
}

#[test]
fn a_log_of_another_file_is_refused_and_not_folded_in() {
    let other = Desk::killed_with_a_log();
    let desk = Desk::stopped();
    fs::copy(other.beside("-wal"), desk.beside("-wal")).unwrap();
    desk.is_refused(&[&WORDS[..], &["is that of another database"]].concat());
    // Without it the file is what it was.
    for ending in ["-wal", "-shm"] {
        let _ = fs::remove_file(desk.beside(ending));
    }
    let mut desk = desk;
    desk.gateway.start();
    assert_eq!(desk.tickets(), 3);
}

#[test]
fn a_store_of_a_newer_version_is_refused_and_left_as_it_is() {
    let desk = Desk::stopped();
    desk.sql("UPDATE setting SET value = '9001' WHERE name = 'needs'");
    desk.is_refused(&["a newer version of postdesk has changed this store", "please upgrade"]);
    desk.is_refused_by(&["ticket", "list"], &["a newer version of postdesk"], 70);
}

#[test]
fn an_empty_file_is_no_new_desk_where_there_are_keys() {
    let desk = Desk::stopped();
    fs::write(desk.file(), "").unwrap();
    desk.is_refused(&["is empty, and the key file", "postdesk restore"]);
    desk.is_refused_by(&["ticket", "list"], &["there is no store"], 69);
    desk.is_refused_by(&["pipe", "--to", "help@shop.example"], &["4.3.0 the database cannot be used", "is empty"], 75);
    let killed = Desk::killed_with_a_log();
    fs::write(killed.file(), "").unwrap();
    killed.is_refused(&[&WORDS[..], &["is empty, and the log beside it"]].concat());
    assert!(fs::metadata(killed.beside("-wal")).unwrap().len() > 0, "the mail in the log is still there");
}

#[test]
fn a_file_that_is_gone_after_a_kill_is_missed_and_a_folder_that_is_gone_is_made() {
    let desk = Desk::killed();
    fs::rename(desk.file(), desk.beside("-elsewhere")).unwrap();
    let output = desk.gateway.command(&["serve"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(said.contains("is not there, and a gateway has worked on it"), "{said}");
    assert!(!desk.file().exists());
    let mut desk = Desk::stopped();
    fs::remove_dir_all(desk.file().parent().unwrap()).unwrap();
    desk.gateway.start();
    assert_eq!(desk.tickets(), 0, "that is how a new desk begins");
}

#[test]
fn a_file_that_may_only_be_read_is_told_of_and_left_as_it_is() {
    let desk = Desk::stopped();
    let before = fs::read(desk.file()).unwrap();
    let nobody = desk.owned_by_nobody();
    fs::set_permissions(desk.file(), fs::Permissions::from_mode(0o444)).unwrap();
    for readable in [0o755, 0o555] {
        fs::set_permissions(desk.file().parent().unwrap(), fs::Permissions::from_mode(readable)).unwrap();
        let mut command = Command::new("setpriv");
        command.args(nobody).arg(env!("CARGO_BIN_EXE_postdesk")).arg("--config").arg(desk.configuration()).arg("serve");
        let output = command.current_dir("/").output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(75), "{said}");
        assert!(said.contains("postdesk.db") || said.contains("readonly"), "{said}");
        assert_eq!(fs::read(desk.file()).unwrap(), before);
    }
}
