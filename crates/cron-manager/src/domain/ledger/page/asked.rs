//! The ways to write down what somebody asks for.

use jiff::Timestamp;

use super::Page;
use crate::{Context, CronRun, Hold, RunKind, domain::LAST};

impl Page {
    /// Writes a pending run that somebody asked for.
    pub fn record_manual(&mut self, request_id: String) -> usize {
        let run = self.new_run(RunKind::Manual, self.asked_at());
        self.insert(CronRun { request_id: Some(request_id), start_deadline: self.deadline_from_now(), ..run })
    }

    /// Writes a pending run that repeats `of`: its tick anew as `attempt`, where that is a tick of this page; else a run of its own, with the
    /// same context.
    pub fn record_retry(&mut self, of: &CronRun, attempt: u32, request_id: String) -> usize {
        let run = match of.kind {
            RunKind::Tick if of.page_id() == self.id() && self.has_ticks() => {
                CronRun { attempt, ..self.new_run(RunKind::Tick, of.due_at) }
            }
            RunKind::Backfill => self.new_run(RunKind::Backfill, of.due_at),
            RunKind::Tick | RunKind::Manual => self.new_run(RunKind::Manual, self.asked_at()),
        };
        let (retry_of, context) = (Some(of.id), of.context.clone());
        let (start_after, start_deadline) = (self.now.max(run.due_at), self.deadline_from_now());
        self.insert(CronRun { request_id: Some(request_id), retry_of, context, start_after, start_deadline, ..run })
    }

    /// Writes a pending run for an instant of the schedule that lies in the past. It waits for as long as it takes.
    pub fn record_backfill(&mut self, due_at: Timestamp, request_id: String) -> usize {
        let run = self.new_run(RunKind::Backfill, due_at);
        self.insert(CronRun { request_id: Some(request_id), start_deadline: LAST, ..run })
    }

    /// Gives a run that was just written a context of its own.
    pub fn give_context(&mut self, place: usize, context: Context) {
        self.rows[place].run.context = Some(context);
    }

    /// Asks for the running run to be cancelled: its replica tells the handler to stop.
    pub fn cancel(&mut self, hold: Hold) -> bool {
        let held = self.held(hold);
        if let Some(place) = held.filter(|place| !self.row(*place).cancelling) {
            self.change(place).cancelling = true;
        }
        held.is_some()
    }

    /// The second in which something is asked for.
    fn asked_at(&self) -> Timestamp {
        Timestamp::from_second(self.now.as_second()).unwrap_or(self.now)
    }

    /// The start deadline of what is asked for: its time counts from now, not from the second before.
    fn deadline_from_now(&self) -> Timestamp {
        let asked_at = self.asked_at();
        let deadline = self.config.start_deadline(asked_at).checked_add(self.now - asked_at);
        deadline.map_or(LAST, |deadline| deadline.min(LAST))
    }
}
