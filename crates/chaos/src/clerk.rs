//! A client of the service: edits configs and reads the ledger, in the driver's own process.

use std::{thread, time::Duration};

use cron_manager::{
    CronConfig, CronConfigFields, CronManager, CronRun, ErrorKind, PageId, ReplicaId, RunId, RunState,
    domain::ledger::Account,
    manager::{ConfigQuery, RunQuery},
};
use jiff::Timestamp;
use tokio::runtime::{Builder, Runtime};

use crate::failure::Result;

/// How many rows a question is answered with.
const PAGE: usize = 1_000;

/// A manager that is never started.
pub struct Clerk {
    manager: CronManager,
    runtime: Runtime,
}

/// What the ledger says.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// All rows.
    pub runs: Vec<CronRun>,
    /// Each page of each config.
    pub accounts: Vec<Account>,
}

/// A change of a config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// It is due every so many seconds.
    Every(u64),
    /// It is switched on or off.
    Enabled(bool),
    /// It runs once more.
    Trigger,
    /// It is there, due every second; nobody has a handler for it.
    Create,
}

impl Clerk {
    /// A client of the service on the database at `url`.
    ///
    /// Errors: the database's.
    pub fn new(url: &str) -> Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let manager = runtime.block_on(CronManager::builder().database_url(url).build())?;
        Ok(Self { manager, runtime })
    }

    /// Makes the change, and tells what came of it. That the database is away, or the config is switched off, is an answer.
    ///
    /// Errors: all others.
    pub fn edit(&self, name: &str, edit: &Edit) -> Result<String> {
        let answer = match self.runtime.block_on(self.try_edit(name, edit)) {
            Ok(()) => "done".to_owned(),
            Err(error) if is_answer(error.kind()) => error.to_string(),
            Err(error) => return Err(format!("{name}: {edit:?}: {error}").into()),
        };
        Ok(format!("{name}: {edit:?}: {answer}"))
    }

    async fn try_edit(&self, name: &str, edit: &Edit) -> cron_manager::Result<()> {
        let every = |seconds| CronConfigFields::default().every(Duration::from_secs(seconds));
        match edit {
            Edit::Every(seconds) => self.update(name, &every(*seconds)).await,
            Edit::Enabled(on) => self.update(name, &CronConfigFields::default().enabled(*on)).await,
            Edit::Trigger => {
                let config = self.manager.cron_config_named(name).await?;
                self.manager.trigger(config.id).await.map(drop)
            }
            Edit::Create => {
                let fields = CronConfigFields { name: Some(name.to_owned()), ..every(1) };
                let fields = fields.enabled(true).context(serde_json::json!({ "distributed": true }));
                self.manager.create_cron_config(&fields).await.map(drop)
            }
        }
    }

    async fn update(&self, name: &str, fields: &CronConfigFields) -> cron_manager::Result<()> {
        let config = self.manager.cron_config_named(name).await?;
        self.manager.update_cron_config(config.id, fields, None).await.map(drop)
    }

    /// Switches all configs off: ticks from then on are recorded as skipped, and rows come to rest.
    ///
    /// Errors: the database's.
    pub fn switch_off(&self) -> Result<()> {
        let off = CronConfigFields::default().enabled(false);
        for config in self.ask(async || self.configs().await)? {
            self.ask(async || self.manager.update_cron_config(config.id, &off, None).await)?;
        }
        Ok(())
    }

    /// One row.
    ///
    /// Errors: the database's; there is no such row.
    pub fn run(&self, id: RunId) -> Result<CronRun> {
        self.ask(async || self.manager.cron_run(id).await)
    }

    /// How many rows are not terminal.
    ///
    /// Errors: the database's.
    pub fn open_rows(&self) -> Result<usize> {
        let mut count = 0;
        for state in [RunState::Pending, RunState::Running] {
            let query = RunQuery { state: Some(state), limit: PAGE, ..RunQuery::default() };
            count += self.ask(async || self.manager.cron_runs(&query).await)?.len();
        }
        Ok(count)
    }

    /// The pages whose ticks are to be accounted for by now: those of configs that are on, and of replicas that live.
    ///
    /// Errors: the database's.
    pub fn open_pages(&self) -> Result<Vec<(PageId, Timestamp)>> {
        let replicas = self.ask(async || self.manager.replicas().await)?;
        let lives = |id: ReplicaId| replicas.iter().any(|replica| replica.status.id == id);
        let mut pages = Vec::new();
        for config in self.ask(async || self.configs().await)?.iter().filter(|config| config.enabled) {
            let is_open = |page: PageId| match page.lane {
                Some(replica) => !config.is_distributed() && lives(replica),
                None => config.is_distributed(),
            };
            let accounts = self.ask(async || self.manager.accounts(config.id).await)?;
            let open = accounts.into_iter().filter(|account| is_open(account.page_id));
            pages.extend(open.map(|account| (account.page_id, account.watermark)));
        }
        Ok(pages)
    }

    /// The whole ledger.
    ///
    /// Errors: the database's.
    pub fn ledger(&self) -> Result<Ledger> {
        let mut ledger = Ledger::default();
        let mut query = RunQuery { limit: PAGE, ..RunQuery::default() };
        loop {
            let runs = self.ask(async || self.manager.cron_runs(&query).await)?;
            let Some(last) = runs.last() else { break };
            query.before = Some(last.id);
            ledger.runs.extend(runs);
        }
        for config in self.ask(async || self.configs().await)? {
            ledger.accounts.extend(self.ask(async || self.manager.accounts(config.id).await)?);
        }
        Ok(ledger)
    }

    /// Asks until the database answers, as clients do: a connection may have been cut since it was last used.
    fn ask<T>(&self, question: impl AsyncFn() -> cron_manager::Result<T>) -> Result<T> {
        const TRIES: usize = 40;
        const PAUSE: Duration = Duration::from_millis(250);
        for _ in 1..TRIES {
            match self.runtime.block_on(question()) {
                Err(error) if error.kind() == ErrorKind::Unavailable => thread::sleep(PAUSE),
                answer => return Ok(answer?),
            }
        }
        Ok(self.runtime.block_on(question())?)
    }

    async fn configs(&self) -> cron_manager::Result<Vec<CronConfig>> {
        let query = ConfigQuery { limit: 10_000, show_deleted: true, ..ConfigQuery::default() };
        self.manager.cron_configs(&query).await
    }
}

fn is_answer(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Unavailable | ErrorKind::FailedPrecondition | ErrorKind::Conflict | ErrorKind::NotFound)
}
