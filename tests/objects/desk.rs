//! A gateway that keeps large mail elsewhere, and what is seen of it from outside.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::gateway::{DEADLINE, Gateway, wait_for};
use super::wire::Wire;

/// Octets above which mail is an object here.
pub(crate) const ABOVE: usize = 64 * 1024;

/// A folder, and the gateway that runs on it.
pub(crate) struct Desk {
    pub(crate) folder: TempDir,
    pub(crate) gateway: Gateway,
}

impl Desk {
    /// A desk that is not started yet. `objects` is the lines of `[store]`, with FOLDER for its folder.
    pub(crate) fn new(folder: TempDir, objects: &str) -> Self {
        let gateway = Gateway::new(folder.path(), &format!("file:{}/out", folder.path().display()));
        let desk = Self { folder, gateway };
        desk.configure(objects);
        desk
    }

    /// Changes what `[store]` says of objects.
    pub(crate) fn configure(&self, objects: &str) {
        self.gateway.configure(&format!("file:{}/out", self.path().display()), "14d");
        let file = self.path().join("postdesk.toml");
        let text = fs::read_to_string(&file).unwrap();
        let objects = objects.replace("FOLDER", self.path().to_str().unwrap());
        fs::write(file, text.replace("[store]\n", &format!("[store]\n{objects}objects_above = {ABOVE}\n"))).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn send(&self, mail: &str) -> u16 {
        let mut wire = Wire::connect(self.gateway.port());
        wire.begin();
        wire.give(mail)
    }

    pub(crate) fn arrivals(&self) -> Vec<Value> {
        self.gateway.json(&["arrival", "list", "--json", "--all"])
    }

    /// The arrival with this subject, once it has an outcome.
    pub(crate) fn decided(&self, subject: &str) -> Value {
        wait_for("the outcome", DEADLINE, || {
            self.arrivals().into_iter().find(|arrival| arrival["subject"] == subject && !arrival["outcome"].is_null())
        })
    }

    /// The original as the verb prints it.
    pub(crate) fn raw(&self, arrival: &Value) -> String {
        String::from_utf8(self.gateway.verb(&["arrival", "raw", &arrival["id"].to_string()])).unwrap()
    }

    /// What left, once so many mails have.
    pub(crate) fn out(&self, count: usize) -> Vec<String> {
        wait_for("the notices", DEADLINE, || {
            let files = fs::read_dir(self.path().join("out")).ok()?.map(|entry| entry.unwrap().path());
            let mails: Vec<_> = files.filter(|path| path.extension().is_some_and(|extension| extension == "eml")).collect();
            (mails.len() >= count).then(|| mails.iter().map(|path| fs::read_to_string(path).unwrap()).collect())
        })
    }

    /// A start that is refused: with what code, and in which words.
    pub(crate) fn refused_start(&self) -> (Option<i32>, String) {
        let told = self.path().join("refused.log");
        let mut command = Command::new(env!("CARGO_BIN_EXE_postdesk"));
        command.arg("--config").arg(self.path().join("postdesk.toml")).arg("serve").current_dir(self.path());
        let mut started = Started(command.stdout(Stdio::null()).stderr(fs::File::create(&told).unwrap()).spawn().unwrap());
        let status = wait_for("the start to be refused", DEADLINE, || started.0.try_wait().unwrap());
        (status.code(), fs::read_to_string(told).unwrap())
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path().join("gateway.log")).unwrap()
    }
}

/// A process that does not outlive the test.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        // It has mostly ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A mail with an attached file that makes it larger than `ABOVE`, and the lines of the file.
pub(crate) fn large(subject: &str) -> (String, String) {
    let line = |number: usize| format!("{:076}\r\n", number * 7_919);
    let file: String = (0..3 * ABOVE / 78).map(line).collect();
    let mail = format!(
        "From: Mia Berg <mia@customer.example>\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n{subject}\r\n\
         --b\r\nContent-Type: application/octet-stream; name=plan.bin\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=plan.bin\r\n\r\n{file}\r\n--b--\r\n"
    );
    (mail, file)
}

/// A mail that stays in the database.
pub(crate) fn small(subject: &str) -> String {
    format!("From: Mia Berg <mia@customer.example>\r\nSubject: {subject}\r\n\r\n{subject}\r\n")
}

/// The objects below a folder, whatever it is called above them.
pub(crate) fn objects(folder: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let inner =
        folders.filter(|path| path.is_dir()).flat_map(|path| fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
    inner.filter(|path| path.file_name().unwrap().len() == 64 + 1 + 16).collect()
}
