//! What is proven of the sender named in `From`: found between custody and decision, and stored with the arrival.
//!
//! The order of proof: a host in `trusted_networks`; what the mail server in front of us says in Authentication-Results (RFC 8601): a relay,
//! who hands mail over by LMTP or a pipe, the provider that it is fetched from; a DKIM signature
//! (RFC 6376) and SPF (RFC 7208) of a domain that is aligned with that of From (RFC 7489); an ARC chain (RFC 8617) of a sealer that is
//! believed. The first that holds settles it.
//!
//! Nothing here refuses or loses a mail: what cannot be proven, and what nobody could be asked about in time, is `Unproven`, with every
//! verdict in words. The only user of `mail_auth` and `hickory_resolver`.

mod align;
mod arc;
mod dkim;
mod letter;
mod names;
mod results;
mod spf;
mod verdicts;
mod voucher;

use std::net::SocketAddr;
use std::time::Duration;

use mail_auth::common::to_a_label;

use crate::model::arrival::{Arrival, Authenticity, Findings};
use crate::model::mail::Mail;
use crate::model::network::Network;
use crate::model::time::Time;
pub use voucher::Provider;

use align::Inquiry;
use letter::Letter;
use names::Names;
use results::Pass;
use spf::Client;
use verdicts::Verdicts;

/// Time for everything that is asked about one mail, unless the configuration says otherwise.
pub const TIMEOUT: Duration = Duration::from_secs(5);
/// Age of a signature that still counts, unless the configuration says otherwise: mail is tried for five days, and held a little longer.
pub const MAX_SIGNATURE_AGE: Duration = Duration::from_secs(7 * 86_400);

/// A host in front of us that passes on the internet's mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relay {
    /// Where its connections come from.
    pub network: Network,
    /// The name that it puts first in its Authentication-Results.
    pub authserv_id: String,
}

/// What the operator believes, and whom we ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Hosts that are believed about their senders.
    pub trusted_networks: Vec<Network>,
    /// Hosts whose Authentication-Results are believed.
    pub relays: Vec<Relay>,
    /// The name that the mail server which hands mail over by LMTP or a pipe puts first in its Authentication-Results; `None`: it is not
    /// believed.
    pub authserv_id: Option<String>,
    /// Providers that are believed in the same way of the mail that is fetched from them.
    pub fetched: Vec<Provider>,
    /// DNS servers with their ports; none: those of this machine.
    pub name_servers: Vec<SocketAddr>,
    /// Time for everything that is asked about one mail.
    pub timeout: Duration,
    /// Domains whose ARC seals are believed.
    pub arc_sealers: Vec<String>,
    /// Age of a signature that still counts.
    pub max_signature_age: Duration,
    /// What we call ourselves, for the macro `%{r}` of SPF.
    pub hostname: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            trusted_networks: Vec::new(),
            relays: Vec::new(),
            authserv_id: None,
            fetched: Vec::new(),
            name_servers: Vec::new(),
            timeout: TIMEOUT,
            arc_sealers: Vec::new(),
            max_signature_age: MAX_SIGNATURE_AGE,
            hostname: String::new(),
        }
    }
}

/// What the first look at a mail, which asks nobody, comes to.
#[derive(Debug)]
pub enum FirstLook {
    /// There is nothing to ask.
    Settled(Findings),
    /// DNS has to be asked.
    Ask(Box<Question>),
}

/// What is to be asked about a mail. It holds the header, not the body.
#[derive(Debug)]
pub struct Question {
    author: String,
    letter: Letter,
    received_at: Time,
    /// Who is believed in its Authentication-Results.
    voucher: String,
    /// What it says of domains that may be aligned with From.
    vouched: Vec<Pass>,
    /// Places of the DKIM signatures that may prove something.
    signatures: Vec<usize>,
    client: Option<Client>,
    sealed: bool,
    verdicts: Verdicts,
}

/// What was found by asking.
#[derive(Debug)]
pub struct Answer {
    /// What was found.
    pub findings: Findings,
    /// Whether it is worth keeping: false when nobody could be asked, so that a later attempt may.
    pub keep: bool,
}

/// Finds out about senders.
#[derive(Debug)]
pub struct Authenticator {
    options: Options,
    names: Names,
}

impl Authenticator {
    /// Nobody is asked, and no file is read, before the first question.
    pub fn new(options: Options) -> Self {
        let names = Names::new(options.name_servers.clone(), options.timeout);
        Self { options, names }
    }

    /// What can be said without asking anybody, and what would have to be asked. Linear in the size of the mail, which may be large:
    /// not for async threads.
    pub fn look(&self, arrival: &Arrival, mail: &Mail) -> FirstLook {
        let settled = |authenticity, verdict| FirstLook::Settled(Findings { authenticity, verdicts: vec![verdict] });
        if let Some(release) = &arrival.release {
            return settled(Authenticity::Operator, format!("released by {}", release.by));
        }
        if let Some(findings) = &arrival.findings {
            return FirstLook::Settled(findings.clone());
        }
        if arrival.archived {
            return settled(
                Authenticity::Unproven,
                "out of an archive or an old mailbox: nobody was asked about its sender".to_owned(),
            );
        }
        if let Some(ip) = arrival.peer.ip.filter(|_| self.options.trusts(arrival)) {
            return settled(Authenticity::TrustedNetwork, format!("{ip} is in trusted_networks"));
        }
        match self.question(arrival, mail) {
            Ok(look) => look,
            Err(why) => settled(Authenticity::Unproven, format!("nothing is proven: {why}")),
        }
    }

    fn question(&self, arrival: &Arrival, mail: &Mail) -> Result<FirstLook, String> {
        if let Some(doubt) = mail.marks.doubtful_from {
            return Err(format!("From is doubtful ({doubt})"));
        }
        let [author] = mail.from.as_slice() else { return Err("From does not name exactly one address".to_owned()) };
        let letter = Letter::read(&arrival.raw)?;
        let message = letter.message().ok_or("the header cannot be read")?;
        // Two readers that know nothing of each other have to find the same author, in the one From field.
        if letter::count(&message, "From") != 1 || message.froms() != [author.address.as_str().to_lowercase()] {
            return Err("the address in From can be read in more than one way".to_owned());
        }
        let domain = to_a_label(author.address.domain()).into_owned();
        let mut verdicts = Verdicts::default();
        let voucher = self.options.voucher(arrival);
        let vouched = voucher.map_or_else(Vec::new, |name| results::of_server(&message, name, &domain, &mut verdicts));
        if vouched.iter().any(|pass| pass.settles(&domain)) {
            return Ok(FirstLook::Settled(verdicts.findings(Authenticity::AuthenticationResults)));
        }
        let signatures = dkim::candidates(&message, &domain, &self.options, arrival.received_at, &mut verdicts);
        let client = match self.options.why_no_client(arrival) {
            None => spf::client(arrival, &domain, &mut verdicts),
            Some(why) => verdicts.none(&format!("SPF is not asked: {why}")),
        };
        let sealed = arc::is_worth_asking(&message, &self.options.arc_sealers, &mut verdicts);
        if vouched.is_empty() && signatures.is_empty() && client.is_none() && !sealed {
            verdicts.say("nothing proves the sender".to_owned());
            return Ok(FirstLook::Settled(verdicts.findings(Authenticity::Unproven)));
        }
        drop(message);
        let (received_at, voucher) = (arrival.received_at, voucher.unwrap_or_default().to_owned());
        let question = Question { author: domain, letter, received_at, voucher, vouched, signatures, client, sealed, verdicts };
        Ok(FirstLook::Ask(Box::new(question)))
    }

    /// Asks DNS, within the time limit for one mail. Name servers that are down are noticed once, and then not asked for a while.
    pub async fn ask(&self, question: Question) -> Answer {
        let mut verdicts = question.verdicts.clone();
        let Some(dns) = self.names.resolver().await else {
            verdicts.say("the name servers do not answer, so nobody was asked: nothing is proven".to_owned());
            return Answer { findings: verdicts.findings(Authenticity::Unproven), keep: false };
        };
        let mut inquiry = Inquiry::new(dns, &question.author, verdicts);
        let proven = match tokio::time::timeout(self.options.timeout, self.prove(&question, &mut inquiry)).await {
            Ok(proven) => proven,
            Err(_) => {
                inquiry.unanswered = true;
                None
            }
        };
        self.names.heard(proven.is_some() || !inquiry.unanswered).await;
        let mut verdicts = inquiry.verdicts;
        if proven.is_none() {
            let end =
                if inquiry.unanswered { "DNS did not answer in time: nothing is proven" } else { "nothing proves the sender" };
            verdicts.say(end.to_owned());
        }
        Answer { findings: verdicts.findings(proven.unwrap_or_default()), keep: true }
    }

    /// The steps in their order; `None` when nothing is proven.
    async fn prove(&self, question: &Question, inquiry: &mut Inquiry<'_>) -> Option<Authenticity> {
        let mut message = question.letter.message()?;
        let by = format!("by {}", question.voucher);
        for pass in &question.vouched {
            if inquiry.passes(pass, &by).await {
                return Some(Authenticity::AuthenticationResults);
            }
        }
        if dkim::prove(&mut message, &question.signatures, inquiry).await {
            return Some(Authenticity::Dkim);
        }
        if let Some(client) = &question.client
            && spf::prove(client, &self.options.hostname, inquiry).await
        {
            return Some(Authenticity::Spf);
        }
        let limits = (self.options.max_signature_age, question.received_at);
        if question.sealed && arc::prove(&message, limits, inquiry).await {
            return Some(Authenticity::Arc);
        }
        inquiry.say_policy().await;
        None
    }
}
