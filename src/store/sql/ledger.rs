//! The ledger of fetched mail in SQL.

use std::collections::HashMap;

use sqlx::{QueryBuilder, Row as _};

use super::{Base, Database, KEPT, Record, Transaction};
use crate::model::ledger::{Place, Stage};
use crate::model::time::Time;
use crate::store::Fault;
use crate::store::ledger::{Folder, Known, Left, Line, Noted};

/// A message that is gone needs nothing any more.
const NOTHING_TO_DO: &str = "stage = CASE stage WHEN 'taken' THEN 'done' ELSE stage END";

/// Forgets what has been gone from its server since before `before`.
pub(super) async fn forget(transaction: &mut Transaction<'_>, before: Time) -> Result<u64, Fault> {
    let forgotten = sqlx::query("DELETE FROM fetched WHERE gone_at < $1").bind(before.0);
    Ok(forgotten.execute(&mut **transaction).await?.rows_affected())
}

impl Base {
    pub(in crate::store) async fn folder(&self, account: &str, folder: &str) -> Result<Option<Folder>, Fault> {
        let row = "SELECT validity, first_uid, since, old_mail, reconciled_at FROM folder WHERE account = $1 AND folder = $2";
        let mut reader = self.reader().await?;
        let row = sqlx::query(row).bind(account).bind(folder).fetch_optional(&mut *reader).await?;
        reader.release();
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Folder {
            validity: number(&row, 0)?,
            first_uid: number(&row, 1)?,
            since: Time(row.try_get(2)?),
            old_mail: row.try_get::<i64, _>(3)? != 0,
            reconciled_at: row.try_get::<Option<i64>, _>(4)?.map(Time),
        }))
    }

    pub(in crate::store) async fn note_folder(&self, account: &str, name: &str, folder: &Folder) -> Result<(), Fault> {
        let query = "INSERT INTO folder (account, folder, validity, first_uid, since, old_mail) VALUES ($1, $2, $3, $4, $5, $6) \
                     ON CONFLICT DO NOTHING";
        let query = sqlx::query(query).bind(account).bind(name).bind(i64::from(folder.validity));
        let query = query.bind(i64::from(folder.first_uid)).bind(folder.since.0).bind(i64::from(folder.old_mail));
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        query.execute(&mut *transaction).await?;
        transaction.commit().await?;
        writer.release();
        Ok(())
    }

    /// The lines of other validities stay: by them mail is known again should the numbers change once more.
    pub(in crate::store) async fn renumber_folder(&self, place: &Place, now: Time) -> Result<(), Fault> {
        let folder = "UPDATE folder SET validity = $1, first_uid = 0 WHERE account = $2 AND folder = $3";
        let lines = format!(
            "UPDATE fetched SET gone_at = $1, {NOTHING_TO_DO} \
             WHERE account = $2 AND folder = $3 AND validity <> $4 AND gone_at IS NULL"
        );
        let validity = i64::from(place.validity);
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        let folder = sqlx::query(folder).bind(validity).bind(&place.account).bind(&place.folder);
        folder.execute(&mut *transaction).await?;
        let lines = sqlx::query(sqlx::AssertSqlSafe(lines)).bind(now.0).bind(&place.account).bind(&place.folder).bind(validity);
        lines.execute(&mut *transaction).await?;
        transaction.commit().await?;
        writer.release();
        Ok(())
    }

    /// Under the same validity with the other sign, which no server gives.
    pub(in crate::store) async fn set_aside(&self, place: &Place) -> Result<(), Fault> {
        let (account, folder, validity) = (&place.account, &place.folder, i64::from(place.validity));
        let old = "SELECT uid FROM fetched WHERE account = $1 AND folder = $2 AND validity = $3 AND gone_at IS NOT NULL";
        let clear = format!("DELETE FROM fetched WHERE account = $1 AND folder = $2 AND validity = -$3 AND uid IN ({old})");
        let change =
            "UPDATE fetched SET validity = -$3 WHERE account = $1 AND folder = $2 AND validity = $3 AND gone_at IS NOT NULL";
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        for text in [clear.as_str(), change] {
            let query = sqlx::query(sqlx::AssertSqlSafe(text.to_owned())).bind(account).bind(folder).bind(validity);
            query.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        writer.release();
        Ok(())
    }

    pub(in crate::store) async fn note_reconciled(&self, place: &Place, now: Time) -> Result<(), Fault> {
        let query = "UPDATE folder SET reconciled_at = $1 WHERE account = $2 AND folder = $3";
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        sqlx::query(query).bind(now.0).bind(&place.account).bind(&place.folder).execute(&mut *transaction).await?;
        transaction.commit().await?;
        writer.release();
        Ok(())
    }

    /// Notes that messages are gone, or back when there is no time.
    pub(in crate::store) async fn note_gone(&self, place: &Place, uids: &[u32], at: Option<Time>) -> Result<(), Fault> {
        let mut query = QueryBuilder::<Database>::new("UPDATE fetched SET gone_at = ");
        query.push_bind(at.map(|at| at.0));
        if at.is_some() {
            query.push(", ").push(NOTHING_TO_DO);
        }
        query.push(" WHERE ");
        push_place(&mut query, place);
        push_uids(&mut query, uids);
        query.push(if at.is_some() { " AND gone_at IS NULL" } else { " AND gone_at IS NOT NULL" });
        self.change(query).await
    }

    pub(in crate::store) async fn noted(&self, place: &Place, from: u32) -> Result<HashMap<u32, Noted>, Fault> {
        let mut query = QueryBuilder::<Database>::new("SELECT uid, stage, why, gone_at FROM fetched WHERE ");
        push_place(&mut query, place);
        query.push(" AND uid >= ").push_bind(i64::from(from));
        let mut reader = self.reader().await?;
        let rows = query.build().persistent(KEPT).fetch_all(&mut *reader).await?;
        reader.release();
        let noted = |row: &Record| -> Result<(u32, Noted), Fault> {
            let is_gone = row.try_get::<Option<i64>, _>(3)?.is_some();
            Ok((number(row, 0)?, Noted { stage: stage(row, 1)?, left: left(row, 2)?, is_gone }))
        };
        rows.iter().map(noted).collect()
    }

    pub(in crate::store) async fn taken(&self, place: &Place) -> Result<Vec<u32>, Fault> {
        let mut query = QueryBuilder::<Database>::new("SELECT uid FROM fetched WHERE ");
        push_place(&mut query, place);
        query.push(" AND stage = 'taken' ORDER BY uid");
        let mut reader = self.reader().await?;
        let rows = query.build().persistent(KEPT).fetch_all(&mut *reader).await?;
        reader.release();
        rows.iter().map(|row| number(row, 0)).collect()
    }

    /// The newest line of each content speaks for it.
    pub(in crate::store) async fn known(&self, place: &Place, contents: &[[u8; 32]]) -> Result<HashMap<[u8; 32], Known>, Fault> {
        let mut query = QueryBuilder::<Database>::new("SELECT content, arrival, stage, why FROM fetched WHERE account = ");
        query.push_bind(place.account.as_str()).push(" AND folder = ").push_bind(place.folder.as_str());
        query.push(" AND validity <> ").push_bind(i64::from(place.validity)).push(" AND content IN (");
        let mut list = query.separated(", ");
        for content in contents {
            list.push_bind(content.to_vec());
        }
        query.push(") ORDER BY at, validity, uid");
        let mut reader = self.reader().await?;
        let rows = query.build().persistent(KEPT).fetch_all(&mut *reader).await?;
        reader.release();
        let mut known = HashMap::new();
        for row in &rows {
            let Ok(content) = <[u8; 32]>::try_from(row.try_get::<Vec<u8>, _>(0)?) else { continue };
            known.insert(content, Known { arrival: row.try_get(1)?, stage: stage(row, 2)?, left: left(row, 3)? });
        }
        Ok(known)
    }

    pub(in crate::store) async fn note_fetched(&self, place: &Place, lines: &[Line], now: Time) -> Result<(), Fault> {
        let columns = "INSERT INTO fetched (account, folder, validity, uid, arrival, content, stage, why, at) ";
        let mut query = QueryBuilder::<Database>::new(columns);
        query.push_values(lines, |mut row, line| {
            row.push_bind(place.account.as_str()).push_bind(place.folder.as_str()).push_bind(i64::from(place.validity));
            row.push_bind(i64::from(line.uid)).push_bind(line.arrival).push_bind(line.content.map(|content| content.to_vec()));
            row.push_bind(line.stage.name()).push_bind(line.left.map(Left::name)).push_bind(now.0);
        });
        query.push(" ON CONFLICT DO NOTHING");
        self.change(query).await
    }

    pub(in crate::store) async fn settle_fetched(&self, place: &Place, uids: &[u32]) -> Result<(), Fault> {
        let mut query = QueryBuilder::<Database>::new("UPDATE fetched SET stage = 'done' WHERE ");
        push_place(&mut query, place);
        push_uids(&mut query, uids);
        query.push(" AND stage = 'taken'");
        self.change(query).await
    }

    pub(in crate::store) async fn reconsider(&self, place: &Place, uids: &[u32]) -> Result<(), Fault> {
        let mut query = QueryBuilder::<Database>::new("DELETE FROM fetched WHERE ");
        push_place(&mut query, place);
        push_uids(&mut query, uids);
        query.push(" AND stage = 'left'");
        self.change(query).await
    }

    pub(in crate::store) async fn forget_fetched(&self, place: &Place, uids: &[u32]) -> Result<(), Fault> {
        let mut query = QueryBuilder::<Database>::new("DELETE FROM fetched WHERE ");
        push_place(&mut query, place);
        push_uids(&mut query, uids);
        self.change(query).await
    }

    async fn change(&self, mut query: QueryBuilder<Database>) -> Result<(), Fault> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        query.build().persistent(KEPT).execute(&mut *transaction).await?;
        transaction.commit().await?;
        writer.release();
        Ok(())
    }
}

fn push_place(query: &mut QueryBuilder<Database>, place: &Place) {
    query.push("account = ").push_bind(place.account.clone()).push(" AND folder = ").push_bind(place.folder.clone());
    query.push(" AND validity = ").push_bind(i64::from(place.validity));
}

fn push_uids(query: &mut QueryBuilder<Database>, uids: &[u32]) {
    query.push(" AND uid IN (");
    let mut list = query.separated(", ");
    for uid in uids {
        list.push_bind(i64::from(*uid));
    }
    query.push(")");
}

fn number(row: &Record, column: usize) -> Result<u32, Fault> {
    let number: i64 = row.try_get(column)?;
    u32::try_from(number).map_err(|_| Fault::Refused(format!("the ledger holds {number} instead of a number of IMAP")))
}

fn stage(row: &Record, column: usize) -> Result<Stage, Fault> {
    let name: String = row.try_get(column)?;
    Stage::from_name(&name).ok_or_else(|| Fault::Refused(format!("the ledger holds a stage `{name}`")))
}

fn left(row: &Record, column: usize) -> Result<Option<Left>, Fault> {
    Ok(row.try_get::<Option<String>, _>(column)?.as_deref().and_then(Left::from_name))
}
