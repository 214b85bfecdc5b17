//! Something in the way of a move, at a place that the test chooses, so that it is killed there and nowhere else.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};

use crate::cluster::Cluster;
use crate::desk::{Desk, told};
use crate::gateway::{DEADLINE, wait_for};

/// A session of psql that holds a lock until it is dropped.
struct Lock {
    process: Child,
    input: Option<ChildStdin>,
}

impl Lock {
    fn take(desk: &Desk, statement: &str) -> Self {
        let mut command = Cluster::shared().psql();
        let mut process = command.args(["-d", &desk.server]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut input = process.stdin.take().unwrap();
        writeln!(input, "BEGIN; {statement}; \\echo held").unwrap();
        let lines = BufReader::new(process.stdout.as_mut().unwrap()).lines().map(Result::unwrap);
        assert!(lines.into_iter().any(|line| line == "held"), "psql ended without the lock");
        Self { process, input: Some(input) }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.process.wait();
    }
}

/// Begins a move from the file to the server, and kills it at the first row of a table.
pub(crate) fn kill_at(desk: &Desk, table: &str) {
    kill_while(desk, &format!("LOCK TABLE {table} IN SHARE MODE"));
}

/// The same, in the middle of the messages, behind a page of them.
pub(crate) fn kill_among_the_messages(desk: &Desk) {
    let trigger = "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS \
                   $$ BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NULL; END $$; \
                   CREATE TRIGGER wait AFTER INSERT ON message FOR EACH ROW WHEN (NEW.arrival > 510) EXECUTE FUNCTION wait()";
    Cluster::shared().sql(desk.database(), trigger);
    kill_while(desk, "SELECT pg_advisory_xact_lock(7)");
    Cluster::shared().sql(desk.database(), "DROP TRIGGER wait ON message; DROP FUNCTION wait()");
}

fn kill_while(desk: &Desk, statement: &str) {
    let lock = Lock::take(desk, statement);
    let mut process = desk.command(&desk.lite(), &desk.server).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let cluster = Cluster::shared();
    wait_for("the move to be held up", DEADLINE, || {
        let ended = process.try_wait().unwrap();
        let waits = cluster.sql(desk.database(), waiting) != "0";
        (ended.is_some() || waits).then_some(())
    });
    process.kill().unwrap();
    let output = process.wait_with_output().unwrap();
    assert_eq!(output.status.code(), None, "it ended before it was killed: {}", told(&output));
    // What was under way is rolled back before the way is free.
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'postdesk'";
    wait_for("the server to notice", DEADLINE, || (cluster.sql(desk.database(), others) == "0").then_some(()));
    drop(lock);
}
