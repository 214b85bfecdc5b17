//! Opening a connection: TCP, TLS, the greeting. What a server said before TLS began is not believed after it.

use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};

use super::guard::Limits;
use super::line::Line;
use super::patience::Patience;
use super::reply::{Reply, Said, State, names};
use super::trouble::{Kind, Trouble};
use super::wire::Wire;
use super::{Account, Security};
use crate::web::{Duplex, Trust};

/// A connection to the account's server, protected as it says, and what the server greeted with; without a greeting after STARTTLS.
pub(super) async fn connect(account: &Account, trust: &Trust, patience: Patience) -> Result<(Line, Option<Said>), Trouble> {
    let tcp = dial(account, patience.connect).await?;
    let stream: Box<dyn Duplex> = match account.security {
        Security::Tls => protect(Box::new(tcp), account, trust, patience).await?,
        Security::StartTls | Security::Plain => Box::new(tcp),
    };
    let mut line = Line::new(Wire::new(stream, Limits::default()), patience);
    let greeting = line.greeting().await?;
    if account.security != Security::StartTls {
        return Ok((line, Some(greeting)));
    }
    if greeting.state == State::Preauth {
        // RFC 3501, section 6.2.1 has no STARTTLS then: somebody in between could have said it to keep us from TLS.
        return Err(Trouble::new(Kind::Tls, "it greets with PREAUTH, where STARTTLS is not possible any more"));
    }
    let line = start_tls(line, account, trust, patience).await?;
    Ok((line, None))
}

/// Any address of the host; each but the last has half of the time that is left, so that one that leads nowhere does not hide the others.
async fn dial(account: &Account, limit: Duration) -> Result<TcpStream, Trouble> {
    let end = Instant::now() + limit;
    let unreachable = |error: &dyn std::fmt::Display| Trouble::new(Kind::Unreachable, format!("there is no connection: {error}"));
    let late = || unreachable(&format!("nothing within {} s", limit.as_secs()));
    let found = timeout_at(end, lookup_host((account.host.as_str(), account.port))).await.map_err(|_| late())?;
    let mut addresses = found.map_err(|error| unreachable(&error))?.peekable();
    let mut why = unreachable(&"the host has no address");
    while let Some(address) = addresses.next() {
        let left = end.saturating_duration_since(Instant::now());
        let part = if addresses.peek().is_some() { left / 2 } else { left };
        why = match timeout(part, TcpStream::connect(address)).await {
            Err(_) => late(),
            Ok(tcp) => match tcp.and_then(|tcp| tcp.set_nodelay(true).map(|()| tcp)) {
                Ok(tcp) => return Ok(tcp),
                Err(error) => unreachable(&error),
            },
        };
    }
    Err(why)
}

async fn start_tls(mut line: Line, account: &Account, trust: &Trust, patience: Patience) -> Result<Line, Trouble> {
    if !capabilities(&mut line).await?.iter().any(|name| name == "STARTTLS") {
        return Err(Trouble::new(Kind::Tls, "it does not offer STARTTLS, which the configuration asks for"));
    }
    let end = Instant::now() + patience.tls;
    let started = line.run_until("STARTTLS", end, |_| {}).await;
    started
        .map_err(|trouble| if trouble.kind() == Kind::Refused { Trouble::new(Kind::Tls, trouble.words()) } else { trouble })?;
    let Some(stream) = line.into_wire().into_stream() else {
        return Err(Trouble::new(Kind::Tls, "something was said between STARTTLS and TLS: somebody may stand in between"));
    };
    let stream = protect(stream, account, trust, patience).await?;
    Ok(Line::new(Wire::new(stream, Limits::default()), patience))
}

async fn protect(
    stream: Box<dyn Duplex>,
    account: &Account,
    trust: &Trust,
    patience: Patience,
) -> Result<Box<dyn Duplex>, Trouble> {
    let protected = timeout(patience.tls, trust.protect(stream, &account.host)).await;
    let protected = protected.map_err(|_| Trouble::new(Kind::Tls, Trouble::late("TLS did not begin", patience.tls).words()))?;
    protected.map_err(|error| Trouble::new(Kind::Tls, format!("TLS did not begin: {}", advised(error.to_string()))))
}

/// What the machine's TLS says, with what an operator can do about the one that explains nothing.
fn advised(words: String) -> String {
    if words.contains("UnknownIssuer") {
        return format!("{words}: no authority that is trusted here has signed it; name its authority as ca_file of the account");
    }
    words
}

/// What the server can do, in upper case. Some say it in the code of OK alone.
pub(super) async fn capabilities(line: &mut Line) -> Result<Vec<String>, Trouble> {
    let mut offers = None;
    let end = Instant::now() + line.patience.login;
    let said = line.run_until("CAPABILITY", end, |reply| offers = offered(&reply).or(offers.take())).await?;
    offers.or_else(|| offered_with(&said)).ok_or_else(|| Trouble::nonsense("it does not say what it can do"))
}

/// What a reply says of that.
pub(super) fn offered(reply: &Reply) -> Option<Vec<String>> {
    match reply {
        Reply::Offers(offers) => Some(offers.clone()),
        Reply::State(said) => offered_with(said),
        _ => None,
    }
}

/// What the code of a state says of that.
pub(super) fn offered_with(said: &Said) -> Option<Vec<String>> {
    said.code.as_ref().filter(|(code, _)| code == "CAPABILITY").map(|(_, value)| names(value))
}
