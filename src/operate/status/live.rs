//! `status --watch`: the same again and again, in place on a terminal, one block after another elsewhere.
//!
//! On a terminal it draws on the alternate screen (xterm's private mode 1049), which leaves what was there before as it was; Ctrl-C and
//! SIGTERM go back to it. Each line is put where it belongs by its row, so that a window which is too low scrolls nothing away: what has
//! no room is drawn over in its last row.

use std::fmt::Write as _;
use std::io::Write;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use super::{Seen, Wanted, look, now, page, write};
use crate::operate::table::Look;
use crate::operate::{Code, Ended, Format, Trouble, settled};

/// The alternate screen without a cursor, and lines that are cut rather than wrapped.
const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l\u{1b}[?7l";
/// Everything as it was.
const LEAVE: &str = "\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l";

/// Shows how things are every so often, until Ctrl-C or SIGTERM.
///
/// # Errors
/// As [`super::status`], by the last look.
pub async fn watch(wanted: &Wanted<'_>, every: Duration, out: &mut dyn Write) -> Result<(), Trouble> {
    let failed = |error: std::io::Error| Trouble::new(Code::OurFault, format!("signals cannot be waited for: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    // Colour is not asked for here: who refuses it still has a terminal.
    let in_place = matches!((wanted.format)(), Format::People(Look { width: Some(_), .. }));
    let mut before: Option<Seen> = None;
    if in_place {
        settled(said(ENTER, out))?;
    }
    let ended = loop {
        let seen = look(wanted.settings).await;
        let shown = if in_place { draw(&seen, before.as_ref(), wanted, out) } else { block(&seen, before.as_ref(), wanted, out) };
        before = Some(seen);
        if let Err(ended) = shown {
            break Err(ended);
        }
        tokio::select! {
            () = sleep(every) => {}
            _ = interrupt.recv() => break Ok(()),
            _ = terminate.recv() => break Ok(()),
        }
    };
    if in_place {
        let _ = said(LEAVE, out);
    }
    settled(ended)?;
    before.map_or(Ok(()), |seen| seen.verdict())
}

fn said(words: &str, out: &mut dyn Write) -> Result<(), Ended> {
    out.write_all(words.as_bytes())?;
    Ok(out.flush()?)
}

/// One more block.
fn block(seen: &Seen, before: Option<&Seen>, wanted: &Wanted<'_>, out: &mut dyn Write) -> Result<(), Ended> {
    if before.is_some() && !matches!((wanted.format)(), Format::Json) {
        out.write_all(b"\n")?;
    }
    write(seen, before, wanted, out)
}

/// The screen anew.
fn draw(seen: &Seen, before: Option<&Seen>, wanted: &Wanted<'_>, out: &mut dyn Write) -> Result<(), Ended> {
    let Format::People(look) = (wanted.format)() else { return Ok(()) };
    let text = page::Page { seen, before, settings: wanted.settings, look, zone: wanted.zone, now: now() }.text();
    said(&frame(&text), out)
}

/// Lines at their rows, each with its rest erased, and everything below the last.
fn frame(text: &str) -> String {
    let mut frame = String::with_capacity(text.len() + 1_024);
    for (row, line) in text.lines().enumerate() {
        // Writing to a String does not fail.
        let _ = write!(frame, "\u{1b}[{};1H\u{1b}[2K{line}", row + 1);
    }
    frame.push_str("\u{1b}[J");
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_puts_each_line_into_its_row_and_never_ends_one() {
        assert_eq!(frame("a\nb\n"), "\u{1b}[1;1H\u{1b}[2Ka\u{1b}[2;1H\u{1b}[2Kb\u{1b}[J");
    }
}
