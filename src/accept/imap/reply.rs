//! What a server's reply says (RFC 3501, section 7). Reading never fails: what is not understood is [`Reply::Other`], and who waits for an answer
//! that cannot be read learns of it by [`Reply::Garbled`].

use super::tree::{Word, Words};
use crate::model::time::{Civil, Time};

/// One whole reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// `+`: it waits for more, and says this.
    GoOn(String),
    /// The end of the command with this tag.
    Done { tag: String, said: Said },
    /// OK, NO, BAD, BYE or PREAUTH without a tag.
    State(Said),
    /// What the server can do.
    Offers(Vec<String>),
    /// UIDs that were found.
    Found(Vec<u32>),
    /// A folder, as LIST tells of it.
    Folder,
    /// So many messages are in the folder.
    Exist(u32),
    /// So many of them are new to everybody.
    Recent(u32),
    /// A message went away.
    Gone,
    /// About a message.
    Message(Message),
    /// An answer to what we ask that cannot be read.
    Garbled(&'static str),
    /// Nothing that we ask for.
    Other,
}

/// A state in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) state: State,
    /// The code in brackets (RFC 5530), in upper case, and what follows it there.
    pub(super) code: Option<(String, String)>,
    pub(super) text: String,
}

/// What a server says of a command, or of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Ok,
    No,
    Bad,
    Bye,
    Preauth,
}

/// What FETCH tells of a message; only what we ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) uid: Option<u32>,
    pub(super) size: Option<u64>,
    pub(super) internal_date: Option<Time>,
    /// Octets of its body, and where in it they begin; without a number, it is the whole body.
    pub(super) body: Option<(Option<u64>, Vec<u8>)>,
}

impl Said {
    /// Whether it has this code.
    pub(super) fn has(&self, code: &str) -> bool {
        self.code.as_ref().is_some_and(|(name, _)| name == code)
    }

    /// The number behind this code.
    pub(super) fn number(&self, code: &str) -> Option<u32> {
        self.code.as_ref().filter(|(name, _)| name == code)?.1.trim().parse().ok()
    }

    /// As it was said, for people.
    pub(super) fn words(&self) -> String {
        let state = match self.state {
            State::Ok => "OK",
            State::No => "NO",
            State::Bad => "BAD",
            State::Bye => "BYE",
            State::Preauth => "PREAUTH",
        };
        match &self.code {
            Some((code, _)) => format!("{state} [{code}] {}", self.text),
            None => format!("{state} {}", self.text),
        }
    }
}

/// Reads a whole reply, its line end included.
pub(super) fn read(octets: &[u8]) -> Reply {
    let line = octets.strip_suffix(b"\n").unwrap_or(octets);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let (first, rest) = split(line);
    match first {
        b"+" => Reply::GoOn(text(rest)),
        b"*" => data(rest),
        tag => match said(rest) {
            Some(said) => Reply::Done { tag: text(tag), said },
            None => Reply::Garbled("a line that is no reply"),
        },
    }
}

fn data(rest: &[u8]) -> Reply {
    if let Some(said) = said(rest) {
        return Reply::State(said);
    }
    let (first, behind) = split(rest);
    if first.eq_ignore_ascii_case(b"CAPABILITY") {
        return Reply::Offers(names(&text(behind)));
    }
    if first.eq_ignore_ascii_case(b"SEARCH") {
        return found(behind);
    }
    if first.eq_ignore_ascii_case(b"LIST") {
        return Reply::Folder;
    }
    let Some(number) = Word::Atom(first).number() else { return Reply::Other };
    let (kind, behind) = split(behind);
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    if kind.eq_ignore_ascii_case(b"EXISTS") {
        Reply::Exist(number)
    } else if kind.eq_ignore_ascii_case(b"RECENT") {
        Reply::Recent(number)
    } else if kind.eq_ignore_ascii_case(b"EXPUNGE") {
        Reply::Gone
    } else if kind.eq_ignore_ascii_case(b"FETCH") {
        message(behind).map_or(Reply::Garbled("a reply to FETCH that cannot be read"), Reply::Message)
    } else {
        Reply::Other
    }
}

/// What the server can do, in upper case.
pub(super) fn names(text: &str) -> Vec<String> {
    text.split_ascii_whitespace().map(str::to_ascii_uppercase).collect()
}

fn said(rest: &[u8]) -> Option<Said> {
    let (word, behind) = split(rest);
    let states: [(&[u8], State); 5] =
        [(b"OK", State::Ok), (b"NO", State::No), (b"BAD", State::Bad), (b"BYE", State::Bye), (b"PREAUTH", State::Preauth)];
    let (_, state) = states.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name))?;
    let (code, words) = match behind.strip_prefix(b"[").and_then(|inner| Some(inner.split_at(end_of_code(inner)?))) {
        Some((code, behind)) => {
            let (name, value) = split(code);
            (Some((text(name).to_ascii_uppercase(), text(value))), &behind[1..])
        }
        None => (None, behind),
    };
    Some(Said { state, code, text: text(words).trim().to_owned() })
}

/// Where the bracket ends that was opened before; quotes in it may hold brackets.
fn end_of_code(octets: &[u8]) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    octets.iter().position(|octet| {
        let end = *octet == b']' && !quoted;
        quoted ^= *octet == b'"' && !escaped;
        escaped = *octet == b'\\' && quoted && !escaped;
        end
    })
}

/// UIDs; a list at the end (`(MODSEQ 7)`, RFC 7162) is none of them.
fn found(octets: &[u8]) -> Reply {
    let mut uids = Vec::new();
    let mut words = Words::new(octets);
    while let Some(word) = words.next() {
        if word == Word::Open {
            break;
        }
        match word.number().and_then(|number| u32::try_from(number).ok()) {
            Some(uid) => uids.push(uid),
            None => return Reply::Garbled("a reply to SEARCH with what is no number"),
        }
    }
    Reply::Found(uids)
}

/// The list of FETCH: names and values in turn. What we did not ask for is gone past, whatever it is.
fn message(octets: &[u8]) -> Option<Message> {
    let mut words = Words::new(octets);
    let mut message = Message::default();
    if words.next()? != Word::Open {
        return None;
    }
    loop {
        let name = match words.next()? {
            Word::Close => return Some(message),
            Word::Atom(name) => name.to_ascii_uppercase(),
            _ => return None,
        };
        if name == b"UID" {
            message.uid = Some(u32::try_from(words.next()?.number()?).ok()?);
        } else if name == b"RFC822.SIZE" {
            message.size = Some(words.next()?.number()?);
        } else if name == b"INTERNALDATE" {
            message.internal_date = internal_date(&words.next()?.string()?);
        } else if let Some(origin) = name.strip_prefix(b"BODY[]") {
            let from = if origin.is_empty() { None } else { Some(origin_of(origin)?) };
            message.body = Some((from, words.next()?.string()?.into_owned()));
        } else {
            words.skip()?;
        }
    }
}

/// `<n>`
fn origin_of(octets: &[u8]) -> Option<u64> {
    Word::Atom(octets.strip_prefix(b"<")?.strip_suffix(b">")?).number()
}

/// `17-Jul-1996 02:44:25 -0700`, the day with one digit or two (RFC 3501, date-time). One that cannot be read is none.
fn internal_date(octets: &[u8]) -> Option<Time> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let text = std::str::from_utf8(octets).ok()?;
    let mut words = text.split_ascii_whitespace();
    let (date, time, zone) = (words.next()?, words.next()?, words.next()?);
    let mut parts = date.split('-');
    let (day, month, year) = (parts.next()?.parse().ok()?, parts.next()?.to_ascii_lowercase(), parts.next()?.parse().ok()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let mut clock = time.split(':').map(|part| part.parse().ok());
    let time = (clock.next()??, clock.next()??, clock.next()??);
    let (sign, digits) = zone.split_at_checked(1)?;
    let digits: i32 =
        Some(digits).filter(|digits| digits.len() == 4 && digits.bytes().all(|d| d.is_ascii_digit()))?.parse().ok()?;
    let seconds = (digits / 100 * 60 + digits % 100) * 60;
    let offset = if sign == "-" { -seconds } else { seconds };
    Time::of_civil(Civil { year, month: u8::try_from(month).ok()?, day, time, offset })
}

/// The first word, and what stands behind the space after it.
fn split(octets: &[u8]) -> (&[u8], &[u8]) {
    match octets.iter().position(|octet| *octet == b' ') {
        Some(at) => (&octets[..at], &octets[at + 1..]),
        None => (octets, &[]),
    }
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}
