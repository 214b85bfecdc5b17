//! Much mail and large mail: all of it, within bounded memory, and what is too large is left where it is.

use std::fs;
use std::path::Path;
use std::time::Instant;

use super::client::Client;
use super::desk::{Account, Desk, request};
use super::gateway::{DEADLINE, wait_for};

/// A mail with an attached file of so many octets.
fn with_a_file(subject: &str, octets: usize) -> Vec<u8> {
    let mut mail = format!(
        "From: Carla Customer <carla@customer.example>\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n--b\r\n\
         Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=\"a.bin\"\r\n\r\n"
    )
    .into_bytes();
    let line = format!("{}\r\n", "QUJD".repeat(19));
    while mail.len() + line.len() + 9 <= octets {
        mail.extend_from_slice(line.as_bytes());
    }
    mail.extend_from_slice(b"--b--\r\n");
    mail
}

/// The most memory that the gateway with this configuration has had, in KiB.
fn most_memory(configuration: &Path) -> u64 {
    let ours = |process: &Path| {
        let line = fs::read(process.join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        line.contains(&*configuration.to_string_lossy()) && line.contains("\0serve")
    };
    let mut processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let gateway = processes.find(|process| ours(process)).expect("the gateway's process");
    let status = fs::read_to_string(gateway.join("status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn a_mail_of_the_largest_size_is_taken_and_a_larger_one_left_and_told_once() {
    let mut desk = Desk::new();
    let port = desk.server.plain();
    desk.open(&[Account::of("desk", port)], "");
    desk.wait_until_well("desk");
    let before = most_memory(&desk.file("postdesk.toml"));
    let limit = 25 * 1024 * 1024;
    let largest = with_a_file("largest", limit);
    let begun = Instant::now();
    desk.server.put("desk", "INBOX", &largest);
    let taken = desk.wait_for_mails(1);
    println!(
        "{} octets: {} ms to its ticket; memory {} MiB before, {} MiB at most",
        largest.len(),
        begun.elapsed().as_millis(),
        before / 1024,
        most_memory(&desk.file("postdesk.toml")) / 1024
    );
    assert!(taken[0].octets == largest);
    desk.server.put("desk", "INBOX", &with_a_file("too-large", limit + 8_192));
    desk.server.put("desk", "INBOX", &request("behind-it"));
    desk.wait_for_mails(2);
    desk.wait_for_status("desk", "left", |status| status["left_there"] == 1 && status["undone"] == 0 && status["behind"] == 0);
    desk.close();
    desk.gateway.start();
    desk.server.put("desk", "INBOX", &request("after-a-restart"));
    desk.wait_for_mails(3);
    desk.wait_for_status("desk", "left", |status| status["left_there"] == 1 && status["state"] == "well");
    desk.assert_once(&["largest", "behind-it", "after-a-restart"]);
    let log = desk.log();
    let told: Vec<&str> = log.lines().filter(|line| line.contains("WARN") && line.contains("larger")).collect();
    println!("{told:?}");
    assert_eq!(told.len(), 1, "{log}");
    let mut client = Client::login(port, "desk");
    let unseen = client.flags("INBOX").iter().filter(|(_, flags)| !flags.contains("\\Seen")).count();
    assert_eq!(unseen, 1, "the one that was left is not flagged");
}

#[test]
fn five_thousand_mails_in_a_box_are_taken_once_each() {
    let mut desk = Desk::new();
    let port = desk.server.plain();
    const MAILS: usize = 5_000;
    for number in 0..MAILS {
        desk.server.put("desk", "INBOX", &request(&format!("box-{number}")));
    }
    // The server gives its numbers first, so that it is not measured.
    let mut client = Client::login(port, "desk");
    assert_eq!(client.open("INBOX").exists, MAILS);
    let begun = Instant::now();
    desk.open(&[Account::of("desk", port)], "");
    let mut fetched = None;
    wait_for("all to be in custody", DEADLINE * 5, || (desk.count() >= MAILS as i64).then(|| fetched = Some(begun.elapsed())));
    let seconds = fetched.unwrap().as_secs_f64();
    println!("{MAILS} mails fetched in {seconds:.1} s, {:.0} a second", MAILS as f64 / seconds);
    wait_for("all to be decided", DEADLINE * 5, || desk.taken().iter().all(|mail| !mail.outcome.is_empty()).then_some(()));
    desk.wait_for_status("desk", "done", |status| status["undone"] == 0 && status["behind"] == 0);
    println!("decided and flagged after {:.1} s", begun.elapsed().as_secs_f64());
    let mut subjects: Vec<Vec<u8>> = desk.taken().into_iter().map(|mail| mail.octets).collect();
    subjects.sort();
    subjects.dedup();
    assert_eq!((subjects.len(), desk.count()), (MAILS, MAILS as i64));
    // The status may be one of before the last of them were flagged.
    let seen = |client: &mut Client| client.flags("INBOX").iter().all(|(_, flags)| flags.contains("\\Seen"));
    wait_for("all to be flagged", DEADLINE, || seen(&mut client).then_some(()));
    println!("memory {} MiB at most", most_memory(&desk.file("postdesk.toml")) / 1024);
}
