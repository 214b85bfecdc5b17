//! `postdesk move-store`: a store is carried over to another one, and compared with it.

use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::table::{Cell, Look, Tone, table};
use super::{Code, Trouble};
use crate::model::encoding::hex;
use crate::store::carry::tables::{TABLES, Table};
use crate::store::carry::{Begun, Digest, End, Hindrance};
use crate::store::setting::MOVED_TO;
use crate::store::{Fault, Options, Place, Store};

/// How often a long table says how far it has come.
const TOLD_EVERY: Duration = Duration::from_secs(5);

/// What to carry where.
#[derive(Debug)]
pub struct Move {
    /// The old store.
    pub from: Place,
    /// The new one.
    pub to: Place,
}

impl Move {
    /// Reads the two URLs. A password file that was not named for an end is that of the configuration.
    pub fn new(from: (&str, Option<PathBuf>), to: (&str, Option<PathBuf>), configured: &Place) -> Result<Self, Trouble> {
        let default = match configured {
            Place::Server(server) => server.password_file.as_ref(),
            Place::File(_) => None,
        };
        let place = |option: &str, (url, file): (&str, Option<PathBuf>)| {
            let place = Place::parse(url).map_err(|why| Trouble::new(Code::Usage, format!("--{option} {why}")))?;
            Ok(match place {
                Place::Server(mut server) => {
                    server.password_file = file.or_else(|| default.cloned());
                    Place::Server(server)
                }
                Place::File(_) if file.is_some() => {
                    let words = format!("--{option}-password-file is for PostgreSQL; --{option} names a file of SQLite");
                    return Err(Trouble::new(Code::Usage, words));
                }
                place => place,
            })
        };
        let both = Self { from: place("from", from)?, to: place("to", to)? };
        let same_file = match (&both.from, &both.to) {
            (Place::File(from), Place::File(to)) => {
                from.canonicalize().is_ok_and(|from| to.canonicalize().is_ok_and(|to| from == to))
            }
            _ => false,
        };
        if both.from == both.to || same_file {
            return Err(Trouble::new(Code::Usage, "--from and --to name the same store"));
        }
        Ok(both)
    }
}

/// Carries the old store over, or what is missing of it since an attempt that was broken off, and compares both.
pub async fn move_store(what: &Move, look: Look, out: &mut dyn Write) -> Result<(), Trouble> {
    let Move { from, to } = what;
    if !from.is_there() {
        let words = format!("there is no store at {from}: look at --from, and from which folder it is reached");
        return Err(Trouble::new(Code::Unavailable, words));
    }
    let open = async |place: &Place, end| {
        let options = Options { place: place.clone(), min_free_space: 0, objects: None };
        Store::open_to_move(&options, end).await
    };
    let old = open(from, End::From).await?;
    let new = open(to, End::To).await?;
    let identity = old.identity().await?;
    if new.identity().await? == identity {
        return Err(Trouble::new(Code::Usage, format!("{from} and {to} are the same store")));
    }
    // On the heap: each holder has a place for the work it holds in each of its branches.
    let work = Box::pin(async {
        begin(&new, &identity, what, out).await?;
        for table in &TABLES {
            carry(&old, &new, table, out).await?;
        }
        say(out, "Now both are read again and compared.")?;
        compare(&old, &new, what, look, out).await
    });
    // The new one first: whoever is at work there is told of before anything waits.
    let held = Box::pin(old.hold(End::From, async { Ok(work.await) }));
    new.hold(End::To, held).await.map_err(resumable)??;
    new.end_move().await.map_err(resumable)?;
    old.set_once(MOVED_TO, &to.to_string()).await?;
    old.close().await;
    new.close().await;
    say(out, &format!("Everything is in {to}. Name it in [store] url, with the same key file, before you start the gateway."))?;
    say(out, &format!("{from} holds what it held. Keep it until the new one has a backup; no gateway starts on it any more."))
}

/// Marks the new store, or finds that it was marked before.
async fn begin(new: &Store, identity: &str, what: &Move, out: &mut dyn Write) -> Result<(), Trouble> {
    let Move { from, to } = what;
    let emptied = match to {
        Place::File(_) => "name a file that does not exist",
        Place::Server(_) => "name an empty database (or drop this one and create it again)",
    };
    match new.begin_move(identity).await? {
        Begun::Now => say(out, &format!("Carrying {from} to {to}.")),
        Begun::Before(begun) if begun == identity => {
            say(out, &format!("Going on with carrying {from} to {to}: these rows are not there yet."))
        }
        Begun::Before(_) => {
            let words = format!("{to} is half filled from another store than {from}: end that move, or {emptied}");
            Err(Trouble::new(Code::Input, words))
        }
        Begun::NotEmpty(_, Some(moved)) if moved == identity => {
            Err(Trouble::new(Code::Input, format!("{from} has been moved to {to} already, completely: nothing was done")))
        }
        Begun::NotEmpty(table, _) => {
            let words = format!(
                "{to} is not empty: it has rows in the table `{table}`. A store is only moved into an empty one; {emptied}"
            );
            Err(Trouble::new(Code::Input, words))
        }
    }
}

async fn carry(old: &Store, new: &Store, table: &Table, out: &mut dyn Write) -> Result<(), Trouble> {
    let name = table.name;
    let rows = old.carry(new, table, from_time_to_time(name, "so far", out)).await.map_err(resumable)?;
    say(out, &format!("  {name:<12} {rows:>10} rows"))
}

/// Says now and then how far a long table has come. Whether anybody listens is found out with the next line of more weight.
fn from_time_to_time(name: &str, what: &str, out: &mut dyn Write) -> impl FnMut(u64) {
    let mut told = Instant::now();
    move |rows| {
        if told.elapsed() >= TOLD_EVERY {
            told = Instant::now();
            let _ = say(out, &format!("  {name:<12} {rows:>10} rows {what}"));
        }
    }
}

/// Reads both ends and says of each table whether they are equal.
async fn compare(old: &Store, new: &Store, what: &Move, look: Look, out: &mut dyn Write) -> Result<(), Trouble> {
    let mut lines = Vec::new();
    let mut different = Vec::new();
    let mut damaged = Vec::new();
    for table in &TABLES {
        let (there, here) =
            tokio::try_join!(old.digest(table, from_time_to_time(table.name, "compared", out)), new.digest(table, |_| {}))
                .map_err(resumable)?;
        let equal = (there.rows, there.sha256) == (here.rows, here.sha256);
        if !equal {
            different.push(table.name);
        }
        damaged.extend([(&what.from, &there), (&what.to, &here)].into_iter().filter_map(|(place, digest)| damage(place, digest)));
        let verdict = if equal { Cell::toned("equal", Tone::Quiet) } else { Cell::new("DIFFERENT") };
        let rows = |digest: &Digest| Cell::number(i64::try_from(digest.rows).unwrap_or(i64::MAX));
        lines.push(vec![Cell::new(table.name), rows(&there), rows(&here), Cell::new(&hex(&here.sha256[..8])), verdict]);
    }
    let text = self::table(&["table", "rows there", "rows here", "digest here", "digests"], lines, look);
    out.write_all(text.as_bytes()).map_err(unwritten)?;
    if !different.is_empty() {
        damaged.insert(
            0,
            format!(
                "{} and {} differ in {}: either the old store was used since the move began, or the new one was changed. \
                 Empty the new one (drop the database and create it again, or remove the file) and run the same command again",
                what.from,
                what.to,
                different.join(", ")
            ),
        );
    }
    if damaged.is_empty() {
        return Ok(());
    }
    damaged.push("the new store stays marked as incomplete, and no gateway starts on it".to_owned());
    Err(Trouble::new(Code::OurFault, damaged.join(";\n")))
}

fn damage(place: &Place, digest: &Digest) -> Option<String> {
    let numbers: Vec<String> = digest.damaged.iter().map(ToString::to_string).collect();
    let words = || format!("in {place} the octets of raw mail {} are not those that were taken", numbers.join(", "));
    (!numbers.is_empty()).then(words)
}

impl From<Hindrance> for Trouble {
    fn from(hindrance: Hindrance) -> Self {
        let code = match &hindrance {
            Hindrance::Fault(fault) => return fault.clone().into(),
            Hindrance::InUse(_) => Code::TryLater,
            Hindrance::Unfit(_) => Code::Input,
        };
        Trouble::new(code, hindrance.to_string())
    }
}

/// What broke the move off, and that this does no harm.
fn resumable(why: impl Into<Hindrance>) -> Trouble {
    let why = why.into();
    let broken_off = matches!(why, Hindrance::Fault(Fault::Away(_) | Fault::Full(_)));
    let trouble = Trouble::from(why);
    let and = if broken_off { "; run the same command again: it goes on where it stopped" } else { "" };
    Trouble { message: format!("{}{and}", trouble.message), ..trouble }
}

fn say(out: &mut dyn Write, line: &str) -> Result<(), Trouble> {
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(unwritten)
}

fn unwritten(error: std::io::Error) -> Trouble {
    Trouble::new(Code::InputOutput, format!("the answer could not be written: {error}; run the same command again"))
}
