//! What a token endpoint answered: a token (RFC 6749 section 5.1), or words for the operator (section 5.2).
//!
//! The answer is foreign: it may be anything, and may repeat what was sent. No secret comes out of here in an error.

use std::time::Duration;

use serde_json::Value;

/// How long a token is good whose answer does not say so, which it should. Asking once too often does no harm.
const UNSAID: Duration = Duration::from_secs(300);
/// The longest that is believed, so that sums of times stay far from overflow.
const LONGEST: u64 = 30 * 86_400;
/// How much of a provider's own words is passed on, in characters.
const LONGEST_WORDS: usize = 200;

/// What was given.
pub(super) struct Given {
    /// The access token.
    pub(super) token: String,
    /// For how long it is good.
    pub(super) lasts: Duration,
    /// The refresh token to use from now on, when it was changed.
    pub(super) refresh_token: Option<String>,
}

/// Reads an answer. `secrets` are what the request held.
///
/// # Errors
/// In words, when there is no token in it.
pub(super) fn read(status: u16, body: &[u8], secrets: &[&str]) -> Result<Given, String> {
    let object: Option<Value> = serde_json::from_slice(body).ok();
    let word = |key: &str| object.as_ref().and_then(|object| object.get(key)?.as_str());
    if let Some(error) = word("error").filter(|_| status != 200) {
        let said = [Some(error), word("error_description")].into_iter().flatten().collect::<Vec<_>>().join(": ");
        return Err(format!("it says {}{}", harmless(&said, secrets), advice(error)));
    }
    if status != 200 {
        return Err(format!("it answered {status} instead of 200"));
    }
    let Some(token) = word("access_token") else {
        return Err("it answered 200 without an access_token in JSON; is this the address of a token endpoint?".to_owned());
    };
    // It becomes part of a line of octets that stand for themselves (RFC 6750 section 2.1).
    if token.is_empty() || !token.bytes().all(|octet| octet.is_ascii_graphic()) {
        return Err("its access_token holds characters that no token may hold".to_owned());
    }
    if let Some(kind) = word("token_type").filter(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        return Err(format!("it gives tokens of the type {}, and only bearer tokens can be used", harmless(kind, secrets)));
    }
    let fit = |text: &&str| !text.is_empty() && !text.chars().any(char::is_control);
    let refresh_token = word("refresh_token").filter(fit).map(str::to_owned);
    Ok(Given { token: token.to_owned(), lasts: lasts(object.as_ref()), refresh_token })
}

/// A number of seconds; some providers write it as text.
fn lasts(object: Option<&Value>) -> Duration {
    let value = object.and_then(|object| object.get("expires_in"));
    let seconds = value.and_then(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok()));
    seconds.map_or(UNSAID, |seconds| Duration::from_secs(seconds.min(LONGEST)))
}

/// What an operator can do about an error of RFC 6749 section 5.2.
fn advice(error: &str) -> &'static str {
    match error {
        "invalid_grant" => {
            "; the refresh token is no longer good: authorise postdesk anew, and write the new one into refresh_token_file"
        }
        "invalid_client" | "unauthorized_client" => "; look at client_id and client_secret_file",
        "invalid_scope" => "; look at scope",
        _ => "",
    }
}

/// Foreign words on one line, not too long, without what we sent.
fn harmless(text: &str, secrets: &[&str]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        text = text.replace(secret, "…");
    }
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").chars().take(LONGEST_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(status: u16, body: &str) -> String {
        read(status, body.as_bytes(), &["hush"]).err().unwrap()
    }

    #[test]
    fn a_token_is_taken_with_its_time_however_the_number_is_written() {
        for (expires, seconds) in [("3600", 3_600), ("\"3600\"", 3_600), ("null", 300), ("-1", 300), ("1e99", 300)] {
            let body = format!(r#"{{"access_token":"a.b-c","token_type":"BEARER","expires_in":{expires}}}"#);
            let given = read(200, body.as_bytes(), &[]).ok().unwrap();
            assert_eq!((given.token.as_str(), given.lasts.as_secs(), given.refresh_token), ("a.b-c", seconds, None), "{expires}");
        }
    }

    #[test]
    fn an_error_becomes_words_and_advice_without_the_secret_it_repeats() {
        let said = why(400, r#"{"error":"invalid_grant","error_description":"Token hush was\nrevoked"}"#);
        assert!(said.starts_with("it says invalid_grant: Token … was revoked; the refresh token"), "{said}");
        assert!(why(401, r#"{"error":"invalid_client"}"#).contains("client_secret_file"));
        assert_eq!(why(503, "<html>hush</html>"), "it answered 503 instead of 200");
        assert_eq!(why(302, ""), "it answered 302 instead of 200");
        let long = why(400, &format!(r#"{{"error":"{}"}}"#, "x".repeat(9_000)));
        assert!(long.len() < 300, "{long}");
    }

    #[test]
    fn what_is_no_token_is_not_sent_to_anybody() {
        assert!(why(200, "not JSON").contains("without an access_token"));
        assert!(why(200, r#"{"access_token":7}"#).contains("without an access_token"));
        assert!(why(200, r#"{"access_token":"a\u0001auth=x"}"#).contains("characters"));
        assert!(why(200, r#"{"access_token":"a","token_type":"mac"}"#).contains("type mac"));
    }
}
