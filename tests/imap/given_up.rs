//! What happens to a session whose caller gave up half way.

use std::time::Duration;

use postdesk::accept::imap::session::Woken;
use postdesk::accept::imap::{Kind, Session};
use tokio::time::timeout;

use super::account::{account, trust};
use super::fake::Fake;

const IN: &str = "S: * PREAUTH [CAPABILITY IMAP4rev1 IDLE] in\n";

async fn open(script: &str, split: bool) -> (Fake, Session) {
    let fake = Fake::play(&format!("{IN}{script}"), split);
    let folder = tempfile::tempdir().unwrap();
    let session = Session::open(&account(fake.port(), folder.path(), "secret"), &trust()).await.unwrap();
    (fake, session)
}

#[tokio::test]
async fn waiting_may_be_given_up_at_any_moment_and_what_was_announced_is_not_lost() {
    for (split, after) in [(false, 0), (true, 0), (false, 3), (true, 3), (false, 60)] {
        // Given up before, while or after the server begins to wait with us.
        let script = "C: *tag* IDLE\nS: + idling\nS: * OK Still here\nC: DONE\nS: * 1 EXISTS\nS: *tag* OK done\nC: *tag* NOOP\nS: *tag* OK done\n";
        let (fake, mut session) = open(script, split).await;
        let waited = timeout(Duration::from_millis(after), session.wait(Duration::from_secs(600))).await;
        assert!(waited.is_err(), "{waited:?}");
        session.noop().await.unwrap();
        assert_eq!(session.wait(Duration::from_secs(600)).await, Ok(Woken::News));
        drop(session);
        fake.end().unwrap();
    }
}

#[tokio::test]
async fn a_wait_that_was_given_up_goes_on_with_the_next_one() {
    let (fake, mut session) = open("C: *tag* IDLE\nS: + idling\nC: DONE\nS: *tag* OK done\n", false).await;
    for _ in 0..5 {
        assert!(timeout(Duration::from_millis(5), session.wait(Duration::from_secs(600))).await.is_err());
    }
    assert_eq!(session.wait(Duration::ZERO).await, Ok(Woken::Nothing));
    drop(session);
    fake.end().unwrap();
}

#[tokio::test]
async fn a_command_that_was_given_up_makes_the_connection_useless_rather_than_one_answer_behind() {
    let (fake, mut session) = open("C: *tag* NOOP\nsilence\n", false).await;
    assert!(timeout(Duration::from_millis(50), session.noop()).await.is_err());
    for _ in 0..2 {
        assert_eq!(session.uids(1).await.unwrap_err().kind(), Kind::Unreachable);
    }
    drop(session);
    fake.end().unwrap();
}
