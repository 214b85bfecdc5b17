//! A psql of a superuser's that stays connected: for locks that a test holds.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use crate::cluster::Cluster;

/// The connection; what it has begun is rolled back when it goes out of scope.
pub(crate) struct Session {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Session {
    /// Connects over the socket.
    pub(crate) fn open(cluster: &Cluster, database: &str) -> Self {
        let mut command = cluster.psql();
        command.arg("-h").arg(cluster.socket_folder()).args([
            "-p",
            &cluster.port().to_string(),
            "-U",
            "postgres",
            "-d",
            database,
        ]);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (process.stdin.take(), BufReader::new(process.stdout.take().unwrap()));
        Self { process, input, output }
    }

    /// Runs statements and waits until they are done.
    pub(crate) fn run(&mut self, text: &str) {
        writeln!(self.input.as_mut().unwrap(), "{text};\nSELECT 'done';").unwrap();
        let mut line = String::new();
        while line.trim_end() != "done" {
            line.clear();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "psql ended before {text} was done");
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.process.wait();
    }
}
