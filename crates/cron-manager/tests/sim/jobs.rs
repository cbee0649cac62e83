//! The jobs of the simulated service: when they are due, and what they do.

use std::{sync::Arc, time::Duration};

use cron_manager::{
    ActiveRun, Author, BlackoutFields, CalendarFields, CronConfigFields, IntoHandler, LockPolicy,
    contracts::{Clock, Store},
    scheduler::Replica,
};
use serde_json::json;

use crate::{
    executor::{Machine, SimClock, true_time},
    world::{World, at_once},
};

/// The jobs whose lock outsiders take, too.
pub(crate) const OUTSIDERS_JOBS: [&str; 2] = ["job-0", "job-1"];
/// The calendars that jobs name.
pub(crate) const CALENDARS: [&str; 2] = ["often", "seldom"];
/// The job that foreign timers call for.
pub(crate) const CALLED: &str = "called";

impl World {
    pub(crate) fn create_configs(&mut self) {
        for name in CALENDARS {
            let calendar = self.blackouts(CalendarFields::named(name)).create(jiff::Timestamp::UNIX_EPOCH).unwrap();
            at_once(self.store.create_calendar(calendar, &Author::code()));
        }
        for at in 0..4 + self.random.below(4) {
            let name = format!("job-{at}");
            let fields = self.schedule(self.policy(CronConfigFields::named(&name).enabled(self.random.chance(0.9))));
            let fields = fields.context(self.context());
            let config = fields.create(jiff::Timestamp::UNIX_EPOCH).unwrap();
            at_once(self.store.create(config, &Author::code()));
            self.names.push(name);
        }
        let called = CronConfigFields { external: Some(true), ..CronConfigFields::named(CALLED).enabled(true) };
        let called = self.policy(called.every(Duration::from_secs(self.random.pick(&[1, 2, 5, 70]))));
        at_once(
            self.store
                .create(called.context(self.context()).create(jiff::Timestamp::UNIX_EPOCH).unwrap(), &Author::code()),
        );
        self.names.push(CALLED.into());
    }

    /// A timer of the service's own, in each process: it fires early and late.
    pub(crate) fn start_timer(&self, machine: Machine, replica: &Arc<Replica>, clock: SimClock) {
        let (replica, random) = (Arc::clone(replica), self.random.fork());
        let handler: Arc<dyn cron_manager::Handler> = Arc::new(self.handler(clock.clone()));
        self.executor.spawn_on(machine, async move {
            loop {
                clock.sleep_until(clock.elapsed() + random.millis(300..3_000)).await;
                // What becomes of it, the ledger shows.
                let _ = replica.call(CALLED.parse().unwrap(), Arc::clone(&handler)).await;
            }
        });
    }

    /// Some jobs run on every replica.
    pub(crate) fn context(&self) -> serde_json::Value {
        json!({"distributed": self.random.chance(0.7), "ttl": self.random.pick(&[1, 2, 5, 10, 30])})
    }

    pub(crate) fn schedule(&self, fields: CronConfigFields) -> CronConfigFields {
        match self.random.below(6) {
            0 => fields.cron("* * * * * *", "UTC"),
            1 => fields.cron("*/3 * * * * *", "UTC"),
            2 => fields.cron("*/15 * * * * *", "Europe/Berlin"),
            3 => fields.cron("* * * * *", "UTC"),
            4 => fields.every(Duration::from_secs(2)),
            _ => fields.every(Duration::from_secs(7)),
        }
    }

    pub(crate) fn policy(&self, fields: CronConfigFields) -> CronConfigFields {
        let seconds = |choices: &[u64]| Some(Duration::from_secs(self.random.pick(choices)));
        CronConfigFields {
            catch_up: Some(self.random.pick(&[cron_manager::CatchUp::Latest, cron_manager::CatchUp::None])),
            start_deadline: seconds(&[0, 0, 2, 30]),
            timeout: seconds(&[0, 0, 3]),
            jitter: seconds(&[0, 0, 1, 5]),
            lock: Some(self.random.pick(&[LockPolicy::Prefer, LockPolicy::Require])),
            lock_at_least_for: seconds(&[0, 0, 3]),
            calendars: Some(
                self.random
                    .pick::<&[&str]>(&[&[], &[], &CALENDARS[..1], &CALENDARS])
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
            ),
            ..fields
        }
    }

    /// Some blackouts of minutes, once and over and over.
    pub(crate) fn blackouts(&self, fields: CalendarFields) -> CalendarFields {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        let from = true_time(self.executor.now() + self.random.millis(0..120_000));
        let to = from + self.random.millis(1_000..90_000);
        let local = |instant: jiff::Timestamp| instant.strftime("%Y-%m-%dT%H:%M:%S").to_string();
        let once = BlackoutFields::once(local(from), local(to));
        let often = self.random.pick(&["*/3 * * * *", "30 */2 * * * *", "15 */5 * * * *"]);
        let recurring = BlackoutFields::recurring(often, self.random.pick(&[minutes(1), minutes(2)]));
        match self.random.below(3) {
            0 => fields.blackouts([]),
            1 => fields.blackouts([once]),
            _ => fields.blackouts([once, recurring]),
        }
    }

    /// Acts some times, as a job that writes to a resource, and returns its fence; or fails, panics, or goes on and on.
    pub(crate) fn handler(&self, clock: SimClock) -> impl cron_manager::Handler + use<> {
        let (judge, random, lock) = (self.judge.clone(), self.random.fork(), self.lock.clone());
        let handler = async move |active: ActiveRun| {
            let (run, config) = (active.run().clone(), active.config());
            judge.started(&run);
            if config.policy.lock == LockPolicy::Require && config.is_distributed() && run.lane.is_none() {
                judge.started_under_lock(&run, lock.is_with_outsider(&run.name));
            }
            let steps = random.pick(&[0, 0, 1, 3, 20]);
            for _ in 0..steps {
                clock.sleep_until(clock.elapsed() + random.millis(1..1_500)).await;
                judge.effect(&run);
            }
            match random.below(20) {
                0 => Err("failed, as jobs do".to_owned()),
                1 => std::panic::resume_unwind(Box::new("panicked, as jobs do")),
                _ => Ok(run.fence.0),
            }
        };
        handler.into_handler()
    }
}
