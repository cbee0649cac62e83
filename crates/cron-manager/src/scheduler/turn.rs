//! Turn: look, plan and claim what is due, wait; over and over.

use std::{sync::Arc, time::Duration};

use super::{Replica, agenda::Agenda, replica::Phase};
use crate::{CronConfigId, ErrorKind, Result};

/// The least wait after a turn that could not do what was due.
const STUCK: Duration = Duration::from_millis(20);
/// How long a config that the store refuses to plan is left out.
const PUT_OFF: Duration = Duration::from_secs(60);

impl Replica {
    /// Takes turns until the replica stops. A turn that fails is one lost turn.
    pub(super) async fn take_turns(self: Arc<Self>) {
        let mut agenda = Agenda::default();
        while !self.is_stopping() {
            // The wait begins before the look, so that no nudge falls in between.
            let nudged = self.signal.nudged();
            let wait = match self.turn(&mut agenda).await {
                Ok(()) => self.wait(&agenda),
                Err(error) => {
                    tracing::warn!(%error, "a turn was lost");
                    self.jitter(self.tuning.retry_after)
                }
            };
            tokio::select! {
                biased;
                () = self.reached(Phase::Stopping) => {}
                () = nudged => {}
                () = self.run_ended.notified(), if agenda.has_waiting() => {}
                () = self.clock.sleep_until(self.clock.elapsed() + wait) => {}
            }
        }
        self.phase.send_replace(Phase::Stopped);
    }

    async fn turn(self: &Arc<Self>, agenda: &mut Agenda) -> Result<()> {
        let look = self.store.look(agenda.revision()).await?;
        self.store_time.observe(look.now, self.clock.elapsed());
        agenda.learn(look);
        while !self.is_stopping() {
            let now = self.store_time.at(self.clock.elapsed());
            let room = self.room() > 0;
            let ids = agenda.due(now, self.tuning.batch, |name| room && self.handles(name));
            if ids.is_empty() {
                break;
            }
            match self.settle(&ids).await {
                Ok(pages) => pages.iter().for_each(|page| agenda.learn_page(page)),
                Err(error) if error.kind() == ErrorKind::Unavailable => return Err(error),
                Err(_) => self.settle_each(agenda, &ids).await?,
            }
        }
        Ok(())
    }

    /// One by one, after a batch was refused: what is wrong with one config must not stop the others.
    async fn settle_each(self: &Arc<Self>, agenda: &mut Agenda, ids: &[CronConfigId]) -> Result<()> {
        for id in ids {
            match self.settle(&[*id]).await {
                Ok(pages) => pages.iter().for_each(|page| agenda.learn_page(page)),
                Err(error) if error.kind() == ErrorKind::Unavailable => return Err(error),
                Err(error) => {
                    tracing::error!(config_id = %id, %error, "a config cannot be planned; it is left out for a while");
                    agenda.put_off(*id, self.store_time.at(self.clock.elapsed()) + PUT_OFF);
                }
            }
        }
        Ok(())
    }

    /// How long nothing needs doing, as far as this replica knows.
    fn wait(&self, agenda: &Agenda) -> Duration {
        let elapsed = self.clock.elapsed();
        let poll = self.jitter(self.tuning.poll_every);
        let now = self.store_time.at(elapsed);
        let Some(wake) = agenda.next_wake(now) else { return poll };
        if wake <= now {
            // Locked by another replica, or the store's clock is behind what was thought.
            return (wake - self.store_time.latest(elapsed)).try_into().unwrap_or(STUCK).clamp(STUCK, poll);
        }
        Duration::try_from(wake - now).unwrap_or(poll).min(poll)
    }
}
