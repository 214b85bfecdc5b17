//! Which files an archive consists of: mails (`.eml`), the messages of a Maildir with its subfolders, mboxes.
//!
//! Nothing is passed over in silence: a file that cannot be read, or is named or begins like an archive of another kind, is told; what lies
//! in a folder and is no mail by its name or its beginning (indexes, pictures) is counted.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::separator::time_of;
use super::{Reason, Told};

/// Octets of a file by which its kind is known.
const BEGINNING: usize = 1_024;

/// What begins so, and what is to be done about it.
const OTHERS: [(&[u8], &str); 8] = [
    (b"\x1f\x8b", "is compressed (gzip): unpack it first"),
    (b"PK\x03\x04", "is compressed (zip): unpack it first"),
    (b"BZh", "is compressed (bzip2): unpack it first"),
    (b"\xfd7zXZ\0", "is compressed (xz): unpack it first"),
    (b"\x28\xb5\x2f\xfd", "is compressed (zstd): unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "is compressed (7-Zip): unpack it first"),
    (b"!BDN", "is a data file of Outlook: make an mbox of it first (readpst)"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is a message of Outlook (.msg): make a .eml of it first"),
];

/// Of what kind a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One mail.
    Mail,
    /// Any number of them.
    Mbox,
}

/// The files of an archive. The name of a folder is kept once.
#[derive(Debug, Default)]
pub(super) struct Files {
    folders: Vec<PathBuf>,
    files: Vec<(u32, Box<OsStr>, Kind)>,
    /// Octets of all of them.
    pub(super) octets: u64,
    /// Files in folders that are left alone.
    pub(super) left_alone: u64,
}

impl Files {
    /// Looks through the paths that were given.
    pub(super) fn find(paths: &[PathBuf], told: &mut Told) -> Self {
        let mut files = Self::default();
        for path in paths {
            match fs::metadata(path) {
                Ok(metadata) if metadata.is_dir() => files.look_through(path, told),
                Ok(metadata) if metadata.is_file() => files.named(path, &metadata, told),
                Ok(_) => told.tell(path, None, Reason::NoArchive("is neither a file nor a folder; it has to be read twice")),
                Err(error) => told.tell(path, None, Reason::Unreadable(error.to_string())),
            }
        }
        files
    }

    /// The number of files.
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.files.len()).unwrap_or(u32::MAX)
    }

    /// A file by its number.
    pub(super) fn get(&self, number: u32) -> Option<(PathBuf, Kind)> {
        let (folder, name, kind) = self.files.get(number as usize)?;
        Some((self.folders.get(*folder as usize)?.join(&**name), *kind))
    }

    /// A file that was named on the command line.
    fn named(&mut self, path: &Path, metadata: &Metadata, told: &mut Told) {
        match kind_of(path) {
            Ok(Looks::Like(kind)) => {
                self.folders.push(path.parent().unwrap_or(Path::new("")).to_owned());
                self.add(path.file_name().unwrap_or_default(), kind, metadata);
            }
            Ok(Looks::Refused(why)) => told.tell(path, None, Reason::NoArchive(why)),
            Ok(Looks::Empty) => told.tell(path, None, Reason::Empty),
            Ok(Looks::Unknown) => {
                told.tell(path, None, Reason::NoArchive("begins neither like an mbox (`From ADDRESS DATE`) nor like a mail"));
            }
            Err(error) => told.tell(path, None, Reason::Unreadable(error.to_string())),
        }
    }

    /// A folder, and those in it. The way is kept in a list, however deep they lie within each other.
    fn look_through(&mut self, path: &Path, told: &mut Told) {
        let mut folders = vec![path.to_owned()];
        while let Some(folder) = folders.pop() {
            self.folders.push(folder.clone());
            match entries(&folder) {
                Ok(entries) => {
                    let of_maildir = entries.is_maildir || is_part_of_maildir(&folder);
                    for (name, metadata) in &entries.files {
                        if of_maildir {
                            self.in_maildir(&folder, name, metadata);
                        } else {
                            self.in_folder(&folder.join(name), metadata, told);
                        }
                    }
                    self.left_alone += entries.others;
                    for (name, why) in entries.unreadable {
                        told.tell(&folder.join(name), None, Reason::Unreadable(why));
                    }
                    let below = entries.folders.iter().rev().map(|name| folder.join(name));
                    folders.extend(below.filter(|below| !is_hidden(below) || is_maildir(below)));
                }
                Err(error) => told.tell(&folder, None, Reason::Unreadable(error.to_string())),
            }
        }
    }

    /// In `cur` and `new` everything is a mail, but for what begins with a dot; beside them nothing is.
    fn in_maildir(&mut self, folder: &Path, name: &OsStr, metadata: &Metadata) {
        if is_part_of_maildir(folder) && !is_hidden(Path::new(name)) {
            self.add(name, Kind::Mail, metadata);
        } else {
            self.left_alone += 1;
        }
    }

    fn in_folder(&mut self, path: &Path, metadata: &Metadata, told: &mut Told) {
        match kind_of(path) {
            Ok(Looks::Like(kind)) if kind == Kind::Mbox || extension(path) == "eml" => {
                self.add(path.file_name().unwrap_or_default(), kind, metadata);
            }
            Ok(Looks::Refused(why)) => told.tell(path, None, Reason::NoArchive(why)),
            Ok(Looks::Empty) if matches!(extension(path).as_str(), "eml" | "mbox" | "mbx") => {
                told.tell(path, None, Reason::Empty)
            }
            Ok(Looks::Empty | Looks::Unknown | Looks::Like(_)) => self.left_alone += 1,
            Err(error) => told.tell(path, None, Reason::Unreadable(error.to_string())),
        }
    }

    /// Adds a file of the folder that was named last.
    fn add(&mut self, name: &OsStr, kind: Kind, metadata: &Metadata) {
        let folder = u32::try_from(self.folders.len().saturating_sub(1)).unwrap_or(u32::MAX);
        self.files.push((folder, name.into(), kind));
        self.octets += metadata.len();
    }
}

/// What is in a folder, in the order of the names.
struct Entries {
    files: Vec<(OsString, Metadata)>,
    folders: Vec<OsString>,
    unreadable: Vec<(OsString, String)>,
    /// What is neither file nor folder.
    others: u64,
    is_maildir: bool,
}

fn entries(folder: &Path) -> std::io::Result<Entries> {
    let (mut files, mut folders, mut unreadable, mut others) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // A link to a folder may lead in a circle; a link to a file is as good as the file.
        if entry.file_type()?.is_dir() {
            folders.push(entry.file_name());
            continue;
        }
        match fs::metadata(entry.path()) {
            Ok(metadata) if metadata.is_file() => files.push((entry.file_name(), metadata)),
            Ok(_) => others += 1,
            Err(error) => unreadable.push((entry.file_name(), error.to_string())),
        }
    }
    files.sort_by(|one, other| one.0.cmp(&other.0));
    folders.sort();
    let is_maildir = is_maildir(folder);
    if is_maildir {
        folders.retain(|name| name != "tmp");
    }
    Ok(Entries { files, folders, unreadable, others, is_maildir })
}

fn is_maildir(folder: &Path) -> bool {
    folder.join("cur").is_dir() && folder.join("new").is_dir()
}

fn is_part_of_maildir(folder: &Path) -> bool {
    folder.file_name().is_some_and(|name| name == "cur" || name == "new") && folder.parent().is_some_and(is_maildir)
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase()
}

/// What a file looks like.
enum Looks {
    Like(Kind),
    Refused(&'static str),
    Empty,
    Unknown,
}

fn kind_of(path: &Path) -> std::io::Result<Looks> {
    let mut beginning = Vec::with_capacity(BEGINNING);
    File::open(path)?.take(BEGINNING as u64).read_to_end(&mut beginning)?;
    if let Some(why) = refused(&beginning) {
        return Ok(Looks::Refused(why));
    }
    let text = &beginning[beginning.iter().take_while(|octet| matches!(octet, b'\r' | b'\n')).count()..];
    let line = text.split(|octet| *octet == b'\n').next().unwrap_or_default();
    let name = line.iter().take_while(|octet| octet.is_ascii_graphic() && **octet != b':').count();
    Ok(match extension(path).as_str() {
        _ if beginning.is_empty() => Looks::Empty,
        "eml" => Looks::Like(Kind::Mail),
        "mbox" | "mbx" => Looks::Like(Kind::Mbox),
        _ if time_of(line.strip_suffix(b"\r").unwrap_or(line)).is_some() => Looks::Like(Kind::Mbox),
        _ if name > 0 && line.get(name) == Some(&b':') => Looks::Like(Kind::Mail),
        _ => Looks::Unknown,
    })
}

/// Why what begins so is not read; `None`: it is.
pub(super) fn refused(beginning: &[u8]) -> Option<&'static str> {
    OTHERS.iter().find(|(begins, _)| beginning.starts_with(begins)).map(|(_, why)| *why)
}
