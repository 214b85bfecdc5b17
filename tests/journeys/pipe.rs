//! `postdesk pipe` as a real Postfix runs it: from `master.cf`, and from a `.forward`.

use std::fs;

use sqlx::{Connection, Executor, SqliteConnection};

use super::desk::{CARLA, DEPARTMENT, MAILBOX, bare};
use super::front::{Front, SALES, UNKNOWN};
use super::postfix::{Delivered, Postfix, privileged};
use super::swaks::Letter;
use super::wire::hand_over;

fn letter(subject: &str) -> Letter {
    Letter::new(CARLA, DEPARTMENT).field("Subject", subject).text("It does not boil.\n")
}

fn taken(number: usize) -> Vec<(String, String)> {
    vec![("pipe".to_owned(), "request".to_owned()); number]
}

/// What Postfix tells Carla of a mail that it gave up.
fn report(front: &Front) -> Delivered {
    front.postfix.wait_for_mail(bare(CARLA), "bounce", |mail| mail.must("Subject").contains("Undelivered"))
}

/// Its text on one line: Postfix breaks it where it likes.
fn words(report: &Delivered) -> String {
    report.text().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A store that another process has locked, until this goes out of scope.
struct Locked {
    runtime: tokio::runtime::Runtime,
    connection: Option<SqliteConnection>,
}

impl Locked {
    fn new(front: &Front) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let file = front.folder().join("data/postdesk.db");
        let connection = runtime.block_on(async {
            let mut connection = SqliteConnection::connect(file.to_str().unwrap()).await.unwrap();
            connection.execute("PRAGMA busy_timeout = 60000").await.unwrap();
            connection.execute("BEGIN IMMEDIATE").await.unwrap();
            connection
        });
        Self { runtime, connection: Some(connection) }
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            let _ = self.runtime.block_on(connection.close());
        }
    }
}

#[test]
fn while_the_daemon_runs_each_recipient_is_taken_and_machines_of_the_null_sender_too() {
    let front = Front::by_pipe("").started();
    letter("two of them").envelope_to(&format!("{DEPARTMENT},{SALES}")).send(front.postfix.port());
    assert_eq!(front.outcomes(2), taken(2));
    assert_eq!(front.tickets().len(), 2);
    // `${sender}` is MAILER-DAEMON then, unless null_sender says otherwise.
    let report = "From: mailer@customer.example\nTo: support@desk.example.org\nSubject: out of office\n\nI am away.\n";
    hand_over(front.postfix.port(), "", DEPARTMENT, report);
    assert_eq!(front.outcomes(3)[2], ("pipe".to_owned(), "automatic".to_owned()));
    assert_eq!(front.postfix.logged(&["relay=postdesk", "status=sent"]), 3);
}

#[test]
fn while_the_daemon_is_stopped_mail_is_taken_and_worked_on_at_its_start() {
    let mut front = Front::by_pipe("").started();
    front.gateway.stop();
    letter("at night").send(front.postfix.port());
    front.postfix.wait_for_log(&["relay=postdesk", "status=sent"]);
    front.gateway.start();
    assert_eq!(front.outcomes(1), taken(1));
}

#[test]
fn while_the_store_is_locked_postfix_keeps_the_mail_and_delivers_it_once() {
    let front = Front::by_pipe("").started();
    let locked = Locked::new(&front);
    letter("locked out").send(front.postfix.port());
    let line = front.postfix.wait_for_log(&["relay=postdesk", "status=deferred"]);
    assert!(line.contains("dsn=4.3.0"), "{line}");
    drop(locked);
    front.postfix.flush();
    assert_eq!(front.outcomes(1), taken(1));
    assert_eq!(front.tickets(), [("support".to_owned(), "locked out".to_owned(), 1)]);
    assert_eq!(front.postfix.logged(&["status=bounced"]), 0);
}

#[test]
fn an_unknown_address_and_a_mail_that_is_too_large_go_back_with_their_reasons() {
    let front = Front::by_pipe("max_message_size = \"4 KiB\"\n").started();
    letter("to nobody").envelope_to(UNKNOWN).send(front.postfix.port());
    let told = report(&front);
    assert!(told.source.contains("Status: 5.1.1"), "{}", told.source);
    assert!(words(&told).contains("is neither a department's address nor one of its mailboxes"), "{}", told.source);

    let front = Front::by_pipe("max_message_size = \"4 KiB\"\n").started();
    let much = "It does not boil.\n".repeat(100_000);
    letter("too much").text(&much).send(front.postfix.port());
    let told = report(&front);
    assert!(told.source.contains("Status: 5.3.4"), "{}", told.source);
    assert!(words(&told).contains("larger than 4096 octets"), "{}", told.source);
    assert!(front.tickets().is_empty());
}

#[test]
fn no_fault_of_ours_sends_a_mail_back() {
    let front = Front::by_pipe("").started();
    let (program, away) = (front.postfix.folder().join("postdesk"), front.postfix.folder().join("away"));
    let deferred = |number: usize, what: &str| {
        letter(&format!("fault {number}")).send(front.postfix.port());
        front.postfix.wait_for_log(&["relay=postdesk", "status=deferred", what]);
    };
    front.reconfigure("reopen_within", "reopen_witin");
    deferred(1, "the configuration has faults");
    front.reconfigure("reopen_witin", "reopen_within");
    let keys = front.folder().join("data/keys");
    fs::rename(&keys, &away).unwrap();
    deferred(2, "there is no key file");
    fs::rename(&away, &keys).unwrap();
    fs::rename(&program, &away).unwrap();
    deferred(3, "No such file or directory");
    fs::rename(&away, &program).unwrap();
    assert!(privileged("chmod").arg("000").arg(front.folder().join("data/postdesk.db")).status().unwrap().success());
    deferred(4, "4.3.0");
    assert!(privileged("chmod").arg("644").arg(front.folder().join("data/postdesk.db")).status().unwrap().success());
    front.postfix.flush();
    assert_eq!(front.outcomes(4), taken(4));
    assert_eq!(front.postfix.logged(&["status=bounced"]), 0);
}

#[test]
fn a_forward_file_of_a_user_hands_mail_over_with_its_sender() {
    let mut front = Front::by_forward().started();
    letter("forwarded").envelope_to(MAILBOX).send(front.postfix.port());
    assert_eq!(front.outcomes(1), taken(1));
    let shown = front.gateway.json(&["arrival", "show", "1", "--json"]).remove(0);
    assert_eq!(shown["sender"], bare(CARLA), "{shown}");
    let raw = String::from_utf8(front.gateway.verb(&["arrival", "raw", "1"])).unwrap();
    assert!(!raw.starts_with("From "), "{raw}");
    hand_over(front.postfix.port(), "", MAILBOX, "From: m@customer.example\nSubject: away\n\nI am away.\n");
    assert_eq!(front.outcomes(2)[1], ("pipe".to_owned(), "automatic".to_owned()));

    let locked = Locked::new(&front);
    letter("later").envelope_to(MAILBOX).send(front.postfix.port());
    front.postfix.wait_for_log(&["/local[", "status=deferred", "dsn=4.3.0"]);
    drop(locked);
    front.gateway.stop();
    front.gateway.start();
    front.postfix.flush();
    assert_eq!(front.outcomes(3).len(), 3);
    assert_eq!(front.tickets().len(), 2);
}

/// What [`postdesk pipe`] relies on, asked of the Postfix that is installed: 75 is the only number that keeps a mail, and words that begin
/// with a status code are believed before the number.
#[test]
fn postfix_sends_a_mail_back_for_every_number_but_nought_and_75() {
    let main = "codes_destination_recipient_limit = 1\ndelay_warning_time = 0\n";
    let master = format!(
        "codes unix - n n - - pipe\n flags=O user={} argv=/bin/sh FOLDER/exit ${{user}}\n",
        super::front::name_of(super::postfix::owner())
    );
    let postfix = Postfix::with("codes.example codes:\n", main, &master);
    let script = "case $1 in said*) echo '4.3.0 later' >&2; exit 1;; killed) kill -9 $$;; esac\nexit $1\n";
    fs::write(postfix.folder().join("exit"), script).unwrap();
    let cases = [
        ("0", "sent"),
        ("1", "bounced"),
        ("64", "bounced"),
        ("65", "bounced"),
        ("67", "bounced"),
        ("69", "bounced"),
        ("70", "bounced"),
        ("74", "bounced"),
        ("75", "deferred"),
        ("78", "bounced"),
        ("101", "bounced"),
        ("127", "bounced"),
        ("said", "deferred"),
        ("killed", "deferred"),
    ];
    let everybody: Vec<String> = cases.iter().map(|(user, _)| format!("{user}@codes.example")).collect();
    letter("codes").envelope_to(&everybody.join(",")).send(postfix.port());
    for (user, status) in cases {
        let line = postfix.wait_for_log(&["relay=codes", &format!("to=<{user}@codes.example>"), "status="]);
        assert!(line.contains(&format!("status={status}")), "{line}");
    }
}
