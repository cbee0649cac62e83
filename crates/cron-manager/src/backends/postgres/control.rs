//! The rows of `cron_control` and `cron_switched_off`.
//!
//! A decision reads `cron_switched_off` in the statement that tells what time it is; by that it holds the table's weakest lock until it
//! commits. A switching takes the strongest lock, then asks what time it is: all decisions that do not know of it are over, and were
//! made at an earlier time. This costs a decision nothing, and needs no session.

use super::{audit, column::Instant, error::Failure, fields::Fields, session::Session};
use crate::{AuditRecord, Author, Control, ControlFields};

/// The columns of the control record, in the order of [`fields`]; all null when it was never changed.
macro_rules! control_columns {
    () => {
        "enabled, log_level, control.version, control.updated_at"
    };
}
pub(super) use control_columns;

/// The control record whose columns are the next fields.
pub(super) fn fields(fields: &mut Fields<'_>) -> sqlx::Result<Control> {
    let (enabled, log_level): (Option<bool>, _) = (fields.take()?, fields.take()?);
    let (version, updated_at): (Option<i64>, _) = (fields.take()?, fields.instant_or_none()?);
    Ok(Control { enabled: enabled.unwrap_or(true), log_level, version: version.unwrap_or_default(), updated_at })
}

/// The control record.
pub(super) async fn read(on: &mut Session) -> Result<Control, Failure> {
    let query = on.query(concat!("SELECT ", control_columns!(), " FROM @cron_control AS control"));
    let row = on.row_or_none(query).await?;
    Ok(row.map(|row| fields(&mut Fields::of(&row))).transpose()?.unwrap_or_default())
}

/// Changes the control record, and keeps when jobs were switched off.
pub(super) async fn update(
    on: &mut Session,
    change: &ControlFields,
    if_version: Option<i64>,
    by: &Author,
) -> Result<Control, Failure> {
    let query = on.query("LOCK TABLE @cron_switched_off IN ACCESS EXCLUSIVE MODE");
    on.run(query).await?;
    let row = on.row(on.query("SELECT @cron_now()")).await?;
    let now = Fields::of(&row).instant()?;
    let old = read(on).await?;
    let control = change.change(&old, if_version, now)?;
    if control == old {
        return Ok(control);
    }
    let query = on.query(
        "INSERT INTO @cron_control (id, enabled, log_level, version, updated_at) VALUES (1, $1, $2, $3, $4) \
         ON CONFLICT (id) DO UPDATE SET enabled = excluded.enabled, log_level = excluded.log_level, version = excluded.version, \
         updated_at = excluded.updated_at",
    );
    let query = query.bind(control.enabled).bind(control.log_level.as_deref()).bind(control.version);
    on.run(query.bind(Instant(now))).await?;
    audit::add(on, vec![AuditRecord::controlled(&old, &control, by)], now).await?;
    let query = on.query(match (old.enabled, control.enabled) {
        (true, false) => "INSERT INTO @cron_switched_off (since, version) VALUES ($1, $2)",
        (false, true) => "UPDATE @cron_switched_off SET until = $1 WHERE until IS NULL AND version < $2",
        _ => return Ok(control),
    });
    on.run(query.bind(Instant(now)).bind(control.version)).await?;
    Ok(control)
}
