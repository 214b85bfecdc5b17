//! A desk whose notices become files, signed, and everybody who writes to it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use postdesk::run::Gateway;
use postdesk::settings;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::gateway::{DEADLINE, wait_for};
use super::wire::hand_over;

/// The public mailbox, at a domain of its own, and the department's address.
pub(crate) const MAILBOX: &str = "help@shop.example";

pub(crate) struct Desk {
    runtime: Runtime,
    gateway: Option<Gateway>,
    folder: TempDir,
}

impl Desk {
    /// Starts a gateway whose two domains sign with RSA and Ed25519 both.
    pub(crate) fn open() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let (mut records, mut keys) = (Map::new(), Vec::new());
        for domain in ["shop.example", "desk.example.org"] {
            for algorithm in ["rsa", "ed25519"] {
                let made = key(folder.path(), domain, algorithm);
                records.insert(made["name"].as_str().unwrap().to_owned(), made["value"].clone());
                let file = made["private_key"].as_str().unwrap();
                keys.push(format!("{{ domain = \"{domain}\", selector = \"{algorithm}1\", private_key = \"{file}\" }}"));
            }
        }
        fs::write(folder.path().join("records.json"), Value::Object(records).to_string()).unwrap();
        fs::write(folder.path().join("desk.toml"), configuration(folder.path(), &keys.join(",\n  "))).unwrap();
        let settings = settings::load(Some(&folder.path().join("desk.toml"))).unwrap();
        let runtime = Runtime::new().unwrap();
        let gateway = runtime.block_on(Gateway::start(&settings)).unwrap();
        Self { runtime, gateway: Some(gateway), folder }
    }

    /// Hands a mail with LF line ends to the gateway.
    pub(crate) fn receive(&self, sender: &str, recipient: &str, mail: &str) {
        let port = self.gateway.as_ref().unwrap().addresses[0].port();
        hand_over(port, sender, recipient, mail);
    }

    /// The file of a notice, as soon as there is one that was not there before.
    pub(crate) fn notice(&self, event: &str, recipient: &str, known: &mut Vec<PathBuf>) -> PathBuf {
        let ending = format!("-{event}-{recipient}.eml");
        wait_for(&format!("the {event} to {recipient}"), DEADLINE, || {
            let new = self.files().into_iter().find(|file| !known.contains(file) && file.to_string_lossy().ends_with(&ending))?;
            known.push(new.clone());
            Some(new)
        })
    }

    /// All notices so far, the oldest first.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.folder.path().join("outgoing")) else { return Vec::new() };
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "eml"));
        files.sort();
        files
    }

    /// A file of the test's own.
    pub(crate) fn file(&self, name: &str, octets: &[u8]) -> PathBuf {
        let file = self.folder.path().join(name);
        fs::write(&file, octets).unwrap();
        file
    }

    /// What the independent reader makes of mails.
    pub(crate) fn read(&self, files: &[PathBuf]) -> Vec<Value> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers/read.py");
        // Debian's own Python: that is the one that its packages are for.
        let mut command = Command::new("/usr/bin/python3");
        command.arg(script).arg(self.folder.path().join("records.json")).args(files);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if let Some(gateway) = self.gateway.take() {
            self.runtime.block_on(gateway.stop());
        }
    }
}

/// Makes a key by the verb of the operator; what it prints.
fn key(folder: &Path, domain: &str, algorithm: &str) -> Value {
    let file = folder.join(format!("{algorithm}-{domain}.pem"));
    let arguments = ["--selector", &format!("{algorithm}1"), "--domain", domain, "--algorithm", algorithm, "--json"];
    let made = Command::new(env!("CARGO_BIN_EXE_postdesk")).args(["dkim", "key"]).args(arguments).arg("--out").arg(file).output();
    let made = made.unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    serde_json::from_slice(&made.stdout).unwrap()
}

fn configuration(folder: &Path, keys: &str) -> String {
    let data = json!(folder.join("data"));
    format!(
        r#"[gateway]
name = "Example Desk"
hostname = "desk.example.org"
data = {data}
[smtp]
listen = ["127.0.0.1:0"]
trusted_networks = ["127.0.0.0/8"]
[delivery]
relay = "file:{outgoing}"
dkim = [
  {keys}
]
[held]
digest = "1s"
[acknowledgements]
per_hour = 100
per_day = 100
total_per_day = 1000
[automatic_mail]
[[department]]
key = "support"
name = "Ünterstützung, \"Shop\" 🫖"
prefix = "SUP"
address = "support@desk.example.org"
mailboxes = ["{MAILBOX}"]
agents = ["ana", "boris"]
tell_begun = true
remind_before = "2d"
[[agent]]
key = "ana"
name = "Ana Kovač"
address = "ana@staff.example"
[[agent]]
key = "boris"
name = "Boris Ilić"
address = "boris@staff.example"
access = "admin"
"#,
        outgoing = folder.join("outgoing").display()
    )
}
