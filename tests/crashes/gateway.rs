//! A gateway of our own for a test: written configuration, own folder, own port, the built binary, ended by its process number.
//!
//! Nothing here looks into the gateway: it is started, spoken to and stopped as an operator would. A gateway that does not
//! become ready, or a verb that fails, panics with what the gateway wrote to its log.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything may take before the test gives up on it.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// Asks again and again until there is an answer. The one place in the tests that sleeps: between two questions.
pub(crate) fn wait_for<T>(what: &str, deadline: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(begun.elapsed() < deadline, "waited {deadline:?} in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A free TCP port on loopback below 32768, where Linux begins to hand out ports to clients: a client that calls a port of
/// that range while nobody listens there can be connected with itself.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 600).unwrap() * 20;
    loop {
        let port = 20_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// A folder with a configuration, and the gateway that runs on it.
pub(crate) struct Gateway {
    folder: PathBuf,
    store: String,
    keys: PathBuf,
    port: u16,
    process: Option<Child>,
}

impl Gateway {
    /// A gateway below `folder` on a file of SQLite that delivers to `relay`. Not started yet.
    pub(crate) fn new(folder: &Path, relay: &str) -> Self {
        let data = folder.join("data");
        Self::on(folder, relay, &format!("sqlite:{}/postdesk.db", data.display()), &data.join("keys"))
    }

    /// The same, on the store with this URL, which several gateways may share: each in a folder of its own, and all with one
    /// key file, which the first to start makes. A file `password` in the folder is the store's password file.
    pub(crate) fn on(folder: &Path, relay: &str, store: &str, keys: &Path) -> Self {
        let (folder, store, keys) = (folder.to_owned(), store.to_owned(), keys.to_owned());
        let gateway = Self { folder, store, keys, port: free_port(), process: None };
        gateway.configure(relay, "14d");
        gateway
    }

    /// Writes the configuration. Caps on acknowledgements are lifted: the load comes from a handful of addresses.
    pub(crate) fn configure(&self, relay: &str, reopen_within: &str) {
        let (folder, store, keys, port) = (self.folder.display(), self.store(), self.keys.display(), self.port);
        let password = self.folder.join("password");
        let password = if password.exists() { format!("password_file = \"{}\"", password.display()) } else { String::new() };
        let text = format!(
            r#"[gateway]
name = "Example desk"
hostname = "desk.example.org"
data = "{folder}/data"
key_file = "{keys}"

[store]
url = "{store}"
{password}

[smtp]
listen = ["127.0.0.1:{port}"]
trusted_networks = ["127.0.0.0/8"]

[delivery]
relay = "{relay}"

[acknowledgements]
per_hour = 1000000
per_day = 1000000
total_per_day = 1000000

[[department]]
key = "support"
name = "Support"
prefix = "SUP"
address = "support@desk.example.org"
mailboxes = ["help@shop.example"]
agents = ["ana", "boris"]
reopen_within = "{reopen_within}"

[[agent]]
key = "ana"
name = "Ana Agent"
address = "ana@private.example"

[[agent]]
key = "boris"
name = "Boris Agent"
address = "boris@private.example"
"#
        );
        fs::create_dir_all(self.folder.join("data")).unwrap();
        fs::write(self.folder.join("postdesk.toml"), text).unwrap();
    }

    /// Starts the gateway and waits for its greeting; returns how long that took.
    pub(crate) fn start(&mut self) -> Duration {
        let begun = Instant::now();
        self.begin();
        self.wait_until_it_greets();
        begun.elapsed()
    }

    /// Waits for the greeting of a gateway that was started.
    pub(crate) fn wait_until_it_greets(&mut self) {
        let port = self.port;
        wait_for("the greeting of the gateway", DEADLINE, || {
            self.assert_that_it_runs();
            greeting(port).filter(|line| line.starts_with("220 "))
        });
    }

    /// Starts the gateway and waits for nothing.
    pub(crate) fn begin(&mut self) {
        let command = self.command(&["serve"]);
        self.launch(command);
    }

    /// Starts it by a command that ends in [`Gateway::command`], such as one that first sets a limit and then becomes the gateway.
    pub(crate) fn launch(&mut self, mut command: Command) {
        assert!(self.process.is_none(), "the gateway runs already");
        let log = fs::OpenOptions::new().create(true).append(true).open(self.folder.join("gateway.log")).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        self.process = Some(command.spawn().unwrap());
    }

    /// A gateway that has been started does not end by itself.
    pub(crate) fn assert_that_it_runs(&mut self) {
        let ended = self.ended();
        assert!(self.process.is_some(), "the gateway ended with {ended:?}:\n{}", self.log());
    }

    /// SIGKILL, at once.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// SIGTERM, and the status with which the gateway ended of its own accord.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.signal("-TERM");
        let mut process = self.process.take().unwrap();
        wait_for("the gateway to drain", DEADLINE, || process.try_wait().unwrap())
    }

    /// Sends the gateway a signal, such as `-STOP`.
    pub(crate) fn signal(&self, signal: &str) {
        let number = self.number().to_string();
        assert!(Command::new("kill").args([signal, &number]).status().unwrap().success());
    }

    /// Its process number.
    pub(crate) fn number(&self) -> u32 {
        self.process.as_ref().unwrap().id()
    }

    /// The status with which it ended, if it did; it can be started again then.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.process.as_mut()?.try_wait().unwrap()?;
        self.process = None;
        Some(status)
    }

    /// The file that it is configured by.
    pub(crate) fn configuration(&self) -> PathBuf {
        self.folder.join("postdesk.toml")
    }

    /// The port that takes mail.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The URL of its store.
    pub(crate) fn store(&self) -> &str {
        &self.store
    }

    /// Runs a verb of the operator and returns what it printed.
    pub(crate) fn verb(&self, arguments: &[&str]) -> Vec<u8> {
        let output = self.command(arguments).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "postdesk {arguments:?}: {}\n{told}\n{}", output.status, self.log());
        output.stdout
    }

    /// Runs a verb that prints one JSON object a line.
    pub(crate) fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let printed = self.verb(arguments);
        let read = |line: &[u8]| serde_json::from_slice(line).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
        printed.split(|octet| *octet == b'\n').filter(|line| !line.is_empty()).map(read).collect()
    }

    /// The built binary with this gateway's configuration, not started yet.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_postdesk"));
        command.arg("--config").arg(self.configuration()).args(arguments).current_dir(&self.folder);
        command
    }

    /// The end of what the gateway has logged, over all its lives.
    pub(crate) fn log(&self) -> String {
        let log = fs::read(self.folder.join("gateway.log")).unwrap_or_default();
        String::from_utf8_lossy(&log[log.len().saturating_sub(8_000)..]).into_owned()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the gateway's log ends:\n{}", self.log());
        }
        self.kill();
    }
}

/// The first line that a mail server on this port says.
pub(crate) fn greeting(port: u16) -> Option<String> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).ok()?;
    Some(line)
}
