//! The operator's verbs against a store that SQL has filled: shapes of JSON, filters, paging, retry rules, and foreign text.

#![expect(clippy::unwrap_used, reason = "a test stops where its ground is missing, in its helpers too")]

#[path = "verbs/due.rs"]
mod due;
#[path = "verbs/files.rs"]
mod files;
#[path = "verbs/fixture.rs"]
mod fixture;
#[path = "verbs/held.rs"]
mod held;
#[path = "verbs/imap.rs"]
mod imap;
#[path = "verbs/outgoing.rs"]
mod outgoing;
#[path = "verbs/texts.rs"]
mod texts;
#[path = "verbs/tried.rs"]
mod tried;

use std::io::{self, Write};

use fixture::{Filled, NOW, objects, text};
use postdesk::operate::ticket::Filter;
use postdesk::operate::{Code, Trouble, arrival, outbox, ticket};
use serde_json::Value;

/// A view of a result that has to be a trouble.
fn trouble(out: Vec<u8>, result: Result<(), Trouble>) -> Trouble {
    assert!(out.is_empty(), "nothing is written beside a trouble");
    result.unwrap_err()
}

fn by(change: impl FnOnce(&mut Filter)) -> Filter {
    let mut filter = Filter::default();
    change(&mut filter);
    filter
}

fn references(tickets: &[Value]) -> Vec<&str> {
    tickets.iter().map(|ticket| ticket["reference"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_ticket_in_json_is_what_the_contract_says_field_by_field() {
    let desk = Filled::with_conversation().await;
    let written = said!(text, ticket::show, &desk.store, "SUP-1042", &desk.json());
    let expected = concat!(
        r#"{"reference":"SUP-1042","number":1042,"department":"support","subject":"Printer","status":"open","priority":"medium","#,
        r#""origin":"email","visibility":"external","requester":{"name":"Karin Kunde","address":"karin@kunde.example"},"#,
        r#""followers":[{"name":"Chef","address":"chef@kunde.example"}],"assignee":"ana","participants":[],"tags":[],"due_at":null,"#,
        r#""created_at":"2023-11-14T22:13:20Z","updated_at":"2023-11-14T22:18:20Z","closed_at":null,"#,
        r#""related":[{"reference":"FORMER-17","kind":"follow-up"}],"messages":[{"id":17,"kind":"request","public":true,"#,
        r#""author":{"name":"Karin Kunde","address":"karin@kunde.example","agent":null},"at":"2023-11-14T22:13:20Z","#,
        r#""message_id":"first@kunde.example","subject":"Printer","text":"It is on fire.","quoted":"> an old mail\n> of ours","#,
        r#""html":null,"forwarded":null,"protection":null,"attachments":[{"name":"fire.png","media_type":"image/png","#,
        r#""size":12345,"sha256":"00ff","inline":true,"#,
        r#""content_id":"fire@kunde.example"}],"authenticated":false,"arrival":17},{"id":19,"kind":"note","public":false,"#,
        r#""author":{"name":"Ana","address":null,"agent":"ana"},"at":"2023-11-14T22:18:20Z","message_id":null,"#,
        r#""subject":"Re: Printer","text":"She means the toaster.","quoted":"","html":null,"forwarded":null,"#,
        r#""protection":null,"attachments":[],"authenticated":true,"#,
        r#""arrival":19}],"events":[{"at":"2023-11-14T22:13:20Z","actor":"karin@kunde.example","kind":"created","from":null,"#,
        r#""to":null},{"at":"2023-11-14T22:18:20Z","actor":"ana","kind":"status","from":"new","to":"open"}]}"#,
        "\n"
    );
    assert_eq!(written, expected);
}

#[tokio::test]
async fn lists_in_json_have_exactly_the_fields_of_the_contract() {
    let desk = Filled::with_conversation().await;
    let tickets = said!(text, ticket::list, &desk.store, &Filter::default(), false, &desk.json());
    let arrivals = said!(text, arrival::list, &desk.store, Some("request"), false, &desk.json());
    let notices = said!(text, outbox::list, &desk.store, Some("due"), false, &desk.json());
    let first = tickets.lines().next().unwrap();
    let ticket = concat!(
        r#"{"reference":"SUP-1042","number":1042,"department":"support","subject":"Printer","status":"open","priority":"medium","#,
        r#""requester":{"name":"Karin Kunde","address":"karin@kunde.example"},"assignee":"ana","due_at":null,"#,
        r#""created_at":"2023-11-14T22:13:20Z","updated_at":"2023-11-14T22:18:20Z"}"#
    );
    let arrival = concat!(
        r#"{"id":17,"received_at":"2023-11-14T22:13:20Z","source":"smtp","sender":"karin@kunde.example","#,
        r#""recipients":["help@shop.example","support@desk.example.org"],"message_id":"first@kunde.example","subject":"Printer","#,
        r#""size":2048,"outcome":"request","ticket":"SUP-1042","#,
        r#""reasons":["it was sent to help@shop.example","it names no ticket of ours"],"department":"support","cause":null,"#,
        r#""authenticity":"unproven"}"#,
        "\n"
    );
    let notice = concat!(
        r#"{"id":2,"ticket":"SUP-1042","recipient":"ana@agents.example","event":"request","message_id":"n2@desk.example.org","#,
        r#""state":"due","attempts":2,"next_attempt_at":"2023-11-15T23:13:20Z","last_error":"451 try later","#,
        r#""destination":null}"#,
        "\n"
    );
    assert_eq!((first, arrivals.as_str(), notices.as_str()), (ticket, arrival, notice));
}

#[tokio::test]
async fn a_ticket_is_found_by_its_number_whatever_stands_before_it() {
    let desk = Filled::with_conversation().await;
    for reference in ["1042", "SUP-1042", "sup-1042", "OLD-1042", " 1042 "] {
        let found = said!(objects, ticket::show, &desk.store, reference, &desk.json());
        assert_eq!(found[0]["reference"], "SUP-1042", "{reference}");
    }
    for reference in ["", "SUP-", "-1042", "0", "SUP-x", "10 42", "99999999999999999999", "SUP-+7", "SUP1042"] {
        let trouble = said!(trouble, ticket::show, &desk.store, reference, &desk.json());
        assert_eq!(trouble.code, Code::Input, "{reference}");
        assert!(trouble.message.contains("write SUP-1042 or 1042"), "{}", trouble.message);
    }
}

#[tokio::test]
async fn the_older_ticket_names_the_one_that_continues_it() {
    let desk = Filled::with_conversation().await;
    let old = said!(objects, ticket::show, &desk.store, "17", &desk.json());
    assert_eq!(old[0]["related"], serde_json::json!([{"reference": "SUP-1042", "kind": "followed-up-by"}]));
}

#[tokio::test]
async fn what_is_not_there_is_bad_input_and_what_is_not_a_value_is_bad_usage() {
    let desk = Filled::with_conversation().await;
    let view = desk.json();
    let missing = [
        said!(trouble, ticket::show, &desk.store, "SUP-7", &view),
        said!(trouble, arrival::show, &desk.store, 7, &view),
        said!(trouble, arrival::raw, &desk.store, 7),
        said!(trouble, outbox::retry, &desk.store, &[7], &view),
        said!(trouble, outbox::show, &desk.store, 7, &view),
        said!(trouble, outbox::raw, &desk.store, 7),
        said!(trouble, ticket::list, &desk.store, &by(|filter| filter.department = Some("sups".into())), false, &view),
        said!(trouble, ticket::list, &desk.store, &by(|filter| filter.assignee = Some("anna".into())), false, &view),
    ];
    for (trouble, hint) in missing.iter().zip([
        "ticket list",
        "arrival list",
        "arrival list",
        "outbox list",
        "outbox list",
        "outbox list",
        "support, sales",
        "ana",
    ]) {
        assert_eq!((trouble.code, trouble.code.number()), (Code::Input, 65));
        assert!(trouble.message.contains(hint), "{}", trouble.message);
    }
    let unknown = [
        said!(trouble, ticket::list, &desk.store, &by(|filter| filter.status = Some("opn".into())), false, &view),
        said!(trouble, arrival::list, &desk.store, Some("hold"), false, &view),
        said!(trouble, outbox::list, &desk.store, Some("queued"), false, &view),
    ];
    let known = [
        "new, open, awaiting-customer, closed",
        "duplicate, held, discarded, pending",
        "due, leased, sent, failed, dropped, held",
    ];
    for (trouble, known) in unknown.iter().zip(known) {
        assert_eq!((trouble.code, trouble.code.number()), (Code::Usage, 64));
        assert!(trouble.message.contains(known), "{}", trouble.message);
    }
}

#[tokio::test]
async fn a_department_that_left_the_configuration_can_still_be_listed() {
    let desk = Filled::with_conversation().await;
    let filter = by(|filter| filter.department = Some("former".into()));
    let found = said!(objects, ticket::list, &desk.store, &filter, false, &desk.json());
    assert_eq!(references(&found), ["FORMER-17"]);
    let none = by(|filter| (filter.department, filter.status) = (Some("former".into()), Some("open".into())));
    assert_eq!(said!(text, ticket::list, &desk.store, &none, false, &desk.people()), "No tickets.\n");
}

#[tokio::test]
async fn filters_narrow_the_list_alone_and_together() {
    let mut desk = Filled::with_conversation().await;
    desk.run("UPDATE ticket SET subject = '100% ÄRGER\\o/' WHERE number = 17").await;
    let cases: [(Filter, &[&str]); 10] = [
        (by(|filter| filter.status = Some("open".into())), &["SUP-1042"]),
        (by(|filter| filter.assignee = Some("ana".into())), &["SUP-1042"]),
        (by(|filter| (filter.assignee, filter.status) = (Some("ana".into()), Some("closed".into()))), &[]),
        (by(|filter| filter.search = Some("KARIN".into())), &["SUP-1042", "FORMER-17"]),
        (by(|filter| filter.search = Some("toaster".into())), &["SUP-1042"]),
        (by(|filter| filter.search = Some("ärger".into())), &["FORMER-17"]),
        (by(|filter| filter.search = Some("100%".into())), &["FORMER-17"]),
        (by(|filter| filter.search = Some("1_0".into())), &[]),
        (by(|filter| filter.search = Some("\\O/".into())), &["FORMER-17"]),
        (by(|filter| filter.search = Some("  ".into())), &["SUP-1042", "FORMER-17"]),
    ];
    for (filter, expected) in cases {
        let found = said!(objects, ticket::list, &desk.store, &filter, false, &desk.json());
        assert_eq!(references(&found), expected, "{filter:?}");
    }
    let long = by(|filter| filter.search = Some("x".repeat(501)));
    assert_eq!(said!(trouble, ticket::list, &desk.store, &long, false, &desk.json()).code, Code::Usage);
}

#[tokio::test]
async fn a_long_list_comes_whole_in_json_and_its_newest_fifty_for_people() {
    let mut desk = Filled::empty().await;
    desk.add_tickets(2_500).await;
    let all = said!(objects, ticket::list, &desk.store, &Filter::default(), false, &desk.json());
    let numbers: Vec<i64> = all.iter().map(|ticket| ticket["number"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (1..=2_500).rev().collect::<Vec<_>>());
    let sales = by(|filter| (filter.department, filter.status) = (Some("sales".into()), Some("new".into())));
    assert_eq!(said!(objects, ticket::list, &desk.store, &sales, false, &desk.json()).len(), 1_250);

    let newest = said!(text, ticket::list, &desk.store, &Filter::default(), false, &desk.people());
    assert_eq!(newest.lines().count(), 1 + 50 + 1);
    assert!(newest.contains("SUP-2500") && newest.contains("SAL-2451") && !newest.contains("SUP-2450"));
    assert!(newest.ends_with("The newest 50; --all shows every one.\n"));
    let every = said!(text, ticket::list, &desk.store, &Filter::default(), true, &desk.people());
    assert_eq!(every.lines().count(), 1 + 2_500);
    desk.run("DELETE FROM ticket WHERE number > 50").await;
    let fifty = said!(text, ticket::list, &desk.store, &Filter::default(), false, &desk.people());
    assert_eq!(fifty.lines().count(), 1 + 50, "with nothing more to show, nothing is said of it");
}

#[tokio::test]
async fn arrivals_are_listed_by_outcome_and_the_undecided_ones_as_pending() {
    let desk = Filled::with_conversation().await;
    let ids = |found: Vec<Value>| found.iter().map(|arrival| arrival["id"].as_i64().unwrap()).collect::<Vec<_>>();
    assert_eq!(ids(said!(objects, arrival::list, &desk.store, None, false, &desk.json())), [20, 19, 18, 17]);
    assert_eq!(ids(said!(objects, arrival::list, &desk.store, Some("held"), false, &desk.json())), [18]);
    let pending = said!(objects, arrival::list, &desk.store, Some("pending"), false, &desk.json());
    assert_eq!((&pending[0]["outcome"], &pending[0]["reasons"]), (&Value::Null, &serde_json::json!([])));
    assert_eq!(ids(pending), [20]);
}

#[tokio::test]
async fn an_arrival_shows_why_it_ended_as_it_did_and_what_it_caused() {
    let desk = Filled::with_conversation().await;
    let shown = said!(text, arrival::show, &desk.store, 17, &desk.people());
    for part in [
        "arrival 17  request",
        "smtp from 192.0.2.1, calling itself mail.kunde.example, over TLS",
        "from <karin@kunde.example>",
        "- it names no ticket of ours",
        "- a header field without a colon",
        "2.0 KiB",
        "boris@agents.example",
    ] {
        assert!(shown.contains(part), "{part} in\n{shown}");
    }
    let held = said!(text, arrival::show, &desk.store, 18, &desk.people());
    for part in ["held: failed-repeatedly", "the gateway failed at it each time", "the parser stopped", "from <>"] {
        assert!(held.contains(part), "{part} in\n{held}");
    }
    let json = said!(objects, arrival::show, &desk.store, 17, &desk.json());
    assert_eq!(json[0]["peer"], serde_json::json!({"ip": "192.0.2.1", "helo": "mail.kunde.example", "tls": true}));
    assert_eq!(json[0]["notices"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn the_original_comes_out_octet_for_octet() {
    let desk = Filled::with_conversation().await;
    let mut out = Vec::new();
    arrival::raw(&desk.store, 18, &mut out).await.unwrap();
    assert_eq!(out, [0x00, 0xff, 0x0a, 0x0d]);
}

#[tokio::test]
async fn what_waits_has_failed_or_was_dropped_is_made_due_and_nothing_else() {
    let desk = Filled::with_conversation().await;
    for id in [2, 4, 5] {
        assert_eq!(said!(text, outbox::retry, &desk.store, &[id], &desk.people()), format!("Notice {id} is due now.\n"));
        let row = &desk.store.outbox(None, id + 1, 1).await.unwrap().rows[0];
        assert_eq!((row.state.as_str(), row.next_attempt_at), ("due", Some(NOW)));
    }
    let sent = said!(trouble, outbox::retry, &desk.store, &[1], &desk.json());
    let leased = said!(trouble, outbox::retry, &desk.store, &[3], &desk.json());
    assert!(sent.message.contains("would be a second mail") && leased.message.contains("is being sent"));
    assert_eq!((sent.code, leased.code), (Code::Input, Code::Input));
    let states = said!(objects, outbox::list, &desk.store, None, false, &desk.json());
    let states: Vec<_> =
        states.iter().map(|notice| (notice["state"].as_str().unwrap(), notice["next_attempt_at"].is_null())).collect();
    assert_eq!(states, [("due", false), ("due", false), ("leased", false), ("due", false), ("sent", true)]);
}

#[tokio::test]
async fn control_characters_in_any_column_never_reach_a_terminal() {
    let mut desk = Filled::with_conversation().await;
    desk.run(include_str!("verbs/poison.sql")).await;
    let none = Filter::default();
    let mut written = String::new();
    for view in [desk.people(), desk.json()] {
        written.push_str(&said!(text, ticket::list, &desk.store, &none, true, &view));
        written.push_str(&said!(text, ticket::show, &desk.store, "1042", &view));
        written.push_str(&said!(text, arrival::list, &desk.store, None, true, &view));
        written.push_str(&said!(text, arrival::show, &desk.store, 17, &view));
        written.push_str(&said!(text, outbox::list, &desk.store, None, true, &view));
        written.push_str(&said!(text, outbox::show, &desk.store, 2, &view));
    }
    let bad: Vec<char> = written.chars().filter(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}').collect();
    assert!(bad.is_empty(), "{bad:?} in {written}");
    let shown = written.matches("␛]0;owned␇").count();
    assert!(shown >= 25, "what was there is shown by its picture: {shown}");
    let json: Value = serde_json::from_str(&said!(text, ticket::show, &desk.store, "1042", &desk.json())).unwrap();
    assert_eq!(json["messages"][0]["text"], "\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}x\u{7f}", "JSON keeps what was written");
}

#[tokio::test]
async fn colour_is_used_on_a_terminal_only_and_lines_keep_to_its_width() {
    let mut desk = Filled::with_conversation().await;
    desk.run("UPDATE message SET text = 'word ' || replace(hex(zeroblob(300)), '00', 'längere worte '); UPDATE ticket SET subject = text FROM message").await;
    let plain = said!(text, ticket::show, &desk.store, "1042", &desk.people());
    assert!(!plain.contains('\u{1b}') && plain.lines().any(|line| line.len() > 3_000));
    for width in [40, 80, 132] {
        let coloured = said!(text, ticket::show, &desk.store, "1042", &desk.terminal(width));
        let list = said!(text, ticket::list, &desk.store, &Filter::default(), false, &desk.terminal(width));
        assert!(coloured.contains("\u{1b}[1m") && list.contains("\u{1b}["));
        assert_eq!(list.lines().count(), 3, "a ticket is one line however long its subject is");
        let texts = coloured.lines().filter(|line| line.starts_with("    "));
        let longest = texts.chain(list.lines()).map(|line| visible(line).chars().count()).max().unwrap();
        assert!(longest <= usize::from(width), "{longest} columns on {width}\n{list}");
    }
}

/// A line without its colours.
fn visible(line: &str) -> String {
    let mut pieces = line.split('\u{1b}');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |shown, piece| shown + piece.split_once('m').map_or("", |(_, rest)| rest))
}

/// A reader that has seen enough after so many octets.
struct Head(usize);

impl Write for Head {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(octets.len()).ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_reader_that_goes_away_is_no_trouble_and_a_full_disk_is() {
    let mut desk = Filled::with_conversation().await;
    desk.run("DELETE FROM relation; DELETE FROM ticket WHERE number = 17").await;
    desk.add_tickets(1_000).await;
    let none = Filter::default();
    for view in [desk.json(), desk.people()] {
        assert_eq!(ticket::list(&desk.store, &none, true, &view, &mut Head(10_000)).await, Ok(()));
        assert_eq!(ticket::show(&desk.store, "1042", &view, &mut Head(0)).await, Ok(()));
    }
    let mut full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let trouble = ticket::list(&desk.store, &none, true, &desk.json(), &mut full).await.unwrap_err();
    assert_eq!((trouble.code, trouble.code.number()), (Code::InputOutput, 74));
}
