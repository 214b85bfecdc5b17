//! Whether a domain that is proven may speak for that of From (RFC 7489 section 3.1), and what the latter's DMARC record asks.
//!
//! The organisational domain is found by asking for DMARC records upwards from the domain (RFC 9989 section 4.10), not by a list of public
//! suffixes. Where there is no record at all, a domain is aligned with itself and with those below it, which it controls in any case;
//! never with those beside or above it: whoever rents a name under a registry would speak for all others.

use std::sync::Arc;

use mail_auth::common::cache::NoCache;
use mail_auth::common::to_a_label;
use mail_auth::dmarc::{Alignment, Dmarc, Policy, Psd};
use mail_auth::{DnsError, Error, MessageAuthenticator, Txt};

use super::results::Pass;
use super::verdicts::Verdicts;

/// Questions for DMARC records on the way up from one domain (RFC 9989 section 4.10).
const MOST_STEPS: usize = 8;
/// What registries of countries call the levels under which they let names: nobody there speaks for his neighbour, whatever records say.
const REGISTRY_LEVELS: [&str; 14] =
    ["ac", "co", "com", "edu", "gob", "gov", "gouv", "mil", "ne", "net", "nom", "or", "org", "sch"];

/// How a domain was proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Means {
    /// By a signature.
    Dkim,
    /// By the address of the client.
    Spf,
}

/// DNS did not answer, or not in time.
#[derive(Debug)]
pub(super) struct Unanswered;

/// What the domain of From asks for.
#[derive(Debug, Clone)]
struct Asked {
    record: Arc<Dmarc>,
    /// Where the record stands.
    at: String,
    /// The organisational domain of From.
    organisation: String,
}

/// What is being found out about one mail.
pub(super) struct Inquiry<'a> {
    pub(super) dns: &'a MessageAuthenticator,
    /// Domain of From, as DNS writes it.
    pub(super) author: &'a str,
    pub(super) verdicts: Verdicts,
    /// Whether something was asked and not answered.
    pub(super) unanswered: bool,
    asked: Option<Option<Asked>>,
}

impl<'a> Inquiry<'a> {
    pub(super) fn new(dns: &'a MessageAuthenticator, author: &'a str, verdicts: Verdicts) -> Self {
        Self { dns, author, verdicts, unanswered: false, asked: None }
    }

    /// Whether what somebody we believe says has passed proves the sender; `whose` word it is, for the verdict.
    pub(super) async fn passes(&mut self, pass: &Pass, whose: &str) -> bool {
        let (means, domain) = match pass {
            Pass::Dmarc => return true,
            Pass::Dkim(domain) => (Means::Dkim, domain),
            Pass::Spf(domain) => (Means::Spf, domain),
        };
        let aligned = self.aligned(domain, means).await;
        let is = if aligned { "aligned" } else { "not aligned" };
        self.verdicts.say(format!("{} found {whose}: {is} with From", pass.in_words()));
        aligned
    }

    /// Whether a proven domain is aligned with that of From.
    pub(super) async fn aligned(&mut self, domain: &str, means: Means) -> bool {
        let domain = to_a_label(domain);
        if domain == self.author {
            return true;
        }
        if !may_align(&domain, self.author) {
            return false;
        }
        let aligned = self.related(&domain, means).await;
        self.unanswered |= aligned.is_err();
        aligned.unwrap_or(false)
    }

    async fn related(&mut self, domain: &str, means: Means) -> Result<bool, Unanswered> {
        let Some(asked) = self.asked().await? else {
            return Ok(is_below(self.author, domain));
        };
        let mode = if means == Means::Dkim { asked.record.adkim } else { asked.record.aspf };
        if mode == Alignment::Strict {
            self.verdicts.say(format!("DMARC of {}: only {} itself counts, not {domain}", asked.at, self.author));
            return Ok(false);
        }
        if is_registry(&asked.organisation) || !within(domain, &asked.organisation) {
            return Ok(false);
        }
        let found = self.records(domain).await?;
        Ok(organisation(&found, domain) == asked.organisation)
    }

    /// What the DMARC record for From asks; asked for once.
    async fn asked(&mut self) -> Result<Option<Asked>, Unanswered> {
        if let Some(asked) = &self.asked {
            return Ok(asked.clone());
        }
        let found = self.records(self.author).await?;
        let organisation = organisation(&found, self.author);
        let own = found.iter().find(|(name, _)| name == self.author);
        let record = own.or_else(|| found.iter().find(|(name, _)| *name == organisation)).or(found.last());
        let asked = record.map(|(at, record)| Asked { record: Arc::clone(record), at: at.clone(), organisation });
        self.asked = Some(asked.clone());
        Ok(asked)
    }

    /// The DMARC records of a domain and of those above it, from the longest name to the shortest.
    async fn records(&self, domain: &str) -> Result<Vec<(String, Arc<Dmarc>)>, Unanswered> {
        let labels: Vec<&str> = domain.split('.').collect();
        let mut found = Vec::new();
        // The name itself, then at most the seven shortest; a top level has no authors.
        let skipped = labels.len().saturating_sub(MOST_STEPS);
        for start in std::iter::once(0).chain(1 + skipped..labels.len()).filter(|start| labels.len() - start >= 2) {
            let name = labels[start..].join(".");
            let cache = None::<&NoCache<Box<str>, Txt>>;
            match self.dns.txt_lookup::<Dmarc>(format!("_dmarc.{name}."), cache).await {
                Ok(record) => {
                    let is_last = record.psd != Psd::Default;
                    found.push((name, record));
                    if is_last {
                        break;
                    }
                }
                Err(Error::Dns(DnsError::Resolver(_))) => return Err(Unanswered),
                Err(_) => {}
            }
        }
        Ok(found)
    }

    /// Says what the domain of From asks for mail that is not proven. It is not refused for that: honest mail fails as well.
    pub(super) async fn say_policy(&mut self) {
        let verdict = match self.asked().await {
            Ok(Some(asked)) => {
                let policy = match asked.record.p {
                    Policy::Reject => "p=reject",
                    Policy::Quarantine => "p=quarantine",
                    Policy::None | Policy::Unspecified => "p=none",
                };
                format!("DMARC fail: {} asks that its mail be proven ({policy}), and nothing proves this one", asked.at)
            }
            Ok(None) => format!("DMARC none: {} says nothing about its mail", self.author),
            Err(Unanswered) => {
                self.unanswered = true;
                format!("DMARC temperror: DNS does not answer for {}", self.author)
            }
        };
        self.verdicts.say(verdict);
    }
}

/// The organisational domain by the records found (RFC 9989 section 4.10.2).
fn organisation(found: &[(String, Arc<Dmarc>)], start: &str) -> String {
    for (name, record) in found {
        match record.psd {
            Psd::No => return name.clone(),
            // The registry's own: what is let under it is one label longer.
            Psd::Yes if name != start => {
                let below = start.strip_suffix(name.as_str()).and_then(|rest| rest.trim_end_matches('.').rsplit('.').next());
                return below.map_or_else(|| start.to_owned(), |label| format!("{label}.{name}"));
            }
            _ => {}
        }
    }
    found.last().map_or_else(|| start.to_owned(), |(name, _)| name.clone())
}

/// Whether two domains can be aligned at all: they end in the same two labels, and these are no registry's.
pub(super) fn may_align(one: &str, other: &str) -> bool {
    let shared: Vec<&str> =
        one.rsplit('.').zip(other.rsplit('.')).take_while(|(one, other)| one == other).map(|(label, _)| label).collect();
    let is_registry_only = shared.len() == 2 && is_registry(&format!("{}.{}", shared[1], shared[0]));
    one == other || (shared.len() >= 2 && shared.iter().all(|label| !label.is_empty()) && !is_registry_only)
}

/// Whether a name is one under which a country's registry lets names: `co.uk`.
fn is_registry(domain: &str) -> bool {
    match domain.split_once('.') {
        Some((level, top)) => top.len() == 2 && REGISTRY_LEVELS.contains(&level),
        None => true,
    }
}

fn within(domain: &str, parent: &str) -> bool {
    domain == parent || is_below(domain, parent)
}

fn is_below(domain: &str, parent: &str) -> bool {
    domain.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_domains_that_share_more_than_a_registry_may_be_aligned() {
        for (one, other) in [
            ("shop.example", "shop.example"),
            ("mail.shop.example", "shop.example"),
            ("shop.example", "mail.shop.example"),
            ("a.shop.co.uk", "b.shop.co.uk"),
        ] {
            assert!(may_align(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("shop.example", "bank.example"),
            ("shop.co.uk", "bank.co.uk"),
            ("co.uk", "bank.co.uk"),
            ("example", "shop.example"),
            ("xshop.example", "shop.example"),
            ("", ""),
            (".example", ".example.example"),
        ] {
            assert!(one == other || !may_align(one, other), "{one} {other}");
        }
    }
}
