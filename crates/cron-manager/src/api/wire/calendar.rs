//! Calendars, as they are shown and as they are written.

use prost_types::FieldMask;

use super::{
    Misfit, etag,
    scalar::{duration, show_duration, show_time},
    version,
};
use crate::{Blackout, BlackoutFields, Calendar, CalendarFields, CalendarId, api::proto};

/// A calendar as others see it.
pub(crate) fn show_calendar(calendar: &Calendar) -> proto::Calendar {
    proto::Calendar {
        id: Some(calendar.id.0),
        name: Some(calendar.name.to_string()),
        timezone: Some(calendar.timezone.name().to_owned()),
        blackouts: calendar.blackouts.iter().map(show_blackout).collect(),
        created_at: Some(show_time(calendar.created_at)),
        updated_at: Some(show_time(calendar.updated_at)),
        etag: Some(etag(calendar.version)),
    }
}

fn show_blackout(blackout: &Blackout) -> proto::Blackout {
    let BlackoutFields { from, to, cron_expression, duration } = BlackoutFields::from(blackout);
    proto::Blackout { from, to, cron_expression, duration: duration.map(show_duration) }
}

/// The fields that a caller sets. A list that is empty is as one that is absent.
pub(crate) fn calendar_fields(given: proto::Calendar) -> Result<CalendarFields, Misfit> {
    let blackout = |(at, given): (usize, proto::Blackout)| {
        let length = |given| duration(&format!("blackouts[{at}].duration"), given);
        Ok(BlackoutFields {
            from: given.from,
            to: given.to,
            cron_expression: given.cron_expression,
            duration: given.duration.map(length).transpose()?,
        })
    };
    let blackouts: Vec<_> = given.blackouts.into_iter().enumerate().map(blackout).collect::<Result<_, _>>()?;
    Ok(CalendarFields {
        name: given.name,
        timezone: given.timezone,
        blackouts: Some(blackouts).filter(|blackouts| !blackouts.is_empty()),
    })
}

/// Which calendar is to be changed, how, and under which version only.
pub(crate) fn calendar_change(
    asked: proto::UpdateCalendarRequest,
) -> Result<(CalendarId, CalendarFields, Option<i64>), Misfit> {
    let calendar = asked.calendar.unwrap_or_default();
    let id = match (asked.id, calendar.id) {
        (Some(id), Some(other)) if id != other => {
            return Err(Misfit::new("id", "is given twice, and not the same; which one is meant?"));
        }
        (id, other) => id.or(other).ok_or_else(|| Misfit::new("id", "which calendar? give its id"))?,
    };
    let version = calendar.etag.as_deref().filter(|etag| !etag.is_empty()).map(version).transpose()?.flatten();
    let fields = calendar_fields(calendar)?;
    let fields = match asked.update_mask.filter(|mask| !mask.paths.is_empty()) {
        Some(mask) => masked(&mask, fields)?,
        None => fields,
    };
    Ok((CalendarId(id), fields, version))
}

/// The fields of the mask; those that are absent get their defaults (AIP-134).
fn masked(mask: &FieldMask, given: CalendarFields) -> Result<CalendarFields, Misfit> {
    let CalendarFields { name, timezone, blackouts } = given;
    let (name, timezone, blackouts) =
        (name.unwrap_or_default(), timezone.unwrap_or_default(), blackouts.unwrap_or_default());
    let all = CalendarFields { name: Some(name), timezone: Some(timezone), blackouts: Some(blackouts) };
    let mut fields = CalendarFields::default();
    for path in &mask.paths {
        match path.as_str() {
            "name" => fields.name = all.name.clone(),
            "timezone" => fields.timezone = all.timezone.clone(),
            "blackouts" => fields.blackouts = all.blackouts.clone(),
            "*" => fields = all.clone(),
            unknown => return Err(Misfit::new("updateMask", format!("{unknown:?} is no field that can be set"))),
        }
    }
    Ok(fields)
}
