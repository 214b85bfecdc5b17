//! A network that really goes away: server and gateway alone in a network namespace of their own, whose only interface is taken down, so
//! that packets are lost and no connection is told. Needs root.

use std::env;
use std::process::Command;
use std::time::Instant;

use super::desk::{Account, Desk, request};
use super::gateway::{DEADLINE, wait_for};

/// Set in the process that is alone.
const ALONE: &str = "POSTDESK_TEST_ALONE";

#[test]
fn a_connection_whose_packets_are_lost_is_noticed_and_nothing_that_came_meanwhile_is_missed() {
    if env::var_os(ALONE).is_none() {
        return alone("network::a_connection_whose_packets_are_lost_is_noticed_and_nothing_that_came_meanwhile_is_missed");
    }
    interface("up");
    let mut desk = Desk::new();
    desk.open(&[Account::of("desk", desk.server.plain()).with("poll", "1h")], "");
    desk.wait_until_well("desk");
    let begun = Instant::now();
    interface("down");
    desk.server.put("desk", "INBOX", &request("behind-a-dead-network"));
    let status = desk.wait_for_status("desk", "not well", |status| status["state"] != "well" && !status["last_error"].is_null());
    println!("a dead network was noticed after {} s: {}", begun.elapsed().as_secs(), status["last_error"]);
    assert_eq!(desk.count(), 0);
    interface("up");
    wait_for("the mail behind", DEADLINE * 2, || (desk.count() == 1).then_some(()));
    desk.wait_until_well("desk");
    desk.wait_for_mails(1);
    desk.assert_once(&["behind-a-dead-network"]);
    desk.close();
}

/// Runs the named test again in a process with a network of its own.
fn alone(test: &str) {
    let mut command = Command::new("unshare");
    command.arg("-n").arg(env::current_exe().unwrap()).args(["--exact", "--nocapture", test]).env(ALONE, "1");
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.contains("1 passed"), "{told}\n{complaint}");
    told.lines().filter(|line| line.contains("noticed after")).for_each(|line| println!("{line}"));
}

/// Takes the only interface of this process's network up or down.
fn interface(how: &str) {
    let told = Command::new("ip").args(["link", "set", "lo", how]).output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
}
