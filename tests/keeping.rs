//! What an operator keeps, gives away and removes: backups and what becomes of them, exports, and people who are to be forgotten. Real
//! processes, on stores of their own.
#![cfg(test)]

#[path = "keeping/backups.rs"]
mod backups;
#[path = "keeping/broken_off.rs"]
mod broken_off;
#[path = "keeping/desk.rs"]
mod desk;
#[path = "keeping/exports.rs"]
mod exports;
#[path = "keeping/forgetting.rs"]
mod forgetting;
#[path = "crashes/gateway.rs"]
mod gateway;
#[path = "journeys/wire.rs"]
#[expect(dead_code, reason = "shared with the journeys, which have a server in it as well")]
mod wire;
