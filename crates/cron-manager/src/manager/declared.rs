//! Jobs declared by `#[cron_job]`.

use std::{collections::HashMap, panic::Location};

use futures_util::future::BoxFuture;

use super::CronManager;
use crate::{CronConfig, Error, ErrorKind, Result};

/// A function that was declared as a job by [`cron_job`](crate::cron_job), as a type.
pub trait DeclaredJob {
    /// Its job.
    const DECLARATION: Declaration;
}

/// A job and its handler, still to be put in place by [`CronManager::declare`].
#[derive(Clone, Copy)]
pub struct Declaration {
    name: &'static str,
    place: &'static Location<'static>,
    run: Run,
}

/// Declares the job and gives it its handler.
type Run = for<'a> fn(&'a CronManager) -> BoxFuture<'a, Result<CronConfig>>;

inventory::collect!(Declaration);

impl Declaration {
    /// The job `name`, which `run` puts in place.
    #[track_caller]
    pub const fn new(name: &'static str, run: Run) -> Self {
        Self { name, place: Location::caller(), run }
    }
}

/// The declarations of jobs, each by the path of its function, for [`CronManager::declare`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cron_manager::Result<()> {
/// use cron_manager::{CronManager, cron_job, jobs};
///
/// mod post {
///     #[cron_manager::cron_job(name = "send-letters", schedule = "30 2 * * *", timezone = "Europe/Berlin", distributed)]
///     pub async fn send_letters() {}
/// }
///
/// #[cron_job(schedule = EVERY_5_MINUTES)]
/// async fn look_around() {}
///
/// let manager = CronManager::builder().build().await?;
/// let configs = manager.declare(jobs![post::send_letters, look_around]).await?;
/// assert_eq!(configs[0].name.as_str(), "send-letters");
/// assert_eq!(configs[1].name.as_str(), "look_around");
/// # Ok(())
/// # }
/// ```
#[macro_export]
macro_rules! jobs {
    ($($job:ty),* $(,)?) => {
        [$(<$job as $crate::DeclaredJob>::DECLARATION),*]
    };
}

impl CronManager {
    /// Puts jobs in place, in their order, each as [`Job::run`](super::Job::run) does. The list is made by [`jobs!`](crate::jobs).
    ///
    /// Errors: already exists, when two have the same name; those of `Job::run`. The jobs before the one at fault are in place.
    pub async fn declare(&self, jobs: impl IntoIterator<Item = Declaration>) -> Result<Vec<CronConfig>> {
        let jobs: Vec<Declaration> = jobs.into_iter().collect();
        check_names(&jobs)?;
        let mut configs = Vec::with_capacity(jobs.len());
        for job in jobs {
            configs.push((job.run)(self).await?);
        }
        Ok(configs)
    }

    /// Puts all jobs of this binary in place, in the order of their names: each function that has the attribute, in whatever crate it stands.
    ///
    /// Errors: those of [`CronManager::declare`].
    ///
    /// ```standalone_crate
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> cron_manager::Result<()> {
    /// use cron_manager::{CronManager, cron_job};
    ///
    /// #[cron_job(every = "10s")]
    /// async fn look_around() {}
    ///
    /// let manager = CronManager::builder().build().await?;
    /// assert_eq!(manager.declare_all().await?.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn declare_all(&self) -> Result<Vec<CronConfig>> {
        let mut jobs: Vec<Declaration> = inventory::iter::<Declaration>().copied().collect();
        // They come in the linker's order.
        jobs.sort_unstable_by_key(|job| (job.name, job.place.file(), job.place.line()));
        self.declare(jobs).await
    }
}

/// No two jobs have one name.
fn check_names(jobs: &[Declaration]) -> Result<()> {
    let mut places = HashMap::new();
    for Declaration { name, place, .. } in jobs {
        if let Some(first) = places.insert(name, place) {
            let message = format!(
                "two jobs are called {name}: {}:{} and {}:{}",
                first.file(),
                first.line(),
                place.file(),
                place.line()
            );
            return Err(Error::new(ErrorKind::AlreadyExists, message));
        }
    }
    Ok(())
}
