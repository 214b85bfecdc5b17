//! What the service manager is told (sd_notify(3)): that we are ready, what we do, that we get on, that we end.
//!
//! Promise: without a manager (no `$NOTIFY_SOCKET`) nothing happens; one that does not listen costs a line in the log, and holds us up for
//! two seconds at most: its socket takes a few messages and then makes whoever sends wait, for ever unless we say otherwise. The only user of
//! `sd_notify`, for the words of the protocol; the socket is our own for that reason.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use sd_notify::NotifyState;

/// The variable that names the manager's socket.
const SOCKET: &str = "NOTIFY_SOCKET";
/// How long a manager is waited for that does not take what it must know: that we are ready, read our configuration, or end.
const PATIENCE: Duration = Duration::from_secs(2);
/// The same for what is said again soon.
const SOON: Duration = Duration::from_millis(100);

/// Mail is taken, from now on or again.
pub fn ready(doing: &str) {
    tell(PATIENCE, &[NotifyState::Ready, NotifyState::Status(&line(doing))]);
}

/// The configuration is being read anew. [`ready`] ends it, whatever came of it.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => drop(tell(PATIENCE, &[NotifyState::Reloading, now, NotifyState::Status("reading the configuration")])),
        Err(error) => tracing::warn!(%error, "the service manager cannot be told when the configuration was read"),
    }
}

/// We were asked to end, and do.
pub fn stopping(doing: &str) {
    tell(PATIENCE, &[NotifyState::Stopping, NotifyState::Status(&line(doing))]);
}

/// What we do, for `systemctl status`; whether it was taken.
pub fn status(doing: &str) -> bool {
    tell(SOON, &[NotifyState::Status(&line(doing))])
}

/// Every part gets on.
pub fn alive() {
    tell(SOON, &[NotifyState::Watchdog]);
}

/// What goes on takes longer than usual: we are to be given this much more time from now on.
pub fn takes_longer(time: Duration, doing: &str) {
    let time = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
    tell(SOON, &[NotifyState::ExtendTimeoutUsec(time), NotifyState::Status(&line(doing))]);
}

/// How often [`alive`] is expected at least; `None` when nobody waits for it.
pub fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled().filter(|period| !period.is_zero())
}

fn tell(patience: Duration, states: &[NotifyState<'_>]) -> bool {
    let Some(socket) = std::env::var_os(SOCKET).filter(|socket| !socket.is_empty()) else { return true };
    let message: String = states.iter().map(|state| format!("{state}\n")).collect();
    let sent = send(&socket, message.as_bytes(), patience);
    if let Err(error) = &sent {
        tracing::warn!(%error, message = line(&message), "the service manager could not be told how we are");
    }
    sent.is_ok()
}

fn send(socket: &OsStr, message: &[u8], patience: Duration) -> io::Result<()> {
    // A name that begins with @ is in the abstract namespace, whose names begin with NUL (unix(7)).
    let address = match socket.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(socket)?,
    };
    let datagram = UnixDatagram::unbound()?;
    datagram.set_write_timeout(Some(patience))?;
    datagram.send_to_addr(message, &address).map(|_| ())
}

/// A message has one field a line, so what stands in a field has no lines.
fn line(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(manager: &UnixDatagram) -> String {
        let mut message = [0; 64];
        let length = manager.recv(&mut message).unwrap();
        String::from_utf8(message[..length].to_vec()).unwrap()
    }

    #[test]
    fn no_text_begins_a_field_of_its_own() {
        assert_eq!(line("away:\nREADY=1\r\u{0}"), "away: READY=1  ");
    }

    #[test]
    fn a_manager_that_takes_nothing_more_is_not_waited_for_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        let mut sent = 0_usize;
        // Linux keeps 10 to a few hundred of them, by net.unix.max_dgram_qlen.
        while send(path.as_os_str(), b"READY=1\n", Duration::from_millis(1)).is_ok() {
            sent += 1;
        }
        assert!(sent > 0);
        assert_eq!(heard(&manager), "READY=1\n");
        send(path.as_os_str(), b"STOPPING=1\n", SOON).unwrap();
    }

    #[test]
    fn a_manager_whose_socket_has_no_file_is_told_as_well() {
        let name = format!("postdesk-test-{}", std::process::id());
        let manager = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        send(OsStr::new(&format!("@{name}")), b"READY=1\n", SOON).unwrap();
        assert_eq!(heard(&manager), "READY=1\n");
    }
}
