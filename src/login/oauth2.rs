//! Access tokens of a provider, for logins that take no password (RFC 6749: refresh token, client credentials).
//!
//! What it promises: a token is kept until a minute before its end; one request at a time is under way, whoever waits; a refresh token that
//! the provider changes is on the disk before the token that came with it is used, and is not lost when whoever asked for it goes away. Where
//! it cannot be written, it is kept in memory, told loudly, and written as soon as that works.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::answer::{self, Given};
use super::{keep, secret_of};
use crate::observe::numbers;
use crate::web::{Client, Uri};

/// How long before its end a token is not used any more: it has to last until the server has looked at it.
const EARLY: Duration = Duration::from_secs(60);
/// Time for the whole exchange with the provider.
const EXCHANGE: Duration = Duration::from_secs(10);
/// The longest answer that is read, in octets. Tokens have a few KiB.
const LONGEST_ANSWER: usize = 64 * 1024;

/// Where tokens come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// URL of the token endpoint: `https://`, or `http://` on this machine.
    pub token_endpoint: String,
    /// Who we are to the provider.
    pub client_id: String,
    /// File with the secret of the client. Some providers give none to programs that are installed.
    pub client_secret_file: Option<PathBuf>,
    /// File with the refresh token, which a person who may has authorised. Without it, the client asks in its own name.
    pub refresh_token_file: Option<PathBuf>,
    /// What the token is to be good for, as the provider calls it.
    pub scope: Option<String>,
    /// File with authorities that are trusted besides those of this machine, in PEM.
    pub ca_file: Option<PathBuf>,
}

/// A source of access tokens, and the one that it gave last.
pub struct Source {
    options: Options,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    client: Option<Client>,
    kept: Option<(String, Instant)>,
    /// A refresh token that could not be written, and the one in whose place it came.
    unwritten: Option<(String, String)>,
}

/// An access token. It has no `Debug`: it is as good as a password.
#[derive(Clone)]
pub struct Token {
    text: String,
    /// It was not made for this login: it may have been withdrawn since.
    pub kept: bool,
}

impl Token {
    /// The token, for the wire.
    pub fn reveal(&self) -> &str {
        &self.text
    }
}

impl Source {
    /// A source that has not been asked yet.
    pub fn new(options: Options) -> Self {
        Self { options, state: Arc::default() }
    }

    /// What it was made of.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// A token that is good for a minute at least, or a fresh one. The error is for the operator.
    ///
    /// # Errors
    /// When a file cannot be read, or the provider is away or gives none; it holds no secret.
    pub async fn token(&self) -> Result<Token, String> {
        let mut state = Arc::clone(&self.state).lock_owned().await;
        if let Some((text, end)) = &state.kept
            && Instant::now() + EARLY < *end
        {
            return Ok(Token { text: text.clone(), kept: true });
        }
        let options = self.options.clone();
        // A task of its own: who asked may give up waiting, and the answer may hold the only refresh token that is still good.
        let asked = tokio::spawn(async move { state.renew(&options).await });
        let text = asked.await.map_err(|_| "asking for an access token ended early".to_owned())?;
        text.map(|text| Token { text, kept: false }).map_err(|why| format!("no access token from {}: {why}", self.endpoint()))
    }

    /// Forgets a token that was refused, so that the next one is fresh.
    pub async fn forget(&self, token: &Token) {
        let mut state = self.state.lock().await;
        if state.kept.as_ref().is_some_and(|(text, _)| *text == token.text) {
            state.kept = None;
        }
    }

    /// Its URL without what may stand in a query.
    fn endpoint(&self) -> &str {
        self.options.token_endpoint.split(['?', '#']).next().unwrap_or_default()
    }
}

impl State {
    /// Asks for a token, and keeps what came.
    async fn renew(&mut self, options: &Options) -> Result<String, String> {
        let (form, secrets) = self.form(options).await?;
        let given = self.ask(options, form, &secrets).await?;
        if let (Some(file), Some(new)) = (&options.refresh_token_file, &given.refresh_token) {
            let used = secrets.last().cloned().unwrap_or_default();
            if *new != used {
                self.keep_refresh_token(file, used, new.clone()).await;
            }
        } else if let (Some(file), Some((old, new))) = (&options.refresh_token_file, self.unwritten.clone()) {
            self.keep_refresh_token(file, old, new).await;
        }
        self.kept = Some((given.token.clone(), Instant::now() + given.lasts));
        numbers::token_given(&options.client_id, given.lasts);
        Ok(given.token)
    }

    /// The form, and the secrets in it; the refresh token is the last of them.
    async fn form(&self, options: &Options) -> Result<(String, Vec<String>), String> {
        let mut fields = vec![("client_id", options.client_id.clone())];
        let mut secrets = Vec::new();
        if let Some(file) = &options.client_secret_file {
            let secret = secret_of(file).await?;
            secrets.push(secret.clone());
            fields.push(("client_secret", secret));
        }
        if let Some(scope) = &options.scope {
            fields.push(("scope", scope.clone()));
        }
        match &options.refresh_token_file {
            Some(file) => {
                let found = secret_of(file).await?;
                let newer = self.unwritten.as_ref().filter(|(old, _)| *old == found).map(|(_, new)| new.clone());
                let token = newer.unwrap_or(found);
                secrets.push(token.clone());
                fields.extend([("grant_type", "refresh_token".to_owned()), ("refresh_token", token)]);
            }
            None => fields.push(("grant_type", "client_credentials".to_owned())),
        }
        let form = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect::<Vec<_>>().join("&");
        Ok((form, secrets))
    }

    async fn ask(&mut self, options: &Options, form: String, secrets: &[String]) -> Result<Given, String> {
        let url: Uri = options.token_endpoint.parse().map_err(|_| "it is no URL".to_owned())?;
        let client = match self.client.clone() {
            Some(client) => client,
            None => self.client.insert(Client::new(options.ca_file.as_deref())?).clone(),
        };
        let answer = timeout(EXCHANGE, client.post_form(&url, form, LONGEST_ANSWER)).await;
        let answer = answer.map_err(|_| format!("it did not answer within {} s", EXCHANGE.as_secs()))?;
        let (status, body) = answer.map_err(|error| error.to_string())?;
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        answer::read(status, &body, &secrets)
    }

    async fn keep_refresh_token(&mut self, file: &Path, used: String, new: String) {
        let (path, text) = (file.to_owned(), new.clone());
        let written = tokio::task::spawn_blocking(move || keep::keep(&path, &text)).await;
        let why = match written {
            Ok(Ok(())) => {
                self.unwritten = None;
                return;
            }
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        let file_name = file.display();
        tracing::error!(
            file = %file_name, why,
            "the provider has changed the refresh token and it cannot be written: make the file writable before the next restart"
        );
        // What the file holds is the first of a row of tokens that could not be written.
        let old = self.unwritten.take().map_or(used, |(old, _)| old);
        self.unwritten = Some((old, new));
    }
}

/// A value of a form (`application/x-www-form-urlencoded`).
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for octet in value.bytes() {
        match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(octet)),
            _ => text.push_str(&format!("%{octet:02X}")),
        }
    }
    text
}

impl fmt::Debug for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.options.fmt(formatter)
    }
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        self.options == other.options
    }
}

impl Eq for Source {}
