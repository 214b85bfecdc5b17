//! Alarms: admins are told of accounts that no mail comes from, in one mail, and a server's words stay words.

use std::collections::HashSet;

use postdesk::decide::Rules;
use postdesk::decide::alarm::{Alarm, Untold, alarm};
use postdesk::decide::parse::parse;
use postdesk::decide::write::texts::Texts;
use postdesk::model::mail::Mail;
use postdesk::model::notice::{Event, Outgoing};
use proptest::prelude::*;

use crate::desk::{NOW, desk};

fn untold(accounts: &[(&str, Option<&str>)]) -> Untold {
    let alarm =
        |(name, error): &(&str, Option<&str>)| Alarm { account: (*name).to_owned(), since: NOW, error: error.map(str::to_owned) };
    Untold { alarms: accounts.iter().map(alarm).collect(), noted_with: 18, dead: HashSet::new() }
}

fn mails(untold: &Untold) -> Vec<Outgoing> {
    let (desk, texts) = (desk(), Texts::new(Vec::new()).expect("the built-in texts are in order"));
    alarm(untold, Rules { desk: &desk, texts: &texts, now: NOW })
}

fn read(mail: &Outgoing) -> Mail {
    parse(mail.head.as_bytes(), &desk().limits)
}

#[test]
fn admins_alone_are_told_in_one_mail_of_all_accounts() {
    let mails = mails(&untold(&[("help", Some("login as help@shop.example: NO wrong")), ("sales", None)]));
    let [one] = mails.as_slice() else { panic!("{} mails", mails.len()) };
    assert_eq!((one.recipient.as_str(), one.arrival, one.ticket, one.event), ("olga@staff.example", 18, None, Event::Alarm));
    let mail = read(one);
    assert_eq!(mail.subject, "No mail comes from help and 1 more");
    let text = format!("{}\n{}", mail.text, mail.quoted);
    for part in [
        "account     help\n",
        "last error  login as help@shop.example: NO wrong\n",
        "account     sales\n",
        "postdesk imap status",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert_eq!(text.matches("last error").count(), 1, "{text}");
}

#[test]
fn one_account_is_named_in_the_subject_and_who_cannot_be_reached_is_not_told() {
    let one = untold(&[("help", None)]);
    assert_eq!(read(&mails(&one)[0]).subject, "No mail comes from help");
    assert!(mails(&untold(&[])).is_empty());
    assert!(mails(&Untold { dead: ["olga@staff.example".to_owned()].into(), ..one }).is_empty());
}

proptest! {
    #[test]
    fn no_word_of_a_server_makes_a_line_of_its_own(error in "[#\r\n\u{2028}\u{202e}\u{200b}> a-z1]{0,400}", wild in any::<String>()) {
        for error in [error, wild] {
            let mail = &mails(&untold(&[("help", Some(&error))]))[0];
            let mail = read(mail);
            let text = format!("{}\n{}", mail.text, mail.quoted);
            let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
            let ours = |line: &&str| ["For a", "account ", "since ", "last error", "--", "`postdesk", "again", "works"].iter().any(|own| line.starts_with(own));
            prop_assert!(lines.iter().all(ours), "{lines:?}");
        }
    }
}
