//! A store whose calls are timed.

use std::{future::Future, sync::Arc};

use async_trait::async_trait;

use super::{Metrics, WAITS, histogram::Histogram};
use crate::{
    AuditRecord, Author, Calendar, CalendarFields, CalendarId, ClaimToken, Control, ControlFields, CronConfig,
    CronConfigId, CronRun, Hold, JobName, RegisteredReplica, ReplicaId, ReplicaStatus, Result, Revision, RunId, Token,
    TokenId,
    contracts::{
        AuditQuery, Beat, Busy, CalendarQuery, Clock, ConfigQuery, CreateRequest, Decide, Finish, HeldOutput, Home,
        Look, Pages, RunOutput, RunQuery, Store, VersionQuery, Watch,
    },
    domain::{
        NewToken, TokenHash,
        ledger::{Account, ConfigVersion, Page},
    },
};

/// A store, and who counts how long its answers take.
pub(super) struct TimedStore {
    pub(super) store: Arc<dyn Store>,
    pub(super) metrics: Arc<Metrics>,
}

/// Every call of a store, as the contract has it.
macro_rules! timed {
    ($($call:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        /// How long the answers to each call took.
        pub(super) struct Timings {
            $($call: Histogram,)*
        }

        impl Timings {
            pub(super) fn new() -> Self {
                Self { $($call: Histogram::new(WAITS),)* }
            }

            /// Each call with what was counted of it.
            pub(super) fn all(&self) -> impl Iterator<Item = (&'static str, &Histogram)> {
                [$((stringify!($call), &self.$call),)*].into_iter()
            }
        }

        #[async_trait]
        impl Store for TimedStore {
            fn is_shared(&self) -> bool {
                self.store.is_shared()
            }

            fn home(&self) -> Option<&Home> {
                self.store.home()
            }

            $(async fn $call(&self, $($argument: $type),*) -> $answer {
                let Metrics { clock, store, .. } = &*self.metrics;
                timed(&**clock, &store.$call, self.store.$call($($argument),*)).await
            })*
        }
    };
}

timed! {
    create(config: CronConfig, by: &Author) -> Result<CronConfig>;
    transact(pages: Pages<'_>, busy: Busy, decide: Decide<'_>) -> Result<Vec<Page>>;
    look(after: Revision, of: &[CronConfigId]) -> Result<Look>;
    heartbeat(holds: &[Hold]) -> Result<Vec<Beat>>;
    keep_output(outputs: &[HeldOutput]) -> Result<()>;
    finish(finishes: &[Finish]) -> Result<Vec<RunId>>;
    watch(me: &ReplicaStatus) -> Result<Watch>;
    end_replica(id: ReplicaId, heartbeat: i64) -> Result<bool>;
    drain_replica(id: ReplicaId, draining: bool, by: &Author) -> Result<bool>;
    replicas() -> Result<Vec<RegisteredReplica>>;
    claimed(token: ClaimToken) -> Result<Vec<CronRun>>;
    config(id: CronConfigId) -> Result<Option<CronConfig>>;
    config_named(name: &JobName) -> Result<Option<CronConfig>>;
    configs(query: &ConfigQuery) -> Result<Vec<CronConfig>>;
    run(id: RunId) -> Result<Option<CronRun>>;
    log(id: RunId) -> Result<Option<String>>;
    output(id: RunId, from: u64) -> Result<RunOutput>;
    runs_after(after: RunId, limit: usize, ids: &[RunId]) -> Result<Vec<CronRun>>;
    runs(query: &RunQuery) -> Result<Vec<CronRun>>;
    accounts(id: CronConfigId) -> Result<Vec<Account>>;
    create_token(token: &NewToken, by: &Author) -> Result<Token>;
    revoke_token(id: TokenId, by: &Author) -> Result<Option<Token>>;
    tokens() -> Result<Vec<Token>>;
    live_token(id: TokenId) -> Result<Option<(Token, TokenHash)>>;
    has_live_token() -> Result<bool>;
    audit(query: &AuditQuery) -> Result<Vec<AuditRecord>>;
    requested(request_ids: &[String]) -> Result<Vec<CronRun>>;
    create_once(config: CronConfig, request: &CreateRequest, by: &Author) -> Result<CronConfig>;
    versions(id: CronConfigId, query: &VersionQuery) -> Result<Vec<ConfigVersion>>;
    create_calendar(calendar: Calendar, by: &Author) -> Result<Calendar>;
    update_calendar(id: CalendarId, fields: &CalendarFields, if_version: Option<i64>, by: &Author) -> Result<Option<Calendar>>;
    delete_calendar(id: CalendarId, if_version: Option<i64>, by: &Author) -> Result<Option<Calendar>>;
    calendar(id: CalendarId) -> Result<Option<Calendar>>;
    calendars(query: &CalendarQuery) -> Result<Vec<Calendar>>;
    control() -> Result<Control>;
    update_control(fields: &ControlFields, if_version: Option<i64>, by: &Author) -> Result<Control>;
}

/// The answer, which is counted whether it is an error or not. A call that was given up has none.
async fn timed<T>(clock: &dyn Clock, histogram: &Histogram, call: impl Future<Output = T>) -> T {
    let asked = clock.elapsed();
    let answer = call.await;
    histogram.count(clock.elapsed().saturating_sub(asked));
    answer
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicU64, Ordering},
        time::Duration,
    };

    use jiff::Timestamp;

    use super::*;
    use crate::contracts::BoxFuture;

    /// A clock that is turned by hand, in seconds.
    struct Turned(AtomicU64);

    impl Clock for Turned {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }

        fn elapsed(&self) -> Duration {
            Duration::from_secs(self.0.load(Ordering::Relaxed))
        }

        fn sleep_until(&self, _: Duration) -> BoxFuture<()> {
            Box::pin(std::future::pending())
        }
    }

    #[tokio::test]
    async fn a_call_counts_for_as_long_as_its_answer_took() {
        let (clock, histogram) = (Turned(AtomicU64::new(40)), Histogram::new(WAITS));
        let answer = timed(&clock, &histogram, async { clock.0.fetch_add(2, Ordering::Relaxed) }).await;
        assert_eq!((answer, histogram.read().seconds), (40, 2.0));
        assert_eq!(histogram.read().up_to.last(), Some(&(f64::INFINITY, 1)));
    }
}
