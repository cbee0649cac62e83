//! Stores that stand before another one.

use async_trait::async_trait;

use super::{
    AuditQuery, Beat, Busy, CalendarQuery, ConfigQuery, CreateRequest, Decide, Finish, HeldOutput, Home, Look, Pages,
    RunOutput, RunQuery, Store, VersionQuery, Watch,
};
use crate::{
    AuditRecord, Author, Calendar, CalendarFields, CalendarId, ClaimToken, Control, ControlFields, CronConfig,
    CronConfigId, CronRun, Hold, JobName, RegisteredReplica, ReplicaId, ReplicaStatus, Result, Revision, RunId, Token,
    TokenId,
    domain::{
        NewToken, TokenHash,
        ledger::{Account, ConfigVersion, Page},
    },
};

/// The layer and the store that it is, from the calls of [`Store`].
macro_rules! layer {
    ($($call:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        /// A [`Store`] that hands each call on to another one, and stands around it: to time it, to count it, to let it fail. A call that it
        /// answers itself does not go through [`around`](StoreLayer::around).
        ///
        /// ```
        /// use std::sync::atomic::{AtomicU64, Ordering};
        /// use cron_manager::{Result, backends::memory::MemoryStore, contracts::StoreLayer};
        ///
        /// /// Counts how often the store is asked.
        /// struct Counting {
        ///     store: MemoryStore,
        ///     calls: AtomicU64,
        /// }
        ///
        /// impl StoreLayer for Counting {
        ///     type Inner = MemoryStore;
        ///
        ///     fn inner(&self) -> &MemoryStore {
        ///         &self.store
        ///     }
        ///
        ///     async fn around<T: Send>(&self, _call: &'static str, answer: impl Future<Output = Result<T>> + Send) -> Result<T> {
        ///         self.calls.fetch_add(1, Ordering::Relaxed);
        ///         answer.await
        ///     }
        /// }
        /// ```
        pub trait StoreLayer: Send + Sync + 'static {
            /// The store behind it.
            type Inner: Store + ?Sized;

            /// The names of all calls that can be gone around.
            const CALLS: &[&str] = &[$(stringify!($call)),*];

            /// The store behind it.
            fn inner(&self) -> &Self::Inner;

            /// Goes around the call of that name. The store is asked when `answer` is awaited first.
            fn around<T: Send>(
                &self,
                call: &'static str,
                answer: impl Future<Output = Result<T>> + Send,
            ) -> impl Future<Output = Result<T>> + Send {
                let _ = call;
                answer
            }

            /// [`Store::is_shared`].
            fn is_shared(&self) -> bool {
                self.inner().is_shared()
            }

            /// [`Store::home`].
            fn home(&self) -> Option<&Home> {
                self.inner().home()
            }

            $(
                #[doc = concat!("[`Store::", stringify!($call), "`].")]
                fn $call(&self, $($argument: $type),*) -> impl Future<Output = $answer> + Send {
                    async move { self.around(stringify!($call), self.inner().$call($($argument),*)).await }
                }
            )*
        }

        #[async_trait]
        impl<L: StoreLayer> Store for L {
            fn is_shared(&self) -> bool {
                StoreLayer::is_shared(self)
            }

            fn home(&self) -> Option<&Home> {
                StoreLayer::home(self)
            }

            $(async fn $call(&self, $($argument: $type),*) -> $answer {
                StoreLayer::$call(self, $($argument),*).await
            })*
        }
    };
}

layer! {
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
