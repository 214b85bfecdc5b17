//! Plans: whatever is asked on the way of a mail, or by a person with a list before him, is found by an index.
//!
//! What postdesk really sends is caught, not copied: PostgreSQL explains each statement into its log (`auto_explain`), and the
//! same texts are then explained by SQLite.

#[path = "plans/caught.rs"]
mod caught;
#[path = "plans/desk_in_use.rs"]
mod desk_in_use;

use crate::base::Base;
use crate::cluster::Cluster;

/// Tables that grow with the mail.
const GROWING: [&str; 12] = [
    "raw",
    "arrival",
    "ticket",
    "follower",
    "relation",
    "message",
    "attachment",
    "event",
    "outbox",
    "letter",
    "acknowledged",
    "fetched",
];

#[tokio::test]
async fn every_statement_on_the_way_of_a_mail_and_every_list_is_found_by_an_index() {
    let cluster = Cluster::start();
    let base = Base::Database(cluster.database());
    desk_in_use::fill(&cluster, &base).await;
    let log = caught::Log::begin(&cluster, &base);
    desk_in_use::use_everything(&base).await;
    let plans = log.end();
    let mut texts: Vec<&str> = plans.iter().map(|plan| plan.text.as_str()).collect();
    texts.sort_unstable();
    texts.dedup();
    require_all(&texts);
    let mut scanned: Vec<String> = plans.iter().flat_map(|plan| plan.whole_reads(&GROWING)).collect();
    scanned.extend(caught::whole_reads_of_a_file(&texts).await);
    scanned.sort_unstable();
    scanned.dedup();
    assert!(scanned.is_empty(), "{} read a table as a whole:\n\n{}", scanned.len(), scanned.join("\n\n"));
}

/// The statements that this is about: a word of each, so that none is missed because nothing led to it.
const WORDS: [&[&str]; 70] = [
    &["INSERT INTO raw"],
    &["INSERT INTO arrival"],
    &["SELECT COUNT(*) FROM (SELECT id FROM arrival WHERE outcome IS NULL"],
    &["claimed_by NOT IN", "SKIP LOCKED"],
    &["claimed_by NOT IN", "AND id NOT IN ("],
    &["SET attempts = attempts + 1"],
    &["JOIN raw ON raw.id = arrival.raw_id WHERE outcome IS NULL"],
    &["SELECT id, attempts, received_at FROM arrival WHERE outcome IS NULL AND"],
    &["AND attempts <= $2"],
    &["WHERE content_key IN"],
    &["FROM message WHERE message_id IN"],
    &["ticket IS NOT NULL AND id IN"],
    &["FROM ticket WHERE number IN", "FOR UPDATE"],
    &["FROM follower WHERE ticket IN"],
    &["ROW_NUMBER() OVER"],
    &["FROM acknowledged WHERE slot"],
    &["WITH done", "UPDATE arrival"],
    &["INSERT INTO ticket", "ON CONFLICT"],
    &["INSERT INTO outbox"],
    &["INSERT INTO acknowledged"],
    &["SELECT next_attempt_at FROM outbox"],
    &["UPDATE outbox SET state = 'leased'"],
    &["WITH done", "UPDATE outbox"],
    &["FROM letter WHERE outbox = "],
    &["FROM letter WHERE outbox IN"],
    &["WITH RECURSIVE place"],
    &["o.destination IS NULL"],
    &["UPDATE outbox SET state = 'leased'", "WHERE destination = "],
    &["FROM sent", "FROM outbox WHERE state IN ('due', 'leased') AND next_attempt_at >"],
    &["INSERT INTO sent"],
    &["WITH done", "attempts = outbox.attempts - 1"],
    &["o.id = $1"],
    &["SET state = 'dropped'"],
    &["SET state = 'held'"],
    &["substr(octets"],
    &["t.status = $3 AND"],
    &["t.assignee = $4 AND"],
    &["t.department = $2 AND"],
    &["t.number > 0 AND"],
    &["a.outcome IS NULL ORDER BY a.id DESC"],
    &["a.outcome = $3 ORDER BY a.id DESC"],
    &["o.state = $3 ORDER BY"],
    &["WHERE o.arrival = $1"],
    &["told_at IS NULL ORDER BY id LIMIT 1"],
    &["SET told_at = $1"],
    &["t.due_at IS NOT NULL AND t.status <> 'awaiting-customer'"],
    &["SELECT number FROM ticket WHERE due_at IS NOT NULL"],
    &["WHERE state = 'failed' AND told_at IS NULL ORDER BY id LIMIT 1"],
    &["last_error FROM outbox WHERE state = 'failed' AND told_at IS NULL"],
    &["MAX(m.arrival)"],
    &["WITH done", "UPDATE ticket"],
    &["SET told_at =", "AND id IN"],
    &["WHERE id = $1 AND outcome = 'held'"],
    &["INSERT INTO fetched"],
    &["SELECT uid, stage, why, gone_at FROM fetched"],
    &["FROM fetched", "stage = 'taken' ORDER BY uid"],
    &["FROM fetched", "AND content IN ("],
    &["UPDATE fetched SET stage = 'done'"],
    &["UPDATE fetched SET gone_at = $1", "validity <> $4"],
    &["UPDATE fetched SET gone_at", "uid IN ("],
    &["DELETE FROM fetched WHERE account"],
    &["SELECT COUNT(*) FROM arrival WHERE outcome IS NULL AND archived"],
    &["archived = 0 ORDER BY id LIMIT 1"],
    &["SELECT COUNT(*) FROM arrival WHERE outcome = 'held'"],
    &["FROM outbox WHERE state IN ('leased', 'due') GROUP BY state"],
    &["SELECT COUNT(*) FROM outbox WHERE state = 'held'"],
    &["SELECT status, COUNT(*) FROM ticket"],
    &["SELECT COUNT(*) FROM ticket WHERE due_at IS NOT NULL"],
    &["newest WHERE outcome IS NOT NULL"],
    &["newest WHERE settled_at IS NOT NULL"],
];

/// Each of them was sent.
fn require_all(texts: &[&str]) {
    for words in WORDS {
        assert!(texts.iter().any(|text| words.iter().all(|word| text.contains(word))), "nothing led to {words:?}");
    }
}
