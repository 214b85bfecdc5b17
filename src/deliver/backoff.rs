//! When to try again: from one minute, doubling to four hours, until the notice is given up.

use std::time::Duration;

use crate::model::time::Time;

/// The wait after the first attempt, in seconds.
const SHORTEST: u64 = 60;
/// The longest wait between two attempts, in seconds, before jitter.
const LONGEST: u64 = 4 * 3_600;
/// Jitter in thousandths, either way: notices that failed together do not come back together.
const JITTER: u64 = 200;

/// When the row is to be tried next, after `attempts` attempts (the one that just failed included); `None` when it is to be given up.
///
/// The last attempt falls on the end of `give_up_after`. A notice is given up only when its age is explained by attempts too (their waits
/// make up half of it): a clock that jumps a year on, or a machine that was off for a week, does not give up what was hardly tried.
pub fn next_attempt(row: i64, attempts: i64, created_at: Time, now: Time, give_up_after: Duration) -> Option<Time> {
    let end = created_at.plus(give_up_after);
    let next = now.plus(Duration::from_millis(jittered(row, attempts)));
    if now < end {
        return Some(next.min(end));
    }
    let waited = (1..attempts.min(100_000)).map(wait).fold(0, u64::saturating_add);
    (Duration::from_secs(waited) < give_up_after / 2).then_some(next)
}

/// The wait after so many attempts, in seconds, without jitter.
fn wait(attempts: i64) -> u64 {
    let doublings = u32::try_from(attempts.saturating_sub(1).clamp(0, 16)).unwrap_or(16);
    (SHORTEST << doublings).min(LONGEST)
}

/// The wait in milliseconds with jitter that depends on nothing but the row and the attempt.
fn jittered(row: i64, attempts: i64) -> u64 {
    let drawn = scatter(row.cast_unsigned().rotate_left(17) ^ attempts.cast_unsigned()) % (2 * JITTER + 1);
    wait(attempts) * (1_000 - JITTER + drawn)
}

/// SplitMix64's finaliser: neighbouring numbers come out far apart.
pub(super) fn scatter(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
