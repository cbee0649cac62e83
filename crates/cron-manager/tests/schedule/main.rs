//! What the schedule evaluator promises, held against vectors, an oracle and peers.
#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

mod daylight;
mod laws;
mod oracle;
mod peers;
mod properties;
mod transitions;
mod vectors;

use cron_manager::domain::schedule::{CronExpression, DstGap, Schedule, Zone};
use jiff::Timestamp;

/// A schedule that may be one that never matches.
fn schedule(expression: &str, zone: &str, gap: DstGap) -> Schedule {
    let expression = CronExpression::parse(expression).expect(expression);
    Schedule::from_parts(expression, Zone::parse(zone).expect(zone), gap)
}

fn at(text: &str) -> Timestamp {
    text.parse().expect(text)
}

const NEW_YORK: &str = "America/New_York";

/// The next ticks after an instant, shown with the zone's offset.
fn next(text: &str, zone: &str, gap: DstGap, after: &str, n: usize) -> Vec<String> {
    let schedule = schedule(text, zone, gap);
    let tz = Zone::parse(zone).expect(zone).as_jiff().clone();
    let far = at("9000-01-01T00:00:00Z");
    let show = |tick: Timestamp| {
        let shown = tick.to_zoned_datetime(tz.clone());
        shown.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    };
    schedule.ticks(at(after), far).take(n).map(show).collect()
}
