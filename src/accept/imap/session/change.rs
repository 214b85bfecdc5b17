//! What becomes of messages that are ours. Each of these may be done again: a message that is gone is no error.

use super::super::folder_name;
use super::super::set::sets;
use super::super::trouble::Trouble;
use super::{Capability, Session};

/// UIDs that one command changes: servers that do it slowly say nothing meanwhile.
const CHANGED: usize = 200;

impl Session {
    /// Flags messages as seen.
    ///
    /// # Errors
    /// See [`super::Kind`].
    pub async fn mark_seen(&mut self, uids: &[u32]) -> Result<(), Trouble> {
        self.flag(uids, "\\Seen").await
    }

    /// Moves messages to another folder, whose name is plain text. Where the server has no MOVE, they are copied, and what was copied is
    /// deleted as [`Session::delete`] does: a connection that breaks between these leaves a copy in each folder, and a second one after
    /// another attempt.
    ///
    /// # Errors
    /// `NoSuchFolder`, `Full`, and the others of [`super::Kind`].
    pub async fn move_to(&mut self, uids: &[u32], folder: &str) -> Result<(), Trouble> {
        let folder = folder_name::argument(folder);
        let verb = if self.offers(Capability::Move) { "MOVE" } else { "COPY" };
        for set in sets(uids, CHANGED) {
            self.line.run(&format!("UID {verb} {set} {folder}"), |_| {}).await?;
            if verb == "COPY" {
                self.remove(&set).await?;
            }
        }
        Ok(())
    }

    /// Deletes messages. Where the server has no UIDPLUS, they are flagged as deleted and stay: a plain EXPUNGE would also remove what others
    /// have flagged and may still want back. Most servers remove them at another time, or another program does.
    ///
    /// # Errors
    /// See [`super::Kind`].
    pub async fn delete(&mut self, uids: &[u32]) -> Result<(), Trouble> {
        for set in sets(uids, CHANGED) {
            self.remove(&set).await?;
        }
        Ok(())
    }

    async fn remove(&mut self, set: &str) -> Result<(), Trouble> {
        self.flag_set(set, "\\Deleted").await?;
        if self.offers(Capability::UidPlus) {
            self.line.run(&format!("UID EXPUNGE {set}"), |_| {}).await?;
        }
        Ok(())
    }

    async fn flag(&mut self, uids: &[u32], flag: &str) -> Result<(), Trouble> {
        for set in sets(uids, CHANGED) {
            self.flag_set(&set, flag).await?;
        }
        Ok(())
    }

    async fn flag_set(&mut self, set: &str, flag: &str) -> Result<(), Trouble> {
        self.line.run(&format!("UID STORE {set} +FLAGS.SILENT ({flag})"), |_| {}).await.map(|_| ())
    }
}
