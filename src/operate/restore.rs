//! `postdesk restore`: a backup becomes the store that the configuration names.
//!
//! The backup is read whole and checked before anything is touched. Then everything is made ready beside its place, and the database gets its name last:
//! whenever this is killed there is the old store, or none, or the new one whole, and the same command begins anew. Nothing is deleted: what is in the
//! way is refused, or moved aside with `--force`.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};

use super::backup::archive::{self, Contents};
use super::backup::{DATABASE, KEYS, OBJECTS, Shown, beside, sync_folder, unwritten};
use super::{Code, Trouble};
use crate::model::time::Time;
use crate::settings::{Settings, keys};
use crate::store::backup::{Counted, Large, Ready, Wanted, look, make_ready, require_alone};
use crate::store::{Place, mark};

/// What to restore.
#[derive(Debug, Clone)]
pub struct Options {
    /// The backup.
    pub file: PathBuf,
    /// Whether a store or a key file that is in the way is moved aside.
    pub force: bool,
    /// Whether notices that waited when the backup was made are sent; else they are held.
    pub send: bool,
}

/// What was done.
#[derive(Debug, Default)]
struct Done {
    store: Option<(PathBuf, Ready)>,
    aside: Vec<PathBuf>,
    keys: Option<PathBuf>,
    objects: usize,
}

/// Restores the backup, and says what was done and what comes next.
///
/// # Errors
/// [`Code::Input`] for a backup that is damaged or of a newer version, and where a store or other keys are in the way; [`Code::Usage`] for a
/// store on a server; [`Code::TryLater`] while a gateway works on it; [`Code::InputOutput`] when it cannot be written.
pub async fn restore(options: &Options, settings: &Settings, now: Time, out: &mut dyn Write) -> Result<(), Trouble> {
    let mut file = File::open(&options.file).map_err(|error| unread(&options.file, &error))?;
    let mut shown = Shown::begin("checking", file.metadata().map(|metadata| metadata.len()).unwrap_or_default());
    let contents = archive::verify(&mut file, &mut |octets| shown.add(octets)).map_err(|error| unread(&options.file, &error))?;
    shown.end();
    let target = target(&contents, &settings.store.place)?;
    if let Some(target) = target {
        make_way(target, options.force).await?;
    }
    let keys = whole_entry(&mut file, KEYS).map_err(|error| unread(&options.file, &error))?;
    require_same_keys(&settings.key_file, keys.as_deref(), options.force)?;
    let mut done = Done::default();
    match target {
        Some(target) => {
            restore_store(options, settings, (target, now), (&mut file, &contents), keys.as_deref(), &mut done).await?
        }
        None => {
            restore_keys(&settings.key_file, keys.as_deref(), now, &mut done)?;
            restore_objects(&mut file, &contents, settings, &mut done).await?;
        }
    }
    out.write_all(in_words(&done, &contents, options, settings).as_bytes())
        .map_err(|error| Trouble::new(Code::InputOutput, format!("the store is restored, but this could not be said: {error}")))
}

/// Where the database goes; `None` when there is none in the backup.
fn target<'s>(contents: &Contents, place: &'s Place) -> Result<Option<&'s Path>, Trouble> {
    match place {
        _ if !contents.has(DATABASE) => Ok(None),
        Place::File(file) => Ok(Some(file)),
        Place::Server(_) => Err(Trouble::new(
            Code::Usage,
            format!(
                "the backup holds a file of SQLite, and [store] url names {place}: restore it with a configuration that names a file, \
                 then carry it over by `postdesk move-store`"
            ),
        )),
    }
}

async fn make_way(target: &Path, force: bool) -> Result<(), Trouble> {
    if fs::symlink_metadata(target).is_err() {
        return Ok(());
    }
    require_alone(target).await?;
    if !force {
        let words = format!("there is a store at {}; --force moves it aside (nothing is deleted)", target.display());
        return Err(Trouble::new(Code::Input, words));
    }
    let log = beside(target, "-wal");
    if fs::metadata(&log).is_ok_and(|metadata| metadata.len() > 0) {
        let words =
            format!("the log {} could not be folded into the store that is there: move both aside by hand", log.display());
        return Err(Trouble::new(Code::InputOutput, words));
    }
    Ok(())
}

/// The octets of a small file in the archive.
fn whole_entry(file: &mut File, wanted: &str) -> io::Result<Option<Vec<u8>>> {
    let mut found = None;
    archive::each(file, &mut |name, _, from| {
        if name == wanted {
            let mut octets = Vec::new();
            from.take(1 << 20).read_to_end(&mut octets)?;
            found = Some(octets);
        }
        Ok(())
    })?;
    Ok(found)
}

fn require_same_keys(file: &Path, keys: Option<&[u8]>, force: bool) -> Result<(), Trouble> {
    match (fs::read(file), keys) {
        (Ok(there), Some(keys)) if there != keys && !force => {
            let words = format!("{} holds other keys than the backup; --force moves it aside", file.display());
            Err(Trouble::new(Code::Input, words))
        }
        _ => Ok(()),
    }
}

async fn restore_store(
    options: &Options,
    settings: &Settings,
    (target, now): (&Path, Time),
    (file, contents): (&mut File, &Contents),
    keys: Option<&[u8]>,
    done: &mut Done,
) -> Result<(), Trouble> {
    let staged = beside(target, ".restoring");
    let _lock = begin_staging(&staged)?;
    unpack(file, &staged).map_err(|error| unwritten(&staged, &error))?;
    let counted = look(&staged).await?;
    counted.require_knowledge().map_err(|fault| Trouble::new(Code::Input, fault.to_string()))?;
    require_fitting_keys(&counted, keys, &staged)?;
    let ready = make_ready(&staged, &Wanted { send: options.send, made_at: Time(contents.made_at), now }).await?;
    // What the database names has to be there before it.
    restore_objects(file, contents, settings, done).await?;
    restore_keys(&settings.key_file, keys, now, done)?;
    put_in_place(&staged, target, now, done).map_err(|error| unwritten(target, &error))?;
    done.store = Some((target.to_owned(), ready));
    Ok(())
}

/// A place beside the store, without what a killed attempt left there. Who holds its lock has it alone.
fn begin_staging(staged: &Path) -> Result<File, Trouble> {
    if let Some(folder) = staged.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| unwritten(folder, &error))?;
    }
    let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(staged);
    let opened = opened.map_err(|error| unwritten(staged, &error))?;
    match opened.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(Trouble::new(Code::TryLater, format!("another restore is filling {}", staged.display())));
        }
        Err(TryLockError::Error(error)) => return Err(unwritten(staged, &error)),
    }
    for ending in ["-journal", "-wal", "-shm"] {
        let _ = fs::remove_file(beside(staged, ending));
    }
    opened.set_len(0).map_err(|error| unwritten(staged, &error))?;
    Ok(opened)
}

fn unpack(file: &mut File, staged: &Path) -> io::Result<()> {
    archive::each(file, &mut |name, size, from| {
        if name != DATABASE {
            return Ok(());
        }
        let mut to = OpenOptions::new().write(true).open(staged)?;
        let mut shown = Shown::begin("unpacking", size);
        let mut buffer = vec![0; 1 << 20];
        loop {
            let read = from.read(&mut buffer)?;
            if read == 0 {
                shown.end();
                return to.sync_all();
            }
            to.write_all(&buffer[..read])?;
            shown.add(read as u64);
        }
    })
}

/// The keys of the backup are written beside their place first, so that they are read as the gateway will.
fn require_fitting_keys(counted: &Counted, octets: Option<&[u8]>, staged: &Path) -> Result<(), Trouble> {
    let Some(known) = &counted.keys else { return Ok(()) };
    let place = beside(staged, "-key");
    let found = write_new(&place, octets.unwrap_or_default()).map(|()| keys::open(&place));
    let _ = fs::remove_file(&place);
    match found.map_err(|error| unwritten(&place, &error))? {
        Ok(Some(found)) if found.fingerprint() == *known => Ok(()),
        _ => Err(Trouble::new(Code::Input, "the keys in the backup are not those of the store in it")),
    }
}

async fn restore_objects(file: &mut File, contents: &Contents, settings: &Settings, done: &mut Done) -> Result<(), Trouble> {
    let names: Vec<&str> = contents.entries.iter().filter_map(|entry| entry.name.strip_prefix(OBJECTS)).collect();
    if names.is_empty() {
        return Ok(());
    }
    let words = "the backup holds large mail, and the configuration has no `[store] objects` to put it";
    let large = Large::open(&settings.store)?.ok_or_else(|| Trouble::new(Code::Configuration, words))?;
    let fingerprint = whole_entry(file, KEYS).ok().flatten().map(|octets| fingerprint(&octets, &settings.key_file));
    large.take_over(&fingerprint.transpose()?.unwrap_or_default()).await?;
    let mut shown = Shown::begin("mail", names.len() as u64);
    let runtime = tokio::runtime::Handle::current();
    let put = |name: &str, octets: Vec<u8>| {
        tokio::task::block_in_place(|| runtime.block_on(large.put(name, octets)))
            .map_err(|fault| io::Error::other(fault.to_string()))
    };
    let restored = archive::each(file, &mut |name, _, from| {
        let Some(name) = name.strip_prefix(OBJECTS).filter(|name| Large::is_name(name)) else { return Ok(()) };
        let mut octets = Vec::new();
        from.read_to_end(&mut octets)?;
        put(name, octets)?;
        done.objects += 1;
        shown.add(1);
        Ok(())
    });
    restored.map_err(|error| Trouble::new(Code::InputOutput, format!("large mail cannot be restored: {error}")))?;
    shown.end();
    Ok(())
}

fn fingerprint(octets: &[u8], file: &Path) -> Result<String, Trouble> {
    let place = beside(file, ".restoring");
    let found = write_new(&place, octets).map(|()| keys::open(&place));
    let _ = fs::remove_file(&place);
    match found.map_err(|error| unwritten(&place, &error))? {
        Ok(Some(found)) => Ok(found.fingerprint()),
        _ => Err(Trouble::new(Code::Input, "the keys in the backup cannot be read")),
    }
}

fn restore_keys(file: &Path, keys: Option<&[u8]>, now: Time, done: &mut Done) -> Result<(), Trouble> {
    let Some(keys) = keys else { return Ok(()) };
    let mut write = || -> io::Result<()> {
        match fs::read(file) {
            Ok(there) if there == keys => return Ok(()),
            Ok(_) => move_aside(file, now, done)?,
            Err(_) => {}
        }
        let place = beside(file, ".restoring");
        let _ = fs::remove_file(&place);
        write_new(&place, keys)?;
        give_to_owner(&place, file);
        fs::rename(&place, file)?;
        sync_folder(file)?;
        done.keys = Some(file.to_owned());
        Ok(())
    };
    write().map_err(|error| unwritten(file, &error))
}

fn write_new(file: &Path, octets: &[u8]) -> io::Result<()> {
    let _ = fs::remove_file(file);
    let mut to = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    to.write_all(octets)?;
    to.sync_all()
}

fn put_in_place(staged: &Path, target: &Path, now: Time, done: &mut Done) -> io::Result<()> {
    if fs::symlink_metadata(target).is_ok() {
        move_aside(target, now, done)?;
    }
    // A log of another database would be read into the new one.
    for ending in ["-wal", "-shm", "-journal"] {
        let log = beside(target, ending);
        if fs::symlink_metadata(&log).is_ok() {
            move_aside(&log, now, done)?;
        }
    }
    // It speaks of the store that was there, and the next start would take this one for an older copy of that.
    mark::remove(target)?;
    File::open(staged)?.sync_all()?;
    give_to_owner(staged, target);
    // Fails where a gateway has made a new store meanwhile; a rename would replace it.
    fs::hard_link(staged, target)?;
    fs::remove_file(staged)?;
    sync_folder(target)
}

fn move_aside(file: &Path, now: Time, done: &mut Done) -> io::Result<()> {
    let stamp: String = now.rfc3339().chars().take(19).filter(char::is_ascii_alphanumeric).collect();
    let aside = beside(file, &format!(".before-{stamp}"));
    if fs::symlink_metadata(&aside).is_ok() {
        return Err(io::Error::other(format!("{} is there already", aside.display())));
    }
    fs::rename(file, &aside)?;
    done.aside.push(aside);
    sync_folder(file)
}

/// Root restores for the gateway's user: whose the folder is, his are the files. Where that is not allowed, nothing needs it.
fn give_to_owner(file: &Path, target: &Path) {
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Ok(metadata) = fs::metadata(folder) {
        let _ = chown(file, Some(metadata.uid()), Some(metadata.gid()));
    }
}

fn in_words(done: &Done, contents: &Contents, options: &Options, settings: &Settings) -> String {
    let mut text = format!("Restored from {}, a backup of {}.\n", options.file.display(), contents.made);
    if let Some((store, ready)) = &done.store {
        let (tickets, arrivals) = (contents.tickets, contents.arrivals);
        text.push_str(&format!("  {}: {tickets} tickets, {arrivals} arrivals, {} notices\n", store.display(), contents.notices));
        text.push_str(&format!(
            "  The next ticket has the number {}: those between may have been given since.\n",
            ready.next_ticket
        ));
        if ready.waiting > 0 && options.send {
            text.push_str(&format!("  {} notices that waited will be sent, perhaps for the second time.\n", ready.waiting));
        } else if ready.waiting > 0 {
            text.push_str(&format!(
                "  {} notices that waited are held, since they may have left after the backup: `postdesk outbox list --state held` \
                 shows them, `postdesk outbox retry ID` sends one.\n",
                ready.waiting
            ));
        }
    }
    if done.objects > 0 {
        text.push_str(&format!("  {} large mails\n", done.objects));
    }
    if let Some(keys) = &done.keys {
        text.push_str(&format!("  {}: the keys\n", keys.display()));
    }
    for aside in &done.aside {
        text.push_str(&format!("  Moved aside: {}\n", aside.display()));
    }
    text.push_str("Mail that came after the backup is not there. ");
    text.push_str(if settings.imap.is_empty() {
        "Its senders have to be asked.\n"
    } else {
        "What still lies in the folders of IMAP accounts is fetched again; the senders of the rest have to be asked.\n"
    });
    text.push_str("Next: `postdesk check`, then start the gateway.\n");
    text
}

fn unread(file: &Path, error: &io::Error) -> Trouble {
    let (code, words) = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => (Code::Input, format!("cannot be read: {error}")),
        io::ErrorKind::Unsupported => (Code::Input, error.to_string()),
        io::ErrorKind::InvalidData => (Code::Input, format!("is damaged, or no backup: {error}; nothing was changed")),
        // The tar crate tells of what it cannot read by other kinds.
        _ => (Code::Input, format!("is damaged, cut off, or no backup: {error}; nothing was changed")),
    };
    Trouble::new(code, format!("{} {words}", file.display()))
}
