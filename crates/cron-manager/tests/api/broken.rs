//! A store in which nothing works, with a cause that must not reach a caller.

use async_trait::async_trait;
use cron_manager::{
    ClaimToken, Control, ControlFields, CronConfig, CronConfigId, CronRun, Error, Hold, JobName, RegisteredReplica,
    ReplicaId, ReplicaStatus, Result, Revision, RunId,
    contracts::{
        Beat, Busy, ConfigQuery, CreateRequest, Decide, Finish, Look, Pages, RunQuery, Store, VersionQuery, Watch,
    },
    domain::ledger::{Account, ConfigVersion, Page},
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
    async fn create(&self, _: CronConfig) -> Result<CronConfig> {
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
    async fn drain_replica(&self, _: ReplicaId, _: bool) -> Result<bool> {
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
    async fn runs(&self, _: &RunQuery) -> Result<Vec<CronRun>> {
        away()
    }
    async fn accounts(&self, _: CronConfigId) -> Result<Vec<Account>> {
        away()
    }
    async fn requested(&self, _: &[String]) -> Result<Vec<CronRun>> {
        away()
    }
    async fn create_once(&self, _: CronConfig, _: &CreateRequest) -> Result<CronConfig> {
        away()
    }
    async fn versions(&self, _: CronConfigId, _: &VersionQuery) -> Result<Vec<ConfigVersion>> {
        away()
    }
    async fn control(&self) -> Result<Control> {
        away()
    }
    async fn update_control(&self, _: &ControlFields, _: Option<i64>) -> Result<Control> {
        away()
    }
}
