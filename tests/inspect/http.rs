//! What monitors can and cannot do.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::desk::{Desk, Wish};
use crate::gateway::DEADLINE;

#[test]
fn every_path_has_its_answer_and_nothing_can_be_changed() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::start(folder.path(), &Wish::default());
    assert_eq!(desk.get("/healthz").2, "alive\n");
    let (status, head, body) = desk.get("/status");
    assert!(status == 200 && head.contains("content-type: application/json"), "{head}");
    let report: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(report["queues"]["pending"]["count"], 0, "{report}");
    let (status, _, body) = desk.get("/");
    assert!(status == 404 && body.contains("/metrics, /healthz, /readyz, /status"), "{body}");
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let (status, head, _) = desk.ask(&format!("{method} /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"));
        assert!(status == 405 && head.contains("allow: get, head"), "{method}: {head}");
    }
    // The configuration is read anew for whoever may open the control socket, and for nobody here.
    assert_eq!(desk.ask("POST /reload HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").0, 405);
    let (status, head, body) = desk.ask("HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(status == 200 && body.is_empty() && head.contains("content-length: 6"), "{head}");
    assert!(head.contains("cache-control: no-store"), "{head}");
}

#[test]
fn clients_that_are_silent_slow_or_talk_nonsense_hold_up_neither_monitors_nor_mail() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::start(folder.path(), &Wish::default());
    let mut silent: Vec<TcpStream> = (0..60).map(|_| TcpStream::connect(desk.http()).unwrap()).collect();
    for stream in &mut silent[..20] {
        stream.write_all(b"GET /metrics HT").unwrap();
    }
    desk.take("mia@customer.example", "Broken kettle", "It does not boil.");
    // As soon as some of them were given up.
    assert_eq!(desk.get("/healthz").0, 200);
    for nonsense in
        ["\0\0\0\0\r\n\r\n".to_owned(), "EHLO client.example\r\n\r\n".to_owned(), format!("GET /{}", "x".repeat(20_000))]
    {
        let mut stream = TcpStream::connect(desk.http()).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        // It may hang up before it has read all of it.
        let _ = stream.write_all(nonsense.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    assert_eq!(desk.get("/healthz").0, 200);
}
