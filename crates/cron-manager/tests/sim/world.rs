//! A service of some replicas on one store, its jobs, its users, and its bad luck.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use cron_manager::{
    CalendarFields, CalendarId, ControlFields, CronConfig, CronConfigFields, CronConfigId, CronManager, ErrorKind,
    PageId, PauseFields, RunState,
    backends::memory::{LocalSignal, MemoryLocker, MemoryStore},
    contracts::{Clock, ConfigQuery, RunQuery, Store},
    domain::ledger::Account,
    scheduler::{Parts, Replica, Tuning},
};
use futures_util::FutureExt;
use parking_lot::Mutex;

use crate::{
    executor::{Executor, Machine, SimClock, SimSpawn},
    faulty::{Faults, FaultyStore},
    jobs::{CALENDARS, CALLED, OUTSIDERS_JOBS},
    judge::{Judge, Verdict},
    judged::JudgedStore,
    locker::{FaultyLocker, SharedLock},
    random::Random,
};

/// How long faults go on, and how long the world then has to come to rest.
const TROUBLE: Duration = Duration::from_secs(600);
const REST: Duration = Duration::from_secs(240);
/// Users act from a machine that never fails.
const USERS: Machine = 1_000;

/// One simulation.
pub(crate) struct World {
    pub(crate) random: Random,
    pub(crate) executor: Executor,
    pub(crate) judge: Judge,
    pub(crate) store: Arc<JudgedStore>,
    pub(crate) lock: SharedLock,
    signal: LocalSignal,
    pub(crate) names: Vec<String>,
    replicas: Vec<Server>,
    pub(crate) faults: u64,
}

struct Server {
    machine: Machine,
    manager: CronManager,
    faults: Arc<Mutex<Faults>>,
    dead_until: Option<Duration>,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let random = Random::new(seed);
        let executor = Executor::new(random.fork());
        let judge = Judge::new(executor.clone());
        let clock = SimClock { executor: executor.clone(), skew: Duration::ZERO, drift: 0 };
        let lock = SharedLock::new(clock.clone());
        let store = JudgedStore { store: MemoryStore::shared(Arc::new(clock)), judge: judge.clone() };
        let mut world = Self {
            random,
            executor,
            judge,
            store: Arc::new(store),
            lock,
            signal: LocalSignal::default(),
            names: Vec::new(),
            replicas: Vec::new(),
            faults: 0,
        };
        world.create_configs();
        for machine in 0..3 + world.random.below(3) as usize {
            let server = world.boot(machine);
            world.replicas.push(server);
        }
        world
    }

    /// Lives through trouble, then rests, and is judged.
    pub(crate) fn run(mut self) -> (Verdict, u64) {
        while self.executor.now() < TROUBLE {
            let pause = self.random.millis(100..4_000);
            self.executor.run_until(self.executor.now() + pause);
            self.check_rescue();
            self.something_happens();
        }
        self.heal();
        self.executor.run_until(TROUBLE + REST);
        let (accounts, enabled) = self.accounts();
        self.check_rescue();
        (self.judge.conclude(&accounts, &enabled), self.faults)
    }

    /// Holds the replica that has lived in peace for longest to its duty.
    fn check_rescue(&self) {
        let tuning = tuning();
        // Two rescue periods, with their jitter, and the time that calls take.
        let within = tuning.rescue_grace + (tuning.rescue_every * 2).mul_f64(1.2) + Duration::from_secs(1);
        let alive = self.replicas.iter().filter(|server| server.dead_until.is_none());
        if let Some(peace) = alive.map(|server| server.faults.lock().last_trouble).min() {
            self.judge.check_rescue(peace, within);
        }
    }

    /// Starts a replica's process.
    fn boot(&self, machine: Machine) -> Server {
        // A pause does not outlive a process.
        self.executor.crash(machine);
        let drift = self.random.below(10_000) as i64 - 5_000;
        let skew = self.random.millis(0..300_000);
        let clock = SimClock { executor: self.executor.clone(), skew, drift };
        let last_trouble = self.executor.now();
        let faults = Faults { before: 0.01, after: 0.01, slow: 0.01, last_trouble, ..Faults::default() };
        let faults = Arc::new(Mutex::new(faults));
        let store = FaultyStore {
            store: Arc::clone(&self.store),
            clock: clock.clone(),
            random: self.random.fork(),
            faults: Arc::clone(&faults),
        };
        let locker = FaultyLocker { lock: self.lock.clone(), clock: clock.clone(), random: self.random.fork() };
        let parts = Parts {
            store: Arc::new(store),
            locker: Arc::new(locker),
            signal: Arc::new(self.signal.clone()),
            clock: Arc::new(clock.clone()),
            randomness: Arc::new(self.random.fork()),
            spawn: Arc::new(SimSpawn { executor: self.executor.clone(), machine }),
            version: String::new(),
            host: format!("machine-{machine}"),
            on: true,
            services: Arc::default(),
            observer: Arc::new(()),
            runners: Default::default(),
            sealer: None,
        };
        let replica = Replica::new(parts, tuning());
        for name in self.names.iter().filter(|name| *name != CALLED) {
            // Some replicas lack some handlers, as in a rolling deploy.
            if self.random.chance(0.9) {
                let handler = self.handler(clock.clone());
                replica.register(name.parse().unwrap(), Arc::new(handler));
            }
        }
        replica.start();
        self.start_timer(machine, &replica, clock.clone());
        Server { machine, manager: CronManager::new(replica), faults, dead_until: None }
    }

    fn something_happens(&mut self) {
        let at = self.random.below(self.replicas.len() as u64) as usize;
        self.reboot();
        self.faults += 1;
        match self.random.below(18) {
            10 | 11 => self.outsider(),
            12 => self.lock.go_away(self.executor.now() + self.random.millis(100..20_000)),
            0 => self.crash(at),
            1 | 2 => self.pause(at),
            3 => self.cut_off(at, 30_000),
            4 => (0..self.replicas.len()).for_each(|at| self.cut_off(at, 20_000)),
            5 => self.shut_down(at),
            6 | 7 => self.edit(),
            8 => self.trigger(),
            14 => self.switch_off(),
            15 => self.pause_config(),
            16 => self.cancel(),
            9 => self.change_calendar(),
            _ => self.change_luck(at),
        }
    }

    fn crash(&mut self, at: usize) {
        let back = self.executor.now() + self.random.millis(100..90_000);
        let server = &mut self.replicas[at];
        if server.dead_until.is_none() {
            self.executor.crash(server.machine);
            self.judge.died(server.manager.replica_id());
            server.dead_until = Some(back);
        }
    }

    /// Somebody who shares nothing but the lock runs a job of the same name, or ends it.
    fn outsider(&self) {
        self.lock.outsider(self.random.pick(&OUTSIDERS_JOBS), self.random.millis(500..60_000));
    }

    fn pause(&self, at: usize) {
        let length = self.random.millis(200..60_000);
        self.executor.pause(self.replicas[at].machine, length);
        self.replicas[at].faults.lock().trouble_until(self.executor.now() + length);
    }

    fn reboot(&mut self) {
        for at in 0..self.replicas.len() {
            if self.replicas[at].dead_until.is_some_and(|until| until <= self.executor.now()) {
                self.replicas[at] = self.boot(self.replicas[at].machine);
            }
        }
    }

    fn cut_off(&self, at: usize, most: u64) {
        let until = self.executor.now() + self.random.millis(100..most);
        let mut faults = self.replicas[at].faults.lock();
        faults.cut_off_until = until;
        faults.trouble_until(until);
    }

    fn change_luck(&self, at: usize) {
        let mut faults = self.replicas[at].faults.lock();
        faults.before = self.random.pick(&[0.0, 0.01, 0.2]);
        faults.after = self.random.pick(&[0.0, 0.01, 0.2]);
        faults.slow = self.random.pick(&[0.0, 0.01, 0.2]);
    }

    /// A deploy: the process is told to stop, and a new one comes soon.
    fn shut_down(&mut self, at: usize) {
        let back = self.executor.now() + self.random.millis(12_000..40_000);
        let grace = self.random.millis(0..8_000);
        let server = &mut self.replicas[at];
        if server.dead_until.is_none() {
            let (manager, judge, executor) = (server.manager.clone(), self.judge.clone(), self.executor.clone());
            let machine = server.machine;
            server.faults.lock().trouble_until(back);
            self.executor.spawn_on(machine, async move { manager.shutdown(grace).await });
            self.executor.run_until(back);
            executor.crash(machine);
            judge.died(self.replicas[at].manager.replica_id());
            self.replicas[at].dead_until = Some(back);
        }
    }

    /// A user reads a config and changes it, while others may do the same.
    fn edit(&self) {
        let users = 1 + self.random.below(3);
        let id = CronConfigId(1 + self.random.below(self.names.len() as u64) as i32);
        for _ in 0..users {
            let manager = self.user();
            let fields = match self.random.below(4) {
                0 => CronConfigFields::default().enabled(self.random.chance(0.7)),
                3 => CronConfigFields::default().context(self.context()),
                1 => self.policy(CronConfigFields::default()),
                _ => self.schedule(CronConfigFields::default()),
            };
            let (judge, clock) = (self.judge.clone(), self.user_clock());
            let think = self.random.millis(0..50);
            self.executor.spawn_on(USERS, async move {
                let config: CronConfig = manager.cron_config(id).await.unwrap();
                clock.sleep_until(clock.elapsed() + think).await;
                match manager.update_cron_config(id, &fields, Some(config.version)).await {
                    Ok(changed) if changed.version > config.version => judge.edited(id, config.version),
                    Ok(_) => {}
                    Err(error) => {
                        assert!(matches!(error.kind(), ErrorKind::Conflict | ErrorKind::Unavailable), "{error}")
                    }
                }
            });
        }
    }

    fn trigger(&self) {
        let id = CronConfigId(1 + self.random.below(self.names.len() as u64) as i32);
        let manager = self.user();
        self.executor.spawn_on(USERS, async move {
            // A disabled config refuses; the ledger shows the rest.
            let _ = manager.trigger(id).await;
        });
    }

    /// A user cancels a run that waits or runs, which may have ended by then.
    fn cancel(&self) {
        let state = Some(self.random.pick(&[RunState::Pending, RunState::Running]));
        let runs = at_once(self.store.runs(&RunQuery { state, limit: 10, ..RunQuery::default() }));
        let Some(run) = runs.get(self.random.below(10) as usize).or(runs.first()) else { return };
        let (manager, id) = (self.user(), run.id);
        self.executor.spawn_on(USERS, async move {
            if let Err(error) = manager.cancel(id).await {
                assert_eq!(error.kind(), ErrorKind::FailedPrecondition, "{error}");
            }
        });
    }

    /// A user switches all jobs off for a while.
    fn switch_off(&self) {
        let (manager, clock, length) = (self.user(), self.user_clock(), self.random.millis(1..20_000));
        self.executor.spawn_on(USERS, async move {
            for on in [false, true] {
                manager.update_control(&ControlFields::enabled(on), None).await.unwrap();
                clock.sleep_until(clock.elapsed() + length).await;
            }
        });
    }

    /// A user pauses a config, which then ends by itself, or is resumed.
    fn pause_config(&self) {
        let id = CronConfigId(1 + self.random.below(self.names.len() as u64) as i32);
        let (manager, clock, length) = (self.user(), self.user_clock(), self.random.millis(1_000..20_000));
        let ends = self.random.chance(0.5).then(|| clock.now() + length);
        let fields = PauseFields { until: ends, ..PauseFields::default() };
        self.executor.spawn_on(USERS, async move {
            manager.pause(id, &fields, None).await.unwrap();
            clock.sleep_until(clock.elapsed() + length).await;
            if fields.until.is_none() {
                manager.resume(id, None).await.unwrap();
            }
        });
    }

    /// A user writes other blackouts into a calendar.
    fn change_calendar(&self) {
        let (manager, fields) = (self.user(), self.blackouts(CalendarFields::default()));
        let id = CalendarId(1 + self.random.below(CALENDARS.len() as u64) as i32);
        self.executor.spawn_on(USERS, async move {
            manager.update_calendar(id, &fields, None).await.unwrap();
        });
    }

    fn user_clock(&self) -> SimClock {
        SimClock { executor: self.executor.clone(), skew: Duration::ZERO, drift: 0 }
    }

    fn user(&self) -> CronManager {
        let store = FaultyStore {
            store: Arc::clone(&self.store),
            clock: self.user_clock(),
            random: self.random.fork(),
            faults: Arc::default(),
        };
        let parts = Parts {
            store: Arc::new(store),
            locker: Arc::new(MemoryLocker::new(Arc::new(self.user_clock()))),
            signal: Arc::new(self.signal.clone()),
            clock: Arc::new(self.user_clock()),
            randomness: Arc::new(self.random.fork()),
            spawn: Arc::new(SimSpawn { executor: self.executor.clone(), machine: USERS }),
            version: String::new(),
            host: "users".into(),
            on: true,
            services: Arc::default(),
            observer: Arc::new(()),
            runners: Default::default(),
            sealer: None,
        };
        CronManager::new(Replica::new(parts, tuning()))
    }

    /// No more faults; all replicas come back.
    fn heal(&mut self) {
        for at in 0..self.replicas.len() {
            let last_trouble = self.replicas[at].faults.lock().last_trouble;
            *self.replicas[at].faults.lock() = Faults { last_trouble, ..Faults::default() };
            if self.replicas[at].dead_until.is_some() {
                self.replicas[at] = self.boot(self.replicas[at].machine);
                *self.replicas[at].faults.lock() = Faults { last_trouble: self.executor.now(), ..Faults::default() };
            }
        }
    }

    /// What the ledger says about each page, and the pages on which ticks must be accounted for in the end.
    fn accounts(&self) -> (Vec<Account>, BTreeSet<PageId>) {
        let query = ConfigQuery { limit: 1_000, show_deleted: true, ..ConfigQuery::default() };
        let configs: Vec<CronConfig> = at_once(self.store.configs(&query));
        let accounts = configs.iter().flat_map(|config| at_once(self.store.accounts(config.id))).collect();
        let lanes = |distributed: bool| -> Vec<_> {
            let living = self.replicas.iter().map(|server| Some(server.manager.replica_id()));
            if distributed { vec![None] } else { living.collect() }
        };
        let enabled = configs.iter().filter(|config| config.enabled).flat_map(|config| {
            let lanes = lanes(config.is_distributed());
            lanes.into_iter().map(|lane| PageId { config_id: config.id, lane })
        });
        (accounts, enabled.collect())
    }
}

fn tuning() -> Tuning {
    Tuning {
        rescue_every: Duration::from_secs(5),
        rescue_grace: Duration::from_secs(3),
        batch: 4,
        concurrency: 4,
        ..Tuning::default()
    }
}

/// The judged store never waits and never fails by itself.
pub(crate) fn at_once<T>(future: impl Future<Output = cron_manager::Result<T>>) -> T {
    future.now_or_never().unwrap().unwrap()
}
