//! Laws of daylight saving, as Vixie cron has them.

use cron_manager::domain::schedule::DstGap;

use crate::{NEW_YORK, at, next, schedule};

#[test]
fn a_fixed_time_in_a_gap_runs_once_right_after_it() {
    let ticks = next("10,20,30 2 * * *", NEW_YORK, DstGap::RunAfter, "2025-03-09T00:00:00-05:00", 2);
    assert_eq!(ticks, ["2025-03-09T03:00:00-04:00", "2025-03-10T02:10:00-04:00"]);
}

#[test]
fn what_is_due_right_after_a_gap_and_what_it_makes_up_for_are_one_tick() {
    let schedule = schedule("30 2,3 * * *", NEW_YORK, DstGap::RunAfter);
    let (after, through) = (at("2025-03-09T00:00:00-05:00"), at("2025-03-09T12:00:00-04:00"));
    assert_eq!(schedule.count(after, through), 2);
    let both = self::schedule("0,30 2,3 * * *", NEW_YORK, DstGap::RunAfter);
    assert_eq!(both.count(after, through), 2);
    assert_eq!(both.ticks(after, through).count(), 2);
}

#[test]
fn a_fixed_time_in_a_gap_is_dropped_on_request() {
    let ticks = next("30 2 * * *", NEW_YORK, DstGap::Skip, "2025-03-09T00:00:00-05:00", 1);
    assert_eq!(ticks, ["2025-03-10T02:30:00-04:00"]);
}

#[test]
fn a_gap_of_three_hours_still_makes_up_for_its_fixed_times() {
    let ticks = next("30 3 * * *", "Antarctica/Casey", DstGap::RunAfter, "2009-10-17T12:00:00Z", 2);
    assert_eq!(ticks, ["2009-10-18T05:00:00+11:00", "2009-10-19T03:30:00+11:00"]);
}

#[test]
fn a_gap_of_more_than_three_hours_drops_its_fixed_times() {
    let ticks = next("0 12 * * *", "Pacific/Apia", DstGap::RunAfter, "2011-12-29T13:00:00-10:00", 1);
    assert_eq!(ticks, ["2011-12-31T12:00:00+14:00"]);
}

#[test]
fn a_fixed_time_runs_in_the_first_pass_of_a_repeated_hour_only() {
    let ticks = next("30 1 * * *", NEW_YORK, DstGap::RunAfter, "2025-11-01T12:00:00-04:00", 2);
    assert_eq!(ticks, ["2025-11-02T01:30:00-04:00", "2025-11-03T01:30:00-05:00"]);
    let within = next("30 1 * * *", NEW_YORK, DstGap::RunAfter, "2025-11-02T01:10:00-05:00", 1);
    assert_eq!(within, ["2025-11-03T01:30:00-05:00"]);
}

#[test]
fn a_star_in_minute_or_hour_follows_real_time() {
    let gap = next("*/30 * * * *", NEW_YORK, DstGap::RunAfter, "2025-03-09T01:30:00-05:00", 1);
    assert_eq!(gap, ["2025-03-09T03:00:00-04:00"]);
    let hours = next("30 */2 * * *", NEW_YORK, DstGap::RunAfter, "2025-03-09T01:00:00-05:00", 1);
    assert_eq!(hours, ["2025-03-09T04:30:00-04:00"]);
    let overlap = next("0,30 * * * *", NEW_YORK, DstGap::RunAfter, "2025-11-02T01:00:00-04:00", 3);
    let expected = ["2025-11-02T01:30:00-04:00", "2025-11-02T01:00:00-05:00", "2025-11-02T01:30:00-05:00"];
    assert_eq!(overlap, expected);
}

#[test]
fn a_star_in_the_second_field_alone_is_no_real_time() {
    let ticks = next("*/20 30 2 * * *", NEW_YORK, DstGap::RunAfter, "2025-03-09T00:00:00-05:00", 2);
    assert_eq!(ticks, ["2025-03-09T03:00:00-04:00", "2025-03-10T02:30:00-04:00"]);
}
