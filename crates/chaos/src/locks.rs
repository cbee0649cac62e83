//! The Redis of a run, and an outsider who wants some of its locks.

use std::{collections::HashMap, io, path::Path, process, thread, time::Duration};

use cron_manager::{backends::system::SystemClock, contracts::Clock};
use servers::Redis;

use crate::{
    failure::Result,
    journal::{Event, Journal, OutsiderEvent, RedisEvent, nanoseconds},
};

/// How long the outsider asks for a lock that somebody else holds.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long it waits between two questions.
const LOOK: Duration = Duration::from_millis(5);
/// Ends a lock if it holds that value.
const LET_GO: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

/// A Redis, what is done to it, and an outsider: somebody who shares the locks with the service and nothing else, and takes them as the
/// original library does. All of that is in the journal.
pub struct Locks {
    redis: Redis,
    journal: Journal,
    /// What the outsider holds, or held: the value of each job's lock.
    held: HashMap<String, String>,
    taken: u64,
}

impl Locks {
    /// A Redis of its own, which forgets everything when it ends.
    ///
    /// Errors: no Redis; no journal.
    pub fn new(journal: &Path) -> Result<Self> {
        Ok(Self { redis: Redis::start()?, journal: Journal::open(journal)?, held: HashMap::new(), taken: 0 })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        self.redis.url()
    }

    /// Makes it forget everything.
    ///
    /// Errors: it does not answer.
    pub fn flush(&self) -> Result<()> {
        self.note(RedisEvent::Flushed)?;
        Ok(self.redis.flush()?)
    }

    /// Takes it away by `end`, until [`Locks::bring_back`].
    ///
    /// Errors: it does not end.
    pub fn take_away(&mut self, end: impl FnOnce(&mut Redis) -> io::Result<()>) -> Result<()> {
        self.note(RedisEvent::Down)?;
        Ok(end(&mut self.redis)?)
    }

    /// Starts it again, empty.
    ///
    /// Errors: it does not start.
    pub fn bring_back(&mut self) -> Result<()> {
        self.redis.restart()?;
        self.note(RedisEvent::Up)
    }

    /// Holds it still.
    ///
    /// Errors: the system's.
    pub fn pause(&self) -> Result<()> {
        self.note(RedisEvent::Paused)?;
        Ok(self.redis.pause()?)
    }

    /// Lets it go on.
    ///
    /// Errors: the system's.
    pub fn resume(&self) -> Result<()> {
        self.redis.resume()?;
        self.note(RedisEvent::Resumed)
    }

    /// The outsider takes the lock of `job`, if nobody else holds it for a second. That Redis does not answer is no error.
    ///
    /// Errors: the journal's.
    pub fn hold(&mut self, job: &str, ttl: Duration) -> Result<bool> {
        self.taken += 1;
        let (key, value) = (key(job), format!("outsider-{}", self.taken));
        let name = || job.to_owned();
        self.say(OutsiderEvent::Wants { job: name() })?;
        let until = SystemClock.elapsed() + PATIENCE;
        loop {
            let asked = SystemClock.elapsed();
            match self.redis.ask(&["SET", &key, &value, "NX", "PX", &ttl.as_millis().to_string()]).as_deref() {
                Ok("OK") => {
                    self.held.insert(name(), value);
                    let (asked, ttl) = (nanoseconds(asked), nanoseconds(ttl));
                    self.say(OutsiderEvent::Holds { job: name(), asked, ttl })?;
                    return Ok(true);
                }
                Ok(_) if asked < until => thread::sleep(LOOK),
                Ok(_) => {
                    self.say(OutsiderEvent::GivesUp { job: name() })?;
                    return Ok(false);
                }
                // Whether it was taken is not known.
                Err(_) => return Ok(false),
            }
        }
    }

    /// The outsider lets go of the lock of `job`, if it took it. That Redis does not answer is no error: the lock runs out.
    ///
    /// Errors: the journal's.
    pub fn let_go(&mut self, job: &str) -> Result<()> {
        let Some(value) = self.held.remove(job) else { return Ok(()) };
        self.say(OutsiderEvent::LetsGo { job: job.to_owned() })?;
        match self.redis.ask(&["EVAL", LET_GO, "1", &key(job), &value]) {
            Ok(answer) => self.say(OutsiderEvent::Left { job: job.to_owned(), held: answer == "1" }),
            Err(_) => Ok(()),
        }
    }

    fn note(&self, event: RedisEvent) -> Result<()> {
        self.write(Event::Redis(event))
    }

    fn say(&self, event: OutsiderEvent) -> Result<()> {
        self.write(Event::Outsider(event))
    }

    fn write(&self, event: Event) -> Result<()> {
        Ok(self.journal.write(SystemClock.elapsed(), process::id(), event)?)
    }
}

fn key(job: &str) -> String {
    format!("cron-lock-{job}")
}
