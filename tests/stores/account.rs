//! How the accounts are: what a report leaves as it was, since when one fails, and which are forgotten.

use postdesk::model::account::{AccountReport, AccountRow, Standing, State};
use postdesk::model::time::Time;

use crate::base::Base;

on_both!(
    what_a_report_does_not_know_stays_as_it_was,
    since_when_an_account_fails_outlives_restarts_and_ends_with_a_success,
    accounts_that_are_configured_nowhere_are_forgotten,
    foreign_words_are_kept_as_they_are_on_one_line,
);

/// A moment so many seconds after another one.
fn at(seconds: i64) -> Time {
    Time(1_800_000_000_000_000 + seconds * 1_000_000)
}

fn report(state: State, seconds: i64) -> AccountReport {
    AccountReport::new("box", state, at(seconds))
}

async fn what_a_report_does_not_know_stays_as_it_was(base: Base) {
    let store = base.gateway().await;
    assert_eq!(store.accounts().await.unwrap(), Vec::new());
    let first = store.report_account(&report(State::Connecting, 0)).await.unwrap();
    let wanted = AccountRow {
        name: "box".to_owned(),
        state: State::Connecting,
        last_success_at: None,
        failing_since: Some(at(0)),
        last_error: None,
        last_error_at: None,
        next_attempt_at: None,
        behind: None,
        undone: None,
        left_there: None,
        updated_at: at(0),
    };
    assert_eq!(first, wanted);
    let counted = AccountReport { behind: Some(7), undone: Some(2), left_there: Some(1), ..report(State::Partly, 1) };
    store.report_account(&AccountReport { error: Some("a mail cannot be read".to_owned()), ..counted }).await.unwrap();
    let failed = AccountReport { next_attempt_at: Some(at(60)), undone: Some(0), ..report(State::Waiting, 2) };
    let row = store.report_account(&failed).await.unwrap();
    let wanted = AccountRow {
        state: State::Waiting,
        last_success_at: Some(at(1)),
        failing_since: Some(at(2)),
        last_error: Some("a mail cannot be read".to_owned()),
        last_error_at: Some(at(1)),
        next_attempt_at: Some(at(60)),
        behind: Some(7),
        undone: Some(0),
        left_there: Some(1),
        updated_at: at(2),
        ..wanted
    };
    assert_eq!(row, wanted);
    assert_eq!(store.accounts().await.unwrap(), [wanted]);
    let well = store.report_account(&report(State::Well, 3)).await.unwrap();
    assert_eq!((well.next_attempt_at, well.last_error.is_some(), well.last_success_at), (None, true, Some(at(3))));
}

async fn since_when_an_account_fails_outlives_restarts_and_ends_with_a_success(base: Base) {
    let [store, other] = base.two().await;
    for (state, seconds) in [(State::Well, 0), (State::Connecting, 10), (State::Waiting, 20)] {
        store.report_account(&report(state, seconds)).await.unwrap();
    }
    // Another gateway takes it over, or the same one starts anew.
    let row = other.report_account(&report(State::Connecting, 800)).await.unwrap();
    assert_eq!((row.failing_since, row.last_success_at), (Some(at(10)), Some(at(0))));
    assert_eq!(Standing::of(Some(&row), at(909)), Standing::Connecting);
    assert_eq!(Standing::of(Some(&row), at(910)), Standing::Alarm);
    let row = other.report_account(&report(State::Partly, 1_000)).await.unwrap();
    assert_eq!((row.failing_since, row.last_success_at), (None, Some(at(1_000))));
    assert_eq!(Standing::of(Some(&row), at(1_001)), Standing::Partly);
}

async fn accounts_that_are_configured_nowhere_are_forgotten(base: Base) {
    let store = base.gateway().await;
    for (name, seconds) in [("kept", 0), ("old", 0), ("of-another-gateway", 100)] {
        store.report_account(&AccountReport::new(name, State::Well, at(seconds))).await.unwrap();
    }
    let names = async || store.accounts().await.unwrap().into_iter().map(|row| row.name).collect::<Vec<_>>();
    assert_eq!(store.forget_accounts(&["kept".to_owned(), "new".to_owned()], at(50)).await.unwrap(), 1);
    assert_eq!(names().await, ["kept", "of-another-gateway"]);
    assert_eq!(store.forget_accounts(&[], at(1_000)).await.unwrap(), 2, "none is configured any more");
    assert_eq!(names().await, [""; 0]);
}

async fn foreign_words_are_kept_as_they_are_on_one_line(base: Base) {
    let store = base.gateway().await;
    let words = format!("NO [ALERT] \u{1b}[31mübermäßig\r\nA2 OK{}", "é".repeat(400));
    let row = store.report_account(&AccountReport { error: Some(words), ..report(State::Waiting, 0) }).await.unwrap();
    let kept = row.last_error.unwrap();
    assert!(kept.starts_with("NO [ALERT]  [31mübermäßig  A2 OKéé") && kept.len() <= 500 && kept.len() > 495, "{kept:?}");
}
