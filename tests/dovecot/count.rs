//! The judgement: what was put into the boxes against what is in the gateway and on the server. Pure, so that it can be shown to condemn.

use std::collections::HashMap;
use std::fmt;

use super::desk::Taken;
use super::mail::Mail;

/// What is on the server at the end.
#[derive(Debug, Default)]
pub(crate) struct OnServer {
    /// Of each box whose mail is kept, the ids that are where they should be.
    pub(crate) kept: Vec<(&'static str, Vec<String>)>,
    /// How many messages are not flagged, not moved, not deleted.
    pub(crate) undone: usize,
}

/// The counts. What is wrong has its own, and each of those has to be 0.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Mails that the server had.
    pub(crate) acked: usize,
    /// Of these, how many are one message.
    pub(crate) stored: usize,
    /// Not there.
    pub(crate) lost: usize,
    /// There as more than one message, or with more than one ticket.
    pub(crate) doubled: usize,
    /// Taken into custody more than once, though no second message came of it.
    pub(crate) taken_twice: usize,
    /// There with other octets.
    pub(crate) altered: usize,
    /// There, and nobody put it in.
    pub(crate) from_nowhere: usize,
    /// On the server, and not as configured.
    pub(crate) undone: usize,
    /// Ours, not to be deleted, and gone from the server.
    pub(crate) gone: usize,
}

impl fmt::Display for Counts {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "acked={} stored={} lost={} doubled={} ", self.acked, self.stored, self.lost, self.doubled)?;
        write!(to, "taken_twice={} altered={} from_nowhere={} ", self.taken_twice, self.altered, self.from_nowhere)?;
        write!(to, "undone={} gone={}", self.undone, self.gone)
    }
}

/// Counts what is right and what is wrong.
pub(crate) fn judge(sent: &[(&'static str, Mail)], taken: &[Taken], subjects: &[String], server: &OnServer) -> Counts {
    let mut counts = Counts { acked: sent.len(), undone: server.undone, ..Counts::default() };
    let mut by_id: HashMap<&str, Vec<&Taken>> = HashMap::new();
    for mail in taken {
        by_id.entry(id_in(&mail.octets)).or_default().push(mail);
    }
    for (user, mail) in sent {
        let there = by_id.remove(mail.id.as_str()).unwrap_or_default();
        let messages = there.iter().filter(|mail| mail.outcome != "duplicate").count();
        let tickets = subjects.iter().filter(|subject| subject.contains(&mail.id)).count();
        counts.altered += there.iter().filter(|taken| taken.octets != mail.octets).count();
        counts.taken_twice += there.len().saturating_sub(1);
        match (messages, tickets) {
            (1, 1) => counts.stored += 1,
            (0, _) | (_, 0) => counts.lost += 1,
            _ => counts.doubled += 1,
        }
        let kept = server.kept.iter().find(|(name, _)| name == user);
        counts.gone += usize::from(kept.is_some_and(|(_, ids)| !ids.contains(&mail.id)));
    }
    counts.from_nowhere = by_id.len();
    counts
}

/// The id of a mail of the ledger; empty in any other.
fn id_in(octets: &[u8]) -> &str {
    let head = &octets[..octets.len().min(512)];
    let text = std::str::from_utf8(head).unwrap_or_default();
    text.split_once("X-Ledger: ").and_then(|(_, rest)| rest.get(..32)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::Purpose;

    type Truth = (Vec<(&'static str, Mail)>, Vec<Taken>, Vec<String>, OnServer);

    /// Three mails, and a gateway and a server in which all is as it should be.
    fn truth() -> Truth {
        let sent: Vec<_> = ["desk", "sales", "gone"]
            .into_iter()
            .zip(1..)
            .map(|(user, seed)| (user, Mail::new(seed, &Purpose::Request)))
            .collect();
        let taken =
            |(_, mail): &(_, Mail)| Taken { octets: mail.octets.clone(), source: String::new(), outcome: "request".to_owned() };
        let subjects = sent.iter().map(|(_, mail)| format!("ledger-{}", mail.id)).collect();
        let kept = sent[..2].iter().map(|(user, mail)| (*user, vec![mail.id.clone()])).collect();
        let server = OnServer { kept, undone: 0 };
        (sent.clone(), sent.iter().map(taken).collect(), subjects, server)
    }

    #[test]
    fn a_true_ledger_is_found_true() {
        let (sent, taken, subjects, server) = truth();
        assert_eq!(judge(&sent, &taken, &subjects, &server), Counts { acked: 3, stored: 3, ..Counts::default() });
    }

    #[test]
    fn what_is_missing_changed_or_from_nowhere_is_counted() {
        let (sent, mut taken, subjects, mut server) = truth();
        taken.remove(0);
        taken[0].octets[700] ^= 1;
        taken.push(Taken { octets: b"X-Ledger: ".to_vec(), source: String::new(), outcome: "request".to_owned() });
        server.kept[1].1.clear();
        server.undone = 2;
        let counts = judge(&sent, &taken, &subjects, &server);
        let wrong = Counts { lost: 1, altered: 1, from_nowhere: 1, gone: 1, undone: 2, ..Counts::default() };
        assert_eq!(counts, Counts { acked: 3, stored: 2, ..wrong });
    }

    #[test]
    fn what_is_there_twice_is_doubled_and_what_was_only_taken_twice_is_told_apart() {
        let (sent, mut taken, mut subjects, server) = truth();
        let twin = |octets: &Vec<u8>, outcome: &str| Taken {
            octets: octets.clone(),
            source: String::new(),
            outcome: outcome.to_owned(),
        };
        taken.push(twin(&taken[0].octets, "request"));
        taken.push(twin(&taken[1].octets, "duplicate"));
        subjects.push(subjects[2].clone());
        let counts = judge(&sent, &taken, &subjects, &server);
        assert_eq!((counts.stored, counts.lost, counts.doubled, counts.taken_twice), (1, 0, 2, 2));
    }
}
