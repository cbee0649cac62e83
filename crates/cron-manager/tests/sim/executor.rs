//! One thread, a random order of all that is ready, and a time that jumps to the next timer.

use std::{
    collections::{BTreeMap, HashMap},
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use cron_manager::contracts::{BoxFuture, Clock, Spawn};
use jiff::Timestamp;
use parking_lot::Mutex;

use crate::random::Random;

/// Which machine a task runs on: machines crash and pause as one.
pub(crate) type Machine = usize;

/// The simulated world's time and tasks. Clones are the same world.
#[derive(Clone)]
pub(crate) struct Executor(Arc<Mutex<World>>);

struct World {
    now: Duration,
    random: Random,
    tasks: BTreeMap<u64, Task>,
    next_id: u64,
    timers: BTreeMap<(Duration, u64), Waker>,
    paused: HashMap<Machine, Duration>,
    ready: Arc<Mutex<Vec<u64>>>,
}

struct Task {
    machine: Machine,
    future: Option<BoxFuture<()>>,
}

struct TaskWaker {
    id: u64,
    ready: Arc<Mutex<Vec<u64>>>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        let mut ready = self.ready.lock();
        if !ready.contains(&self.id) {
            ready.push(self.id);
        }
    }
}

impl Executor {
    pub(crate) fn new(random: Random) -> Self {
        Self(Arc::new(Mutex::new(World {
            now: Duration::ZERO,
            random,
            tasks: BTreeMap::new(),
            next_id: 0,
            timers: BTreeMap::new(),
            paused: HashMap::new(),
            ready: Arc::default(),
        })))
    }

    /// True time since the beginning.
    pub(crate) fn now(&self) -> Duration {
        self.0.lock().now
    }

    pub(crate) fn spawn_on(&self, machine: Machine, future: impl Future<Output = ()> + Send + 'static) {
        let mut world = self.0.lock();
        let id = world.next_id;
        world.next_id += 1;
        world.tasks.insert(id, Task { machine, future: Some(Box::pin(future)) });
        world.ready.lock().push(id);
    }

    /// Ends all tasks of a machine at once.
    pub(crate) fn crash(&self, machine: Machine) {
        let ended: Vec<_> = {
            let mut world = self.0.lock();
            world.paused.remove(&machine);
            let ids: Vec<u64> =
                world.tasks.iter().filter(|(_, task)| task.machine == machine).map(|(id, _)| *id).collect();
            ids.iter().filter_map(|id| world.tasks.remove(id)).collect()
        };
        // Dropped outside the lock: a future's drop may wake others.
        drop(ended);
    }

    /// Stops a machine for a while: its tasks are not polled, time goes on.
    pub(crate) fn pause(&self, machine: Machine, length: Duration) {
        let mut world = self.0.lock();
        let until = world.now + length;
        let paused = world.paused.entry(machine).or_default();
        *paused = until.max(*paused);
        world.timers.insert((until, u64::MAX - machine as u64), Waker::noop().clone());
    }

    /// Lets the world go on until `end`.
    pub(crate) fn run_until(&self, end: Duration) {
        while self.now() < end {
            match self.take_ready() {
                Some((id, future)) => self.poll(id, future),
                None => self.jump(end),
            }
        }
    }

    fn take_ready(&self) -> Option<(u64, BoxFuture<()>)> {
        let world = &mut *self.0.lock();
        let mut ready = world.ready.lock();
        ready.retain(|id| world.tasks.contains_key(id));
        // The order in which others woke them is not ours to repeat: tokio's watch channel draws it from its own randomness.
        ready.sort_unstable();
        let runnable: Vec<usize> = (0..ready.len())
            .filter(|at| world.paused.get(&world.tasks[&ready[*at]].machine).is_none_or(|until| *until <= world.now))
            .collect();
        if runnable.is_empty() {
            return None;
        }
        let id = ready.remove(world.random.pick(&runnable));
        // Computing takes time.
        world.now += Duration::from_nanos(world.random.below(50_000));
        world.tasks.get_mut(&id)?.future.take().map(|future| (id, future))
    }

    fn poll(&self, id: u64, mut future: BoxFuture<()>) {
        let ready = Arc::clone(&self.0.lock().ready);
        let waker = Waker::from(Arc::new(TaskWaker { id, ready }));
        let done = Pin::new(&mut future).poll(&mut Context::from_waker(&waker)).is_ready();
        let mut world = self.0.lock();
        if done {
            world.tasks.remove(&id);
        } else if let Some(task) = world.tasks.get_mut(&id) {
            task.future = Some(future);
        }
    }

    fn jump(&self, end: Duration) {
        let wakers: Vec<Waker> = {
            let mut world = self.0.lock();
            let next = world.timers.first_key_value().map_or(end, |((at, _), _)| *at);
            world.now = world.now.max(next.min(end));
            let passed = (world.now + Duration::from_nanos(1), 0);
            let later = world.timers.split_off(&passed);
            std::mem::replace(&mut world.timers, later).into_values().collect()
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    async fn sleep_until(self, until: impl Fn() -> Option<Duration> + Send) {
        poll_fn(|context| match until() {
            None => Poll::Ready(()),
            Some(at) => {
                let mut world = self.0.lock();
                let id = world.next_id;
                world.next_id += 1;
                world.timers.insert((at, id), context.waker().clone());
                Poll::Pending
            }
        })
        .await;
    }
}

/// The clock of one machine: off by a skew, and too fast or slow.
#[derive(Clone)]
pub(crate) struct SimClock {
    pub(crate) executor: Executor,
    pub(crate) skew: Duration,
    /// Parts per million by which it is fast.
    pub(crate) drift: i64,
}

/// The simulated world begins at an odd instant, so that rounding shows.
pub(crate) fn true_time(since: Duration) -> Timestamp {
    Timestamp::from_second(1_772_323_190).unwrap() + Duration::from_millis(345) + since
}

impl SimClock {
    fn rate(&self) -> f64 {
        1.0 + self.drift as f64 / 1e6
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        true_time(self.executor.now()) + self.skew
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs(1_000) + self.executor.now().mul_f64(self.rate())
    }

    fn sleep_until(&self, until: Duration) -> BoxFuture<()> {
        let clock = self.clone();
        Box::pin(self.executor.clone().sleep_until(move || {
            let left = until.checked_sub(clock.elapsed()).filter(|left| !left.is_zero())?;
            // Rounded up, so that the clock has reached the instant when it rings.
            let left = left.min(Duration::from_secs(1_000_000));
            Some(clock.executor.now() + left.div_f64(clock.rate()) + Duration::from_nanos(1))
        }))
    }
}

/// Spawns on one machine.
pub(crate) struct SimSpawn {
    pub(crate) executor: Executor,
    pub(crate) machine: Machine,
}

impl Spawn for SimSpawn {
    fn spawn(&self, future: BoxFuture<()>) {
        self.executor.spawn_on(self.machine, future);
    }
}
