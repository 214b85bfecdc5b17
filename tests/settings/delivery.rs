//! `[delivery]`: every form of a relay, logins, caps and connections.

use std::path::PathBuf;

use postdesk::deliver::{Relay, Security};
use postdesk::login::{Login, Secret};

use super::{good, only_fault, with};

fn server(host: &str, port: u16, security: Security) -> Relay {
    Relay::Smtp { host: host.to_owned(), port, security, login: None }
}

#[test]
fn every_form_of_relay_is_read() {
    for (url, relay) in [
        ("smtp://relay.example", server("relay.example", 25, Security::Plain)),
        ("smtp://127.0.0.1:2526/", server("127.0.0.1", 2526, Security::Plain)),
        ("smtp://[::1]:2526", server("::1", 2526, Security::Plain)),
        ("smtp://[2001:db8::1]", server("2001:db8::1", 25, Security::Plain)),
        ("smtps://relay.example", server("relay.example", 465, Security::Tls)),
        ("smtp+starttls://relay.example", server("relay.example", 587, Security::StartTls)),
        ("smtp+opportunistic://relay.example", server("relay.example", 25, Security::Opportunistic)),
        ("file:/var/spool/out", Relay::File(PathBuf::from("/var/spool/out"))),
        ("mx:", Relay::Direct { port: 25 }),
        ("mx:2525", Relay::Direct { port: 2525 }),
        ("discard:", Relay::Discard),
    ] {
        assert_eq!(good(&with("[delivery]", &format!("relay = \"{url}\""))).delivery.relay, relay, "{url}");
    }
}

#[test]
fn a_login_is_read_from_user_and_password_file() {
    let text = with("[delivery]", "relay = \"smtps://relay.example\"\nuser = \"desk\"\npassword_file = \"config/postdesk.toml\"");
    let Relay::Smtp { login, .. } = good(&text).delivery.relay else { panic!("a server") };
    let secret = Secret::Password(PathBuf::from("config/postdesk.toml"));
    assert_eq!(login, Some(Login { user: "desk".to_owned(), secret }));
    let (_, key, message) = only_fault(&text.replace("config/postdesk.toml", "no/such/file"));
    assert!(key == "delivery.password_file" && message.contains("cannot be read"), "{key}: {message}");
    let (_, key, message) = only_fault(&text.replace("smtps://relay.example", "discard:"));
    assert!(key == "delivery.user" && message.contains("not a mail server"), "{key}: {message}");
}

#[test]
fn a_login_that_anybody_could_read_on_its_way_is_a_fault() {
    let login =
        |url: &str| with("[delivery]", &format!("relay = \"{url}\"\nuser = \"desk\"\npassword_file = \"config/postdesk.toml\""));
    for url in ["smtp://relay.example", "smtp+opportunistic://relay.example", "smtp://192.0.2.1"] {
        let (_, key, message) = only_fault(&login(url));
        assert!(key == "delivery.user" && message.contains("use smtps:// or smtp+starttls://"), "{url}: {key}: {message}");
    }
    for url in ["smtp://localhost", "smtp://127.0.0.1", "smtp://[::1]", "smtp+starttls://relay.example"] {
        good(&login(url));
    }
}

/// A configuration that logs in with tokens, with this in its table.
fn with_tokens(table: &str) -> String {
    with("[delivery]", &format!("relay = \"smtps://relay.example\"\nuser = \"desk\"\noauth2 = {{ {table} }}"))
}

#[test]
fn tokens_take_the_place_of_a_password() {
    let file = "client_secret_file = \"config/postdesk.toml\"";
    let text =
        with_tokens(&format!("token_endpoint = \"https://login.example/token\", client_id = \"desk\", scope = \"mail\", {file}"));
    let Relay::Smtp { login: Some(Login { secret: Secret::Token(source), .. }), .. } = good(&text).delivery.relay else {
        panic!("a token")
    };
    let options = source.options();
    assert_eq!((options.token_endpoint.as_str(), options.client_id.as_str()), ("https://login.example/token", "desk"));
    assert_eq!((options.scope.as_deref(), &options.refresh_token_file), (Some("mail"), &None));
    let endpoint = |url: &str| with_tokens(&format!("token_endpoint = \"{url}\", client_id = \"desk\", {file}"));
    for url in ["http://localhost:8080/token", "http://[::1]/token", "https://192.0.2.1:8443/a?b=c"] {
        good(&endpoint(url));
    }
    for (table, key, words) in [
        (endpoint("http://login.example/token"), "token_endpoint", "without TLS"),
        (endpoint("https://desk:secret@login.example"), "token_endpoint", "must hold no user"),
        (endpoint("https://login.example:x/"), "token_endpoint", "is not a port"),
        (endpoint("login.example"), "token_endpoint", "takes a URL"),
        (endpoint("https:///token"), "token_endpoint", "is not a host name"),
        (with_tokens(&format!("token_endpoint = \"https://login.example\", {file}")), "client_id", "is missing"),
        (
            endpoint("https://login.example\", refresh_token_file = \"credential:token"),
            "refresh_token_file",
            "a new refresh token has to be written in its place",
        ),
        (endpoint("https://login.example\", scopes = \"x"), "scopes", "did you mean `scope`?"),
    ] {
        let (_, found, message) = only_fault(&table);
        assert!(found == format!("delivery.oauth2.{key}") && message.contains(words), "{found}: {message}");
        assert!(!message.contains("secret@"), "{message}");
    }
    let (_, key, message) = only_fault(&with_tokens("token_endpoint = \"https://login.example\", client_id = \"desk\""));
    assert!(key == "delivery.oauth2" && message.contains("needs refresh_token_file"), "{key}: {message}");
    let (_, key, message) = only_fault(&text.replace("user = \"desk\"\n", ""));
    assert!(key == "delivery.oauth2" && message.contains("of no use without user"), "{key}: {message}");
    let (_, key, message) = only_fault(&with("[delivery]", "relay = \"smtps://relay.example\"\nuser = \"desk\""));
    assert!(key == "delivery.user" && message.contains("of no use without password_file or oauth2"), "{key}: {message}");
    let both = text.replace("user = \"desk\"", "user = \"desk\"\npassword_file = \"config/postdesk.toml\"");
    let (_, key, message) = only_fault(&both);
    assert!(key == "delivery.oauth2" && message.contains("takes the place of password_file"), "{key}: {message}");
}

#[test]
fn the_caps_at_the_wire_are_those_of_the_file() {
    let gate =
        good(&with("[delivery]", "max_per_day = 2000").replace("[acknowledgements]\n", "[acknowledgements]\nper_day = 3\n"))
            .delivery
            .gate;
    assert_eq!((gate.per_day, gate.acknowledgements.per_day), (Some(2_000), 3));
    assert_eq!(good(&with("[delivery]", "max_per_day = 0")).delivery.gate.per_day, None);
}

#[test]
fn several_relays_are_read_in_their_order_each_with_its_own_login_or_that_of_all() {
    let login = "user = \"desk\"\npassword_file = \"config/postdesk.toml\"";
    let text = with("[delivery]", &format!("relay = [\"smtps://a.example\", \"smtps://b.example\"]\n{login}"));
    let delivery = good(&text).delivery;
    let password = |user: &str| {
        let secret = Secret::Password(PathBuf::from("config/postdesk.toml"));
        Some(Login { user: user.to_owned(), secret })
    };
    let of_all = password("desk");
    let with_login = |relay, login| match relay {
        Relay::Smtp { host, port, security, .. } => Relay::Smtp { host, port, security, login },
        other => other,
    };
    assert_eq!(delivery.relay, with_login(server("a.example", 465, Security::Tls), of_all.clone()));
    assert_eq!(delivery.fallbacks, [with_login(server("b.example", 465, Security::Tls), of_all)]);
    let own = "{ url = \"smtps://a.example\", user = \"other\", password_file = \"config/postdesk.toml\" }";
    let delivery = good(&with("[delivery]", &format!("relay = [{own}, {{ url = \"smtp://b.example\" }}]"))).delivery;
    let other = password("other");
    assert_eq!(delivery.relay, with_login(server("a.example", 465, Security::Tls), other));
    assert_eq!(delivery.fallbacks, [server("b.example", 25, Security::Plain)]);
}

#[test]
fn more_connections_are_the_default_where_there_is_no_relay() {
    let connections = |relay: &str| good(&with("[delivery]", &format!("relay = \"{relay}\""))).delivery.max_connections;
    assert_eq!((connections("smtp://a.example"), connections("mx:")), (4, 20));
}
