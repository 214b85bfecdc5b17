//! `postdesk export`: one ticket with its originals, as a folder or as one mbox.
//!
//! Originals come out octet for octet (in an mbox with the line ends of an mbox). Names of files are made of numbers and of our own words,
//! never of what a mail says. Nothing is overwritten: a folder has its name only when it is whole, and a file that is there is an error.
//! `--public` leaves out whatever is internal (`public`), so that the result can be given to the customer.

mod mbox;
mod public;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::ticket::{pictured, whole};
use super::{Code, Trouble, View, table::Look, ticket_number};
use crate::deliver::compose;
use crate::store::report::conversation::TicketDetail;
use crate::store::{Fault, Store};

/// Where the ticket goes, and how much of it.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// A folder that is not there yet. `None` with an mbox: none; else the reference, below the working directory.
    pub folder: Option<PathBuf>,
    /// A file that is not there yet.
    pub mbox: Option<PathBuf>,
    /// Without what customers may not see.
    pub public: bool,
}

/// A mail of the export.
struct Mail {
    /// Folder and name of its file.
    name: String,
    /// Who stands in the line before it in an mbox.
    sender: String,
    at: crate::model::time::Time,
    octets: Vec<u8>,
}

impl Mail {
    fn is_original(&self) -> bool {
        self.name.starts_with("messages/")
    }
}

/// Everything that is written.
struct Export {
    json: Vec<u8>,
    text: String,
    mails: Vec<Mail>,
    /// Arrivals whose originals are not there any more.
    missing: Vec<i64>,
}

/// Writes the ticket, and says what was written.
///
/// # Errors
/// [`Code::Input`] when there is no such ticket, or something is where it is to be written; [`Code::InputOutput`] when it cannot be
/// written. Nothing has the name that was asked for then.
pub async fn export(
    store: &Store,
    reference: &str,
    options: &Options,
    view: &View<'_>,
    out: &mut dyn Write,
) -> Result<(), Trouble> {
    let number = ticket_number(reference)?;
    let detail = store.ticket_by_reference(number).await?.ok_or_else(|| {
        Trouble::new(Code::Input, format!("there is no ticket {number}; `postdesk ticket list` shows those there are"))
    })?;
    let name = view.reference(&detail.ticket.department, number);
    let folder = match (&options.folder, &options.mbox) {
        (None, None) => Some(PathBuf::from(&name)),
        (folder, _) => folder.clone(),
    };
    for place in folder.iter().chain(&options.mbox) {
        require_free(place)?;
    }
    let export = gather(store, detail, options.public, view).await?;
    let mut said = Vec::new();
    if let Some(folder) = &folder {
        write_folder(folder, &export).map_err(|error| unwritten(folder, &error))?;
        said.push(format!("{name}: {} mails in {}", export.mails.len(), folder.display()));
    }
    if let Some(file) = &options.mbox {
        // Notices are written of the originals, and would come back as mail of our own where they are imported. The customer has
        // no other form of the answers.
        let mails: Vec<&Mail> = export.mails.iter().filter(|mail| options.public || mail.is_original()).collect();
        whole_file(file, |to| mbox::write(&mails, to)).map_err(|error| unwritten(file, &error))?;
        said.push(format!("{name}: {} mails in {}", mails.len(), file.display()));
    }
    if !export.missing.is_empty() {
        let numbers: Vec<String> = export.missing.iter().map(ToString::to_string).collect();
        said.push(format!("Without the originals of the arrivals {}: they are not kept any more.", numbers.join(", ")));
    }
    writeln!(out, "{}", said.join("\n")).map_err(|error| Trouble::new(Code::InputOutput, error.to_string()))
}

async fn gather(store: &Store, mut detail: TicketDetail, only_public: bool, view: &View<'_>) -> Result<Export, Trouble> {
    let requester = detail.ticket.requester.address.clone();
    let originals = if only_public { public::originals(&detail) } else { all(&detail) };
    if only_public {
        public::keep(&mut detail);
    }
    let (mut mails, mut missing) = (Vec::new(), Vec::new());
    for (position, (arrival, kind, sender, at)) in originals.into_iter().enumerate() {
        match store.raw(arrival).await {
            Ok(Some(octets)) if !octets.is_empty() => {
                let name = format!("messages/{:03}-{}.eml", position + 1, plain(&kind));
                mails.push(Mail { name, sender, at, octets });
            }
            Ok(_) | Err(Fault::Gone(_)) => missing.push(arrival),
            Err(fault) => return Err(fault.into()),
        }
    }
    let mut position = 0;
    for notice in store.notices_sent_about(detail.ticket.number).await? {
        if only_public && !public::may_have(&notice, &requester) {
            continue;
        }
        position += 1;
        let octets = async { compose::octets(store, &store.letter(notice.id).await?).await };
        let name = format!("notices/{position:03}-{}.eml", plain(&notice.event));
        match octets.await {
            Ok(octets) => mails.push(Mail { name, sender: String::new(), at: notice.created_at, octets }),
            // It is gone, or its files were in an original that is.
            Err(Fault::Refused(_) | Fault::Gone(_)) => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    Ok(Export { json: whole(&detail, view)?, text: pictured(&detail, Look::PLAIN, view), mails, missing })
}

/// The mails that its entries came by, oldest first: arrival, kind, author, time.
type Originals = Vec<(i64, String, String, crate::model::time::Time)>;

fn all(detail: &TicketDetail) -> Originals {
    let mut originals: Originals = Vec::new();
    for message in &detail.messages {
        // A note above a mail that was passed on came by the same arrival as that.
        if originals.iter().all(|(arrival, ..)| *arrival != message.arrival) {
            let sender = message.author.address.clone().unwrap_or_default();
            originals.push((message.arrival, message.kind.clone(), sender, message.at));
        }
    }
    originals
}

/// A word as a part of a file name, should a newer version have written other kinds than ours.
fn plain(word: &str) -> String {
    word.chars().take(40).map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
}

fn require_free(place: &Path) -> Result<(), Trouble> {
    match fs::symlink_metadata(place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(unwritten(place, &error)),
        Ok(_) => {
            let words = format!("{} is there already, and nothing is overwritten: name another place", place.display());
            Err(Trouble::new(Code::Input, words))
        }
    }
}

fn unwritten(place: &Path, error: &io::Error) -> Trouble {
    Trouble::new(Code::InputOutput, format!("{} cannot be written: {error}", place.display()))
}

/// Beside its place, under a name that says that it is not whole.
fn unfinished(place: &Path) -> PathBuf {
    let mut name = place.file_name().unwrap_or_default().to_owned();
    name.push(format!(".unfinished-{}", std::process::id()));
    place.with_file_name(name)
}

fn write_folder(folder: &Path, export: &Export) -> io::Result<()> {
    let place = unfinished(folder);
    let written = fill_folder(&place, export).and_then(|()| fs::rename(&place, folder));
    if written.is_err() {
        let _ = fs::remove_dir_all(&place);
    }
    written
}

fn fill_folder(folder: &Path, export: &Export) -> io::Result<()> {
    // Other people's mail: for nobody else to read.
    let make = |folder: &Path| DirBuilder::new().mode(0o700).create(folder);
    make(folder)?;
    new_file(&folder.join("ticket.json"))?.write_all(&export.json)?;
    new_file(&folder.join("ticket.txt"))?.write_all(export.text.as_bytes())?;
    for part in ["messages", "notices"] {
        make(&folder.join(part))?;
    }
    for mail in &export.mails {
        new_file(&folder.join(&mail.name))?.write_all(&mail.octets)?;
    }
    Ok(())
}

fn new_file(file: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)
}

/// Writes a file that has its name only when it is whole, and takes nobody else's.
fn whole_file(file: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let place = unfinished(file);
    let written = new_file(&place).and_then(|made| {
        let mut to = io::BufWriter::new(made);
        write(&mut to)?;
        to.flush()?;
        // A link fails where something is; a rename would replace it.
        fs::hard_link(&place, file)
    });
    let _ = fs::remove_file(&place);
    written
}
