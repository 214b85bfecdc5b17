//! What cannot be taken, a store that is away, a gateway beside it, and an archive that somebody writes to.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::SystemTime;

use postdesk::accept::import::{Ended, Gauge, Options, Reason, survey, take};
use postdesk::model::desk::Desk as Rules;
use postdesk::model::time::Time;
use postdesk::store::{Place, Store};
use sqlx::{Connection, SqliteConnection};

use super::desk::{Desk, mail, mbox};
use super::gateway::{DEADLINE, wait_for};

#[tokio::test]
async fn what_cannot_be_taken_is_told_with_its_place_and_the_rest_is_taken() {
    let desk = Desk::new();
    let configuration = desk.folder().join("desk/postdesk.toml");
    let text = std::fs::read_to_string(&configuration).unwrap();
    std::fs::write(&configuration, text.replace("[smtp]\n", "[smtp]\nmax_message_size = \"64 KiB\"\n")).unwrap();
    let large = format!("{}{}", mail(1, 1), "words and words\n".repeat(5_000));
    desk.write("archive/empty.eml", "");
    desk.write("archive/large.eml", &large);
    desk.write("archive/mails.zip", b"PK\x03\x04....");
    desk.write("archive/packed.eml", b"\x1f\x8b....");
    desk.write("archive/good.eml", mail(2, 2));
    desk.write("archive/large.mbox", mbox([mail(3, 3).as_str(), &large, &mail(4, 4)]));
    desk.write("archive/none.mbox", "Subject: no mbox\n\nwords\n");
    // As many lines as an escape sequence for a terminal could hide.
    desk.write("archive/\u{1b}[2Jempty.eml", "");
    std::os::unix::fs::symlink("nowhere", desk.folder().join("archive/gone.eml")).unwrap();
    let said = desk.import(&[desk.folder().join("archive").to_str().unwrap(), "/nonexistent/archive"]);
    assert_eq!(said.code, Some(65), "{said:?}");
    assert!(said.summary.contains("Taken: 3\n"), "{said:?}");
    assert!(
        said.summary.contains(
            "Not taken: 9\n  1 beginnings that belong to no mail\n  2 cannot be read\n  2 empty\n  2 no mail and no mbox\n"
        ),
        "{}",
        said.summary
    );
    let large_at = mbox([mail(3, 3).as_str()]).len();
    for told in [
        "/archive/empty.eml is empty\n",
        "/archive/large.eml is larger than 65536 octets (`[smtp] max_message_size`)\n",
        "/archive/mails.zip is compressed (zip): unpack it first\n",
        "/archive/packed.eml is compressed (gzip): unpack it first\n",
        &format!("/archive/large.mbox at octet {large_at} is larger than 65536 octets"),
        "/archive/none.mbox at octet 0 has 24 octets before the first line `From ADDRESS DATE`, which belong to no mail\n",
        "/nonexistent/archive cannot be read: No such file",
        "/archive/gone.eml cannot be read: No such file",
    ] {
        assert!(said.summary.contains(told), "{told}: {}", said.summary);
    }
    assert!(!said.summary.contains('\u{1b}') && !said.progress.contains('\u{1b}'), "{said:?}");
    assert_eq!(desk.fields("X-Ledger").await, ["2", "3", "4"]);
}

#[tokio::test]
async fn what_is_no_archive_is_refused_in_words() {
    let desk = Desk::new();
    let path = desk.write("archive", "Nothing that anybody knows.\n");
    let said = desk.import(&[path.to_str().unwrap()]);
    assert_eq!(said.code, Some(65), "{said:?}");
    let words = "begins neither like an mbox (`From ADDRESS DATE`) nor like a mail";
    assert!(said.summary.contains(words) && said.summary.starts_with("Taken: 0\n"), "{said:?}");
    let doubtful = format!("{}From karin@kunde.example Thu Mar  5 09:10:11 2015\nmore\n", mbox([mail(1, 1).as_str()]).trim_end());
    let path = desk.write("sloppy.mbox", doubtful.replace("more.From", "more.\nFrom"));
    let said = desk.import(&[path.to_str().unwrap()]);
    assert!(said.summary.contains("do not follow an empty line: 1."), "{said:?}");
}

#[tokio::test]
async fn a_store_that_somebody_locks_is_waited_for_in_words() {
    let desk = Desk::new();
    let mails: Vec<String> = (0..3_000).map(|number| mail(number, number % 1_400)).collect();
    let path = desk.write("all.mbox", mbox(mails.iter().map(String::as_str)));
    let mut process = desk.begin(&[path.to_str().unwrap()]);
    let begun = std::time::Instant::now();
    while desk.imported().await == 0 {
        assert!(begun.elapsed() < DEADLINE && process.try_wait().unwrap().is_none());
    }
    let mut other = SqliteConnection::connect(desk.gateway.store()).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
    let waits = lines.by_ref().map(Result::unwrap).find(|line| line.contains("waiting for it"));
    assert!(waits.is_some_and(|line| line.contains("the store is away: ") && line.contains("locked")));
    let held = desk.imported().await;
    assert!(held < 3_000, "{held}");
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    lines.for_each(drop);
    let status = process.wait().unwrap();
    assert_eq!((status.code(), desk.imported().await, desk.mails().await.len()), (Some(0), 3_000, 3_000));
}

/// Sends a mail by SMTP.
fn send(port: u16, mail: &str) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mail = mail.replace('\n', "\r\n");
    let dialog = "HELO peer.example\r\nMAIL FROM:<c1@kunde.example>\r\nRCPT TO:<support@desk.example.org>\r\nDATA\r\n";
    let mut replies = BufReader::new(stream.try_clone().unwrap()).lines();
    let mut expect = |code: &str| assert!(replies.next().unwrap().unwrap().starts_with(code), "{code}");
    expect("220");
    for (line, code) in dialog.split_inclusive("\r\n").zip(["250", "250", "250", "354"]) {
        stream.write_all(line.as_bytes()).unwrap();
        expect(code);
    }
    stream.write_all(format!("{mail}.\r\n").as_bytes()).unwrap();
    expect("250");
}

#[tokio::test]
async fn beside_a_gateway_that_serves_everything_is_taken_and_decided_and_what_it_has_is_left_out() {
    let mut desk = Desk::new();
    desk.gateway.start();
    send(desk.gateway.port(), &mail(1, 1));
    let decided = |desk: &Desk| {
        let arrivals = desk.gateway.json(&["arrival", "list", "--json", "--all"]);
        arrivals.iter().filter(|arrival| !arrival["outcome"].is_null()).count()
    };
    wait_for("the mail to be decided", DEADLINE, || (decided(&desk) == 1).then_some(()));
    let mails: Vec<String> = (0..200).map(|number| mail(number, number)).collect();
    let path = desk.write("all.mbox", mbox(mails.iter().map(String::as_str)));
    let said = desk.import(&[path.to_str().unwrap()]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.summary.contains("Taken: 199\n") && said.summary.contains("  1 had come another way\n"), "{said:?}");
    assert!(said.summary.contains("whenever no other mail waits; nobody is written to."), "{said:?}");
    wait_for("all mails to be decided", DEADLINE, || (decided(&desk) == 200).then_some(()));
    assert_eq!(desk.number("SELECT COUNT(*) FROM arrival WHERE outcome = 'duplicate'").await, 0);
    let written_to =
        desk.number("SELECT COUNT(*) FROM outbox JOIN arrival ON arrival.id = outbox.arrival WHERE source = 'import'").await;
    assert_eq!(written_to, 0, "nobody is written to of mail of an archive");
    assert!(desk.gateway.stop().success());
}

fn rules() -> Arc<Rules> {
    let settings = postdesk::settings::built_in().unwrap();
    Arc::new(postdesk::run::house_for_looking(&settings).unwrap().desk.as_ref().clone())
}

#[tokio::test]
async fn a_mail_is_taken_only_where_it_still_stands_and_a_word_to_stop_is_obeyed() {
    let desk = Desk::new();
    let (one, two, three) = (mail(1, 1), mail(2, 2), mail(3, 3));
    let path = desk.write("all.mbox", mbox([one.as_str(), &two, &three]));
    let file = desk.write("gone.eml", mail(4, 4));
    let options = Options { paths: vec![path.clone(), file.clone()], department: None, max_message_size: 100_000 };
    let place = Place::parse(&format!("sqlite:{}", desk.folder().join("store.db").display())).unwrap();
    let store = Store::open(&postdesk::store::Options { place, min_free_space: 0, objects: None }).await.unwrap();
    let (rules, gauge) = (rules(), Arc::new(Gauge::default()));
    let found = survey(&options, &rules.limits, Time::from(SystemTime::now()), &gauge);
    assert_eq!(found.mails(), 4);
    // Somebody deletes the second of three, so that the third is elsewhere now, and a file.
    std::fs::write(&path, mbox([one.as_str(), &three])).unwrap();
    std::fs::remove_file(&file).unwrap();
    let summary = take(found, &store, options.clone(), Arc::clone(&rules), &gauge).await;
    assert_eq!(summary.taken.values().sum::<u64>(), 2, "the first, and what stands where the second was: {summary:?}");
    let reasons: Vec<&Reason> = summary.told.first.iter().map(|untaken| &untaken.reason).collect();
    assert_eq!(reasons, [&Reason::Changed, &Reason::Changed]);
    assert!(matches!(summary.ended, Ended::Whole));

    let found = survey(&options, &rules.limits, Time::from(SystemTime::now()), &gauge);
    gauge.stop();
    let summary = take(found, &store, options, rules, &gauge).await;
    assert!(matches!(summary.ended, Ended::Stopped), "{summary:?}");
    store.close().await;
}
