//! What the schedule evaluator promises, held against vectors, an oracle and peers.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

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
