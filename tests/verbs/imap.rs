//! `imap status`: what is told of each account, whoever is still alive to tell it.

use std::time::Duration;

use postdesk::accept::imap::Account;
use postdesk::model::account::{AccountReport, State};
use postdesk::model::time::Time;
use postdesk::operate::table::Look;
use postdesk::operate::{Code, Format, Trouble, View, imap};
use serde_json::{Value, json};

use crate::fixture::{Filled, NOW};

/// Accounts of these names, as a configuration makes them.
fn accounts(names: &[&str]) -> Vec<Account> {
    let built_in = include_str!("../../config/postdesk.toml");
    let account = |name: &&str| {
        format!(
            "[[imap]]\nname = \"{name}\"\nhost = \"imap.example.org\"\nuser = \"{name}@shop.example\"\npassword_file = \"Cargo.toml\"\n"
        )
    };
    let sections: String = names.iter().map(account).collect();
    postdesk::settings::read(&format!("{built_in}\n{sections}"), "desk.toml").unwrap().imap
}

fn ago(seconds: u64) -> Time {
    NOW.minus(Duration::from_secs(seconds))
}

async fn report(desk: &Filled, name: &str, state: State, seconds: u64, error: Option<&str>) {
    let report = AccountReport { error: error.map(str::to_owned), ..AccountReport::new(name, state, ago(seconds)) };
    desk.store.report_account(&report).await.unwrap();
}

/// What the verb says of these accounts, and what it ends with.
async fn status(desk: &Filled, names: &[&str], view: &View<'_>) -> (String, Result<(), Trouble>) {
    let mut out = Vec::new();
    let ended = imap::status(&desk.store, &accounts(names), view, &mut out).await;
    (String::from_utf8(out).unwrap(), ended)
}

/// The states of the accounts, by JSON.
async fn states(desk: &Filled, names: &[&str]) -> (Vec<String>, Option<Code>) {
    let (text, ended) = status(desk, names, &desk.json()).await;
    let state = |line: &str| serde_json::from_str::<Value>(line).unwrap()["state"].as_str().unwrap().to_owned();
    (text.lines().map(state).collect(), ended.err().map(|trouble| trouble.code))
}

#[tokio::test]
async fn an_account_in_json_has_the_same_fields_whatever_is_known_of_it() {
    let desk = Filled::empty().await;
    report(&desk, "box", State::Well, 30, None).await;
    let failed = AccountReport {
        error: Some("the password is refused".to_owned()),
        next_attempt_at: Some(NOW.plus(Duration::from_secs(50))),
        behind: Some(3),
        undone: Some(1),
        left_there: Some(0),
        ..AccountReport::new("box", State::Waiting, ago(10))
    };
    desk.store.report_account(&failed).await.unwrap();
    let (text, ended) = status(&desk, &["box", "new"], &desk.json()).await;
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        lines[0],
        json!({"account": "box", "state": "waiting", "needs_attention": false, "host": "imap.example.org", "port": 993,
            "folders": ["INBOX"], "last_success_at": ago(30).rfc3339(), "failing_since": ago(10).rfc3339(),
            "last_error": "the password is refused", "last_error_at": ago(10).rfc3339(),
            "next_attempt_at": NOW.plus(Duration::from_secs(50)).rfc3339(), "behind": 3, "undone": 1, "left_there": 0,
            "updated_at": ago(10).rfc3339()})
    );
    let keys = |line: &Value| line.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&lines[0]), keys(&lines[1]));
    assert_eq!(
        (&lines[1]["state"], &lines[1]["behind"], &lines[1]["last_success_at"]),
        (&json!("never"), &Value::Null, &Value::Null)
    );
    assert_eq!(ended.unwrap_err().to_string(), "no mail comes from: new (never)");
}

#[tokio::test]
async fn an_account_is_an_alarm_after_a_quarter_of_an_hour_without_success_and_well_after_one() {
    let desk = Filled::empty().await;
    report(&desk, "box", State::Well, 1_000, None).await;
    report(&desk, "box", State::Waiting, 899, Some("away")).await;
    report(&desk, "box", State::Waiting, 5, None).await;
    assert_eq!(states(&desk, &["box"]).await, (vec!["waiting".to_owned()], None));
    let later = View { now: NOW.plus(Duration::from_secs(1)), ..desk.json() };
    let (text, ended) = status(&desk, &["box"], &later).await;
    assert!(text.contains("\"state\":\"alarm\",\"needs_attention\":true"), "{text}");
    assert_eq!(ended.unwrap_err().code, Code::Unavailable);
    report(&desk, "box", State::Partly, 0, Some("no folder Done")).await;
    assert_eq!(states(&desk, &["box"]).await, (vec!["partly".to_owned()], None));
    report(&desk, "box", State::Well, 0, None).await;
    assert_eq!(states(&desk, &["box"]).await, (vec!["well".to_owned()], None));
}

#[tokio::test]
async fn a_dead_gateway_shows_as_accounts_that_nobody_looks_after() {
    let desk = Filled::empty().await;
    report(&desk, "box", State::Well, 299, None).await;
    report(&desk, "other", State::Well, 300, None).await;
    let (found, code) = states(&desk, &["box", "other"]).await;
    assert_eq!((found, code), (vec!["well".to_owned(), "stale".to_owned()], Some(Code::Unavailable)));
    // Accounts of an older configuration are nobody's business.
    assert_eq!(states(&desk, &["box"]).await, (vec!["well".to_owned()], None));
}

#[tokio::test]
async fn people_get_a_table_and_words_about_what_is_not_as_it_should_be() {
    let desk = Filled::empty().await;
    report(&desk, "help", State::Waiting, 3_000, Some("earlier")).await;
    report(&desk, "help", State::Well, 12, None).await;
    report(
        &desk,
        "sales",
        State::Waiting,
        7_200,
        Some("the server refuses the password of sales@shop.example: NO \u{1b}[2J[AUTHENTICATIONFAILED]"),
    )
    .await;
    let again = AccountReport {
        next_attempt_at: Some(NOW.plus(Duration::from_secs(40))),
        behind: Some(31),
        ..AccountReport::new("sales", State::Waiting, ago(60))
    };
    desk.store.report_account(&again).await.unwrap();
    let (page, ended) = status(&desk, &["help", "sales", "lost"], &desk.people()).await;
    let lines: Vec<&str> = page.lines().collect();
    assert_eq!(
        lines[0].split_whitespace().collect::<Vec<_>>().join(" "),
        "account state last success next attempt behind undone too large last error"
    );
    assert!(
        lines[1].starts_with("help ")
            && lines[1].contains("well")
            && lines[1].contains("12 s ago")
            && lines[1].contains("50 min ago: earlier"),
        "{page}"
    );
    assert!(lines[2].contains("alarm") && lines[2].contains("in 40 s") && lines[2].contains("31"), "{page}");
    assert!(
        page.contains("\nsales (alarm)\n    Without success since ") && page.contains("(2 h ago): nothing is fetched.\n"),
        "{page}"
    );
    assert!(page.contains("(2 h ago): the server refuses the password") && !page.contains('\u{1b}'), "{page}");
    assert!(page.contains("\nlost (never)\n    Nobody has ever looked after it") && !page.contains("help (well)"), "{page}");
    assert_eq!(ended.unwrap_err().to_string(), "no mail comes from: sales (alarm), lost (never)");
    let coloured = View { format: Format::People(Look { colour: true, width: Some(80) }), ..desk.json() };
    let (page, _) = status(&desk, &["sales"], &coloured).await;
    assert!(page.contains("\u{1b}[31msales (alarm)\u{1b}[0m"), "{page}");
    assert_eq!(
        status(&desk, &[], &desk.people()).await,
        ("No accounts: the configuration has no [[imap]].\n".to_owned(), Ok(()))
    );
    assert_eq!(status(&desk, &[], &desk.json()).await, (String::new(), Ok(())));
}
