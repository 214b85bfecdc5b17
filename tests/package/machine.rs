//! A machine of the test's own (`boot`), and what is done on it. It is real in all that matters here: systemd is its first process, dpkg
//! installs into its root, ports are its own. It ends with the test, and nothing of it stays.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// Where everything is that this file speaks of.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A machine that has started.
pub(crate) struct Machine {
    boot: Child,
    leader: String,
    /// Kept for as long as the machine lives.
    _folder: tempfile::TempDir,
}

impl Machine {
    /// Starts one. Files of `tests/package` and the given ones lie in its `/srv`.
    pub(crate) fn start(files: &[PathBuf]) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let given = folder.path().join("files");
        fs::create_dir(&given).unwrap();
        for own in ["names", "until", "desk.toml", "prepare", "senders"] {
            fs::copy(root().join("tests/package").join(own), given.join(own)).unwrap();
        }
        for file in files {
            fs::copy(file, given.join(file.file_name().unwrap())).unwrap();
        }
        let mut command = as_root(&root().join("tests/package/boot").display().to_string());
        let command = command.arg(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut boot = command.spawn().unwrap();
        let mut leader = String::new();
        BufReader::new(boot.stdout.take().unwrap()).read_line(&mut leader).unwrap();
        let leader = leader.trim().to_owned();
        assert!(!leader.is_empty(), "no machine could be started: it takes root, overlayfs and a cgroup2 hierarchy; see above");
        Self { boot, leader, _folder: folder }
    }

    /// What comes of a script of bash, as its root, in `/srv`.
    pub(crate) fn run(&self, script: &str) -> Output {
        let mut command = as_root("nsenter");
        command.args(["-t", &self.leader, "-a", "--", "env", "-i", "HOME=/srv", "LC_ALL=C.UTF-8", "TERM=dumb"]);
        command.arg("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/srv");
        // A command that waits for ever is a fault of its page.
        command.args(["timeout", "300", "bash", "-euo", "pipefail", "-c", &format!("cd /srv\n{script}")]);
        command.stdin(Stdio::null()).output().unwrap()
    }

    /// What a script prints that has to succeed.
    pub(crate) fn say(&self, script: &str) -> String {
        let output = self.run(script);
        let (said, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{script}\n{}\n{said}\n{told}\n{}", output.status, self.log());
        said.into_owned()
    }

    /// The last lines of its journal.
    pub(crate) fn log(&self) -> String {
        let output = self.run("journalctl --no-pager --lines 60 --quiet || true");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // The end of its input is the end of the machine.
        drop(self.boot.stdin.take());
        // A machine that cannot be waited for is no reason to fail a test that has passed.
        let _ = self.boot.wait();
    }
}

/// A command that needs root: itself when we are root, by `sudo` otherwise.
fn as_root(program: &str) -> Command {
    let id = Command::new("id").arg("-u").output().unwrap();
    if id.stdout == b"0\n" {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.args(["-n", program]);
    command
}

/// The same package under the number of the next version: what an upgrade does is the same, and it is made in a moment.
pub(crate) fn next_version(package: &Path) -> PathBuf {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (tree, next) = (folder.path().join("tree"), Path::new(env!("CARGO_TARGET_TMPDIR")).join("postdesk_0.1.1-1_next.deb"));
    let script = "dpkg-deb -R \"$1\" \"$2\" && sed -i 's/^Version: .*/Version: 0.1.1-1/' \"$2/DEBIAN/control\" \
                  && dpkg-deb --root-owner-group -Znone -b \"$2\" \"$3\"";
    let output = Command::new("sh").args(["-c", script, "sh"]).arg(package).arg(&tree).arg(&next).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    next
}
