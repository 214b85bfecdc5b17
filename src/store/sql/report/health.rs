//! How the store is, in SQL. Each count walks an index that holds what waits and nothing else, or a bounded number of the newest rows.

use std::collections::BTreeMap;

use sqlx::{QueryBuilder, Row as _};

use super::{Base, CLOCK, Connection, Database, Record};
use crate::model::time::Time;
use crate::store::Fault;
use crate::store::report::health::{Lately, NEWEST_ROWS, Neighbour, Queues, Tickets, Waiting};

/// Mail that waits for its decision: $1 says whether of long ago.
const PENDING: &str = "SELECT COUNT(*) FROM arrival WHERE outcome IS NULL AND archived = $1";
/// Numbers are given in the order in which mail came.
const OLDEST_PENDING: &str = "SELECT received_at FROM arrival WHERE outcome IS NULL AND archived = 0 ORDER BY id LIMIT 1";
const HELD: &str = "SELECT COUNT(*) FROM arrival WHERE outcome = 'held'";
const OLDEST_HELD: &str = "SELECT received_at FROM arrival WHERE outcome = 'held' ORDER BY id LIMIT 1";
/// What waits to be sent: how many, how many of them by now, since when, how many that were tried before, and when the oldest of those was
/// written.
const WAITING: &str = "SELECT state, COUNT(*), CAST(SUM(CASE WHEN next_attempt_at <= $1 THEN 1 ELSE 0 END) AS BIGINT), \
     MIN(next_attempt_at), CAST(SUM(CASE WHEN next_attempt_at > $1 AND attempts > 0 THEN 1 ELSE 0 END) AS BIGINT), \
     MIN(CASE WHEN next_attempt_at > $1 AND attempts > 0 THEN created_at END) \
     FROM outbox WHERE state IN ('leased', 'due') GROUP BY state";
const KEPT_BACK: &str = "SELECT COUNT(*) FROM outbox WHERE state = 'held'";
const OPEN: &str = "SELECT status, COUNT(*) FROM ticket WHERE status IN ('new', 'open', 'awaiting-customer') GROUP BY status";
const OVERDUE: &str = "SELECT COUNT(*) FROM ticket \
     WHERE due_at IS NOT NULL AND status <> 'awaiting-customer' AND status <> 'closed' AND due_at <= $1";
/// Among the newest rows, by what became of them: how many since $1, how many since $2, and when the oldest of the rows was made.
const OUTCOMES: &str = "SELECT outcome, CAST(SUM(CASE WHEN decided_at >= $1 THEN 1 ELSE 0 END) AS BIGINT), \
     CAST(SUM(CASE WHEN decided_at >= $2 THEN 1 ELSE 0 END) AS BIGINT) \
     FROM (SELECT outcome, decided_at FROM arrival WHERE id > $3 ORDER BY id DESC LIMIT $4) newest WHERE outcome IS NOT NULL \
     GROUP BY outcome";
const SETTLED: &str = "SELECT state, CAST(SUM(CASE WHEN settled_at >= $1 THEN 1 ELSE 0 END) AS BIGINT), \
     CAST(SUM(CASE WHEN settled_at >= $2 THEN 1 ELSE 0 END) AS BIGINT) \
     FROM (SELECT state, settled_at FROM outbox WHERE id > $3 ORDER BY id DESC LIMIT $4) newest WHERE settled_at IS NOT NULL \
     GROUP BY state";
const NEWEST_ARRIVAL: &str = "SELECT MAX(id) FROM arrival";
const NEWEST_NOTICE: &str = "SELECT MAX(id) FROM outbox";
/// The first row behind those that were looked at, and when it was decided or made.
const ARRIVAL_BEHIND: &str = "SELECT COALESCE(decided_at, received_at) FROM arrival WHERE id <= $1 ORDER BY id DESC LIMIT 1";
const NOTICE_BEHIND: &str = "SELECT COALESCE(settled_at, created_at) FROM outbox WHERE id <= $1 ORDER BY id DESC LIMIT 1";

impl Base {
    pub(in crate::store) async fn queues(&self, now: Time) -> Result<Queues, Fault> {
        let mut reader = self.reader().await?;
        let pending: i64 = sqlx::query_scalar(PENDING).bind(0_i64).fetch_one(&mut *reader).await?;
        let archived: i64 = sqlx::query_scalar(PENDING).bind(1_i64).fetch_one(&mut *reader).await?;
        let oldest: Option<i64> = sqlx::query_scalar(OLDEST_PENDING).fetch_optional(&mut *reader).await?;
        let held: i64 = sqlx::query_scalar(HELD).fetch_one(&mut *reader).await?;
        let oldest_held: Option<i64> = sqlx::query_scalar(OLDEST_HELD).fetch_optional(&mut *reader).await?;
        let waiting = sqlx::query(WAITING).bind(now.0).fetch_all(&mut *reader).await?;
        let kept_back: i64 = sqlx::query_scalar(KEPT_BACK).fetch_one(&mut *reader).await?;
        reader.release();
        let mut queues = Queues {
            pending: Waiting { count: pending, since: oldest.map(Time) },
            archived,
            held: Waiting { count: held, since: oldest_held.map(Time) },
            kept_back,
            ..Queues::default()
        };
        for row in &waiting {
            note_waiting(row, &mut queues)?;
        }
        Ok(queues)
    }

    pub(in crate::store) async fn open_tickets(&self, now: Time) -> Result<Tickets, Fault> {
        let mut reader = self.reader().await?;
        let by_status: Vec<(String, i64)> = sqlx::query_as(OPEN).fetch_all(&mut *reader).await?;
        let overdue: i64 = sqlx::query_scalar(OVERDUE).bind(now.0).fetch_one(&mut *reader).await?;
        reader.release();
        Ok(Tickets { by_status: by_status.into_iter().collect(), overdue })
    }

    pub(in crate::store) async fn lately(&self, since: [Time; 2]) -> Result<[Lately; 2], Fault> {
        let mut reader = self.reader().await?;
        let mails = newest(&mut reader, [NEWEST_ARRIVAL, OUTCOMES, ARRIVAL_BEHIND], since).await?;
        let notices = newest(&mut reader, [NEWEST_NOTICE, SETTLED, NOTICE_BEHIND], since).await?;
        reader.release();
        let lately = |window: usize| Lately {
            outcomes: mails.counted(window),
            notices: notices.counted(window),
            is_whole: mails.reaches(since[window]) && notices.reaches(since[window]),
        };
        Ok([lately(0), lately(1)])
    }

    pub(in crate::store) async fn neighbours(&self) -> Result<Vec<Neighbour>, Fault> {
        let mut query = QueryBuilder::<Database>::new("SELECT name, version FROM gateway WHERE seen_until > ");
        query.push(CLOCK).push(" ORDER BY name, id");
        let mut reader = self.reader().await?;
        let rows: Vec<(String, String)> = query.build_query_as().fetch_all(&mut *reader).await?;
        reader.release();
        Ok(rows.into_iter().map(|(name, version)| Neighbour { name, version }).collect())
    }
}

fn note_waiting(row: &Record, queues: &mut Queues) -> Result<(), Fault> {
    let (count, now, first): (i64, i64, i64) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
    match row.try_get::<&str, _>(0)? {
        "due" => {
            queues.due = Waiting { count: now, since: (now > 0).then_some(Time(first)) };
            queues.deferred = Waiting { count: row.try_get(4)?, since: row.try_get::<Option<i64>, _>(5)?.map(Time) };
        }
        _ => queues.leased = count,
    }
    Ok(())
}

/// What became of the newest rows, and when the first row behind them came to its end.
struct Newest {
    counts: Vec<(String, [i64; 2])>,
    behind: Option<Time>,
}

impl Newest {
    fn counted(&self, window: usize) -> BTreeMap<String, i64> {
        let counts = self.counts.iter().map(|(name, counts)| (name.clone(), counts[window]));
        counts.filter(|(_, count)| *count > 0).collect()
    }

    fn reaches(&self, since: Time) -> bool {
        self.behind.is_none_or(|behind| behind < since)
    }
}

async fn newest(connection: &mut Connection, statements: [&'static str; 3], since: [Time; 2]) -> Result<Newest, Fault> {
    let [last, counts, behind] = statements;
    let last: Option<i64> = sqlx::query_scalar(last).fetch_one(&mut *connection).await?;
    let first = last.unwrap_or(0) - NEWEST_ROWS;
    let query = sqlx::query_as(counts).bind(since[0].0).bind(since[1].0).bind(first).bind(NEWEST_ROWS);
    let rows: Vec<(String, i64, i64)> = query.fetch_all(&mut *connection).await?;
    let behind: Option<i64> = sqlx::query_scalar(behind).bind(first).fetch_optional(&mut *connection).await?;
    Ok(Newest { counts: rows.into_iter().map(|(name, one, other)| (name, [one, other])).collect(), behind: behind.map(Time) })
}
