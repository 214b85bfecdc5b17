//! The journal of systemd: played by a socket of the test's own, in a mount namespace of the gateway's own. That needs root, and so the
//! feature `peers`.
#![cfg(feature = "peers")]

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;

use crate::desk::{Desk, Wish, configure};
use crate::gateway::{DEADLINE, wait_for};

/// Runs what follows with `/run/systemd/journal` being the folder that is named first.
const SCRIPT: &str =
    "mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal && mount --bind \"$0\" /run/systemd/journal && exec \"$@\"";

fn journal_in(folder: &Path) -> UnixDatagram {
    let journal = UnixDatagram::bind(folder.join("socket")).unwrap();
    journal.set_nonblocking(true).unwrap();
    journal
}

/// The fields of the next entry with this message.
fn entry(journal: &UnixDatagram, message: &str) -> BTreeMap<String, String> {
    wait_for(&format!("the entry {message}"), DEADLINE, || {
        let mut octets = vec![0; 64 * 1024];
        let length = journal.recv(&mut octets).ok()?;
        let fields = fields(&octets[..length]);
        (fields.get("MESSAGE").map(String::as_str) == Some(message)).then_some(fields)
    })
}

/// The native protocol of the journal: `NAME=value`, or the name, eight octets of length, and the value; each with a line end.
fn fields(mut octets: &[u8]) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    while let Some(end) = octets.iter().position(|octet| *octet == b'\n') {
        let line = std::str::from_utf8(&octets[..end]).unwrap();
        octets = &octets[end + 1..];
        match line.split_once('=') {
            Some((name, value)) => fields.insert(name.to_owned(), value.to_owned()),
            None => {
                let (length, rest) = octets.split_at(8);
                let length = usize::try_from(u64::from_le_bytes(length.try_into().unwrap())).unwrap();
                let value = std::str::from_utf8(&rest[..length]).unwrap().to_owned();
                octets = &rest[length + 1..];
                fields.insert(line.to_owned(), value)
            }
        };
    }
    fields
}

fn started(folder: &Path, journal: &Path, log: &str, stream: Option<&Path>) -> Desk {
    let file = configure(folder, &Wish { log, ..Wish::default() });
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", SCRIPT]).arg(journal).arg(env!("CARGO_BIN_EXE_postdesk"));
    command.arg("--config").arg(file).arg("serve").env_remove("RUST_LOG").env_remove("JOURNAL_STREAM");
    if let Some(stream) = stream {
        // Made here, so that its number is known; it is opened anew and stays the same file.
        let about = std::fs::File::create(stream).unwrap().metadata().unwrap();
        command.env("JOURNAL_STREAM", format!("{}:{}", about.dev(), about.ino()));
    }
    Desk::of(command, folder)
}

#[test]
fn started_by_systemd_each_field_is_one_of_the_journal() {
    let (folder, run) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let journal = journal_in(run.path());
    // Standard error is this file, and systemd says so.
    let desk = started(folder.path(), run.path(), "", Some(&folder.path().join("log")));
    let arrival = desk.take("mia@customer.example", "Broken kettle", "It does not boil.");
    let (taken, arrival) = (entry(&journal, "mail taken"), arrival.to_string());
    for (name, value) in [
        ("POSTDESK_ARRIVAL", arrival.as_str()),
        ("POSTDESK_DEPARTMENT", "support"),
        ("PRIORITY", "6"),
        ("SYSLOG_IDENTIFIER", "postdesk"),
    ] {
        assert_eq!(taken.get(name).map(String::as_str), Some(value), "{name}: {taken:?}");
    }
    assert_eq!(entry(&journal, "mail decided").get("POSTDESK_ARRIVAL"), Some(&arrival));
    assert_eq!(desk.log(), "");
}

#[test]
fn an_inherited_variable_that_speaks_of_another_stream_does_not_count() {
    let (folder, run) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let journal = journal_in(run.path());
    let desk = started(folder.path(), run.path(), "", Some(&folder.path().join("another")));
    desk.take("mia@customer.example", "Broken kettle", "It does not boil.");
    desk.logged(&["mail taken"]);
    assert!(journal.recv(&mut [0; 1]).is_err(), "something was written to the journal");
}

#[test]
fn a_journal_that_is_asked_for_and_not_there_leaves_text_and_a_word() {
    let (folder, run) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let desk = started(folder.path(), run.path(), "format = \"journald\"", None);
    desk.logged(&["the journal does not answer"]);
    desk.take("mia@customer.example", "Broken kettle", "It does not boil.");
    desk.logged(&["mail taken"]);
}
