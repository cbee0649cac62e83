//! Follow: what one run logs and how far it has come, as it happens.

use std::{collections::VecDeque, future::pending, sync::Arc, time::Duration};

use futures_util::{Stream, stream};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::CronManager;
use crate::{
    ActiveRun, CronRun, Error, ErrorKind, Fence, LogPart, ProgressReport, Result, RunId, RunOutput, RunState,
    scheduler::{Activity, Replica},
};

/// How long nothing is asked of the store after an answer, at the least and at the most.
const LEAST: Duration = Duration::from_millis(100);
const MOST: Duration = Duration::from_secs(1);

/// What is new of a run that is followed.
#[derive(Clone, Debug, PartialEq)]
pub enum RunUpdate {
    /// Its row: first of all as it stands, then whenever its state has changed. A terminal one is the last update.
    State(Box<CronRun>),
    /// What it logged since. Where the part does not begin at the end of the one before, what lies between was dropped.
    Log(LogPart),
    /// How far it says it has come.
    Progress(ProgressReport),
}

impl CronManager {
    /// Follows a run on any replica, from its log so far to its end: without delay when it is live here, otherwise about a second late.
    /// Of a log that is longer than [`Log::LIMIT`](crate::Log::LIMIT) characters, the newest part is given. A run that has ended gives its log and its row.
    ///
    /// Errors: not found, after which the stream ends; unavailable, after which it goes on.
    pub fn follow(&self, id: RunId) -> impl Stream<Item = Result<RunUpdate>> + Send + use<> {
        let follower = Follower {
            activity: self.replica.activity(),
            replica: Arc::clone(&self.replica),
            id,
            shown: None,
            position: 0,
            progress: None,
            ready: VecDeque::new(),
            has_left: false,
            is_over: false,
        };
        stream::unfold(follower, |mut follower| async {
            let update = follower.next().await?;
            Some((update, follower))
        })
    }
}

struct Follower {
    replica: Arc<Replica>,
    activity: Receiver<Activity>,
    id: RunId,
    /// The state that was given last, and under which claim.
    shown: Option<(RunState, Fence)>,
    position: u64,
    progress: Option<ProgressReport>,
    ready: VecDeque<RunUpdate>,
    /// It has ended here: the store has the rest.
    has_left: bool,
    is_over: bool,
}

impl Follower {
    async fn next(&mut self) -> Option<Result<RunUpdate>> {
        loop {
            if let Some(update) = self.ready.pop_front() {
                return Some(Ok(update));
            }
            if self.is_over {
                return None;
            }
            // Both waits begin before the look, so that nothing falls in between.
            let nudged = self.replica.signal().nudged();
            let live = self.replica.active_run(self.id).filter(|_| !self.has_left);
            let changes = live.as_ref().map(ActiveRun::output_changes);
            let looked = match &live {
                Some(live) => {
                    self.learn(live.run().clone(), live.output(self.position));
                    Ok(())
                }
                None => self.look().await,
            };
            if let Err(error) = looked {
                self.is_over = error.kind() == ErrorKind::NotFound;
                if !self.is_over {
                    self.sleep(MOST).await;
                }
                return Some(Err(error));
            }
            if !self.ready.is_empty() || self.is_over {
                continue;
            }
            let (clock, replica) = (Arc::clone(self.replica.clock()), Arc::clone(&self.replica));
            let asked = clock.elapsed();
            let changed = async {
                match changes {
                    Some(mut changes) => changes.next().await,
                    None => pending().await,
                }
            };
            tokio::select! {
                biased;
                () = changed => continue,
                () = self.told() => continue,
                () = nudged, if live.is_none() => {}
                () = clock.sleep_until(asked + MOST) => {}
            }
            // However often others nudge.
            replica.clock().sleep_until(asked + LEAST).await;
        }
    }

    /// Reads the row, and then what there is to see of it: so a run that has ended is seen whole.
    async fn look(&mut self) -> Result<()> {
        let store = Arc::clone(self.replica.store());
        let run = store.run(self.id).await?.ok_or_else(|| Error::not_found(format!("run {}", self.id)))?;
        let output = store.output(self.id, self.position).await?;
        self.learn(run, output);
        Ok(())
    }

    fn learn(&mut self, run: CronRun, output: RunOutput) {
        self.is_over = run.state.is_terminal();
        let state = (self.shown != Some((run.state, run.fence))).then(|| {
            self.shown = Some((run.state, run.fence));
            RunUpdate::State(Box::new(run))
        });
        let (first, last) = if self.is_over { (None, state) } else { (state, None) };
        self.ready.extend(first);
        if !output.log.text.is_empty() {
            self.position = output.log.end();
            self.ready.push_back(RunUpdate::Log(output.log));
        }
        if let Some(progress) = output.progress.filter(|progress| self.progress.as_ref() != Some(progress)) {
            self.progress = Some(progress.clone());
            self.ready.push_back(RunUpdate::Progress(progress));
        }
        self.ready.extend(last);
    }

    /// Ends when something happened to the run on this replica.
    async fn told(&mut self) {
        loop {
            let (id, is_over) = match self.activity.recv().await {
                Ok(Activity::Started(run)) => (run.id, false),
                Ok(Activity::Ended(run, _) | Activity::Skipped(run)) => (run.id, true),
                Err(RecvError::Lagged(_)) => return,
                Err(RecvError::Closed) => pending().await,
            };
            if id == self.id {
                self.has_left = is_over;
                return;
            }
        }
    }

    async fn sleep(&self, length: Duration) {
        let clock = self.replica.clock();
        clock.sleep_until(clock.elapsed() + length).await;
    }
}
