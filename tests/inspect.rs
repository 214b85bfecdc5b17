//! What a running gateway shows: its numbers, whether mail flows, and its log. Each test has a gateway of its own, the built binary.
#![cfg(test)]

#[path = "inspect/desk.rs"]
mod desk;
#[path = "inspect/formats.rs"]
mod formats;
#[path = "crashes/gateway.rs"]
#[expect(dead_code, reason = "shared with the ledger, which needs more of it")]
mod gateway;
#[path = "inspect/http.rs"]
mod http;
#[path = "inspect/log.rs"]
mod log;
#[path = "inspect/numbers.rs"]
mod numbers;
#[path = "inspect/readiness.rs"]
mod readiness;
#[path = "inspect/scrape.rs"]
mod scrape;
#[path = "inspect/sink.rs"]
mod sink;
