//! What holds for any lines that an agent may write: a command reaches nobody but the agent.

use std::fmt::Write as _;

use postdesk::decide::parse::parse;
use postdesk::model::desk::Limits;
use postdesk::model::notice::{Event, Outgoing};
use proptest::prelude::*;

use crate::desk::decided;
use crate::world::{Family, expand};

/// Ana's answer to a notice of SUP-7, or to a note's.
fn mail_of_ana(text: &str, token: &str) -> Family {
    let address = format!("support+%{token}(7,ana@staff.example)%@desk.example.org");
    let mut facts = toml::Table::new();
    facts.insert("from".to_owned(), "ana@staff.example".into());
    facts.insert("to".to_owned(), vec![address.clone()].into());
    facts.insert("trusted".to_owned(), true.into());
    facts.insert("ticket".to_owned(), "SUP-7 open".into());
    let header = format!("From: ana@staff.example\r\nTo: {address}\r\nSubject: Re: [SUP-7] Broken kettle\r\n");
    let header =
        header + "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n";
    let mut tokens = Vec::new();
    let mut raw = expand(header.as_bytes(), &mut tokens);
    raw.extend_from_slice(text.replace('\n', "\r\n").as_bytes());
    Family { name: text.to_owned(), raw, facts, tokens }
}

/// What a customer would read.
fn words(notice: &Outgoing) -> String {
    let mail = parse(notice.head.as_bytes(), &Limits::default());
    let mut words = mail.text;
    let _ = write!(words, "\n{}\n{}", mail.quoted, mail.subject);
    words
}

fn to_customers(notices: &[Outgoing]) -> impl Iterator<Item = &Outgoing> {
    notices.iter().filter(|notice| notice.recipient.domain() != "staff.example")
}

/// The words of the manual, written down once more.
const KNOWN: &str =
    " close open status assign priority prio due tag tags untag note public department follow unfollow participant help ";

fn begins_with_an_unknown_word(text: &str) -> bool {
    let word: String = text.chars().skip(1).take_while(|c| c.is_alphanumeric() || *c == '-' || *c == '_').collect();
    let is_line = text.starts_with(['#', '＃']) && word.starts_with(char::is_alphabetic);
    is_line && !KNOWN.contains(&format!(" {} ", word.to_lowercase()))
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        "[#＃][a-z]{1,11}[: .]{0,2}[ -~]{0,12}",
        "#(close|open|assign|prio|due|tag|untag|department|follow|unfollow|participant|status|help) (boris|high|none|x|billing|noah@customer.example|new|open)?",
        "(#note|#public|#Note:|＃note|#noet) ?(canary)?",
        "[A-Za-z ]{0,12}",
        Just("canary @boris @Horvat".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_sent_while_a_line_is_not_understood_and_no_command_is_ever_sent(lines in prop::collection::vec(line(), 1..7)) {
        let text = lines.join("\n");
        let decision = decided(&mail_of_ana(&text, "reply"));
        prop_assert!(!begins_with_an_unknown_word(&text) || decision.cause.is_some(), "{}", text);
        if decision.cause.is_some() {
            prop_assert_eq!(to_customers(&decision.notices).count(), 0, "{}", text);
            prop_assert!(decision.change.is_none() && decision.events.is_empty() && decision.message.is_none());
            prop_assert_eq!(decision.notices.len(), 1, "one receipt for {}", text);
        }
        let answer = decision.message.as_ref().map(|message| message.text.clone()).unwrap_or_default();
        for notice in to_customers(&decision.notices).filter(|notice| notice.event == Event::Answer) {
            let first = answer.lines().next().unwrap_or_default();
            prop_assert!(!first.starts_with(['#', '＃']) || !first[1..].starts_with(char::is_alphabetic), "{} of {}", first, text);
            prop_assert!(words(notice).contains(first.trim()), "{} of {}", first, text);
        }
    }

    #[test]
    fn no_word_of_an_answer_to_a_note_reaches_a_customer_whatever_it_says(lines in prop::collection::vec(line(), 1..7)) {
        let text = lines.join("\n");
        let decision = decided(&mail_of_ana(&text, "note"));
        for notice in to_customers(&decision.notices) {
            prop_assert!(matches!(notice.event, Event::Closed | Event::Reopened), "{:?} of {}", notice.event, text);
            prop_assert!(!words(notice).contains("canary"), "{}", text);
        }
    }
}
