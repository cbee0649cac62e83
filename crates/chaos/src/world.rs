//! The world of one run: a database and a Redis, replicas on them, a client beside them, and a folder for what they leave.

use std::{env, fs, path::PathBuf, process, thread, time::Duration};

use cron_manager::{backends::system::SystemClock, contracts::Clock};
use jiff::Timestamp;
use servers::Postgres;

use crate::{
    clerk::Clerk,
    failure::Result,
    fleet::{Fleet, journal_path},
    jobs::Job,
    journal::{self, Event, Line},
    judge::{self, Law, Reading, Violation},
    locks::Locks,
};

/// How often to look whether something has come.
const LOOK: Duration = Duration::from_millis(50);
/// How long the healed world has to come to rest.
const REST: Duration = Duration::from_secs(60);

/// Everything that takes part.
pub struct World {
    /// The replicas.
    pub fleet: Fleet,
    /// The client.
    pub clerk: Clerk,
    /// The Redis, and the outsider.
    pub locks: Locks,
    database: Postgres,
    folder: PathBuf,
    jobs: Vec<Job>,
}

impl World {
    /// A database that keeps what it acknowledged, a Redis that does not, no replica yet. `program` is this crate's; `folder` is made anew.
    ///
    /// Errors: no PostgreSQL or Redis; the system's.
    pub fn new(program: PathBuf, folder: PathBuf, jobs: &[Job]) -> Result<Self> {
        let database = Postgres::start()?;
        let clerk = Clerk::new(&database.url())?;
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let locks = Locks::new(&journal_path(&folder))?;
        let fleet = Fleet::new(program, &folder, database.url(), locks.url(), jobs)?;
        Ok(Self { fleet, clerk, locks, database, folder, jobs: jobs.to_vec() })
    }

    /// Takes the database away by `stop`, and brings it back after `away`.
    ///
    /// Errors: it does not end, or does not come back.
    pub fn without_database(
        &mut self,
        stop: impl FnOnce(&mut Postgres) -> std::io::Result<()>,
        away: Duration,
    ) -> Result<()> {
        self.fleet.note(process::id(), Event::Down)?;
        stop(&mut self.database)?;
        thread::sleep(away);
        self.database.restart()?;
        self.fleet.note(process::id(), Event::Up)
    }

    /// The journal so far, and how many of its lines were cut off.
    ///
    /// Errors: the system's.
    pub fn journal(&self) -> Result<(Vec<Line>, usize)> {
        Ok(journal::read(&journal_path(&self.folder))?)
    }

    /// What `look` finds, as soon as it finds something; none when it does not within that time.
    ///
    /// Errors: what `look` says.
    pub fn comes<T>(&self, within: Duration, mut look: impl FnMut(&Self) -> Result<Option<T>>) -> Result<Option<T>> {
        let deadline = SystemClock.elapsed() + within;
        loop {
            let found = look(self)?;
            if found.is_some() || SystemClock.elapsed() >= deadline {
                return Ok(found);
            }
            thread::sleep(LOOK);
        }
    }

    /// Lets the healed world come to rest, ends it, and judges it.
    ///
    /// Errors: the system's and the database's.
    pub fn conclude(mut self) -> Result<Verdict> {
        let mut violations = self.standing_still()?;
        self.clerk.switch_off()?;
        self.comes(REST, |world| Ok((world.clerk.open_rows()? == 0).then_some(())))?;
        let (ledger, read_at, wall) = (self.clerk.ledger()?, SystemClock.elapsed(), SystemClock.now());
        let wrong = self.fleet.end(REST)?;
        violations.extend(wrong.into_iter().map(|what| Violation { law: Law::Died, what }));
        let (lines, torn) = self.journal()?;
        let tuning = crate::replica::tuning();
        let reading =
            Reading { lines, runs: ledger.runs, accounts: ledger.accounts, jobs: self.jobs, read_at, wall, tuning };
        violations.extend(judge::judge(&reading));
        Ok(Verdict { reading, torn, violations, folder: self.folder })
    }

    /// All ticks up to now must have their outcome soon.
    fn standing_still(&self) -> Result<Vec<Violation>> {
        let healed = SystemClock.now();
        let behind = |world: &Self| -> Result<Vec<_>> {
            let pages = world.clerk.open_pages()?;
            Ok(pages.into_iter().filter(|(_, watermark)| *watermark < healed).collect())
        };
        if self.comes(REST, |world| Ok(behind(world)?.is_empty().then_some(())))?.is_some() {
            return Ok(Vec::new());
        }
        let what = |(page, watermark): (cron_manager::PageId, Timestamp)| {
            let what = format!("{page:?} stands still at {watermark}, and it was {healed} {REST:?} ago");
            Violation { law: Law::StandsStill, what }
        };
        Ok(behind(self)?.into_iter().map(what).collect())
    }
}

/// What a run came to.
pub struct Verdict {
    /// What was judged.
    pub reading: Reading,
    /// Lines of the journal that a kill cut off.
    pub torn: usize,
    /// What broke a law.
    pub violations: Vec<Violation>,
    /// Where the journal and the replicas' log are.
    pub folder: PathBuf,
}

impl Verdict {
    /// Removes what the run left, if it was lawful.
    ///
    /// Errors: the system's.
    pub fn clear(&self) -> Result<()> {
        if self.violations.is_empty() {
            fs::remove_dir_all(&self.folder)?;
        }
        Ok(())
    }
}

/// A folder for the files of a run, among the temporary ones.
pub fn folder(name: &str) -> PathBuf {
    env::temp_dir().join(format!("chaos-{name}-{}", process::id()))
}

/// This crate's program, which a run that is not a test is.
///
/// Errors: the system's.
pub fn program() -> Result<PathBuf> {
    Ok(env::current_exe()?)
}
