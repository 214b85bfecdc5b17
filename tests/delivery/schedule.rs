//! When a notice is tried again, and when it is given up.

use std::time::Duration;

use postdesk::deliver::backoff::next_attempt;
use postdesk::model::time::Time;
use proptest::prelude::proptest;

const FIVE_DAYS: Duration = Duration::from_secs(5 * 86_400);
const NOW: Time = Time(1_800_000_000_000_000);

/// The wait in seconds that comes after so many attempts, without jitter.
fn nominal(attempts: i64) -> f64 {
    (60.0 * 2_f64.powi(i32::try_from(attempts - 1).expect("few"))).min(4.0 * 3_600.0)
}

/// The wait in seconds.
fn wait(row: i64, attempts: i64) -> f64 {
    let next = next_attempt(row, attempts, NOW, NOW, FIVE_DAYS).expect("not given up");
    Duration::from_micros(next.0.abs_diff(NOW.0)).as_secs_f64()
}

proptest! {
    #[test]
    fn a_wait_doubles_from_a_minute_to_four_hours_within_a_fifth(row in 1_i64.., attempts in 1_i64..40) {
        let share = wait(row, attempts) / nominal(attempts);
        assert!((0.8..=1.2).contains(&share), "{share}");
        assert_eq!(wait(row, attempts), wait(row, attempts), "the same row and attempt wait the same time");
    }

    #[test]
    fn waits_grow_until_they_reach_the_longest(row in 1_i64.., attempts in 1_i64..8) {
        assert!(wait(row, attempts) < wait(row, attempts + 1));
    }

    #[test]
    fn a_notice_that_always_fails_is_given_up_at_five_days_after_some_forty_attempts(row in 1_i64..) {
        let (mut now, mut attempts) = (NOW, 1);
        while let Some(next) = next_attempt(row, attempts, NOW, now, FIVE_DAYS) {
            assert!(next > now && next <= NOW.plus(FIVE_DAYS));
            now = next;
            attempts += 1;
        }
        assert_eq!(now, NOW.plus(FIVE_DAYS), "the last attempt is at the end");
        assert!((35..50).contains(&attempts), "{attempts}");
    }

    #[test]
    fn no_number_is_too_strange(row: i64, attempts: i64, created: i64, now: i64, limit: u64) {
        next_attempt(row, attempts, Time(created), Time(now), Duration::from_secs(limit));
    }
}

#[test]
fn rows_that_failed_together_do_not_come_back_together() {
    let waits: std::collections::BTreeSet<u64> = (1..=1_000).map(|row| wait(row, 9) as u64).collect();
    assert!(waits.len() > 300, "{}", waits.len());
}

#[test]
fn a_clock_that_jumps_a_year_on_gives_up_nothing_that_was_hardly_tried() {
    let year = NOW.plus(Duration::from_secs(365 * 86_400));
    assert!(next_attempt(1, 1, NOW, year, FIVE_DAYS).is_some_and(|next| next > year));
    assert!(next_attempt(1, 12, NOW, year, FIVE_DAYS).is_some());
    assert!(next_attempt(1, 40, NOW, year, FIVE_DAYS).is_none());
}
