//! What a replica must know to go on, at one moment.

use std::sync::Arc;

use jiff::Timestamp;
use sqlx::postgres::{PgBindIterExt, PgRow};

use super::{
    configs::{self, config_columns},
    control::{self, control_columns},
    error::Failure,
    fields::Fields,
    session::Session,
};
use crate::{
    CronConfigId, Hold, PageId, Revision,
    contracts::{Look, Standing, Waiting},
};

pub(super) async fn look(on: &mut Session, after: Revision, of: &[CronConfigId]) -> Result<Look, Failure> {
    let query = on.query(concat!(
        "SELECT @cron_now(), revision, ARRAY(SELECT id FROM @cron_replicas WHERE ended_at IS NULL AND draining ORDER BY number), ",
        control_columns!(),
        " FROM @cron_revision LEFT JOIN @cron_control AS control ON true"
    ));
    let row = on.row(query).await?;
    let mut fields = Fields::of(&row);
    let (now, revision) = (fields.instant()?, fields.take()?);
    Ok(Look {
        now,
        revision,
        draining: fields.take()?,
        control: control::fields(&mut fields)?,
        cancelling: cancelling(on).await?,
        changed: if revision > after { changed(on, after).await? } else { Vec::new() },
        waiting: waiting(on).await?,
        watermarks: if of.is_empty() { Vec::new() } else { watermarks(on, of).await? },
    })
}

async fn changed(on: &mut Session, after: Revision) -> Result<Vec<Standing>, Failure> {
    let sql = concat!("SELECT ", config_columns!(), " FROM @cron_configs WHERE revision > $1 ORDER BY id");
    let rows = on.rows(on.query(sql).bind(after)).await?;
    let standing =
        |row: configs::ConfigRow| Standing { watermark: row.place.watermark, config: Arc::new(row.config()) };
    Ok(configs::all(&rows)?.into_iter().map(standing).collect())
}

async fn waiting(on: &mut Session) -> Result<Vec<Waiting>, Failure> {
    let query = on.query(
        "SELECT id, config_id, lane, start_after, start_deadline FROM @cron_jobs WHERE state = 'pending' ORDER BY id",
    );
    let waiting = |row: &PgRow| {
        let mut fields = Fields::of(row);
        Ok(Waiting {
            run_id: fields.take()?,
            page_id: PageId { config_id: fields.take()?, lane: fields.take()? },
            start_after: fields.instant()?,
            start_deadline: fields.instant()?,
        })
    };
    Ok(on.rows(query).await?.iter().map(waiting).collect::<sqlx::Result<_>>()?)
}

async fn cancelling(on: &mut Session) -> Result<Vec<Hold>, Failure> {
    let query =
        on.query("SELECT id, replica_id, fence FROM @cron_jobs WHERE state = 'running' AND cancelling ORDER BY id");
    let hold = |row: &PgRow| {
        let mut fields = Fields::of(row);
        Ok(Hold { run_id: fields.take()?, replica_id: fields.take()?, fence: fields.take()? })
    };
    Ok(on.rows(query).await?.iter().map(hold).collect::<sqlx::Result<_>>()?)
}

async fn watermarks(on: &mut Session, of: &[CronConfigId]) -> Result<Vec<(CronConfigId, Timestamp)>, Failure> {
    let query = on.query("SELECT id, watermark FROM @cron_configs WHERE id = ANY($1) ORDER BY id");
    let watermark = |row: &PgRow| {
        let mut fields = Fields::of(row);
        Ok((fields.take()?, fields.instant()?))
    };
    Ok(on.rows(query.bind(of.iter().bind_iter())).await?.iter().map(watermark).collect::<sqlx::Result<_>>()?)
}
