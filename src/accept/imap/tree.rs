//! The words of a reply: atoms, strings and lists (RFC 3501, section 4). No recursion: depth is a number here.

/// One thing that a reply is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word<'a> {
    /// What stands without quotes, brackets and what is in them included: `RFC822.SIZE`, `BODY[HEADER.FIELDS (To)]<0>`, `NIL`.
    Atom(&'a [u8]),
    /// A quoted string, between its quotes, backslashes as they are.
    Quoted(&'a [u8]),
    /// A literal.
    Literal(&'a [u8]),
    /// `(`
    Open,
    /// `)`
    Close,
}

impl<'a> Word<'a> {
    /// A number.
    pub(super) fn number(self) -> Option<u64> {
        match self {
            Self::Atom(octets) if octets.first().is_some_and(u8::is_ascii_digit) => {
                std::str::from_utf8(octets).ok()?.parse().ok()
            }
            _ => None,
        }
    }

    /// The octets of a string; nothing for NIL. `None` for what is no string.
    pub(super) fn string(self) -> Option<std::borrow::Cow<'a, [u8]>> {
        match self {
            Self::Literal(octets) => Some(octets.into()),
            Self::Quoted(octets) if !octets.contains(&b'\\') => Some(octets.into()),
            Self::Quoted(octets) => Some(unquoted(octets).into()),
            Self::Atom(octets) if octets.eq_ignore_ascii_case(b"NIL") => Some((&[][..]).into()),
            _ => None,
        }
    }
}

fn unquoted(octets: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(octets.len());
    let mut octets = octets.iter();
    while let Some(octet) = octets.next() {
        plain.extend(if *octet == b'\\' { octets.next() } else { Some(octet) });
    }
    plain
}

/// Reads words one after the other.
#[derive(Debug, Clone)]
pub(super) struct Words<'a>(&'a [u8]);

impl<'a> Words<'a> {
    /// The words of these octets.
    pub(super) fn new(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    /// The next word; `None` at the end, and where no word can begin.
    pub(super) fn next(&mut self) -> Option<Word<'a>> {
        let begin = self.0.iter().position(|octet| !matches!(octet, b' ' | b'\r' | b'\n' | b'\t'))?;
        self.0 = &self.0[begin..];
        let (word, length) = match self.0[0] {
            b'(' => (Word::Open, 1),
            b')' => (Word::Close, 1),
            b'"' => quoted(self.0)?,
            b'{' => literal(self.0)?,
            b'~' if self.0.get(1) == Some(&b'{') => literal(&self.0[1..]).map(|(word, length)| (word, length + 1))?,
            _ => {
                let length = atom_length(self.0);
                (Word::Atom(&self.0[..length]), length)
            }
        };
        self.0 = &self.0[length..];
        Some(word)
    }

    /// Goes past one value: a word, or a list with all that is in it. `None` when it does not end.
    pub(super) fn skip(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.next()? {
                Word::Open => depth += 1,
                Word::Close => depth = depth.checked_sub(1)?,
                _ => {}
            }
            if depth == 0 {
                return Some(());
            }
        }
    }
}

/// The length of an atom: up to a space or parenthesis, those within brackets not counted (`BODY[HEADER.FIELDS (To)]`).
fn atom_length(octets: &[u8]) -> usize {
    let mut within = false;
    for (at, octet) in octets.iter().enumerate() {
        match octet {
            b'[' => within = true,
            b']' => within = false,
            b'\r' | b'\n' => return at,
            b' ' | b'(' | b')' | b'"' if !within => return at,
            _ => {}
        }
    }
    octets.len()
}

fn quoted(octets: &[u8]) -> Option<(Word<'_>, usize)> {
    let mut escaped = false;
    for (at, octet) in octets.iter().enumerate().skip(1) {
        match octet {
            b'\r' | b'\n' => return None,
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some((Word::Quoted(&octets[1..at]), at + 1)),
            _ => {}
        }
    }
    None
}

fn literal(octets: &[u8]) -> Option<(Word<'_>, usize)> {
    let end = octets.iter().position(|octet| *octet == b'\n')?;
    let head = octets[1..end].strip_suffix(b"\r").unwrap_or(&octets[1..end]).strip_suffix(b"}")?;
    let digits = head.strip_suffix(b"+").unwrap_or(head);
    let size: usize =
        std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|octet| octet.is_ascii_digit()))?.parse().ok()?;
    let begin = end + 1;
    let last = begin.checked_add(size)?;
    Some((Word::Literal(octets.get(begin..last)?), last))
}
