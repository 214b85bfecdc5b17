//! DKIM (RFC 6376): whether the domain of From, or one that may speak for it, has signed the mail.

use std::time::Duration;

use mail_auth::common::cache::NoCache;
use mail_auth::common::crypto::Algorithm;
use mail_auth::common::headers::Header;
use mail_auth::common::to_a_label;
use mail_auth::common::verify::{DomainKey, VerifySignature};
use mail_auth::dkim::{DkimError, Signature};
use mail_auth::{AuthenticatedMessage, DkimResult, Error, Parameters, Txt};

use super::Options;
use super::align::{Inquiry, Means, may_align};
use super::verdicts::Verdicts;
use crate::model::time::Time;

/// Signatures of one mail that are looked at; the topmost, which are the newest. Honest mail has three or four.
const MOST_SIGNATURES: usize = 10;
/// Fields that one signature may name: each is looked for in the whole header.
const MOST_SIGNED: usize = 256;
/// How far a signer's clock may be ahead of ours.
const SKEW: Duration = Duration::from_secs(600);
/// Flag `y` of a key (RFC 6376 section 3.6.1): whoever tests wants to be treated as if he had not signed.
const TESTING: u64 = 0x10;

/// Places of the signatures that may prove the sender; why the others may not is said.
pub(super) fn candidates(
    message: &AuthenticatedMessage<'_>,
    author: &str,
    options: &Options,
    received_at: Time,
    verdicts: &mut Verdicts,
) -> Vec<usize> {
    say_unreadable(message, verdicts);
    if message.dkim_headers.len() > MOST_SIGNATURES {
        verdicts.say(format!("only {MOST_SIGNATURES} of {} DKIM signatures are looked at", message.dkim_headers.len()));
    }
    let mut candidates = Vec::new();
    for (place, header) in message.dkim_headers.iter().enumerate().take(MOST_SIGNATURES) {
        match fault(&header.header, author, options.max_signature_age, received_at) {
            Some(why) => verdicts.say(format!("DKIM of {} does not count: {why}", header.header.d)),
            None => candidates.push(place),
        }
    }
    // Those of the author's own domain first, lest somebody's slow name server use up the time for them.
    candidates.sort_by_key(|place| to_a_label(&message.dkim_headers[*place].header.d) != author);
    candidates
}

/// Signatures that could not be read. One with `l=` is among them: anybody can add to what it covers (RFC 6376 section 8.2).
fn say_unreadable(message: &AuthenticatedMessage<'_>, verdicts: &mut Verdicts) {
    let broken = message.errors.iter().filter_map(|header| match &header.header {
        Error::Dkim(error) => Some((header.value, Some(error))),
        _ if header.name.trim_ascii().eq_ignore_ascii_case(b"DKIM-Signature") => Some((header.value, None)),
        _ => None,
    });
    for (value, error) in broken.take(MOST_SIGNATURES) {
        let signed = tag(value, "d").unwrap_or_else(|| "an unknown domain".to_owned());
        let why = match (error, tag(value, "l")) {
            (Some(DkimError::SignatureLength), Some(length)) => format!("it signs only the first {length} octets (l=)"),
            (Some(error), _) => error.to_string().to_lowercase(),
            (None, _) => "it cannot be read".to_owned(),
        };
        verdicts.say(format!("DKIM of {signed} does not count: {why}"));
    }
}

/// The value of a tag, for a verdict.
fn tag(value: &[u8], name: &str) -> Option<String> {
    let value = String::from_utf8_lossy(value);
    let (_, text) = value.split(';').filter_map(|tag| tag.split_once('=')).find(|(found, _)| found.trim() == name)?;
    Some(text.split_whitespace().collect())
}

/// What keeps a signature from proving anything, before anybody is asked.
fn fault(signature: &Signature, author: &str, oldest: Duration, received_at: Time) -> Option<String> {
    let received = u64::try_from(received_at.0 / 1_000_000).unwrap_or_default();
    if !may_align(&to_a_label(&signature.d), author) {
        return Some("its domain is not that of From".to_owned());
    }
    if signature.l > 0 {
        return Some(format!("it signs only the first {} octets (l=)", signature.l));
    }
    if signature.a == Algorithm::RsaSha1 {
        return Some("rsa-sha1 proves nothing any more (RFC 8301)".to_owned());
    }
    if !signature.h.iter().any(|name| name.eq_ignore_ascii_case("From")) {
        return Some("it does not sign From".to_owned());
    }
    if signature.h.len() > MOST_SIGNED {
        return Some(format!("it names more than {MOST_SIGNED} fields"));
    }
    age_fault(signature.t, signature.x, oldest, received)
}

/// What is wrong with the times of a signature. Without `t=` it has no age; many honest ones have none.
pub(super) fn age_fault(made: u64, expires: u64, oldest: Duration, received: u64) -> Option<String> {
    if made > 0 && made > received.saturating_add(SKEW.as_secs()) {
        return Some("it was made in the future (t=)".to_owned());
    }
    if made > 0 && made < received.saturating_sub(oldest.as_secs()) {
        return Some(format!("it is older than {} days (t=)", oldest.as_secs() / 86_400));
    }
    if expires > 0 && expires <= received {
        return Some("it has expired (x=)".to_owned());
    }
    None
}

/// Whether one of the signatures proves the sender. Each is checked on its own, until one does.
pub(super) async fn prove(message: &mut AuthenticatedMessage<'_>, places: &[usize], inquiry: &mut Inquiry<'_>) -> bool {
    let mut signatures: Vec<Option<Header<'_, Signature>>> =
        std::mem::take(&mut message.dkim_headers).into_iter().map(Some).collect();
    message.errors.clear();
    for place in places {
        let Some(mut header) = signatures.get_mut(*place).and_then(Option::take) else { continue };
        let (domain, selector, key) = (header.header.d.clone(), header.header.s.clone(), header.header.domain_key());
        // No questions about whom to report to, and no signing by third parties (RFC 6541).
        header.header.r = false;
        header.header.atps = None;
        message.dkim_headers = vec![header];
        let result = verify(message, inquiry).await;
        message.dkim_headers.clear();
        let holds = match result {
            DkimResult::Pass => true,
            DkimResult::TempError(_) => {
                inquiry.unanswered = true;
                inquiry.verdicts.say(format!("DKIM temperror: DNS does not answer for {selector}._domainkey.{domain}"));
                false
            }
            result => {
                inquiry.verdicts.say(format!("DKIM fail: signature of {domain}, selector {selector}: {}", in_words(&result)));
                false
            }
        };
        if holds && counts(&domain, &selector, key, inquiry).await {
            return true;
        }
    }
    false
}

async fn verify(message: &AuthenticatedMessage<'_>, inquiry: &Inquiry<'_>) -> DkimResult {
    let outputs = inquiry.dns.verify_dkim(Parameters::new(message)).await;
    outputs.first().map_or(DkimResult::None, |output| output.result().clone())
}

/// Whether a signature that holds proves the sender: its key is no test, and its domain is aligned.
async fn counts(domain: &str, selector: &str, key: String, inquiry: &mut Inquiry<'_>) -> bool {
    let key = inquiry.dns.txt_lookup::<DomainKey>(key, None::<&NoCache<Box<str>, Txt>>).await;
    if key.is_ok_and(|key| key.f & TESTING != 0) {
        inquiry.verdicts.say(format!("DKIM of {domain} does not count: its key is marked as a test (t=y)"));
        return false;
    }
    let aligned = inquiry.aligned(domain, Means::Dkim).await;
    let end = if aligned { "" } else { ", which is not aligned with From" };
    inquiry.verdicts.say(format!("DKIM pass: signed by {domain}, selector {selector}{end}"));
    aligned
}

/// Why a signature does not hold.
pub(super) fn in_words(result: &DkimResult) -> String {
    match result {
        DkimResult::Neutral(error) | DkimResult::Fail(error) | DkimResult::PermError(error) | DkimResult::TempError(error) => {
            match error {
                Error::Dkim(DkimError::FailedBodyHashMatch) => "the body was changed".to_owned(),
                Error::Crypto(_) => "the header was changed, or the key is another one".to_owned(),
                Error::Dns(_) => "there is no such key".to_owned(),
                error => error.to_string().to_lowercase(),
            }
        }
        DkimResult::Pass | DkimResult::None => "there is none".to_owned(),
    }
}
