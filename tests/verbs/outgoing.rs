//! What an operator sees of a notice, and does with it.

use postdesk::operate::{Code, outbox, ticket};
use serde_json::json;

use crate::fixture::{Filled, NOW, objects, text};
use crate::{said, trouble};

/// A mail for the second notice of the conversation, with a file of the original of arrival 17.
const LETTER: &str = r#"
    UPDATE outbox SET destination = 'agents.example', automatic = 1 WHERE id = 2;
    UPDATE raw SET octets = CAST('0123456789' AS BLOB) WHERE id = (SELECT raw_id FROM arrival WHERE id = 17);
    INSERT INTO letter (outbox, head, parts, tail) SELECT 2, 'From: =?utf-8?q?K=C3=A4the?= <s@desk.example.org>
To: ana@agents.example
Subject: =?utf-8?q?R=C3=A4der?= [SUP-1042]
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=limit

--limit
Content-Type: text/plain; charset=utf-8

It is on fire.
', '[{"header":"\r\n--limit\r\nContent-Type: text/plain; name=a.txt\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\n","raw":' ||
        (SELECT raw_id FROM arrival WHERE id = 17) || ',"start":2,"end":6,"encode":false}]', '
--limit--
'"#;

async fn states(desk: &Filled) -> Vec<String> {
    let rows = desk.store.outbox(None, i64::MAX, 100).await.unwrap().rows;
    rows.into_iter().rev().map(|row| row.state).collect()
}

#[tokio::test]
async fn a_notice_is_shown_with_its_row_and_its_mail_as_a_person_reads_it() {
    let mut desk = Filled::with_conversation().await;
    desk.run(LETTER).await;
    let page = said!(text, outbox::show, &desk.store, 2, &desk.people());
    for words in [
        "notice 2  due\n",
        "ticket      SUP-1042\n",
        "arrival     17\n",
        "from <s@desk.example.org>\n",
        "to   <ana@agents.example>\n",
        "destination agents.example\n",
        "attempts    2\n",
        "last error  451 try later\n",
        "from        Käthe <s@desk.example.org>\n",
        "subject     Räder [SUP-1042]\n",
        "file        a.txt (text/plain, 4 B)\n",
        "\n  It is on fire.\n",
    ] {
        assert!(page.contains(words), "{words:?} in\n{page}");
    }
    let shown = said!(objects, outbox::show, &desk.store, 2, &desk.json());
    assert_eq!((&shown[0]["id"], &shown[0]["state"], &shown[0]["arrival"]), (&json!(2), &json!("due"), &json!(17)));
    assert_eq!((&shown[0]["automatic"], &shown[0]["sender"]), (&json!(true), &json!("s@desk.example.org")));
    assert_eq!(shown[0]["mail"]["subject"], "Räder [SUP-1042]");
    assert_eq!(shown[0]["mail"]["text"].as_str().unwrap().trim(), "It is on fire.");
    assert_eq!(
        shown[0]["mail"]["attachments"],
        json!([{"name": "a.txt", "media_type": "text/plain", "size": 4, "inline": false}])
    );
}

#[tokio::test]
async fn the_octets_of_a_notice_come_out_as_they_would_leave() {
    let mut desk = Filled::with_conversation().await;
    desk.run(LETTER).await;
    let raw = said!(text, outbox::raw, &desk.store, 2);
    assert!(raw.starts_with("From: =?utf-8?q?K=C3=A4the?= <s@desk.example.org>\r\n"), "{raw}");
    assert!(raw.ends_with("filename=a.txt\r\n\r\n2345\r\n--limit--\r\n") && !raw.replace("\r\n", "").contains('\n'), "{raw}");
}

#[tokio::test]
async fn a_notice_whose_mail_is_gone_is_shown_without_it() {
    let desk = Filled::with_conversation().await;
    let page = said!(text, outbox::show, &desk.store, 4, &desk.people());
    assert!(page.contains("last error  550 no such user") && page.contains("cannot be shown"), "{page}");
    assert!(said!(objects, outbox::show, &desk.store, 4, &desk.json())[0]["mail"].is_null());
    assert_eq!(said!(trouble, outbox::raw, &desk.store, 4).code, Code::Input);
}

#[tokio::test]
async fn what_waits_or_has_failed_is_dropped_and_its_ticket_says_so() {
    let desk = Filled::with_conversation().await;
    let page = said!(text, outbox::drop, &desk.store, &[2, 4], &desk.people());
    assert!(page.starts_with("Notice 2 is dropped: it is never sent"), "{page}");
    assert_eq!(states(&desk).await, ["sent", "dropped", "leased", "dropped", "dropped"]);
    let shown = said!(objects, ticket::show, &desk.store, "1042", &desk.json());
    let last = shown[0]["events"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["kind"], &last["actor"], &last["to"]),
        (&json!("dropped"), &json!("operator"), &json!("ana@agents.example"))
    );
}

#[tokio::test]
async fn what_waits_is_held_until_it_is_to_be_tried_again() {
    let desk = Filled::with_conversation().await;
    let held = said!(objects, outbox::hold, &desk.store, &[2], &desk.json());
    assert_eq!(held, [json!({"id": 2, "state": "held", "next_attempt_at": null})]);
    let listed = said!(objects, outbox::list, &desk.store, Some("held"), false, &desk.json());
    assert_eq!((listed.len(), &listed[0]["id"], &listed[0]["next_attempt_at"]), (1, &json!(2), &json!(null)));
    let later = NOW.plus(std::time::Duration::from_secs(90 * 86_400));
    let leased = desk.store.lease(later, later, 10).await.unwrap();
    assert_eq!(leased.iter().map(|notice| notice.id).collect::<Vec<_>>(), [3], "only the lease that has ended");
    let due = said!(objects, outbox::retry, &desk.store, &[2], &desk.json());
    assert_eq!(due, [json!({"id": 2, "state": "due", "next_attempt_at": "2023-11-14T23:13:20Z"})]);
    assert_eq!(desk.store.lease(NOW, later, 10).await.unwrap()[0].id, 2);
}

#[tokio::test]
async fn of_several_notices_the_good_ones_count_and_the_others_are_told() {
    let desk = Filled::with_conversation().await;
    let mut out = Vec::new();
    let refused = outbox::hold(&desk.store, &[1, 2, 2, 3, 4, 5, 99], &desk.people(), &mut out).await.unwrap_err();
    assert_eq!(String::from_utf8(out).unwrap(), "Notice 2 is held until `postdesk outbox retry 2`.\n");
    assert_eq!(refused.code, Code::Input);
    let lines: Vec<&str> = refused.message.lines().collect();
    assert_eq!(lines.len(), 5, "{lines:?}");
    for (line, words) in lines.iter().zip([
        "notice 1 has been sent and cannot be called back",
        "notice 3 is being sent, and the sender has until",
        "notice 4 is failed already: it is not sent unless",
        "notice 5 is dropped already",
        "there is no notice 99; `postdesk outbox list`",
    ]) {
        assert!(line.starts_with(words), "{line}");
    }
    assert_eq!(said!(trouble, outbox::drop, &desk.store, &[3], &desk.json()).code, Code::Input);
    assert_eq!(states(&desk).await, ["sent", "held", "leased", "failed", "dropped"]);
}
