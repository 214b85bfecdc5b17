//! A gateway that is started as a service manager does it, by a test that plays the manager: a socket that it is told on, sockets that it
//! listens on for the gateway, and variables.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::gateway::{DEADLINE, Gateway, wait_for};

/// Puts up to two sockets where sd_listen_fds(3) has them, and becomes the gateway: only a process itself knows the number that
/// `LISTEN_PID` has to hold.
const BECOME: &str = "exec 3<&0 4<&1 0</dev/null 1>>service.out; [ -n \"$LISTEN_FDS\" ] && export LISTEN_PID=$$; exec \"$@\"";

/// A service.
pub(crate) struct Service {
    /// Its folder, configuration and verbs.
    pub(crate) gateway: Gateway,
    folder: TempDir,
    manager: UnixDatagram,
    process: Option<Child>,
}

impl Service {
    /// A configuration, and somebody who is told; not started.
    pub(crate) fn new(relay: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let relay = relay.replace("FOLDER", folder.path().to_str().unwrap());
        let gateway = Gateway::new(folder.path(), &relay);
        let manager = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        manager.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        Self { gateway, folder, manager, process: None }
    }

    /// Starts it with sockets, each with its name.
    pub(crate) fn start(&mut self, sockets: Vec<(&str, OwnedFd)>, environment: &[(&str, &str)]) {
        let names: Vec<&str> = sockets.iter().map(|(name, _)| *name).collect();
        let serve = self.gateway.command(&["serve"]);
        let mut command = Command::new("sh");
        command.args(["-c", BECOME, "sh"]).arg(serve.get_program()).args(serve.get_args()).current_dir(self.folder.path());
        command.env("NOTIFY_SOCKET", self.folder.path().join("notify")).envs(environment.iter().copied());
        command.env_remove("CREDENTIALS_DIRECTORY").envs(environment.iter().copied());
        if !names.is_empty() {
            command.env("LISTEN_FDS", names.len().to_string()).env("LISTEN_FDNAMES", names.join(":"));
        }
        let mut handed = sockets.into_iter().map(|(_, socket)| Stdio::from(socket));
        command.stdin(handed.next().unwrap_or_else(Stdio::null)).stdout(handed.next().unwrap_or_else(Stdio::null));
        command.stderr(fs::OpenOptions::new().create(true).append(true).open(self.folder.path().join("gateway.log")).unwrap());
        self.process = Some(command.spawn().unwrap());
    }

    /// Waits until a line is told that begins so; the rest of it.
    pub(crate) fn told(&self, begin: &str) -> String {
        self.told_that(begin, |_| true)
    }

    /// The same, until one that is as wished.
    pub(crate) fn told_that(&self, begin: &str, wished: impl Fn(&str) -> bool) -> String {
        let rest = |message: String| {
            let mut lines = message.lines().filter_map(|line| line.strip_prefix(begin).map(str::to_owned));
            lines.find(|rest| wished(rest))
        };
        wait_for(&format!("{begin} to be told; the log ends:\n{}", self.gateway.log()), DEADLINE, || self.next().and_then(rest))
    }

    /// The next message, when there is one within a moment.
    pub(crate) fn next(&self) -> Option<String> {
        let mut message = [0; 4_096];
        let length = self.manager.recv(&mut message).ok()?;
        Some(String::from_utf8(message[..length].to_vec()).unwrap())
    }

    /// All messages that have not been read yet.
    pub(crate) fn rest(&self) -> Vec<String> {
        std::iter::from_fn(|| self.next()).collect()
    }

    /// Sends it a signal, such as `-TERM`.
    pub(crate) fn signal(&self, signal: &str) {
        let number = self.process.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &number]).status().unwrap().success());
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let mut process = self.process.take().unwrap();
        wait_for("the gateway to end", DEADLINE, || process.try_wait().unwrap())
    }

    /// What it has said on standard output.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(self.folder.path().join("service.out")).unwrap_or_default()
    }

    /// The state of its process by proc(5): `T` when it is stopped.
    pub(crate) fn state(&self) -> String {
        let number = self.process.as_ref().unwrap().id();
        let stat = fs::read_to_string(format!("/proc/{number}/stat")).unwrap();
        stat.rsplit_once(") ").unwrap().1[..1].to_owned()
    }

    /// The folder that it works in.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Ends it with SIGTERM, and well.
    pub(crate) fn stop(&mut self) {
        self.signal("-TERM");
        assert_eq!(self.ended().code(), Some(0), "{}", self.gateway.log());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let (begun, _) = (Instant::now(), process.kill());
            while process.try_wait().is_ok_and(|ended| ended.is_none()) && begun.elapsed() < DEADLINE {}
        }
    }
}
