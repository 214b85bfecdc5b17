//! How the accounts are: what a report leaves as it was, since when one fails, which are forgotten, and who is told.

use futures_util::future::join;
use postdesk::decide::alarm::{Untold, alarm};
use postdesk::decide::digest::admins;
use postdesk::model::account::{AccountReport, AccountRow, Standing, State};
use postdesk::model::time::Time;
use postdesk::store::Store;

use crate::base::Base;
use crate::mails::{from, house, take};

on_both!(
    what_a_report_does_not_know_stays_as_it_was,
    since_when_an_account_fails_outlives_restarts_and_ends_with_a_success,
    accounts_that_are_configured_nowhere_are_forgotten,
    foreign_words_are_kept_as_they_are_on_one_line,
    admins_are_told_once_of_an_alarm_and_again_when_it_was_well_in_between,
    accounts_that_became_an_alarm_together_are_told_of_in_one_mail_and_stale_ones_are_not,
    gateways_that_tell_of_an_alarm_at_once_tell_once,
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

/// Mails that are queued when the alarms are told of so many seconds after the beginning.
async fn told(store: &Store, seconds: i64) -> usize {
    let house = house();
    let people: Vec<String> = admins(&house.desk).map(|admin| admin.address.key()).collect();
    let write = |untold: &Untold| alarm(untold, house.rules(at(seconds)));
    store.tell_of_alarms(at(seconds), &people, write).await.unwrap()
}

async fn failing(store: &Store, name: &str, state: State, seconds: i64) {
    let error = Some("the password is refused".to_owned());
    store.report_account(&AccountReport { error, ..AccountReport::new(name, state, at(seconds)) }).await.unwrap();
}

async fn admins_are_told_once_of_an_alarm_and_again_when_it_was_well_in_between(base: Base) {
    let store = base.gateway().await;
    failing(&store, "box", State::Waiting, 0).await;
    failing(&store, "box", State::Waiting, 890).await;
    assert_eq!(told(&store, 900).await, 0, "there is no arrival that it could be noted with");
    take(&store, &[from("mia", "m0", ""), from("mia", "m1", "")]).await.unwrap();
    assert_eq!(told(&store, 899).await, 0, "it is not a quarter of an hour yet");
    let one = told(&store, 900).await;
    assert_eq!((one > 0, told(&store, 901).await), (true, 0));
    failing(&store, "box", State::Connecting, 1_000).await;
    assert_eq!(told(&store, 1_001).await, 0, "it still fails");
    failing(&store, "box", State::Well, 1_100).await;
    failing(&store, "box", State::Waiting, 1_200).await;
    failing(&store, "box", State::Waiting, 2_090).await;
    assert_eq!((told(&store, 2_099).await, told(&store, 2_100).await), (0, one));
    let arrivals = base.texts("SELECT DISTINCT event || ' ' || arrival FROM outbox ORDER BY 1").await;
    assert_eq!(arrivals, ["alarm 1", "alarm 2"], "an arrival takes one notice of a kind for a person");
}

async fn accounts_that_became_an_alarm_together_are_told_of_in_one_mail_and_stale_ones_are_not(base: Base) {
    let store = base.gateway().await;
    take(&store, &[from("mia", "m0", "")]).await.unwrap();
    for name in ["sales", "help"] {
        failing(&store, name, State::Waiting, 0).await;
        failing(&store, name, State::Waiting, 890).await;
    }
    failing(&store, "of-a-configuration-of-before", State::Waiting, 0).await;
    let people = told(&store, 900).await;
    assert_eq!(base.number("SELECT COUNT(*) FROM outbox WHERE event = 'alarm'").await, i64::try_from(people).unwrap());
    let letter = &base.texts("SELECT head FROM letter").await[0];
    assert!(letter.contains("No mail comes from help and 1 more") && !letter.contains("of-a-configuration"), "{letter}");
    assert_eq!(told(&store, 1_000).await, 0);
}

async fn gateways_that_tell_of_an_alarm_at_once_tell_once(base: Base) {
    let [one, other] = base.two().await;
    take(&one, &[from("mia", "m0", "")]).await.unwrap();
    failing(&one, "box", State::Waiting, 0).await;
    failing(&one, "box", State::Waiting, 890).await;
    let (first, second) = join(told(&one, 900), told(&other, 900)).await;
    assert!((first == 0) != (second == 0), "{first} {second}");
}
