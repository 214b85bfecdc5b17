//! The world in which every fixture stands, and the placeholders for what only a key can write.

use std::fs;
use std::path::{Path, PathBuf};

use postdesk::model::address::Address;
use postdesk::model::notice::Event;
use postdesk::model::seal::Key;
use postdesk::model::token::{Keyring, Purpose, Token};

/// Day of issue of every token in the fixtures: 2026-11-12.
const DAY: u16 = 20_769;

/// Where the fixtures are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/mail")
}

/// One family: a mail, the facts around it, and the decision that is expected.
pub(crate) struct Family {
    pub(crate) name: String,
    pub(crate) raw: Vec<u8>,
    pub(crate) facts: toml::Table,
    /// Tokens that were written into it, with their placeholders.
    pub(crate) tokens: Vec<(String, String)>,
}

/// Every family, in the order of their numbers.
pub(crate) fn families() -> Vec<Family> {
    let mut names: Vec<String> = fs::read_dir(folder())
        .expect("fixtures/mail is there")
        .filter_map(|entry| entry.expect("readable").file_name().into_string().ok()?.strip_suffix(".eml").map(str::to_owned))
        .collect();
    names.sort();
    names.into_iter().map(Family::read).collect()
}

impl Family {
    fn read(name: String) -> Self {
        let file = |ending: &str| folder().join(format!("{name}.{ending}"));
        let facts = fs::read_to_string(file("facts")).unwrap_or_else(|error| panic!("{name}.facts: {error}"));
        let facts: toml::Table = facts.parse().unwrap_or_else(|error| panic!("{name}.facts: {error}"));
        let why = fs::read_to_string(file("why")).unwrap_or_default();
        assert!(!why.trim().is_empty(), "{name}.why says what the case is about");
        let mut tokens = Vec::new();
        let mut raw = expand(&fs::read(file("eml")).expect("readable"), &mut tokens);
        if facts.get("line_ends").and_then(|value| value.as_str()) != Some("as they are") {
            raw = with_crlf(&raw);
        }
        Self { name, raw, facts, tokens }
    }
}

fn with_crlf(raw: &[u8]) -> Vec<u8> {
    raw.iter().flat_map(|octet| if *octet == b'\n' { b"\r\n".to_vec() } else { vec![*octet] }).collect()
}

/// The keys of the desk in the fixtures.
pub(crate) fn keys() -> Keyring {
    Keyring::new(Key::new(1, &[7; 32]), Vec::new())
}

/// The token of a probe that was sent so many seconds before the time of the fixtures.
fn probe(ago: i64) -> Token {
    Token::Probe { second: i64::from(DAY + 1) * 86_400 - ago, chance: [1, 2, 3, 4, 5, 6] }
}

/// Replaces `%reply(7,ana@staff.example)%`, `%note(…)%`, `%held(olga@staff.example)%`, `%message(7,ana@staff.example,3,request)%` and
/// `%bounce(3,ana@staff.example)%` by the tokens they stand for.
pub(crate) fn expand(text: &[u8], tokens: &mut Vec<(String, String)>) -> Vec<u8> {
    let mut expanded = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.iter().position(|octet| *octet == b'%') {
        expanded.extend_from_slice(&rest[..start]);
        rest = &rest[start..];
        let placeholder = rest.windows(2).position(|pair| pair == b")%").map(|end| &rest[..end + 2]);
        match placeholder.and_then(|placeholder| Some((placeholder.len(), token(std::str::from_utf8(placeholder).ok()?)?))) {
            Some((length, token)) => {
                tokens.push((token.clone(), String::from_utf8_lossy(&rest[..length]).into_owned()));
                expanded.extend_from_slice(token.as_bytes());
                rest = &rest[length..];
            }
            None => {
                expanded.push(b'%');
                rest = &rest[1..];
            }
        }
    }
    expanded.extend_from_slice(rest);
    expanded
}

fn token(placeholder: &str) -> Option<String> {
    let (kind, arguments) = placeholder.strip_prefix('%')?.strip_suffix(")%")?.split_once('(')?;
    let arguments: Vec<&str> = arguments.split(',').collect();
    let keys = keys();
    let recipient = |index: usize| Some(keys.recipient(&Address::parse(arguments.get(index)?)?));
    let number = |index: usize| arguments.get(index)?.parse::<i64>().ok();
    let token = match kind {
        "reply" => Token::Reply { purpose: Purpose::Reply, ticket: number(0)?, recipient: recipient(1)?, day: DAY },
        "note" => Token::Reply { purpose: Purpose::Note, ticket: number(0)?, recipient: recipient(1)?, day: DAY },
        "unfollow" => Token::Reply { purpose: Purpose::Unfollow, ticket: number(0)?, recipient: recipient(1)?, day: DAY },
        "expired" => Token::Reply { purpose: Purpose::Reply, ticket: number(0)?, recipient: recipient(1)?, day: DAY - 731 },
        // One bit of a good one is another.
        "altered" => {
            let good = Token::Reply { purpose: Purpose::Reply, ticket: number(0)?, recipient: recipient(1)?, day: DAY };
            let text = keys.write(&good);
            let last = if text.ends_with('a') { 'e' } else { 'a' };
            return Some(format!("{}{last}", &text[..text.len() - 1]));
        }
        // Sealed with a key that is not ours, under the number of ours.
        "foreign" => {
            let theirs = Token::Reply { purpose: Purpose::Reply, ticket: number(0)?, recipient: recipient(1)?, day: DAY };
            return Some(Keyring::new(Key::new(1, &[8; 32]), Vec::new()).write(&theirs));
        }
        "probe" => probe(number(0)?),
        "forged-probe" => return Some(Keyring::new(Key::new(1, &[8; 32]), Vec::new()).write(&probe(number(0)?))),
        "held" => Token::Reply { purpose: Purpose::Held, ticket: 0, recipient: recipient(0)?, day: DAY },
        "bounce" => Token::Bounce { arrival: number(0)?, recipient: recipient(1)? },
        "message" => {
            let event = Event::ALL.into_iter().find(|event| Some(&event.name()) == arguments.get(3))?;
            Token::Message { ticket: number(0)?, recipient: recipient(1)?, day: DAY, arrival: number(2)?, event: event.code() }
        }
        _ => return None,
    };
    Some(keys.write(&token))
}
