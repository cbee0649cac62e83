//! `explain`: an expression in plain English, when it is due next, and what changes of the clock do to it.

use cron_manager::{
    Schedule,
    contracts::Clock,
    domain::schedule::{CronExpression, DstGap, Zone},
};
use jiff::Timestamp;

use crate::{
    args::ExplainArguments,
    failure::Failure,
    next::{local, upcoming},
    output,
};

/// How many instants are shown.
const SHOWN: usize = 5;

/// Prints the explanation.
pub(crate) fn run(arguments: &ExplainArguments, clock: &dyn Clock) -> Result<(), Failure> {
    let zone = Zone::parse(&arguments.timezone)?;
    let expression = CronExpression::parse(&arguments.expr)?;
    output::print_text(&explain(&expression, &zone, clock.now()))
}

fn explain(expression: &CronExpression, zone: &Zone, now: Timestamp) -> String {
    if expression.to_string().eq_ignore_ascii_case("@reboot") {
        return "Once at each start of cron-manager; it names no time, and works in a crontab only.\n".to_owned();
    }
    let schedule = Schedule::from_parts(expression.clone(), zone.clone(), DstGap::RunAfter);
    let next: Vec<String> = upcoming(&schedule, now).take(SHOWN).map(|at| local(at, zone.as_jiff())).collect();
    if next.is_empty() {
        return format!("{}\n\nIt is never due after {now}.\n", schedule.describe());
    }
    let sections = [vec![schedule.describe()], next, schedule.clock_notes(now)];
    let texts: Vec<String> = sections.iter().filter(|lines| !lines.is_empty()).map(|lines| lines.join("\n")).collect();
    texts.join("\n\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(expression: &str, zone: &str) -> String {
        let expression = CronExpression::parse(expression).unwrap();
        explain(&expression, &Zone::parse(zone).unwrap(), "2025-02-01T00:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_fixed_time_in_a_gap_and_in_a_fold_is_noted() {
        assert_eq!(
            explained("30 2 * * *", "Europe/Berlin"),
            "At 02:30 every day, Berlin time (Europe/Berlin)\n\n\
             2025-02-01T02:30:00+01:00\n2025-02-02T02:30:00+01:00\n2025-02-03T02:30:00+01:00\n\
             2025-02-04T02:30:00+01:00\n2025-02-05T02:30:00+01:00\n\n\
             On 30 March 2025 the clock jumps from 02:00 to 03:00: times in between run once, together, at 03:00 \
             (with the gap rule `skip`: not at all).\n\
             On 26 October 2025 the clock goes back from 03:00 to 02:00: what is due in between runs the first time \
             only.\n"
        );
    }

    #[test]
    fn a_time_that_no_change_touches_has_no_notes() {
        for (expression, zone) in
            [("0 12 * * *", "Europe/Berlin"), ("30 2 * * *", "UTC"), ("30 2 * * 1", "Europe/Berlin")]
        {
            assert!(!explained(expression, zone).contains("clock"), "{expression} {zone}");
        }
    }

    #[test]
    fn real_time_runs_in_both_passes() {
        let text = explained("*/20 * * * *", "America/New_York");
        assert!(!text.contains("jumps"), "{text}");
        assert!(
            text.ends_with("goes back from 02:00 to 01:00: what is due in between runs in both passes.\n"),
            "{text}"
        );
    }

    #[test]
    fn what_is_never_due_is_said_to_be_so() {
        assert_eq!(explained("0 0 30 2 *", "UTC"), "Never, UTC\n\nIt is never due after 2025-02-01T00:00:00Z.\n");
        assert!(explained("@reboot", "UTC").starts_with("Once at each start"));
    }
}
