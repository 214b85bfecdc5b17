//! The 250 is written and never arrives: whoever sent the mail sends it again, and it is one message.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::times;
use crate::trial::{Trial, folder};

/// A relay of octets that hangs up instead of passing on every second answer to a mail.
struct Thief {
    port: u16,
    stolen: Arc<AtomicUsize>,
}

impl Thief {
    /// Stands before the server on this port. Its threads end with the process.
    fn before(server: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (answers, stolen) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&stolen);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, answers, stolen) = (client.unwrap(), Arc::clone(&answers), Arc::clone(&counted));
                std::thread::spawn(move || relay(client, server, &answers, &stolen));
            }
        });
        Self { port, stolen }
    }
}

fn relay(client: TcpStream, server: u16, answers: &AtomicUsize, stolen: &AtomicUsize) {
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)) else { return };
    let (mut from_client, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
    });
    back(client, server, answers, stolen);
}

/// Passes on what the server says. The gateway writes each reply whole.
fn back(mut client: TcpStream, mut server: TcpStream, answers: &AtomicUsize, stolen: &AtomicUsize) {
    let mut heard = [0; 4096];
    let mut after_data = false;
    while let Ok(octets @ 1..) = server.read(&mut heard) {
        let said = &heard[..octets];
        if after_data && said.starts_with(b"250") && answers.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
            stolen.fetch_add(1, Ordering::Relaxed);
            break;
        }
        after_data = said.starts_with(b"354");
        if client.write_all(said).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}

#[test]
fn nothing_is_lost_and_nothing_doubled_when_the_answer_to_a_mail_is_lost() {
    let folder = folder();
    let mut trial = Trial::begun(folder.path(), &[]);
    let thief = Thief::before(trial.port());
    for _ in 0..times(30, 300) {
        trial.send(thief.port);
    }
    let stolen = thief.stolen.load(Ordering::Relaxed);
    let unknown: usize = trial.ledger.iter().map(|entry| entry.unknown).sum();
    assert_eq!(unknown, stolen, "each answer that was stolen is one that the client did not get");
    assert!(stolen > 10, "hardly any answer was stolen: {stolen}");
    trial.judge("the 250 is lost", &format!("stolen={stolen}"));
}
