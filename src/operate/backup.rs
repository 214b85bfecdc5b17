//! `postdesk backup`: the whole desk in one file, while the gateway runs.
//!
//! The file has its name only when it is whole, on the disk and was read again; until then it stands beside it as `FILE.unfinished`, and the copy
//! of the database as `FILE.database`. Both go with the next attempt when this one was killed. What was acknowledged before the verb began is
//! in it. Passwords, certificates and signing keys are not: they are files of the configuration's, which is copied for information.

pub(super) mod archive;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use archive::{Contents, Packing};

use super::progress::{Progress, State};
use super::table::octets;
use super::{Code, Trouble};
use crate::model::time::Time;
use crate::settings::{Settings, keys};
use crate::store::backup::{Counted, LOOK_EVERY, Large, look, snapshot};
use crate::store::{Fault, Place};

/// Names of what is in the archive.
pub(super) const DATABASE: &str = "postdesk.db";
pub(super) const KEYS: &str = "key";
pub(super) const CONFIGURATION: &str = "postdesk.toml";
pub(super) const OBJECTS: &str = "objects/";

/// What to back up, and where to.
#[derive(Debug, Clone)]
pub struct Options {
    /// The file.
    pub file: PathBuf,
    /// Whether a file that is there is replaced.
    pub force: bool,
    /// Leave large mail outside the database where it is.
    pub without_objects: bool,
    /// Leave the database out: of a server that is backed up by its own tools.
    pub without_database: bool,
}

/// Makes the backup, and says what is in it.
///
/// # Errors
/// [`Code::Usage`] for a database on a server that was not left out; [`Code::Input`] when the file is there; [`Code::InputOutput`] when it
/// cannot be written or the store is damaged; [`Code::TryLater`] when the store or its large mail is away, or another backup writes there.
pub async fn backup(options: &Options, settings: &Settings, now: Time, out: &mut dyn Write) -> Result<(), Trouble> {
    let file = &options.file;
    let database = database(options, settings)?;
    require_free(file, options.force)?;
    let (unfinished, copy) = (beside(file, ".unfinished"), beside(file, ".database"));
    let to = begin_file(&unfinished)?;
    let made = make(options, settings, now, (to, &copy, database)).await;
    remove_copy(&copy);
    let done = made.and_then(|(contents, counted)| {
        put_in_place(&unfinished, file, options.force).map_err(|error| unwritten(file, &error))?;
        Ok((contents, counted))
    });
    if done.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    let (contents, left_out) = done?;
    let size = fs::metadata(file).map(|metadata| metadata.len()).unwrap_or_default();
    out.write_all(in_words(file, size, &contents, left_out).as_bytes())
        .map_err(|error| Trouble::new(Code::InputOutput, format!("the backup is made, but this could not be said: {error}")))
}

/// The file of the database; `None` when it is left out.
fn database<'s>(options: &Options, settings: &'s Settings) -> Result<Option<&'s Path>, Trouble> {
    match &settings.store.place {
        _ if options.without_database => Ok(None),
        Place::File(file) if file.exists() => Ok(Some(file)),
        place @ Place::File(_) => Err(Trouble::new(Code::Unavailable, format!("there is no store at {place} yet"))),
        place @ Place::Server(_) => Err(Trouble::new(
            Code::Usage,
            format!(
                "the rows of {place} are backed up by the tools of PostgreSQL: `pg_dump --format=custom --file=desk.dump DATABASE`; \
                 `postdesk backup --without-database FILE` backs up the key that belongs to them; large mail kept elsewhere is copied by the tools of \
                 that place, after the rows"
            ),
        )),
    }
}

async fn make(
    options: &Options,
    settings: &Settings,
    now: Time,
    (to, copy, database): (File, &Path, Option<&Path>),
) -> Result<(Contents, usize), Trouble> {
    let contents = Contents {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: now.0,
        made: now.rfc3339(),
        store: settings.store.place.to_string(),
        without_objects: options.without_objects,
        ..Contents::default()
    };
    let counted = match database {
        Some(database) => Some(copy_database(database, copy).await?),
        None => None,
    };
    let keys = read_keys(&settings.key_file, counted.as_ref())?;
    let wrong = |error: io::Error| unwritten(&options.file, &error);
    let reading = to.try_clone().map_err(wrong)?;
    let mut packing = Packing::begin(to, contents).map_err(wrong)?;
    if counted.is_some() {
        let mut from = File::open(copy).map_err(wrong)?;
        let size = from.metadata().map_err(wrong)?.len();
        let mut shown = Shown::begin("packing", size);
        packing.add(DATABASE, size, &mut from, &mut |octets| shown.add(octets)).map_err(wrong)?;
        shown.end();
        // Room for the large mail.
        let _ = fs::remove_file(copy);
    }
    let mut add = |name: &str, octets: &[u8]| packing.add(name, octets.len() as u64, &mut &*octets, &mut |_| {}).map_err(wrong);
    if let Some(keys) = keys {
        add(KEYS, &keys)?;
    }
    // The built-in one has no file.
    if let Ok(text) = fs::read(&settings.origin) {
        add(CONFIGURATION, &text)?;
    }
    let objects = counted.as_ref().map(|counted| counted.objects.as_slice()).unwrap_or_default();
    if !options.without_objects {
        add_objects(objects, settings, &mut add).await?;
    }
    let told = |contents: &mut Contents| {
        if let Some(counted) = &counted {
            (contents.tickets, contents.arrivals, contents.notices) = (counted.tickets, counted.arrivals, counted.notices);
        }
    };
    let contents = packing.finish(told).map_err(wrong)?;
    read_again(reading, &contents).map_err(wrong)?;
    Ok((contents, if options.without_objects { objects.len() } else { 0 }))
}

/// With what SQLite may have left beside it.
fn remove_copy(copy: &Path) {
    for file in [copy, &beside(copy, "-journal")] {
        let _ = fs::remove_file(file);
    }
}

async fn copy_database(database: &Path, copy: &Path) -> Result<Counted, Trouble> {
    remove_copy(copy);
    // SQLite fills an empty file that is there; so it is ours alone from the beginning.
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(copy);
    made.map_err(|error| unwritten(copy, &error))?;
    let total = fs::metadata(database).map(|metadata| metadata.len()).unwrap_or_default();
    let mut shown = Shown::begin("copying", total);
    let mut copying = std::pin::pin!(snapshot(database, copy));
    let mut tick = tokio::time::interval(LOOK_EVERY);
    let copied = loop {
        tokio::select! {
            done = &mut copying => break done,
            _ = tick.tick() => shown.set(fs::metadata(copy).map(|metadata| metadata.len()).unwrap_or_default()),
        }
    };
    copied.map_err(|fault| match fault {
        Fault::Full(why) => Trouble::new(Code::InputOutput, format!("no room for the copy {}: {why}", copy.display())),
        Fault::Broken(why) => {
            let words =
                format!("the store could not be copied to {}: {why}; see whether there is room for it twice", copy.display());
            Trouble::new(Code::InputOutput, words)
        }
        fault => fault.into(),
    })?;
    shown.set(total);
    shown.end();
    look(copy).await.map_err(|fault| Trouble { message: format!("the copy of the store: {fault}"), ..fault.into() })
}

/// The key file, if it is that of the store: a backup with another one would be worth little.
fn read_keys(file: &Path, counted: Option<&Counted>) -> Result<Option<Vec<u8>>, Trouble> {
    let wrong = |why: String| Trouble::new(Code::Configuration, why);
    let found = keys::open(file).map_err(|fault| wrong(fault.to_string()))?;
    let known = counted.and_then(|counted| counted.keys.as_deref());
    match (&found, known) {
        (Some(found), Some(known)) if found.fingerprint() != known => {
            Err(wrong(format!("{} holds other keys than the addresses of the store are sealed with", file.display())))
        }
        (None, Some(_)) => Err(wrong(format!("there is no key file {}, and the store needs one", file.display()))),
        (None, None) => Ok(None),
        (Some(_), _) => fs::read(file).map(Some).map_err(|error| wrong(format!("{} cannot be read: {error}", file.display()))),
    }
}

async fn add_objects(
    objects: &[(String, Vec<u8>)],
    settings: &Settings,
    add: &mut impl FnMut(&str, &[u8]) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    if objects.is_empty() {
        return Ok(());
    }
    let words = "the store has large mail outside the database, and the configuration has no `[store] objects`; \
                 --without-objects leaves it out";
    let large = Large::open(&settings.store)?.ok_or_else(|| Trouble::new(Code::Configuration, words))?;
    let mut shown = Shown::begin("mail", objects.len() as u64);
    for (name, digest) in objects {
        add(&format!("{OBJECTS}{name}"), &large.get(name, digest).await?)?;
        shown.add(1);
    }
    shown.end();
    Ok(())
}

/// What was written must come back from the disk as it was.
fn read_again(mut file: File, contents: &Contents) -> io::Result<()> {
    let mut shown = Shown::begin("checking", contents.octets());
    archive::verify(&mut file, &mut |octets| shown.add(octets))?;
    shown.end();
    Ok(())
}

fn in_words(file: &Path, size: u64, contents: &Contents, left_out: usize) -> String {
    let large = contents.entries.iter().filter(|entry| entry.name.starts_with(OBJECTS)).count();
    let has = |name: &str, words: &str| if contents.has(name) { words.to_owned() } else { String::new() };
    let rows = format!("{} tickets, {} arrivals, {} notices", contents.tickets, contents.arrivals, contents.notices);
    let mut text = format!("{}: {}, checked\n", file.display(), octets(i64::try_from(size).unwrap_or(i64::MAX)));
    text.push_str(&has(DATABASE, &format!("  database: {rows}\n")));
    text.push_str(&has(KEYS, "  keys: the key file\n"));
    text.push_str(&has(CONFIGURATION, "  configuration: for information; without passwords, certificates and signing keys\n"));
    if large > 0 {
        text.push_str(&format!("  large mail: {large}\n"));
    }
    if left_out > 0 {
        text.push_str(&format!("Left out: {left_out} large mails outside the database, which need a backup of their own.\n"));
    }
    text
}

fn require_free(file: &Path, force: bool) -> Result<(), Trouble> {
    if fs::symlink_metadata(file).is_ok() && !force {
        let words = format!("{} is there already; --force replaces it when the new one is whole", file.display());
        return Err(Trouble::new(Code::Input, words));
    }
    Ok(())
}

/// The file that is written to; who holds its lock has it alone, and one whose holder was killed is begun anew.
fn begin_file(file: &Path) -> Result<File, Trouble> {
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(file);
    let opened = opened.map_err(|error| unwritten(file, &error))?;
    match opened.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(Trouble::new(Code::TryLater, format!("another backup is writing {}", file.display())));
        }
        Err(TryLockError::Error(error)) => return Err(unwritten(file, &error)),
    }
    opened.set_len(0).map_err(|error| unwritten(file, &error))?;
    Ok(opened)
}

fn put_in_place(unfinished: &Path, file: &Path, force: bool) -> io::Result<()> {
    if force {
        fs::rename(unfinished, file)?;
    } else {
        // Fails where somebody has put something meanwhile.
        fs::hard_link(unfinished, file)?;
        fs::remove_file(unfinished)?;
    }
    sync_folder(file)
}

/// Makes the names in the folder of a file last.
pub(super) fn sync_folder(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// The file's path with something behind its name.
pub(super) fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

pub(super) fn unwritten(file: &Path, error: &io::Error) -> Trouble {
    let and = if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        "; make room, then try again"
    } else {
        ""
    };
    Trouble::new(Code::InputOutput, format!("{} cannot be written: {error}{and}", file.display()))
}

/// How far something is, on standard error.
pub(super) struct Shown {
    progress: Progress,
    state: State,
}

impl Shown {
    pub(super) fn begin(name: &'static str, total: u64) -> Self {
        let progress = Progress::begin(name, io::stderr().is_terminal(), Box::new(io::sink()));
        Self { progress, state: State { done: 0, total: total.max(1), mails: 0 } }
    }

    pub(super) fn add(&mut self, octets: u64) {
        self.set(self.state.done + octets);
    }

    fn set(&mut self, done: u64) {
        // A reader's pieces are small; a hundredth is soon enough.
        let step = self.state.total / 100;
        let before = self.state.done;
        self.state.done = done.min(self.state.total);
        if step == 0 || before / step.max(1) != self.state.done / step.max(1) {
            self.progress.show(self.state);
        }
    }

    pub(super) fn end(self) {
        self.progress.end(self.state);
    }
}
