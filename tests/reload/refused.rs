//! What is refused changes nothing, and is told.

use std::fs;
use std::net::TcpListener;

use sqlx::{Connection, Executor, SqliteConnection};

use crate::desk::{Desk, Text, Wire, department};
use crate::gateway::free_port;

/// What makes a configuration faulty.
type Edit = fn(&mut Text);

/// The gateway goes on as before, and says why.
fn assert_kept(desk: &Desk, wire: &mut Wire, words: &str, told: &str) {
    assert!(told.contains(words), "{words} is not in: {told}");
    assert_eq!(wire.begin("sales@shop.example"), 550, "{words}: half of it was taken over");
    assert_eq!(wire.ask("RSET").0, 250);
    assert_eq!(wire.begin("support@shop.example"), 250);
    assert_eq!(wire.ask("RSET").0, 250);
    let refusals = desk.times("is not taken over");
    desk.signal("-HUP");
    crate::gateway::wait_for("the log to say so", crate::gateway::DEADLINE, || {
        (desk.times("is not taken over") > refusals).then_some(())
    });
    assert!(desk.log().contains(words), "{words} is not in the log");
}

#[test]
fn a_fault_in_any_section_keeps_the_whole_of_the_old_one_and_is_told() {
    let (desk, text) = Desk::started();
    let mut wire = Wire::connect(desk.port);
    let mut good = text.clone();
    good.departments.push(department("sales"));
    let edits: [(Edit, &str); 8] = [
        (|text| text.gateway.push_str("\nnonsense = 1"), "gateway.nonsense"),
        (|text| text.smtp.push_str("\nmax_connections = 0"), "smtp.max_connections"),
        (|text| text.delivery = "relay = \"carrier-pigeon:\"".to_owned(), "delivery.relay"),
        (|text| text.departments.push(department("support")), "department[3]"),
        (|text| text.rest.push_str("[limits]\nattempts = \"many\"\n"), "limits.attempts"),
        (|text| text.rest.push_str("[[imap]]\nname = \"box\"\n"), "imap[1]"),
        (|text| text.rest.push_str("[authentication]\ntimeout = \"never\"\n"), "authentication.timeout"),
        (|text| text.rest.push_str("[held\n"), "postdesk.toml:"),
    ];
    for (edit, words) in edits {
        let mut faulty = good.clone();
        edit(&mut faulty);
        let told = desk.refused(&faulty);
        // The gateway says so, whatever the file looks like to others; what is no TOML at all the verb cannot read itself.
        assert!(told.contains("the one before stays in force") || words == "postdesk.toml:", "{told}");
        assert_kept(&desk, &mut wire, words, &told);
    }
    assert!(desk.reload(&good).contains("departments new: sales"));
    assert_eq!(wire.begin("sales@shop.example"), 250);
}

#[test]
fn what_only_the_gateway_can_find_out_keeps_the_old_one_too() {
    let (desk, text) = Desk::started();
    let mut wire = Wire::connect(desk.port);
    let mut good = text.clone();
    good.departments.push(department("sales"));
    let at = |name: &str| desk.folder.path().join(name);
    // An address that somebody else listens on.
    let taken = TcpListener::bind(("127.0.0.1", free_port())).unwrap();
    let mut faulty = good.clone();
    let other = taken.local_addr().unwrap();
    faulty.smtp = faulty.smtp.replace("listen = [", &format!("listen = [\"{other}\", "));
    let told = desk.refused(&faulty);
    assert_kept(&desk, &mut wire, &format!("cannot listen on {other}"), &told);
    // A text that is wrong, and a certificate that is none: both are told.
    fs::create_dir_all(at("texts/en")).unwrap();
    fs::write(at("texts/en/request.subject"), "{{ nonsense").unwrap();
    for name in ["certificate", "private"] {
        fs::write(at(name), "nonsense").unwrap();
    }
    let mut faulty = good.clone();
    faulty.gateway.push_str(&format!("\ntexts = \"{}\"", at("texts").display()));
    let (certificate, private) = (at("certificate"), at("private"));
    faulty.smtp.push_str(&format!("\ncertificate = \"{}\"\nprivate_key = \"{}\"", certificate.display(), private.display()));
    let told = desk.refused(&faulty);
    assert_kept(&desk, &mut wire, "request.subject", &told);
    assert_kept(&desk, &mut wire, "the certificate file", &told);
    // Keys that are not those of the store.
    good.write(desk.folder.path());
    let (keys, before) = (at("data/key"), fs::read(at("data/key")).unwrap());
    fs::rename(&keys, at("data/key.away")).unwrap();
    let told = desk.refused_as_it_is();
    assert_kept(&desk, &mut wire, "there is no key file", &told);
    let digits = "ab".repeat(32);
    let others: String = String::from_utf8(before.clone())
        .unwrap()
        .lines()
        .map(|line| {
            if line.starts_with('#') {
                format!("{line}\n")
            } else {
                format!("{}\n", line.replace(line.split_whitespace().nth(1).unwrap_or(line), &digits))
            }
        })
        .collect();
    fs::copy(at("data/key.away"), &keys).unwrap();
    fs::write(&keys, others).unwrap();
    let told = desk.refused_as_it_is();
    assert_kept(&desk, &mut wire, "key", &told);
    fs::write(&keys, before).unwrap();
    assert!(desk.reload(&good).contains("departments new: sales"));
}

#[test]
fn a_configuration_that_is_gone_is_a_fault_and_never_another_one() {
    let (desk, _) = Desk::started();
    let mut wire = Wire::connect(desk.port);
    fs::remove_file(desk.folder.path().join("postdesk.toml")).unwrap();
    assert_kept(&desk, &mut wire, "cannot be read", "cannot be read");
}

#[tokio::test]
async fn a_store_that_is_locked_holds_up_no_reload() {
    let (desk, mut text) = Desk::started();
    let database = desk.folder.path().join("data/postdesk.db");
    let mut other = SqliteConnection::connect(database.to_str().unwrap()).await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    text.departments.push(department("sales"));
    let mut wire = Wire::connect(desk.port);
    let told = desk.reload(&text);
    assert!(told.contains("departments new: sales"), "{told}");
    assert_eq!(wire.begin("sales@shop.example"), 250);
    other.execute("ROLLBACK").await.unwrap();
    assert_eq!(wire.finish("after the lock"), 250);
    assert_eq!(desk.decided("after the lock")["ticket"], "SAL-1");
}
