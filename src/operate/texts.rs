//! `texts check` and `texts show`: what notices say, looked at without a mail.

use std::io::Write;
use std::path::Path;

use serde::Serialize;

use super::table::{Cell, Tone, table};
use super::{Code, Ended, Format, Trouble, settled, write_json};
use crate::decide::write::page::Look;
use crate::decide::write::phrases::{ENGLISH, Voice};
use crate::decide::write::texts::check::{self, Fault, Summary};
use crate::decide::write::texts::{Texts, built_in};
use crate::model::suggestion::nearest;
use crate::model::time::Zone;
use crate::settings::texts_folder;

/// Mails that agents alone get.
const FOR_AGENTS: &[&str] = &[
    "request",
    "assigned",
    "reply",
    "note",
    "due-soon",
    "overdue",
    "undelivered",
    "receipt",
    "held",
    "digest",
    "operated",
    "alarm",
];
/// Mails that nobody but a customer gets, or a member of the desk who asks like one.
const FOR_CUSTOMERS: &[&str] = &["acknowledgement", "begun"];
/// Mails that are shown as agents get them where nothing else is said; the others as customers do.
const RATHER_FOR_AGENTS: &[&str] = &["reply"];

/// Looks at every text and phrase, built in and the operator's own, and tells of every fault at once.
///
/// # Errors
/// [`Code::Configuration`] when there is a fault; it is told in the answer where JSON is wanted, else on standard error.
pub fn check(folder: Option<&Path>, format: Format, out: &mut dyn Write) -> Result<(), Trouble> {
    let (overrides, mut faults) = folder.map(texts_folder::read).unwrap_or_default();
    let (found, summaries) = check::check(overrides);
    faults.extend(found);
    settled(tell(&faults, &summaries, folder, format, out))?;
    if faults.is_empty() {
        return Ok(());
    }
    let count = if faults.len() == 1 {
        "there is a fault in the texts".to_owned()
    } else {
        format!("there are {} faults in the texts", faults.len())
    };
    let words = match format {
        Format::Json => count,
        Format::People(_) => {
            let all: Vec<String> = faults.iter().map(|fault| format!("  {}{fault}", place(fault, folder))).collect();
            format!("{count}:\n{}", all.join("\n"))
        }
    };
    Err(Trouble::new(Code::Configuration, words))
}

/// The folder that a file lies in, unless it is built in.
fn place(fault: &Fault, folder: Option<&Path>) -> String {
    folder.filter(|folder| folder.join(&fault.file).exists()).map(|folder| format!("{}/", folder.display())).unwrap_or_default()
}

/// A language in JSON.
#[derive(Serialize)]
struct Language<'a> {
    language: &'a str,
    built_in: bool,
    texts: usize,
    phrases: usize,
    falls_back_to_english: usize,
}

/// A fault in JSON.
#[derive(Serialize)]
struct Mistake<'a> {
    file: &'a str,
    line: Option<usize>,
    fault: &'a str,
    remedy: &'a str,
    stops_a_start: bool,
}

fn tell(
    faults: &[Fault],
    summaries: &[Summary],
    folder: Option<&Path>,
    format: Format,
    out: &mut dyn Write,
) -> Result<(), Ended> {
    match format {
        Format::Json => {
            for Summary { language, built_in, texts, phrases, english } in summaries {
                let (texts, phrases) = (*texts, *phrases);
                write_json(&Language { language, built_in: *built_in, texts, phrases, falls_back_to_english: *english }, out)?;
            }
            for Fault { file, line, what, remedy, stops } in faults {
                let file = &format!("{}{file}", place(&Fault::grave(file, None, "", ""), folder));
                write_json(&Mistake { file, line: *line, fault: what, remedy, stops_a_start: *stops }, out)?;
            }
        }
        Format::People(look) if faults.is_empty() => {
            let row = |summary: &Summary| {
                let number = |count: usize| Cell::number(i64::try_from(count).unwrap_or(i64::MAX));
                let tone = if summary.english == 0 { Tone::Good } else { Tone::Waiting };
                let english = Cell::toned(&summary.english.to_string(), tone);
                vec![Cell::new(&summary.language), number(summary.texts), number(summary.phrases), english]
            };
            let rows = summaries.iter().map(row).collect();
            out.write_all(table(&["language", "texts", "phrases", "falls back to English"], rows, look).as_bytes())?;
        }
        Format::People(_) => {}
    }
    Ok(out.flush()?)
}

/// What to show.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// The text; without it, what there is.
    pub event: Option<&'a str>,
    /// The language; without it, English.
    pub language: Option<&'a str>,
    /// As an agent gets it (`true`) or a customer; without it, as those get it who mostly do.
    pub to_agent: Option<bool>,
    /// Its HTML instead of its text.
    pub html: bool,
}

/// Writes a notice with sample data: its subject, an empty line, and what a person sees; or its HTML alone.
///
/// # Errors
/// [`Code::Input`] for a text or a language that there is none of.
pub fn show(texts: &Texts, wanted: &Wanted<'_>, zone: &Zone, out: &mut dyn Write) -> Result<(), Trouble> {
    let Some(event) = wanted.event else { return settled(list(texts, out)) };
    if !events().any(|known| known == event) {
        let near = nearest(event, events()).map(|near| format!(" (did you mean {near}?)")).unwrap_or_default();
        return Err(Trouble::new(Code::Input, format!("there is no text `{event}`{near}; `postdesk texts show` lists them")));
    }
    let language = wanted.language.unwrap_or(ENGLISH);
    if !texts.speaks(language) {
        let known: Vec<&str> = texts.languages().collect();
        return Err(Trouble::new(Code::Input, format!("there are no texts in `{language}`; there are {}", known.join(", "))));
    }
    let to_agent = reader(event, wanted.to_agent)?;
    let voice = Voice { phrases: &texts.phrases, language, zone };
    let (subject, page) = texts.show(voice, event, to_agent);
    let body = if wanted.html { page.html(Look { language, to_agent }) } else { page.text() };
    settled(if wanted.html { write_html(&body, out) } else { write(&subject, &body, out) })
}

fn write(subject: &str, body: &str, out: &mut dyn Write) -> Result<(), Ended> {
    writeln!(out, "{subject}\n\n{body}")?;
    Ok(out.flush()?)
}

fn write_html(html: &str, out: &mut dyn Write) -> Result<(), Ended> {
    writeln!(out, "{html}")?;
    Ok(out.flush()?)
}

/// Whose notice is shown.
fn reader(event: &str, to_agent: Option<bool>) -> Result<bool, Trouble> {
    let (agents, customers) = (FOR_AGENTS.contains(&event), FOR_CUSTOMERS.contains(&event));
    match to_agent {
        Some(false) if agents && !RATHER_FOR_AGENTS.contains(&event) => {
            Err(Trouble::new(Code::Input, format!("`{event}` is never sent to customers")))
        }
        Some(true) if customers => Err(Trouble::new(Code::Input, format!("`{event}` is never sent to agents"))),
        Some(to_agent) => Ok(to_agent),
        None => Ok(agents),
    }
}

fn events() -> impl Iterator<Item = &'static str> {
    built_in::names().filter_map(|name| name.strip_suffix(".subject"))
}

fn list(texts: &Texts, out: &mut dyn Write) -> Result<(), Ended> {
    let readers = |event: &str| match (FOR_AGENTS.contains(&event), FOR_CUSTOMERS.contains(&event)) {
        (true, _) if !RATHER_FOR_AGENTS.contains(&event) => "agents",
        (_, true) => "customers",
        _ => "agents, customers",
    };
    for event in events() {
        writeln!(out, "{event:<16} to {}", readers(event))?;
    }
    writeln!(out, "\nlanguages: {}", texts.languages().collect::<Vec<_>>().join(", "))?;
    Ok(out.flush()?)
}
