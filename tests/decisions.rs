//! Mails that real clients send, each with the decision that is expected of it, and what must hold for any octets.

#![expect(clippy::expect_used, clippy::panic, reason = "a test may end in a panic, also in what its functions share")]

#[path = "decisions/alarm.rs"]
mod alarm;
#[path = "decisions/bombs.rs"]
mod bombs;
#[path = "decisions/commands.rs"]
mod commands;
#[path = "decisions/cutting.rs"]
mod cutting;
#[path = "decisions/desk.rs"]
mod desk;
#[path = "decisions/digest.rs"]
mod digest;
#[path = "decisions/due.rs"]
mod due;
#[path = "decisions/families.rs"]
mod families;
#[path = "decisions/languages.rs"]
mod languages;
#[path = "decisions/machines.rs"]
mod machines;
#[path = "decisions/passed_on.rs"]
mod passed_on;
#[path = "decisions/promises.rs"]
mod promises;
#[path = "decisions/properties.rs"]
mod properties;
#[path = "decisions/reports.rs"]
mod reports;
#[path = "decisions/tick.rs"]
mod tick;
#[path = "decisions/world.rs"]
mod world;
