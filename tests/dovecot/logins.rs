//! TLS and logins: what protects the connection, what proves who we are, and what an operator is told when either does not hold.

use std::fs;

use super::certificate::Authority;
use super::config::PASSWORD;
use super::desk::{Account, Desk, request};
use super::gateway::{DEADLINE, wait_for};

/// An account over TLS, with the authority of the tests.
fn protected(security: &str, port: u16) -> Account {
    Account::of("desk", port).with("security", security).with("host", "localhost").with("ca_file", "authority.pem")
}

#[test]
fn mail_comes_over_tls_and_starttls_under_an_authority_of_our_own() {
    for security in ["tls", "starttls"] {
        let mut desk = Desk::new();
        let port = if security == "tls" { desk.server.tls() } else { desk.server.plain() };
        desk.server.put("desk", "INBOX", &request(security));
        desk.open(&[protected(security, port)], "");
        desk.wait_for_mails(1);
        desk.assert_once(&[security]);
        assert!(desk.server.log().contains("TLS"), "{}", desk.server.log());
    }
}

#[test]
fn a_server_that_cannot_be_believed_is_told_no_password_and_the_operator_why() {
    let mut desk = Desk::new();
    let port = desk.server.tls();
    let other_name = protected("tls", port).with("name", "other-name").with("host", "127.0.0.1");
    let unknown = protected("tls", port).with("name", "unknown").without("ca_file");
    let stranger = protected("starttls", desk.server.plain()).with("name", "stranger").with("ca_file", "stranger.pem");
    desk.write("stranger.pem", &Authority::new().pem);
    let accounts = [other_name, unknown.with("folder", "A"), stranger.with("folder", "B")];
    desk.open(&accounts, "");
    for name in ["other-name", "unknown", "stranger"] {
        let status = desk.wait_for_error(name, &["certificate"]);
        println!("{name}: {}", status["last_error"]);
        assert!(!status["next_attempt_at"].is_null(), "{status}");
    }
    // The harness itself logs in as each of its users once; over TLS nobody did.
    assert!(
        !desk.server.log().lines().any(|line| line.contains("Login: user=") && line.contains("TLS")),
        "{}",
        desk.server.log()
    );
}

#[test]
fn a_wrong_password_is_told_and_the_right_one_taken_up_and_others_go_on_meanwhile() {
    let mut desk = Desk::new();
    let port = desk.server.plain();
    let wrong = Account::of("desk", port).with("password_file", "wrong.txt");
    desk.write("wrong.txt", "not this one");
    desk.server.put("desk", "INBOX", &request("behind-the-password"));
    desk.open(&[wrong, Account::of("sales", port)], "");
    let status = desk.wait_for_error("desk", &["login"]);
    println!("{}", status["last_error"]);
    assert!(!status["last_error"].as_str().unwrap().contains("not this one"), "{status}");
    assert!(!desk.log().contains("not this one"));
    desk.server.put("sales", "INBOX", &request("other-account"));
    desk.wait_for_mails(1);
    assert_eq!(desk.wait_until_well("sales")["last_error"], serde_json::Value::Null);
    // The provider is not asked again at once; a restart asks at once, and reads the file again.
    assert_eq!(desk.server.log().matches("auth failed").count(), 1, "{}", desk.server.log());
    desk.write("wrong.txt", PASSWORD);
    desk.close();
    desk.gateway.start();
    desk.wait_for_mails(2);
    desk.wait_until_well("desk");
    desk.assert_once(&["behind-the-password", "other-account"]);
}

#[test]
fn access_tokens_open_the_mailbox_by_a_refresh_token_and_in_the_clients_own_name() {
    for refreshes in [true, false] {
        let mut desk = Desk::new();
        if refreshes {
            desk.server.provider.authorise("refresh", "desk");
        } else {
            desk.server.provider.grant("desk");
        }
        desk.server.put("desk", "INBOX", &request("by-token"));
        let account = Account::of("desk", desk.server.plain()).with_tokens(&desk.server, refreshes);
        desk.open(&[account], "");
        desk.wait_for_mails(1);
        let forms = desk.server.provider.forms();
        let grant = if refreshes { "refresh_token" } else { "client_credentials" };
        assert_eq!((forms.len(), forms[0]["grant_type"].as_str()), (1, grant), "{forms:?}");
        let used = ["method=XOAUTH2", "method=OAUTHBEARER"].into_iter().any(|method| desk.server.log().contains(method));
        assert!(used, "{}", desk.server.log());
    }
}

#[test]
fn a_token_that_has_expired_is_renewed_and_one_that_was_revoked_is_told() {
    let mut desk = Desk::new();
    desk.server.provider.authorise("refresh", "desk");
    desk.open(
        &[Account::of("desk", desk.server.plain()).with_tokens(&desk.server, true), Account::of("sales", desk.server.plain())],
        "",
    );
    desk.wait_until_well("desk");
    assert_eq!(desk.server.provider.given(), 1);
    // Withdrawn before its time: it is asked for anew when the next login needs one.
    desk.server.provider.expire();
    desk.server.put("desk", "INBOX", &request("renewed"));
    desk.wait_for_mails(1);
    desk.server.kill_sessions();
    wait_for("another token", DEADLINE, || (desk.server.provider.given() == 2).then_some(()));
    desk.server.put("desk", "INBOX", &request("renewed-again"));
    desk.wait_for_mails(2);
    desk.wait_until_well("desk");
    desk.server.provider.revoke();
    desk.server.put("desk", "INBOX", &request("revoked"));
    desk.server.kill_sessions();
    let status = desk.wait_for_error("desk", &["invalid_grant", "authorise"]);
    println!("{}", status["last_error"]);
    assert!(!status["next_attempt_at"].is_null(), "{status}");
    assert!(!status["last_error"].as_str().unwrap().contains("ya29"), "{status}");
    desk.server.put("sales", "INBOX", &request("other-account"));
    wait_for("the other account", DEADLINE, || desk.tickets().contains_key("other-account").then_some(()));
    // Authorised anew, by a person.
    desk.server.provider.authorise("second", "desk");
    fs::write(desk.file("refresh-token.txt"), "second\n").unwrap();
    desk.close();
    desk.gateway.start();
    wait_for("the mail behind", DEADLINE, || desk.tickets().contains_key("revoked").then_some(()));
}

#[test]
fn a_token_that_is_about_to_end_is_renewed_before_the_server_refuses_it() {
    let mut desk = Desk::new();
    desk.server.provider.lasts(30);
    desk.server.provider.authorise("refresh", "desk");
    desk.open(&[Account::of("desk", desk.server.plain()).with_tokens(&desk.server, true)], "");
    desk.wait_until_well("desk");
    let given = desk.server.provider.given();
    desk.server.kill_sessions();
    wait_for("a fresh token", DEADLINE, || (desk.server.provider.given() > given).then_some(()));
    desk.wait_until_well("desk");
    assert!(!desk.server.log().contains("auth failed"), "{}", desk.server.log());
}
