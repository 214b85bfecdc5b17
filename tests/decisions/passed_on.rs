//! A customer's mail that an agent passes on: who is told of what.

use postdesk::decide::parse::parse;
use postdesk::model::desk::Limits;
use postdesk::model::notice::Event;

use crate::desk::decided;
use crate::world::families;

/// The notices of a family: event, recipient, and all that the recipient reads.
fn notices(number: &str) -> Vec<(Event, String, String)> {
    let family = families().into_iter().find(|family| family.name.starts_with(number)).expect("the family is there");
    let read = |head: &str| {
        let mail = parse(head.as_bytes(), &Limits::default());
        format!("{}\n{}", mail.text, mail.quoted)
    };
    let notices = decided(&family).notices;
    notices.iter().map(|notice| (notice.event, notice.recipient.to_string(), read(&notice.head))).collect()
}

#[test]
fn agents_read_what_a_colleague_noted_above_a_mail_and_nobody_else_is_written_to() {
    let notices = notices("700");
    let [receipt, request] = notices.as_slice() else { panic!("{notices:?}") };
    assert_eq!((receipt.0, receipt.1.as_str()), (Event::Receipt, "ana@staff.example"));
    assert_eq!((request.0, request.1.as_str()), (Event::Request, "boris@staff.example"));
    assert!(request.2.contains("Ana Kovač passed this mail on, and noted, for agents only:"), "{}", request.2);
    assert!(request.2.contains("Looks like the mix-up of last week."));
    assert!(request.2.contains("Lena Horvat <lena@customer.example> wrote to Example Support:"));
    assert!(request.2.contains("nothing proves that this mail comes from lena@customer.example"));
}

#[test]
fn who_is_told_of_the_request_is_not_told_of_the_note_above_it_once_more() {
    let told: Vec<_> = notices("702").into_iter().map(|(event, recipient, _)| (event, recipient)).collect();
    let expected = [
        (Event::Receipt, "ana@staff.example".to_owned()),
        (Event::Request, "boris@staff.example".to_owned()),
        (Event::Note, "kata@staff.example".to_owned()),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_mail_that_is_passed_on_without_a_word_says_nothing_of_a_note() {
    assert!(notices("701").iter().all(|(_, _, text)| !text.contains("for agents only")));
}
