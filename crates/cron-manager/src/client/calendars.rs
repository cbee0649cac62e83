//! Calendars: create, change, read.

use futures_util::Stream;

use super::{Client, pages, proto};
use crate::{CalendarFields, CalendarId, Error, Result};

impl Client {
    /// Creates a calendar.
    ///
    /// Errors: invalid argument (names the field, such as `blackouts[3].to`), already exists (the name).
    pub async fn create_calendar(&self, fields: &CalendarFields) -> Result<proto::Calendar> {
        let asked = proto::CreateCalendarRequest { calendar: Some(fields.try_into()?) };
        self.write(asked, |mut grpc, asked| async move { grpc.create_calendar(asked).await }).await
    }

    /// Changes the fields that are given; of the blackouts, all. With an `etag`, only if that is still the calendar's.
    ///
    /// Errors: invalid argument (names the field), not found, conflict, already exists (the new name), failed precondition (a new name, while
    /// configs name the calendar).
    pub async fn update_calendar(
        &self,
        id: CalendarId,
        fields: &CalendarFields,
        etag: Option<&str>,
    ) -> Result<proto::Calendar> {
        let calendar = proto::Calendar { etag: etag.map(ToOwned::to_owned), ..fields.try_into()? };
        let given = [
            ("name", fields.name.is_some()),
            ("timezone", fields.timezone.is_some()),
            ("blackouts", fields.blackouts.is_some()),
        ];
        // A list that is to be empty is told by the mask alone.
        let paths = given.into_iter().filter(|(_, given)| *given).map(|(path, _)| path.to_owned()).collect();
        let update_mask = Some(prost_types::FieldMask { paths });
        let asked = proto::UpdateCalendarRequest { id: Some(id.0), calendar: Some(calendar), update_mask };
        self.write(asked, |mut grpc, asked| async move { grpc.update_calendar(asked).await }).await
    }

    /// Deletes a calendar that no config names; with an `etag`, only if that is still its own.
    ///
    /// Errors: not found, conflict, failed precondition (names configs that name it).
    pub async fn delete_calendar(&self, id: CalendarId, etag: Option<&str>) -> Result<proto::Calendar> {
        let asked = proto::DeleteCalendarRequest { id: id.0, etag: etag.map(ToOwned::to_owned) };
        self.write(asked, |mut grpc, asked| async move { grpc.delete_calendar(asked).await }).await
    }

    /// One calendar.
    ///
    /// Errors: not found.
    pub async fn calendar(&self, id: CalendarId) -> Result<proto::Calendar> {
        let asked = proto::GetCalendarRequest { id: id.0 };
        self.read(asked, |mut grpc, asked| async move { grpc.get_calendar(asked).await }).await
    }

    /// Calendars in the order of their ids.
    pub fn calendars(&self) -> impl Stream<Item = Result<proto::Calendar>> + Send + use<> {
        let client = self.clone();
        pages::rows(move |page_token| {
            let client = client.clone();
            async move {
                let asked = proto::ListCalendarsRequest { page_size: pages::PAGE, page_token };
                let answer = client.read(asked, |mut grpc, asked| async move { grpc.list_calendars(asked).await });
                let answer = answer.await?;
                Ok::<_, Error>((answer.calendars, answer.next_page_token))
            }
        })
    }
}
