//! Rows of `cron_requests`: what was created once, so that it is not created again.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::{configs, error::from_sqlx};
use crate::{Author, CronConfig, CronConfigId, Error, ErrorKind, Result, contracts::CreateRequest};

/// Creates a config, unless that was done before under the same request id.
pub(super) async fn create_once(
    on: &mut SqliteConnection,
    config: CronConfig,
    request: &CreateRequest,
    by: &Author,
    now: Timestamp,
) -> Result<CronConfig> {
    let sql = "SELECT config_id, body = ?2 FROM cron_requests WHERE id = ?1";
    let query = sqlx::query_as(sql).bind(&request.id).bind(&request.body);
    match query.fetch_optional(&mut *on).await.map_err(from_sqlx)? {
        Some((_, false)) => Err(Error::new(ErrorKind::AlreadyExists, "that request id was used for another request")),
        Some((id, true)) => {
            let found = configs::by_id(&mut *on, CronConfigId(id)).await?;
            found.ok_or_else(|| Error::internal("a config that was created is gone"))
        }
        None => {
            let config = configs::create(&mut *on, config, by, now).await?;
            let query = sqlx::query("INSERT INTO cron_requests (id, config_id, body) VALUES (?1, ?2, ?3)");
            let query = query.bind(&request.id).bind(config.id.0).bind(&request.body);
            query.execute(on).await.map_err(from_sqlx)?;
            Ok(config)
        }
    }
}
