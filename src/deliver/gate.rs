//! The gate before the wire: the last look before mails leave this machine.
//!
//! What it promises: no more mails leave within a day than the operator allows, over all gateways, whatever went wrong before; and after an
//! outage the acknowledgements of many days do not leave at once. What is beyond the daily cap waits and nothing of it is lost. An
//! acknowledgement beyond its caps, or that is too late to be welcome, is dropped, and its ticket says so. Mails that were leased and
//! are not settled yet count as sent, so the caps hold for gateways that work side by side.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::seen;
use crate::decide::recall::CAP_DAY;
use crate::model::desk::AcknowledgementCaps;
use crate::model::notice::Event;
use crate::model::time::Time;
use crate::store::gate::{Count, Counts, Kept};
use crate::store::outbox::Leased;
use crate::store::{Fault, Store};

/// How long a mail beyond the daily cap waits before it is looked at again: what has left is counted by ten minutes.
const WAIT: Duration = Duration::from_secs(600);
/// How long an acknowledgement waits for the end of another that is under way and may take the place that is left.
const MOMENT: Duration = Duration::from_secs(60);

/// How much may leave.
#[derive(Debug, Clone, Copy)]
pub struct Caps {
    /// Mails within 24 hours; `None` for any number.
    pub per_day: Option<i64>,
    /// Acknowledgements.
    pub acknowledgements: AcknowledgementCaps,
}

/// The gate.
#[derive(Debug)]
pub(super) struct Gate {
    caps: Option<Caps>,
    /// The daily cap is reached, and that was said.
    closed: AtomicBool,
}

impl Gate {
    /// A gate with these caps; one without any lets everything pass.
    pub(super) fn new(caps: Option<Caps>) -> Self {
        Self { caps, closed: AtomicBool::new(false) }
    }

    /// Which of the leased notices may be sent. The others are settled when this returns; when it fails they wait until their lease ends.
    pub(super) async fn pass(&self, store: &Store, leased: Vec<Leased>, now: Time) -> Result<Vec<Leased>, Fault> {
        let Some(caps) = self.caps.filter(|_| !leased.is_empty()) else { return Ok(leased) };
        let keys: Vec<String> =
            leased.iter().filter(|notice| is_acknowledgement(notice)).map(|notice| notice.recipient.key()).collect();
        let counts = store.counts_at_the_wire(&keys, now).await?;
        let kept = judge(&leased, counts, caps, now);
        self.tell(caps, &leased, &kept);
        store.keep_back(&kept, now).await?;
        Ok(leased.into_iter().filter(|notice| kept.iter().all(|(id, _, _)| *id != notice.id)).collect())
    }

    /// Says once that the daily cap is reached, and once that it is not any more; and each time what was dropped.
    fn tell(&self, caps: Caps, leased: &[Leased], kept: &[(i64, i64, Kept)]) {
        for (id, _, kept) in kept {
            if let (Kept::Dropped(why), Some(notice)) = (kept, leased.iter().find(|notice| notice.id == *id)) {
                seen::dropped(notice, why);
            }
        }
        let capped = caps.per_day.map(reached);
        let closed = kept.iter().any(|(_, _, kept)| matches!(kept, Kept::Waits { why, .. } if Some(why) == capped.as_ref()));
        if self.closed.swap(closed, Ordering::Relaxed) != closed {
            let cap = caps.per_day.unwrap_or_default();
            if closed {
                tracing::warn!(cap, "the daily cap of mails is reached (`[delivery] max_per_day`); notices wait");
            } else {
                tracing::info!(cap, "mails leave again within the daily cap");
            }
        }
    }
}

fn reached(cap: i64) -> String {
    format!("the daily cap of {cap} mails is reached (`[delivery] max_per_day`)")
}

fn is_acknowledgement(notice: &Leased) -> bool {
    notice.event == Event::Acknowledgement.name()
}

/// Who goes first where not all can: what a person wrote, then what people are told, then what only says that we are here.
fn rank(notice: &Leased) -> u8 {
    match notice.event.as_str() {
        event if event == Event::Answer.name() => 0,
        event if event == Event::Acknowledgement.name() => 2,
        _ => 1,
    }
}

/// Which of the leased notices may not be sent now, and what becomes of them. `counts` has the leased ones among those under way.
fn judge(leased: &[Leased], mut counts: Counts, caps: Caps, now: Time) -> Vec<(i64, i64, Kept)> {
    // Ours are no longer under way but wait for their turn.
    for notice in leased {
        counts.all.under_way -= 1;
        if is_acknowledgement(notice) {
            counts.acknowledgements.under_way -= 1;
            counts.to.entry(notice.recipient.key()).or_default().under_way -= 1;
        }
    }
    let mut order: Vec<&Leased> = leased.iter().collect();
    order.sort_by_key(|notice| (rank(notice), notice.id));
    let mut kept = Vec::new();
    for notice in order {
        match passage(notice, &counts, caps, now) {
            Some(why) => kept.push((notice.id, notice.lease, why)),
            None => {
                counts.all.under_way += 1;
                if is_acknowledgement(notice) {
                    counts.acknowledgements.under_way += 1;
                    counts.to.entry(notice.recipient.key()).or_default().under_way += 1;
                }
            }
        }
    }
    kept
}

/// Why a notice may not be sent now; `None` when it may.
fn passage(notice: &Leased, counts: &Counts, caps: Caps, now: Time) -> Option<Kept> {
    if is_acknowledgement(notice)
        && let Some(kept) = acknowledgement(notice, &counts.to, counts.acknowledgements, caps.acknowledgements, now)
    {
        return Some(kept);
    }
    let cap = caps.per_day?;
    let full = counts.all.day + counts.all.under_way >= cap;
    full.then(|| Kept::Waits { until: now.plus(WAIT), why: reached(cap) })
}

fn acknowledgement(
    notice: &Leased,
    to: &HashMap<String, Count>,
    all: Count,
    caps: AcknowledgementCaps,
    now: Time,
) -> Option<Kept> {
    if notice.created_at < now.minus(CAP_DAY) {
        let why = "it waited for more than a day: to hear so late that a mail has arrived is worse than not to hear it";
        return Some(Kept::Dropped(why.to_owned()));
    }
    let one = to.get(&notice.recipient.key()).copied().unwrap_or_default();
    let spans = [
        (one.hour, one.under_way, caps.per_hour, "to one address within an hour", "per_hour"),
        (one.day, one.under_way, caps.per_day, "to one address within a day", "per_day"),
        (all.day, all.under_way, caps.total_per_day, "to everybody within a day", "total_per_day"),
    ];
    for (sent, under_way, cap, span, key) in spans {
        let why = || format!("the cap of {cap} acknowledgements {span} is reached (`[acknowledgements] {key}`)");
        if sent >= cap {
            return Some(Kept::Dropped(why()));
        }
        // What is under way may yet fail: nothing is dropped for it.
        if sent + under_way >= cap {
            return Some(Kept::Waits { until: now.plus(MOMENT), why: why() });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::address::Address;

    const NOW: Time = Time(1_700_000_000_000_000);
    const CAPS: Caps =
        Caps { per_day: Some(10), acknowledgements: AcknowledgementCaps { per_hour: 1, per_day: 3, total_per_day: 5 } };

    fn notice(id: i64, event: &str, recipient: &str, age: Duration) -> Leased {
        let address = |text: &str| Address::parse(text).unwrap();
        Leased {
            id,
            lease: 1,
            ticket: None,
            arrival: 1,
            event: event.to_owned(),
            recipient: address(recipient),
            sender: address("s@desk.example.org"),
            message_id: String::new(),
            attempts: 1,
            created_at: NOW.minus(age),
        }
    }

    /// The counts when these are leased and the rest is as said.
    fn counts(leased: &[Leased], all_day: i64) -> Counts {
        let all = Count { hour: 0, day: all_day, under_way: leased.len() as i64 };
        let mut counts = Counts { all, ..Counts::default() };
        for notice in leased.iter().filter(|notice| is_acknowledgement(notice)) {
            counts.acknowledgements.under_way += 1;
            counts.to.entry(notice.recipient.key()).or_default().under_way += 1;
        }
        counts
    }

    fn kept(kept: &[(i64, i64, Kept)]) -> Vec<(i64, bool)> {
        kept.iter().map(|(id, _, kept)| (*id, matches!(kept, Kept::Dropped(_)))).collect()
    }

    #[test]
    fn what_is_beyond_the_daily_cap_waits_and_answers_go_first() {
        let none = Duration::ZERO;
        let leased = [
            notice(1, "acknowledgement", "a@customer.example", none),
            notice(2, "request", "ana@staff.example", none),
            notice(3, "answer", "b@customer.example", none),
        ];
        let held = judge(&leased, counts(&leased, 8), CAPS, NOW);
        assert_eq!(kept(&held), [(1, false)]);
        assert!(matches!(&held[0].2, Kept::Waits { until, why } if *until == NOW.plus(WAIT) && why.contains("10 mails")));
        assert_eq!(kept(&judge(&leased, counts(&leased, 9), CAPS, NOW)), [(2, false), (1, false)]);
        assert_eq!(kept(&judge(&leased, counts(&leased, 70), Caps { per_day: None, ..CAPS }, NOW)), []);
    }

    #[test]
    fn what_another_sender_has_under_way_counts_as_sent() {
        let leased = [notice(1, "answer", "b@customer.example", Duration::ZERO)];
        let mut beside = counts(&leased, 5);
        beside.all.under_way += 5;
        assert_eq!(kept(&judge(&leased, beside, CAPS, NOW)), [(1, false)]);
    }

    #[test]
    fn acknowledgements_of_an_outage_do_not_leave_at_once_and_late_ones_not_at_all() {
        let hours = |hours: u64| Duration::from_secs(3_600 * hours);
        let leased = [
            notice(1, "acknowledgement", "a@customer.example", hours(25)),
            notice(2, "acknowledgement", "A@customer.example", hours(20)),
            notice(3, "acknowledgement", "a@customer.example", hours(3)),
            notice(4, "acknowledgement", "b@customer.example", hours(1)),
        ];
        // The third waits for what becomes of the second, and is dropped when that was sent.
        assert_eq!(kept(&judge(&leased, counts(&leased, 0), CAPS, NOW)), [(1, true), (3, false)]);
        let rest = &leased[2..3];
        let mut sent = counts(rest, 1);
        sent.to.entry(rest[0].recipient.key()).or_default().hour = 1;
        assert_eq!(kept(&judge(rest, sent, CAPS, NOW)), [(3, true)]);
    }

    #[test]
    fn each_cap_on_acknowledgements_is_named_by_its_key() {
        let leased = [notice(1, "acknowledgement", "a@customer.example", Duration::ZERO)];
        let one = |hour, day, all| {
            let mut counts = counts(&leased, 0);
            counts.to.insert(leased[0].recipient.key(), Count { hour, day, under_way: 1 });
            counts.acknowledgements.day = all;
            match judge(&leased, counts, CAPS, NOW).pop() {
                Some((_, _, Kept::Dropped(why))) => why,
                _ => String::new(),
            }
        };
        assert_eq!(one(0, 2, 4), "");
        assert!(one(1, 1, 1).contains("`[acknowledgements] per_hour`"));
        assert!(one(0, 3, 3).contains("`[acknowledgements] per_day`"));
        assert!(one(0, 0, 5).contains("`[acknowledgements] total_per_day`"));
    }
}
