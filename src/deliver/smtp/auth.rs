//! Logging in (RFC 4954): with a provider's token where there is one, else with a password.

use std::path::Path;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::Auth;
use lettre::transport::smtp::extension::ServerInfo;
use lettre::transport::smtp::response::Response;

use super::door::said;
use crate::login::oauth2::{Source, Token};
use crate::login::{Login, Secret, secret_of};

/// How many challenges a login may have: LOGIN has two.
const MOST_CHALLENGES: usize = 3;
/// The credentials are not good.
const REFUSED: u16 = 535;

/// Why a login did not work.
enum Trouble {
    /// They are not good, says the server.
    Refused(String),
    /// Something else is wrong.
    Other(String),
}

/// Logs in. The error is for the operator and holds no secret.
pub(super) async fn log_in(smtp: &mut AsyncSmtpConnection, offers: &ServerInfo, login: &Login) -> Result<(), String> {
    let user = &login.user;
    match &login.secret {
        Secret::Password(file) => by_password(smtp, offers, user, file).await,
        Secret::Token(source) => by_token(smtp, offers, user, source).await,
    }
}

/// PLAIN (RFC 4616) or, for those who know nothing else, LOGIN.
async fn by_password(smtp: &mut AsyncSmtpConnection, offers: &ServerInfo, user: &str, file: &Path) -> Result<(), String> {
    let Some(mechanism) = offers.get_auth_mechanism(&[Mechanism::Plain, Mechanism::Login]) else {
        return Err("it offers neither AUTH PLAIN nor AUTH LOGIN".to_owned());
    };
    let credentials = Credentials::new(user.to_owned(), secret_of(file).await?);
    in_words(exchange(smtp, mechanism, &credentials).await, user)
}

fn in_words(ended: Result<(), Trouble>, user: &str) -> Result<(), String> {
    ended.map_err(|trouble| match trouble {
        Trouble::Refused(why) | Trouble::Other(why) => format!("login as {user}: {why}"),
    })
}

/// XOAUTH2. A token that was kept may have been withdrawn: one that is refused is asked for anew, once.
async fn by_token(smtp: &mut AsyncSmtpConnection, offers: &ServerInfo, user: &str, source: &Source) -> Result<(), String> {
    if !offers.supports_auth_mechanism(Mechanism::Xoauth2) {
        return Err("it does not offer AUTH XOAUTH2, which oauth2 needs; use password_file instead".to_owned());
    }
    let token = source.token().await?;
    let why = match with_token(smtp, user, &token).await {
        Err(Trouble::Refused(why)) => why,
        ended => return in_words(ended, user),
    };
    source.forget(&token).await;
    if !token.kept {
        return Err(format!("login as {user}: {why}, with a token that the provider has just given; look at user and scope"));
    }
    let token = source.token().await?;
    let ended = with_token(smtp, user, &token).await;
    if matches!(ended, Err(Trouble::Refused(_))) {
        source.forget(&token).await;
    }
    in_words(ended, user)
}

async fn with_token(smtp: &mut AsyncSmtpConnection, user: &str, token: &Token) -> Result<(), Trouble> {
    exchange(smtp, Mechanism::Xoauth2, &Credentials::new(user.to_owned(), token.reveal().to_owned())).await
}

/// The exchange of AUTH up to its end.
async fn exchange(smtp: &mut AsyncSmtpConnection, mechanism: Mechanism, credentials: &Credentials) -> Result<(), Trouble> {
    let first = Auth::new(mechanism, credentials.clone(), None).map_err(|error| Trouble::Other(said(error)))?;
    let mut reply = heard(smtp.command(first).await)?;
    for _ in 0..MOST_CHALLENGES {
        if !reply.has_code(334) {
            break;
        }
        reply = if mechanism == Mechanism::Xoauth2 {
            // The challenge tells of an error in JSON; an empty answer brings the reply that counts.
            heard(smtp.command("\r\n").await)?
        } else {
            let answer = Auth::new_from_response(mechanism, credentials.clone(), &reply);
            heard(smtp.command(answer.map_err(|error| Trouble::Other(said(error)))?).await)?
        };
    }
    if reply.has_code(235) { Ok(()) } else { Err(Trouble::Other(format!("{} instead of 235", reply.code()))) }
}

fn heard(reply: Result<Response, Error>) -> Result<Response, Trouble> {
    reply.map_err(|error| {
        let refused = super::reply_of(&error).is_some_and(|reply| reply.code == REFUSED);
        let why = said(error);
        if refused { Trouble::Refused(why) } else { Trouble::Other(why) }
    })
}
