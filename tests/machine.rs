//! What machines do to a gateway under load: calls that never return, power that goes, disks that fill or fail, answers that are
//! lost, crowds, limits, clocks and signals. Each ends with the ledger, and its counts are printed.
//!
//! These are short forms; `tests/faults/run` runs the long ones, whose counts stand in `docs/faults.md`. Needs root, strace, faketime
//! and loop devices, and so the feature `peers`; where one cannot be had, the test says which and fails.
#![cfg(test)]

#[path = "machine/answers.rs"]
mod answers;
#[path = "machine/caps.rs"]
mod caps;
#[path = "crashes/check.rs"]
#[expect(dead_code, reason = "shared with the ledger, which needs more of it")]
mod check;
#[path = "crashes/client.rs"]
#[expect(dead_code, reason = "shared with the ledger of several gateways, which needs more of it")]
mod client;
#[path = "machine/clocks.rs"]
mod clocks;
#[path = "machine/crowd.rs"]
mod crowd;
#[path = "machine/disk.rs"]
mod disk;
#[path = "crashes/found.rs"]
#[expect(dead_code, reason = "shared with the ledger, which needs more of it")]
mod found;
#[path = "crashes/gateway.rs"]
mod gateway;
#[path = "crashes/ledger.rs"]
mod ledger;
#[path = "crashes/mail.rs"]
mod mail;
#[path = "machine/power.rs"]
mod power;
#[path = "machine/room.rs"]
mod room;
#[path = "machine/signals.rs"]
mod signals;
#[path = "machine/syscalls.rs"]
mod syscalls;
#[path = "machine/tracer.rs"]
mod tracer;
#[path = "machine/trial.rs"]
mod trial;
#[path = "faults/wire.rs"]
#[expect(dead_code, reason = "shared with tests that say more")]
mod wire;

/// Whether the long forms are asked for, which take minutes each.
fn long() -> bool {
    std::env::var("POSTDESK_FAULTS").is_ok_and(|form| form == "long")
}

/// So many in the short form, and so many in the long one.
fn times(short: usize, in_long: usize) -> usize {
    if long() { in_long } else { short }
}
