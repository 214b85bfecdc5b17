//! The relay `file:`: each notice becomes one `.eml` file in a plain folder.
//!
//! The file has its name only when it is whole and on the disk. A second attempt writes the same octets under the same name, so that a
//! crash before the settlement leaves nothing double.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use crate::model::address::Address;
use crate::store::outbox::Leased;

/// The longest part of a file name that comes from an address, in octets.
const LONGEST_RECIPIENT: usize = 120;

/// Writes one notice into the folder, which is made when it is not there. The error says why it could not be written.
pub async fn deliver(folder: &Path, notice: &Leased, octets: Vec<u8>) -> Result<(), String> {
    let shown = folder.display().to_string();
    let folder = folder.to_owned();
    let name = name(notice.id, &notice.event, &notice.recipient);
    // The envelope, as a mail server adds it at final delivery (RFC 5321 section 4.4).
    let envelope = format!("Return-Path: <{}>\r\nDelivered-To: {}\r\n", notice.sender, notice.recipient);
    let written = tokio::task::spawn_blocking(move || write(&folder, &name, envelope.as_bytes(), &octets)).await;
    match written {
        Ok(written) => written.map_err(|error| format!("{shown}: {error}")),
        Err(_) => Err(format!("{shown}: the writer did not finish")),
    }
}

/// The name of a notice's file: number of its row, event, recipient.
pub fn name(id: i64, event: &str, recipient: &Address) -> String {
    format!("{id:08}-{}-{}.eml", safe(event), safe(recipient.as_str()))
}

/// Writes a file so that it is whole under its name or not there at all. Blocks; costs two fsync.
pub fn write(folder: &Path, name: &str, envelope: &[u8], octets: &[u8]) -> io::Result<()> {
    // Other people's mail: for nobody else to read.
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // Two senders that hold the same notice (one of them beyond its lease) write the same octets: whichever renames last is right.
    let unfinished = folder.join(format!(".{name}.part"));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(envelope)?;
    file.write_all(octets)?;
    file.sync_all()?;
    fs::rename(&unfinished, folder.join(name))?;
    File::open(folder)?.sync_all()
}

/// A text as a part of a file name: nothing that a file system or a shell reads as more than a letter.
fn safe(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@.+-_=".contains(c);
    text.chars().take(LONGEST_RECIPIENT).map(|c| if plain(c) { c } else { '_' }).collect()
}
