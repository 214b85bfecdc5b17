//! A message as it was fetched, and the mail that it becomes.

use std::time::Duration;

use super::account::Work;
use crate::accept::pipe::with_crlf;
use crate::decide::envelope::{Envelope, envelope};
use crate::decide::parse::header_of;
use crate::model::arrival::{Incoming, Peer, Source};
use crate::model::ledger::{Entry, Place};
use crate::model::time::Time;

/// Older mail than this, when we first look at a folder, is an archive.
const LONG: Duration = Duration::from_secs(14 * 86_400);

/// A message whose header was read.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) uid: u32,
    /// Its content key.
    pub(super) content: [u8; 32],
    raw: Vec<u8>,
    envelope: Envelope,
}

/// Reads what is needed before custody: for whom it is, and what it is known by.
pub(super) fn read(uid: u32, raw: Vec<u8>, work: &Work) -> Letter {
    let raw = in_the_form_of_smtp(raw);
    let desk = work.means.desk();
    let mail = header_of(&raw, &desk.limits);
    let envelope = envelope(&mail, work.account.department.as_deref(), &desk);
    Letter { uid, content: mail.content_key, raw, envelope }
}

impl Letter {
    /// The mail at the door.
    ///
    /// It bears the time of custody, as mail does that was delayed on its way to us over SMTP, and not INTERNALDATE. That is the word of the
    /// mailbox: whoever may append to it sets it. What is asked of a time here is when it became our business. Only what was there long
    /// before us bears the date of the mailbox: it is an archive, and years of it must not be told to anybody.
    pub(super) fn incoming(self, place: &Place, long_ago: Option<Time>) -> Incoming {
        Incoming {
            raw: self.raw,
            sender: self.envelope.sender,
            departments: self.envelope.departments,
            source: Source::Imap(place.account.clone()),
            peer: Peer::default(),
            received_at: long_ago.unwrap_or_else(super::look::now),
            archived: long_ago.is_some(),
            entry: Some(Entry::Imap { place: place.clone(), uid: self.uid, content: self.content }),
        }
    }
}

/// The date of a message that is no news: it came long before we first looked at its folder. Somebody has seen to it since, or nobody
/// will. What is younger may still wait for its answer.
pub(super) fn long_ago(date: Option<Time>, since: Time) -> Option<Time> {
    date.filter(|date| *date < since.minus(LONG))
}

/// Servers send CRLF (RFC 3501 section 4.3). One that does not has stored what it was given, and the mail is made what it was on its way.
fn in_the_form_of_smtp(raw: Vec<u8>) -> Vec<u8> {
    let is_bare = |at: usize| at == 0 || raw[at - 1] != b'\r';
    if memchr::memchr_iter(b'\n', &raw).any(is_bare) { with_crlf(&raw) } else { raw }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_came_long_before_us_is_an_archive() {
        let (since, day) = (Time(1_800_000_000_000_000), Duration::from_secs(86_400));
        let old = since.minus(day * 15);
        assert_eq!(long_ago(Some(old), since), Some(old));
        for young in [None, Some(since.minus(day * 13)), Some(since), Some(since.plus(day))] {
            assert_eq!(long_ago(young, since), None);
        }
    }

    #[test]
    fn line_ends_become_those_of_smtp_and_what_has_them_is_not_touched() {
        assert_eq!(in_the_form_of_smtp(b"a\nb\r\nc".to_vec()), b"a\r\nb\r\nc\r\n");
        assert_eq!(in_the_form_of_smtp(b"\na".to_vec()), b"\r\na\r\n");
        assert_eq!(in_the_form_of_smtp(b"a\r\nb".to_vec()), b"a\r\nb");
    }
}
