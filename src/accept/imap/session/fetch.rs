//! What is in a folder, and the octets of a message.

use tokio::time::Instant;

use super::super::reply::{Message, Reply};
use super::super::set::sets;
use super::super::trouble::{Kind, Trouble};
use super::Session;
use crate::model::time::Time;

/// Octets of a message that are asked for at a time.
const PART: u64 = 256 * 1024;
/// UIDs that one command asks about.
const ABOUT: usize = 1_000;
/// UIDs that one command may find, so that the line with them stays short.
const RANGE: u32 = 200_000;
/// The same where there are hardly any.
const WIDEST: u32 = 3 * RANGE;
/// Messages in a folder that is not asked in ranges.
const FEW: u32 = RANGE / 2;

/// What a server says of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// Its UID.
    pub uid: u32,
    /// RFC822.SIZE, in octets; 0 where the server does not say. It may be wrong.
    pub size: u64,
    /// When the server got it.
    pub internal_date: Option<Time>,
}

impl Session {
    /// Every UID from this one on, ascending. What has been announced so far is no news any more.
    ///
    /// # Errors
    /// See [`Kind`]; never a part of them.
    pub async fn uids(&mut self, from: u32) -> Result<Vec<u32>, Trouble> {
        self.line.folder.news = false;
        let mut from = from.max(1);
        let mut all = Vec::new();
        if self.line.folder.exist > FEW {
            // A folder with many messages is asked in ranges, up to the last message there is now.
            let last = self.search("*").await?.into_iter().max().unwrap_or(0);
            let mut width = RANGE;
            while from <= last {
                let end = from.saturating_add(width - 1).min(last);
                let found = self.search(&format!("{from}:{end}")).await?;
                // Where there is nothing, there is nothing for long: numbers of folders that were emptied.
                width = if found.is_empty() { WIDEST.min(width * 2) } else { RANGE };
                all.extend(found.into_iter().filter(|uid| (from..=end).contains(uid)));
                let Some(next) = end.checked_add(1) else { return Ok(ascending(all)) };
                from = next;
            }
        }
        // `n:*` always has the last message in it, whatever its UID (RFC 3501, section 6.4.8).
        let rest = self.search(&format!("{from}:*")).await?;
        all.extend(rest.into_iter().filter(|uid| *uid >= from));
        Ok(ascending(all))
    }

    async fn search(&mut self, range: &str) -> Result<Vec<u32>, Trouble> {
        let mut found: Option<Vec<u32>> = None;
        let take = |reply| {
            if let Reply::Found(uids) = reply {
                found.get_or_insert_default().extend(uids);
            }
        };
        self.line.run(&format!("UID SEARCH UID {range}"), take).await?;
        // Without it the folder would look empty.
        found.ok_or_else(|| Trouble::nonsense("it says OK to UID SEARCH, and nothing of what it found"))
    }

    /// What the server says of these messages, by ascending UID; those that are gone are missing.
    ///
    /// # Errors
    /// See [`Kind`].
    pub async fn about(&mut self, uids: &[u32]) -> Result<Vec<About>, Trouble> {
        let mut known = std::collections::BTreeMap::new();
        for set in sets(uids, ABOUT) {
            let take = |reply| {
                let Reply::Message(Message { uid: Some(uid), size, internal_date, .. }) = reply else { return };
                let about = known.entry(uid).or_insert(About { uid, size: 0, internal_date: None });
                about.size = size.unwrap_or(about.size);
                about.internal_date = internal_date.or(about.internal_date);
            };
            let end = self.line.end_of_answer();
            self.fetch(&format!("UID FETCH {set} (UID RFC822.SIZE INTERNALDATE)"), end, take).await?;
        }
        let asked: std::collections::HashSet<&u32> = uids.iter().collect();
        Ok(known.into_values().filter(|about| asked.contains(&about.uid)).collect())
    }

    /// The octets of a message, without flagging it as seen; `None`: it is gone. `size` is what was announced: a message that is longer or
    /// shorter is read to its end all the same.
    ///
    /// # Errors
    /// `TooLong` where it is beyond the account's limit; `Nonsense` where there is a message without a body, which would else look empty.
    pub async fn octets(&mut self, uid: u32, size: u64) -> Result<Option<Vec<u8>>, Trouble> {
        let most = self.most as u64;
        if size > most {
            return Err(too_long(uid, most));
        }
        let mut octets: Vec<u8> = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        loop {
            let begin = octets.len() as u64;
            let Some(part) = self.part(uid, begin).await? else {
                return Ok(None);
            };
            if part.is_empty() {
                break;
            }
            octets.extend_from_slice(&part);
            if octets.len() as u64 > most {
                return Err(too_long(uid, most));
            }
            if octets.len() as u64 == size && (part.len() as u64) < PART {
                return Ok(Some(octets));
            }
        }
        if octets.is_empty() && size > 0 {
            return Err(Trouble::nonsense(format!("it announces message {uid} with {size} octets and gives none")));
        }
        Ok(Some(octets))
    }

    /// A part of a message; `None` where the message is gone. Nothing at its end.
    async fn part(&mut self, uid: u32, begin: u64) -> Result<Option<Vec<u8>>, Trouble> {
        let (mut spoken_of, mut part) = (false, None);
        let take = |reply| {
            let Reply::Message(message) = reply else { return };
            if message.uid != Some(uid) {
                return;
            }
            spoken_of = true;
            match message.body {
                // Some leave the number out at the beginning.
                Some((from, octets)) if from.unwrap_or(0) == begin => part = Some(octets),
                _ => {}
            }
        };
        let end = Instant::now() + self.line.patience.silence;
        self.fetch(&format!("UID FETCH {uid} (UID BODY.PEEK[]<{begin}.{PART}>)"), end, take).await?;
        match part {
            Some(part) if part.len() as u64 > PART => Err(Trouble::nonsense("it sends more of a message than was asked for")),
            None if spoken_of && self.still_there(uid).await? => {
                Err(Trouble::nonsense(format!("it speaks of message {uid} and gives nothing of it")))
            }
            part => Ok(part),
        }
    }

    async fn still_there(&mut self, uid: u32) -> Result<bool, Trouble> {
        Ok(self.search(&uid.to_string()).await?.contains(&uid))
    }

    /// FETCH, up to a moment. Where the server cannot answer because of messages that others have
    /// removed meanwhile (RFC 5530), it is let tell of these, and asked again.
    async fn fetch(&mut self, command: &str, end: Instant, mut take: impl FnMut(Reply)) -> Result<(), Trouble> {
        let said = self.line.converse(command, |_| None, end, &mut take).await?;
        if said.has("EXPUNGEISSUED") && said.state != super::State::Ok {
            self.noop().await?;
            return self.line.run_until(command, end, take).await.map(|_| ());
        }
        super::accepted(said, command).map(|_| ())
    }
}

fn ascending(mut uids: Vec<u32>) -> Vec<u32> {
    uids.sort_unstable();
    uids.dedup();
    uids
}

fn too_long(uid: u32, most: u64) -> Trouble {
    Trouble::new(Kind::TooLong, format!("message {uid} has more than {most} octets"))
}
