//! What users write: the code that a job runs.

mod active_run;
mod cancellation;
mod context;
mod events;
mod function;
mod log;
mod output;
mod progress;
mod run;
mod services;

use async_trait::async_trait;
use serde_json::Value;

pub use active_run::ActiveRun;
pub use cancellation::{Cancellation, Stop};
pub use context::Ctx;
pub use events::Events;
pub use function::{AsFunction, AsHandler, Function, IntoHandler, IntoHandlerResult, JobFn};
pub use log::{Log, LogPart};
pub use output::{OutputChanges, RunOutput};
pub use progress::{Progress, ProgressReport};
pub use run::{Attempt, IdempotencyKey, Tick, Window};
pub use services::{Config, Services, State};

use crate::Result;

/// What a handler returns: events or a value, or the text of an error.
pub type HandlerResult = std::result::Result<Value, String>;

/// The code that a job runs. Async functions and closures whose arguments are [`FromRun`] are handlers, too: see [`IntoHandler`].
///
/// # Laws
/// - It is called once per claimed run, and only while the claim is good.
/// - An error and a panic end the run as failed, with the events captured so far, and nothing else.
/// - When it is told to stop it ends soon; what it does after its hold has ended is refused.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Does the job once.
    async fn call(&self, run: ActiveRun) -> HandlerResult;

    /// Whether `services` has what the handler will ask for; asked once, when the job is registered.
    ///
    /// Errors: failed precondition, which says what is missing.
    fn check(&self, services: &Services) -> Result<()> {
        let _ = services;
        Ok(())
    }
}

/// What an async function may take as an argument to be a handler: something it gets from the run.
///
/// ```
/// use cron_manager::{ActiveRun, FromRun, Result, State, contracts::Services};
///
/// struct Mailer {
///     sender: String,
/// }
///
/// /// The mailer, and the job that sends.
/// struct Sender(State<Mailer>, String);
///
/// impl FromRun for Sender {
///     fn from_run(run: &ActiveRun) -> Result<Self> {
///         Ok(Self(State::from_run(run)?, run.run().name.to_string()))
///     }
///
///     fn check(services: &Services) -> Result<()> {
///         State::<Mailer>::check(services)
///     }
/// }
///
/// async fn send_invoices(Sender(mailer, job): Sender) {
///     println!("{job} sends as {}", mailer.sender);
/// }
/// # cron_manager::IntoHandler::into_handler(send_invoices);
/// ```
#[diagnostic::on_unimplemented(
    message = "a job's handler cannot take `{Self}` as an argument",
    label = "this is not something a run has",
    note = "a handler may take ActiveRun, Context, Ctx<T>, Config<T>, State<T>, CronRun, Window, Tick, Attempt, Fence, IdempotencyKey, TraceParent, Events, Log, Progress and Cancellation, by value",
    note = "Ctx<T> needs T: serde::de::DeserializeOwned; Config<T> and State<T> need T: Send + Sync + 'static",
    note = "to take a type of your own, implement `cron_manager::FromRun` for it"
)]
pub trait FromRun: Sized {
    /// The argument for this run. An error ends the run as failed before the function is called.
    fn from_run(run: &ActiveRun) -> Result<Self>;

    /// Whether runs will be able to give it; asked once, when the job is registered.
    ///
    /// Errors: failed precondition, which says what is missing.
    fn check(services: &Services) -> Result<()> {
        let _ = services;
        Ok(())
    }
}
