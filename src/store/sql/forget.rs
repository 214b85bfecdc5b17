//! Forgetting a person, in SQL: where traces are.

mod blank;
mod whole;
mod words;

use sqlx::QueryBuilder;

use super::recall::next_ticket;
use super::work::push_numbers;
use super::{Base, Connection, Database, FOR_UPDATE, Transaction};
use crate::store::Fault;
use crate::store::forget::{Forgotten, NOBODY, Person, Removed, SEARCHED, Trace, Traces, Unthreaded, Wish};

/// Mails that are looked through at a time.
const PAGE: i64 = 32;
/// Number, outcome, size, octets and object of a mail.
type Mail = (i64, String, i64, Vec<u8>, Option<String>);
/// Numbers in one statement.
const MANY: usize = 500;

impl Base {
    pub(in crate::store) async fn traces(&self, wish: &Wish) -> Result<Traces, Fault> {
        let person = &wish.person;
        let mut reader = self.reader().await?;
        let numbers: Vec<i64> = two(
            "SELECT number FROM ticket WHERE LOWER(requester_address) IN ($1, $2)
             UNION SELECT ticket FROM follower WHERE LOWER(address) IN ($1, $2)
             UNION SELECT ticket FROM message WHERE LOWER(author_address) IN ($1, $2) OR LOWER(forwarded_address) IN ($1, $2)
             UNION SELECT ticket FROM outbox WHERE ticket IS NOT NULL AND recipient_key IN ($1, $2)
             UNION SELECT ticket FROM arrival WHERE ticket IS NOT NULL AND LOWER(sender) IN ($1, $2)
             UNION SELECT ticket FROM event WHERE LOWER(actor) IN ($1, $2) OR LOWER(old) IN ($1, $2) OR LOWER(new) IN ($1, $2)
             ORDER BY 1",
            person,
        )
        .fetch_all(&mut *reader)
        .await?;
        let mut traces = Traces::default();
        for number in numbers {
            traces.tickets.extend(trace(&mut reader, number, wish).await?);
        }
        let pending = "SELECT id FROM arrival WHERE outcome IS NULL AND LOWER(sender) IN ($1, $2) ORDER BY id";
        traces.pending = two(pending, person).fetch_all(&mut *reader).await?;
        let alone =
            "SELECT id FROM arrival WHERE outcome IS NOT NULL AND ticket IS NULL AND LOWER(sender) IN ($1, $2) ORDER BY id";
        traces.arrivals = two(alone, person).fetch_all(&mut *reader).await?;
        let notices = "SELECT id FROM outbox WHERE ticket IS NULL AND recipient_key IN ($1, $2) ORDER BY id";
        traces.notices = two(notices, person).fetch_all(&mut *reader).await?;
        let dead = "SELECT COUNT(*) FROM dead_address WHERE address_key IN ($1, $2)";
        let dead: i64 = two(dead, person).fetch_one(&mut *reader).await?;
        traces.marks = dead + i64::try_from(counted(&mut reader, person).await?.len()).unwrap_or(i64::MAX);
        reader.release();
        Ok(traces)
    }

    /// The next mails that became no message, with the beginning of their octets.
    pub(in crate::store) async fn unthreaded(&self, after: i64) -> Result<Vec<Unthreaded>, Fault> {
        let mut reader = self.reader().await?;
        let rows: Vec<Mail> = sqlx::query_as(
            "SELECT a.id, a.outcome, a.size, SUBSTR(r.octets, 1, CAST($2 AS INTEGER)), r.object FROM arrival a JOIN raw r ON r.id = a.raw_id
             WHERE a.id > $1 AND a.outcome IS NOT NULL AND NOT EXISTS (SELECT 1 FROM message m WHERE m.arrival = a.id)
             ORDER BY a.id LIMIT $3",
        )
        .bind(after)
        .bind(SEARCHED)
        .bind(PAGE)
        .fetch_all(&mut *reader)
        .await?;
        reader.release();
        let one = |(id, outcome, size, octets, object): Mail| Unthreaded { id, held: outcome == "held", size, octets, object };
        Ok(rows.into_iter().map(one).collect())
    }

    pub(in crate::store) async fn forget_ticket(&self, number: i64, wish: &Wish) -> Result<Forgotten, Fault> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        // Locks the counter: nothing is decided meanwhile.
        next_ticket(&mut transaction, FOR_UPDATE).await?;
        let Some(trace) = trace(&mut transaction, number, wish).await? else { return Ok(Forgotten::Gone) };
        if trace.is_open() && !wish.even_open {
            return Ok(Forgotten::Open);
        }
        let removed = match trace.whole {
            true => whole::forget(&mut transaction, number, wish).await?,
            false => words::forget(&mut transaction, number, wish).await?,
        };
        note(&mut transaction, number, wish).await?;
        transaction.commit().await?;
        writer.release();
        Ok(Forgotten::Done(removed))
    }

    pub(in crate::store) async fn forget_rest(&self, traces: &Traces, wish: &Wish) -> Result<Removed, Fault> {
        let mut removed = Removed::default();
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        next_ticket(&mut transaction, FOR_UPDATE).await?;
        blank::mails(&mut transaction, &traces.arrivals, &mut removed).await?;
        blank::notices(&mut transaction, &traces.notices, wish, &mut removed).await?;
        let dead = sqlx::query("DELETE FROM dead_address WHERE address_key IN ($1, $2)");
        dead.bind(&wish.person.key).bind(&wish.person.written).execute(&mut *transaction).await?;
        for (removal, key) in counted(&mut transaction, &wish.person).await? {
            sqlx::query(removal).bind(key).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        writer.release();
        Ok(removed)
    }
}

/// Where the caps count mails by the address, perhaps behind the name of an event and a space.
const COUNTS: [(&str, &str); 2] = [
    (
        "SELECT DISTINCT recipient_key FROM acknowledged WHERE recipient_key <> ''",
        "DELETE FROM acknowledged WHERE recipient_key = $1",
    ),
    ("SELECT DISTINCT kind FROM sent", "DELETE FROM sent WHERE kind = $1"),
];

/// The counts of the person: the statement that removes one, and its key.
async fn counted(connection: &mut Connection, person: &Person) -> Result<Vec<(&'static str, String)>, Fault> {
    let mut found = Vec::new();
    for (keys, removal) in COUNTS {
        let keys: Vec<String> = sqlx::query_scalar(keys).fetch_all(&mut *connection).await?;
        let address = |key: &str| key.rsplit_once(' ').map_or(key, |(_, address)| address).to_owned();
        found.extend(keys.into_iter().filter(|key| person.is(&address(key))).map(|key| (removal, key)));
    }
    Ok(found)
}

/// A statement with the two forms of the address.
fn two<'q, T>(
    text: &str,
    person: &'q Person,
) -> sqlx::query::QueryScalar<'q, Database, T, <Database as sqlx::Database>::Arguments>
where
    (T,): for<'r> sqlx::FromRow<'r, <Database as sqlx::Database>::Row>,
{
    sqlx::query_scalar(sqlx::AssertSqlSafe(text.to_owned())).bind(person.key.as_str()).bind(person.written.as_str())
}

/// What there is of a person on a ticket; `None` when there is no such ticket, or nothing.
async fn trace(connection: &mut Connection, number: i64, wish: &Wish) -> Result<Option<Trace>, Fault> {
    let person = &wish.person;
    let head: Option<(String, String, String)> =
        sqlx::query_as("SELECT department, status, requester_address FROM ticket WHERE number = $1")
            .bind(number)
            .fetch_optional(&mut *connection)
            .await?;
    let Some((department, status, asked)) = head else { return Ok(None) };
    // A machine's report is nobody's.
    let people: Vec<String> = sqlx::query_scalar(
        "SELECT LOWER(address) FROM follower WHERE ticket = $1 UNION ALL
         SELECT LOWER(author_address) FROM message WHERE ticket = $1 AND author_agent IS NULL AND author_address IS NOT NULL
         AND kind IN ('request', 'reply')",
    )
    .bind(number)
    .fetch_all(&mut *connection)
    .await?;
    let other = |address: &str| !person.is(address) && address != NOBODY && !wish.agents.iter().any(|agent| agent == address);
    let whole = !people.iter().any(|address| other(address)) && !other(&asked.to_lowercase());
    let messages = sqlx::query_scalar(
        "SELECT COUNT(*) FROM message WHERE ticket = $1 AND (LOWER(author_address) IN ($2, $3) OR LOWER(forwarded_address) IN ($2, $3))",
    )
    .bind(number)
    .bind(&person.key)
    .bind(&person.written)
    .fetch_one(&mut *connection)
    .await?;
    let waiting = sqlx::query_scalar("SELECT COUNT(*) FROM outbox WHERE ticket = $1 AND state IN ('due', 'leased', 'held')");
    let waiting = waiting.bind(number).fetch_one(&mut *connection).await?;
    Ok(Some(Trace { number, department, status, whole, requester: person.is(&asked), messages, waiting }))
}

/// That somebody was forgotten is part of what happened to a ticket.
async fn note(transaction: &mut Transaction<'_>, number: i64, wish: &Wish) -> Result<(), Fault> {
    let noted = sqlx::query("INSERT INTO event (ticket, at, actor, kind) VALUES ($1, $2, 'postdesk', 'forgotten')");
    noted.bind(number).bind(wish.now.0).execute(&mut **transaction).await?;
    let nobody = "INSERT INTO dead_address (address_key, since, why) VALUES ($1, $2, 'stands for people who were forgotten')
                  ON CONFLICT (address_key) DO NOTHING";
    sqlx::query(nobody).bind(NOBODY).bind(wish.now.0).execute(&mut **transaction).await?;
    Ok(())
}

/// Does a statement that ends with `IN` for rows with these numbers, many at a time.
async fn change(transaction: &mut Transaction<'_>, statement: &str, numbers: &[i64]) -> Result<(), Fault> {
    for numbers in numbers.chunks(MANY) {
        let mut query = QueryBuilder::<Database>::new(statement);
        query.push(" (");
        push_numbers(&mut query, numbers);
        query.push(")").build().persistent(false).execute(&mut **transaction).await?;
    }
    Ok(())
}
