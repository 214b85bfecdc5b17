//! Starting on a database: one that comes later, one that wants a password and TLS, and those that a gateway refuses, with words.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::cluster::{Cluster, PASSWORD, Stop};
use crate::desk::Desk;
use crate::gateway::{DEADLINE, Gateway, wait_for};

/// The exit code for what the operator has to set right.
const CONFIGURATION: i32 = 78;
/// A start that cannot succeed does not wait for as long as one whose database may come.
const AT_ONCE: Duration = Duration::from_secs(20);

/// A process that is ended at the latest when this goes out of scope.
struct Attempt(Child);

impl Drop for Attempt {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a gateway that is expected to end; its exit code, and what it said.
fn refused(gateway: &Gateway, folder: &Path) -> (Option<i32>, String) {
    let said = folder.join("said");
    let mut command = gateway.command(&["serve"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(&said).unwrap());
    let mut attempt = Attempt(command.spawn().unwrap());
    let begun = Instant::now();
    let status = wait_for("the gateway to refuse", AT_ONCE, || attempt.0.try_wait().unwrap());
    let said = fs::read_to_string(said).unwrap();
    println!("refused after {} ms: {status}: {said}", begun.elapsed().as_millis());
    (status.code(), said)
}

/// Whether a gateway on this store ends at once, for the operator to see to it, and says these words.
fn is_refused(desk: &Desk, words: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = refused(&desk.gateways[0], folder.path());
    assert!(code == Some(CONFIGURATION) && said.contains(words), "{code:?}: {said}");
}

#[test]
fn a_gateway_waits_for_a_database_that_comes_later() {
    let cluster = Cluster::start();
    let url = cluster.database();
    cluster.stop(Stop::Fast);
    let mut desk = Desk::on(&url, 1);
    let log = desk.log_file();
    std::thread::scope(|scope| {
        let starting = scope.spawn(|| desk.gateways[0].start());
        let waits = || fs::read_to_string(&log).unwrap_or_default().contains("waiting for the database");
        wait_for("the gateway to say that it waits", DEADLINE, || waits().then_some(()));
        cluster.start_again();
        let there = Instant::now();
        starting.join().unwrap();
        println!("late database: taken up {} ms after it came", there.elapsed().as_millis());
    });
    let ledger = [desk.mail()];
    desk.is_right("late database", &ledger, &cluster, &url);
}

#[test]
fn a_database_that_would_lose_what_it_has_committed_is_refused() {
    let cluster = Cluster::start();
    let url = cluster.database();
    let desk = Desk::on(&url, 1);
    for parameter in ["fsync", "full_page_writes"] {
        cluster.set(parameter, "off");
        is_refused(&desk, &format!("{parameter}=off; accepted mail would not survive"));
        cluster.set(parameter, "on");
    }
    for level in ["off", "local", "remote_write"] {
        cluster.sql("postgres", &format!("ALTER ROLE postdesk SET synchronous_commit = {level}"));
        is_refused(&desk, &format!("synchronous_commit={level}; accepted mail could be lost"));
    }
    cluster.sql("postgres", "ALTER ROLE postdesk RESET synchronous_commit");
    is_refused(&Desk::on(&cluster.url("nowhere"), 1), "database \"nowhere\" does not exist");
    is_refused(&Desk::on(&url.replace("postdesk@", "nobody@"), 1), "role \"nobody\" does not exist");
}

#[test]
fn a_database_with_tls_and_password_is_used_with_both_and_any_other_way_is_refused_at_once() {
    let cluster = Cluster::with_tls_and_password();
    let url = cluster.database();
    let verified = format!("{url}?sslmode=verify-full&sslrootcert={}", cluster.authority().display());
    let mut desk = Desk::with_password(&verified, PASSWORD);
    desk.gateways[0].start();
    let ledger: Vec<_> = (0..3).map(|_| desk.mail()).collect();
    desk.is_right("TLS and password", &ledger, &cluster, &url);
    is_refused(&Desk::with_password(&verified, "wrong"), "password authentication failed");
    is_refused(&Desk::on(&verified, 1), "password");
    is_refused(&Desk::with_password(&format!("{url}?sslmode=disable"), PASSWORD), "no encryption");
    let folder = tempfile::tempdir().unwrap();
    let stranger = folder.path().join("stranger.pem");
    fs::write(&stranger, authority()).unwrap();
    let stranger = format!("{url}?sslmode=verify-full&sslrootcert={}", stranger.display());
    is_refused(&Desk::with_password(&stranger, PASSWORD), "certificate");
}

/// The certificate of an authority that nobody knows.
fn authority() -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    authority.self_signed(&key).unwrap().pem()
}
