//! Logging in: with a provider's token where the account has one, else with a password.
//!
//! XOAUTH2 goes before OAUTHBEARER (RFC 7628) where both are offered: it is the one that the large providers document. A password goes by
//! AUTHENTICATE PLAIN (RFC 4616), or by LOGIN where that is all there is. No secret stands in an error, not even where a server repeats it.

use std::path::Path;

use tokio::time::Instant;

use super::folder_name::quoted;
use super::line::{Line, refused};
use super::reply::{Reply, Said, State};
use super::trouble::{Kind, Trouble};
use super::{Account, connect};
use crate::login::oauth2::{Source, Token};
use crate::login::{Secret, secret_of};
use crate::model::encoding::{base64, from_base64};

/// Codes that speak of the server's state, not of who logs in (RFC 5530).
const NOT_OF_THE_LOGIN: [&str; 5] = ["UNAVAILABLE", "INUSE", "SERVERBUG", "LIMIT", "OVERQUOTA"];

/// Logs in, and returns what the server can do now. `offers` is what it could do before.
pub(super) async fn log_in(line: &mut Line, account: &Account, offers: &[String]) -> Result<Vec<String>, Trouble> {
    let user = &account.login.user;
    let mut after = None;
    let said = match &account.login.secret {
        Secret::Password(file) => by_password(line, offers, user, file, &mut after).await,
        Secret::Token(source) => by_token(line, account, offers, source, &mut after).await,
    };
    let said = said.map_err(|trouble| Trouble::new(trouble.kind(), format!("login as {user}: {trouble}")))?;
    match connect::offered_with(&said).or(after) {
        Some(offers) => Ok(offers),
        None => connect::capabilities(line).await,
    }
}

fn offers_mechanism(offers: &[String], mechanism: &str) -> bool {
    offers.iter().any(|offer| offer.strip_prefix("AUTH=") == Some(mechanism))
}

fn offers_initial_response(offers: &[String]) -> bool {
    offers.iter().any(|offer| offer == "SASL-IR")
}

async fn by_password(
    line: &mut Line,
    offers: &[String],
    user: &str,
    file: &Path,
    after: &mut Option<Vec<String>>,
) -> Result<Said, Trouble> {
    let password = secret_of(file).await.map_err(|why| Trouble::new(Kind::Login, why))?;
    if user.contains('\0') || password.contains('\0') {
        return Err(Trouble::new(Kind::Login, "a user or password with a NUL cannot be sent"));
    }
    let plain = base64(format!("\0{user}\0{password}").as_bytes());
    let said = if offers_mechanism(offers, "PLAIN") {
        let mut exchange = Exchange::new("PLAIN", plain.clone(), offers_initial_response(offers));
        exchange.run(line, after).await
    } else if offers.iter().any(|offer| offer == "LOGINDISABLED") {
        let why = "it takes no passwords here (LOGINDISABLED): over TLS it may, or by oauth2";
        return Err(Trouble::new(Kind::Login, why));
    } else {
        by_login(line, user, &password, after).await
    };
    let judged = said.and_then(|said| judged(said, Kind::Login, None));
    let escaped = quoted(&password);
    judged.map_err(|trouble| trouble.without(&plain).without(escaped.trim_matches('"')).without(&password))
}

/// LOGIN. What has no place between quotes is a literal, which the server asks for.
async fn by_login(line: &mut Line, user: &str, password: &str, after: &mut Option<Vec<String>>) -> Result<Said, Trouble> {
    let mut pieces = vec![String::from("LOGIN")];
    for text in [user, password] {
        let Some(last) = pieces.last_mut() else { break };
        last.push(' ');
        if text.bytes().all(|octet| matches!(octet, b' '..=b'~')) {
            last.push_str(&quoted(text));
        } else {
            last.push_str(&format!("{{{}}}", text.len()));
            pieces.push(text.to_owned());
        }
    }
    let mut pieces = pieces.into_iter();
    let command = pieces.next().unwrap_or_default();
    let end = Instant::now() + line.patience.login;
    let go_on = |_: &str| pieces.next().map(|piece| format!("{piece}\r\n").into_bytes());
    line.converse(&command, go_on, end, |reply| note(&reply, after)).await
}

/// A token that was kept may have been withdrawn: one that is refused is asked for anew, once.
async fn by_token(
    line: &mut Line,
    account: &Account,
    offers: &[String],
    source: &Source,
    after: &mut Option<Vec<String>>,
) -> Result<Said, Trouble> {
    let Some(mechanism) = ["XOAUTH2", "OAUTHBEARER"].into_iter().find(|name| offers_mechanism(offers, name)) else {
        let why = "it offers neither AUTH=XOAUTH2 nor AUTH=OAUTHBEARER, which oauth2 needs; use password_file instead";
        return Err(Trouble::new(Kind::Login, why));
    };
    let initial = offers_initial_response(offers);
    let token = asked(source).await?;
    let first = with_token(line, account, mechanism, &token, initial, after).await;
    let why = match first {
        Err(trouble) if trouble.kind() == Kind::Token => trouble,
        ended => return ended,
    };
    source.forget(&token).await;
    if !token.kept {
        let why = format!("{why}, with a token that the provider has just given; look at user and scope");
        return Err(Trouble::new(Kind::Token, why));
    }
    let token = asked(source).await?;
    let ended = with_token(line, account, mechanism, &token, initial, after).await;
    if ended.as_ref().is_err_and(|trouble| trouble.kind() == Kind::Token) {
        source.forget(&token).await;
    }
    ended
}

async fn asked(source: &Source) -> Result<Token, Trouble> {
    source.token().await.map_err(|why| Trouble::new(Kind::Token, why))
}

async fn with_token(
    line: &mut Line,
    account: &Account,
    mechanism: &'static str,
    token: &Token,
    initial: bool,
    after: &mut Option<Vec<String>>,
) -> Result<Said, Trouble> {
    let bearer = token.reveal();
    let (user, host, port) = (&account.login.user, &account.host, account.port);
    let response = if mechanism == "XOAUTH2" {
        format!("user={user}\u{1}auth=Bearer {bearer}\u{1}\u{1}")
    } else {
        // RFC 5801, section 4: an authorization identity, with what would end it written otherwise.
        let user = user.replace('=', "=3D").replace(',', "=2C");
        format!("n,a={user},\u{1}host={host}\u{1}port={port}\u{1}auth=Bearer {bearer}\u{1}\u{1}")
    };
    let response = base64(response.as_bytes());
    let mut exchange = Exchange::new(mechanism, response.clone(), initial);
    let said = exchange.run(line, after).await;
    let judged = said.and_then(|said| judged(said, Kind::Token, exchange.status.as_deref()));
    judged.map_err(|trouble| trouble.without(&response).without(bearer))
}

/// AUTHENTICATE (RFC 3501, section 6.2.2), with the response in the command where the server takes that (RFC 4959).
struct Exchange {
    mechanism: &'static str,
    response: Option<String>,
    initial: bool,
    /// What the server said in an error challenge.
    status: Option<String>,
}

impl Exchange {
    fn new(mechanism: &'static str, response: String, initial: bool) -> Self {
        Self { mechanism, response: Some(response), initial, status: None }
    }

    async fn run(&mut self, line: &mut Line, after: &mut Option<Vec<String>>) -> Result<Said, Trouble> {
        let mechanism = self.mechanism;
        let command = match self.response.take_if(|_| self.initial) {
            Some(response) => format!("AUTHENTICATE {mechanism} {response}"),
            None => format!("AUTHENTICATE {mechanism}"),
        };
        let end = Instant::now() + line.patience.login;
        line.converse(&command, |challenge| self.answer(challenge), end, |reply| note(&reply, after)).await
    }

    /// The response where it is asked for; else this tells of an error, which has to be answered before the command ends.
    fn answer(&mut self, challenge: &str) -> Option<Vec<u8>> {
        if let Some(response) = self.response.take() {
            return Some(format!("{response}\r\n").into_bytes());
        }
        if self.status.is_some() {
            return None;
        }
        self.status = Some(status_in(challenge));
        match self.mechanism {
            // RFC 7628, section 3.2.3: a single ^A.
            "OAUTHBEARER" => Some(b"AQ==\r\n".to_vec()),
            "XOAUTH2" => Some(b"\r\n".to_vec()),
            // PLAIN has nothing more to say: this takes it back.
            _ => Some(b"*\r\n".to_vec()),
        }
    }
}

/// The status in an error challenge, which is JSON in base64; empty where there is none.
fn status_in(challenge: &str) -> String {
    let octets = from_base64(challenge.trim()).unwrap_or_default();
    let told: serde_json::Value = serde_json::from_slice(&octets).unwrap_or_default();
    let status = &told["status"];
    let status = status.as_str().map_or_else(|| status.to_string(), str::to_owned);
    match status.as_str() {
        "null" => String::new(),
        "400" | "401" | "invalid_token" => format!("{status}: the token has expired, was withdrawn or is for something else"),
        "insufficient_scope" => format!("{status}: the token has not the scope that is needed"),
        _ => status,
    }
}

fn note(reply: &Reply, after: &mut Option<Vec<String>>) {
    *after = connect::offered(reply).or(after.take());
}

/// What the end of a login means. NO is about the credentials, unless it says otherwise.
fn judged(said: Said, kind: Kind, status: Option<&str>) -> Result<Said, Trouble> {
    if said.state == State::Ok {
        return Ok(said);
    }
    let trouble = refused(&said, "");
    let of_the_login = said.state == State::No && !NOT_OF_THE_LOGIN.iter().any(|code| said.has(code));
    let kind = if of_the_login { kind } else { trouble.kind() };
    let status = status.filter(|status| !status.is_empty()).map(|status| format!(" ({status})")).unwrap_or_default();
    Err(Trouble::new(kind, format!("{}{status}", said.words())))
}
