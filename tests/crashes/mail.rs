//! The mails of the ledger: each made from its seed alone, so that a mail can be sent again, and compared, without being kept.

/// A sequence of pseudo-random numbers (SplitMix64): the same from the same seed, on every machine.
pub(crate) struct Chance(u64);

impl Chance {
    /// The sequence that belongs to a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` to `high`, so drawn that each doubling is equally likely.
    pub(crate) fn spread(&mut self, low: f64, high: f64) -> f64 {
        let share = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        low * (high / low).powf(share)
    }
}

/// What a mail of the ledger is meant to become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A ticket of its own.
    Request,
    /// The same, of 1 KiB: where the number of mails counts and not their size.
    Small,
    /// The ticket that the ordered replies go to.
    Opening,
    /// Entry `number` of the ticket with this reference.
    Reply { reference: String, number: usize },
    /// Nothing: the recipient does not exist.
    NoSuchRecipient,
    /// Nothing: the text holds a bare newline.
    BareNewline,
}

/// One mail of the ledger.
#[derive(Clone)]
pub(crate) struct Mail {
    /// 128 random bits in hexadecimal digits, in subject, text and `X-Ledger`.
    pub(crate) id: String,
    /// Envelope sender.
    pub(crate) sender: String,
    /// Envelope recipient.
    pub(crate) recipient: String,
    /// Header and body with CRLF line ends, dots not yet doubled.
    pub(crate) octets: Vec<u8>,
}

/// Text up to here is written as text; what is larger comes as an attached file.
const LARGEST_TEXT: usize = 32 * 1024;

impl Mail {
    /// The mail that belongs to a seed: 1 KiB to 256 KiB, one in a hundred of 2 MiB.
    pub(crate) fn new(seed: u64, purpose: &Purpose) -> Self {
        let mut chance = Chance::new(seed);
        let id = format!("{:016x}{:016x}", chance.next(), chance.next());
        let sender = match purpose {
            Purpose::Opening | Purpose::Reply { .. } => "orderly@customer.example".to_owned(),
            _ => format!("customer{}@customer.example", chance.next() % 8),
        };
        let recipient = match purpose {
            Purpose::NoSuchRecipient => "nobody@desk.example.org",
            _ => "support@desk.example.org",
        };
        let size = match purpose {
            Purpose::Request if chance.next().is_multiple_of(100) => 2 * 1024 * 1024,
            Purpose::Request => chance.spread(1024.0, 262_144.0) as usize,
            _ => 1024,
        };
        let mut octets = head(&id, &sender, purpose).into_bytes();
        write_body(&mut octets, &id, size, purpose, &mut chance);
        Self { id, sender, recipient: recipient.to_owned(), octets }
    }
}

fn head(id: &str, sender: &str, purpose: &Purpose) -> String {
    let subject = match purpose {
        Purpose::Reply { reference, .. } => format!("Re: [{reference}] ledger-{id}"),
        _ => format!("ledger-{id}"),
    };
    format!(
        "From: A Customer <{sender}>\r\nTo: support@desk.example.org\r\nSubject: {subject}\r\nX-Ledger: {id}\r\n\
         Message-ID: <{id}@customer.example>\r\nDate: Sat, 21 Nov 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\n"
    )
}

fn write_body(octets: &mut Vec<u8>, id: &str, size: usize, purpose: &Purpose, chance: &mut Chance) {
    let first = match purpose {
        Purpose::Reply { number, .. } => format!("ledger-{id} entry number {number}."),
        _ => format!("ledger-{id} asks for help."),
    };
    if size > LARGEST_TEXT {
        octets.extend_from_slice(b"Content-Type: multipart/mixed; boundary=\"ledger\"\r\n\r\n--ledger\r\n");
        octets.extend_from_slice(format!("Content-Type: text/plain\r\n\r\n{first}\r\n--ledger\r\n").as_bytes());
        octets.extend_from_slice(b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n");
        octets.extend_from_slice(b"Content-Disposition: attachment; filename=\"ledger.bin\"\r\n\r\n");
        write_lines(octets, size, "", chance);
        octets.extend_from_slice(b"--ledger--\r\n");
        return;
    }
    octets.extend_from_slice(format!("Content-Type: text/plain\r\n\r\n{first}\r\n").as_bytes());
    if *purpose == Purpose::BareNewline {
        octets.extend_from_slice(b"this line ends in a bare newline\nand this one does not\r\n");
    }
    // Lines that begin with a dot, or are one: what the client doubles, the gateway has to take away again.
    octets.extend_from_slice(b".\r\n..\r\n. a dot in front\r\n");
    write_lines(octets, size, "words ", chance);
}

fn write_lines(octets: &mut Vec<u8>, size: usize, lead: &str, chance: &mut Chance) {
    while octets.len() < size {
        let line = format!("{lead}{:016x}{:016x}{:016x}{:016x}\r\n", chance.next(), chance.next(), chance.next(), chance.next());
        octets.extend_from_slice(line.as_bytes());
    }
}
