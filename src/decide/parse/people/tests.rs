//! What is read of an address list, however it is written.

use proptest::prelude::*;

use super::*;

fn written(value: &str) -> Vec<String> {
    let shown = |person: Person| match person.address {
        Some(address) if person.name.is_empty() => address.to_string(),
        Some(address) => format!("{} | {address}", person.name),
        None => format!("{} | -", person.name),
    };
    read(value).into_iter().map(shown).collect()
}

#[test]
fn one_person_is_read_however_it_is_written() {
    for value in [
        "Mia Berg <mia@x.example>",
        "\"Mia Berg\" <mia@x.example>",
        "'Mia Berg' <mia@x.example>",
        "Mia Berg mia@x.example",
        "Mia Berg<mia@x.example>",
        "mia@x.example (Mia Berg)",
        "<mia@x.example> (Mia Berg)",
        "\"Mia Berg\" <mia@x.example",
        "\"Mia Berg <mia@x.example>",
        "Mia Berg <<mia@x.example>>",
        "Mia Berg <mia@x.example>>",
        "Mia Berg <mailto:mia@x.example>",
        "Mia Berg <SMTP:mia@x.example>",
        "Mia Berg <mia @ x.example>",
        "Mia Berg <mia@x.example.>",
        "Mia Berg <@a.example,@b.example:mia@x.example>",
        "Mia Berg <'mia@x.example'>",
        "Mia Berg\r\n <mia@x.example>;",
        "=?utf-8?Q?Mia?= =?utf-8?Q?_Berg?= <mia@x.example>",
        "\"=?utf-8?B?TWlhIEJlcmc=?=\" <mia@x.example>",
        "Mia Berg [mia@x.example]",
        "Mia Berg <mia(home)@x.example>",
        "Mia\\ Berg <mia@x.example>",
    ] {
        assert_eq!(written(value), ["Mia Berg | mia@x.example"], "{value}");
    }
    for value in [
        "mia@x.example",
        "<mia@x.example>",
        "mia@x.example <mia@x.example>",
        "'mia@x.example' <MIA@x.example>",
        "mailto:mia@x.example",
        "Team: mia@x.example;",
        "\"mia@x.example\"",
        "mia@x.example,",
        "(mia@x.example",
    ] {
        assert_eq!(written(value).join(" ").to_lowercase(), "mia@x.example", "{value}");
    }
}

#[test]
fn names_with_marks_of_their_own_are_whole() {
    for (value, name) in [
        ("Berg, Mia <mia@x.example>", "Berg, Mia"),
        ("Berg, Mia, Dr. <mia@x.example>", "Berg, Mia, Dr."),
        ("\"Berg, Mia (Sales)\" <mia@x.example>", "Berg, Mia (Sales)"),
        ("Mia (Sales) <mia@x.example>", "Mia (Sales)"),
        ("mia@home <mia@x.example>", "mia@home"),
        ("=?utf-8?Q?Berg,_Mia?= <mia@x.example>", "Berg, Mia"),
        ("=?utf-8?Q?Berg, Mia?= <mia@x.example>", "Berg, Mia"),
        ("=?utf-8?Q?Mia_=3Ceve=40y.example=3E?= <mia@x.example>", "Mia <eve@y.example>"),
        ("Mia \"the boss\" Berg <mia@x.example>", "Mia the boss Berg"),
        ("O'Neil <mia@x.example>", "O'Neil"),
        (":-) Mia <mia@x.example>", "-) Mia"),
    ] {
        assert_eq!(written(value), [format!("{name} | mia@x.example")], "{value}");
    }
}

#[test]
fn lists_are_taken_apart() {
    for (value, people) in [
        ("a@x.example, B <b@x.example>", "a@x.example; B | b@x.example"),
        ("a@x.example; b@x.example;", "a@x.example; b@x.example"),
        ("undisclosed-recipients:;", ""),
        ("Team: A <a@x.example>, b@x.example;, c@x.example", "A | a@x.example; b@x.example; c@x.example"),
        ("\"a b\"@x.example", "\"a b\"@x.example"),
        ("a@[IPv6:2001:db8::1]", "a@[ipv6:2001:db8::1]"),
        ("Mia Berg", "Mia Berg | -"),
        ("Mia, a@x.example", "Mia | -; a@x.example"),
        ("MAILER-DAEMON", "MAILER-DAEMON | -"),
        ("/O=ORG/OU=FIRST/CN=RECIPIENTS/CN=MIA", "/O=ORG/OU=FIRST/CN=RECIPIENTS/CN=MIA | -"),
        ("Mia <IMCEAEX-_O=ORG_CN=MIA@x.example>", "Mia | -"),
        ("Mia <>", "Mia | -"),
        ("ana(eve)@x.example", "ana(@x.example (eve) | -"),
        ("\"a\\na\"@x.example", "ana@x.example | -"),
        ("Mia <mia\u{ff20}x.example>", "Mia | -"),
        ("Mia <a@x.example, b@x.example>", "Mia | a@x.example; b@x.example"),
        ("", ""),
        (",,;", ""),
    ] {
        assert_eq!(written(value).join("; "), people, "{value}");
    }
}

proptest! {
    #[test]
    fn any_value_is_read(value in "\\PC{0,60}", marks in "[<>()\",;:@=?\\\\ a.ü\r\n]{0,60}") {
        read(&value);
        read(&marks);
    }

    #[test]
    fn a_name_in_quotes_never_changes_the_address(name in "[^\"\\\\]{0,30}") {
        let people = read(&format!("\"{name}\" <mia@x.example>"));
        prop_assert_eq!(people.len(), 1);
        prop_assert_eq!(people[0].address.as_ref().map(Address::as_str), Some("mia@x.example"));
    }
}
