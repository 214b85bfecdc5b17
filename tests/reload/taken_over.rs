//! What a reload takes over, seen from outside.

use std::fs;

use crate::desk::{Desk, Wire, department};
use crate::gateway::{DEADLINE, free_port, greeting, wait_for};

#[test]
fn a_transaction_that_runs_survives_and_a_new_department_takes_mail_on_the_same_connection() {
    let (desk, mut text) = Desk::started();
    let mut wire = Wire::connect(desk.port);
    assert_eq!(wire.begin("support@shop.example"), 250);
    assert_eq!(wire.ask("RCPT TO:<sales@shop.example>").0, 550);
    text.departments.push(department("sales"));
    let told = desk.reload(&text);
    assert!(told.contains("departments new: sales"), "{told}");
    // The transaction keeps its terms, the next one has the new ones.
    assert_eq!(wire.ask("RCPT TO:<sales@shop.example>").0, 550);
    assert_eq!(wire.finish("across"), 250);
    assert_eq!(wire.mail("sales@shop.example", "kettle"), 250);
    assert_eq!(desk.decided("across")["outcome"], "request");
    assert_eq!(desk.decided("kettle")["ticket"], "SAL-2");
    text.departments.pop();
    let told = desk.reload(&text);
    assert!(told.contains("departments gone: sales"), "{told}");
    assert_eq!(wire.begin("sales@shop.example"), 550);
}

#[test]
fn limits_of_a_mail_and_of_connections_are_taken_over_and_said() {
    let (desk, text) = Desk::started();
    let mut wire = Wire::connect(desk.port);
    let mut small = text.clone();
    small.smtp.push_str("\nmax_message_size = \"64 KiB\"\nmax_connections_per_address = 1\ntrusted_networks = []");
    small.smtp = small.smtp.replace("trusted_networks = [\"127.0.0.0/8\"]\n", "");
    let told = desk.reload(&small);
    assert!(told.contains("  [smtp]\n"), "{told}");
    assert_eq!(wire.ask("MAIL FROM:<mia@customer.example> SIZE=70000").0, 552);
    assert!(wire.ask("EHLO client.example").1.contains("SIZE 65536"));
    // The one that is open stays, another is one too many.
    assert!(greeting(desk.port).unwrap().starts_with("421 "));
    desk.reload(&text);
    assert!(greeting(desk.port).unwrap().starts_with("220 "));
    assert_eq!(desk.reload(&text).lines().count(), 1, "nothing else is in force");
}

#[test]
fn addresses_come_and_go_and_their_connections_stay() {
    let (desk, text) = Desk::started();
    let (first, second) = (desk.port, free_port());
    let mut both = text.clone();
    let only = format!("listen = [\"127.0.0.1:{first}\"]");
    both.smtp = text.smtp.replace(&only, &format!("listen = [\"127.0.0.1:{first}\", \"127.0.0.1:{second}\"]"));
    let told = desk.reload(&both);
    assert!(told.contains(&format!("listens on 127.0.0.1:{second}")), "{told}");
    let mut wire = Wire::connect(second);
    assert_eq!(wire.begin("support@shop.example"), 250);
    let told = desk.reload(&text);
    assert!(told.contains(&format!("listens no more on 127.0.0.1:{second}")), "{told}");
    wait_for("the address to be given up", DEADLINE, || greeting(second).is_none().then_some(()));
    assert_eq!(wire.finish("over an address that is gone"), 250);
    assert_eq!(Wire::connect(first).mail("support@shop.example", "over the other"), 250);
    let lmtp = desk.folder.path().join("lmtp");
    let mut with_lmtp = text.clone();
    with_lmtp.smtp.push_str(&format!("\nlmtp = [\"unix:{}\"]", lmtp.display()));
    desk.reload(&with_lmtp);
    assert!(lmtp.exists());
    desk.reload(&text);
    wait_for("the socket to go", DEADLINE, || (!lmtp.exists()).then_some(()));
}

#[test]
fn texts_are_read_anew() {
    let (desk, mut text) = Desk::started();
    let texts = desk.folder.path().join("texts");
    fs::create_dir_all(texts.join("en")).unwrap();
    text.gateway.push_str(&format!("\ntexts = \"{}\"", texts.display()));
    fs::write(texts.join("en/request.subject"), "A kettle\n").unwrap();
    let told = desk.reload(&text);
    assert!(told.contains("the texts of notices"), "{told}");
    fs::write(texts.join("en/request.subject"), "Another kettle\n").unwrap();
    let told = desk.reload(&text);
    assert!(told.contains("the texts of notices"), "{told}");
    assert_eq!(Wire::connect(desk.port).mail("support@shop.example", "first"), 250);
    let out = desk.folder.path().join("out");
    let notice = wait_for("the notice", DEADLINE, || {
        let files = fs::read_dir(&out).ok()?.filter_map(|file| fs::read_to_string(file.ok()?.path()).ok());
        files.into_iter().find(|mail| mail.contains("Subject: "))
    });
    assert!(notice.contains("Another kettle"), "{notice}");
}

#[test]
fn a_storm_of_signals_does_no_harm_and_the_last_word_counts() {
    let (desk, mut text) = Desk::started();
    let mut wire = Wire::connect(desk.port);
    assert_eq!(wire.begin("support@shop.example"), 250);
    for count in 0..300 {
        if count == 150 {
            text.departments.push(department("sales"));
            text.write(desk.folder.path());
        }
        desk.signal("-HUP");
    }
    assert_eq!(wire.finish("in the storm"), 250);
    wait_for("the new department", DEADLINE, || {
        let taken = wire.begin("sales@shop.example") == 250;
        assert_eq!(wire.ask("RSET").0, 250);
        taken.then_some(())
    });
    assert!(desk.hang_up() <= 302);
    assert_eq!(desk.decided("in the storm")["outcome"], "request");
}

#[test]
fn a_key_that_is_announced_and_rotated_needs_no_restart() {
    let (desk, text) = Desk::started();
    let run = |arguments: &[&str]| assert!(desk.command(arguments).output().unwrap().status.success(), "{arguments:?}");
    run(&["key", "rotate"]);
    let told = desk.reload(&text);
    assert!(told.contains("the keys that addresses are sealed with"), "{told}");
    assert_eq!(Wire::connect(desk.port).mail("support@shop.example", "sealed anew"), 250);
    desk.decided("sealed anew");
}

#[test]
fn what_only_a_restart_can_change_is_named_and_the_rest_is_taken_over() {
    let (desk, mut text) = Desk::started();
    text.gateway = text.gateway.replace("/data\"", "/elsewhere\"");
    text.rest.push_str("[store]\nmin_free_space = \"1 %\"\n");
    text.departments.push(department("sales"));
    text.write(desk.folder.path());
    assert_eq!(desk.try_reload().status.code(), Some(69), "the verb looks for a gateway in the other folder");
    desk.hang_up();
    assert_eq!(desk.times("needs a restart"), 2, "{}", desk.log());
    assert_eq!(Wire::connect(desk.port).mail("sales@shop.example", "kettle"), 250);
}
