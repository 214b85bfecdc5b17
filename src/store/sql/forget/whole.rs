//! A ticket that nobody else of the customer side is on: nothing that anybody wrote stays, only that there was one.

use super::{Transaction, blank};
use crate::store::Fault;
use crate::store::forget::{NOBODY, Removed, Wish};

pub(super) async fn forget(transaction: &mut Transaction<'_>, number: i64, wish: &Wish) -> Result<Removed, Fault> {
    let mut removed = Removed::default();
    let mails: Vec<i64> = sqlx::query_scalar(
        "SELECT id FROM arrival WHERE ticket = $1 AND outcome IS NOT NULL UNION SELECT arrival FROM message WHERE ticket = $1 ORDER BY 1",
    )
    .bind(number)
    .fetch_all(&mut **transaction)
    .await?;
    let messages: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM message WHERE ticket = $1").bind(number).fetch_one(&mut **transaction).await?;
    removed.messages = usize::try_from(messages).unwrap_or_default();
    blank::mails(transaction, &mails, &mut removed).await?;
    let notices = sqlx::query_scalar("SELECT id FROM outbox WHERE ticket = $1 ORDER BY id").bind(number);
    let notices: Vec<i64> = notices.fetch_all(&mut **transaction).await?;
    blank::notices(transaction, &notices, wish, &mut removed).await?;
    for people in ["DELETE FROM follower WHERE ticket = $1", "DELETE FROM tag WHERE ticket = $1"] {
        sqlx::query(people).bind(number).execute(&mut **transaction).await?;
    }
    // What agents did stays; who of the customers did what does not.
    let events = "UPDATE event SET actor = CASE WHEN actor LIKE '%@%' THEN 'forgotten' ELSE actor END,
                      old = CASE WHEN old LIKE '%@%' THEN 'forgotten' ELSE old END,
                      new = CASE WHEN new LIKE '%@%' THEN 'forgotten' ELSE new END WHERE ticket = $1 AND kind <> 'tag'";
    sqlx::query(events).bind(number).execute(&mut **transaction).await?;
    sqlx::query("DELETE FROM event WHERE ticket = $1 AND kind = 'tag'").bind(number).execute(&mut **transaction).await?;
    sqlx::query(
        "UPDATE ticket SET subject = 'forgotten', requester_name = '', requester_address = $2, status = 'closed', first_message_id = NULL,
             last_message_id = NULL, due_at = NULL, closed_at = COALESCE(closed_at, $3), proven = NULL, recent = NULL, language = NULL
         WHERE number = $1",
    )
    .bind(number)
    .bind(NOBODY)
    .bind(wish.now.0)
    .execute(&mut **transaction)
    .await?;
    Ok(removed)
}
