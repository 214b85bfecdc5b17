//! The one file of a backup: a tar archive whose last entry tells what must be in it. The only user of `tar`.
//!
//! A file that was cut off has no last entry, and one that was changed has other digests than that tells: both are found before
//! anything is taken out. Anybody's `tar` can look into it.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use serde::{Deserialize, Serialize};

use crate::model::encoding::hex;
use crate::model::seal::Digester;

/// Name of the last entry.
const CONTENTS: &str = "contents.json";
/// Octets of the last entry: some 200 for each large mail.
const LARGEST_CONTENTS: u64 = 1 << 30;
/// The form of the archive. Another number: another version of postdesk is needed.
const FORM: u32 = 1;

/// What a backup holds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::operate) struct Contents {
    /// Form of the archive.
    pub(in crate::operate) form: u32,
    /// Version of postdesk that made it.
    pub(in crate::operate) version: String,
    /// Microseconds since 1970, before the copy was begun.
    pub(in crate::operate) made_at: i64,
    /// The same for people.
    pub(in crate::operate) made: String,
    /// The store that it is of.
    pub(in crate::operate) store: String,
    pub(in crate::operate) tickets: i64,
    pub(in crate::operate) arrivals: i64,
    pub(in crate::operate) notices: i64,
    /// Whether the large mail outside the database was left out on purpose.
    pub(in crate::operate) without_objects: bool,
    pub(in crate::operate) entries: Vec<Entry>,
}

impl Contents {
    /// Whether there is an entry of this name.
    pub(in crate::operate) fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.name == name)
    }

    /// Octets of all entries.
    pub(in crate::operate) fn octets(&self) -> u64 {
        self.entries.iter().map(|entry| entry.size).sum()
    }
}

/// One file in the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::operate) struct Entry {
    pub(in crate::operate) name: String,
    pub(in crate::operate) size: u64,
    /// SHA-256 in hexadecimal.
    pub(in crate::operate) sha256: String,
}

/// Hears how many octets went by.
pub(in crate::operate) type Told<'a> = &'a mut dyn FnMut(u64);

/// An archive that is being written.
pub(in crate::operate) struct Packing {
    tar: tar::Builder<BufWriter<File>>,
    contents: Contents,
}

impl Packing {
    /// Begins with a word for whoever finds the file.
    pub(in crate::operate) fn begin(file: File, contents: Contents) -> io::Result<Self> {
        let tar = tar::Builder::new(BufWriter::with_capacity(1 << 20, file));
        let mut packing = Self { tar, contents: Contents { form: FORM, ..contents } };
        let words = format!(
            "A backup of postdesk {}, made {}. It holds mail and keys: keep it as secret as these.\n\
             `postdesk restore FILE` makes it into a store again.\n",
            packing.contents.version, packing.contents.made
        );
        packing.add("README", words.len() as u64, &mut words.as_bytes(), &mut |_| {})?;
        Ok(packing)
    }

    /// Adds a file of this size.
    pub(in crate::operate) fn add(&mut self, name: &str, size: u64, from: &mut dyn Read, told: Told<'_>) -> io::Result<()> {
        let mut passing = Passing { from, digester: Digester::default(), passed: 0, told };
        self.tar.append_data(&mut header(size, self.contents.made_at), name, &mut passing)?;
        let sha256 = hex(&passing.digester.clone().finish());
        if passing.passed != size {
            return Err(io::Error::other(format!("{name} changed its size while it was read")));
        }
        self.contents.entries.push(Entry { name: name.to_owned(), size, sha256 });
        Ok(())
    }

    /// Ends the archive; when this returns, it is on the disk.
    pub(in crate::operate) fn finish(mut self, change: impl FnOnce(&mut Contents)) -> io::Result<Contents> {
        change(&mut self.contents);
        let json = serde_json::to_vec_pretty(&self.contents).map_err(io::Error::other)?;
        let mut head = header(json.len() as u64, self.contents.made_at);
        self.tar.append_data(&mut head, CONTENTS, json.as_slice())?;
        let mut out = self.tar.into_inner()?;
        out.flush()?;
        out.get_ref().sync_all()?;
        Ok(self.contents)
    }
}

fn header(size: u64, made_at: i64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o600);
    header.set_mtime(u64::try_from(made_at / 1_000_000).unwrap_or_default());
    header
}

/// Reads a whole archive and compares each octet's digest with what the last entry tells.
pub(in crate::operate) fn verify(file: &mut File, told: Told<'_>) -> io::Result<Contents> {
    let mut found = Vec::new();
    let mut contents: Option<Contents> = None;
    each(file, &mut |name, size, from| {
        if contents.is_some() {
            return Err(damaged("something stands behind its end"));
        }
        if name == CONTENTS {
            let mut json = Vec::new();
            from.take(LARGEST_CONTENTS).read_to_end(&mut json)?;
            let read: Contents = serde_json::from_slice(&json).map_err(|error| damaged(&error.to_string()))?;
            contents = Some(read);
            return Ok(());
        }
        let mut passing = Passing { from, digester: Digester::default(), passed: 0, told: &mut *told };
        io::copy(&mut passing, &mut io::sink())?;
        found.push(Entry { name: name.to_owned(), size, sha256: hex(&passing.digester.finish()) });
        Ok(())
    })?;
    let contents = contents.ok_or_else(|| damaged("its end is missing"))?;
    if contents.form != FORM {
        let words = format!("is of form {}, which this version does not read: take the newest one", contents.form);
        return Err(io::Error::new(io::ErrorKind::Unsupported, words));
    }
    match contents.entries.iter().zip(&found).find(|(told, found)| told != found) {
        Some((told, _)) => Err(damaged(&format!("{} is not what was put in", told.name))),
        None if contents.entries.len() != found.len() => Err(damaged("files are missing in it")),
        None => Ok(contents),
    }
}

/// Takes each file out in turn: its name, its size, its octets.
pub(in crate::operate) fn each(
    file: &mut File,
    take: &mut dyn FnMut(&str, u64, &mut dyn Read) -> io::Result<()>,
) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    let mut tar = tar::Archive::new(BufReader::with_capacity(1 << 20, &*file));
    for entry in tar.entries()? {
        let mut entry = entry?;
        let name = entry.path()?.to_str().ok_or_else(|| damaged("the name of a file is none"))?.to_owned();
        let size = entry.size();
        take(&name, size, &mut entry)?;
    }
    Ok(())
}

fn damaged(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.to_owned())
}

/// What goes by is digested and counted.
struct Passing<'a> {
    from: &'a mut dyn Read,
    digester: Digester,
    passed: u64,
    told: Told<'a>,
}

impl Read for Passing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.digester.update(&buffer[..read]);
        self.passed += read as u64;
        (self.told)(read as u64);
        Ok(read)
    }
}
