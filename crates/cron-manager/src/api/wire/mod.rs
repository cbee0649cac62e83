//! The shapes on the wire: proto3 JSON, and the one place where a `CronRun` becomes a `CronJob`.

mod etag;
mod fields;
mod show;
mod strict;

pub(super) use etag::{etag, version};
pub(super) use fields::ConfigBody;
pub(super) use show::{duration, show_config, show_run};
pub(super) use strict::parse;

/// Input that does not fit, and where.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Misfit {
    /// The name of the place on the wire; empty when it is the whole input.
    pub(super) field: String,
    pub(super) message: String,
}

impl Misfit {
    pub(super) fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        CronConfig, CronConfigFields, CronRun, LockPolicy, RunState, SkipReason,
        domain::ledger::{Page, Place},
    };
    use jiff::Timestamp;
    use serde_json::{Value, json};
    use std::time::Duration;

    fn config(fields: CronConfigFields) -> CronConfig {
        fields.create(Timestamp::UNIX_EPOCH).unwrap()
    }

    /// Configs that set every field there is.
    fn configs() -> Vec<CronConfig> {
        let named = CronConfigFields::named("j").context(json!({"z": null, "a": [1.5, "ä"]}));
        let second = Some(Duration::new(1, 500));
        let limited = CronConfigFields {
            timeout: second,
            start_deadline: second,
            jitter: second,
            lock_at_least_for: second,
            ..named.clone()
        };
        let fields = CronConfigFields {
            external: Some(true),
            lock: Some(LockPolicy::Require),
            min_gap: second,
            ..named.clone()
        };
        let at = CronConfigFields { at: Some("2031-01-02T03:04:05Z".parse().unwrap()), ..named.clone() };
        let by_cron = named.clone().enabled(true).cron("*/5 2-4 * * mon", "Europe/Berlin");
        [limited, fields, at, by_cron, named.clone().every(Duration::from_secs(90)), named].map(config).into()
    }

    #[test]
    fn a_config_survives_the_wire() {
        for written in configs() {
            let text = show_config(&written).to_string();
            let read = ConfigBody::new(parse(text.as_bytes()).unwrap()).unwrap();
            assert_eq!(read.id, Some(written.id.0.into()));
            assert_eq!(version(read.etag.as_deref().unwrap()).unwrap(), Some(written.version));
            assert_eq!(config(read.fields().unwrap()), written, "{text}");
        }
    }

    #[test]
    fn every_field_that_can_be_set_is_shown() {
        let shown: Vec<_> = configs().iter().map(show_config).collect();
        for field in fields::cleared().keys() {
            assert!(shown.iter().any(|config| config.get(field).is_some()), "{field}");
        }
    }

    /// A run that ended in `state`, as JSON.
    fn ended(state: RunState) -> Value {
        let now = Timestamp::new(9, 120_000_000).unwrap();
        let config = config(CronConfigFields::named("j").enabled(true));
        let place = Place::begun(now);
        let mut page = Page::new(now, config, place, Vec::new());
        let place = page.record_tick(Timestamp::UNIX_EPOCH);
        show_run(&CronRun { state, finished_at: Some(now), ..page.row(place).clone() })
    }

    #[test]
    fn success_is_completed_and_all_other_ends_are_failed() {
        let ends = |state| {
            let run = ended(state);
            (run.get("completedAt").cloned(), run.get("failedAt").cloned())
        };
        let now = Some(json!("1970-01-01T00:00:09.120Z"));
        assert_eq!(ends(RunState::Succeeded), (now.clone(), None));
        for state in [RunState::Failed, RunState::TimedOut, RunState::Cancelled, RunState::Abandoned] {
            assert_eq!(ends(state), (None, now.clone()), "{state}");
        }
    }

    #[test]
    fn words_on_the_wire_are_those_of_filters() {
        for &state in RunState::ALL {
            assert_eq!(ended(state)["state"], state.as_str());
        }
        for &reason in SkipReason::ALL {
            assert_eq!(json!(reason), reason.as_str());
        }
    }

    #[test]
    fn a_fraction_of_a_second_has_three_six_or_nine_digits() {
        let text = |nanos| duration(Duration::new(1, nanos));
        let texts = [0, 500_000_000, 10_000, 1].map(text);
        assert_eq!(texts, ["1s", "1.500s", "1.000010s", "1.000000001s"]);
    }
}
