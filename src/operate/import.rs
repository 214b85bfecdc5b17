//! `postdesk import`: custody of an archive, with its progress and a summary of what was taken and what was not.

use std::fmt::Write as _;
use std::future::Future;
use std::io::{self, Write};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use super::progress::{Progress, State};
use super::table::one_line;
use super::{Code, Trouble};
use crate::accept::import::{Ended, Gauge, Options, Summary, Survey, Untaken, survey, take};
use crate::model::desk::Desk;
use crate::model::time::Time;
use crate::store::{Fault, Store};

/// How often it is looked how far the work is.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Behind whatever breaks it off.
const AGAIN: &str = "run the same command again: it goes on where it stopped, and takes nothing twice";

/// Takes custody of an archive. `stop` ends it early, after the batch at hand. `terminal`: progress is shown on one (standard error).
///
/// # Errors
/// [`Code::Input`] when something of the archive was not taken; [`Code::TryLater`] when it
/// was stopped or the store was away for too long. What was taken by then is on the disk.
pub async fn import(
    options: Options,
    desk: Arc<Desk>,
    store: &Store,
    (now, terminal): (Time, bool),
    stop: impl Future<Output = ()>,
    out: &mut dyn Write,
) -> Result<(), Trouble> {
    let mut stop = pin!(stop);
    let gauge = Arc::new(Gauge::default());
    let found = {
        let (options, desk, gauge) = (options.clone(), Arc::clone(&desk), Arc::clone(&gauge));
        tokio::task::spawn_blocking(move || survey(&options, &desk.limits, now, &gauge))
    };
    let found = watched("reading", found, &gauge, terminal, stop.as_mut()).await;
    let found = found.map_err(|error| Trouble::new(Code::OurFault, format!("the archive could not be read: {error}")))?;
    if gauge.is_stopped() {
        return Err(Trouble::new(Code::TryLater, format!("stopped before anything was taken; {AGAIN}")));
    }
    let remarks = remarks(&found);
    let summary = watched("taking", take(found, store, options, desk, &gauge), &gauge, terminal, stop.as_mut()).await;
    let mut text = in_words(&summary);
    text.push_str(&remarks);
    if !summary.taken.is_empty() {
        text.push_str(what_happens_next(store.is_served().await.unwrap_or(true)));
    }
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    verdict(&summary)?;
    written.or_else(|error| {
        let words = format!("the mails are taken, but the summary could not be written: {error}");
        if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(Trouble::new(Code::InputOutput, words)) }
    })
}

/// Looks whether there is such a department.
///
/// # Errors
/// [`Code::Usage`] where there is none.
pub fn require_department(options: &Options, desk: &Desk) -> Result<(), Trouble> {
    match &options.department {
        Some(key) if desk.department(key).is_none() => {
            let known: Vec<&str> = desk.departments.iter().map(|department| department.key.as_str()).collect();
            Err(Trouble::unknown_value("department", key, &known))
        }
        _ => Ok(()),
    }
}

/// Does the work and shows how far it is.
async fn watched<T>(
    name: &'static str,
    work: impl IntoFuture<Output = T>,
    gauge: &Gauge,
    terminal: bool,
    mut stop: Pin<&mut impl Future<Output = ()>>,
) -> T {
    let mut work = pin!(work.into_future());
    let mut progress = Progress::begin(name, terminal, Box::new(io::stderr()));
    let mut tick = tokio::time::interval(LOOK_EVERY);
    let mut waiting = false;
    let result = loop {
        tokio::select! {
            result = &mut work => break result,
            () = &mut stop, if !gauge.is_stopped() => {
                gauge.stop();
                progress.say("Stopping: the batch at hand is finished.");
            }
            _ = tick.tick() => {
                let why = gauge.waiting();
                if let Some(why) = why.as_ref().filter(|_| !waiting) {
                    progress.say(&format!("{}: waiting for it.", one_line(why)));
                }
                waiting = why.is_some();
                progress.show(state(gauge));
            }
        }
    };
    progress.end(state(gauge));
    result
}

fn state(gauge: &Gauge) -> State {
    let reading = gauge.read();
    State { done: reading.done, total: reading.total, mails: reading.mails }
}

fn in_words(summary: &Summary) -> String {
    let taken: u64 = summary.taken.values().sum();
    let mut text = format!("Taken: {taken}\n");
    for (department, count) in &summary.taken {
        let _ = writeln!(text, "  {count} for {}", one_line(department));
    }
    let _ = writeln!(text, "Already there: {}", summary.imported + summary.arrived);
    if summary.imported > 0 {
        let _ = writeln!(text, "  {} imported before, or more than once in the archive", summary.imported);
    }
    if summary.arrived > 0 {
        let _ = writeln!(text, "  {} had come another way", summary.arrived);
    }
    let _ = writeln!(text, "Not taken: {}", summary.told.total());
    for (kind, count) in &summary.told.counts {
        let _ = writeln!(text, "  {count} {kind}");
    }
    for Untaken { path, offset, reason } in &summary.told.first {
        let path = one_line(&path.to_string_lossy());
        let place = offset.map(|offset| format!(" at octet {offset}")).unwrap_or_default();
        let _ = writeln!(text, "  {path}{place} {}", one_line(&reason.to_string()));
    }
    let more = summary.told.total().saturating_sub(summary.told.first.len() as u64);
    if more > 0 {
        let _ = writeln!(text, "  and {more} more");
    }
    text
}

/// What an operator may want to look at.
fn remarks(found: &Survey) -> String {
    let mut text = String::new();
    if found.doubtful > 0 {
        let _ = writeln!(
            text,
            "Lines that look like the beginning of a mail, but do not follow an empty line: {}. They were left in the mail before them.",
            found.doubtful
        );
    }
    if found.left_alone() > 0 {
        let _ = writeln!(
            text,
            "Other files in the folders, which are neither .eml nor mbox: {}. They were left alone.",
            found.left_alone()
        );
    }
    text
}

fn what_happens_next(served: bool) -> &'static str {
    if served {
        "The gateway makes tickets of them, in the order of their dates, whenever no other mail waits; nobody is written to.\n\
         `postdesk arrival list --outcome pending` shows what is still to be done.\n"
    } else {
        "No gateway works on this store: `postdesk serve` makes tickets of them, in the order of their dates; nobody is written to.\n"
    }
}

/// How the process ends.
fn verdict(summary: &Summary) -> Result<(), Trouble> {
    match &summary.ended {
        Ended::Fault(fault) => {
            let trouble = Trouble::from(fault.clone());
            let and = if matches!(fault, Fault::Full(_)) { "; make room, and then " } else { "; " };
            Err(Trouble { message: format!("{}{and}{AGAIN}", trouble.message), ..trouble })
        }
        Ended::Stopped => Err(Trouble::new(Code::TryLater, format!("stopped; {AGAIN}"))),
        Ended::Whole if summary.told.total() > 0 => {
            let words = format!("not everything was taken: {}; the reasons stand in the summary", summary.told.total());
            Err(Trouble::new(Code::Input, words))
        }
        Ended::Whole => Ok(()),
    }
}
