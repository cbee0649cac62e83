//! Methods of calendars.

use tonic::Status;

use super::configs::only_if;
use crate::{
    CalendarId, CronManager,
    api::{
        proto,
        wire::{Page, calendar_change, calendar_fields, show_calendar},
    },
    manager::CalendarQuery,
};

pub(super) async fn create(
    manager: &CronManager,
    asked: proto::CreateCalendarRequest,
) -> Result<proto::Calendar, Status> {
    let fields = calendar_fields(asked.calendar.unwrap_or_default())?;
    Ok(show_calendar(&manager.create_calendar(&fields).await?))
}

pub(super) async fn list(
    manager: &CronManager,
    mut asked: proto::ListCalendarsRequest,
) -> Result<proto::ListCalendarsResponse, Status> {
    let (size, token) = (std::mem::take(&mut asked.page_size), std::mem::take(&mut asked.page_token));
    let page = Page::new("calendars", &asked, size, &token)?;
    let after = CalendarId(page.after.unwrap_or(0).try_into().unwrap_or(i32::MAX));
    let query = CalendarQuery { after, limit: page.limit(), ..CalendarQuery::default() };
    let calendars = manager.calendars(&query).await?;
    let (calendars, next_page_token) = page.show(&calendars, show_calendar, |calendar| calendar.id.0.into());
    Ok(proto::ListCalendarsResponse { calendars, next_page_token })
}

pub(super) async fn get(manager: &CronManager, asked: proto::GetCalendarRequest) -> Result<proto::Calendar, Status> {
    Ok(show_calendar(&manager.calendar(CalendarId(asked.id)).await?))
}

pub(super) async fn update(
    manager: &CronManager,
    asked: proto::UpdateCalendarRequest,
) -> Result<proto::Calendar, Status> {
    let (id, fields, version) = calendar_change(asked)?;
    Ok(show_calendar(&manager.update_calendar(id, &fields, version).await?))
}

pub(super) async fn delete(
    manager: &CronManager,
    asked: proto::DeleteCalendarRequest,
) -> Result<proto::Calendar, Status> {
    Ok(show_calendar(&manager.delete_calendar(CalendarId(asked.id), only_if(asked.etag)?).await?))
}
