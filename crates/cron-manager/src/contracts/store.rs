//! Where configs and the ledger are kept.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;

use super::{AuditQuery, CalendarQuery, ConfigQuery, Home, RunOutput, RunQuery, VersionQuery};
use crate::{
    AuditRecord, Author, Calendar, CalendarFields, CalendarId, ClaimToken, Control, ControlFields, CronConfig,
    CronConfigId, CronRun, Hold, JobName, Outcome, PageId, RegisteredReplica, ReplicaId, ReplicaStatus, Result,
    Revision, RunId, StoreId, Token, TokenId,
    domain::{
        NewToken, TokenHash,
        ledger::{Account, ConfigVersion, Page},
    },
};

/// What a transaction does with the pages it locked. It may be called again from the start when the store has to
/// begin anew; an error takes everything back.
pub type Decide<'a> = &'a (dyn Fn(&mut [Page]) -> Result<()> + Send + Sync);

/// What to do about pages that another transaction has locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Busy {
    /// Leave them out.
    Skip,
    /// Wait for them.
    Wait,
}

/// Which pages a transaction is about.
#[derive(Clone, Copy, Debug)]
pub enum Pages<'a> {
    /// These. The lane of a live replica is begun when it is not there yet and the config's ticks run on every replica.
    Of(&'a [PageId]),
    /// All of these configs: the service's page, then the lanes of live replicas, begun as above, and those with pending or
    /// running rows.
    AllOf(&'a [CronConfigId]),
}

/// Keeps configs, the ledger and the registry of replicas. All decisions are made on [`Page`]s; a store locks, reads and writes them.
///
/// Every method is atomic. An error whose kind is unavailable says nothing about whether a write happened.
///
/// # Laws
/// - What was acknowledged is kept.
/// - `transact` locks the pages against each other in their order, and all pages of a config against an edit of it; it hands them over as
///   they stand, in the order of their ids, and writes all that `decide` did, or nothing.
/// - A page holds all its pending and running rows and its skipped tick row that reaches furthest.
/// - A lane is begun at the later of its replica's registration and the watermark of the config's service page, which an edit moves: no tick
///   of a live replica lies before it. The lane of a replica that has ended is not open.
/// - Rows are unique: ticks by (page, due instant, attempt), all other runs by request id. One running row per page of an
///   exclusive config. A write that would break this fails whole.
/// - Names are unique, also among deleted configs.
/// - An edit's revision is greater than all revisions that [`Store::look`] has shown before; watermark and fence change none.
/// - `heartbeat`, `keep_output` and `finish` touch only running rows under the same replica and fence.
/// - A replica that has ended stays so.
/// - A store has one id for ever, and no other store has it.
/// - Each change that somebody asks for has one record in the audit, in its transaction: the records of the pages that were written, a new
///   config, a change of a calendar, a replica that is asked to drain, a token that is made or taken back. What changes nothing leaves none.
/// - Times are by one clock, the store's.
/// - A page has the times in which jobs were switched off as they stand at its `now`: a switching waits for all transactions whose pages do
///   not know of it, and is dated after their `now`.
/// - So has a page the calendars that its config names, and a change of one waits and is dated likewise. A config that is not deleted names
///   only calendars that are there ([`check_known`](crate::domain::check_known)).
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Whether replicas in other processes can stand on it.
    fn is_shared(&self) -> bool;

    /// Where a run can end in the transaction of its work. `None`: nowhere.
    fn home(&self) -> Option<&Home> {
        None
    }

    /// Keeps a new config that `by` asks for: gives it its id, and the store's now as its times and watermark. Already exists: the name is
    /// taken.
    async fn create(&self, config: CronConfig, by: &Author) -> Result<CronConfig>;

    /// Locks `pages`, lets `decide` write on them, and commits. Returns the pages as they now stand, new rows
    /// with their ids; pages that are not there are left out, and so are locked ones under [`Busy::Skip`]. Where pages of a config were
    /// edited, the service's page says what the config is.
    async fn transact(&self, pages: Pages<'_>, busy: Busy, decide: Decide<'_>) -> Result<Vec<Page>>;

    /// What a replica must know to go on: the configs edited after `after`, all runs that wait, and how far the
    /// service's pages of `of` have come.
    async fn look(&self, after: Revision, of: &[CronConfigId]) -> Result<Look>;

    /// Counts a heartbeat on each hold. Returns the runs whose hold was still good.
    async fn heartbeat(&self, holds: &[Hold]) -> Result<Vec<Beat>>;

    /// Keeps what held runs have logged, each part in its place, and how far they say they have come. Of a log, what comes after the part is
    /// dropped, and so is what comes before it when there is a gap; its newest [`Log::LIMIT`](crate::Log::LIMIT) characters are kept. Holds that are no longer good are left out. It may be repeated.
    async fn keep_output(&self, outputs: &[HeldOutput]) -> Result<()>;

    /// Ends runs; one that was skipped after all has neither begun nor ended. Returns those whose hold was still good; the others are left as they are.
    async fn finish(&self, finishes: &[Finish]) -> Result<Vec<RunId>>;

    /// Registers a replica, or keeps what it now tells and counts a heartbeat of it; one that has ended is left so. Returns what there is to
    /// watch.
    async fn watch(&self, me: &ReplicaStatus) -> Result<Watch>;

    /// Ends a replica, if nobody counted a heartbeat of it since `heartbeat`. False: somebody did, or it had ended or never registered.
    async fn end_replica(&self, id: ReplicaId, heartbeat: i64) -> Result<bool>;

    /// Asks a replica to start nothing more, or takes that back, as `by` wants it. False: there is no such live replica.
    async fn drain_replica(&self, id: ReplicaId, draining: bool, by: &Author) -> Result<bool>;

    /// The live replicas, in the order of their registration.
    async fn replicas(&self) -> Result<Vec<RegisteredReplica>>;

    /// The running runs that the claim with this token started.
    async fn claimed(&self, token: ClaimToken) -> Result<Vec<CronRun>>;

    /// One config, also a deleted one.
    async fn config(&self, id: CronConfigId) -> Result<Option<CronConfig>>;

    /// One config by its name, also a deleted one.
    async fn config_named(&self, name: &JobName) -> Result<Option<CronConfig>>;

    /// Configs in the order of their ids.
    async fn configs(&self, query: &ConfigQuery) -> Result<Vec<CronConfig>>;

    /// One run.
    async fn run(&self, id: RunId) -> Result<Option<CronRun>>;

    /// What a run printed. `None`: no such run, or nothing.
    async fn log(&self, id: RunId) -> Result<Option<String>>;

    /// What is kept of what a run logged after the first `from` characters, and how far it said it had come. All that is kept, when so
    /// many were never logged; nothing, when there is nothing.
    async fn output(&self, id: RunId, from: u64) -> Result<RunOutput>;

    /// At most `limit` runs whose ids are greater than `after`, those with the smallest ones, and the runs of `ids`; in no order. What others wrote at the
    /// same time may show up later, among smaller ids.
    async fn runs_after(&self, after: RunId, limit: usize, ids: &[RunId]) -> Result<Vec<CronRun>>;

    /// Runs, newest id first.
    async fn runs(&self, query: &RunQuery) -> Result<Vec<CronRun>>;

    /// What the ledger says about each page of one config, the service's first, read at one moment.
    async fn accounts(&self, id: CronConfigId) -> Result<Vec<Account>>;

    /// Keeps a new token that `by` asks for. Invalid argument: it would have expired.
    async fn create_token(&self, token: &NewToken, by: &Author) -> Result<Token>;

    /// Takes a token back, as `by` wants it; one that was taken back before stays as it is. `None`: there is no such token.
    async fn revoke_token(&self, id: TokenId, by: &Author) -> Result<Option<Token>>;

    /// All tokens, in the order of their ids; those that were taken back or have expired, too.
    async fn tokens(&self) -> Result<Vec<Token>>;

    /// The token that counts, and what is kept of its secret. `None`: there is none, or it was taken back, or has expired.
    async fn live_token(&self, id: TokenId) -> Result<Option<(Token, TokenHash)>>;

    /// Whether any token counts.
    async fn has_live_token(&self) -> Result<bool>;

    /// Records of the audit, newest id first.
    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRecord>>;

    /// The runs that were asked for under one of these request ids, in the order of their ids.
    async fn requested(&self, request_ids: &[String]) -> Result<Vec<CronRun>>;

    /// Creates a config as [`Store::create`] does, unless that was done before under the same request id: then that config is returned as it
    /// now stands. Already exists: the request was another one.
    async fn create_once(&self, config: CronConfig, request: &CreateRequest, by: &Author) -> Result<CronConfig>;

    /// Versions of a config's schedule, newest first.
    async fn versions(&self, id: CronConfigId, query: &VersionQuery) -> Result<Vec<ConfigVersion>>;

    /// The control record.
    async fn control(&self) -> Result<Control>;

    /// Puts the control record in place that [`ControlFields::change`] makes of it at the store's now. It asks for no page.
    async fn update_control(&self, fields: &ControlFields, if_version: Option<i64>, by: &Author) -> Result<Control>;

    /// Keeps a new calendar that `by` asks for: gives it its id, and the store's now as its times. Already exists: the name is taken.
    async fn create_calendar(&self, calendar: Calendar, by: &Author) -> Result<Calendar>;

    /// Puts the calendar in place that [`CalendarFields::change`] makes of it at the store's now. It asks for no page. `None`: there is none.
    /// Already exists: the new name is taken. Failed precondition: a new name, while configs that are not deleted name the calendar.
    async fn update_calendar(
        &self,
        id: CalendarId,
        fields: &CalendarFields,
        if_version: Option<i64>,
        by: &Author,
    ) -> Result<Option<Calendar>>;

    /// Deletes a calendar, if its version is still that one. `None`: there is none. Failed precondition: configs that are not deleted name it.
    async fn delete_calendar(&self, id: CalendarId, if_version: Option<i64>, by: &Author) -> Result<Option<Calendar>>;

    /// One calendar.
    async fn calendar(&self, id: CalendarId) -> Result<Option<Calendar>>;

    /// Calendars in the order of their ids.
    async fn calendars(&self, query: &CalendarQuery) -> Result<Vec<Calendar>>;
}

/// A heartbeat that was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// The run.
    pub run_id: RunId,
    /// Whether the run is to be cancelled.
    pub cancelling: bool,
}

/// How a held run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Finish {
    /// Who says so.
    pub hold: Hold,
    /// How it ended.
    pub outcome: Outcome,
}

/// What is seen of a held run.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldOutput {
    /// Who says so.
    pub hold: Hold,
    /// The new part of its log, and its progress.
    pub output: RunOutput,
}

/// A config and how far its ticks are accounted for.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The config.
    pub config: Arc<CronConfig>,
    /// All ticks of the service's page up to here are accounted for.
    pub watermark: Timestamp,
}

/// A running run, as far as others must know it to tell whether its replica lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// Who runs it, under which fence.
    pub hold: Hold,
    /// The page it stands on.
    pub page_id: PageId,
    /// Counts the heartbeats of its claim.
    pub heartbeat: i64,
    /// The length of its lease.
    pub ttl: Duration,
}

impl Running {
    /// What others must know of `run`, if it is running.
    pub fn of(run: &CronRun) -> Option<Self> {
        let hold = run.hold()?;
        Some(Self { hold, page_id: run.page_id(), heartbeat: run.heartbeat, ttl: run.ttl })
    }
}

/// The answer to [`Store::watch`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// Which store it is.
    pub store_id: StoreId,
    /// The store's clock.
    pub now: Timestamp,
    /// The live replicas, in the order of their registration; the one that asks is not among them when it has ended.
    pub replicas: Vec<RegisteredReplica>,
    /// All running runs.
    pub running: Vec<Running>,
}

/// A pending run, as far as a replica must know it to claim it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The run.
    pub run_id: RunId,
    /// The page it stands on.
    pub page_id: PageId,
    /// No claim before this instant.
    pub start_after: Timestamp,
    /// Skipped after this instant.
    pub start_deadline: Timestamp,
}

impl Waiting {
    /// What a replica must know of a pending `run`.
    pub fn of(run: &CronRun) -> Self {
        Self {
            run_id: run.id,
            page_id: run.page_id(),
            start_after: run.start_after,
            start_deadline: run.start_deadline,
        }
    }
}

/// The answer to [`Store::look`].
#[derive(Clone, Debug)]
pub struct Look {
    /// The store's clock.
    pub now: Timestamp,
    /// The newest revision this answer covers.
    pub revision: Revision,
    /// The configs edited since, deleted ones too.
    pub changed: Vec<Standing>,
    /// All pending runs.
    pub waiting: Vec<Waiting>,
    /// The watermarks of the service's pages that were asked for.
    pub watermarks: Vec<(CronConfigId, Timestamp)>,
    /// The live replicas that were asked to start nothing more.
    pub draining: Vec<ReplicaId>,
    /// The control record.
    pub control: Control,
    /// The running runs that are to be cancelled.
    pub cancelling: Vec<Hold>,
}

/// A request to create a config, so that it can be told when it comes again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateRequest {
    /// The caller's name for it.
    pub id: String,
    /// What was asked for.
    pub body: String,
}
