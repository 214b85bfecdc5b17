//! A ticket that others are on, too: the person's own mails go; what others wrote stays, without the person's address and name.
//!
//! What others quoted goes as well, since it may be the person's words. In the originals of others the address is overwritten by letters of
//! the same number, so that the files in them stay where they are.

use sqlx::Row as _;

use super::{Transaction, blank};
use crate::model::seal::sha256;
use crate::store::Fault;
use crate::store::forget::{NOBODY, Removed, Wish};
use crate::store::recall::{recent_column, recent_from};

pub(super) async fn forget(transaction: &mut Transaction<'_>, number: i64, wish: &Wish) -> Result<Removed, Fault> {
    let mut removed = Removed::default();
    let person = &wish.person;
    let own: Vec<i64> = sqlx::query_scalar(
        "SELECT arrival FROM message WHERE ticket = $1 AND (LOWER(author_address) IN ($2, $3) OR LOWER(forwarded_address) IN ($2, $3))
         UNION SELECT id FROM arrival WHERE ticket = $1 AND outcome IS NOT NULL AND LOWER(sender) IN ($2, $3) ORDER BY 1",
    )
    .bind(number)
    .bind(&person.key)
    .bind(&person.written)
    .fetch_all(&mut **transaction)
    .await?;
    let words = words(transaction, number, wish).await?;
    removed.messages = own.len();
    blank::mails(transaction, &own, &mut removed).await?;
    texts(transaction, number, &words).await?;
    originals(transaction, number, &words, &mut removed).await?;
    notices(transaction, number, wish, &own, &mut removed).await?;
    let left = sqlx::query("DELETE FROM follower WHERE ticket = $1 AND LOWER(address) IN ($2, $3)");
    left.bind(number).bind(&person.key).bind(&person.written).execute(&mut **transaction).await?;
    for column in ["actor", "old", "new"] {
        let text = format!("UPDATE event SET {column} = 'forgotten' WHERE ticket = $1 AND LOWER({column}) IN ($2, $3)");
        let query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(number).bind(&person.key).bind(&person.written);
        query.execute(&mut **transaction).await?;
    }
    head(transaction, number, wish, &own, &words).await?;
    Ok(removed)
}

/// What is made unreadable in the words of others: the address as it stands here, and the name, where that is not one that many have.
async fn words(transaction: &mut Transaction<'_>, number: i64, wish: &Wish) -> Result<Vec<String>, Fault> {
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT requester_name FROM ticket WHERE number = $1 AND LOWER(requester_address) IN ($2, $3)
         UNION SELECT name FROM follower WHERE ticket = $1 AND LOWER(address) IN ($2, $3)
         UNION SELECT author_name FROM message WHERE ticket = $1 AND LOWER(author_address) IN ($2, $3)",
    )
    .bind(number)
    .bind(&wish.person.key)
    .bind(&wish.person.written)
    .fetch_all(&mut **transaction)
    .await?;
    let mut words = vec![wish.person.key.clone(), wish.person.written.clone()];
    words.extend(names.into_iter().filter(|name| name.trim().contains(' ')));
    words.dedup();
    Ok(words)
}

async fn texts(transaction: &mut Transaction<'_>, number: i64, words: &[String]) -> Result<(), Fault> {
    let rows = sqlx::query("SELECT arrival, subject, text, html, remark FROM message WHERE ticket = $1 ORDER BY arrival");
    for row in rows.bind(number).fetch_all(&mut **transaction).await? {
        let (subject, text): (String, String) = (row.try_get(1)?, row.try_get(2)?);
        let (html, remark): (Option<String>, Option<String>) = (row.try_get(3)?, row.try_get(4)?);
        let clean = |text: String| replaced(&text, words);
        sqlx::query("UPDATE message SET quoted = '', subject = $2, text = $3, html = $4, remark = $5 WHERE arrival = $1")
            .bind(row.try_get::<i64, _>(0)?)
            .bind(clean(subject))
            .bind(clean(text))
            .bind(html.map(clean))
            .bind(remark.map(clean))
            .execute(&mut **transaction)
            .await?;
    }
    Ok(())
}

async fn originals(transaction: &mut Transaction<'_>, number: i64, words: &[String], removed: &mut Removed) -> Result<(), Fault> {
    let raws: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT DISTINCT r.id, CAST(CASE WHEN r.object IS NULL THEN 0 ELSE 1 END AS BIGINT) FROM arrival a JOIN raw r ON r.id = a.raw_id
         WHERE a.ticket = $1 ORDER BY 1",
    )
    .bind(number)
    .fetch_all(&mut **transaction)
    .await?;
    for (id, elsewhere) in raws {
        if elsewhere != 0 {
            removed.left += 1;
            continue;
        }
        // One at a time: they may be large.
        let octets = sqlx::query_scalar("SELECT octets FROM raw WHERE id = $1").bind(id);
        let octets: Vec<u8> = octets.fetch_one(&mut **transaction).await?;
        if let Some(masked) = masked(&octets, words) {
            let query = sqlx::query("UPDATE raw SET octets = $2, sha256 = $3 WHERE id = $1").bind(id);
            let digest = sha256(&masked).to_vec();
            query.bind(masked).bind(digest).execute(&mut **transaction).await?;
            removed.masked += 1;
        }
    }
    // The envelopes and the trace of the others, where they name the person.
    let rows = sqlx::query("SELECT id, recipients, subject, reasons, history FROM arrival WHERE ticket = $1 ORDER BY id");
    for row in rows.bind(number).fetch_all(&mut **transaction).await? {
        let clean = |text: Option<String>| text.map(|text| replaced(&text, words));
        let column = |index: usize| row.try_get::<Option<String>, _>(index).map(clean);
        sqlx::query("UPDATE arrival SET recipients = $2, subject = $3, reasons = $4, history = $5 WHERE id = $1")
            .bind(row.try_get::<i64, _>(0)?)
            .bind(column(1)?)
            .bind(column(2)?)
            .bind(column(3)?)
            .bind(column(4)?)
            .execute(&mut **transaction)
            .await?;
    }
    Ok(())
}

/// A notice: its number, arrival, key of the recipient, state.
type Row = (i64, i64, String, String);

/// Notices to the person and about the person's mails; and of those that have left, the mail, which may quote the person.
async fn notices(
    transaction: &mut Transaction<'_>,
    number: i64,
    wish: &Wish,
    own: &[i64],
    removed: &mut Removed,
) -> Result<(), Fault> {
    let rows: Vec<Row> = sqlx::query_as("SELECT id, arrival, recipient_key, state FROM outbox WHERE ticket = $1 ORDER BY id")
        .bind(number)
        .fetch_all(&mut **transaction)
        .await?;
    let waits = |state: &str| ["due", "leased", "held"].contains(&state);
    let of = |wanted: &dyn Fn(&Row) -> bool| -> Vec<i64> { rows.iter().filter(|row| wanted(row)).map(|row| row.0).collect() };
    let theirs = of(&|(_, _, key, _)| wish.person.is(key));
    blank::notices(transaction, &theirs, wish, removed).await?;
    // To others; what tells them of a mail that is gone is not sent.
    let unsent = of(&|(_, arrival, key, state)| !wish.person.is(key) && waits(state) && own.contains(arrival));
    super::change(transaction, "UPDATE outbox SET state = 'dropped' WHERE id IN", &unsent).await?;
    let letters = of(&|(_, arrival, key, state)| !wish.person.is(key) && (!waits(state) || own.contains(arrival)));
    removed.notices += letters.len();
    super::change(transaction, "UPDATE outbox SET last_error = NULL WHERE id IN", &letters).await?;
    super::change(transaction, "DELETE FROM letter WHERE outbox IN", &letters).await
}

async fn head(transaction: &mut Transaction<'_>, number: i64, wish: &Wish, own: &[i64], words: &[String]) -> Result<(), Fault> {
    let row = sqlx::query("SELECT requester_name, requester_address, subject, proven, recent FROM ticket WHERE number = $1");
    let row = row.bind(number).fetch_one(&mut **transaction).await?;
    let (name, address, subject): (String, String, String) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    let asked = wish.person.is(&address);
    let (name, address) = if asked { (String::new(), NOBODY.to_owned()) } else { (name, address) };
    let subject = if asked { "forgotten".to_owned() } else { replaced(&subject, words) };
    let proven: Option<String> = row.try_get(3)?;
    let proven: Vec<String> =
        proven.unwrap_or_default().lines().filter(|line| !wish.person.is(line)).map(str::to_owned).collect();
    let mut recent = recent_from(row.try_get(4)?).unwrap_or_default();
    recent.retain(|entry| !own.contains(&entry.arrival));
    for entry in &mut recent {
        (entry.author, entry.text) = (replaced(&entry.author, words), replaced(&entry.text, words));
    }
    sqlx::query(
        "UPDATE ticket SET requester_name = $2, requester_address = $3, subject = $4, proven = $5, recent = $6, first_message_id = NULL,
             last_message_id = NULL WHERE number = $1",
    )
    .bind(number)
    .bind(name)
    .bind(address)
    .bind(subject)
    .bind((!proven.is_empty()).then(|| proven.join("\n")))
    .bind(recent_column(&recent))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// The text with each of the words, in whatever case, replaced.
fn replaced(text: &str, words: &[String]) -> String {
    let mut text = text.to_owned();
    for word in words {
        let mut found = places(text.as_bytes(), word.as_bytes());
        while let Some(at) = found.pop() {
            if text.is_char_boundary(at) && text.is_char_boundary(at + word.len()) {
                text.replace_range(at..at + word.len(), "forgotten");
            }
        }
    }
    text
}

/// The octets with each of the words overwritten; `None` when there is none in them.
fn masked(octets: &[u8], words: &[String]) -> Option<Vec<u8>> {
    let mut masked = octets.to_vec();
    let mut any = false;
    for word in words {
        for at in places(octets, word.as_bytes()) {
            masked[at..at + word.len()].fill(b'x');
            any = true;
        }
    }
    any.then_some(masked)
}

/// Where a word begins, without regard to the case of ASCII. Places do not overlap.
fn places(text: &[u8], word: &[u8]) -> Vec<usize> {
    if word.is_empty() {
        return Vec::new();
    }
    let (text, word) = (text.to_ascii_lowercase(), word.to_ascii_lowercase());
    memchr::memmem::find_iter(&text, &word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_taken_out_whatever_its_case_and_octets_keep_their_places() {
        let words = ["mia@customer.example".to_owned(), "Mia Berg".to_owned()];
        assert_eq!(replaced("Dear MIA BERG <Mia@Customer.example>, žluť", &words), "Dear forgotten <forgotten>, žluť");
        let octets = b"To: MIA@customer.example\r\n\r\n\xff mia berg";
        let out = masked(octets, &words).unwrap();
        assert_eq!(out.len(), octets.len());
        assert_eq!(out, b"To: xxxxxxxxxxxxxxxxxxxx\r\n\r\n\xff xxxxxxxx");
        assert_eq!(masked(b"Noah", &words), None);
    }
}
