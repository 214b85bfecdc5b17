//! How far a long work has come: a bar on a terminal, a plain line now and then elsewhere. The only user of `indicatif`.
//!
//! Where nobody can see it, it is not shown: a line that cannot be written is no reason to end the work. Outside a terminal there are no
//! control characters, so that logs stay readable.

use std::io::Write;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often a line is written, unless a tenth is done earlier.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// Before this, a rate is chance.
const EARLY: Duration = Duration::from_millis(500);

/// How far the work is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct State {
    /// Octets that are done.
    pub done: u64,
    /// Octets that there are.
    pub total: u64,
    /// Mails that are done; 0 where octets are all that is counted.
    pub mails: u64,
}

/// One part of a work, as it is shown.
pub struct Progress {
    name: &'static str,
    begun: Instant,
    show: Show,
}

enum Show {
    Bar(ProgressBar),
    Lines { out: Box<dyn Write + Send>, last: Instant, share: u64 },
}

impl Progress {
    /// A part that begins now. `terminal`: standard error is one. Else lines go to `out`.
    pub fn begin(name: &'static str, terminal: bool, out: Box<dyn Write + Send>) -> Self {
        let begun = Instant::now();
        let style = ProgressStyle::with_template("{prefix:>8} [{bar:30}] {msg}");
        let show = match style {
            Ok(style) if terminal => {
                let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
                bar.set_style(style.progress_chars("=> "));
                bar.set_prefix(name);
                Show::Bar(bar)
            }
            _ => Show::Lines { out, last: begun, share: 0 },
        };
        Self { name, begun, show }
    }

    /// Shows how far it is. To be called several times a second.
    pub fn show(&mut self, state: State) {
        let (now, words) = (Instant::now(), in_words(state, self.begun.elapsed()));
        match &mut self.show {
            Show::Bar(bar) => {
                bar.set_length(state.total);
                bar.set_position(state.done);
                bar.set_message(words);
            }
            Show::Lines { out, last, share } => {
                let is_known = state.total > 0;
                if is_known && (now.duration_since(*last) >= LINE_EVERY || percent(state) >= *share + 10) {
                    (*last, *share) = (now, percent(state));
                    let _ = writeln!(out, "{}: {words}", self.name);
                }
            }
        }
    }

    /// Says something beside it.
    pub fn say(&mut self, line: &str) {
        match &mut self.show {
            Show::Bar(bar) => bar.println(line),
            Show::Lines { out, .. } => {
                let _ = writeln!(out, "{line}");
            }
        }
    }

    /// The part is over.
    pub fn end(mut self, state: State) {
        let words = in_words(state, self.begun.elapsed());
        match &mut self.show {
            Show::Bar(bar) => {
                bar.set_position(state.done);
                bar.set_message(words);
                bar.abandon();
            }
            Show::Lines { out, .. } => {
                let _ = writeln!(out, "{}: {words}", self.name);
            }
        }
    }
}

fn percent(state: State) -> u64 {
    let done = u128::from(state.done.min(state.total)) * 100;
    done.checked_div(u128::from(state.total)).and_then(|share| u64::try_from(share).ok()).unwrap_or(100)
}

/// `45 %, 12345 mails, 3210 mails/s, 0:12 left`.
fn in_words(state: State, elapsed: Duration) -> String {
    if state.mails == 0 && state.total > 0 {
        return format!("{:>3} %, {} of {} MiB", percent(state), state.done >> 20, state.total >> 20);
    }
    let mut words = format!("{:>3} %, {} mails", percent(state), state.mails);
    let millis = elapsed.as_millis();
    if elapsed < EARLY || state.done == 0 {
        return words;
    }
    let rate = u128::from(state.mails) * 1_000 / millis;
    words.push_str(&format!(", {rate} mails/s"));
    let left = u128::from(state.total.saturating_sub(state.done)) * millis / u128::from(state.done) / 1_000;
    if state.done < state.total {
        words.push_str(&format!(", {} left", span(left)));
    }
    words
}

fn span(seconds: u128) -> String {
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(octets)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn words_tell_share_rate_and_remaining_time() {
        let state = State { done: 250, total: 1_000, mails: 500 };
        assert_eq!(in_words(state, Duration::from_secs(10)), " 25 %, 500 mails, 50 mails/s, 0:30 left");
        assert_eq!(in_words(state, Duration::from_secs(5_000)), " 25 %, 500 mails, 0 mails/s, 4:10:00 left");
        assert_eq!(in_words(state, Duration::ZERO), " 25 %, 500 mails");
        assert_eq!(in_words(State::default(), Duration::from_secs(1)), "100 %, 0 mails");
        let over = State { done: 1_000, ..state };
        assert_eq!(in_words(over, Duration::from_secs(10)), "100 %, 500 mails, 50 mails/s");
    }

    #[test]
    fn elsewhere_than_on_a_terminal_a_tenth_is_a_line_without_control_characters() {
        let page = Page::default();
        let mut progress = Progress::begin("taking", false, Box::new(page.clone()));
        for done in 0..1_000 {
            progress.show(State { done, total: 1_000, mails: done });
        }
        progress.say("waiting");
        progress.end(State { done: 1_000, total: 1_000, mails: 1_000 });
        let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 11, "{text}");
        assert!(text.chars().all(|character| character == '\n' || !character.is_control()), "{text:?}");
        assert!(text.starts_with("taking:  10 %, 100 mails\n"), "{text}");
    }
}
