//! The PostgreSQL of the tests is what the tests take it for: each means that they use against the gateway, used against psql.
#![cfg(test)]

#[path = "postgres/cluster.rs"]
mod cluster;
#[path = "crashes/gateway.rs"]
#[expect(dead_code, reason = "shared with the ledger, which needs more of it")]
mod gateway;
#[path = "postgres/proxy.rs"]
mod proxy;

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use cluster::{Cluster, PASSWORD, Stop};
use gateway::{DEADLINE, wait_for};
use proxy::Proxy;

/// Set in the processes that `nothing_is_left…` starts.
const WAY_TO_END: &str = "POSTDESK_TEST_WAY_TO_END";
const TABLE: &str = "CREATE TABLE kept (number int)";

/// A psql that stays connected, over TCP.
struct Session {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Session {
    fn open(cluster: &Cluster, url: &str) -> Self {
        let mut process = over(cluster, url).spawn().unwrap();
        let (input, output) = (process.stdin.take(), BufReader::new(process.stdout.take().unwrap()));
        Self { process, input, output }
    }

    fn say(&mut self, text: &str) {
        writeln!(self.input.as_mut().unwrap(), "{text}").unwrap();
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// What psql complained of at its end; empty when all went well.
    fn end(mut self) -> String {
        drop(self.input.take());
        let output = self.process.wait_with_output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    }
}

fn over(cluster: &Cluster, url: &str) -> Command {
    let mut command = cluster.psql();
    command.args(["-d", url]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The same URL, through the proxy.
fn through(proxy: &Proxy, cluster: &Cluster, url: &str) -> String {
    url.replace(&cluster.port().to_string(), &proxy.port().to_string())
}

fn name(url: &str) -> &str {
    url.rsplit_once('/').unwrap().1
}

/// A table in a database of the shared cluster, and its URL.
fn table() -> (&'static Cluster, String) {
    let cluster = Cluster::shared();
    let url = cluster.database();
    let mut session = Session::open(cluster, &url);
    session.say(&format!("{TABLE};"));
    assert_eq!(session.end(), "");
    (cluster, url)
}

fn rows(cluster: &Cluster, url: &str) -> String {
    cluster.sql(name(url), "SELECT number FROM kept ORDER BY number")
}

#[test]
fn a_cluster_answers_and_gives_each_test_a_database_of_its_own() {
    let (cluster, url) = table();
    let (_, other) = table();
    assert_ne!(url, other);
    let mut session = Session::open(cluster, &url);
    session.say("INSERT INTO kept VALUES (1); SELECT current_user, setting FROM pg_settings WHERE name = 'fsync';");
    assert_eq!(session.hear(), "postdesk|on");
    assert_eq!(session.end(), "");
    assert_eq!((rows(cluster, &url).as_str(), rows(cluster, &other).as_str()), ("1", ""));
    let socket =
        format!("postgres://postdesk@/{}?host={}&port={}", name(&url), cluster.socket_folder().display(), cluster.port());
    let mut session = Session::open(cluster, &socket);
    session.say("SELECT number FROM kept;");
    assert_eq!(session.hear(), "1");
}

#[test]
fn nothing_is_left_of_a_cluster_however_the_test_process_ends() {
    const THIS: &str = "nothing_is_left_of_a_cluster_however_the_test_process_ends";
    if let Ok(way) = env::var(WAY_TO_END) {
        return end_with_a_running_cluster(&way);
    }
    for way in ["returns", "panics", "is killed"] {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", THIS, "--nocapture"]).env(WAY_TO_END, way).env("RUST_BACKTRACE", "0");
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let said = BufReader::new(process.stdout.as_mut().unwrap()).lines().map(Result::unwrap);
        let told: Vec<String> = said.skip_while(|line| !line.starts_with("folder ")).take(2).collect();
        let folder = Path::new(told[0].strip_prefix("folder ").unwrap());
        let port = told[1].strip_prefix("port ").unwrap().parse().unwrap();
        assert!(folder.is_dir() && TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
        if way == "is killed" {
            process.kill().unwrap();
        }
        drop(process.stdin.take());
        assert_eq!(process.wait().unwrap().success(), way == "returns");
        wait_for("the end of the cluster", DEADLINE, || (!folder.exists()).then_some(()));
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
    }
}

/// Tells where the shared cluster is, waits until it may end, and ends.
fn end_with_a_running_cluster(way: &str) {
    let cluster = Cluster::shared();
    println!("\nfolder {}\nport {}", cluster.socket_folder().display(), cluster.port());
    let _ = std::io::stdin().read(&mut [0]);
    assert_ne!(way, "panics");
}

#[test]
fn what_was_committed_is_there_after_a_crash_and_what_was_not_is_gone() {
    let cluster = Cluster::start();
    let url = cluster.database();
    cluster.sql(name(&url), &format!("{TABLE}; GRANT ALL ON kept TO postdesk; INSERT INTO kept VALUES (1)"));
    let mut session = Session::open(&cluster, &url);
    session.say("BEGIN; INSERT INTO kept VALUES (2); SELECT 'open';");
    assert_eq!(session.hear(), "open");
    cluster.restart_immediate();
    session.say("COMMIT;");
    assert!(session.end().contains("terminating connection"));
    assert_eq!(rows(&cluster, &url), "1");
    cluster.stop(Stop::Fast);
    assert!(cluster.try_sql("postgres", "SELECT 1").is_err());
    cluster.start_again();
    assert_eq!(rows(&cluster, &url), "1");
}

#[test]
fn an_old_connection_is_read_only_as_well_and_no_longer_so_after() {
    let cluster = Cluster::start();
    let url = cluster.database();
    let mut session = Session::open(&cluster, &url);
    session.say("SHOW transaction_read_only;");
    assert_eq!(session.hear(), "off");
    for (on, said) in [(true, "on"), (false, "off")] {
        cluster.read_only(on);
        session.say("SHOW transaction_read_only;");
        assert_eq!(session.hear(), said);
    }
    cluster.read_only(true);
    session.say(TABLE);
    session.say(";");
    assert!(session.end().contains("read-only transaction"));
}

#[test]
fn the_connections_to_one_database_are_terminated_and_those_to_others_are_not() {
    let ((cluster, url), (_, other)) = (table(), table());
    let (mut ended, mut kept) = (Session::open(cluster, &url), Session::open(cluster, &other));
    for session in [&mut ended, &mut kept] {
        session.say("SELECT 1;");
        assert_eq!(session.hear(), "1");
    }
    assert_eq!(cluster.terminate_backends(name(&url)), 1);
    for session in [&mut ended, &mut kept] {
        session.say("SELECT 2;");
    }
    assert!(ended.end().contains("terminating connection"));
    assert_eq!(kept.hear(), "2");
}

#[test]
fn a_synchronous_standby_has_every_row_that_was_committed_and_takes_writes_once_promoted() {
    let primary = Cluster::start();
    let standby = primary.standby("second");
    primary.synchronous("second");
    let url = primary.database();
    primary.sql(name(&url), &format!("{TABLE}; INSERT INTO kept VALUES (1)"));
    primary.stop(Stop::Immediate);
    standby.promote();
    standby.sql(name(&url), "INSERT INTO kept VALUES (2)");
    assert_eq!(rows(&standby, &url), "1\n2");
    assert_ne!(standby.url("any"), primary.url("any"));
}

#[test]
fn an_asynchronous_standby_that_was_cut_off_lacks_what_was_committed_since() {
    let primary = Cluster::start();
    let url = primary.database();
    primary.sql(name(&url), TABLE);
    let line = Proxy::to(primary.port());
    let standby = primary.standby_through(line.port(), "second");
    primary.synchronous("second");
    primary.sql(name(&url), "INSERT INTO kept VALUES (1)");
    primary.synchronous("");
    line.cut();
    primary.sql(name(&url), "INSERT INTO kept VALUES (2)");
    primary.stop(Stop::Immediate);
    standby.promote();
    assert_eq!(rows(&standby, &url), "1");
}

#[test]
fn nothing_passes_a_cut_line_and_what_was_sent_arrives_when_it_is_back() {
    let (cluster, url) = table();
    let line = Proxy::to(cluster.port());
    let mut session = Session::open(cluster, &through(&line, cluster, &url));
    session.say("SELECT 1;");
    assert_eq!(session.hear(), "1");
    line.cut();
    session.say("INSERT INTO kept VALUES (1) RETURNING 2;");
    // The server takes other work meanwhile, and still has the connection.
    let asked = cluster.sql("postgres", &format!("SELECT query FROM pg_stat_activity WHERE datname = '{}'", name(&url)));
    assert_eq!((asked.as_str(), rows(cluster, &url).as_str()), ("SELECT 1;", ""));
    line.resume();
    assert_eq!(session.hear(), "2");
    assert_eq!(session.end(), "");
}

#[test]
fn a_line_that_breaks_off_takes_the_open_transaction_with_it_even_while_it_is_cut() {
    let (cluster, url) = table();
    let line = Proxy::to(cluster.port());
    let mut session = Session::open(cluster, &through(&line, cluster, &url));
    session.say("BEGIN; INSERT INTO kept VALUES (1) RETURNING 1;");
    assert_eq!(session.hear(), "1");
    line.cut();
    line.drop_all();
    line.resume();
    session.say("COMMIT;");
    assert_ne!(session.end(), "");
    assert_eq!(rows(cluster, &url), "");
}

/// Inserts a row in a transaction of its own, through the proxy; returns what psql complained of.
fn insert(line: &Proxy, cluster: &Cluster, url: &str) -> String {
    let mut session = Session::open(cluster, &through(line, cluster, url));
    session.say("BEGIN;\nINSERT INTO kept VALUES (1);\nCOMMIT;");
    session.end()
}

#[test]
fn the_outcome_of_one_commit_is_lost_after_it_has_happened_or_before() {
    let (cluster, url) = table();
    let line = Proxy::to(cluster.port());
    line.lose(b"COMMIT");
    assert!(insert(&line, cluster, &url).contains("server closed the connection"));
    line.wait_until_it_came();
    assert_eq!(rows(cluster, &url), "");
    line.lose_the_answer_to(b"COMMIT");
    assert!(insert(&line, cluster, &url).contains("server closed the connection"));
    line.wait_until_it_came();
    assert_eq!(rows(cluster, &url), "1");
    assert_eq!(insert(&line, cluster, &url), "");
    assert_eq!(rows(cluster, &url), "1\n1");
}

#[test]
fn a_commit_that_was_held_on_its_way_happens_after_its_client_has_given_up() {
    let (cluster, url) = table();
    let line = Proxy::to(cluster.port());
    line.hold(b"COMMIT");
    assert!(insert(&line, cluster, &url).contains("server closed the connection"));
    line.wait_until_it_came();
    assert_eq!(rows(cluster, &url), "");
    line.let_go();
    // A lock on the table is had when the transaction is over.
    let locked = "BEGIN; LOCK TABLE kept; SELECT count(*) FROM kept; COMMIT";
    assert_eq!(cluster.sql(name(&url), locked), "1");
}

#[test]
fn a_proxy_leads_to_another_server_when_it_is_told_to() {
    let (first, second) = (Cluster::shared(), Cluster::start());
    let line = Proxy::to(first.port());
    for cluster in [first, &second] {
        line.lead_to(cluster.port());
        let mut session = Session::open(cluster, &through(&line, cluster, &cluster.url("postgres")));
        session.say("SHOW port;");
        assert_eq!(session.hear(), cluster.port().to_string());
    }
    assert_eq!(line.connections_made(), 2);
}

#[test]
fn a_cluster_with_tls_and_password_lets_nobody_in_without_either() {
    let cluster = Cluster::with_tls_and_password();
    let url = cluster.database();
    let enter = |query: &str, password: &str| {
        let mut command = over(&cluster, &format!("{url}?{query}"));
        let output = command.env("PGPASSWORD", password).args(["-c", "SELECT current_user"]).output().unwrap();
        let read = |octets| String::from_utf8(octets).unwrap().trim_end().to_owned();
        if output.status.success() { Ok(read(output.stdout)) } else { Err(read(output.stderr)) }
    };
    let verified = format!("sslmode=verify-full&sslrootcert={}", cluster.authority().display());
    assert_eq!(enter(&verified, PASSWORD).as_deref(), Ok("postdesk"));
    assert!(enter(&verified, "wrong").unwrap_err().contains("password authentication failed"));
    assert!(enter("sslmode=disable", PASSWORD).unwrap_err().contains("no encryption"));
    let other = Cluster::with_tls_and_password();
    let stranger = format!("sslmode=verify-full&sslrootcert={}", other.authority().display());
    assert!(enter(&stranger, PASSWORD).unwrap_err().contains("certificate verify failed"));
}
