//! A store in which nothing works, with a cause that must not reach a caller.

use async_trait::async_trait;
use cron_manager::{
    AuditRecord, Author, Calendar, CalendarFields, CalendarId, ClaimToken, Control, ControlFields, CronConfig,
    CronConfigId, CronRun, Error, Hold, JobName, RegisteredReplica, ReplicaId, ReplicaStatus, Result, Revision, RunId,
    Token, TokenId,
    contracts::{
        AuditQuery, Beat, Busy, CalendarQuery, ConfigQuery, CreateRequest, Decide, Finish, HeldOutput, Look, Pages,
        RunOutput, RunQuery, Store, VersionQuery, Watch,
    },
    domain::{
        NewToken, TokenHash,
        ledger::{Account, ConfigVersion, Page},
    },
};

pub(crate) struct BrokenStore;

fn defect<T>() -> Result<T> {
    Err(Error::internal("row 7 of secret_table is damaged"))
}

fn away<T>() -> Result<T> {
    Err(Error::unavailable("the store does not answer").with_source("connect to secret.example:5432"))
}

#[async_trait]
impl Store for BrokenStore {
    fn is_shared(&self) -> bool {
        true
    }
    async fn create(&self, _: CronConfig, _: &Author) -> Result<CronConfig> {
        away()
    }
    async fn transact(&self, _: Pages<'_>, _: Busy, _: Decide<'_>) -> Result<Vec<Page>> {
        away()
    }
    async fn look(&self, _: Revision, _: &[CronConfigId]) -> Result<Look> {
        away()
    }
    async fn heartbeat(&self, _: &[Hold]) -> Result<Vec<Beat>> {
        away()
    }
    async fn finish(&self, _: &[Finish]) -> Result<Vec<RunId>> {
        away()
    }
    async fn watch(&self, _: &ReplicaStatus) -> Result<Watch> {
        away()
    }
    async fn end_replica(&self, _: ReplicaId, _: i64) -> Result<bool> {
        away()
    }
    async fn drain_replica(&self, _: ReplicaId, _: bool, _: &Author) -> Result<bool> {
        away()
    }
    async fn replicas(&self) -> Result<Vec<RegisteredReplica>> {
        away()
    }
    async fn claimed(&self, _: ClaimToken) -> Result<Vec<CronRun>> {
        away()
    }
    async fn config(&self, _: CronConfigId) -> Result<Option<CronConfig>> {
        defect()
    }
    async fn config_named(&self, _: &JobName) -> Result<Option<CronConfig>> {
        defect()
    }
    async fn configs(&self, _: &ConfigQuery) -> Result<Vec<CronConfig>> {
        defect()
    }
    async fn run(&self, _: RunId) -> Result<Option<CronRun>> {
        away()
    }
    async fn log(&self, _: RunId) -> Result<Option<String>> {
        away()
    }
    async fn keep_output(&self, _: &[HeldOutput]) -> Result<()> {
        away()
    }
    async fn output(&self, _: RunId, _: u64) -> Result<RunOutput> {
        away()
    }
    async fn runs_after(&self, _: RunId, _: usize, _: &[RunId]) -> Result<Vec<CronRun>> {
        away()
    }
    async fn runs(&self, _: &RunQuery) -> Result<Vec<CronRun>> {
        away()
    }
    async fn accounts(&self, _: CronConfigId) -> Result<Vec<Account>> {
        away()
    }
    async fn create_token(&self, _: &NewToken, _: &Author) -> Result<Token> {
        away()
    }
    async fn revoke_token(&self, _: TokenId, _: &Author) -> Result<Option<Token>> {
        away()
    }
    async fn tokens(&self) -> Result<Vec<Token>> {
        away()
    }
    async fn live_token(&self, _: TokenId) -> Result<Option<(Token, TokenHash)>> {
        away()
    }
    async fn has_live_token(&self) -> Result<bool> {
        Ok(false)
    }
    async fn audit(&self, _: &AuditQuery) -> Result<Vec<AuditRecord>> {
        away()
    }
    async fn requested(&self, _: &[String]) -> Result<Vec<CronRun>> {
        away()
    }
    async fn create_once(&self, _: CronConfig, _: &CreateRequest, _: &Author) -> Result<CronConfig> {
        away()
    }
    async fn versions(&self, _: CronConfigId, _: &VersionQuery) -> Result<Vec<ConfigVersion>> {
        away()
    }
    async fn control(&self) -> Result<Control> {
        away()
    }
    async fn update_control(&self, _: &ControlFields, _: Option<i64>, _: &Author) -> Result<Control> {
        away()
    }
    async fn create_calendar(&self, _: Calendar, _: &Author) -> Result<Calendar> {
        away()
    }
    async fn update_calendar(
        &self,
        _: CalendarId,
        _: &CalendarFields,
        _: Option<i64>,
        _: &Author,
    ) -> Result<Option<Calendar>> {
        away()
    }
    async fn delete_calendar(&self, _: CalendarId, _: Option<i64>, _: &Author) -> Result<Option<Calendar>> {
        away()
    }
    async fn calendar(&self, _: CalendarId) -> Result<Option<Calendar>> {
        away()
    }
    async fn calendars(&self, _: &CalendarQuery) -> Result<Vec<Calendar>> {
        away()
    }
}
