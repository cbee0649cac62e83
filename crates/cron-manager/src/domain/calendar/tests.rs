use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::{CronConfig, CronConfigFields, Schedule, SkipReason, domain::ledger::Page, domain::ledger::Place};

const HOUR: Duration = Duration::from_secs(3_600);

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn calendar(zone: &str, blackouts: impl IntoIterator<Item = BlackoutFields>) -> Calendar {
    CalendarFields::named("c").timezone(zone).blackouts(blackouts).create(Timestamp::UNIX_EPOCH).unwrap()
}

/// The merged times of a calendar between two instants, as they are written: the first second, and the first after it.
fn times(calendar: &Calendar, after: &str, through: &str) -> Vec<String> {
    let blackouts = Blackouts::between([calendar].into_iter(), instant(after), instant(through));
    assert_eq!(blackouts.through, instant(through));
    let nano = SignedDuration::from_nanos(1);
    let at = |edge: Timestamp| if edge.subsec_nanosecond() == 999_999_999 { edge + nano } else { edge };
    blackouts.times.iter().map(|(after, through)| format!("{} {}", at(*after), at(*through))).collect()
}

#[test]
fn a_blackout_holds_its_first_second_and_not_the_one_at_its_end() {
    let calendar = calendar("Europe/Berlin", [BlackoutFields::once("2026-12-24T18:00", "2026-12-27")]);
    let holds = |text: &str| Blackouts::hold_at([&calendar].into_iter(), instant(text));
    assert!(!holds("2026-12-24T16:59:59Z") && holds("2026-12-24T17:00:00Z"));
    assert!(holds("2026-12-26T22:59:59Z") && !holds("2026-12-26T23:00:00Z"));
    let seen = times(&calendar, "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z");
    assert_eq!(seen, ["2026-12-24T17:00:00Z 2026-12-26T23:00:00Z"]);
    let all = Blackouts::between([&calendar].into_iter(), Timestamp::UNIX_EPOCH, Timestamp::MAX);
    assert!(!all.hold(instant("2026-12-24T16:59:59Z")) && all.hold(instant("2026-12-24T17:00:00Z")));
    assert!(all.hold(instant("2026-12-26T22:59:59Z")) && !all.hold(instant("2026-12-26T23:00:00Z")));
}

#[test]
fn a_local_time_that_the_clock_shows_twice_or_never_is_read_so_that_nothing_starts_in_between() {
    // On 29 March 2026 Berlin's clock jumps from 02:00 to 03:00, on 25 October it goes back from 03:00 to 02:00.
    let (spring, autumn) = ("2026-03-29", "2026-10-25");
    for (from, to, expected) in [
        (format!("{spring}T02:30"), format!("{spring}T04:00"), "2026-03-29T01:00:00Z 2026-03-29T02:00:00Z"),
        (format!("{spring}T01:00"), format!("{spring}T02:30"), "2026-03-29T00:00:00Z 2026-03-29T01:00:00Z"),
        (format!("{autumn}T02:30"), format!("{autumn}T04:00"), "2026-10-25T00:30:00Z 2026-10-25T03:00:00Z"),
        (format!("{autumn}T01:00"), format!("{autumn}T02:30"), "2026-10-24T23:00:00Z 2026-10-25T01:30:00Z"),
        (format!("{autumn}T02:30"), format!("{autumn}T02:30"), "2026-10-25T00:30:00Z 2026-10-25T01:30:00Z"),
    ] {
        let calendar = calendar("Europe/Berlin", [BlackoutFields::once(&from, &to)]);
        assert_eq!(times(&calendar, "2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z"), [expected], "{from} to {to}");
    }
}

#[test]
fn a_blackout_that_recurs_lasts_for_its_length_in_real_time() {
    let calendar = calendar("Europe/Berlin", [BlackoutFields::recurring("0 0 * * SAT", HOUR * 48)]);
    let seen = times(&calendar, "2026-03-23T00:00:00Z", "2026-04-06T00:00:00Z");
    // The second of these weekends has one hour less, so this one goes on to one o'clock on Monday.
    assert_eq!(seen, ["2026-03-27T23:00:00Z 2026-03-29T23:00:00Z", "2026-04-03T22:00:00Z 2026-04-05T22:00:00Z"]);
    let seen = times(&calendar, "2026-03-28T12:00:00Z", "2026-03-28T13:00:00Z");
    assert_eq!(seen, ["2026-03-28T12:00:00Z 2026-03-28T13:00:00Z"], "it had begun before");
}

#[test]
fn blackouts_that_touch_or_overlap_are_one() {
    let nights = calendar(
        "UTC",
        [
            BlackoutFields::recurring("0 22 * * *", HOUR * 4),
            BlackoutFields::recurring("0 1 * * *", HOUR * 2),
            BlackoutFields::once("2026-03-02T03:00", "2026-03-02T04:00"),
        ],
    );
    let seen = times(&nights, "2026-03-01T12:00:00Z", "2026-03-03T12:00:00Z");
    assert_eq!(seen, ["2026-03-01T22:00:00Z 2026-03-02T04:00:00Z", "2026-03-02T22:00:00Z 2026-03-03T03:00:00Z"]);
    // Each begins before the one before it ends.
    let always = calendar("UTC", [BlackoutFields::recurring("*/5 * * * *", HOUR)]);
    let seen = times(&always, "2026-03-01T12:00:00Z", "2026-03-03T12:00:00Z");
    assert_eq!(seen, ["2026-03-01T12:00:00Z 2026-03-03T12:00:00Z"]);
}

/// Second by second, as one would look it up by hand.
#[test]
fn walking_through_blackouts_finds_what_looking_at_each_second_finds() {
    let mixed = calendar(
        "Europe/Berlin",
        [
            BlackoutFields::recurring("*/7 * * * *", Duration::from_secs(90)),
            BlackoutFields::recurring("13 2 * * *", Duration::from_secs(1_000)),
            BlackoutFields::once("2026-03-29T01:58:30", "2026-03-29T03:01:01"),
        ],
    );
    let (after, length) = (instant("2026-03-29T00:30:00.5Z"), 7_200);
    let through = after + Duration::from_secs(length);
    let blackouts = Blackouts::between([&mixed].into_iter(), after, through);
    let starts = |blackout: &Blackout, second: Timestamp| match blackout {
        Blackout::Once { .. } => {
            let (from, to) = blackout.once(&mixed.timezone).unwrap();
            from <= second && second < to
        }
        Blackout::Recurring { expression, duration } => {
            let schedule = Schedule::cron(&expression.to_string(), "Europe/Berlin", Default::default()).unwrap();
            schedule.count(second - *duration, second) > 0
        }
    };
    let mut held = 0;
    for at in 1..=length {
        let second = Timestamp::from_second(after.as_second() + at as i64).unwrap();
        let expected = mixed.blackouts.iter().any(|blackout| starts(blackout, second));
        assert_eq!(blackouts.hold(second), expected, "at {second}");
        assert_eq!(Blackouts::hold_at([&mixed].into_iter(), second), expected, "at {second}");
        held += u64::from(expected);
    }
    assert!((1_000..6_000).contains(&held), "{held}");
}

#[test]
fn what_is_wrong_with_a_calendar_is_named_with_its_place() {
    let field = |fields: &CalendarFields| {
        let error = fields.create(Timestamp::UNIX_EPOCH).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        error.field().unwrap_or_default().to_owned()
    };
    let fine = BlackoutFields::once("2026-12-24", "2026-12-27");
    let second = |wrong: BlackoutFields| field(&CalendarFields::named("c").blackouts([fine.clone(), wrong]));
    let minutes = |minutes: u64| Some(Duration::from_secs(60 * minutes));
    for (wrong, expected) in [
        (BlackoutFields::once("2026-12-24", "2026-12-24"), "blackouts[1].to"),
        (BlackoutFields::once("2026-12-24T18:00Z", "2026-12-27"), "blackouts[1].from"),
        (BlackoutFields::once("24.12.2026", "2026-12-27"), "blackouts[1].from"),
        (BlackoutFields::once("2026-12-24", "2026-12-32"), "blackouts[1].to"),
        (BlackoutFields::once("2026-12-24", "2026-12-24T18:00:00.5"), "blackouts[1].to"),
        (BlackoutFields::once("2026-12-24", "9999-12-31"), "blackouts[1].to"),
        (BlackoutFields { to: None, ..fine.clone() }, "blackouts[1].to"),
        (BlackoutFields { from: None, ..fine.clone() }, "blackouts[1].from"),
        (BlackoutFields { duration: minutes(9), ..fine.clone() }, "blackouts[1]"),
        (BlackoutFields::default(), "blackouts[1]"),
        (BlackoutFields { duration: minutes(9), ..BlackoutFields::default() }, "blackouts[1].cronExpression"),
        (BlackoutFields { duration: None, ..BlackoutFields::recurring("@daily", HOUR) }, "blackouts[1].duration"),
        (BlackoutFields::recurring("0 25 * * *", HOUR), "blackouts[1].cronExpression"),
        (BlackoutFields::recurring("0 0 30 2 *", HOUR), "blackouts[1].cronExpression"),
        (BlackoutFields::recurring("@daily", Duration::from_secs(59)), "blackouts[1].duration"),
        (BlackoutFields::recurring("@daily", Duration::from_millis(60_500)), "blackouts[1].duration"),
        (BlackoutFields::recurring("@daily", HOUR * 24 * 31 + Duration::from_secs(1)), "blackouts[1].duration"),
    ] {
        assert_eq!(second(wrong.clone()), expected, "{wrong:?}");
    }
    assert_eq!(field(&CalendarFields::default()), "name");
    assert_eq!(field(&CalendarFields::named("no name")), "name");
    assert_eq!(field(&CalendarFields::named("c").timezone("Mars/Olympus")), "timezone");
    let many = |count, each: &BlackoutFields| CalendarFields::named("c").blackouts(vec![each.clone(); count]);
    let daily = BlackoutFields::recurring("@daily", HOUR);
    assert_eq!(field(&many(Calendar::BLACKOUTS_MAX + 1, &fine)), "blackouts");
    assert_eq!(field(&many(Calendar::RECURRING_MAX + 1, &daily)), "blackouts");
    for fits in [many(Calendar::BLACKOUTS_MAX, &fine), many(Calendar::RECURRING_MAX, &daily)] {
        assert!(fits.create(Timestamp::UNIX_EPOCH).is_ok());
    }
}

#[test]
fn a_change_of_the_zone_alone_is_checked_against_the_blackouts_too() {
    // In Samoa this day was left out.
    let fields = CalendarFields::named("c").blackouts([BlackoutFields::once("2011-12-30", "2011-12-31")]);
    let calendar = fields.create(Timestamp::UNIX_EPOCH).unwrap();
    let error = CalendarFields::default().timezone("Pacific/Apia").change(&calendar, None, Timestamp::UNIX_EPOCH);
    assert_eq!(error.unwrap_err().field(), Some("blackouts[0].to"));
}

#[test]
fn a_calendar_is_made_again_of_its_fields_and_of_what_a_store_keeps() {
    let blackouts =
        [BlackoutFields::once("2026-12-24T18:00:01", "2026-12-27"), BlackoutFields::recurring("0 0 * * SAT", HOUR)];
    let made = calendar("Europe/Berlin", blackouts);
    assert_eq!(CalendarFields::from(&made).create(Timestamp::UNIX_EPOCH).unwrap(), made);
    let kept = Calendar::restore(made.id, "c", "Europe/Berlin", &made.blackouts_json(), made.version).unwrap();
    assert_eq!(kept, made);
    let json = r#"[{"from":"2026-12-24T18:00:01","to":"2026-12-27T00:00:00"},{"cronExpression":"0 0 * * SAT","duration":"3600s"}]"#;
    assert_eq!(made.blackouts_json(), json);
}

#[test]
fn a_change_is_the_next_version_and_the_same_again_is_none() {
    let (first, now) = (calendar("UTC", []), Timestamp::UNIX_EPOCH + HOUR);
    let fields = CalendarFields::default().timezone("Europe/Berlin");
    let second = fields.change(&first, Some(1), now).unwrap();
    assert_eq!((second.version, second.updated_at, second.timezone.name()), (2, now, "Europe/Berlin"));
    assert_eq!(fields.change(&second, None, now + HOUR).unwrap(), second);
    assert_eq!(fields.change(&second, Some(1), now).unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(CalendarFields::default().timezone("").change(&second, None, now).unwrap().timezone.name(), "UTC");
}

#[test]
fn a_config_names_few_calendars_and_none_of_them_twice() {
    let field = |names: &[&str]| {
        let calendars = Some(names.iter().map(ToString::to_string).collect());
        let fields = CronConfigFields { calendars, ..CronConfigFields::named("j") };
        fields.create(Timestamp::UNIX_EPOCH).unwrap_err().field().unwrap().to_owned()
    };
    assert_eq!(field(&["a", "b", "a"]), "calendars[2]");
    assert_eq!(field(&["a", "not a name"]), "calendars[1]");
    assert_eq!(field(&["1", "2", "3", "4", "5", "6", "7", "8", "9"]), "calendars");
}

fn page(calendars: impl IntoIterator<Item = Calendar>, since: Timestamp, now: Timestamp) -> Page {
    let calendars: Vec<_> = calendars.into_iter().collect();
    let fields = CronConfigFields {
        calendars: Some(calendars.iter().map(|calendar| calendar.name.to_string()).collect()),
        ..CronConfigFields::named("j").enabled(true).every(Duration::from_secs(1))
    };
    let config = CronConfig { id: crate::CronConfigId(1), ..fields.create(since).unwrap() };
    Page::new(now, config, Place::begun(since), Vec::new()).with_calendars(calendars.into())
}

#[test]
fn spans_are_cut_at_blackouts_of_the_calendars_that_the_config_names() {
    let at = |text: &str| instant(&format!("2026-03-01T{text}Z"));
    let own = calendar("UTC", [BlackoutFields::once("2026-03-01T12:00", "2026-03-01T13:00")]);
    let page = page([own.clone()], at("11:00:00"), at("14:00:00"));
    let (edge, out) = (|text: &str| at(text) - SignedDuration::from_nanos(1), Some(SkipReason::Blackout));
    let expected = [
        (at("11:00:00"), edge("12:00:00"), None),
        (edge("12:00:00"), edge("13:00:00"), out),
        (edge("13:00:00"), at("14:00:00"), None),
    ];
    assert_eq!(page.spans(), expected);
    assert!(page.is_blacked_out(at("12:30:00.5")) && !page.is_blacked_out(at("13:00:00")));
    let other = Calendar { name: CalendarName::new("other").unwrap(), ..own };
    assert_eq!(page.with_calendars([other].into()).spans(), [(at("11:00:00"), at("14:00:00"), None)]);
}

#[test]
fn a_year_of_many_blackouts_is_walked_through_in_parts() {
    let every_other = calendar("UTC", [BlackoutFields::recurring("*/2 * * * *", Duration::from_secs(60))]);
    let (since, now) = (instant("2025-03-01T00:00:00Z"), instant("2026-03-01T00:00:00Z"));
    let mut page = page([every_other], since, now);
    let spans = page.spans();
    assert!(spans.len() <= Blackouts::STEPS_MAX + 1, "{}", spans.len());
    let end = spans.last().unwrap().1;
    assert!(since + HOUR < end && end < now, "{end}");
    page.move_watermark(end);
    assert_eq!(page.spans()[0].0, end);
}
