//! LMTP from a real Postfix, over TCP and on a socket in the file system.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::desk::{CARLA, DEPARTMENT, bare};
use super::front::{Front, SALES, UNKNOWN};
use super::gateway::{DEADLINE, free_port, wait_for};
use super::swaks::Letter;

fn letter(subject: &str) -> Letter {
    let id = format!("<{}@customer.example>", subject.replace(' ', "."));
    Letter::new(CARLA, DEPARTMENT).field("Subject", subject).field("Message-Id", &id).text("It does not boil.\n")
}

fn ticket(department: &str, subject: &str, messages: usize) -> (String, String, usize) {
    (department.to_owned(), subject.to_owned(), messages)
}

fn both(source: &str, outcomes: &[&str]) -> Vec<(String, String)> {
    outcomes.iter().map(|outcome| (source.to_owned(), (*outcome).to_owned())).collect()
}

fn one_mail_for_two_departments_and_nobody(front: &Front) {
    let everybody = format!("{SALES},{UNKNOWN},{DEPARTMENT}");
    letter("three of them").envelope_to(&everybody).send(front.postfix.port());
    assert_eq!(front.outcomes(2), both("lmtp", &["request", "request"]));
    let report = front.postfix.wait_for_mail(bare(CARLA), "bounce", |mail| mail.must("Subject").contains("Undelivered"));
    let text = report.text().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains(UNKNOWN) && text.contains("Nobody here has this address"), "{text}");
    assert!(!text.contains(SALES) && !text.contains(DEPARTMENT), "{text}");
    assert!(report.source.contains("Status: 5.1.1"), "{}", report.source);
    let told = ["sales", "support"].map(|department| ticket(department, "three of them", 1));
    assert_eq!(front.tickets(), told);
    assert_eq!(front.postfix.logged(&["/lmtp[", "status=sent", "taken as"]), 2);
    assert_eq!(front.postfix.logged(&["/lmtp[", "status=bounced", UNKNOWN]), 1);
    // Whatever came by LMTP is proven by nobody's address, although 127.0.0.1 is in trusted_networks here.
    let shown = front.gateway.json(&["arrival", "show", "1", "--json"]).remove(0).to_string();
    assert!(shown.contains("and nothing proves it"), "{shown}");
}

#[test]
fn over_tcp_each_recipient_of_a_mail_has_its_own_end() {
    one_mail_for_two_departments_and_nobody(&Front::over_tcp(|port| port).started());
}

#[test]
fn on_a_socket_each_recipient_of_a_mail_has_its_own_end() {
    one_mail_for_two_departments_and_nobody(&Front::on_a_socket().started());
}

#[test]
fn a_socket_that_a_killed_gateway_left_is_replaced_and_what_waited_is_delivered_once() {
    let mut front = Front::on_a_socket().started();
    front.gateway.kill();
    let socket = front.folder().join("lmtp");
    assert!(socket.exists(), "nobody was there to remove it");
    letter("patience").send(front.postfix.port());
    front.postfix.wait_for_log(&["/lmtp[", "status=deferred", "Connection refused"]);
    front.gateway.start();
    front.postfix.flush();
    assert_eq!(front.outcomes(1), both("lmtp", &["request"]));
    assert_eq!(front.tickets(), [ticket("support", "patience", 1)]);
    assert_eq!(front.gateway.stop().code(), Some(0));
    assert!(!socket.exists());
}

#[test]
fn a_gateway_that_is_killed_between_the_commit_and_its_replies_has_one_message_of_each() {
    let proxy = Proxy::new();
    let mut front = Front::over_tcp(|port| proxy.to(port)).started();
    letter("twice and once").envelope_to(&format!("{DEPARTMENT},{SALES}")).send(front.postfix.port());
    wait_for("the gateway's reply to the mail", DEADLINE, || proxy.has_kept_a_reply().then_some(()));
    front.gateway.kill();
    proxy.pass_everything_on();
    front.postfix.wait_for_log(&["/lmtp[", "status=deferred", "lost connection"]);
    front.gateway.start();
    front.postfix.flush();
    let outcomes = front.outcomes(4);
    assert_eq!(outcomes, both("lmtp", &["request", "request", "duplicate", "duplicate"]));
    let told = ["sales", "support"].map(|department| ticket(department, "twice and once", 1));
    assert_eq!(front.tickets(), told);
}

/// Between Postfix and the gateway: it keeps the replies to a mail to itself, until it is told to pass everything on.
struct Proxy {
    port: u16,
    listener: TcpListener,
    kept: Arc<AtomicBool>,
    open: Arc<AtomicBool>,
}

impl Proxy {
    fn new() -> Self {
        let port = free_port();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        Self { port, listener, kept: Arc::default(), open: Arc::default() }
    }

    /// Its port; what comes there goes on to that of the gateway.
    fn to(&self, gateway: u16) -> u16 {
        let (listener, kept, open) = (self.listener.try_clone().unwrap(), Arc::clone(&self.kept), Arc::clone(&self.open));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (kept, open) = (Arc::clone(&kept), Arc::clone(&open));
                // A gateway that is down hangs up.
                let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, gateway)) else { continue };
                let (to_server, to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                thread::spawn(move || copy(client, to_server, |_| true));
                thread::spawn(move || {
                    copy(server, to_client, |reply| {
                        let of_a_mail = reply.windows(8).any(|words| words == b"taken as");
                        kept.fetch_or(of_a_mail, Ordering::SeqCst);
                        !of_a_mail || open.load(Ordering::SeqCst)
                    });
                });
            }
        });
        self.port
    }

    fn has_kept_a_reply(&self) -> bool {
        self.kept.load(Ordering::SeqCst)
    }

    fn pass_everything_on(&self) {
        self.open.store(true, Ordering::SeqCst);
    }
}

/// Passes on what `passes`, and then the end.
fn copy(mut from: TcpStream, mut to: TcpStream, passes: impl Fn(&[u8]) -> bool) {
    let mut chunk = [0; 4096];
    while let Ok(octets) = from.read(&mut chunk) {
        if octets == 0 || (passes(&chunk[..octets]) && to.write_all(&chunk[..octets]).is_err()) {
            break;
        }
    }
    // Whoever is gone needs no end.
    let _ = to.shutdown(std::net::Shutdown::Both);
}
