//! Authentication-Results (RFC 8601): what a host that we believe has found out about a sender.
//!
//! Read strictly: a field with anything in it that cannot be read counts for nothing, since its words come from a mail that somebody may
//! have made so that two readers disagree about it.

use mail_auth::AuthenticatedMessage;
use mail_auth::common::to_a_label;

use super::verdicts::Verdicts;

/// Octets of a field that is read.
const LONGEST: usize = 16 * 1024;
/// Results and properties that are read of one field.
const MOST: usize = 100;

/// A field as it was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Statement {
    /// Who says it.
    pub(super) authserv_id: String,
    /// What was found.
    pub(super) results: Vec<MethodResult>,
}

/// One method, with its result and properties; names in lower case.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MethodResult {
    method: String,
    result: String,
    properties: Vec<(String, String)>,
}

/// Something that passed, and the domain that it proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pass {
    /// DMARC, for the domain of From.
    Dmarc,
    /// A signature of this domain.
    Dkim(String),
    /// The envelope sender of this domain.
    Spf(String),
}

impl Pass {
    /// Whether it proves the author without any question.
    pub(super) fn settles(&self, author: &str) -> bool {
        match self {
            Pass::Dmarc => true,
            Pass::Dkim(domain) | Pass::Spf(domain) => domain == author,
        }
    }

    /// For a verdict.
    pub(super) fn in_words(&self) -> String {
        match self {
            Pass::Dmarc => "DMARC pass".to_owned(),
            Pass::Dkim(domain) => format!("DKIM pass of {domain}"),
            Pass::Spf(domain) => format!("SPF pass of {domain}"),
        }
    }
}

/// What the mail server in front of us found out: the topmost field only, and only if that server wrote it.
pub(super) fn of_server(
    message: &AuthenticatedMessage<'_>,
    authserv_id: &str,
    author: &str,
    verdicts: &mut Verdicts,
) -> Vec<Pass> {
    let is_field = |name: &[u8]| name.trim_ascii().eq_ignore_ascii_case(b"Authentication-Results");
    let Some((_, value)) = message.headers.iter().find(|(name, _)| is_field(name)) else {
        verdicts.say(format!("{authserv_id} has not written an Authentication-Results field"));
        return Vec::new();
    };
    let Some(statement) = Statement::read(value) else {
        verdicts.say("the topmost Authentication-Results field cannot be read".to_owned());
        return Vec::new();
    };
    if !statement.authserv_id.eq_ignore_ascii_case(authserv_id) {
        verdicts.say(format!("the topmost Authentication-Results field is of {}, not of {authserv_id}", statement.authserv_id));
        return Vec::new();
    }
    let passes = passes(&statement, author);
    for pass in passes.iter().filter(|pass| pass.settles(author)).take(1) {
        verdicts.say(format!("{authserv_id} says: {} for {author}", pass.in_words()));
    }
    if passes.is_empty() {
        verdicts.say(format!("{authserv_id} says nothing that proves {author}"));
    }
    passes
}

/// What passed. Where DMARC failed for the author, nothing did.
pub(super) fn passes(statement: &Statement, author: &str) -> Vec<Pass> {
    let of_author =
        |result: &&MethodResult| result.method == "dmarc" && result.domain("header.from").is_some_and(|from| from == author);
    let dmarc: Vec<&MethodResult> = statement.results.iter().filter(of_author).collect();
    if !dmarc.is_empty() {
        let all_pass = dmarc.iter().all(|result| result.result == "pass");
        return if all_pass { vec![Pass::Dmarc] } else { Vec::new() };
    }
    let pass = |result: &MethodResult| match result.method.as_str() {
        "dkim" => result.domain("header.d").or_else(|| result.domain("header.i")).map(Pass::Dkim),
        "spf" => result.domain("smtp.mailfrom").map(Pass::Spf),
        _ => None,
    };
    statement.results.iter().filter(|result| result.result == "pass").filter_map(pass).collect()
}

impl MethodResult {
    /// The domain that a property names, alone or behind an `@`. Nothing when it is named twice.
    fn domain(&self, property: &str) -> Option<String> {
        let mut found = self.properties.iter().filter(|(name, _)| name == property);
        let (_, value) = found.next().filter(|_| found.clone().next().is_none())?;
        let domain = value.rsplit('@').next()?;
        let is_name = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
        domain.split('.').all(is_name).then(|| to_a_label(domain).to_lowercase())
    }
}

impl Statement {
    /// Reads the value of Authentication-Results; `None` when it cannot be read to its end.
    pub(super) fn read(value: &[u8]) -> Option<Self> {
        if value.len() > LONGEST {
            return None;
        }
        let text = std::str::from_utf8(value).ok()?.trim_end_matches(['\r', '\n']).replace("\r\n", "\n");
        let unfolded = text.replace("\n ", " ").replace("\n\t", "\t");
        if unfolded.chars().any(|c| c.is_control() && c != '\t') {
            return None;
        }
        Reader { rest: &unfolded }.statement()
    }

    /// Reads the value of ARC-Authentication-Results, which has the number of its set in front.
    pub(super) fn sealed(value: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(value).ok()?;
        let (instance, rest) = text.split_once(';')?;
        let number = instance.trim().strip_prefix(['i', 'I'])?.trim_start().strip_prefix('=')?.trim();
        number.bytes().all(|octet| octet.is_ascii_digit()).then(|| Self::read(rest.as_bytes())).flatten()
    }
}

/// Reads from left to right.
struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn statement(mut self) -> Option<Statement> {
        let authserv_id = self.value(is_token)?;
        self.space()?;
        if self.rest.starts_with(|c: char| c.is_ascii_digit()) {
            let version = self.word(|c| c.is_ascii_digit())?;
            (version == "1").then_some(())?;
            self.space()?;
        }
        let mut results = Vec::new();
        while !self.rest.is_empty() {
            self.take(';')?;
            self.space()?;
            if self.rest.is_empty() {
                break;
            }
            if self.rest.trim().eq_ignore_ascii_case("none") && results.is_empty() {
                break;
            }
            results.push(self.result()?);
            (results.len() <= MOST).then_some(())?;
        }
        Some(Statement { authserv_id, results })
    }

    fn result(&mut self) -> Option<MethodResult> {
        let method = self.word(is_keyword)?.to_ascii_lowercase();
        self.space()?;
        if self.rest.starts_with('/') {
            self.take('/')?;
            self.space()?;
            self.word(|c| c.is_ascii_digit())?;
            self.space()?;
        }
        self.take('=')?;
        self.space()?;
        let result = self.word(is_keyword)?.to_ascii_lowercase();
        let mut properties = Vec::new();
        self.space()?;
        while !self.rest.is_empty() && !self.rest.starts_with(';') {
            properties.push(self.property()?);
            (properties.len() <= MOST).then_some(())?;
            self.space()?;
        }
        Some(MethodResult { method, result, properties })
    }

    /// `ptype.property=value`, `reason=value`; some write others without a dot, which are read and mean nothing.
    fn property(&mut self) -> Option<(String, String)> {
        let mut name = self.word(is_keyword)?.to_ascii_lowercase();
        self.space()?;
        if self.rest.starts_with('.') {
            self.take('.')?;
            self.space()?;
            name = format!("{name}.{}", self.word(is_keyword)?.to_ascii_lowercase());
            self.space()?;
        }
        self.take('=')?;
        self.space()?;
        Some((name, self.value(is_value)?))
    }

    fn value(&mut self, allowed: fn(char) -> bool) -> Option<String> {
        self.space()?;
        if !self.rest.starts_with('"') {
            return self.word(allowed).map(str::to_owned);
        }
        let mut value = String::new();
        let mut characters = self.rest.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return Some(value);
                }
                '\\' => value.push(characters.next()?.1),
                other => value.push(other),
            }
        }
        None
    }

    fn word(&mut self, allowed: fn(char) -> bool) -> Option<&str> {
        let end = self.rest.find(|c| !allowed(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    fn take(&mut self, wanted: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(wanted)?;
        Some(())
    }

    /// White space and comments, which may be nested. `None` when one has no end.
    fn space(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        let mut characters = self.rest.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '(' => depth += 1,
                ')' if depth > 0 => depth -= 1,
                '\\' if depth > 0 => drop(characters.next()?),
                ' ' | '\t' => {}
                _ if depth > 0 => {}
                _ => {
                    self.rest = &self.rest[at..];
                    return Some(());
                }
            }
        }
        self.rest = "";
        (depth == 0).then_some(())
    }
}

/// A token of RFC 2045.
fn is_token(c: char) -> bool {
    !c.is_whitespace() && !c.is_control() && !"()<>@,;:\\\"/[]?=".contains(c)
}

fn is_keyword(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

/// More than RFC 8601 allows without quotes, and nothing that could end the value elsewhere.
fn is_value(c: char) -> bool {
    !c.is_whitespace() && !c.is_control() && !"();\"\\".contains(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn passes_of(field: &str) -> Option<Vec<Pass>> {
        Statement::read(field.as_bytes()).map(|statement| passes(&statement, "shop.example"))
    }

    #[test]
    fn what_mail_servers_write_is_read() {
        for field in [
            " mx.example;\r\n\tdkim=pass (1024-bit key) header.d=shop.example header.i=@shop.example header.b=\"ab/c\"\r\n",
            "mx.example 1; auth=pass (plain) smtp.auth=mia; dkim=pass header.d = shop.example",
            "mx.example; spf=softfail (mx: domain \\(x) smtp.mailfrom=\"a b\"@evil.example",
            "mx.example; none",
            "mx.example",
            "\"mx.example\" (comment) ; dmarc=pass action=none header.from=shop.example;compauth=pass reason=100",
        ] {
            let read = Statement::read(field.as_bytes());
            assert!(read.is_some_and(|statement| statement.authserv_id == "mx.example") || field.contains("\"a b\"@"), "{field}");
        }
        assert_eq!(passes_of("mx.example; dkim=pass header.d = shop.example"), Some(vec![Pass::Dkim("shop.example".to_owned())]));
    }

    #[test]
    fn a_field_that_can_be_read_in_two_ways_counts_for_nothing() {
        for field in [
            "mx.example; dmarc=pass header.from=shop.example (",
            "mx.example; spf=fail smtp.mailfrom=\"x; dmarc=pass header.from=shop.example",
            "mx.example dmarc=pass header.from=shop.example",
            "mx.example; dmarc=pass header.from=shop.example)",
            "mx.example; dmarc=pass header.from=shop.example\0",
            "mx.example; dmarc=pass header.from=shop.example\nX: y",
            "; dmarc=pass header.from=shop.example",
            "",
        ] {
            assert_eq!(passes_of(field), None, "{field:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_not_and_never_lets_a_quoted_or_commented_pass_count(
            inside in "[ -~]{0,60}", text in "[a-z.=;()\"\\\\ @/0-9\r\n\t]{0,120}", wild in any::<Vec<u8>>()
        ) {
            let _ = Statement::read(text.as_bytes());
            let _ = Statement::sealed(text.as_bytes());
            let _ = Statement::read(&wild);
            let _ = Statement::sealed(&wild);
            let quoted = inside.replace(['"', '\\'], "");
            let in_quotes = format!("mx.example; spf=fail reason=\"{quoted}\"");
            prop_assert_eq!(passes_of(&in_quotes), Some(Vec::new()));
            let commented = inside.replace(['(', ')', '\\'], "");
            let in_comment = format!("mx.example; spf=fail ({commented}) smtp.helo=x");
            prop_assert_eq!(passes_of(&in_comment), Some(Vec::new()));
        }
    }
}
