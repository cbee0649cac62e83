//! Watch: what happens to all runs of the service, as it happens.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use futures_util::{Stream, stream};
use tokio::sync::broadcast::Receiver;

use super::CronManager;
use crate::{
    CronRun, Result, RunId, RunState,
    contracts::RunQuery,
    scheduler::{Activity, Replica},
};

/// How long the store is not read after a look, at the least and at the most.
const LEAST: Duration = Duration::from_millis(100);
const MOST: Duration = Duration::from_secs(1);
/// How many new rows one look takes.
const BATCH: usize = 1_000;
/// How many rows a watcher may be behind, and how many it keeps in view, before it leaves some out.
const BEHIND: usize = 10_000;
/// How many looks a row may be late that was written at the same time as others with greater ids.
const LATE: u8 = 10;
/// How many of the newest skipped rows are looked at again, since they may grow.
const GROWING: usize = 256;

/// What happens in the whole service.
#[derive(Clone, Debug, PartialEq)]
pub enum WatchEvent {
    /// A replica claimed the run, and is about to call its handler.
    Started(Box<CronRun>),
    /// The run has ended. One that was over soon is told of without its start.
    Ended(Box<CronRun>),
    /// Ticks were recorded as skipped, or a row of skipped ticks grew.
    Skipped(Box<CronRun>),
    /// The watcher was too slow, or too much happened: what came before this was left out.
    Lagged,
}

impl CronManager {
    /// What happens to all runs on all replicas, from now on: of this replica's within a tenth of a second, of the others' about a second late. It
    /// costs a read of the store each second, up to ten while much happens, and nothing when nobody watches.
    ///
    /// Nothing is missed but: a start whose end came before the next look; growth of a skipped row that 256 newer ones have
    /// followed; and, told by [`WatchEvent::Lagged`], what happened while the watcher was more than 10,000 rows behind. While the store does not answer, all is late.
    pub fn watch(&self) -> impl Stream<Item = WatchEvent> + Send + use<> {
        let (activity, replica) = (self.replica.activity(), Arc::clone(&self.replica));
        let watcher = Watcher { activity, replica, looked_at: Duration::ZERO, view: None };
        stream::unfold((watcher, VecDeque::new()), |(mut watcher, mut ready)| async {
            loop {
                if let Some(event) = ready.pop_front() {
                    return Some((event, (watcher, ready)));
                }
                ready.extend(watcher.next().await);
            }
        })
    }
}

struct Watcher {
    replica: Arc<Replica>,
    activity: Receiver<Activity>,
    looked_at: Duration,
    /// None: nothing was read yet, or the watcher has lost the thread.
    view: Option<View>,
}

/// What a watcher knows of the newest rows.
#[derive(Default)]
struct View {
    newest: RunId,
    /// Rows that are live, or were skipped lately: their state, and how many ticks they stand for.
    known: BTreeMap<RunId, (RunState, u64)>,
    skipped: VecDeque<RunId>,
    /// Ids that were passed over, and for how many looks they are still expected.
    missing: BTreeMap<RunId, u8>,
}

impl Watcher {
    /// The events of the next look; none when it saw nothing, and something may have happened since.
    async fn next(&mut self) -> Vec<WatchEvent> {
        let clock = Arc::clone(self.replica.clock());
        clock.sleep_until(self.looked_at + LEAST).await;
        self.looked_at = clock.elapsed();
        // The waits begin before the look, so that nothing falls in between.
        let nudged = self.replica.signal().nudged();
        self.activity = self.activity.resubscribe();
        match self.look().await {
            Ok(events) if !events.is_empty() => return events,
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "the newest runs could not be read"),
        }
        tokio::select! {
            biased;
            _ = self.activity.recv() => {}
            () = nudged => {}
            () = clock.sleep_until(self.looked_at + MOST) => {}
        }
        Vec::new()
    }

    async fn look(&mut self) -> Result<Vec<WatchEvent>> {
        let store = Arc::clone(self.replica.store());
        let Some(view) = &mut self.view else {
            self.view = Some(self.begin().await?);
            return Ok(Vec::new());
        };
        let rows = store.runs_after(view.newest, BATCH, &view.asked()).await?;
        let is_full = rows.iter().filter(|run| run.id > view.newest).count() == BATCH;
        if is_full {
            let newest = store.runs(&RunQuery { limit: 1, ..RunQuery::default() }).await?;
            let behind = newest.first().map_or(0, |run| run.id.0 - view.newest.0);
            if behind > BEHIND as i64 {
                self.view = Some(self.begin().await?);
                return Ok(vec![WatchEvent::Lagged]);
            }
        }
        let mut events = view.learn(rows);
        if view.forget() {
            events.push(WatchEvent::Lagged);
        }
        Ok(events)
    }

    /// The rows that are live now: of these, only what comes is told.
    async fn begin(&self) -> Result<View> {
        let store = self.replica.store();
        let newest = store.runs(&RunQuery { limit: 1, ..RunQuery::default() }).await?;
        let mut view = View { newest: newest.first().map_or(RunId(0), |run| run.id), ..View::default() };
        for state in [RunState::Pending, RunState::Running] {
            let live = RunQuery { state: Some(state), limit: BEHIND, ..RunQuery::default() };
            let live = store.runs(&live).await?.into_iter().filter(|run| run.id <= view.newest);
            view.known.extend(live.map(|run| (run.id, (run.state, run.count))));
        }
        Ok(view)
    }
}

impl View {
    fn asked(&self) -> Vec<RunId> {
        self.known.keys().chain(self.missing.keys()).copied().collect()
    }

    fn learn(&mut self, mut rows: Vec<CronRun>) -> Vec<WatchEvent> {
        rows.sort_unstable_by_key(|run| run.id);
        self.missing.retain(|_, looks| {
            *looks -= 1;
            *looks > 0
        });
        rows.into_iter().filter_map(|run| self.learn_run(run)).collect()
    }

    fn learn_run(&mut self, run: CronRun) -> Option<WatchEvent> {
        if run.id > self.newest {
            let passed = (self.newest.0 + 1).max(run.id.0 - BATCH as i64)..run.id.0;
            self.missing.extend(passed.map(|id| (RunId(id), LATE)));
            self.newest = run.id;
        }
        self.missing.remove(&run.id);
        let now = (run.state, run.count);
        let before = self.known.insert(run.id, now);
        if before == Some(now) {
            return None;
        }
        match run.state {
            RunState::Pending => None,
            RunState::Running => Some(WatchEvent::Started(Box::new(run))),
            RunState::Skipped => {
                if before.is_none_or(|(state, _)| state != RunState::Skipped) {
                    self.skipped.push_back(run.id);
                }
                Some(WatchEvent::Skipped(Box::new(run)))
            }
            _ => {
                self.known.remove(&run.id);
                Some(WatchEvent::Ended(Box::new(run)))
            }
        }
    }

    /// Keeps what is in view small. Whether live rows were lost from it.
    fn forget(&mut self) -> bool {
        while self.skipped.len() > GROWING {
            if let Some(id) = self.skipped.pop_front() {
                self.known.remove(&id);
            }
        }
        while self.missing.len() > BATCH {
            self.missing.pop_first();
        }
        let has_lost = self.known.len() > BEHIND;
        while self.known.len() > BEHIND {
            self.known.pop_first();
        }
        has_lost
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{
        CronConfigFields, SkipReason,
        domain::ledger::{Page, Place},
    };

    /// A row that stands for so many skipped ticks.
    fn skipped(id: i64, count: u64) -> CronRun {
        let now = Timestamp::UNIX_EPOCH;
        let config = CronConfigFields::named("j").create(now).unwrap();
        let mut page = Page::new(now, config, Place::begun(now), Vec::new());
        page.record_skipped(SkipReason::Overlap, now, now, count);
        let run = page.runs().next().unwrap().clone();
        CronRun { id: RunId(id), ..run }
    }

    fn told(events: &[WatchEvent]) -> Vec<(i64, u64)> {
        let row = |event: &WatchEvent| match event {
            WatchEvent::Skipped(run) => Some((run.id.0, run.count)),
            _ => None,
        };
        events.iter().filter_map(row).collect()
    }

    #[test]
    fn a_row_that_was_written_at_the_same_time_as_others_and_shows_up_later_is_told() {
        let mut view = View { newest: RunId(4), ..View::default() };
        assert_eq!(told(&view.learn(vec![skipped(7, 1), skipped(5, 1)])), [(5, 1), (7, 1)]);
        assert!(view.asked().contains(&RunId(6)));
        assert_eq!(told(&view.learn(vec![skipped(6, 1), skipped(5, 2)])), [(5, 2), (6, 1)]);
        assert_eq!(view.asked(), [RunId(5), RunId(6), RunId(7)], "they may grow");
        assert!(view.learn(vec![skipped(6, 1)]).is_empty());
        view.learn(vec![skipped(9, 1)]);
        for _ in 0..=LATE {
            view.learn(Vec::new());
        }
        assert!(!view.asked().contains(&RunId(8)), "a sequence has gaps, too");
    }

    #[test]
    fn what_is_in_view_stays_small() {
        let mut view = View::default();
        view.learn((1..=1_000).map(|id| skipped(id * 3, 1)).collect());
        assert!(!view.forget());
        assert_eq!((view.known.len(), view.missing.len()), (GROWING, BATCH));
        assert_eq!(view.newest, RunId(3_000));
    }
}
