//! What the manager is told, and when.

use std::fs;

use crate::gateway::{DEADLINE, free_port, greeting, wait_for};
use crate::service::Service;
use crate::wire::Wire;

#[test]
fn ready_is_told_when_mail_is_taken() {
    let mut service = Service::new("file:FOLDER/out");
    service.start(Vec::new(), &[]);
    service.told("READY=1");
    assert_eq!(Wire::connect(service.gateway.port()).mail("first"), 250);
    service.stop();
}

#[test]
fn a_start_that_fails_at_its_end_has_not_told_ready() {
    let mut service = Service::new("discard:");
    let _taken = std::net::TcpListener::bind(("127.0.0.1", service.gateway.port())).unwrap();
    service.start(Vec::new(), &[]);
    assert_eq!(service.ended().code(), Some(69), "{}", service.gateway.log());
    let told = service.rest().concat();
    assert!(told.contains("STATUS=opening the store") && !told.contains("READY=1"), "{told}");
}

#[test]
fn a_configuration_with_a_fault_is_exit_78_which_the_unit_does_not_restart_after() {
    let mut service = Service::new("discard:");
    fs::write(service.folder().join("postdesk.toml"), "[gateway]\nhostname = 7\n").unwrap();
    service.start(Vec::new(), &[]);
    assert_eq!(service.ended().code(), Some(78), "{}", service.gateway.log());
    let unit = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/systemd/postdesk.service")).unwrap();
    assert!(unit.contains("\nRestartPreventExitStatus=78\n"));
}

#[test]
fn the_status_says_how_much_is_queued() {
    // Of three notices for each mail one is tried while the relay is away; the others are due.
    let mut service = Service::new(&format!("smtp://127.0.0.1:{}", free_port()));
    service.start(Vec::new(), &[]);
    assert_eq!(service.told("STATUS=taking mail; "), "0 to be decided, 0 due to be sent");
    let mut wire = Wire::connect(service.gateway.port());
    for number in 0..5 {
        assert_eq!(wire.mail(&format!("mail {number}")), 250);
    }
    let due = |status: &str| status.split_once(" to be decided, ").is_some_and(|(_, due)| !due.starts_with("0 "));
    service.told_that("STATUS=taking mail; ", due);
    service.stop();
}

#[test]
fn a_reload_is_told_when_it_begins_and_when_it_is_over_whatever_came_of_it() {
    let mut service = Service::new("discard:");
    service.start(Vec::new(), &[]);
    service.told("READY=1");
    let file = service.folder().join("postdesk.toml");
    let text = fs::read_to_string(&file).unwrap();
    let mut last = 0;
    for text in [text.clone(), "[gateway]\nhostname = 7\n".to_owned(), text] {
        fs::write(&file, text).unwrap();
        service.signal("-HUP");
        // In the message with RELOADING=1: the manager takes only what comes after that moment for the end of this reload.
        let begun: u64 = service.told("MONOTONIC_USEC=").parse().unwrap();
        assert!(begun > last, "{begun} {last}");
        last = begun;
        service.told("READY=1");
    }
    assert!(service.gateway.log().contains("the configuration is not taken over"), "{}", service.gateway.log());
    service.stop();
}

#[test]
fn the_watchdog_is_fed_while_it_works_and_not_while_it_is_stopped() {
    let mut service = Service::new("discard:");
    service.start(Vec::new(), &[("WATCHDOG_USEC", "900000")]);
    for _ in 0..5 {
        service.told("WATCHDOG=1");
    }
    service.signal("-STOP");
    wait_for("the process to stand still", DEADLINE, || (service.state() == "T").then_some(()));
    service.rest();
    // More than a period of the watchdog, in pieces in which nothing comes.
    let silence = (0..30).filter_map(|_| service.next()).collect::<Vec<_>>();
    assert_eq!(silence, Vec::<String>::new());
    service.signal("-CONT");
    service.told("WATCHDOG=1");
    service.stop();
}

#[test]
fn nobody_who_does_not_ask_for_a_watchdog_is_given_one() {
    let mut service = Service::new("discard:");
    // Another process is meant.
    service.start(Vec::new(), &[("WATCHDOG_USEC", "300000"), ("WATCHDOG_PID", "1")]);
    service.told("STATUS=taking mail; ");
    service.stop();
    let told = service.rest().concat();
    assert!(told.contains("STOPPING=1") && !told.contains("WATCHDOG=1"), "{told}");
}

#[test]
fn a_transfer_that_runs_at_a_stop_has_its_250_after_stopping_was_told() {
    let mut service = Service::new("file:FOLDER/out");
    service.start(Vec::new(), &[]);
    service.told("READY=1");
    let port = service.gateway.port();
    let mut wire = Wire::connect(port);
    wire.begin();
    service.signal("-TERM");
    service.told("STOPPING=1");
    wait_for("the listener to close", DEADLINE, || greeting(port).is_none().then_some(()));
    assert_eq!(wire.finish("late"), 250);
    assert_eq!(service.ended().code(), Some(0), "{}", service.gateway.log());
    service.start(Vec::new(), &[]);
    service.told("READY=1");
    wait_for("the mail to be decided", DEADLINE, || {
        let arrivals = service.gateway.json(&["arrival", "list", "--json", "--all"]);
        (arrivals[0]["subject"] == "late").then_some(())
    });
    service.stop();
}

#[test]
fn a_start_that_waits_for_its_database_asks_for_more_time_and_says_why() {
    let mut service = Service::new("discard:");
    let file = service.folder().join("postdesk.toml");
    let text = fs::read_to_string(&file).unwrap();
    let away = format!("url = \"postgres://desk@127.0.0.1:{}/desk?sslmode=disable\"", free_port());
    let text: Vec<&str> = text.lines().map(|line| if line.starts_with("url = ") { &away } else { line }).collect();
    fs::write(&file, text.join("\n")).unwrap();
    service.start(Vec::new(), &[]);
    assert_eq!(service.told("EXTEND_TIMEOUT_USEC="), "60000000");
    service.signal("-KILL");
    service.ended();
}
