//! The relay `file:`.

use std::fs;

use postdesk::deliver::file;
use postdesk::model::time::Time;
use postdesk::store::outbox::Leased;

use crate::address;

fn notice(recipient: &str) -> Leased {
    Leased {
        id: 42,
        lease: 1,
        ticket: Some(1),
        arrival: 1,
        event: "acknowledgement".to_owned(),
        recipient: address(recipient),
        sender: address("support+b2c4@desk.example.org"),
        message_id: "42@desk.example.org".to_owned(),
        attempts: 1,
        created_at: Time(0),
    }
}

#[tokio::test]
async fn a_notice_becomes_one_file_with_its_envelope_and_a_second_attempt_the_same_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let outgoing = folder.path().join("var/outgoing");
    let notice = notice("carla@customer.example");
    for _ in 0..2 {
        file::deliver(&outgoing, &notice, b"Subject: s\r\n\r\nText.\r\n".to_vec()).await.expect("written");
        let names: Vec<_> =
            fs::read_dir(&outgoing).expect("the folder").map(|entry| entry.expect("an entry").file_name()).collect();
        assert_eq!(names, ["00000042-acknowledgement-carla@customer.example.eml"]);
        let octets = fs::read(outgoing.join(&names[0])).expect("the file");
        let expected =
            "Return-Path: <support+b2c4@desk.example.org>\r\nDelivered-To: carla@customer.example\r\nSubject: s\r\n\r\nText.\r\n";
        assert_eq!(String::from_utf8(octets).expect("text"), expected);
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_a_reason_and_not_a_loss() {
    let folder = tempfile::tempdir().expect("a folder");
    let occupied = folder.path().join("outgoing");
    fs::write(&occupied, "a file where the folder should be").expect("a file");
    let why = file::deliver(&occupied, &notice("carla@customer.example"), Vec::new()).await.expect_err("not written");
    assert!(why.starts_with(&occupied.display().to_string()), "{why}");
}

#[test]
fn no_address_leads_out_of_the_folder() {
    let name = file::name(7, "reply", &address("\"../../etc/pass wd\"@customer.example"));
    assert_eq!(name, "00000007-reply-_.._.._etc_pass_wd_@customer.example.eml");
    let longest = file::name(7, "reply", &address(&format!("{}@{}.example", "l".repeat(64), "d".repeat(60))));
    assert!(longest.len() < 200);
}
