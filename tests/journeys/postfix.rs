//! A private Postfix as the relay: own configuration, own queue, own port, everything it takes delivered into one Maildir.
//!
//! It shares nothing with a Postfix that the machine may run. Starting it needs root, or `sudo` without a password.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use mail_parser::MessageParser;

use super::gateway::{DEADLINE, free_port, greeting, wait_for};

/// The relay. It is stopped, and its folder removed, when it goes out of scope.
pub(crate) struct Postfix {
    folder: PathBuf,
    port: u16,
    runs: bool,
}

/// A mail in the Maildir.
#[derive(Clone)]
pub(crate) struct Delivered {
    /// Envelope recipient, as Postfix wrote it down.
    pub(crate) recipient: String,
    /// Envelope sender, empty for the null sender.
    pub(crate) sender: String,
    /// The whole mail, with LF line ends and the three fields of the delivery in front.
    pub(crate) source: String,
}

impl Postfix {
    /// A relay that takes mail.
    pub(crate) fn start() -> Self {
        Self::with("", "", "")
    }

    /// One that is also in front of a gateway: `transports` are lines of its transport table, the others are added to its files. In all of
    /// them `FOLDER` is its folder, which everybody can get into.
    pub(crate) fn with(transports: &str, main: &str, master: &str) -> Self {
        // Not below the working directory: the daemons run as other users, who have to be able to walk to the folder.
        let folder = tempfile::Builder::new().prefix("postdesk-relay-").tempdir_in("/tmp").unwrap().keep();
        let mut relay = Self { folder, port: free_port(), runs: false };
        fs::set_permissions(&relay.folder, Permissions::from_mode(0o755)).unwrap();
        for name in ["etc", "queue", "mail"] {
            fs::create_dir(relay.folder.join(name)).unwrap();
        }
        fs::set_permissions(relay.folder.join("mail"), Permissions::from_mode(0o777)).unwrap();
        let placed = |text: &str| text.replace("FOLDER", &relay.folder.display().to_string());
        let files = [
            ("main.cf", main_cf(&relay.folder) + &placed(main)),
            ("master.cf", master_cf(relay.port) + &placed(master)),
            ("transport", format!("nobody.example error:5.1.1 nobody lives here\n{}", placed(transports))),
        ];
        for (name, text) in files {
            fs::write(relay.folder.join("etc").join(name), text).unwrap();
        }
        relay.resume();
        relay
    }

    /// Starts it (again) and waits for its greeting.
    pub(crate) fn resume(&mut self) {
        self.control("start");
        self.runs = true;
        let port = self.port;
        wait_for("the greeting of Postfix", DEADLINE, || greeting(port).filter(|line| line.starts_with("220 ")));
    }

    /// Stops it; what it has taken stays in its queue. `postfix stop` returns when its last process is gone.
    pub(crate) fn pause(&mut self) {
        self.control("stop");
        self.runs = false;
    }

    /// The value for `relay` in the gateway's configuration.
    pub(crate) fn address(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Everything that was delivered so far, in no order.
    pub(crate) fn delivered(&self) -> Vec<Delivered> {
        let Ok(entries) = fs::read_dir(self.folder.join("mail/everybody/new")) else { return Vec::new() };
        entries.map(|entry| Delivered::read(&entry.unwrap().path())).collect()
    }

    /// Waits for the one mail to `recipient` that `is_it` recognises.
    pub(crate) fn wait_for_mail(&self, recipient: &str, what: &str, is_it: impl Fn(&Delivered) -> bool) -> Delivered {
        wait_for(&format!("{what} for {recipient}"), DEADLINE, || {
            self.delivered().into_iter().find(|mail| mail.recipient == recipient && is_it(mail))
        })
    }

    /// Tries at once what it has put off.
    pub(crate) fn flush(&self) {
        self.control("flush");
    }

    /// A place that everybody can get into.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Waits until it has logged a line with all of these words, and returns the newest.
    pub(crate) fn wait_for_log(&self, words: &[&str]) -> String {
        wait_for(&format!("{words:?} in the log of Postfix"), DEADLINE, || {
            let log = self.log();
            log.lines().rev().find(|line| words.iter().all(|word| line.contains(word))).map(str::to_owned)
        })
    }

    /// How many lines of its log have all of these words.
    pub(crate) fn logged(&self, words: &[&str]) -> usize {
        self.log().lines().filter(|line| words.iter().all(|word| line.contains(word))).count()
    }

    fn control(&self, verb: &str) {
        let output = privileged("/usr/sbin/postfix").arg("-c").arg(self.folder.join("etc")).arg(verb).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "postfix {verb}: {}\n{told}\n{}", output.status, self.log());
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("postfix.log")).unwrap_or_default()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let delivered = self.delivered();
            eprintln!("the log of Postfix:\n{}", self.log());
            for mail in delivered {
                eprintln!("--- delivered to {}\n{}", mail.recipient, mail.source);
            }
        }
        let etc = self.folder.join("etc");
        if self.runs {
            let _ = privileged("/usr/sbin/postfix").arg("-c").arg(etc).arg("abort").output();
        }
        let _ = privileged("rm").arg("-rf").arg(&self.folder).status();
    }
}

impl Delivered {
    fn read(path: &Path) -> Self {
        let source = String::from_utf8(fs::read(path).unwrap()).unwrap();
        let mut mail = Self { recipient: String::new(), sender: String::new(), source };
        mail.recipient = mail.field("Delivered-To").unwrap();
        mail.sender = mail.field("Return-Path").unwrap().trim_matches(['<', '>']).to_owned();
        mail
    }

    /// A field of the header, unfolded, not decoded. Panics when it is there twice.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let parsed = MessageParser::new().parse(self.source.as_bytes()).unwrap();
        let found: Vec<&str> =
            parsed.headers_raw().filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect();
        assert!(found.len() < 2, "{name} is there {} times", found.len());
        found.first().map(|value| value.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// The same, for a field that has to be there.
    pub(crate) fn must(&self, name: &str) -> String {
        self.field(name).unwrap_or_else(|| panic!("no {name} in\n{}", self.source))
    }

    /// The text of the mail, decoded.
    pub(crate) fn text(&self) -> String {
        let parsed = MessageParser::new().parse(self.source.as_bytes()).unwrap();
        parsed.body_text(0).unwrap_or_default().into_owned()
    }

    /// The files that came with it: name and decoded octets.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        use mail_parser::MimeHeaders;
        let parsed = MessageParser::new().parse(self.source.as_bytes()).unwrap();
        let named = |part: &mail_parser::MessagePart| (part.attachment_name().unwrap_or("").to_owned(), part.contents().to_vec());
        parsed.attachments().map(named).collect()
    }
}

/// A user who is not root: ourselves, or nobody. Postfix runs no command and delivers to no file as root.
pub(crate) fn owner() -> u32 {
    Some(user_number()).filter(|number| *number != 0).unwrap_or(65_534)
}

/// A command that needs root: itself when we are root, by `sudo` otherwise.
pub(crate) fn privileged(program: &str) -> Command {
    if user_number() == 0 {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.arg("-n").arg(program);
    command
}

fn user_number() -> u32 {
    let output = Command::new("id").arg("-u").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

/// Every recipient is one of ours, so that nothing can leave the machine; those at nobody.example are taken and then
/// cannot be delivered. Files belong to us, or to nobody when we are root,
/// as whom Postfix refuses to deliver.
fn main_cf(folder: &Path) -> String {
    let owner = owner();
    let folder = folder.display();
    format!(
        "compatibility_level = 3.6\nqueue_directory = {folder}/queue\ndata_directory = {folder}/data\n\
         mail_owner = postfix\nsetgid_group = postdrop\nmyhostname = relay.example.org\nmydestination =\n\
         mynetworks = 127.0.0.0/8\ninet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nalias_maps =\nalias_database =\n\
         local_recipient_maps =\ndisable_dns_lookups = yes\ndefault_transport = error:nothing leaves this machine\n\
         virtual_mailbox_domains = static:all\n\
         transport_maps = texthash:{folder}/etc/transport\n\
         smtpd_reject_unlisted_recipient = no\nvirtual_mailbox_base = {folder}/mail\n\
         virtual_mailbox_maps = static:everybody/\nvirtual_uid_maps = static:{owner}\nvirtual_gid_maps = static:{owner}\n\
         virtual_minimum_uid = 1\nvirtual_mailbox_limit = 0\nmessage_size_limit = 60000000\n\
         smtpd_relay_restrictions = permit_mynetworks, reject\nmaillog_file = {folder}/postfix.log\n\
         maillog_file_prefixes = {folder}\n"
    )
}

fn master_cf(port: u16) -> String {
    format!(
        "127.0.0.1:{port} inet n - n - - smtpd\ncleanup unix n - n - 0 cleanup\nqmgr unix n - n 300 1 qmgr\n\
         rewrite unix - - n - - trivial-rewrite\nbounce unix - - n - 0 bounce\ndefer unix - - n - 0 bounce\n\
         trace unix - - n - 0 bounce\nanvil unix - - n - 1 anvil\nproxymap unix - - n - - proxymap\n\
         error unix - - n - - error\nretry unix - - n - - error\nvirtual unix - n n - - virtual\n\
         pickup unix n - n 60 1 pickup\n\
         postlog unix-dgram n - n - 1 postlogd\n"
    )
}
