//! A Dovecot of our own for a test: own folder, own ports, Maildir, nothing shared with one that the machine may run.
//!
//! It runs without root, as nobody where the test is root. Whatever fails panics with what the server wrote to its log.

use std::fs::{self, Permissions};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use super::certificate::{self, Authority};
use super::client::{Client, Opened};
use super::config::{self, PASSWORD, Ports, USERS};
use super::gateway::{DEADLINE, free_port, wait_for};
use super::keeper::Keeper;
use super::provider::Provider;

/// The server. It is killed, and its folder removed, when it goes out of scope.
pub(crate) struct Server {
    folder: PathBuf,
    ports: Ports,
    keeper: Mutex<Keeper>,
    put: AtomicU32,
    /// Who signed its certificate.
    pub(crate) authority: Authority,
    /// Who gives and judges access tokens.
    pub(crate) provider: Provider,
}

impl Server {
    /// A server that takes logins of `config::USERS`, each with an empty INBOX.
    pub(crate) fn start() -> Self {
        let account = (number(&["-u"]) == 0).then(|| (number(&["-u", "nobody"]), number(&["-g", "nobody"])));
        let keeper = Keeper::start(account);
        let folder = keeper.folder().to_owned();
        let ports = Ports { plain: free_port(), tls: free_port() };
        let authority = Authority::new();
        let server =
            Self { folder, ports, keeper: Mutex::new(keeper), put: AtomicU32::new(0), authority, provider: Provider::start() };
        server.configure(account);
        server.start_again();
        for user in USERS {
            Client::login(ports.plain, user).open("INBOX");
        }
        server
    }

    fn configure(&self, account: Option<(u32, u32)>) {
        let (user, group) = account.unwrap_or_else(|| (number(&["-u"]), number(&["-g"])));
        let names = (name(&["-un", &user.to_string()]), name(&["-gn", &user.to_string()]));
        let text = config::main(&self.folder, self.ports, (&names.0, &names.1), (user, group));
        self.write("dovecot.conf", &text);
        self.set_password(PASSWORD);
        self.write("oauth2.conf", &config::oauth2(&self.provider.introspection()));
        let (certificate, key) = certificate::leaf(&self.authority);
        self.write("server.pem", &certificate);
        self.write("server.key", &key);
        self.order("mkdir \"$folder/mail\"");
    }

    /// Changes the password of every user, for logins from now on.
    pub(crate) fn set_password(&self, password: &str) {
        self.write("users", &config::users(password));
    }

    /// The port for plain connections and STARTTLS.
    pub(crate) fn plain(&self) -> u16 {
        self.ports.plain
    }

    /// The port for TLS.
    pub(crate) fn tls(&self) -> u16 {
        self.ports.tls
    }

    /// Starts the ended server on the same ports, and waits until it takes a login.
    pub(crate) fn start_again(&self) {
        // A process that was killed holds its sockets until the kernel has cleared up behind it.
        let ports = [self.ports.plain, self.ports.tls];
        let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
        wait_for("the server's ports", DEADLINE, || ports.iter().all(is_free).then_some(()));
        self.keeper.lock().unwrap().order("start");
        wait_for("a login at Dovecot", DEADLINE, || Client::try_login(self.ports.plain, USERS[0]).map(drop));
    }

    /// Ends it as a restart of the service does: clients are told BYE. Its last process is gone when this returns.
    pub(crate) fn stop(&self) {
        self.keeper.lock().unwrap().order("stop");
    }

    /// SIGKILL to all of its processes.
    pub(crate) fn kill(&self) {
        self.keeper.lock().unwrap().order("kill");
    }

    /// Puts a mail into a folder as a delivery agent does: written elsewhere, and there at once and whole.
    pub(crate) fn put(&self, user: &str, folder: &str, octets: &[u8]) {
        let number = self.put.fetch_add(1, Ordering::Relaxed);
        let maildir = self.maildir(user, folder);
        let name = format!("{}.{number}_{}.desk", 1_795_000_000 + number, std::process::id());
        let written = maildir.join("tmp").join(&name);
        fs::write(&written, octets).unwrap();
        fs::set_permissions(&written, Permissions::from_mode(0o644)).unwrap();
        fs::rename(&written, maildir.join("new").join(&name)).unwrap();
    }

    /// Lets the folder forget its numbers, as a repair or a move to another machine does: from now on it has another UIDVALIDITY. The server
    /// may run or not. What remembers which UIDVALIDITY was given last stays: one that comes back for other numbers is a server that nobody
    /// can fetch from.
    pub(crate) fn renumber(&self, user: &str, folder: &str) {
        let entries = fs::read_dir(self.maildir(user, folder)).unwrap().map(|entry| entry.unwrap().path());
        let numbers = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name == "dovecot-uidlist" || name.starts_with("dovecot.index")
        };
        for file in entries.filter(numbers) {
            // The server may just have removed it.
            let _ = fs::remove_file(file);
        }
    }

    /// The same at a server that runs, until it has really given another UIDVALIDITY than before.
    pub(crate) fn renumber_for_certain(&self, user: &str, folder: &str) -> Opened {
        let before = Client::login(self.ports.plain, user).open(folder);
        wait_for("another UIDVALIDITY", DEADLINE, || {
            self.renumber(user, folder);
            let now = Client::try_login(self.ports.plain, user)?.open(folder);
            (now.validity != before.validity).then_some(now)
        })
    }

    /// Takes the right to write into a folder away, or gives it back. The server then says NO to what changes something there.
    pub(crate) fn may_write(&self, user: &str, folder: &str, may: bool) {
        let maildir = self.maildir(user, folder);
        let (rights, owner) = if may { ("755", "u+w") } else { ("555", "u-w") };
        let maildir = maildir.display();
        self.order(&format!("chmod {owner} {maildir} && chmod {rights} {maildir}/cur {maildir}/new {maildir}/tmp"));
    }

    /// SIGKILL to the processes that serve logged-in clients, and to no other; how many there were.
    pub(crate) fn kill_sessions(&self) -> usize {
        let master = fs::read_to_string(self.folder.join("run/master.pid")).unwrap();
        let sessions: Vec<String> =
            fs::read_dir("/proc").unwrap().filter_map(|entry| session_of(&entry.unwrap().path(), master.trim())).collect();
        if !sessions.is_empty() {
            // One may have ended by itself meanwhile.
            self.order(&format!("kill -KILL {} || true", sessions.join(" ")));
        }
        sessions.len()
    }

    /// The folder where a folder of IMAP is.
    pub(crate) fn maildir(&self, user: &str, folder: &str) -> PathBuf {
        let home = self.folder.join("mail").join(user);
        match (folder, folder.strip_prefix("Small.")) {
            ("INBOX", _) => home.join("Maildir"),
            (_, Some(name)) => home.join("Small").join(format!(".{name}")),
            _ => home.join("Maildir").join(format!(".{folder}")),
        }
    }

    fn order(&self, line: &str) {
        let line = line.replace("$folder", &self.folder.display().to_string());
        let status = self.keeper.lock().unwrap().order(&line);
        assert_eq!(status, "0", "{line}\n{}", self.log());
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    }

    /// The end of what the server has logged.
    pub(crate) fn log(&self) -> String {
        let read = |name: &str| tail(&self.folder.join(name));
        read("keeper.log") + &read("dovecot.log")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the log of Dovecot ends:\n{}", self.log());
        }
    }
}

/// The number of a process of this folder of /proc, when it serves a client of the server with that number.
fn session_of(process: &Path, master: &str) -> Option<String> {
    let stat = fs::read_to_string(process.join("stat")).ok()?;
    // Number, name in parentheses, state, number of the parent.
    let (number, rest) = stat.split_once(" (imap) ")?;
    (rest.split(' ').nth(1) == Some(master)).then(|| number.to_owned())
}

fn tail(path: &Path) -> String {
    let log = fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&log[log.len().saturating_sub(6_000)..]).into_owned()
}

fn name(arguments: &[&str]) -> String {
    let output = Command::new("id").args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn number(arguments: &[&str]) -> u32 {
    name(arguments).parse().unwrap()
}
