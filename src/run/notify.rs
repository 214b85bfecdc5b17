//! What the service manager is told (sd_notify(3)): that we are ready, what we do, that we get on, that we end.
//!
//! Promise: without a manager (no `$NOTIFY_SOCKET`) nothing happens; one that does not listen costs a line in the log and holds up nothing
//! that has to do with mail. The only user of `sd_notify`.

use std::time::Duration;

use sd_notify::NotifyState;

/// Mail is taken, from now on or again.
pub fn ready(doing: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(&line(doing))]);
}

/// The configuration is being read anew. [`ready`] ends it, whatever came of it.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now, NotifyState::Status("reading the configuration")]),
        Err(error) => tracing::warn!(%error, "the service manager cannot be told when the configuration was read"),
    }
}

/// We were asked to end, and do.
pub fn stopping(doing: &str) {
    tell(&[NotifyState::Stopping, NotifyState::Status(&line(doing))]);
}

/// What we do, for `systemctl status`.
pub fn status(doing: &str) {
    tell(&[NotifyState::Status(&line(doing))]);
}

/// Every part gets on.
pub fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// What goes on takes longer than usual: we are to be given this much more time from now on.
pub fn takes_longer(time: Duration, doing: &str) {
    let time = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
    tell(&[NotifyState::ExtendTimeoutUsec(time), NotifyState::Status(&line(doing))]);
}

/// How often [`alive`] is expected at least; `None` when nobody waits for it.
pub fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled().filter(|period| !period.is_zero())
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager could not be told how we are");
    }
}

/// A message has one field a line, so what stands in a field has no lines.
fn line(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_text_begins_a_field_of_its_own() {
        assert_eq!(super::line("away:\nREADY=1\r\u{0}"), "away: READY=1  ");
    }
}
