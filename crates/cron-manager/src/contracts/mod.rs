//! What others must provide. Each contract has its laws in its docs, and a test per law in `testing::conformance`.

mod clock;
mod handler;
mod home;
mod layer;
mod locker;
mod observer;
mod queries;
mod randomness;
mod sealer;
mod signal;
mod spawn;
mod store;

pub use clock::Clock;
pub use handler::{
    ActiveRun, AsFunction, AsHandler, Attempt, Cancellation, Config, Ctx, Events, FromRun, Function, Handler,
    HandlerResult, IdempotencyKey, IntoHandler, IntoHandlerResult, JobFn, Log, LogPart, OutputChanges, Progress,
    ProgressReport, RunOutput, Services, State, Stop, Tick, Window,
};
pub use home::Home;
pub use layer::StoreLayer;
pub use locker::{Lease, LockRequest, LockTick, Locked, Locker};
pub use observer::{LockAnswer, Observer};
pub use queries::{AuditQuery, CalendarQuery, ConfigQuery, RunQuery, VersionQuery};
pub use randomness::Randomness;
pub use sealer::Sealer;
pub use signal::{Signal, Signals};
pub use spawn::Spawn;
pub use store::{
    Beat, Busy, CreateRequest, Decide, Finish, HeldOutput, Look, Pages, Running, Standing, Store, Waiting, Watch,
};

/// A boxed future, as the contracts that cannot be `async fn` return it.
pub type BoxFuture<T> = std::pin::Pin<Box<dyn Future<Output = T> + Send>>;
