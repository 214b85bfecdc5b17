//! From the server into custody: in chunks that are one commit, in bounded memory, and past what cannot be fetched.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::first_sight::CLOCKS_DIFFER;
use super::folder::Folder;
use super::hindrance::{Hindrance, words_of};
use super::letter::{Letter, long_ago, read};
use super::look::now;
use super::session::{About, Session};
use super::trouble::{Kind, Trouble};
use crate::accept::custody::{Refusal, Taken};
use crate::model::ledger::{Place, Stage};
use crate::model::time::Time;
use crate::observe::numbers;
use crate::store::ledger::{self, Left, Line};

/// Messages whose size is asked for at once.
const ASKED: usize = 200;
/// Messages in a chunk, which is one commit.
const CHUNK: usize = 64;
/// Octets in a chunk, unless it is one message.
const CHUNK_OCTETS: u64 = 4 * 1024 * 1024;
/// Messages in a row that the server refuses for the first time: more, and it is not the messages.
const REFUSED_IN_A_ROW: u32 = 3;

impl Folder {
    /// Fetches what is open: what never failed first, then what did, each for itself. Whether all of that was done; what is set aside is
    /// not waited for.
    pub(super) async fn fetch(&mut self, session: &mut Session, place: &Place, row: &ledger::Folder) -> Result<bool, Hindrance> {
        let begun = Instant::now();
        let due = self.memory.open.iter().copied().filter(|uid| !self.memory.tries.is_aside(*uid, begun));
        let (struck, fresh): (Vec<u32>, Vec<u32>) = due.partition(|uid| self.memory.tries.is_struck(*uid));
        let most = self.memory.asked.unwrap_or(ASKED);
        let asked = fresh.chunks(most).chain(struck.chunks(1));
        for uids in asked {
            if begun.elapsed() >= self.work.means.pace.longest_look {
                return Ok(false);
            }
            let Some(about) = self.about(session, uids).await? else { continue };
            // What is not there any more was never ours, and never will be.
            for gone in uids.iter().filter(|uid| about.iter().all(|about| about.uid != **uid)) {
                self.settled(*gone);
            }
            let wanted = self.leave(place, row, about).await?;
            for chunk in chunks(&wanted) {
                self.take(session, place, row, chunk).await?;
                self.work.standing.count(self.index, self.memory.numbers);
            }
        }
        self.memory.asked = None;
        let now = Instant::now();
        Ok(self.memory.open.iter().all(|uid| self.memory.tries.is_aside(*uid, now)))
    }

    /// Sizes and dates; `None` when there is one message, and it is the trouble. Where there are more, it is looked for among fewer next time.
    async fn about(&mut self, session: &mut Session, uids: &[u32]) -> Result<Option<Vec<About>>, Hindrance> {
        let trouble = match session.about(uids).await {
            Ok(about) => return Ok(Some(about)),
            Err(trouble) => trouble,
        };
        match uids {
            _ if trouble.kind() == Kind::Throttled => {}
            [uid] => {
                self.failed(*uid, trouble.to_string());
                if trouble.leaves_the_connection() {
                    return Ok(None);
                }
            }
            _ => self.memory.asked = Some((uids.len() / 8).max(1)),
        }
        Err(trouble.into())
    }

    /// Notes what stays where it is; what does not is returned.
    async fn leave(&mut self, place: &Place, row: &ledger::Folder, about: Vec<About>) -> Result<Vec<About>, Hindrance> {
        let limit = self.work.account.max_message_size as u64;
        let (mut wanted, mut lines) = (Vec::new(), Vec::new());
        for about in about {
            let was_there = |date: Time| !row.old_mail && date < row.since.minus(CLOCKS_DIFFER);
            let left = if about.size > limit {
                tracing::warn!(
                    account = place.account,
                    folder = place.folder,
                    uid = about.uid,
                    size = about.size,
                    limit,
                    "a message is larger than is taken, and stays where it is"
                );
                self.memory.numbers.left += 1;
                Left::TooLarge
            } else if self.memory.renumbered.contains(&about.uid) && about.internal_date.is_some_and(was_there) {
                Left::BeforeUs
            } else {
                wanted.push(about);
                continue;
            };
            lines.push(Line { uid: about.uid, arrival: None, content: None, stage: Stage::Left, left: Some(left) });
        }
        self.note(place, &lines).await?;
        Ok(wanted)
    }

    /// Writes lines of the ledger, after which these messages are settled.
    async fn note(&mut self, place: &Place, lines: &[Line]) -> Result<(), Hindrance> {
        self.work.means.store.note_fetched(place, lines, now()).await?;
        lines.iter().for_each(|line| self.settled(line.uid));
        Ok(())
    }

    /// Takes a chunk: all of it is fetched, then all of it given into custody. What was fetched before a fault is taken too.
    async fn take(
        &mut self,
        session: &mut Session,
        place: &Place,
        row: &ledger::Folder,
        chunk: &[About],
    ) -> Result<(), Hindrance> {
        // Where the server does not say how large one is, it may be as large as any.
        let most = self.work.account.max_message_size as u64;
        let octets = chunk.iter().map(|about| if about.size == 0 { most } else { about.size }).fold(0, u64::saturating_add);
        let means = Arc::clone(&self.work.means);
        // Whoever has it gives signs of its own.
        let room = self.beat.through(means.room(octets)).await;
        let (fetched, broken) = self.octets(session, place, chunk).await?;
        let letters = self.read(fetched).await;
        let unknown = self.recognise(place, letters).await?;
        // Under new numbers only dates tell what was there before us.
        let was_there = |about: &&About| about.uid < row.first_uid || self.memory.renumbered.contains(&about.uid);
        let old = chunk.iter().filter(was_there).filter_map(|about| Some((about.uid, long_ago(about.internal_date, row.since)?)));
        let custody = self.give_into_custody(place, unknown, &old.collect()).await;
        drop(room);
        custody?;
        broken.map_or(Ok(()), |trouble| Err(trouble.into()))
    }

    /// Fetches the octets of a chunk. The trouble, if any, ended it early.
    async fn octets(
        &mut self,
        session: &mut Session,
        place: &Place,
        chunk: &[About],
    ) -> Result<(Vec<(u32, Vec<u8>)>, Option<Trouble>), Hindrance> {
        let (mut fetched, mut refused) = (Vec::new(), 0);
        for about in chunk {
            let uid = about.uid;
            match session.octets(uid, about.size).await {
                Ok(Some(raw)) => {
                    refused = 0;
                    fetched.push((uid, raw));
                }
                Ok(None) => self.settled(uid),
                Err(trouble) if trouble.kind() == Kind::TooLong => {
                    let line = Line { uid, arrival: None, content: None, stage: Stage::Left, left: Some(Left::TooLarge) };
                    let (account, folder) = (&place.account, &place.folder);
                    tracing::warn!(account, folder, uid, %trouble, "a message is larger than is taken, and stays where it is");
                    self.memory.numbers.left += 1;
                    self.note(place, &[line]).await?;
                }
                // Not the fault of this message.
                Err(trouble) if trouble.kind() == Kind::Throttled => return Ok((fetched, Some(trouble))),
                Err(trouble) => {
                    let is_first = !self.memory.tries.is_struck(uid);
                    self.failed(uid, trouble.to_string());
                    refused += u32::from(is_first);
                    if !trouble.leaves_the_connection() || refused >= REFUSED_IN_A_ROW {
                        return Ok((fetched, Some(trouble)));
                    }
                }
            }
        }
        Ok((fetched, None))
    }

    /// Reads the headers. A mail at which that panics is one that failed.
    async fn read(&mut self, fetched: Vec<(u32, Vec<u8>)>) -> Vec<Letter> {
        let mut letters = Vec::with_capacity(fetched.len());
        for (uid, raw) in fetched {
            let work = Arc::clone(&self.work);
            match tokio::task::spawn_blocking(move || read(uid, raw, &work)).await {
                Ok(letter) => letters.push(letter),
                Err(error) => self.failed(uid, format!("a fault in postdesk: {}", words_of(error))),
            }
        }
        letters
    }

    /// Those that are not known by what they hold. The others get their line under the new number, without a second arrival.
    async fn recognise(&mut self, place: &Place, letters: Vec<Letter>) -> Result<Vec<Letter>, Hindrance> {
        let is_in_question = |letter: &Letter| self.memory.renumbered.contains(&letter.uid);
        let contents: Vec<[u8; 32]> =
            letters.iter().filter(|letter| is_in_question(letter)).map(|letter| letter.content).collect();
        if contents.is_empty() {
            return Ok(letters);
        }
        let known = self.work.means.store.known(place, &contents).await?;
        let (mut unknown, mut lines) = (Vec::new(), Vec::new());
        for letter in letters {
            match known.get(&letter.content).filter(|_| is_in_question(&letter)) {
                Some(known) => lines.push(Line {
                    uid: letter.uid,
                    arrival: known.arrival,
                    content: Some(letter.content),
                    stage: known.stage,
                    left: known.left,
                }),
                None => unknown.push(letter),
            }
        }
        self.note(place, &lines).await?;
        Ok(unknown)
    }

    /// Gives mail into custody, all of it at once, so that it is one commit. Dropped in the middle, what is on its way is still taken, and its
    /// line is in the same commit.
    async fn give_into_custody(
        &mut self,
        place: &Place,
        letters: Vec<Letter>,
        old: &HashMap<u32, Time>,
    ) -> Result<(), Hindrance> {
        let mut under_way: JoinSet<Taken> = JoinSet::new();
        let mut uids = HashMap::new();
        for letter in letters {
            let uid = letter.uid;
            let (custody, incoming) = (self.work.means.custody.clone(), letter.incoming(place, old.get(&uid).copied()));
            let task = under_way.spawn(async move { custody.take(incoming).await });
            uids.insert(task.id(), uid);
        }
        let mut refused: Option<Refusal> = None;
        while let Some(ended) = under_way.join_next_with_id().await {
            match ended {
                Ok((task, Ok(arrivals))) => {
                    let uid = uids.remove(&task);
                    numbers::fetched(&place.account);
                    for arrival in arrivals {
                        tracing::info!(arrival, account = place.account, folder = place.folder, uid, "mail taken");
                    }
                    uid.into_iter().for_each(|uid| self.settled(uid));
                }
                Ok((_, Err(refusal))) => refused = Some(refusal),
                Err(error) => {
                    let uid = uids.remove(&error.id());
                    let why = format!("a fault in postdesk: {}", words_of(error));
                    uid.into_iter().for_each(|uid| self.failed(uid, why.clone()));
                    self.memory.compared = None;
                }
            }
        }
        let Some(refusal) = refused else { return Ok(()) };
        // It may have been taken all the same (a COMMIT that nobody answered): the ledger knows.
        self.memory.compared = None;
        Err(Hindrance::Custody(refusal))
    }

    /// Nothing is to be fetched any more.
    fn settled(&mut self, uid: u32) {
        self.memory.open.remove(&uid);
        self.memory.renumbered.remove(&uid);
        self.memory.tries.forget(uid);
        self.memory.numbers.behind = self.memory.open.len();
    }

    fn failed(&mut self, uid: u32, why: String) {
        self.memory.tries.failed(uid, why, &self.work.means.pace, Instant::now());
    }
}

/// Cuts a list where it gets too long for one commit or for the memory.
fn chunks(about: &[About]) -> Vec<&[About]> {
    let (mut chunks, mut begin, mut octets) = (Vec::new(), 0, 0_u64);
    for (index, message) in about.iter().enumerate() {
        if index > begin && (index - begin >= CHUNK || octets.saturating_add(message.size) > CHUNK_OCTETS) {
            chunks.push(&about[begin..index]);
            (begin, octets) = (index, 0);
        }
        octets = octets.saturating_add(message.size);
    }
    if begin < about.len() {
        chunks.push(&about[begin..]);
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(sizes: &[u64]) -> Vec<About> {
        (1..).zip(sizes).map(|(uid, size)| About { uid, size: *size, internal_date: None }).collect()
    }

    #[test]
    fn a_chunk_has_so_many_messages_and_octets_and_one_message_always_fits() {
        let lengths = |sizes: &[u64]| chunks(&about(sizes)).iter().map(|chunk| chunk.len()).collect::<Vec<_>>();
        assert_eq!(lengths(&[1; 130]), [64, 64, 2]);
        assert_eq!(lengths(&[CHUNK_OCTETS - 1, 1, 1, CHUNK_OCTETS * 6, u64::MAX, 1]), [2, 1, 1, 1, 1]);
        assert_eq!(lengths(&[]), [0; 0]);
    }
}
