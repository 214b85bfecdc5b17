//! Rows that stay, for their numbers and times, and lose what they say.

use sqlx::QueryBuilder;

use super::super::work::push_numbers;
use super::{Database, MANY, Transaction, change};
use crate::model::seal::sha256;
use crate::store::Fault;
use crate::store::forget::{NOBODY, Removed, Wish};

/// Mails: what was noted of them, their original, and the message that one became.
pub(super) async fn mails(transaction: &mut Transaction<'_>, ids: &[i64], removed: &mut Removed) -> Result<(), Fault> {
    removed.originals += originals(transaction, ids, removed).await?;
    // The content key stays: by it a copy that is fetched again is known.
    change(
        transaction,
        "UPDATE arrival SET sender = NULL, recipients = '', peer_ip = NULL, peer_helo = NULL, last_error = NULL, message_id = NULL,
             subject = NULL, reasons = NULL, defects = NULL, evidence = NULL, history = NULL, cause = NULL,
             outcome = CASE WHEN outcome = 'held' THEN 'discarded' ELSE outcome END WHERE id IN",
        ids,
    )
    .await?;
    change(transaction, "DELETE FROM attachment WHERE message IN", ids).await?;
    change(
        transaction,
        "UPDATE message SET author_name = CASE WHEN author_agent IS NULL THEN '' ELSE author_name END,
             author_address = CASE WHEN author_agent IS NULL THEN NULL ELSE author_address END,
             message_id = NULL, subject = '', text = '', quoted = '', html = NULL, protection = NULL, forwarded_name = NULL,
             forwarded_address = NULL, forwarded_date = NULL, forwarded_subject = NULL, remark = NULL, remark_name = NULL,
             remark_address = NULL, remark_agent = NULL WHERE arrival IN",
        ids,
    )
    .await
}

/// Takes the octets away; how many mails had any.
async fn originals(transaction: &mut Transaction<'_>, ids: &[i64], removed: &mut Removed) -> Result<usize, Fault> {
    let mut count = 0;
    for ids in ids.chunks(MANY) {
        let mut query = QueryBuilder::<Database>::new(
            "SELECT id, object FROM raw WHERE (object IS NOT NULL OR OCTET_LENGTH(octets) > 0) AND id IN (SELECT raw_id FROM arrival WHERE id IN (",
        );
        push_numbers(&mut query, ids);
        let query = query.push("))").build_query_as::<(i64, Option<String>)>().persistent(false);
        let found = query.fetch_all(&mut **transaction).await?;
        if found.is_empty() {
            continue;
        }
        count += found.len();
        let mut empty = QueryBuilder::<Database>::new("UPDATE raw SET octets = ");
        empty
            .push_bind(Vec::<u8>::new())
            .push(", object = NULL, sha256 = ")
            .push_bind(sha256(b"").to_vec())
            .push(" WHERE id IN (");
        push_numbers(&mut empty, &found.iter().map(|(id, _)| *id).collect::<Vec<_>>());
        empty.push(")").build().persistent(false).execute(&mut **transaction).await?;
        removed.objects.extend(found.into_iter().filter_map(|(_, object)| object));
    }
    Ok(count)
}

/// Notices: their mail goes, and who they were for, where that is no agent. What waits is never sent.
pub(super) async fn notices(
    transaction: &mut Transaction<'_>,
    ids: &[i64],
    wish: &Wish,
    removed: &mut Removed,
) -> Result<(), Fault> {
    removed.notices += ids.len();
    change(transaction, "DELETE FROM letter WHERE outbox IN", ids).await?;
    for ids in ids.chunks(MANY) {
        let mut query = QueryBuilder::<Database>::new("UPDATE outbox SET last_error = NULL, told_at = COALESCE(told_at, ");
        query.push_bind(wish.now.0);
        query.push("), state = CASE WHEN state IN ('due', 'leased', 'held') THEN 'dropped' ELSE state END WHERE id IN (");
        push_numbers(&mut query, ids);
        query.push(")").build().persistent(false).execute(&mut **transaction).await?;
        let mut query = QueryBuilder::<Database>::new("UPDATE outbox SET destination = NULL, recipient = ");
        query.push_bind(NOBODY).push(", sender = ").push_bind(NOBODY);
        // Different ones, since each recipient has a notice of an event once.
        query.push(", recipient_key = 'forgotten-' || CAST(id AS TEXT) WHERE id IN (");
        push_numbers(&mut query, ids);
        query.push(")");
        if !wish.agents.is_empty() {
            query.push(" AND recipient_key NOT IN (");
            let mut list = query.separated(", ");
            for agent in &wish.agents {
                list.push_bind(agent.as_str());
            }
            query.push(")");
        }
        query.build().persistent(false).execute(&mut **transaction).await?;
    }
    Ok(())
}
