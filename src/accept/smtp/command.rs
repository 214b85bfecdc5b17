//! Command lines (RFC 5321 section 4.1, RFC 2033 section 4.1) into commands. Whatever the bytes are, the result is a command or a fault.

use super::Sender;
use super::path::{self, Path};

/// Octets of a HELO name that are kept: no domain is longer (RFC 5321 section 4.5.3.1.2).
const LONGEST_NAME: usize = 255;

/// A command, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// HELO, EHLO or LHLO.
    Hello {
        /// Which of them.
        verb: Hello,
        /// What the client calls itself.
        name: String,
    },
    /// MAIL.
    Mail(MailFrom),
    /// RCPT, with a path that is not the null one.
    Rcpt(Path),
    /// DATA.
    Data,
    /// STARTTLS.
    StartTls,
    /// RSET.
    Rset,
    /// NOOP, with or without an argument.
    Noop,
    /// VRFY.
    Vrfy,
    /// HELP.
    Help,
    /// QUIT.
    Quit,
}

/// How a client begins: each belongs to one protocol only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hello {
    /// SMTP without extensions.
    Helo,
    /// SMTP with extensions.
    Ehlo,
    /// LMTP.
    Lhlo,
}

/// What MAIL says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailFrom {
    /// Envelope sender.
    pub sender: Sender,
    /// Octets that the client declares (RFC 1870).
    pub size: Option<u64>,
    /// Whether addresses and header may hold UTF-8 (RFC 6531).
    pub utf8: bool,
    body: bool,
}

/// Why a line is not a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No such verb.
    Unknown,
    /// A verb of some RFC that we do not offer.
    NotOffered,
    /// Another protocol, or chunks that would be read as commands: nothing that follows can be trusted.
    OutOfStep,
    /// Arguments missing, or some where none belong.
    Arguments,
    /// The path of MAIL.
    Sender,
    /// The path of RCPT.
    Recipient,
    /// A parameter that no extension of ours defines.
    Parameter,
}

/// Reads a command line without its CRLF.
pub fn parse(line: &[u8]) -> Result<Command, Fault> {
    let line = line.trim_ascii_end();
    let (verb, argument) = match memchr::memchr(b' ', line) {
        Some(at) => (&line[..at], line[at + 1..].trim_ascii_start()),
        None => (line, &line[line.len()..]),
    };
    let is = |name: &str| verb.eq_ignore_ascii_case(name.as_bytes());
    let alone = |command| if argument.is_empty() { Ok(command) } else { Err(Fault::Arguments) };
    match verb.len() {
        4 if is("EHLO") => hello(Hello::Ehlo, argument),
        4 if is("MAIL") => mail(argument),
        4 if is("RCPT") => rcpt(argument),
        4 if is("DATA") => alone(Command::Data),
        4 if is("QUIT") => alone(Command::Quit),
        4 if is("RSET") => alone(Command::Rset),
        4 if is("NOOP") => Ok(Command::Noop),
        4 if is("HELO") => hello(Hello::Helo, argument),
        4 if is("LHLO") => hello(Hello::Lhlo, argument),
        4 if is("VRFY") && argument.is_empty() => Err(Fault::Arguments),
        4 if is("VRFY") => Ok(Command::Vrfy),
        4 if is("HELP") => Ok(Command::Help),
        8 if is("STARTTLS") => alone(Command::StartTls),
        _ => Err(unknown(verb)),
    }
}

fn unknown(verb: &[u8]) -> Fault {
    let among = |names: &[&str]| names.iter().any(|name| verb.eq_ignore_ascii_case(name.as_bytes()));
    // A browser can be made to send SMTP inside a request's body, and the octets after BDAT are a message, not commands.
    if among(&["GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT", "BDAT"]) {
        Fault::OutOfStep
    } else if among(&["EXPN", "AUTH", "TURN", "ETRN", "ATRN", "SEND", "SOML", "SAML"]) {
        Fault::NotOffered
    } else {
        Fault::Unknown
    }
}

fn hello(verb: Hello, argument: &[u8]) -> Result<Command, Fault> {
    let name = std::str::from_utf8(argument).map_err(|_| Fault::Arguments)?;
    if name.is_empty() || name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(Fault::Arguments);
    }
    Ok(Command::Hello { verb, name: name.to_owned() })
}

/// The text after `FROM:` or `TO:`. A space after the colon is wrong (RFC 5321 section 3.3) and common.
fn after<'a>(keyword: &str, argument: &'a [u8], fault: Fault) -> Result<&'a str, Fault> {
    let (start, rest) = argument.split_at_checked(keyword.len()).ok_or(Fault::Arguments)?;
    if !start.eq_ignore_ascii_case(keyword.as_bytes()) {
        return Err(Fault::Arguments);
    }
    std::str::from_utf8(rest).map(str::trim_start).map_err(|_| fault)
}

fn mail(argument: &[u8]) -> Result<Command, Fault> {
    let (path, rest) = path::read(after("FROM:", argument, Fault::Sender)?).ok_or(Fault::Sender)?;
    let sender = match path {
        Path::Null => None,
        Path::Address(address) => Some(address),
        Path::Postmaster => return Err(Fault::Sender),
    };
    let mut mail = MailFrom { sender, ..MailFrom::default() };
    for parameter in parameters(rest)? {
        mail.parameter(parameter)?;
    }
    Ok(Command::Mail(mail))
}

fn rcpt(argument: &[u8]) -> Result<Command, Fault> {
    let (path, rest) = path::read(after("TO:", argument, Fault::Recipient)?).ok_or(Fault::Recipient)?;
    if parameters(rest)?.next().is_some() {
        // NOTIFY and ORCPT belong to DSN, which is not offered.
        return Err(Fault::Parameter);
    }
    match path {
        Path::Null => Err(Fault::Recipient),
        path => Ok(Command::Rcpt(path)),
    }
}

fn parameters(rest: &str) -> Result<impl Iterator<Item = &str>, Fault> {
    if !rest.is_empty() && !rest.starts_with(' ') {
        return Err(Fault::Arguments);
    }
    Ok(rest.split(' ').filter(|parameter| !parameter.is_empty()))
}

impl MailFrom {
    fn parameter(&mut self, parameter: &str) -> Result<(), Fault> {
        let (name, value) = match parameter.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (parameter, None),
        };
        match (name.to_ascii_uppercase().as_str(), value) {
            ("SIZE", Some(value)) if self.size.is_none() => self.size = Some(size(value)?),
            ("BODY", Some(value)) if !self.body => {
                if !value.eq_ignore_ascii_case("7BIT") && !value.eq_ignore_ascii_case("8BITMIME") {
                    return Err(Fault::Arguments);
                }
                self.body = true;
            }
            ("SMTPUTF8", None) if !self.utf8 => self.utf8 = true,
            // Known ones without their value, with one too many, or twice.
            ("SIZE" | "BODY" | "SMTPUTF8", _) => return Err(Fault::Arguments),
            _ => return Err(Fault::Parameter),
        }
        Ok(())
    }
}

/// One to twenty digits (RFC 1870 section 4). More than 64 bits hold is too large for anybody, not a fault of syntax.
fn size(value: &str) -> Result<u64, Fault> {
    if value.is_empty() || value.len() > 20 || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::Arguments);
    }
    Ok(value.parse().unwrap_or(u64::MAX))
}
