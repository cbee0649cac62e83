//! `next`: when an expression is due.

use std::iter;

use cron_manager::{
    Schedule,
    contracts::Clock,
    domain::schedule::{CronExpression, Zone},
};
use jiff::{
    Timestamp,
    tz::{Offset, TimeZone},
};
use serde_json::Value;

use crate::{args::NextArguments, failure::Failure, output};

/// Prints the instants after `--from`; fewer than asked for when there are no more.
pub(crate) fn run(arguments: &NextArguments, clock: &dyn Clock) -> Result<(), Failure> {
    let zone = Zone::parse(&arguments.timezone)?;
    let expression = CronExpression::parse(&arguments.expr)?;
    let schedule = Schedule::from_parts(expression, zone.clone(), arguments.dst_gap);
    let from = arguments.from.unwrap_or_else(|| clock.now());
    let instants = upcoming(&schedule, from).take(arguments.n.into());
    let rows: Vec<Value> = instants.map(|instant| local(instant, zone.as_jiff()).into()).collect();
    output::print(arguments.output.format, &rows)
}

/// All instants strictly after `from`.
pub(crate) fn upcoming(schedule: &Schedule, from: Timestamp) -> impl Iterator<Item = Timestamp> {
    iter::successors(schedule.next_after(from), |instant| schedule.next_after(*instant))
}

/// An instant by RFC 3339 with the zone's offset. RFC 3339 knows whole minutes only: of an older, odd offset the seconds
/// are left out, of the time too.
pub(crate) fn local(instant: Timestamp, zone: &TimeZone) -> String {
    let offset = zone.to_offset(instant);
    let whole = Offset::from_seconds(offset.seconds() / 60 * 60).unwrap_or(offset);
    instant.display_with_offset(whole).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_shown_with_the_zones_offset() {
        let show = |instant: &str, zone: &str| local(instant.parse().unwrap(), Zone::parse(zone).unwrap().as_jiff());
        assert_eq!(show("2025-01-01T00:00:00Z", "UTC"), "2025-01-01T00:00:00+00:00");
        assert_eq!(show("2025-07-01T00:00:00Z", "America/New_York"), "2025-06-30T20:00:00-04:00");
        assert_eq!(show("2025-01-01T00:00:00Z", "Asia/Kathmandu"), "2025-01-01T05:45:00+05:45");
        // Liberia was 44 minutes and 30 seconds behind until 1972.
        assert_eq!(show("1971-01-01T00:44:30Z", "Africa/Monrovia"), "1971-01-01T00:00:30-00:44");
    }
}
