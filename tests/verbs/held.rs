//! Held mail: what is shown of it, and what can be done with it.

use postdesk::decide::Action;
use postdesk::operate::{Code, arrival, held};
use serde_json::Value;

use crate::fixture::{Filled, objects, text};
use crate::{said, trouble};

#[tokio::test]
async fn a_held_mail_shows_its_cause_and_the_commands_that_can_be_used_on_it() {
    let mut desk = Filled::with_conversation().await;
    let list = said!(text, arrival::list, &desk.store, Some("held"), false, &desk.people());
    assert!(list.contains("held: failed-repeatedly"), "{list}");
    let shown = said!(text, arrival::show, &desk.store, 18, &desk.people());
    for command in ["arrival release 18 [--onto REF]", "arrival retry 18", "arrival discard 18", "arrival raw 18"] {
        assert!(shown.contains(command), "{command} in\n{shown}");
    }
    let taken = said!(text, arrival::show, &desk.store, 17, &desk.people());
    assert!(!taken.contains("what you can do"), "{taken}");
    desk.run("UPDATE arrival SET cause = 'no-sender' WHERE id = 18").await;
    let shown = said!(text, arrival::show, &desk.store, 18, &desk.people());
    assert!(!shown.contains("arrival release") && shown.contains("arrival discard 18"), "{shown}");
}

#[tokio::test]
async fn a_released_mail_is_pending_again_and_keeps_what_it_went_through() {
    let desk = Filled::with_conversation().await;
    let release = Action::Release { onto: Some(1042) };
    let said = said!(text, held::operate, &desk.store, release, &[18, 18], &desk.people());
    assert_eq!(said, "Arrival 18 is released onto ticket 1042; the gateway takes it up.\n");
    let shown = said!(objects, arrival::show, &desk.store, 18, &desk.json());
    assert_eq!(
        (&shown[0]["outcome"], &shown[0]["cause"], &shown[0]["attempts"]),
        (&Value::Null, &Value::Null, &serde_json::json!(0))
    );
    let history: Vec<&str> = shown[0]["history"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    let [.., cause, done] = history.as_slice() else { panic!("{history:?}") };
    assert_eq!(*cause, "held: failed-repeatedly");
    assert!(done.starts_with("released by operator on Tue, 14 Nov 2023") && done.ends_with("onto ticket 1042"), "{done}");
    let again = said!(trouble, held::operate, &desk.store, Action::Retry, &[18], &desk.people());
    assert!(again.message.contains("is pending"), "{}", again.message);
}

#[tokio::test]
async fn what_is_discarded_keeps_its_original_and_its_reasons() {
    let desk = Filled::with_conversation().await;
    let said = said!(text, held::operate, &desk.store, Action::Discard, &[18], &desk.json());
    assert_eq!(said, "{\"id\":18,\"action\":\"discard\",\"onto\":null}\n");
    let shown = said!(objects, arrival::show, &desk.store, 18, &desk.json());
    assert_eq!(shown[0]["outcome"], "discarded");
    let reasons = shown[0]["reasons"].as_array().unwrap();
    assert!(reasons.last().unwrap().as_str().unwrap().starts_with("discarded by operator on "), "{reasons:?}");
    let mut out = Vec::new();
    arrival::raw(&desk.store, 18, &mut out).await.unwrap();
    assert_eq!(out, [0x00, 0xff, 0x0a, 0x0d]);
}

#[tokio::test]
async fn what_cannot_be_done_to_an_arrival_is_said_with_what_to_do_instead() {
    let mut desk = Filled::with_conversation().await;
    let release = Action::Release { onto: None };
    for (action, id, words) in [
        (release, 7, "there is no arrival 7; `postdesk arrival list --outcome held`"),
        (Action::Retry, 17, "ended as `request`; `postdesk arrival show 17`"),
        (Action::Discard, 20, "arrival 20 is pending"),
        (Action::Release { onto: Some(99) }, 18, "there is no ticket 99"),
    ] {
        let trouble = said!(trouble, held::operate, &desk.store, action, &[id], &desk.people());
        assert!(trouble.code == Code::Input && trouble.message.contains(words), "{}", trouble.message);
    }
    desk.run("UPDATE arrival SET cause = 'no-sender' WHERE id = 18").await;
    let trouble = said!(trouble, held::operate, &desk.store, release, &[18], &desk.people());
    assert!(trouble.message.contains("postdesk arrival raw 18") && trouble.message.contains("postdesk arrival discard 18"));
    // Of several, the good ones are done, and each of the others is told.
    let mut out = Vec::new();
    let trouble = held::operate(&desk.store, Action::Discard, &[7, 18, 17], &desk.people(), &mut out).await.unwrap_err();
    assert_eq!(String::from_utf8(out).unwrap(), "Arrival 18 is discarded; its original is kept.\n");
    assert_eq!(trouble.message.lines().count(), 2, "{}", trouble.message);
}
