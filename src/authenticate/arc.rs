//! ARC (RFC 8617): what a sealer that is believed found out about the sender before it changed the mail and passed it on.

use std::time::Duration;

use mail_auth::common::to_a_label;
use mail_auth::{AuthenticatedMessage, DkimResult, Parameters};

use super::align::Inquiry;
use super::results::Statement;
use super::verdicts::Verdicts;
use super::{dkim, results};
use crate::model::time::Time;

/// Sets of a chain that is looked at: each asks for two keys, and honest mail has two or three.
const MOST_SETS: usize = 10;

/// Whether the newest seal is one that is believed, if it holds.
pub(super) fn is_worth_asking(message: &AuthenticatedMessage<'_>, sealers: &[String], verdicts: &mut Verdicts) -> bool {
    let Some(newest) = message.as_headers.last().map(|seal| &seal.header) else { return false };
    let sealer = to_a_label(&newest.d);
    if !sealers.iter().any(|known| to_a_label(known) == sealer) {
        verdicts.say(format!("ARC does not count: {sealer} is not in arc_sealers"));
        return false;
    }
    if message.as_headers.len() > MOST_SETS || message.has_arc_errors {
        verdicts.say("ARC does not count: the chain is broken or too long".to_owned());
        return false;
    }
    true
}

/// Whether the chain holds, and its newest sealer found the sender proven.
pub(super) async fn prove(
    message: &AuthenticatedMessage<'_>,
    (oldest, received_at): (Duration, Time),
    inquiry: &mut Inquiry<'_>,
) -> bool {
    let newest = message.as_headers.last().zip(message.ams_headers.last()).zip(message.aar_headers.last());
    let Some(((seal, signature), results)) = newest else { return false };
    let sealer = seal.header.d.clone();
    let received = u64::try_from(received_at.0 / 1_000_000).unwrap_or_default();
    if !signature.header.h.iter().any(|name| name.eq_ignore_ascii_case("From")) {
        inquiry.verdicts.say(format!("ARC of {sealer} does not count: it does not sign From"));
        return false;
    }
    if let Some(why) = dkim::age_fault(signature.header.t, signature.header.x, oldest, received) {
        inquiry.verdicts.say(format!("ARC of {sealer} does not count: {why}"));
        return false;
    }
    match inquiry.dns.verify_arc(Parameters::new(message)).await.result() {
        DkimResult::Pass => {}
        DkimResult::TempError(_) => {
            inquiry.unanswered = true;
            inquiry.verdicts.say(format!("ARC temperror: DNS does not answer for the chain that {sealer} sealed"));
            return false;
        }
        result => {
            inquiry.verdicts.say(format!("ARC fail: the chain that {sealer} sealed: {}", dkim::in_words(result)));
            return false;
        }
    }
    let statement = Statement::sealed(results.value);
    let Some(passes) = statement.map(|statement| results::passes(&statement, inquiry.author)) else {
        inquiry.verdicts.say(format!("ARC of {sealer} does not count: its results cannot be read"));
        return false;
    };
    for pass in &passes {
        if inquiry.passes(pass, &format!("by the ARC sealer {sealer}")).await {
            inquiry.verdicts.say(format!("ARC pass: sealed by {sealer}, which found {}", pass.in_words()));
            return true;
        }
    }
    inquiry.verdicts.say(format!("ARC of {sealer} holds, but {sealer} did not find the sender proven"));
    false
}
