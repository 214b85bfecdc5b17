//! Relays that fail, one fault at a time, and what becomes of the notice and of the connection.

use std::time::Duration;

use postdesk::deliver::classify::Verdict;
use postdesk::deliver::smtp::{Attempt, Connection};
use tokio::time::Instant;

use crate::script::{Relay, Step, good, greeting, say, up_to};
use crate::{Envelope, connect, door, patience};

const MAIL: &[u8] = b"Subject: one\r\n\r\nOne.\r\n";
const OTHER: &[u8] = b"Subject: two\r\n\r\nTwo.\r\n";

/// Too short for a relay that says nothing.
fn impatience() -> Instant {
    Instant::now() + Duration::from_millis(300)
}

async fn attempt(connection: Connection) -> Attempt {
    connection.send(&Envelope::usual().letter(MAIL), patience()).await
}

/// Plays one script and says how the attempt ended: the verdict, and whether the connection may be used again.
async fn played(script: Vec<Step>) -> (Verdict, bool) {
    let relay = Relay::start(vec![script]).await;
    let ended = match attempt(connect(relay.port).await).await {
        Attempt::Answered(verdict, _) => (verdict, true),
        Attempt::Lost(verdict) | Attempt::Doubtful(verdict) | Attempt::Unwilling(verdict) => (verdict, false),
        Attempt::Stale => panic!("a fresh connection is not stale"),
    };
    relay.mails().await;
    ended
}

fn later(why: &str) -> Verdict {
    Verdict::Later(why.to_owned())
}

fn never(why: &str) -> Verdict {
    Verdict::Never(why.to_owned())
}

#[tokio::test]
async fn a_refused_recipient_is_settled_by_its_code_and_the_connection_is_reset() {
    for (reply, verdict) in [
        ("450 4.2.1 mailbox busy", later("450 4.2.1 mailbox busy")),
        ("452-4.5.3 too\r\n452 4.5.3 many", later("452 4.5.3 too many")),
        ("550 5.1.1 no such user", never("550 5.1.1 no such user")),
        ("553-5.1.3 two\r\n553 5.1.3 lines", never("553 5.1.3 two lines")),
    ] {
        let script = [up_to("RCPT"), vec![say(reply), Step::Hear("RSET"), say("250 ok")]].concat();
        assert_eq!(played(script).await, (verdict, true), "{reply}");
    }
}

#[tokio::test]
async fn a_refusal_at_any_stage_is_settled_by_its_code() {
    for (command, reply, verdict) in [
        ("MAIL", "552 5.3.4 too big", never("552 5.3.4 too big")),
        ("DATA", "451 4.3.0 no room", later("451 4.3.0 no room")),
        ("DATA", "554 5.5.1 no valid recipients", never("554 5.5.1 no valid recipients")),
        ("content", "452 4.2.2 full", later("452 4.2.2 full")),
        ("content", "554 5.7.1 spam", never("554 5.7.1 spam")),
    ] {
        let script = [up_to(command), vec![say(reply), Step::Hear("RSET"), say("250 ok")]].concat();
        assert_eq!(played(script).await, (verdict, true), "{command} {reply}");
    }
}

#[tokio::test]
async fn what_the_relay_refuses_because_of_us_is_not_held_against_the_recipient_and_another_host_may_be_asked() {
    for reply in ["530 5.7.0 log in first", "503 5.5.1 sequence", "521 5.3.2 takes no mail", "451 4.3.0 try later"] {
        let relay = Relay::start(vec![[up_to("MAIL"), vec![say(reply), Step::Hear("QUIT"), say("221 bye")]].concat()]).await;
        let ended = attempt(connect(relay.port).await).await;
        assert!(matches!(ended, Attempt::Unwilling(verdict) if verdict == later(reply)), "{reply}");
        relay.mails().await;
    }
}

#[tokio::test]
async fn only_a_loss_after_the_final_dot_leaves_a_doubt_of_who_has_the_mail() {
    for (command, expected) in [("MAIL", "unwilling"), ("RCPT", "lost"), ("DATA", "lost"), ("content", "doubtful")] {
        let relay = Relay::start(vec![up_to(command)]).await;
        let ended = match attempt(connect(relay.port).await).await {
            Attempt::Unwilling(_) => "unwilling",
            Attempt::Lost(_) => "lost",
            Attempt::Doubtful(_) => "doubtful",
            Attempt::Answered(..) | Attempt::Stale => "else",
        };
        assert_eq!(ended, expected, "{command}");
    }
}

#[tokio::test]
async fn a_421_anywhere_means_later_and_the_end_of_the_connection() {
    for command in ["MAIL", "RCPT", "DATA"] {
        let script = [up_to(command), vec![say("421 4.3.2 closing")]].concat();
        assert_eq!(played(script).await, (later("421 4.3.2 closing"), false), "{command}");
    }
}

#[tokio::test]
async fn a_relay_that_refuses_to_greet_is_unreachable_whatever_its_code() {
    for greeting in ["421 4.3.2 too busy", "554 5.3.2 no service", "rubbish", "250"] {
        let relay = Relay::start(vec![vec![say(greeting)]]).await;
        let why = door(relay.port).open(patience()).await.err().expect("no connection");
        assert!(why.starts_with("127.0.0.1:"), "{why}");
    }
    let script = vec![say("220 hello"), Step::Hear("EHLO"), say("550 5.7.1 your name is not known here")];
    let relay = Relay::start(vec![script]).await;
    let why = door(relay.port).open(patience()).await.err().expect("no connection");
    assert!(why.ends_with("550 5.7.1 your name is not known here"), "{why}");
}

#[tokio::test]
async fn a_greeting_that_the_client_library_panics_at_is_an_unreachable_relay() {
    let script = vec![say("220 hello"), Step::Hear("EHLO"), say("250-relay.example"), say("250  ")];
    let relay = Relay::start(vec![script]).await;
    let why = door(relay.port).open(patience()).await.err().expect("no connection");
    assert!(why.ends_with("a greeting that cannot be read"), "{why}");
}

#[tokio::test]
async fn a_refused_connection_and_a_silent_relay_are_unreachable() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    let why = door(port).open(patience()).await.err().expect("no connection");
    assert!(why.to_lowercase().contains("refused"), "{why}");

    let relay = Relay::start(vec![vec![Step::Hang]]).await;
    let why = door(relay.port).open(impatience()).await.err().expect("no connection");
    assert!(why.ends_with("no answer in time"), "{why}");
    relay.mails().await;
}

#[tokio::test]
async fn a_loss_before_the_final_dot_is_later_and_after_it_ambiguous() {
    for command in ["MAIL", "RCPT", "DATA", "content"] {
        let (verdict, usable) = played(up_to(command)).await;
        let Verdict::Later(why) = verdict else { panic!("{command}: {verdict:?}") };
        assert!(!usable && why.starts_with("connection lost"), "{why}");
        assert_eq!(why.ends_with("it is not known whether the mail was taken"), command == "content", "{why}");
    }
}

#[tokio::test]
async fn a_relay_that_falls_silent_is_left_at_the_deadline_and_its_late_reply_meets_nobody() {
    for command in ["RCPT", "content"] {
        let relay = Relay::start(vec![[up_to(command), vec![Step::Hang]].concat(), good()]).await;
        let connection = connect(relay.port).await;
        let ended = connection.send(&Envelope::usual().letter(MAIL), impatience()).await;
        let (Attempt::Lost(Verdict::Later(why)) | Attempt::Doubtful(Verdict::Later(why))) = ended else {
            panic!("{command}: not lost");
        };
        assert!(why.starts_with("no answer in time"), "{why}");

        let other = Envelope::usual();
        let ended = connect(relay.port).await.send(&other.letter(OTHER), patience()).await;
        assert!(matches!(ended, Attempt::Answered(Verdict::Sent, _)));
        assert_eq!(relay.mails().await.last().map(Vec::as_slice), Some(OTHER));
    }
}

#[tokio::test]
async fn garbage_and_endless_replies_end_the_connection_in_bounded_memory() {
    let line_without_end = Step::Say("250 ".to_owned() + &"x".repeat(1 << 20));
    let many_lines = Step::Say("250-go on\r\n".repeat(100 * 1024 / 11));
    for (reply, reason) in [
        (say("what?"), "response error"),
        (say("999 what?"), "response error"),
        (Step::Say("250-a\r\n550 b\r\n".to_owned()), "response error"),
        (many_lines, "a reply that is too long"),
        (line_without_end, "a reply that is too long"),
    ] {
        let (verdict, usable) = played([up_to("RCPT"), vec![reply, Step::Hang]].concat()).await;
        let Verdict::Later(why) = verdict else { panic!("{verdict:?}") };
        assert!(!usable && why.contains(reason), "{why} instead of {reason}");
    }
}

#[tokio::test]
async fn one_reply_too_many_never_makes_the_next_mail_look_sent() {
    let script = [
        up_to("content"),
        vec![Step::Say("250 taken\r\n250 again\r\n".to_owned())],
        vec![Step::Hear("MAIL"), say("250 ok"), Step::Hear("RCPT"), say("250 ok"), Step::Hear("DATA"), Step::Hang],
    ];
    let relay = Relay::start(vec![script.concat()]).await;
    let Attempt::Answered(Verdict::Sent, connection) = attempt(connect(relay.port).await).await else { panic!("not sent") };
    let Attempt::Lost(Verdict::Later(why)) = attempt(connection).await else { panic!("taken for an answer") };
    assert!(why.starts_with("an answer to something else: 250"), "{why}");
    assert_eq!(relay.mails().await, [MAIL]);
}

#[tokio::test]
async fn a_kept_connection_that_the_relay_has_closed_is_stale_and_not_a_failure() {
    let relay = Relay::start(vec![good()]).await;
    let Attempt::Answered(Verdict::Sent, connection) = attempt(connect(relay.port).await).await else { panic!("not sent") };
    assert!(matches!(attempt(connection).await, Attempt::Stale));

    let leaving = [good(), vec![Step::Hear("MAIL"), say("421 4.4.2 idle for too long")]].concat();
    let relay = Relay::start(vec![leaving]).await;
    let Attempt::Answered(Verdict::Sent, connection) = attempt(connect(relay.port).await).await else { panic!("not sent") };
    assert!(matches!(attempt(connection).await, Attempt::Stale));
}

#[tokio::test]
async fn an_address_outside_ascii_needs_a_relay_that_takes_it() {
    let envelope = Envelope::new("support@desk.example.org", "jürgen@kunde.example");
    let relay = Relay::start(vec![greeting()]).await;
    let ended = connect(relay.port).await.send(&envelope.letter(MAIL), patience()).await;
    assert!(matches!(ended, Attempt::Answered(Verdict::Never(_), _)));

    let offers = vec![say("220 relay.example"), Step::Hear("EHLO"), say("250-relay.example"), say("250 SMTPUTF8")];
    let transaction = [
        Step::Hear("MAIL FROM:<support@desk.example.org> SMTPUTF8\r\n"),
        say("250 ok"),
        Step::Hear("RCPT TO:<jürgen@kunde.example>\r\n"),
        say("250 ok"),
        Step::Hear("DATA"),
        say("354 go on"),
        Step::Content,
        say("250 ok"),
    ];
    let relay = Relay::start(vec![[offers, transaction.to_vec()].concat()]).await;
    let ended = connect(relay.port).await.send(&envelope.letter(MAIL), patience()).await;
    assert!(matches!(ended, Attempt::Answered(Verdict::Sent, _)));
    assert_eq!(relay.mails().await, [MAIL]);
}
