//! The journal of systemd: played by a socket of the test's own, in a mount namespace of the gateway's own. That needs root, and so the
//! feature `peers`.
#![cfg(feature = "peers")]

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

/// The next entry that has this line.
fn entry(journal: &UnixDatagram, line: &str) -> String {
    wait_for(&format!("an entry with {line}"), DEADLINE, || {
        let mut octets = vec![0; 64 * 1024];
        let length = journal.recv(&mut octets).ok()?;
        let text = String::from_utf8_lossy(&octets[..length]).into_owned();
        text.lines().any(|found| found == line).then_some(text)
    })
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
    let taken = entry(&journal, "MESSAGE=mail taken");
    for line in [
        format!("POSTDESK_ARRIVAL={arrival}"),
        "POSTDESK_DEPARTMENT=support".to_owned(),
        "PRIORITY=6".to_owned(),
        "SYSLOG_IDENTIFIER=postdesk".to_owned(),
    ] {
        assert!(taken.lines().any(|found| found == line), "{line}: {taken}");
    }
    assert!(entry(&journal, "MESSAGE=mail decided").contains(&format!("POSTDESK_ARRIVAL={arrival}\n")));
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
