//! A desk of one gateway or several on one database, the load on it, and the count at its end.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use tempfile::TempDir;

use crate::check::{Counts, judge};
use crate::client::Client;
use crate::cluster::Cluster;
use crate::count::gather;
use crate::gateway::{DEADLINE, Gateway, wait_for};
use crate::ledger::{EndOfLoad, Entry, Load, hand_over, run_client};
use crate::mail::Purpose;
use crate::wire::Wire;

/// Clients that send at a time.
const CLIENTS: usize = 4;
/// Mails that may be sent before something happens to the database: few, so that the backlog of notices does not hide how fast mail
/// flows again. Each client goes on with the one that is not answered.
const MEANWHILE: usize = 40;

/// The name of the database in a URL.
pub(crate) fn name(url: &str) -> &str {
    url.split('?').next().unwrap().rsplit_once('/').unwrap().1
}

/// A URL with the port of a proxy, or with other ports, instead of the cluster's.
pub(crate) fn through(cluster: &Cluster, url: &str, port: u16) -> String {
    url.replace(&format!(":{}/", cluster.port()), &format!(":{port}/"))
}

/// A stream of the ledger that nobody else in this process uses.
fn next_stream() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Gateways that share a store, keys and a folder for what leaves.
pub(crate) struct Desk {
    /// Running, unless the test has ended them.
    pub(crate) gateways: Vec<Gateway>,
    folder: TempDir,
}

impl Desk {
    /// Starts so many gateways on the store with this URL.
    pub(crate) fn start(store: &str, gateways: usize) -> Self {
        let mut desk = Self::on(store, gateways);
        for gateway in &mut desk.gateways {
            gateway.start();
        }
        desk
    }

    /// The same, not started yet.
    pub(crate) fn on(store: &str, gateways: usize) -> Self {
        Self::in_folder(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap(), store, gateways)
    }

    /// One gateway with a password file, not started yet.
    pub(crate) fn with_password(store: &str, password: &str) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        fs::create_dir(folder.path().join("gateway-0")).unwrap();
        fs::write(folder.path().join("gateway-0/password"), format!("{password}\n")).unwrap();
        Self::in_folder(folder, store, 1)
    }

    fn in_folder(folder: TempDir, store: &str, gateways: usize) -> Self {
        let (keys, relay) = (folder.path().join("keys"), format!("file:{}", folder.path().join("outgoing").display()));
        let gateway = |number: usize| Gateway::on(&folder.path().join(format!("gateway-{number}")), &relay, store, &keys);
        Self { gateways: (0..gateways).map(gateway).collect(), folder }
    }

    /// Where its mail goes.
    pub(crate) fn outgoing(&self) -> PathBuf {
        self.folder.path().join("outgoing")
    }

    /// The log of the first gateway.
    pub(crate) fn log_file(&self) -> PathBuf {
        self.folder.path().join("gateway-0/gateway.log")
    }

    /// How often the first gateway has said so.
    pub(crate) fn said(&self, words: &str) -> usize {
        fs::read_to_string(self.log_file()).unwrap_or_default().matches(words).count()
    }

    /// Offers one mail, once, in a dialog of its own; what the first gateway answers to it. Only for mail that is refused: the count finds
    /// what is there without being in the ledger.
    pub(crate) fn offer(&self) -> u16 {
        Wire::connect(self.gateways[0].port()).mail("not in the ledger")
    }

    /// Hands over a mail as often as it takes.
    pub(crate) fn mail(&self) -> Entry {
        hand_over(&mut Client::new(&[self.gateways[0].port()]), next_stream() << 32, Purpose::Request)
    }

    /// Waits until a mail is taken and its notices have left; tells when that was, after the database's return.
    pub(crate) fn comes_back(&self, what: &str, since: Instant, cluster: &Cluster, url: &str) -> Entry {
        let entry = self.mail();
        let taken = since.elapsed();
        let sent = format!(
            "SELECT count(*) FROM outbox JOIN arrival ON arrival.id = outbox.arrival WHERE arrival.subject = 'ledger-{}' \
             AND outbox.state = 'sent'",
            entry.id
        );
        wait_for("its notices to leave", DEADLINE, || (cluster.sql(name(url), &sent) != "0").then_some(()));
        println!("{what}: taken after {} ms, told after {} ms", taken.as_millis(), since.elapsed().as_millis());
        entry
    }

    /// Clients send to all gateways while `trouble` happens; what they were told.
    pub(crate) fn under_load(&self, trouble: impl FnOnce(&Traffic<'_>)) -> Vec<Entry> {
        let (load, begun) = (&Load::new(), &AtomicUsize::new(0));
        std::thread::scope(|scope| {
            let end = EndOfLoad(load);
            let ports = self.gateways.iter().map(Gateway::port).cycle().take(CLIENTS);
            let purpose = move |_| {
                begun.fetch_add(1, Ordering::Relaxed);
                Purpose::Request
            };
            let clients: Vec<_> =
                ports.map(|port| scope.spawn(move || run_client(load, Client::new(&[port]), next_stream(), purpose))).collect();
            let traffic = Traffic { load, begun };
            traffic.goes_on(10);
            trouble(&traffic);
            traffic.goes_on(10);
            drop(end);
            clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
        })
    }

    /// Waits until everything is decided and has left, and counts.
    pub(crate) fn count(&self, what: &str, ledger: &[Entry], cluster: &Cluster, url: &str) -> Counts {
        wait_until_settled(cluster, url);
        let counts = judge(ledger, &gather(cluster, name(url), &self.outgoing()));
        println!("{what}: {counts}");
        counts
    }

    /// The same, and nothing may be wrong.
    pub(crate) fn is_right(&self, what: &str, ledger: &[Entry], cluster: &Cluster, url: &str) {
        let counts = self.count(what, ledger, cluster, url);
        let Counts { acked, unknown, notified, .. } = counts;
        assert!(acked > 0 && notified >= acked, "hardly any mail: {counts}");
        assert_eq!(counts, Counts { acked, stored: acked, unknown, notified, ..Counts::default() });
    }
}

/// Waits until every arrival has its outcome and every notice has left.
fn wait_until_settled(cluster: &Cluster, url: &str) {
    let open =
        "SELECT (SELECT count(*) FROM arrival WHERE outcome IS NULL) + (SELECT count(*) FROM outbox WHERE state <> 'sent')";
    wait_for("everything to be decided and to leave", DEADLINE, || (cluster.sql(name(url), open) == "0").then_some(()));
}

/// The load on a desk.
pub(crate) struct Traffic<'a> {
    load: &'a Load,
    begun: &'a AtomicUsize,
}

impl Traffic<'_> {
    /// Waits until so many more mails have had their final answer; lets the clients go on after that.
    pub(crate) fn goes_on(&self, mails: usize) {
        // Each client has at most one mail under way.
        let enough = self.begun.load(Ordering::Relaxed) + mails + CLIENTS;
        self.load.allow(mails + 2 * CLIENTS + MEANWHILE);
        wait_for("mail to go on", DEADLINE, || (self.begun.load(Ordering::Relaxed) >= enough).then_some(()));
    }
}
