//! Calendars: create, change, read.

use jiff::Timestamp;

use super::CronManager;
use crate::{Calendar, CalendarFields, CalendarId, Error, Result, contracts::CalendarQuery};

impl CronManager {
    /// Creates a calendar. Configs name it in their [`calendars`](crate::Policy::calendars): their ticks that fall into one of its blackouts are
    /// recorded as skipped.
    ///
    /// Errors: invalid argument (names the field, such as `blackouts[3].to`), already exists (the name).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> cron_manager::Result<()> {
    /// use cron_manager::{BlackoutFields, CalendarFields, CronManager};
    ///
    /// let manager = CronManager::builder().build().await?;
    /// let weekends = BlackoutFields::recurring("0 0 * * SAT", std::time::Duration::from_secs(48 * 3_600));
    /// let holidays = BlackoutFields::once("2026-12-24T18:00", "2026-12-27");
    /// let fields = CalendarFields::named("closed").timezone("Europe/Berlin").blackouts([weekends, holidays]);
    /// manager.create_calendar(&fields).await?;
    /// manager.job("send-invoices").schedule("*/5 * * * *").calendars(["closed"]).run(|| async {}).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn create_calendar(&self, fields: &CalendarFields) -> Result<Calendar> {
        self.replica.store().create_calendar(fields.create(Timestamp::UNIX_EPOCH)?, &self.author).await
    }

    /// Changes the fields that are given; of the blackouts, all. A tick follows the calendar as it stands when it is planned, which is as soon as
    /// it is due, while a replica lives; so each has one outcome, whatever is changed. With `if_version`, only if that is still the version.
    ///
    /// Errors: invalid argument (names the field), not found, conflict, already exists (the new name), failed precondition (a new name, while
    /// configs name the calendar).
    pub async fn update_calendar(
        &self,
        id: CalendarId,
        fields: &CalendarFields,
        if_version: Option<i64>,
    ) -> Result<Calendar> {
        let changed = self.replica.store().update_calendar(id, fields, if_version, &self.author).await?;
        changed.ok_or_else(|| not_found(id))
    }

    /// Deletes a calendar that no config names, but for deleted ones. Returns it as it was.
    ///
    /// Errors: not found, conflict, failed precondition (names configs that name it).
    pub async fn delete_calendar(&self, id: CalendarId, if_version: Option<i64>) -> Result<Calendar> {
        let deleted = self.replica.store().delete_calendar(id, if_version, &self.author).await?;
        deleted.ok_or_else(|| not_found(id))
    }

    /// One calendar.
    pub async fn calendar(&self, id: CalendarId) -> Result<Calendar> {
        self.replica.store().calendar(id).await?.ok_or_else(|| not_found(id))
    }

    /// Calendars in the order of their ids.
    pub async fn calendars(&self, query: &CalendarQuery) -> Result<Vec<Calendar>> {
        self.replica.store().calendars(query).await
    }
}

fn not_found(id: CalendarId) -> Error {
    Error::not_found(format!("calendar {id}"))
}
