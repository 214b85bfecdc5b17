//! Commands read from texts: what is understood, what stops a mail, what is text.

use proptest::prelude::*;

use super::mention::mentions;
use super::*;
use crate::model::desk::{Access, AcknowledgementCaps, Department, Limits};
use crate::model::seal::Key;
use crate::model::token::Keyring;

/// 2026-11-12, noon.
const NOW: Time = Time(20_769 * 86_400_000_000 + 43_200_000_000);

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn department(key: &str, name: &str, prefix: &str) -> Department {
    let own = Department::new(key, name, prefix, address(&format!("{key}@desk.example.org")));
    Department { agents: vec!["ana".to_owned()], ..own }
}

fn desk() -> Desk {
    let agent = |key: &str, name: &str, access| Agent {
        key: key.to_owned(),
        name: name.to_owned(),
        address: address(&format!("{key}@staff.example")),
        other_addresses: vec![address(&format!("{key}.home@private.example"))],
        access,
        language: None,
    };
    let agents = vec![
        agent("ana", "Ana Kovač", Access::Admin),
        agent("boris", "Boris Ilić", Access::Agent),
        agent("ivan", "Ivan Horvat", Access::Agent),
        agent("kata", "Katarina Horvat", Access::Agent),
        agent("vera", "Vera Đurić", Access::Viewer),
    ];
    let departments = vec![department("support", "Example Support", "SUP"), department("billing", "Billing", "BIL")];
    let caps = AcknowledgementCaps { per_hour: 1, per_day: 5, total_per_day: 40 };
    Desk::new(
        "desk.example.org".to_owned(),
        departments,
        agents,
        Keyring::new(Key::new(1, &[7; 32]), Vec::new()),
        Limits::default(),
        caps,
    )
}

fn read(text: &str) -> Commanded {
    let desk = desk();
    commands(text, Reader { desk: &desk, me: &desk.agents[0], now: NOW, zone: &Zone::default() })
}

/// The one command of a line.
fn means(line: &str) -> Command {
    let read = read(line);
    assert_eq!(read.refused, [], "{line:?}");
    assert_eq!(read.said.len(), 1, "{line:?}");
    read.said[0].command.clone()
}

/// Why a line is refused.
fn refusal(line: &str) -> String {
    let read = read(line);
    assert_eq!((read.said.as_slice(), read.refused.len()), (&[][..], 1), "{line:?}");
    read.refused[0].why.to_string()
}

#[test]
fn a_close_above_a_text_is_taken_off() {
    let read = read("\n#close\n\nGlad it works again.\n");
    assert_eq!((read.said[0].command.clone(), read.text.as_str()), (Command::Status(Status::Closed), "Glad it works again."));
}

#[test]
fn words_case_and_marks_are_forgiven() {
    let boris = || Command::Assign(Some("boris".to_owned()));
    for line in ["#assign boris", "#Assign Boris", "#assign @boris", "#ASSIGN: Boris Ilić", "#assign boris ilic.", "#assign ILIĆ"]
    {
        assert_eq!(means(line), boris(), "{line:?}");
    }
    for line in ["#assign boris@staff.example", "#assign boris.home@private.example", "#assign <boris@staff.example>"] {
        assert_eq!(means(line), boris(), "{line:?}");
    }
    assert_eq!(means("#assign me"), Command::Assign(Some("ana".to_owned())));
    assert_eq!(means("#assign Nobody"), Command::Assign(None));
    for line in
        ["#Priority: HIGH", "#prio high", "#priority high!", "＃priority high", "\u{200b}#priority high", "#ｐｒｉｏ high"]
    {
        assert_eq!(means(line), Command::Priority(Priority::High), "{line:?}");
    }
    assert_eq!(means("＃close"), Command::Status(Status::Closed));
    assert_eq!(means("#Status: awaiting customer"), Command::Status(Status::AwaitingCustomer));
    assert_eq!(means("#status closed"), Command::Status(Status::Closed));
    assert_eq!(means("#participant Duric"), Command::Participant("vera".to_owned()));
}

#[test]
fn every_other_command_is_understood() {
    let end = |text| Command::Due(Time::end_of_date(text, &Zone::default()));
    assert_eq!(means("#due 2026-12-24"), end("2026-12-24"));
    assert_eq!(means("#due today"), end("2026-11-12"));
    assert_eq!(means("#due Tomorrow"), end("2026-11-13"));
    assert_eq!(means("#due none"), Command::Due(None));
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    assert_eq!(means("#tag Kettle, leak  v1.2 #kettle"), Command::Tag(words(&["kettle", "leak", "v1.2"])));
    assert_eq!(means("#untag leak"), Command::Untag(words(&["leak"])));
    assert_eq!(means("#department Billing"), Command::Department("billing".to_owned()));
    assert_eq!(means("#department example support"), Command::Department("support".to_owned()));
    let fred = |name: &str| Command::Follow(Mailbox { name: name.to_owned(), address: address("fred@customer.example") });
    assert_eq!(means("#follow fred@customer.example"), fred(""));
    assert_eq!(means("#follow Fred F. <fred@customer.example>"), fred("Fred F."));
    assert_eq!(means("#follow fred@customer.example<mailto:fred@customer.example>"), fred(""));
    assert_eq!(means("#unfollow <fred@customer.example>"), Command::Unfollow(address("fred@customer.example")));
    assert_eq!(means("#participant Vera"), Command::Participant("vera".to_owned()));
    assert_eq!(means("#help"), Command::Help);
}

#[test]
fn meaning_is_not_forgiven() {
    for (line, why) in [
        ("#asign ana", "did you mean #assign?"),
        ("#klose", "did you mean #close?"),
        ("#xylophone", "is not a command that is known"),
        ("#assign Horvat", "could mean Ivan Horvat (ivan, ivan@staff.example) or Katarina Horvat"),
        ("#assign Borris", "did you mean Boris?"),
        ("#assign vera", "may only read"),
        ("#assign", "it is written #assign NAME"),
        ("#priority urgent", "there are low, medium, high"),
        ("#status new", "write #assign nobody"),
        ("#status done", "there are open, awaiting-customer, closed"),
        ("#due 12/11/2026", "such as 2026-12-24"),
        ("#due 2026-02-30", "such as 2026-12-24"),
        ("#due 2026-11-11", "is past"),
        ("#tag a/b", "something else in it"),
        ("#tag , .", "names no tag"),
        ("#department bilingo", "there are support, billing"),
        ("#department billin", "did you mean billing?"),
        ("#follow nobody", "no mail address"),
        ("#follow support@desk.example.org", "comes to this desk"),
        ("#follow boris@staff.example", "write #participant boris"),
        ("#close now please", "stands alone"),
        ("# close", "write #close"),
        ("#note #close", "two commands"),
    ] {
        assert!(refusal(line).contains(why), "{line:?} {}", refusal(line));
    }
    let long = "x".repeat(41);
    assert!(refusal(&format!("#tag {long}")).contains("more than 40 octets"));
}

#[test]
fn every_line_that_is_wrong_is_told_in_order() {
    let read = read("#close\n#foo\n\n#assign Horvat\nHello\n#open\n");
    let lines: Vec<&str> = read.refused.iter().map(|refused| refused.line.as_str()).collect();
    assert_eq!(lines, ["#foo", "#assign Horvat", "#open"]);
}

#[test]
fn the_rest_of_a_note_may_begin_on_its_line() {
    let note = read("#assign boris\n#note He is right.\nCall him.");
    assert!(note.note && note.refused.is_empty());
    assert_eq!(note.text, "He is right.\nCall him.");
    assert_eq!(read("#note\n#close\n\nCall him.").text, "Call him.");
    assert_eq!(read("#public\n#note\nBoth?").refused.len(), 1);
    for text in ["#ntoe\nHe lies.", "#note #close\nHe lies.", "Hello\n#note\nHe lies.", "# note\nHe lies."] {
        assert!(read(text).note && !read(text).refused.is_empty(), "{text:?}");
    }
    assert!(!read("#public\nHello").note && !read("#clsoe\nHello").note);
    assert_eq!(read("#note He is right.\n#close").refused[0].line, "#close");
}

#[test]
fn a_number_sign_that_is_no_command_is_text() {
    for text in ["#1042 is the order", "Hello\n#hashtag", "", "#", "Hello\n#help me\n#tag", "Hello\n#close #assign NAME #note"] {
        let read = read(text);
        assert_eq!((read.said.len(), read.refused.len(), read.text.as_str()), (0, 0, text), "{text:?}");
    }
}

#[test]
fn a_known_command_below_the_text_stops_the_mail() {
    for line in ["#close", "#assign Anna", "#note", "  ＃open", "#prio high"] {
        assert_eq!(read(&format!("Hello\n{line}")).refused[0].line, line.trim(), "{line:?}");
    }
}

#[test]
fn whom_follow_names_is_known_before_anything_is_decided() {
    let named = |text: &str| newcomers(text).map(|address| address.as_str().to_owned()).collect::<Vec<_>>();
    let text = "\n#Follow: Fred <fred@customer.example>!\n#unfollow mia@customer.example\n＃follow x@a.example\nHello\n#follow b@c.example";
    assert_eq!(named(text), ["fred@customer.example", "x@a.example"]);
    assert_eq!(named(&"#follow x@a.example\n".repeat(1_000)).len(), MOST_COMMANDS);
}

#[test]
fn a_signature_alone_below_commands_says_nothing() {
    assert_eq!(read("#close\n\n-- \nAna Kovač\nExample Support").text, "");
    assert_eq!(read("-- \nAna Kovač").text, "-- \nAna Kovač");
}

#[test]
fn a_mail_of_commands_without_end_is_stopped_after_some() {
    let read = read(&"#close\n".repeat(100_000));
    assert_eq!((read.said.len(), read.refused[0].at), (MOST_COMMANDS, MOST_COMMANDS));
    assert!(read.refused.len() <= MOST_COMMANDS);
}

#[test]
fn agents_are_mentioned_by_name_and_never_by_a_part_of_an_address() {
    let desk = desk();
    let keys = |text: &str| mentions(text, &desk).agents.iter().map(|agent| agent.key.clone()).collect::<Vec<_>>();
    assert_eq!(keys("@Boris, please look. (@Ivan Horvat too)"), ["boris", "ivan"]);
    assert_eq!(keys("Over to @boris.\n@boris@staff.example @me"), ["boris"]);
    assert_eq!(keys("mia@boris.example, x@boris, `@boris`, @boriska, @ boris, boris@"), Vec::<String>::new());
    let found = mentions("@Horvat knows. @Horvat!", &desk);
    assert!(found.agents.is_empty() && found.remarks.len() == 1);
    assert!(["ivan@staff.example", "kata@staff.example"].iter().all(|address| found.remarks[0].to_string().contains(address)));
}

/// Lines that are likely to mean something.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,20}",
        "[#＃]{1,2} ?[a-z]{1,11}[: .]{0,2}\\PC{0,12}",
        "#(close|open|assign|prio|due|tag|untag|note|public|department|follow|unfollow|participant|status|help) ?[ -~]{0,12}",
        Just(String::new()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gives_commands_or_refusals_and_no_line_at_the_top_that_looks_like_one_is_left(lines in prop::collection::vec(line(), 0..8)) {
        let text = lines.join("\n");
        let read = read(&text);
        mentions(&text, &desk());
        let above = read.text.lines().take_while(|line| is_blank(line) || looks_like_command(line)).find(|line| looks_like_command(line));
        prop_assert!(above.is_none() || !read.refused.is_empty(), "{above:?} of {text:?}");
        prop_assert!(read.said.len() + read.refused.len() <= 2 * MOST_COMMANDS);
        // What is neither a command nor refused is the text, and the text is nothing else.
        for line in read.text.lines() {
            prop_assert!(text.contains(line.trim()), "{line:?} of {text:?}");
        }
    }

    #[test]
    fn a_word_that_is_no_command_never_becomes_one(word in "[a-z]{1,12}", rest in "[ a-z]{0,12}") {
        let read = read(&format!("#{word} {rest}\nHello"));
        let known = ["close", "open", "status", "assign", "priority", "prio", "due", "tag", "tags", "untag", "note", "public", "department",
            "follow", "unfollow", "participant", "help"];
        prop_assert!(known.contains(&word.as_str()) || (read.said.is_empty() && read.refused.len() == 1));
    }
}
