//! Where a server's reply ends (RFC 3501, section 7 and 9), before anything else looks at it, and how far it may go.
//!
//! It is given what has arrived so far and says how long the first reply in it is, or that more is needed. A reply that is beyond a limit is
//! an error as soon as that can be known: a literal when its size is announced, not when it has arrived. Every octet is looked at once, however
//! the reply was cut on its way; nothing is kept but four numbers.

/// How far a reply may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Octets of a reply, literals not counted: UIDs of half a million messages.
    pub line: usize,
    /// Octets of all literals of a reply.
    pub literals: usize,
    /// Parentheses within each other.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { line: 8 * 1024 * 1024, literals: 512 * 1024, depth: 100 }
    }
}

/// The limit that a reply is beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Excess {
    /// A reply that is too long.
    #[error("a reply of more than {0} octets")]
    Line(usize),
    /// A literal that is too long, or too many of them.
    #[error("a literal of {0} octets, which nobody has asked for")]
    Literal(u64),
    /// Too many parentheses within each other.
    #[error("parentheses that are nested more than {0} deep")]
    Depth(usize),
}

/// Follows one reply up to its end.
#[derive(Debug, Clone)]
pub struct Guard {
    limits: Limits,
    /// How far it has looked.
    seen: usize,
    /// Where the line, or what follows a literal, begins.
    line: usize,
    /// Octets of literals so far.
    literals: usize,
    depth: usize,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// What kind of reply it is, is not known yet.
    Start,
    /// Free text up to the end of the line: nothing in it means anything.
    Text,
    /// Data outside of quotes.
    Data,
    /// A quoted string; whether the last octet was a backslash.
    Quoted(bool),
}

impl Guard {
    /// Nothing has been seen yet.
    pub fn new(limits: Limits) -> Self {
        Self { limits, seen: 0, line: 0, literals: 0, depth: 0, state: State::Start }
    }

    /// The length of the reply that `octets` begins with, its last line end included; `None` when more is needed. Call it with the same
    /// octets and more of them, until it gives a length; then it is ready for the next reply.
    ///
    /// # Errors
    /// When the reply is beyond a limit. Nothing that follows can be believed then.
    pub fn whole(&mut self, octets: &[u8]) -> Result<Option<usize>, Excess> {
        while self.seen < octets.len() {
            let octet = octets[self.seen];
            self.seen += 1;
            // Literals apart: so no number of empty ones makes a reply without end.
            if self.seen - self.literals > self.limits.line {
                return Err(Excess::Line(self.limits.line));
            }
            if octet != b'\n' {
                self.step(octet, octets)?;
            } else if let Some(end) = self.end_of_line(octets)? {
                *self = Self::new(self.limits);
                return Ok(Some(end));
            }
        }
        Ok(None)
    }

    /// One octet of a line.
    fn step(&mut self, octet: u8, octets: &[u8]) -> Result<(), Excess> {
        match (self.state, octet) {
            (State::Start, _) => self.state = kind_of(&octets[..self.seen]),
            (State::Quoted(true), _) => self.state = State::Quoted(false),
            (State::Quoted(false), b'\\') => self.state = State::Quoted(true),
            (State::Quoted(false), b'"') => self.state = State::Data,
            (State::Data, b'"') => self.state = State::Quoted(false),
            (State::Data, b'(') => {
                self.depth += 1;
                if self.depth > self.limits.depth {
                    return Err(Excess::Depth(self.limits.depth));
                }
            }
            (State::Data, b')') => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        Ok(())
    }

    /// At the end of a line: whether a literal follows, which is jumped over, or this was the end of the reply.
    fn end_of_line(&mut self, octets: &[u8]) -> Result<Option<usize>, Excess> {
        let line = &octets[self.line..self.seen];
        let Some(size) = (if self.state == State::Data { announced(line) } else { None }) else {
            return Ok(Some(self.seen));
        };
        let size_of = usize::try_from(size).ok().and_then(|size| size.checked_add(self.literals));
        self.literals = size_of.filter(|all| *all <= self.limits.literals).ok_or(Excess::Literal(size))?;
        // Both fit: they are below the limit.
        self.seen += usize::try_from(size).unwrap_or_default();
        self.line = self.seen;
        Ok(None)
    }
}

/// Whether a reply is free text or data, by its beginning. States and the ends of commands are text, which may hold a single quote or
/// end like the announcement of a literal; so is what asks us to go on.
fn kind_of(beginning: &[u8]) -> State {
    let Some(rest) = beginning.strip_prefix(b"* ") else {
        return if b"* ".starts_with(beginning) { State::Start } else { State::Text };
    };
    let word = rest.split(|octet| *octet == b' ').next().unwrap_or_default();
    let words: [&[u8]; 5] = [b"OK", b"NO", b"BAD", b"BYE", b"PREAUTH"];
    if rest.len() > word.len() {
        return if words.iter().any(|known| word.eq_ignore_ascii_case(known)) { State::Text } else { State::Data };
    }
    let begins = |known: &&[u8]| known.len() >= word.len() && known[..word.len()].eq_ignore_ascii_case(word);
    if words.iter().any(begins) { State::Start } else { State::Data }
}

/// The size of the literal that a line announces at its end: `{n}`, or `{n+}` (RFC 7888). More digits than a number has are the largest.
fn announced(line: &[u8]) -> Option<u64> {
    let line = line.strip_suffix(b"\n")?;
    let line = line.strip_suffix(b"\r").unwrap_or(line).strip_suffix(b"}")?;
    let line = line.strip_suffix(b"+").unwrap_or(line);
    let open = line.iter().rposition(|octet| *octet == b'{')?;
    let digits = &line[open + 1..];
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(std::str::from_utf8(digits).ok()?.parse().unwrap_or(u64::MAX))
}
