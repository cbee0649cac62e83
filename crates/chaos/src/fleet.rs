//! The replicas as processes, each in its place.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use cron_manager::{backends::system::SystemClock, contracts::Clock};
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    failure::Result,
    jobs::Job,
    journal::{Event, Journal},
};

/// All replica processes of a run; what is left of them is killed when this is dropped.
pub struct Fleet {
    program: PathBuf,
    folder: PathBuf,
    url: String,
    redis: String,
    jobs: String,
    journal: Journal,
    places: Vec<Option<Child>>,
    leaving: Vec<Child>,
}

impl Fleet {
    /// No replica yet, for the database at `url` and the Redis at `redis`; `program` is this crate's, and `folder` holds the journal.
    ///
    /// Errors: no journal.
    pub fn new(program: PathBuf, folder: &Path, url: String, redis: String, jobs: &[Job]) -> Result<Self> {
        let journal = Journal::open(&journal_path(folder))?;
        let (folder, jobs) = (folder.to_owned(), serde_json::to_string(jobs)?);
        Ok(Self { program, folder, url, redis, jobs, journal, places: Vec::new(), leaving: Vec::new() })
    }

    /// Starts a replica in that place, which is free; its wall clock is ahead by `skew` milliseconds.
    ///
    /// Errors: the system's.
    pub fn start(&mut self, place: usize, skew: i64) -> Result<u32> {
        let log = File::options().create(true).append(true).open(self.folder.join("replicas.log"))?;
        let mut replica = Command::new(&self.program);
        replica.args(["replica", "--url", &self.url, "--redis", &self.redis, "--jobs", &self.jobs]);
        replica.args(["--skew", &skew.to_string(), "--journal"]).arg(journal_path(&self.folder));
        replica.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
        let child = replica.spawn()?;
        let process = child.id();
        self.places.resize_with(self.places.len().max(place + 1), || None);
        self.places[place] = Some(child);
        Ok(process)
    }

    /// The process in that place.
    pub fn process(&self, place: usize) -> Option<u32> {
        self.places.get(place)?.as_ref().map(Child::id)
    }

    /// The place of that process.
    pub fn place(&self, process: u32) -> Option<usize> {
        (0..self.places.len()).find(|place| self.process(*place) == Some(process))
    }

    /// `kill -9`.
    ///
    /// Errors: the system's.
    pub fn kill(&mut self, place: usize) -> Result<()> {
        let Some(mut child) = self.places[place].take() else { return Ok(()) };
        child.kill()?;
        child.wait()?;
        // From here on nothing of it can follow.
        self.note(child.id(), Event::Killed)
    }

    /// Holds the process still.
    ///
    /// Errors: the system's.
    pub fn pause(&self, place: usize) -> Result<()> {
        self.signal(place, Signal::STOP, Event::Paused)
    }

    /// Lets the process go on.
    ///
    /// Errors: the system's.
    pub fn resume(&self, place: usize) -> Result<()> {
        self.signal(place, Signal::CONT, Event::Resumed)
    }

    /// Tells the process to end in order, and frees its place at once.
    ///
    /// Errors: the system's.
    pub fn tell(&mut self, place: usize) -> Result<()> {
        self.signal(place, Signal::TERM, Event::Told)?;
        self.leaving.extend(self.places[place].take());
        Ok(())
    }

    /// Tells all to end, and waits for all that were ever told: what went wrong with them.
    ///
    /// Errors: the system's.
    pub fn end(&mut self, within: Duration) -> Result<Vec<String>> {
        let mut wrong = self.dead()?;
        for place in 0..self.places.len() {
            if self.process(place).is_some() {
                self.tell(place)?;
            }
        }
        let deadline = SystemClock.elapsed() + within;
        for mut child in self.leaving.drain(..) {
            while child.try_wait()?.is_none() && SystemClock.elapsed() < deadline {
                thread::sleep(Duration::from_millis(10));
            }
            match child.try_wait()? {
                Some(status) if status.success() => {}
                Some(status) => wrong.push(format!("process {} was told to end, and ended with {status}", child.id())),
                None => {
                    wrong.push(format!("process {} was told to end, and did not", child.id()));
                    child.kill()?;
                    child.wait()?;
                }
            }
        }
        Ok(wrong)
    }

    /// Notes something about a process.
    ///
    /// Errors: the journal's.
    pub fn note(&self, process: u32, event: Event) -> Result<()> {
        Ok(self.journal.write(SystemClock.elapsed(), process, event)?)
    }

    /// Processes that ended although nobody ended them; their places are free from now on.
    fn dead(&mut self) -> Result<Vec<String>> {
        let mut dead = Vec::new();
        for place in &mut self.places {
            let Some(child) = place else { continue };
            if let Some(status) = child.try_wait()? {
                dead.push(format!("process {} ended by itself with {status}", child.id()));
                *place = None;
            }
        }
        Ok(dead)
    }

    fn signal(&self, place: usize, signal: Signal, event: Event) -> Result<()> {
        let Some(process) = self.process(place) else { return Ok(()) };
        if let Some(id) = i32::try_from(process).ok().and_then(Pid::from_raw) {
            kill_process(id, signal)?;
        }
        self.note(process, event)
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for child in self.places.iter_mut().flatten().chain(&mut self.leaving) {
            // Nobody is left to be told.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The journal of a run whose files are in `folder`.
pub fn journal_path(folder: &Path) -> PathBuf {
    folder.join("journal")
}
