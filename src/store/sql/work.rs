//! Taking up in SQL.

use sqlx::{QueryBuilder, Row as _};

use super::{Base, CLOCK, Database, KEPT, Record, SKIP_LOCKED, Transaction};
use crate::model::address::Address;
use crate::model::arrival::{Arrival, Authenticity, Cause, Findings, Outcome, Peer, Release, Source};
use crate::model::time::Time;
use crate::store::Fault;
use crate::store::objects::{Busy, Taken};
use crate::store::work::{ARCHIVED, Batch};

impl Base {
    pub(in crate::store) async fn claim(&self, batch: Batch, busy: &Busy, gateway: i64) -> Result<Vec<Taken>, Fault> {
        let in_hand = &busy.in_hand;
        // Most looks find nothing: a reader keeps them off the writing connection.
        let mut reader = self.reader().await?;
        let pending = "SELECT COUNT(*) FROM (SELECT id FROM arrival WHERE outcome IS NULL LIMIT $1) AS pending";
        let pending: i64 = sqlx::query_scalar(pending).bind(in_hand.len() as i64 + 1).fetch_one(&mut *reader).await?;
        reader.release();
        if pending <= in_hand.len() as i64 {
            return Ok(Vec::new());
        }
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        let ids = choose(batch, free(&mut transaction, batch.mails, busy, gateway).await?);
        if !ids.is_empty() {
            let mut query = QueryBuilder::<Database>::new("UPDATE arrival SET attempts = attempts + 1, claimed_by = ");
            query.push_bind(gateway).push(" WHERE id IN (");
            push_numbers(&mut query, &ids);
            query.push(")").build().persistent(KEPT).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        writer.release();
        if ids.is_empty() { Ok(Vec::new()) } else { self.load(&ids).await }
    }

    /// Those of the arrivals that are still pending, with their octets or the object that holds them.
    async fn load(&self, ids: &[i64]) -> Result<Vec<Taken>, Fault> {
        let mut query = QueryBuilder::<Database>::new(
            "SELECT arrival.id, raw_id, department, sender, recipients, source, peer_ip, peer_helo, peer_tls, received_at, attempts, \
             octets, size, object, sha256, authenticity, evidence, released_by, released_onto, archived FROM arrival JOIN raw ON raw.id = arrival.raw_id WHERE outcome IS NULL AND arrival.id IN (",
        );
        push_numbers(&mut query, ids);
        query.push(") ORDER BY arrival.id");
        let mut reader = self.reader().await?;
        let rows = query.build().persistent(KEPT).fetch_all(&mut *reader).await?;
        reader.release();
        rows.iter().map(taken_from).collect()
    }

    /// What has its outcome meanwhile was decided by what another found.
    pub(in crate::store) async fn keep_findings(&self, found: &[(i64, &Findings)]) -> Result<(), Fault> {
        let mut query = QueryBuilder::<Database>::new("WITH found (id, authenticity, evidence) AS (");
        query.push_values(found, |mut row, (id, findings)| {
            // A verdict is one line; PostgreSQL's TEXT refuses NUL.
            let evidence = findings.verdicts.join("\n").replace('\0', " ");
            row.push_bind(*id).push_bind(findings.authenticity.name()).push_bind(evidence);
        });
        query.push(
            ") UPDATE arrival SET authenticity = found.authenticity, evidence = found.evidence FROM found \
             WHERE arrival.id = found.id AND arrival.outcome IS NULL",
        );
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        query.build().persistent(KEPT).execute(&mut *transaction).await?;
        transaction.commit().await?;
        writer.release();
        Ok(())
    }

    pub(in crate::store) async fn pass_over(&self, id: i64, attempts: i64, why: &str) -> Result<(), Fault> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        let query = "UPDATE arrival SET attempts = attempts - 1, claimed_by = NULL, passed_over = 1, last_error = $3 \
                     WHERE id = $1 AND attempts = $2 AND outcome IS NULL";
        sqlx::query(query).bind(id).bind(attempts).bind(why).execute(&mut *transaction).await?;
        transaction.commit().await?;
        writer.release();
        Ok(())
    }

    pub(in crate::store) async fn note_failure(&self, id: i64, why: &str) -> Result<(), Fault> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        sqlx::query("UPDATE arrival SET last_error = $2 WHERE id = $1").bind(id).bind(why).execute(&mut *transaction).await?;
        transaction.commit().await?;
        writer.release();
        Ok(())
    }

    pub(in crate::store) async fn hold_failed(&self, id: i64, now: Time) -> Result<Option<String>, Fault> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        let why: Option<String> = sqlx::query_scalar(
            "UPDATE arrival SET outcome = $2, cause = $3, decided_at = $4, told_at = CASE WHEN archived = 1 THEN $4 ELSE told_at END, \
             reasons = 'our own fault: every attempt failed' || COALESCE(', the last one so: ' || last_error, '; the process ended each time') \
             WHERE id = $1 AND outcome IS NULL RETURNING reasons",
        )
        .bind(id)
        .bind(Outcome::Held.name())
        .bind(Cause::FailedRepeatedly.name())
        .bind(now.0)
        .fetch_optional(&mut *transaction)
        .await?;
        transaction.commit().await?;
        writer.release();
        Ok(why)
    }
}

/// An arrival that can be taken up.
struct Free {
    id: i64,
    attempts: i64,
    size: i64,
    archived: bool,
}

/// The oldest pending arrivals that nobody who lives has in hand, those of archives last. They stay locked until the transaction ends.
async fn free(transaction: &mut Transaction<'_>, limit: i64, busy: &Busy, gateway: i64) -> Result<Vec<Free>, Fault> {
    let mut query = QueryBuilder::<Database>::new(
        "SELECT id, attempts, size, archived FROM arrival WHERE outcome IS NULL AND (claimed_by IS NULL OR claimed_by = ",
    );
    query.push_bind(gateway).push(" OR claimed_by NOT IN (SELECT id FROM gateway WHERE seen_until > ").push(CLOCK).push("))");
    for ids in [&busy.in_hand, &busy.paused].into_iter().filter(|ids| !ids.is_empty()) {
        query.push(" AND id NOT IN (");
        push_numbers(&mut query, ids);
        query.push(")");
    }
    if busy.full {
        query.push(" AND NOT EXISTS (SELECT 1 FROM raw WHERE raw.id = arrival.raw_id AND raw.object IS NOT NULL)");
    }
    query.push(" ORDER BY archived, id LIMIT ").push_bind(limit).push(SKIP_LOCKED);
    let rows = query.build().persistent(KEPT).fetch_all(&mut **transaction).await?;
    let free = |row: &Record| {
        let archived = row.try_get::<i64, _>(3)? != 0;
        Ok(Free { id: row.try_get(0)?, attempts: row.try_get(1)?, size: row.try_get(2)?, archived })
    };
    rows.iter().map(free).collect()
}

/// As many of the oldest as a batch may hold. What was tried before goes alone, and mail that somebody waits for without that of archives.
fn choose(batch: Batch, free: Vec<Free>) -> Vec<i64> {
    let mut octets = 0;
    let mut ids = Vec::new();
    let is_archive = free.first().is_some_and(|first| first.archived);
    for Free { id, attempts, size, archived } in free {
        let alone = attempts > 0;
        octets += size;
        let full = octets > batch.octets || (is_archive && ids.len() >= ARCHIVED);
        if !ids.is_empty() && (alone || full || archived != is_archive) {
            break;
        }
        ids.push(id);
        if alone {
            break;
        }
    }
    ids
}

/// A list of numbers for `IN (…)`.
pub(in crate::store) fn push_numbers(query: &mut QueryBuilder<Database>, numbers: &[i64]) {
    let mut list = query.separated(", ");
    for number in numbers {
        list.push_bind(*number);
    }
}

fn taken_from(row: &Record) -> Result<Taken, Fault> {
    let object = match row.try_get::<Option<String>, _>(13)? {
        Some(name) => Some((name, row.try_get(14)?)),
        None => None,
    };
    let size = usize::try_from(row.try_get::<i64, _>(12)?).unwrap_or_default();
    Ok(Taken { arrival: arrival_from(row)?, size, object })
}

fn arrival_from(row: &Record) -> Result<Arrival, Fault> {
    let sender: Option<&str> = row.try_get(3)?;
    let recipients: &str = row.try_get(4)?;
    let source: &str = row.try_get(5)?;
    let ip: Option<&str> = row.try_get(6)?;
    Ok(Arrival {
        id: row.try_get(0)?,
        raw_id: row.try_get(1)?,
        department: row.try_get(2)?,
        sender: sender.and_then(Address::parse),
        recipients: recipients.lines().filter_map(Address::parse).collect(),
        source: Source::from_name(source).unwrap_or(Source::Smtp),
        peer: Peer { ip: ip.and_then(|ip| ip.parse().ok()), helo: row.try_get(7)?, tls: row.try_get::<i64, _>(8)? != 0 },
        received_at: Time(row.try_get(9)?),
        archived: row.try_get::<i64, _>(19)? != 0,
        attempts: row.try_get(10)?,
        raw: row.try_get(11)?,
        missing: None,
        findings: findings_from(row)?,
        release: row
            .try_get::<Option<String>, _>(17)?
            .map(|by| Ok::<_, Fault>(Release { by, onto: row.try_get(18)? }))
            .transpose()?,
    })
}

/// What an earlier attempt had to ask. A decision that was taken back leaves its verdict without evidence, which is found anew.
fn findings_from(row: &Record) -> Result<Option<Findings>, Fault> {
    let authenticity = row.try_get::<Option<&str>, _>(15)?.and_then(Authenticity::from_name);
    let evidence = row.try_get::<Option<&str>, _>(16)?.map(|evidence| evidence.lines().map(str::to_owned).collect());
    Ok(authenticity.zip(evidence).map(|(authenticity, verdicts)| Findings { authenticity, verdicts }))
}
