//! How a run is told to stop.

use std::{fmt, sync::Arc};

use tokio::sync::watch;

use super::{ActiveRun, FromRun};
use crate::Result;

/// Why a run is told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// It took longer than the config's timeout.
    TimedOut,
    /// The replica shuts down, and the grace period is over.
    ShutDown,
    /// Somebody cancelled the run.
    Cancelled,
    /// The lock was lost, and the config requires it.
    LockLost,
    /// The replica lost its hold on the run: somebody else may run by now.
    HoldLost,
}

/// What an error says of it.
impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimedOut => "stopped after its timeout",
            Self::ShutDown => "stopped by the shutdown",
            Self::Cancelled => "cancelled",
            Self::LockLost => "stopped when the lock was lost",
            Self::HoldLost => "stopped when the hold was lost",
        })
    }
}

/// Tells a handler to stop. Clones are the same run's.
///
/// ```
/// use cron_manager::{Cancellation, Stop};
///
/// async fn send_invoices(cancellation: Cancellation) -> Result<u32, &'static str> {
///     let mut sent = 0;
///     while sent < 3 && !cancellation.is_cancelled() {
///         sent += 1;
///     }
///     if cancellation.is_cancelled() { Err("told to stop") } else { Ok(sent) }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// // In a test of the function:
/// let cancellation = Cancellation::default();
/// assert_eq!(send_invoices(cancellation.clone()).await, Ok(3));
/// cancellation.cancel(Stop::TimedOut);
/// assert!(send_invoices(cancellation).await.is_err());
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct Cancellation(Arc<watch::Sender<Option<Stop>>>);

impl Cancellation {
    /// Tells the handler to stop. The first reason stays.
    pub fn cancel(&self, why: Stop) {
        self.0.send_if_modified(|stop| stop.is_none() && stop.replace(why).is_none());
    }

    /// Whether the handler is told to stop.
    pub fn is_cancelled(&self) -> bool {
        self.reason().is_some()
    }

    /// Why the handler is told to stop, if it is.
    pub fn reason(&self) -> Option<Stop> {
        *self.0.borrow()
    }

    /// Ends when the handler is told to stop.
    pub async fn cancelled(&self) -> Stop {
        let mut stop = self.0.subscribe();
        loop {
            if let Some(why) = *stop.borrow_and_update() {
                return why;
            }
            if stop.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

impl Default for Cancellation {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl FromRun for Cancellation {
    fn from_run(run: &ActiveRun) -> Result<Self> {
        Ok(run.cancellation().clone())
    }
}
