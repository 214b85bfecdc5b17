//! Which From fields leave no doubt.

use proptest::prelude::*;

use super::super::parse;
use crate::model::desk::Limits;

fn doubt(header: &str) -> Option<&'static str> {
    let raw = format!("{header}To: support@desk.example.org\r\nSubject: x\r\n\r\nText.\r\n");
    parse(raw.as_bytes(), &Limits::default()).marks.doubtful_from
}

#[test]
fn what_mail_programs_write_is_not_doubtful() {
    for from in [
        "ana@staff.example",
        "<ana@staff.example>",
        "Ana Kovač <ana@staff.example>",
        "=?utf-8?Q?Ana_Kova=C4=8D?= <ana@staff.example>",
        "=?iso-2022-jp?B?GyRCOzNFRBsoQg==?= <ana@staff.example>",
        "\"Kovač, Ana (Support)\" <ana@staff.example>",
        "\"boss@bank.example\" <ana@staff.example>",
        "\"Ana \\\"K\\\" Kovač\" <ana@staff.example>",
        "ana@staff.example (Ana Kovac)",
        "John Q. Public <ana@staff.example>",
        "Ana\r\n\t<ana@staff.example>",
        "\r\n Ana <ana@staff.example>",
        "[Desk] Ana <ana@staff.example>",
        "ana@staff.example <Ana@staff.example>",
        "=?utf-8?Q?ana=40staff.example?= <ana@staff.example>",
        "Ana <ana@[192.0.2.1]>",
    ] {
        assert_eq!(doubt(&format!("From: {from}\r\n")), None, "{from}");
    }
    let signed = "DKIM-Signature: v=1; h=Subject:\r\n\tFrom:To; b=x\r\nFrom: ana@staff.example\r\n";
    assert_eq!(doubt(signed), None);
    assert_eq!(doubt(""), None);
}

#[test]
fn what_two_readers_may_read_differently_is_doubtful() {
    for from in [
        "ana@staff.example, eve@evil.example",
        "<ana@staff.example>,<eve@evil.example>",
        "Staff: ana@staff.example;",
        "ana@staff.example <eve@evil.example>",
        "ana@staff.example <eve@evil.example> <ana@staff.example>",
        "<ana@staff.example> <eve@evil.example>",
        "a\\na@staff.example",
        "\"ana\"@staff.example",
        "\"a\\na\" <\"ana\"@staff.example>",
        "ana(x)@staff.example",
        "<ana@staff.example(x)>",
        "ana (eve@evil.example) <ana@staff.example>",
        "<@evil.example:ana@staff.example>",
        "ana @staff.example",
        "=?utf-8?Q?eve=40evil.example?= <ana@staff.example>",
        "=?utf-8?B?ZXZlQGV2aWwuZXhhbXBsZQ==?= <ana@staff.example>",
        "\"=?utf-8?Q?=3Ceve=40evil.example=3E?=\" <ana@staff.example>",
        "=?utf-8?B?ZXZlQ?= =?utf-8?B?GV2aWwuZXhhbXBsZQ==?= <ana@staff.example>",
        "=?unicode-1-1-utf-7?Q?eve+AEA-evil.example?= <ana@staff.example>",
        "Kova\u{10d}, Ana <ana@staff.example>",
        "Ana <mailto:ana@staff.example>",
        "Ana ana@staff.example",
        "=?utf-8?Q?ana=40staff.example?=",
        "ana@staff.example\0",
        "ana@staff.example\0@evil.example",
        "\"Ana <ana@staff.example>",
        "Ana <ana@staff.example",
        "ana",
    ] {
        assert!(doubt(&format!("From: {from}\r\n")).is_some(), "{from}");
    }
    for header in [
        "From: ana@staff.example\r\nFrom: eve@evil.example\r\n",
        "From : ana@staff.example\r\n",
        "From\t: ana@staff.example\r\n",
        " From: ana@staff.example\r\n",
        "X: y\r\n From: ana@staff.example\r\nFrom: eve@evil.example\r\n",
        "X: y\rFrom: ana@staff.example\r\nFrom: eve@evil.example\r\n",
        "X: y\r\nstray line\r\nFrom: ana@staff.example\r\n",
    ] {
        assert!(doubt(header).is_some(), "{header:?}");
    }
}

#[test]
fn a_name_with_a_nul_in_it_is_no_from() {
    let mail = parse(b"F\0rom: ana@staff.example\r\nTo: support@desk.example.org\r\n\r\nText.\r\n", &Limits::default());
    assert!(mail.from.is_empty(), "{:?}", mail.from);
}

proptest! {
    #[test]
    fn a_plain_from_names_the_one_address_that_stands_in_it(
        value in "[ -~]{0,12}[<>@,;:()\"\\\\=?a-z. ]{0,20}(ana@staff[.]example)?[ -~]{0,12}", fields in "[\\PC\\r\\n\\x00]{0,30}"
    ) {
        let raw = format!("From: {value}\r\n{fields}\r\n\r\nx");
        let mail = parse(raw.as_bytes(), &Limits::default());
        if mail.marks.doubtful_from.is_none() && !mail.from.is_empty() {
            prop_assert_eq!(mail.from.len(), 1);
            prop_assert!(value.to_lowercase().contains(&mail.from[0].address.as_str().to_lowercase()));
        }
    }
}
