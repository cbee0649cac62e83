//! Turn: look, plan and claim what is due, wait; over and over.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{Replica, agenda::Agenda, replica::Phase};
use crate::{CronConfig, ErrorKind, PageId, Result, Stop};

/// The least wait after a turn that could not do what was due.
const STUCK: Duration = Duration::from_millis(20);
/// How long a page that the store refuses to plan is left out.
const PUT_OFF: Duration = Duration::from_secs(60);

/// What a replica's turns know.
struct Turns {
    agenda: Agenda,
    /// When to look at the store, whatever happens.
    next_look: Duration,
}

impl Replica {
    /// Takes turns until the replica stops. A turn that fails is one lost turn.
    pub(super) async fn take_turns(self: Arc<Self>) {
        let mut turns = self.new_turns();
        while !self.is_stopping() {
            // The wait begins before the look, so that no nudge falls in between.
            let nudged = self.signal.nudged();
            let wait = match self.turn(&mut turns).await {
                Ok(()) => self.wait(&turns),
                Err(error) => {
                    tracing::warn!(%error, "a turn was lost");
                    turns.next_look = Duration::ZERO;
                    self.jitter(self.tuning.retry_after)
                }
            };
            tokio::select! {
                biased;
                () = self.reached(Phase::Stopping) => {}
                () = nudged => turns.next_look = Duration::ZERO,
                () = self.run_ended.notified(), if turns.agenda.has_waiting() => {}
                () = self.clock.sleep_until(self.clock.elapsed() + wait) => {}
            }
        }
        self.phase.send_replace(Phase::Stopped);
    }

    fn new_turns(&self) -> Turns {
        let membership = *self.membership.lock();
        Turns { agenda: Agenda::new(membership.id, membership.since), next_look: Duration::ZERO }
    }

    async fn turn(self: &Arc<Self>, turns: &mut Turns) -> Result<()> {
        if !self.has_joined() {
            self.join().await?;
        }
        if turns.agenda.owner() != self.id() {
            *turns = self.new_turns();
        }
        turns.agenda.begin_turn();
        self.look(turns).await?;
        while !self.is_stopping() && !self.is_draining() {
            let room = self.room() > 0;
            let startable = |config: &CronConfig| room && self.can_run(config);
            let ids = turns.agenda.due(self.store_now(), self.tuning.batch, startable, &self.delay(room));
            if ids.is_empty() {
                break;
            }
            self.settle_batch(turns, &ids).await?;
        }
        Ok(())
    }

    /// Reads what a replica must know, when it is time to, or when other replicas should have seen to something by now.
    async fn look(&self, turns: &mut Turns) -> Result<()> {
        let now = self.store_now();
        let second_hand = turns.agenda.second_hand(now, &self.delay(self.room() > 0));
        if second_hand.is_empty() && self.clock.elapsed() < turns.next_look {
            return Ok(());
        }
        let look = self.store.look(turns.agenda.revision(), &second_hand).await?;
        self.store_time.observe(look.now, self.clock.elapsed());
        self.set_draining(look.draining.contains(&self.id()));
        self.learn_control(&look.control);
        let cancelled = look.cancelling.iter().filter_map(|hold| self.active.get(*hold));
        cancelled.for_each(|live| live.active.stop(Stop::Cancelled));
        let poll = if self.signal.is_live() { self.tuning.poll_every } else { self.tuning.poll_alone_every };
        turns.next_look = self.clock.elapsed() + self.jitter(poll);
        look.changed.iter().for_each(|standing| self.observer.configured(&standing.config));
        turns.agenda.learn(look);
        Ok(())
    }

    async fn settle_batch(self: &Arc<Self>, turns: &mut Turns, ids: &[PageId]) -> Result<()> {
        match self.settle(ids).await {
            Ok(pages) => {
                pages.iter().for_each(|page| turns.agenda.learn_page(page));
                // Locked by others, or no longer this replica's to plan.
                if pages.len() < ids.len() {
                    turns.next_look = Duration::ZERO;
                }
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::Unavailable => Err(error),
            Err(_) => self.settle_each(&mut turns.agenda, ids).await,
        }
    }

    /// One by one, after a batch was refused: what is wrong with one config must not stop the others.
    async fn settle_each(self: &Arc<Self>, agenda: &mut Agenda, ids: &[PageId]) -> Result<()> {
        for id in ids {
            match self.settle(&[*id]).await {
                Ok(pages) => pages.iter().for_each(|page| agenda.learn_page(page)),
                Err(error) if error.kind() == ErrorKind::Unavailable => return Err(error),
                Err(error) => {
                    tracing::error!(config_id = %id.config_id, %error, "a config cannot be planned; it is left out for a while");
                    agenda.put_off(*id, self.store_now() + PUT_OFF);
                }
            }
        }
        Ok(())
    }

    /// How long this replica leaves something to others.
    fn delay(&self, room: bool) -> impl Fn(&CronConfig, Timestamp) -> Duration + '_ {
        let me = self.id();
        move |config, at| {
            let share = self.share.read();
            let delay = share.delay(me, config, at);
            if room { delay } else { delay.max(share.without_room()) }
        }
    }

    fn store_now(&self) -> Timestamp {
        self.store_time.at(self.clock.elapsed())
    }

    /// How long nothing needs doing, as far as this replica knows.
    fn wait(&self, turns: &Turns) -> Duration {
        let elapsed = self.clock.elapsed();
        let poll = turns.next_look.saturating_sub(elapsed).max(STUCK);
        let now = self.store_time.at(elapsed);
        let next = turns.agenda.next_wake(now, &self.delay(self.room() > 0)).filter(|_| !self.is_draining());
        let Some(wake) = next else { return poll };
        if wake <= now {
            // Locked by another replica, or the store's clock is behind what was thought.
            return (wake - self.store_time.latest(elapsed)).try_into().unwrap_or(STUCK).clamp(STUCK, poll);
        }
        Duration::try_from(wake - now).unwrap_or(poll).min(poll)
    }
}
