//! `postdesk try` over folders and files: order, what cannot be read, what is said of each mail, with and without a store.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use postdesk::authenticate::{Authenticator, Options};
use postdesk::decide::write::texts::Texts;
use postdesk::operate::Code;
use postdesk::operate::try_mail::{Attempt, try_mails};
use postdesk::process::House;
use serde_json::{Value, json};

use crate::Head;
use crate::fixture::Filled;

const LARGEST: usize = 100_000;

/// A folder of files, and what tries them for `support@shop.example`.
struct Trial {
    desk: Filled,
    house: House,
    folder: tempfile::TempDir,
}

impl Trial {
    async fn of(files: &[(&str, &[u8])]) -> Self {
        let desk = Filled::with_conversation().await;
        let house = House {
            desk: Arc::new(desk.desk.clone()),
            texts: Arc::new(Texts::new(Vec::new()).unwrap()),
            authenticate: Arc::new(Authenticator::new(Options::default())),
            attempts: 3,
        };
        let folder = tempfile::tempdir().unwrap();
        let trial = Self { desk, house, folder };
        files.iter().for_each(|(name, octets)| trial.add(name, octets));
        trial
    }

    fn add(&self, name: &str, octets: &[u8]) {
        let path = self.at(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, octets).unwrap();
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The objects that are written, and what the verb ends with.
    async fn json(&self, paths: &[PathBuf], stored: bool) -> (Vec<Value>, Option<Code>) {
        let mut out = Vec::new();
        let store = stored.then_some(&self.desk.store);
        let to = ["support@shop.example".to_owned()];
        let attempt = Attempt { files: paths, to: &to, from: Some("mia@customer.example"), max_message_size: LARGEST };
        let ended = try_mails(store, &self.house, &attempt, &self.desk.json(), &mut out).await;
        let lines = String::from_utf8(out).unwrap();
        (lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), ended.err().map(|trouble| trouble.code))
    }

    async fn page(&self, path: PathBuf) -> String {
        let mut out = Vec::new();
        let to = ["support@shop.example".to_owned()];
        let attempt = Attempt { files: &[path], to: &to, from: None, max_message_size: LARGEST };
        let _ = try_mails(None, &self.house, &attempt, &self.desk.people(), &mut out).await;
        String::from_utf8(out).unwrap()
    }
}

fn mail(subject: &str) -> Vec<u8> {
    format!(
        "From: Mia Berg <mia@customer.example>\r\nSubject: {subject}\r\nMessage-ID: <{subject}@customer.example>\r\n\r\nHello\r\n"
    )
    .into_bytes()
}

fn names(found: &[Value], folder: &Path) -> Vec<String> {
    let name = |object: &Value| object["file"].as_str().unwrap().strip_prefix(folder.to_str().unwrap()).unwrap()[1..].to_owned();
    found.iter().map(name).collect()
}

const REPORT: &str = "From: MAILER-DAEMON@relay.example\r
To: support@desk.example.org\r
Subject: Undelivered\r
Auto-Submitted: auto-replied\r
Content-Type: multipart/report; report-type=delivery-status; boundary=b\r
\r
--b\r
Content-Type: text/plain\r
\r
It could not be delivered.\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; relay.example\r
\r
Final-Recipient: rfc822; gone@customer.example\r
Action: failed\r
Status: 5.1.1\r
Diagnostic-Code: smtp; 550 no such user\r
--b--\r
";

const WITH_FILE: &str = "From: Mia Berg <mia@customer.example>\r
To: Help <support@shop.example>\r
Cc: noah@customer.example\r
Reply-To: Mia at home <mia@home.example>\r
Date: Fri, 20 Nov 2026 10:00:00 +0100\r
Subject: Two files\r
Message-ID: <two@customer.example>\r
In-Reply-To: <one@customer.example>\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
Content-Type: text/plain\r
\r
Here it is.\r
\r
On Thu, 19 Nov 2026, Ana wrote:\r
> Where is it?\r
--b\r
Content-Type: text/csv; name=list.csv\r
Content-Disposition: attachment\r
\r
a,b\r
--b--\r
";

#[tokio::test]
async fn a_folder_is_all_files_in_it_and_below_in_the_order_of_their_names() {
    let mut trial = Trial::of(&[]).await;
    trial.desk.run("UPDATE counter SET next = 1043 WHERE name = 'ticket'").await;
    let mut expected = Vec::new();
    // More than one batch of them.
    for number in 0..150 {
        let name = format!("{}/{number:03}.eml", ["inbox", "inbox/old", "sent"][number % 3]);
        trial.add(&name, &mail(&format!("m{number}")));
        expected.push(name);
    }
    expected.sort();
    for stored in [false, true] {
        let (found, code) = trial.json(&[trial.folder.path().to_owned()], stored).await;
        assert_eq!((names(&found, trial.folder.path()), code), (expected.clone(), None));
        let next = if stored { "SUP-1043" } else { "SUP-1" };
        assert!(found.iter().all(|object| object["outcome"] == "request" && object["ticket"] == next), "each is the only one");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_told_in_its_place_and_the_others_go_on() {
    let large = vec![b'x'; LARGEST + 1];
    let trial = Trial::of(&[("a.eml", &mail("a")), ("b.eml", &large), ("c.eml", &[0xff, 0, 0x80]), ("e.eml", b"")]).await;
    let paths = ["a.eml", "missing.eml", "b.eml", "c.eml", "e.eml"].map(|name| trial.at(name));
    let (found, code) = trial.json(&paths, true).await;
    assert_eq!(code, Some(Code::Input));
    assert_eq!(names(&found, trial.folder.path()), ["a.eml", "missing.eml", "b.eml", "c.eml", "e.eml"]);
    let errors: Vec<bool> = found.iter().map(|object| object["error"].is_string() && object["outcome"].is_null()).collect();
    assert_eq!(errors, [false, true, true, false, false], "{found:?}");
    assert!(found[2]["error"].as_str().unwrap().contains("100000 octets"), "{}", found[2]);
    let page = trial.page(trial.at("missing.eml")).await;
    assert!(page.contains("missing.eml") && page.contains("No such file"), "{page}");
}

#[tokio::test]
async fn a_mail_in_json_is_told_field_by_field() {
    let trial = Trial::of(&[("mail.eml", WITH_FILE.as_bytes())]).await;
    let (found, code) = trial.json(&[trial.at("mail.eml")], false).await;
    assert_eq!(code, None);
    assert_eq!(
        found[0]["mail"],
        json!({
            "subject": "Two files",
            "from": [{"name": "Mia Berg", "address": "mia@customer.example"}],
            "to": [{"name": "Help", "address": "support@shop.example"}],
            "cc": [{"name": "", "address": "noah@customer.example"}],
            "reply_to": [{"name": "Mia at home", "address": "mia@home.example"}],
            "date": "Fri, 20 Nov 2026 10:00:00 +0100",
            "sent_at": found[0]["mail"]["sent_at"],
            "message_id": "two@customer.example",
            "references": ["one@customer.example"],
            "automatic": {},
            "doubtful_from": null,
        })
    );
    let message = found[0]["message"].as_object().unwrap();
    let shape = [
        "arrival",
        "at",
        "attachments",
        "authenticated",
        "author",
        "forwarded",
        "html",
        "id",
        "kind",
        "message_id",
        "protection",
        "public",
        "quoted",
        "subject",
        "text",
    ];
    assert_eq!(message.keys().collect::<Vec<_>>(), shape);
    assert_eq!((&message["text"], &message["html"]), (&json!("Here it is."), &Value::Null));
    assert_eq!(message["quoted"], "On Thu, 19 Nov 2026, Ana wrote:\n> Where is it?");
    assert_eq!(message["attachments"][0]["name"], "list.csv");
    assert_eq!(found[0]["report"], Value::Null);
    let page = trial.page(trial.at("mail.eml")).await;
    for part in ["Mia Berg <mia@customer.example>", "list.csv (text/csv, 3 B)", "Here it is.", "(quoted lines not shown: 2)"] {
        assert!(page.contains(part), "{part} in\n{page}");
    }
}

#[tokio::test]
async fn a_delivery_report_and_the_signs_of_a_machine_are_told() {
    let trial = Trial::of(&[("report.eml", REPORT.as_bytes())]).await;
    let (found, _) = trial.json(&[trial.at("report.eml")], false).await;
    let recipient = json!({"addresses": ["gone@customer.example"], "action": "failed", "status": "5.1.1",
        "status_inferred": false, "permanent": true, "diagnostic": found[0]["report"]["recipients"][0]["diagnostic"]});
    assert_eq!(
        found[0]["report"],
        json!({"kind": "delivery", "recipients": [recipient], "message_id": null, "structured": true})
    );
    assert_eq!(found[0]["mail"]["automatic"], json!({"auto_submitted": "auto-replied", "delivery_report": true}));
    let page = trial.page(trial.at("report.eml")).await;
    assert!(page.contains("failed gone@customer.example 5.1.1"), "{page}");
}

#[tokio::test]
async fn an_envelope_that_is_none_of_ours_is_told_before_any_file_is_read() {
    let trial = Trial::of(&[]).await;
    let to = ["nobody@desk.example.org".to_owned()];
    let attempt = Attempt { files: &[trial.at("missing.eml")], to: &to, from: None, max_message_size: LARGEST };
    let mut out = Vec::new();
    let trouble = try_mails(None, &trial.house, &attempt, &trial.desk.json(), &mut out).await.unwrap_err();
    assert_eq!((trouble.code, out.len()), (Code::UnknownAddress, 0));
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_the_reading_of_an_archive() {
    let trial = Trial::of(&[]).await;
    for number in 0..300 {
        trial.add(&format!("{number}.eml"), &mail(&format!("m{number}")));
    }
    let to = ["support@shop.example".to_owned()];
    let attempt = Attempt { files: &[trial.folder.path().to_owned()], to: &to, from: None, max_message_size: LARGEST };
    for view in [trial.desk.json(), trial.desk.people()] {
        assert_eq!(try_mails(None, &trial.house, &attempt, &view, &mut Head(1_000)).await, Ok(()));
    }
}
