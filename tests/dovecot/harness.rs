//! The server of these tests itself: what the others rely on.

use super::client::Client;
use super::gateway::{DEADLINE, wait_for};
use super::line::Line;
use super::server::Server;

const MAIL: &[u8] = b"Subject: one\r\n\r\nText.\r\n";

#[test]
fn a_mail_that_is_put_in_is_there_and_is_there_still_after_a_crash() {
    let server = Server::start();
    server.put("desk", "INBOX", MAIL);
    assert_eq!(Client::login(server.plain(), "desk").fields("INBOX", "Subject"), ["one"]);
    server.kill();
    assert!(Client::try_login(server.plain(), "desk").is_none());
    server.start_again();
    server.stop();
    assert!(Client::try_login(server.plain(), "desk").is_none());
    server.start_again();
    assert_eq!(Client::login(server.plain(), "desk").fields("INBOX", "Subject"), ["one"]);
}

#[test]
fn a_folder_that_forgets_its_numbers_has_another_uidvalidity_and_the_same_mail() {
    let server = Server::start();
    server.put("desk", "INBOX", MAIL);
    let before = Client::login(server.plain(), "desk").open("INBOX");
    let after = server.renumber_for_certain("desk", "INBOX");
    assert!(before.validity != after.validity && after.exists == 1, "{before:?} {after:?}");
}

#[test]
fn the_server_refuses_what_it_is_to_refuse() {
    let server = Server::start();
    let mut client = Client::login(server.plain(), "desk");
    for folder in ["Small.Box", "Denied"] {
        client.command(&format!("CREATE {folder}"));
    }
    for _ in 0..3 {
        server.put("desk", "INBOX", MAIL);
    }
    server.may_write("desk", "Denied", false);
    client.open("INBOX");
    client.command("UID MOVE 1 Small.Box");
    let refusal = |client: &mut Client, folder: &str| client.try_command(&format!("UID MOVE 2 {folder}")).unwrap_err();
    assert!(refusal(&mut client, "Small.Box").starts_with("NO [OVERQUOTA]"));
    assert!(refusal(&mut client, "Denied").starts_with("NO ["));
    assert!(refusal(&mut client, "Missing").starts_with("NO [TRYCREATE]"));
    server.may_write("desk", "Denied", true);
    client.command("UID MOVE 2 Denied");
    server.set_password("another");
    // Dovecot looks at the file once a second.
    wait_for("a refused login", DEADLINE, || Client::try_login(server.plain(), "desk").is_none().then_some(()));
}

#[test]
fn a_session_that_is_killed_ends_and_the_server_goes_on() {
    let server = Server::start();
    let mut client = Client::login(server.plain(), "desk");
    client.open("INBOX");
    assert_eq!(server.kill_sessions(), 1);
    assert!(client.try_command("NOOP").is_err());
    Client::login(server.plain(), "desk").open("INBOX");
}

#[test]
fn a_token_opens_the_mailbox_while_it_is_good() {
    let server = Server::start();
    assert!(server.provider.forms().is_empty());
    let login = |token: &str| {
        let mut client = Client::greeted(server.plain());
        client.try_command(&format!("AUTHENTICATE XOAUTH2 {}", xoauth2("desk", token)))
    };
    assert!(login("ya29.1-desk").is_err());
    server.provider.authorise("refresh", "desk");
    let token = server.provider.ask(&[("grant_type", "refresh_token"), ("refresh_token", "refresh")]).unwrap();
    assert!(login(&token).is_ok());
    server.provider.expire();
    assert!(login(&token).is_err());
    server.provider.revoke();
    assert!(server.provider.ask(&[("grant_type", "refresh_token"), ("refresh_token", "refresh")]).is_none());
}

#[test]
fn a_line_stops_in_the_middle_of_an_answer_and_goes_on() {
    let server = Server::start();
    server.put("desk", "INBOX", MAIL);
    let line = Line::to(server.plain());
    let mut client = Client::login(line.port(), "desk");
    client.open("INBOX");
    line.allow(20);
    let reading = std::thread::spawn(move || client.try_command("UID FETCH 1 (FLAGS BODY.PEEK[])"));
    line.wait_until_it_stopped();
    assert!(!reading.is_finished());
    line.resume();
    assert!(reading.join().unwrap().is_ok());
    let mut client = Client::login(line.port(), "desk");
    line.drop_all();
    assert!(client.try_command("NOOP").is_err());
    assert_eq!(line.made(), 2);
}

/// RFC: Google's and Microsoft's SASL XOAUTH2, `user=…^Aauth=Bearer …^A^A`.
fn xoauth2(user: &str, token: &str) -> String {
    data_encoding::BASE64.encode(format!("user={user}\u{1}auth=Bearer {token}\u{1}\u{1}").as_bytes())
}
