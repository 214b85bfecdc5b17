//! The control socket: who may ask, what is answered, and what becomes of it.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

use postdesk::inspect::control::{Unanswered, ask};

use crate::desk::{Desk, Wire};
use crate::gateway::DEADLINE;

fn socket(desk: &Desk) -> PathBuf {
    desk.folder.path().join("data/control.sock")
}

#[tokio::test]
async fn a_running_gateway_is_asked_over_a_socket_that_only_its_user_can_open_and_that_goes_with_it() {
    let (mut desk, _) = Desk::started();
    let socket = socket(&desk);
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    let alive = ask(&socket, "GET", "/healthz", DEADLINE).await.unwrap();
    assert_eq!((alive.status, alive.body.as_str()), (200, "alive\n"));
    assert_eq!(ask(&socket, "GET", "/nothing", DEADLINE).await.unwrap().status, 404);
    assert_eq!(ask(&socket, "DELETE", "/healthz", DEADLINE).await.unwrap().status, 405);
    desk.stop();
    assert!(!socket.exists());
    assert!(matches!(ask(&socket, "GET", "/healthz", DEADLINE).await, Err(Unanswered::Nobody(_))));
}

#[tokio::test]
async fn what_a_killed_gateway_left_is_nobody_and_is_replaced_by_the_next_one() {
    let (mut desk, _) = Desk::started();
    desk.kill();
    assert!(socket(&desk).exists());
    assert!(matches!(ask(&socket(&desk), "GET", "/healthz", DEADLINE).await, Err(Unanswered::Nobody(_))));
    desk.start();
    assert_eq!(ask(&socket(&desk), "GET", "/healthz", DEADLINE).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_socket_that_somebody_listens_on_is_left_alone_and_mail_flows_without_one() {
    let (mut desk, text) = Desk::new();
    text.write(desk.folder.path());
    let other = UnixListener::bind(socket(&desk)).unwrap();
    desk.start();
    assert_eq!(desk.times("there is no control socket"), 1, "{}", desk.log());
    desk.stop();
    assert!(socket(&desk).exists());
    drop(other);
}

#[test]
fn a_folder_whose_name_is_too_long_for_a_socket_costs_the_socket_and_nothing_else() {
    let (mut desk, mut text) = Desk::new();
    let long = desk.folder.path().join("d".repeat(120));
    text.gateway = format!("data = \"{}\"", long.display());
    text.write(desk.folder.path());
    desk.start();
    assert_eq!(desk.times("a shorter `[gateway] data` helps"), 1, "{}", desk.log());
    assert_eq!(desk.try_reload().status.code(), Some(69));
    desk.hang_up();
    assert_eq!(Wire::connect(desk.port).mail("support@shop.example", "without a socket"), 250);
    desk.stop();
}

#[tokio::test]
async fn clients_that_say_nothing_or_nonsense_hold_up_nobody_for_long() {
    let (mut desk, _) = Desk::started();
    let connect = || UnixStream::connect(socket(&desk)).unwrap();
    let _silent: Vec<UnixStream> = (0..10).map(|_| connect()).collect();
    let mut endless = connect();
    // A head that never ends is cut off, not kept.
    let sent = (0..10_000).take_while(|_| endless.write_all(&[b'a'; 1024]).is_ok()).count();
    assert!(sent < 10_000, "ten megabytes of a head were taken");
    let mut answer = String::new();
    let mut nonsense = connect();
    nonsense.write_all(b"\0\0\r\n\r\n").unwrap();
    nonsense.read_to_string(&mut answer).unwrap();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert_eq!(ask(&socket(&desk), "GET", "/healthz", DEADLINE).await.unwrap().status, 200);
    desk.stop();
}

#[test]
fn reload_without_a_gateway_is_unavailable_and_says_where_it_looked() {
    let (desk, text) = Desk::new();
    text.write(desk.folder.path());
    let output = desk.try_reload();
    assert_eq!(output.status.code(), Some(69));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("no gateway is running here") && told.contains("control.sock"), "{told}");
}
