//! swaks as the mail client of a customer or an agent: a program that knows nothing of the gateway.

use std::fs;
use std::path::Path;
use std::process::Command;

/// A mail that somebody is about to send.
pub(crate) struct Letter {
    from: String,
    to: Vec<String>,
    header: Vec<(String, String)>,
    text: String,
    file: Option<(String, Vec<u8>)>,
}

impl Letter {
    /// A mail of somebody to somebody; the envelope is taken from these two.
    pub(crate) fn new(from: &str, to: &str) -> Self {
        let header = vec![("From".to_owned(), from.to_owned()), ("To".to_owned(), to.to_owned())];
        let bare = |address: &str| address.rsplit('<').next().unwrap_or_default().trim_end_matches('>').to_owned();
        Self { from: bare(from), to: vec![bare(to)], header, text: String::new(), file: None }
    }

    /// Sets a field of the header, in place of the one of that name.
    pub(crate) fn field(mut self, name: &str, value: &str) -> Self {
        self.header.retain(|(field, _)| field != name);
        self.header.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends it to another envelope recipient than the header says, as a forwarding provider does.
    pub(crate) fn envelope_to(mut self, address: &str) -> Self {
        self.to = vec![address.to_owned()];
        self
    }

    /// Its text, lines ended by LF.
    pub(crate) fn text(mut self, text: &str) -> Self {
        text.clone_into(&mut self.text);
        self
    }

    /// Attaches a file.
    pub(crate) fn file(mut self, name: &str, octets: &[u8]) -> Self {
        self.file = Some((name.to_owned(), octets.to_vec()));
        self
    }

    /// Hands it to the server on this port; panics with the whole dialogue when it is refused.
    pub(crate) fn send(&self, port: u16) {
        let folder = tempfile::tempdir().unwrap();
        let output = self.command(folder.path(), port).output().unwrap();
        let dialogue = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "swaks: {}\n{dialogue}", output.status);
    }

    /// Hands it over and returns the refusal that it has to get.
    pub(crate) fn send_in_vain(&self, port: u16) -> String {
        let folder = tempfile::tempdir().unwrap();
        let output = self.command(folder.path(), port).output().unwrap();
        let dialogue = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!output.status.success(), "the mail was taken\n{dialogue}");
        let refusal = dialogue.lines().find(|line| line.starts_with("<** "));
        refusal.unwrap_or_else(|| panic!("no refusal in\n{dialogue}")).trim_start_matches("<** ").to_owned()
    }

    fn command(&self, folder: &Path, port: u16) -> Command {
        let text = folder.join("text");
        fs::write(&text, &self.text).unwrap();
        let mut command = Command::new("swaks");
        command.args(["--server", "127.0.0.1", "--port", &port.to_string(), "--helo", "client.example"]);
        command.args(["--from", &self.from, "--to", &self.to.join(","), "--suppress-data"]);
        for (name, value) in &self.header {
            command.args(["--header", &format!("{name}: {value}")]);
        }
        // A name behind @ is read from a file: no escapes of the command line in the way of the text.
        command.arg("--body").arg(format!("@{}", text.display()));
        if let Some((name, octets)) = &self.file {
            let path = folder.join(name);
            fs::write(&path, octets).unwrap();
            command.args(["--attach-name", name, "--attach-type", "application/pdf"]);
            command.arg("--attach").arg(format!("@{}", path.display()));
        }
        command
    }
}
