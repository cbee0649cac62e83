//! Laws of expressions and instants, among them what users of other schedulers reported.

use std::time::Duration;

use cron_manager::domain::schedule::{CronExpression, DstGap, Schedule, ScheduleKind, Zone};
use jiff::Timestamp;

use crate::{NEW_YORK, at, next, schedule};

fn message(text: &str) -> String {
    CronExpression::parse(text).expect_err(text).message().to_owned()
}

#[test]
fn next_is_strictly_after_and_whole() {
    let schedule = schedule("* * * * * *", "UTC", DstGap::RunAfter);
    for (after, next) in [
        ("2025-01-01T00:00:00Z", "2025-01-01T00:00:01Z"),
        ("2025-01-01T00:00:00.999999999Z", "2025-01-01T00:00:01Z"),
        ("1969-12-31T23:59:58.5Z", "1969-12-31T23:59:59Z"),
        ("1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z"),
    ] {
        assert_eq!(schedule.next_after(at(after)), Some(at(next)), "{after}");
    }
}

#[test]
fn a_timer_that_wakes_early_sees_the_same_tick() {
    let schedule = schedule("0 6 * * *", NEW_YORK, DstGap::RunAfter);
    let due = at("2025-06-01T06:00:00-04:00");
    for early in ["2025-06-01T05:59:59.997-04:00", "2025-06-01T05:59:59-04:00"] {
        assert_eq!(schedule.next_after(at(early)), Some(due));
    }
    assert!(schedule.next_after(due) > Some(due));
}

#[test]
fn what_can_never_match_parses_and_is_refused_at_a_write() {
    for text in ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 0 29 2 * 2023", "@reboot", "0 0 29 2 +1#1"] {
        let parsed = CronExpression::parse(text).expect(text);
        assert!(!parsed.can_match(), "{text}");
        assert_eq!(parsed.describe(), "Never");
        let error = Schedule::cron(text, "UTC", DstGap::Skip).expect_err(text);
        assert_eq!((error.field(), error.position()), ("cronExpression", Some(0..text.len())));
        assert_eq!(schedule(text, "UTC", DstGap::Skip).next_after(Timestamp::MIN), None);
    }
}

#[test]
fn the_rarest_date_is_found() {
    // Between 1896 and 1904 there is no 29 February; a Monday among them comes every 28 years or 40.
    let ticks = next("0 0 29 2 +1", "UTC", DstGap::Skip, "1876-03-01T00:00:00Z", 2);
    assert_eq!(ticks, ["1892-02-29T00:00:00+00:00", "1904-02-29T00:00:00+00:00"].map(String::from));
}

#[test]
fn the_end_of_time_is_an_end() {
    let daily = schedule("0 0 * * *", NEW_YORK, DstGap::RunAfter);
    assert_eq!(daily.next_after(Timestamp::MAX), None);
    assert!(daily.latest(Timestamp::MIN, Timestamp::MAX).is_some());
    assert!(daily.count(Timestamp::MIN, Timestamp::MAX) > 7_000_000);
    let every = Schedule::every(Duration::from_secs(60)).expect("a minute");
    assert_eq!(every.next_after(Timestamp::MAX), None);
}

#[test]
fn an_empty_or_backward_range_has_no_ticks() {
    let schedule = schedule("* * * * *", NEW_YORK, DstGap::RunAfter);
    let (early, late) = (at("2025-01-01T00:00:00Z"), at("2025-01-02T00:00:00Z"));
    for (after, through) in [(late, early), (early, early)] {
        assert_eq!(schedule.count(after, through), 0);
        assert_eq!(schedule.latest(after, through), None);
        assert_eq!(schedule.ticks(after, through).next(), None);
    }
}

#[test]
fn an_interval_ticks_at_its_multiples_since_the_epoch() {
    let schedule = Schedule::every(Duration::from_secs(7)).expect("seven seconds");
    assert_eq!(schedule.next_after(at("1970-01-01T00:00:00Z")), Some(at("1970-01-01T00:00:07Z")));
    assert_eq!(schedule.next_after(at("1969-12-31T23:59:50Z")), Some(at("1969-12-31T23:59:53Z")));
    for wrong in [0, 366 * 86_400 + 1] {
        assert_eq!(Schedule::every(Duration::from_secs(wrong)).expect_err("out").field(), "every");
    }
    assert!(Schedule::every(Duration::from_millis(1_500)).is_err());
    assert_eq!(schedule.describe(), "Every 7 seconds");
}

#[test]
fn one_instant_ticks_once() {
    let instant = at("2025-01-01T00:00:00.7Z");
    let schedule = Schedule::at(instant);
    let tick = at("2025-01-01T00:00:00Z");
    assert_eq!(schedule.next_after(at("2024-12-31T23:59:59Z")), Some(tick));
    assert_eq!(schedule.next_after(tick), None);
    assert_eq!(schedule.count(Timestamp::MIN, instant), 1);
    assert_eq!(schedule.latest(Timestamp::MIN, instant), Some(tick));
    assert_eq!(schedule.kind(), ScheduleKind::At(tick));
}

#[test]
fn an_error_says_what_is_wrong_and_the_mend() {
    for (text, expected) in [
        ("60 * * * *", "minute 60 is out of range 0–59"),
        ("* * * 13 *", "month 13 is out of range 1–12"),
        ("* * * FOO *", "`FOO` is not a month; write 1–12 or JAN–DEC"),
        ("5-1 * * * *", "5-1 runs backwards; write 5-59,0-1"),
        ("* * * * FRI-MON", "FRI-MON runs backwards; write 5-6,0-1"),
        ("* * * * 5-0", "5-0 runs backwards; write 5-7"),
        ("* * * * 7-2", "7-2 runs backwards; write 0-2"),
        ("*/0 * * * *", "a step of 0 never moves; write 1 or more"),
        ("@every 5m", "`@every 5m`: use the field `every`"),
        ("* * * *", "expected 5 to 7 fields, found 4"),
        ("", "expected 5 to 7 fields, found none"),
        ("* * * * * * * *", "expected 5 to 7 fields, found 8"),
        ("1,,2 * * * *", "a minute is missing beside the comma"),
        ("* * 1-15W * *", "W takes one day of the month, not `1-15`"),
        ("* * * * L", "L needs a weekday: write 5L for the last Friday"),
        ("* * * * 1#6", "after # comes 1 to 5, or L for the last"),
        ("? * * * *", "`?` stands alone in a day field; for every minute write *"),
        ("* * * *\n*", "an expression is one line; remove the line break"),
        ("* * * * \u{a0}*", "`\u{a0}` (U+00A0) means nothing in an expression"),
        ("TZ=UTC 0 0 * * * * *", "the zone belongs in the field `timezone`"),
    ] {
        assert_eq!(message(text), expected, "{text}");
    }
    assert!(message("*/90 * * * *").contains("use the field `every`"));
    assert!(message("0 0 12 1 1 2030").contains("seventh field"));
}

#[test]
fn an_error_points_at_its_place() {
    let error = CronExpression::parse("0 5,25-30 * * *").expect_err("hour 25");
    assert_eq!(error.pointer().expect("a place"), "0 5,25-30 * * *\n    ^^");
    let error = CronExpression::parse("0 é * * *").expect_err("é");
    assert_eq!(error.pointer().expect("a place"), "0 é * * *\n  ^");
    assert_eq!(error.position(), Some(2..4));
}

#[test]
fn a_giant_expression_is_refused_at_once() {
    let error = CronExpression::parse(&"1,".repeat(4_000_000)).expect_err("too long");
    assert_eq!(error.position(), None);
    assert!(CronExpression::parse("0-99999999999999999999/1 * * * *").is_err());
    assert!(CronExpression::parse("*/99999999999999999999 * * * *").is_err());
}

#[test]
fn a_zone_is_found_whatever_its_case_and_suggested_when_close() {
    assert_eq!(Zone::parse("asia/kathmandu").expect("a zone").name(), "Asia/Kathmandu");
    assert_eq!(Zone::parse("utc").expect("a zone").name(), "UTC");
    for (wrong, close) in [("Europe/Berln", "Europe/Berlin"), ("tokio", "Asia/Tokyo")] {
        let error = Schedule::cron("* * * * *", wrong, DstGap::Skip).expect_err(wrong);
        assert_eq!(error.field(), "timezone");
        assert!(error.message().contains(close), "{error}");
    }
    for none in ["", "Mars/Phobos", "Etc/Unknown", "../etc/passwd", "\0"] {
        assert!(Zone::parse(none).is_err(), "{none}");
    }
}

#[test]
fn a_schedule_gives_back_its_parts() {
    let schedule = Schedule::cron("30  2 * * *", "america/new_york", DstGap::Skip).expect("ok");
    let ScheduleKind::Cron { expression, zone, gap } = schedule.kind() else { unreachable!("it is a cron schedule") };
    assert_eq!((expression.to_string().as_str(), zone.name(), gap), ("30 2 * * *", NEW_YORK, DstGap::Skip));
    assert_eq!(Schedule::from_parts(expression.clone(), zone.clone(), gap), schedule);
}

#[test]
fn a_schedule_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&Schedule::at(Timestamp::UNIX_EPOCH));
}

#[test]
fn an_expression_reads_as_plain_english() {
    for (text, english) in [
        ("* * * * *", "Every minute"),
        ("* * * * * *", "Every second"),
        ("*/20 * * * * *", "Every 20 seconds"),
        ("*/5 * * * *", "Every 5 minutes"),
        ("0 * * * *", "Every hour"),
        ("0 */2 * * *", "Every 2 hours"),
        ("15 * * * *", "At minute 15 past every hour"),
        ("30 2 * * *", "At 02:30 every day"),
        ("0 9,17 * * *", "At 09:00 and 17:00 every day"),
        ("5 0 12 * * *", "At 12:00:05 every day"),
        ("*/15 9-17 * * MON-FRI", "Every 15 minutes from 09:00 through 17:59, Monday through Friday"),
        ("0 0 * * 6,0", "At 00:00 on Saturday and Sunday"),
        ("30 4 1,15 * 5", "At 04:30 on day 1 and 15 of the month or on Friday"),
        ("0 0 13 * +5", "At 00:00 on day 13 of the month, if also on Friday"),
        ("0 0 L * *", "At 00:00 on the last day of the month"),
        ("0 0 LW * *", "At 00:00 on the last weekday of the month"),
        ("0 0 15W * *", "At 00:00 on the weekday nearest day 15"),
        ("0 0 * * 5L", "At 00:00 on the last Friday of the month"),
        ("0 0 * * 2#3", "At 00:00 on the third Tuesday of the month"),
        ("0 0 1 1 *", "At 00:00 on day 1 of the month in January"),
        ("0 0 12 1 1 * 2030", "At 12:00 on day 1 of the month in January in 2030"),
        ("0 12 * 1-3,6 *", "At 12:00 every day in January through March and June"),
    ] {
        assert_eq!(CronExpression::parse(text).expect(text).describe(), english, "{text}");
    }
}
