//! `postdesk probe` over the programs of others: to our own listener, and out by a real Postfix that forwards a public mailbox back to us,
//! to nobody, to the wrong department, or refuses. Needs the feature `peers`.
#![cfg(test)]

#[path = "crashes/gateway.rs"]
mod gateway;
#[path = "journeys/postfix.rs"]
#[expect(dead_code, reason = "shared with the journeys, which ask more of it")]
mod postfix;

use std::fs;

use gateway::{DEADLINE, Gateway, wait_for};
use postfix::Postfix;
use serde_json::Value;
use tempfile::TempDir;

/// A gateway, and a relay where mail to the desk's own domain comes back to it.
struct Scene {
    gateway: Gateway,
    relay: Postfix,
    _folder: TempDir,
}

impl Scene {
    /// `aliases` says where the mailbox at shop.example is forwarded to: pairs for Postfix's virtual alias table.
    fn with(aliases: &str) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let mut gateway = Gateway::new(folder.path(), "discard:");
        let transports = format!("desk.example.org smtp:127.0.0.1:{}\n", gateway.port());
        let main = format!(
            "virtual_alias_maps = inline:{{{{other@shop.example = other@nobody.example}} {aliases}}}\nvirtual_alias_domains =\n"
        );
        let relay = Postfix::with(&transports, &main, "smtp unix - - n - - smtp\n");
        gateway.configure(&relay.address(), "14d");
        let file = folder.path().join("postdesk.toml");
        let sales = "\n[[department]]\nkey = \"sales\"\nname = \"Sales\"\nprefix = \"SAL\"\n\
                     address = \"sales@desk.example.org\"\nagents = [\"ana\"]\n";
        fs::write(&file, fs::read_to_string(&file).unwrap() + sales).unwrap();
        gateway.start();
        Self { gateway, relay, _folder: folder }
    }

    /// Sends a probe: how it ended, what was told, and the words for a person on standard error.
    fn probe(&self, arguments: &[&str]) -> (Option<i32>, Value, String) {
        let output = self.gateway.command(&[&["probe", "--json"], arguments].concat()).output().unwrap();
        let words = String::from_utf8(output.stderr).unwrap();
        let told = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {words}"));
        (output.status.code(), told, words)
    }

    fn ticket(&self, reference: &Value) -> Value {
        self.gateway.json(&["ticket", "show", reference.as_str().unwrap(), "--json"]).remove(0)
    }

    fn notices(&self) -> usize {
        self.gateway.json(&["outbox", "list", "--json", "--all"]).len()
    }
}

fn stages(told: &Value) -> Vec<&str> {
    told["stages"].as_array().unwrap().iter().map(|stage| stage["stage"].as_str().unwrap()).collect()
}

const WHOLE_WAY: [&str; 4] = ["handed over", "arrived", "decided", "ticket"];

#[test]
fn a_probe_to_our_own_listener_becomes_a_closed_ticket_and_nobody_is_told() {
    let scene = Scene::with("");
    let (code, told, words) = scene.probe(&[]);
    assert_eq!(code, Some(0), "{told} {words}");
    assert_eq!(stages(&told), WHOLE_WAY, "{told}");
    assert_eq!((&told["arrived"], &told["reference"], &told["department"]), (&true.into(), &"SUP-1".into(), &"support".into()));
    assert_eq!(told["authenticity"], "trusted-network");
    let ticket = scene.ticket(&told["reference"]);
    assert_eq!((&ticket["status"], &ticket["visibility"]), (&"closed".into(), &"internal".into()), "{ticket}");
    assert_eq!(ticket["tags"][0], "probe");
    assert_eq!(ticket["messages"][0]["kind"], "automatic");
    assert_eq!(scene.notices(), 0);
    let (_, again, _) = scene.probe(&["--to", "sales@desk.example.org"]);
    assert_eq!(again["reference"], "SAL-2", "{again}");
    let page = scene.gateway.verb(&["probe"]);
    let page = String::from_utf8(page).unwrap();
    assert!(page.contains("Mail to support@desk.example.org arrives and becomes a ticket.\n"), "{page}");
}

#[test]
fn a_probe_to_a_forwarding_mailbox_goes_out_by_the_relay_and_comes_back() {
    let scene = Scene::with("{help@shop.example = support@desk.example.org}");
    let (code, told, words) = scene.probe(&["--to", "help@shop.example"]);
    assert_eq!(code, Some(0), "{told} {words}");
    assert_eq!(stages(&told), WHOLE_WAY, "{told}");
    assert_eq!(told["via"], "the relay");
    // The mailbox forwarded it: it came to the address behind.
    let arrived = told["stages"][1]["words"].as_str().unwrap();
    assert!(arrived.contains("by smtp") && arrived.contains("for support@desk.example.org"), "{told}");
    assert_eq!(scene.ticket(&told["reference"])["status"], "closed");
    assert_eq!(scene.notices(), 0);
    // The same octets once more are a copy, and the same token in another mail is a mail like any other.
    let arrival = scene.gateway.json(&["arrival", "list", "--json", "--all"]).remove(0);
    let raw = String::from_utf8(scene.gateway.verb(&["arrival", "raw", &arrival["id"].to_string()])).unwrap();
    let letter = raw.replace("support@desk.example.org", "mia@customer.example") + "My kettle leaks.\r\n";
    let mut pipe = scene.gateway.command(&["pipe", "--to", "help@shop.example", "--from", "mia@customer.example"]);
    let mut pipe = pipe.stdin(std::process::Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut pipe.stdin.take().unwrap(), letter.as_bytes()).unwrap();
    assert!(pipe.wait().unwrap().success());
    wait_for("the ticket of the second mail", DEADLINE, || {
        let tickets = scene.gateway.json(&["ticket", "list", "--json", "--all"]);
        let other = tickets.iter().find(|ticket| ticket["reference"] != told["reference"])?;
        assert_ne!(other["status"], "closed", "{other}");
        Some(())
    });
}

#[test]
fn a_mailbox_that_forwards_nowhere_is_told_of_in_time() {
    let scene = Scene::with("");
    let (code, told, words) = scene.probe(&["--to", "help@shop.example", "--wait", "1s"]);
    assert_eq!(code, Some(75), "{told} {words}");
    assert_eq!((stages(&told), &told["arrived"]), (vec!["handed over"], &false.into()));
    assert!(words.contains("look whether the mailbox forwards"), "{words}");
    // It was delivered to the mailbox, where it stays.
    scene.relay.wait_for_mail("help@shop.example", "the probe", |mail| mail.must("Subject").starts_with("postdesk probe "));
}

#[test]
fn a_mailbox_that_forwards_to_the_wrong_department_is_told_of() {
    let scene = Scene::with("{help@shop.example = sales@desk.example.org}");
    let (code, told, words) = scene.probe(&["--to", "help@shop.example"]);
    assert_eq!(code, Some(69), "{told} {words}");
    assert_eq!((&told["arrived"], &told["department"]), (&true.into(), &"sales".into()));
    assert!(words.contains("arrived at the department sales, and help@shop.example is of support"), "{words}");
}

#[test]
fn a_probe_that_nobody_delivers_comes_back_as_a_report() {
    let scene = Scene::with("{help@shop.example = gone@nobody.example}");
    let (code, told, words) = scene.probe(&["--to", "help@shop.example"]);
    assert_eq!(code, Some(69), "{told} {words}");
    assert_eq!(stages(&told), ["handed over", "came back"], "{told}");
    assert!(words.contains("nobody delivers mail to help@shop.example"), "{words}");
}

#[test]
fn who_takes_no_probe_is_named_with_the_reply() {
    let mut scene = Scene::with("");
    let (code, told, words) =
        scene.probe(&["--to", "help@unknown.example", "--via", &format!("smtp://127.0.0.1:{}", scene.gateway.port())]);
    assert_eq!((code, stages(&told).len()), (Some(69), 0), "{told}");
    assert!(words.contains("refused it:") && words.contains("5.7.1"), "{words}");
    scene.relay.pause();
    let (code, _, words) = scene.probe(&["--to", "help@shop.example"]);
    assert_eq!(code, Some(69));
    assert!(words.contains("nobody took the probe") && words.contains("`[delivery] relay`"), "{words}");
    scene.gateway.stop();
    let (code, _, words) = scene.probe(&[]);
    assert_eq!(code, Some(69));
    assert!(words.contains("does the gateway run?"), "{words}");
}
