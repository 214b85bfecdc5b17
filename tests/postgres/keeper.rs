//! A shell that outlives the test process and clears up behind it: it makes the folder of a cluster, runs the commands that
//! start and stop the server, and when its standard input ends it stops the server and removes the folder.
//!
//! The input ends when the cluster is dropped, and also when the test process ends for whatever reason, SIGKILL among them,
//! because the kernel closes the pipe. Commands are run one after the other, so a server that was just being started when
//! the test died is stopped as well.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Signals of the terminal are for the test; a broken pipe only says that it has gone. Folders lie in /tmp and nowhere
/// deeper: the server runs as another user, who has to walk there, and the path of a socket has at most 107 octets.
const SCRIPT: &str = r#"
trap '' INT TERM HUP PIPE
umask 077
folder=$(mktemp -d -t postdesk-postgres-XXXXXX) || exit 1
echo "$folder"
while IFS= read -r command; do
    sh -c "$command" >>"$folder/keeper.log" 2>&1 </dev/null
    echo $?
done
"$1/pg_ctl" stop -D "$folder/data" -m immediate >/dev/null 2>&1
rm -rf "$folder"
"#;

/// The shell, and the folder that it keeps.
pub(super) struct Keeper {
    folder: PathBuf,
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Keeper {
    /// Starts it, as `account` where there is one, for the PostgreSQL whose programs are in `programs`.
    pub(super) fn start(programs: &Path, account: Option<(u32, u32)>) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "keeper"]).arg(programs).stderr(Stdio::null()).stdin(Stdio::piped()).stdout(Stdio::piped());
        // A group of its own: what ends the whole group of the test must not end the one who clears up.
        command.process_group(0).current_dir("/").env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("LC_ALL", "C");
        if let Some((user, group)) = account {
            command.uid(user).gid(group);
        }
        let mut process = command.spawn().unwrap();
        let (input, output) = (process.stdin.take(), BufReader::new(process.stdout.take().unwrap()));
        let mut keeper = Self { folder: PathBuf::new(), process, input, output };
        keeper.folder = keeper.answer().into();
        assert!(keeper.folder.is_dir(), "the keeper has made no folder in /tmp");
        keeper
    }

    /// The folder. It is gone when this has been dropped.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs one line of shell and waits for it; panics with everything that was said when it fails.
    pub(super) fn run(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
        let status = self.answer();
        let said = || fs::read_to_string(self.folder.join("keeper.log")).unwrap_or_default();
        assert!(status == "0", "{line}\nended with {status}:\n{}", said());
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.process.wait();
    }
}
