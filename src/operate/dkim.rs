//! `dkim key` and `dkim record`: makes keys that sign outgoing mail, and says what to publish for them.
//!
//! A key that is there is never overwritten: whoever lost one cannot have signed with it, but the record of the old one is still out
//! there. No verb prints a private key.

mod make;
pub mod standing;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

pub use self::make::Recipe;
use super::{Code, Ended, Format, Trouble, settled, write_json};
use crate::deliver::sign::{Key, Record};
use crate::settings::dkim::{domain, selector};

/// The sizes of RSA keys that `ring` signs with and that readers verify (RFC 8301 section 3.2).
const BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

/// A key to be made.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Whose mail it is to sign.
    pub domain: String,
    /// Its name below that domain.
    pub selector: String,
    /// What it is made of.
    pub recipe: Recipe,
    /// Where it is kept; without it, a file in the working directory that is named after both.
    pub file: Option<PathBuf>,
}

/// Makes a key, and says what to publish and to configure.
///
/// # Errors
/// [`Code::Usage`] for what is no domain, selector or size; [`Code::Input`] when the file is there; [`Code::InputOutput`] when it cannot be
/// written.
pub fn key(wanted: &Wanted, format: Format, out: &mut dyn Write) -> Result<(), Trouble> {
    let usage = |why: String| Trouble::new(Code::Usage, why);
    let domain = domain(wanted.domain.clone()).map_err(usage)?;
    let selector = selector(wanted.selector.clone()).map_err(usage)?;
    if let Recipe::Rsa { bits } = wanted.recipe
        && !BITS.contains(&bits)
    {
        return Err(usage(format!("{bits} bits: an RSA key has {} to {} bits, 2048 for most", BITS.start(), BITS.end())));
    }
    let file = wanted.file.clone().unwrap_or_else(|| PathBuf::from(format!("dkim-{selector}-{domain}.pem")));
    let pem = make::private_key(wanted.recipe).map_err(|error| not_written(&file, &error))?;
    // Read as the gateway will, so that what is published is what will sign.
    let key = Key::from_pem(&domain, &selector, pem.as_bytes()).map_err(|why| Trouble::new(Code::OurFault, why))?;
    make::keep(&file, &pem).map_err(|error| not_written(&file, &error))?;
    // The gateway may be started in another folder.
    let file = std::path::absolute(&file).unwrap_or(file);
    settled(tell_key(&key, &file, format, out))
}

fn not_written(file: &Path, error: &io::Error) -> Trouble {
    let file = file.display();
    match error.kind() {
        io::ErrorKind::AlreadyExists => Trouble::new(Code::Input, format!("{file} is there already and is left as it is")),
        _ => Trouble::new(Code::InputOutput, format!("{file} cannot be written: {error}")),
    }
}

fn tell_key(key: &Key, file: &Path, format: Format, out: &mut dyn Write) -> Result<(), Ended> {
    if format == Format::Json {
        write_json(&Line::new(key, Some(file.display().to_string())), out)?;
        return Ok(out.flush()?);
    }
    let (domain, selector, file) = (&key.domain, &key.selector, file.display());
    writeln!(out, "The private key is in {file}. Whoever has it can sign in the name of {domain}.\n")?;
    writeln!(out, "Publish this TXT record:\n")?;
    write_record(&key.record(), out)?;
    writeln!(out, "\nOnce it can be looked up, add to [delivery] of the configuration, and start the gateway again:\n")?;
    writeln!(out, "dkim = [{{ domain = \"{domain}\", selector = \"{selector}\", private_key = \"{file}\" }}]")?;
    Ok(out.flush()?)
}

/// Writes what has to be published for the keys of the configuration.
///
/// # Errors
/// [`Code::InputOutput`] when it cannot be written.
pub fn record(keys: &[Key], format: Format, out: &mut dyn Write) -> Result<(), Trouble> {
    settled(tell_records(keys, format, out))
}

fn tell_records(keys: &[Key], format: Format, out: &mut dyn Write) -> Result<(), Ended> {
    if keys.is_empty() && format != Format::Json {
        writeln!(out, "No key is configured, and no mail is signed. `postdesk dkim key` makes one.")?;
    }
    for (index, key) in keys.iter().enumerate() {
        if format == Format::Json {
            write_json(&Line::new(key, None), out)?;
            continue;
        }
        let gap = if index > 0 { "\n" } else { "" };
        writeln!(out, "{gap}{} of {} ({})\n", key.selector, key.domain, key.kind.name())?;
        write_record(&key.record(), out)?;
    }
    Ok(out.flush()?)
}

fn write_record(record: &Record, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "  name   {}\n  value  {}\n\nThe same for a zone file:\n\n{}", record.name, record.value, record.zone())
}

/// A line of `--json`.
#[derive(Serialize)]
struct Line<'a> {
    domain: &'a str,
    selector: &'a str,
    algorithm: &'static str,
    name: String,
    value: String,
    strings: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    private_key: Option<String>,
}

impl<'a> Line<'a> {
    fn new(key: &'a Key, private_key: Option<String>) -> Self {
        let record = key.record();
        let strings = record.strings().into_iter().map(str::to_owned).collect();
        let Record { name, value } = record;
        Self { domain: &key.domain, selector: &key.selector, algorithm: key.kind.name(), name, value, strings, private_key }
    }
}
