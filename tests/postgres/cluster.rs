//! A PostgreSQL of our own for a test: own cluster, own folder, own port, nothing shared with one that the machine may run.
//!
//! It is as durable as one in earnest (fsync, synchronous_commit), so that a crash in a test is a crash. Nothing is left
//! behind, however the test process ends: see `keeper`. Whatever fails panics with what the server said.

mod keeper;

use std::env;
use std::fs::{self, Permissions};
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use keeper::Keeper;

/// How long the server may take for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// The password of `postdesk` in a cluster that asks for one.
pub(crate) const PASSWORD: &str = "correct horse: battery/staple@7";

const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
fsync = on
synchronous_commit = on
wal_level = replica
max_connections = 100
shared_buffers = 32MB
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %a '
";

/// How a server is stopped.
#[derive(Clone, Copy)]
pub(crate) enum Stop {
    /// Connections are closed, and what is in memory is written.
    Fast,
    /// As in a crash: the next start has to recover.
    Immediate,
}

/// A cluster, primary or standby. Its server is stopped and its folder removed when it goes out of scope.
pub(crate) struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    account: Option<(u32, u32)>,
    port: u16,
    databases: AtomicU32,
    keeper: Mutex<Keeper>,
}

impl Cluster {
    /// A primary that answers, with the role `postdesk`, which is not a superuser and needs no password.
    pub(crate) fn start() -> Self {
        let cluster = Self::empty();
        cluster.initialise();
        cluster.start_again();
        cluster.sql("postgres", "CREATE ROLE postdesk LOGIN");
        cluster
    }

    /// The same, for `localhost` and `127.0.0.1` with TLS only, and with `PASSWORD` (SCRAM). `sql` still needs neither.
    pub(crate) fn with_tls_and_password() -> Self {
        let cluster = Self::empty();
        cluster.initialise();
        cluster.certify();
        cluster.append("postgresql.conf", "ssl = on\nssl_cert_file = '../server.pem'\nssl_key_file = '../server.key'\n");
        fs::write(cluster.data().join("pg_hba.conf"), "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n")
            .unwrap();
        cluster.start_again();
        cluster.sql("postgres", &format!("CREATE ROLE postdesk LOGIN PASSWORD '{PASSWORD}'"));
        cluster
    }

    /// The one cluster that the tests of a process share. Nothing that they do to it may disturb the others.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Creates an empty database that belongs to `postdesk`, and returns its URL.
    pub(crate) fn database(&self) -> String {
        let name = format!("desk_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name} OWNER postdesk"));
        self.url(&name)
    }

    /// The URL of a database of this server.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postdesk@127.0.0.1:{}/{database}", self.port)
    }

    /// The port on 127.0.0.1. It stays the same over restarts.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The folder of the socket, for a URL with `?host=`; the name of the socket has `port` in it.
    pub(crate) fn socket_folder(&self) -> &Path {
        &self.folder
    }

    /// The file with the certificate of the authority behind the server's, in a cluster with TLS.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.join("authority.pem")
    }

    /// Runs statements as superuser, each a transaction of its own unless they say otherwise, and returns their rows: a line
    /// each, columns separated by `|`.
    pub(crate) fn sql(&self, database: &str, text: &str) -> String {
        self.try_sql(database, text).unwrap_or_else(|why| panic!("{text}\n{why}\n{}", self.log()))
    }

    /// The same, with what psql complained of when a statement fails or the server does not answer.
    pub(crate) fn try_sql(&self, database: &str, text: &str) -> Result<String, String> {
        let mut command = self.psql();
        command.arg("-h").arg(&self.folder).args(["-p", &self.port.to_string(), "-U", "postgres", "-d", database]);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut input = process.stdin.take().unwrap();
        let output = std::thread::scope(|scope| {
            // Beside the reading, so that neither side waits for the other; psql that has failed does not read on.
            scope.spawn(move || input.write_all(text.as_bytes()));
            process.wait_with_output().unwrap()
        });
        let read = |octets: &[u8]| String::from_utf8_lossy(octets).trim_end().to_owned();
        if output.status.success() { Ok(read(&output.stdout)) } else { Err(read(&output.stderr)) }
    }

    /// psql, not connected yet: plain rows, nothing of the caller's environment, and an end at the first error.
    pub(crate) fn psql(&self) -> Command {
        let mut command = Command::new(self.programs.join("psql"));
        command.args(["-AtXqw", "-v", "ON_ERROR_STOP=1"]).env_clear().env("LC_ALL", "C").current_dir("/");
        command
    }

    /// Stops the server and waits until its last process has gone.
    pub(crate) fn stop(&self, how: Stop) {
        self.control(match how {
            Stop::Fast => "stop -m fast",
            Stop::Immediate => "stop -m immediate",
        });
    }

    /// Starts the stopped server on the same port and waits until it answers.
    pub(crate) fn start_again(&self) {
        let (folder, port) = (self.folder.display(), self.port);
        self.control(&format!("start -l {folder}/server.log -o '-p {port} -k {folder}'"));
    }

    /// A crash, and the recovery from it.
    pub(crate) fn restart_immediate(&self) {
        self.stop(Stop::Immediate);
        self.start_again();
    }

    /// Ends every connection to a database, in the middle of whatever it is doing; returns how many there were.
    pub(crate) fn terminate_backends(&self, database: &str) -> usize {
        let which = format!("FROM pg_stat_activity WHERE datname = '{database}' AND pid <> pg_backend_pid()");
        let ended = self.sql("postgres", &format!("SELECT count(pg_terminate_backend(pid, 60000)) {which}"));
        ended.parse().unwrap()
    }

    /// Makes every transaction that begins from now on read-only, in old connections as well, or no longer so.
    pub(crate) fn read_only(&self, on: bool) {
        let value = if on { "on" } else { "off" };
        self.set("default_transaction_read_only", value);
    }

    /// Sets a parameter that needs no restart, and waits until the server has taken it up.
    pub(crate) fn set(&self, parameter: &str, value: &str) {
        let read = "SELECT extract(epoch FROM pg_conf_load_time())";
        let before = self.sql("postgres", read);
        self.sql("postgres", &format!("ALTER SYSTEM SET {parameter} = '{value}'; SELECT pg_reload_conf()"));
        self.wait_until("it has read its settings again", || self.sql("postgres", read) != before);
    }

    /// A standby that streams from this primary under the name `name`, asynchronously as long as `synchronous` does not ask
    /// for more.
    pub(crate) fn standby(&self, name: &str) -> Self {
        self.standby_through(self.port, name)
    }

    /// The same, over a port that leads to this primary: a proxy's, which can cut it off.
    pub(crate) fn standby_through(&self, port: u16, name: &str) -> Self {
        let standby = Self::empty();
        let source = format!("host=127.0.0.1 port={port} user=postgres application_name={name}");
        let (programs, data) = (self.programs.display(), standby.data());
        standby.run(&format!("{programs}/pg_basebackup -R -X stream -c fast -N -d '{source}' -D {}", data.display()));
        standby.start_again();
        self.wait_until("the standby streams", || self.standing_of(name).starts_with("streaming"));
        standby
    }

    /// Lets each COMMIT wait for the standby of that name (`""` for none), and waits until it does so.
    pub(crate) fn synchronous(&self, name: &str) {
        self.set("synchronous_standby_names", name);
        if !name.is_empty() {
            self.wait_until("the standby is synchronous", || self.standing_of(name) == "streaming sync");
        }
    }

    /// Makes a primary of this standby, and waits until it takes writes.
    pub(crate) fn promote(&self) {
        self.control("promote");
    }

    fn standing_of(&self, name: &str) -> String {
        let which = format!("FROM pg_stat_replication WHERE application_name = '{name}'");
        self.sql("postgres", &format!("SELECT state || ' ' || sync_state {which}"))
    }

    /// Asks until it is so. Each question starts a psql, so this is no busy loop.
    fn wait_until(&self, what: &str, ask: impl Fn() -> bool) {
        let begun = Instant::now();
        while !ask() {
            assert!(begun.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain until {what}\n{}", self.log());
        }
    }

    /// A folder and a port, without a cluster yet.
    fn empty() -> Self {
        let (programs, account) = (programs(), account());
        let keeper = Keeper::start(&programs, account);
        let folder = keeper.folder().to_owned();
        Self { folder, programs, account, port: free_port(), databases: AtomicU32::new(0), keeper: Mutex::new(keeper) }
    }

    fn initialise(&self) {
        let (programs, data) = (self.programs.display(), self.data());
        // Without fsync: what a crash of the machine would do to an empty cluster is no concern of a test.
        let how = "-N -A trust -U postgres -E UTF8 --locale=C --no-instructions";
        self.run(&format!("{programs}/initdb {how} -D {}", data.display()));
        self.append("postgresql.conf", SETTINGS);
    }

    fn append(&self, name: &str, text: &str) {
        let mut file = fs::OpenOptions::new().append(true).open(self.data().join(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// An authority, and a certificate of it for this machine. The key must belong to the server's user, and to nobody else.
    fn certify(&self) {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
        // A name for each authority: one that is taken for another is found to have a wrong key, not to be unknown.
        let name = format!("authority of port {}", self.port);
        authority.distinguished_name.push(rcgen::DnType::CommonName, name);
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        fs::write(self.authority(), authority.self_signed(&key).unwrap().pem()).unwrap();
        let issuer = rcgen::Issuer::new(authority, key);
        let key = rcgen::KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certificate = rcgen::CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
        for (name, text) in [("server.pem", certificate.pem()), ("server.key", key.serialize_pem())] {
            let path = self.folder.join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            if let Some((user, group)) = self.account {
                chown(&path, Some(user), Some(group)).unwrap();
            }
        }
    }

    fn control(&self, verb: &str) {
        let (programs, data) = (self.programs.display(), self.data());
        self.run(&format!("{programs}/pg_ctl -w -t {} -D {} {verb}", PATIENCE.as_secs(), data.display()));
    }

    fn run(&self, line: &str) {
        // A test that panicked here has told what happened; the others may go on.
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        keeper.run(line);
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn log(&self) -> String {
        let log = fs::read(self.folder.join("server.log")).unwrap_or_default();
        String::from_utf8_lossy(&log[log.len().saturating_sub(8_000)..]).into_owned()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the log of PostgreSQL on port {} ends:\n{}", self.port, self.log());
        }
    }
}

/// A free TCP port on loopback below 32768, where Linux begins to hand out ports to clients, and below those that the tests
/// give to gateways.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 500).unwrap() * 20;
    loop {
        let port = 10_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// The folder with the programs of the newest PostgreSQL. Debian has them in a folder for each version, outside PATH.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().map(|entry| entry.unwrap().file_name());
    let mut versions: Vec<u32> = versions.filter_map(|name| name.to_str()?.parse().ok()).collect();
    versions.sort_unstable_by(|one, other| other.cmp(one));
    let debian = versions.iter().map(|version| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin")));
    let path = env::var_os("PATH").unwrap_or_default();
    let found = debian.chain(env::split_paths(&path)).find(|folder| folder.join("initdb").is_file());
    found.expect("PostgreSQL is not installed: tests/run does that")
}

/// User and group of the server when we are root, as whom PostgreSQL does not run: its own user, which the package brings,
/// or else nobody.
fn account() -> Option<(u32, u32)> {
    let number = |arguments: &[&str]| -> Option<u32> {
        let output = Command::new("id").args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse().ok()
    };
    if number(&["-u"]) != Some(0) {
        return None;
    }
    let user = ["postgres", "nobody"].into_iter().find_map(|name| Some((number(&["-u", name])?, number(&["-g", name])?)));
    Some(user.expect("root, and there is neither a user postgres nor nobody"))
}
