//! Calls: a foreign timer says when, this library whether.

use std::{marker::PhantomData, sync::Arc};

use async_trait::async_trait;
use parking_lot::Mutex;

use super::CronManager;
use crate::{ActiveRun, Handler, HandlerResult, JobFn, JobName, Result, scheduler::Called};

impl CronManager {
    /// Handles a job because a timer of the service's own says that it is time, as the original library's `handleJob` does: claims the tick
    /// of the job's config that is nearest, calls `handler` with what it asks of the run (see [`FromRun`](crate::FromRun)), and returns when
    /// all is recorded. That there is nothing to run now is a value ([`Called::Refused`]), and so is a run that failed.
    ///
    /// A timer may be early by a second (or half the interval, if that is less): the call then waits for the tick. It may be late for as long as
    /// nobody else has the tick, until its start deadline. Of many replicas' timers, one gets a tick of a distributed job. The first call marks the
    /// config as [external](crate::CronConfig::external). Without a schedule, each call is a run of its own, unless the last one began less than
    /// [`min_gap`](crate::Policy::min_gap) ago.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> cron_manager::Result<()> {
    /// use cron_manager::{Config, Context, CronConfigFields, CronManager, Called};
    ///
    /// struct Shop {
    ///     name: String,
    /// }
    ///
    /// let manager = CronManager::builder().config(Shop { name: "Corner".into() }).build().await?;
    /// manager.create_cron_config(&CronConfigFields::named("doSomething").enabled(true)).await?;
    /// manager.start();
    /// let called = manager
    ///     .handle_job("doSomething", |context: Context, config: Config<Shop>| async move {
    ///         Ok::<_, std::io::Error>(vec![format!("{} was told {}", config.name, context.as_str())])
    ///     })
    ///     .await?;
    /// let Called::Ran(_, outcome) = called else { panic!("refused") };
    /// assert_eq!(outcome.result.as_deref(), Some(r#"["Corner was told {}"]"#));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Errors: invalid argument (`name`); failed precondition, when the manager was not started, or the handler takes what the builder was not
    /// given; what the store says, after which a run that was claimed all the same goes on.
    pub async fn handle_job<Args: Send + 'static, F: JobFn<Args>>(&self, name: &str, handler: F) -> Result<Called> {
        F::check(self.replica.services()).map_err(|error| error.at(format_args!("job {name}")))?;
        let once = Once { function: Mutex::new(Some(handler)), args: PhantomData };
        self.replica.call(JobName::new(name)?, Arc::new(once)).await
    }
}

/// A function that is called for one run.
struct Once<F, Args> {
    function: Mutex<Option<F>>,
    // A function pointer, so that the handler is Send and Sync whatever the arguments are.
    args: PhantomData<fn(Args)>,
}

#[async_trait]
impl<F: JobFn<Args>, Args: Send + 'static> Handler for Once<F, Args> {
    async fn call(&self, run: ActiveRun) -> HandlerResult {
        let function = self.function.lock().take();
        match function {
            Some(function) => function.call(run).await,
            None => Err("the call was for one run, which is over".into()),
        }
    }
}
