//! A shell that outlives the test process and clears up behind it: it makes the folder of a Dovecot, starts and ends the server, and when
//! its standard input ends it kills the server and removes the folder.
//!
//! The input ends when the server is dropped, and also when the test process ends for whatever reason, SIGKILL among them, because the
//! kernel closes the pipe.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The server is the leader of a session, and so of a group, of its own: whoever kills the group has killed all of its processes. The
/// folder lies in /tmp and nowhere deeper: the server may run as another user, who has to walk there, and a socket's path is short.
const SCRIPT: &str = r#"
trap '' INT TERM HUP PIPE
umask 022
folder=$(mktemp -d -t postdesk-dovecot-XXXXXX) || exit 1
chmod 755 "$folder"
echo "$folder"
master=
end() {
    [ -n "$master" ] || return 0
    kill "$1" "$2$master" 2>/dev/null
    wait "$master" 2>/dev/null
    kill -KILL "-$master" 2>/dev/null
    master=
}
while IFS= read -r command; do
    case $command in
    start)
        rm -rf "$folder/run"
        setsid /usr/sbin/dovecot -F -c "$folder/dovecot.conf" >>"$folder/keeper.log" 2>&1 </dev/null &
        master=$!
        echo "$master" ;;
    stop) end -TERM ""; echo ended ;;
    kill) end -KILL -; echo ended ;;
    *) sh -c "$command" >>"$folder/keeper.log" 2>&1 </dev/null; echo $? ;;
    esac
done
end -KILL -
rm -rf "$folder"
"#;

/// The shell, and the folder that it keeps.
pub(crate) struct Keeper {
    folder: PathBuf,
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Keeper {
    /// Starts it, as this user and group where we are root.
    pub(crate) fn start(account: Option<(u32, u32)>) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "keeper"]).stderr(Stdio::null()).stdin(Stdio::piped()).stdout(Stdio::piped());
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
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Gives an order (`start`, `stop`, `kill`, or a line of shell) and returns the answer: the server's number, a word, a status.
    pub(crate) fn order(&mut self, line: &str) -> String {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
        self.answer()
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
