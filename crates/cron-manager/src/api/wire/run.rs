//! Runs: each is a `CronJob`, as the original library calls it.

use super::{
    Misfit, Page,
    scalar::{show_time, show_word, time},
};
use crate::{
    CronConfigId, CronRun, RunId, RunState, SkipReason,
    api::proto::{self, cron_job_update::Update, watch_event::Event},
    manager::{RunQuery, RunUpdate, WatchEvent},
};

pub(crate) fn show_run(run: &CronRun) -> proto::CronJob {
    let succeeded = run.state == RunState::Succeeded;
    let several = run.count > 1;
    proto::CronJob {
        id: run.id.0,
        config_id: run.config_id.0,
        name: run.name.to_string(),
        kind: show_word(run.kind),
        due_at: Some(show_time(run.due_at)),
        due_through: several.then(|| show_time(run.due_through)),
        count: several.then(|| run.count.try_into().unwrap_or(i32::MAX)),
        attempt: run.attempt.try_into().unwrap_or(i32::MAX),
        state: show_word(run.state),
        reason: run.reason.map(show_word),
        replica_id: run.replica_id.map(|id| id.to_string()),
        fence: (run.fence.0 > 0).then_some(run.fence.0),
        created_at: Some(show_time(run.created_at)),
        started_at: run.started_at.map(show_time),
        completed_at: run.finished_at.filter(|_| succeeded).map(show_time),
        failed_at: run.finished_at.filter(|_| !succeeded).map(show_time),
        result: run.result.clone(),
        error: run.error.clone(),
        truncated: run.truncated,
        idempotency_key: run.idempotency_key(),
        context: run.context.as_ref().map(|context| context.as_str().to_owned()),
        retry_of: run.retry_of.map(|id| id.0),
        cancelling: run.cancelling,
        traceparent: run.traceparent.map(|asked_in| asked_in.to_string()),
    }
}

/// Which runs are asked for.
pub(crate) fn run_query(asked: proto::ListCronJobsRequest, page: &Page) -> Result<RunQuery, Misfit> {
    let instant = |field, given: Option<_>| given.map(|given| time(field, given)).transpose();
    Ok(RunQuery {
        config_id: asked.config_id.map(CronConfigId),
        state: known("state", "a state of a run", &asked.state, RunState::from_word)?,
        reason: known("reason", "a reason to skip a tick", &asked.reason, SkipReason::from_word)?,
        from: instant("from", asked.from)?,
        to: instant("to", asked.to)?,
        before: page.after.map(RunId),
        limit: page.limit(),
    })
}

/// What a word that may be absent stands for.
fn known<T>(field: &str, what: &str, word: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Misfit> {
    if word.is_empty() {
        return Ok(None);
    }
    read(word).map(Some).ok_or_else(|| Misfit::new(field, format!("{word:?} is not {what}")))
}

/// What is new of a run that is followed.
pub(crate) fn show_update(update: RunUpdate) -> proto::CronJobUpdate {
    let update = match update {
        RunUpdate::State(run) => Update::CronJob(show_run(&run)),
        RunUpdate::Log(part) => {
            Update::Log(proto::LogPart { start: part.start.try_into().unwrap_or(i64::MAX), text: part.text })
        }
        RunUpdate::Progress(report) => {
            Update::Progress(proto::JobProgress { fraction: report.fraction, text: report.text })
        }
    };
    proto::CronJobUpdate { update: Some(update) }
}

/// What happened to a run.
pub(crate) fn show_event(event: WatchEvent) -> proto::WatchEvent {
    let event = match event {
        WatchEvent::Started(run) => Event::Started(show_run(&run)),
        WatchEvent::Ended(run) => Event::Ended(show_run(&run)),
        WatchEvent::Skipped(run) => Event::Skipped(show_run(&run)),
        WatchEvent::Lagged => Event::Lagged(proto::Lagged {}),
    };
    proto::WatchEvent { event: Some(event) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        CronConfigFields, RunKind,
        domain::ledger::{Page as LedgerPage, Place},
    };
    use jiff::Timestamp;

    /// A run that ended in `state`.
    fn ended(state: RunState) -> proto::CronJob {
        let now = Timestamp::new(9, 120_000_000).unwrap();
        let config = CronConfigFields::named("j").enabled(true).create(now).unwrap();
        let mut page = LedgerPage::new(now, config, Place::begun(now), Vec::new());
        let place = page.record_tick(Timestamp::UNIX_EPOCH);
        show_run(&CronRun { state, finished_at: Some(now), ..page.row(place).clone() })
    }

    #[test]
    fn success_is_completed_and_all_other_ends_are_failed() {
        let now = Some(prost_types::Timestamp { seconds: 9, nanos: 120_000_000 });
        let ends = |state| (ended(state).completed_at, ended(state).failed_at);
        assert_eq!(ends(RunState::Succeeded), (now, None));
        for state in [RunState::Failed, RunState::TimedOut, RunState::Cancelled, RunState::Abandoned] {
            assert_eq!(ends(state), (None, now), "{state}");
        }
    }

    #[test]
    fn the_proto_names_every_word_that_there_is() {
        let words = |field: &str| {
            let field = proto::message("cron.CronJob").get_field_by_name(field).unwrap();
            proto::marks(&field).words.clone()
        };
        assert_eq!(words("state"), RunState::ALL.iter().map(|state| state.as_str()).collect::<Vec<_>>());
        assert_eq!(words("kind"), RunKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>());
        let (mut known, mut all) =
            (words("reason"), SkipReason::ALL.iter().map(|reason| reason.as_str()).collect::<Vec<_>>());
        known.sort();
        all.sort_unstable();
        assert_eq!(known, all);
        for &state in RunState::ALL {
            assert_eq!(ended(state).state, state.as_str());
        }
    }
}
