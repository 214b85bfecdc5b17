//! Sockets that the manager listens on.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::{UnixListener, UnixStream};

use crate::gateway::greeting;
use crate::service::Service;
use crate::wire::Wire;

fn listening() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[test]
fn mail_comes_in_by_the_sockets_that_were_handed_over_and_the_configured_one_is_not_listened_on() {
    let mut service = Service::new("discard:");
    let ((one, first), (other, second)) = (listening(), listening());
    service.start(vec![("smtp", one.into()), ("postdesk.socket", other.into())], &[]);
    service.told("READY=1");
    assert_eq!(Wire::connect(first).mail("one"), 250);
    assert_eq!(Wire::connect(second).mail("other"), 250);
    assert_eq!(greeting(service.gateway.port()), None);
    assert!(service.said().contains(&format!("127.0.0.1:{first}, a socket that the service manager handed over")));
    service.stop();
}

#[test]
fn a_client_that_connects_before_the_start_or_after_the_end_is_not_refused() {
    let mut service = Service::new("discard:");
    let (listener, port) = listening();
    let early = std::thread::spawn(move || Wire::connect(port).mail("early"));
    service.start(vec![("smtp", listener.try_clone().unwrap().into())], &[]);
    assert_eq!(early.join().unwrap(), 250);
    service.stop();
    let waiting = std::thread::spawn(move || Wire::connect(port).mail("between"));
    service.start(vec![("smtp", listener.into())], &[]);
    assert_eq!(waiting.join().unwrap(), 250);
    service.stop();
}

#[test]
fn lmtp_is_spoken_on_a_socket_in_the_file_system_whose_name_stays_when_we_end() {
    let mut service = Service::new("discard:");
    let path = service.folder().join("lmtp");
    let local = UnixListener::bind(&path).unwrap();
    service.start(vec![("lmtp", local.into())], &[]);
    service.told("READY=1");
    let mut client = BufReader::new(UnixStream::connect(&path).unwrap());
    let mut line = String::new();
    client.read_line(&mut line).unwrap();
    client.get_mut().write_all(b"LHLO mx.example\r\n").unwrap();
    client.read_line(&mut line).unwrap();
    assert!(line.starts_with("220 ") && line.contains("\r\n250"), "{line}");
    // None was handed over for SMTP, so that is as configured.
    assert_eq!(Wire::connect(service.gateway.port()).mail("by SMTP"), 250);
    service.stop();
    assert!(path.exists());
}

#[test]
fn a_socket_that_cannot_be_used_as_it_is_handed_over_is_a_fault_of_the_configuration() {
    let udp = || UdpSocket::bind("127.0.0.1:0").unwrap().into();
    let tcp = || listening().0.into();
    for (sockets, words) in [
        (vec![("smtp", tcp()), ("smpt", tcp())], "number 2 (`smpt`) has a name that says nothing"),
        (vec![("smtp", udp())], "number 1 (`smtp`) is neither a TCP socket nor a stream socket"),
        (vec![("http", tcp())], "set `[http] public_url`"),
    ] {
        let mut service = Service::new("discard:");
        service.start(sockets, &[]);
        assert_eq!(service.ended().code(), Some(78));
        assert!(service.gateway.log().contains(words), "{}", service.gateway.log());
    }
}

#[cfg(feature = "peers")]
#[test]
fn systemds_own_socket_activation_starts_it_at_the_first_connection() {
    use crate::gateway::{DEADLINE, free_port, wait_for};
    let service = Service::new("discard:");
    let port = free_port();
    let mut command = std::process::Command::new("systemd-socket-activate");
    let serve = service.gateway.command(&["serve"]);
    command.args(["--fdname=smtp", &format!("--listen=127.0.0.1:{port}")]).arg(serve.get_program()).args(serve.get_args());
    let mut process = command.current_dir(service.folder()).stdout(std::process::Stdio::null()).spawn().unwrap();
    wait_for("the port", DEADLINE, || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
    assert_eq!(Wire::connect(port).mail("first"), 250);
    let number = process.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &number]).status().unwrap().success());
    let ended = wait_for("the gateway to end", DEADLINE, || process.try_wait().unwrap());
    assert_eq!(ended.code(), Some(0));
}
