//! What the service hands to its handlers, beside the run.

use std::{
    any::{Any, TypeId, type_name},
    collections::HashMap,
    ops::Deref,
    sync::Arc,
};

use super::{ActiveRun, FromRun};
use crate::{Error, ErrorKind, Result};

/// What handlers may ask for by type: [`Config`] and [`State`].
#[derive(Clone, Default)]
pub struct Services(HashMap<TypeId, Arc<dyn Any + Send + Sync>>);

impl Services {
    /// The service's configuration. It takes the place of an older value of the same type.
    pub fn config<T: Send + Sync + 'static>(&mut self, value: T) {
        self.insert(Config(Arc::new(value)));
    }

    /// Something that runs share. It takes the place of an older value of the same type.
    pub fn state<T: Send + Sync + 'static>(&mut self, value: T) {
        self.insert(State(Arc::new(value)));
    }

    fn insert<E: Send + Sync + 'static>(&mut self, extracted: E) {
        self.0.insert(TypeId::of::<E>(), Arc::new(extracted));
    }

    fn get<E: Clone + 'static>(&self) -> Option<E> {
        self.0.get(&TypeId::of::<E>())?.downcast_ref::<E>().cloned()
    }
}

macro_rules! service {
    ($(#[$doc:meta])* $name:ident by $method:literal) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub struct $name<T>(pub Arc<T>);

        // Not derived: T itself need not be Clone.
        impl<T> Clone for $name<T> {
            fn clone(&self) -> Self {
                Self(Arc::clone(&self.0))
            }
        }

        impl<T> Deref for $name<T> {
            type Target = T;

            fn deref(&self) -> &T {
                &self.0
            }
        }

        impl<T: Send + Sync + 'static> $name<T> {
            fn of(services: &Services) -> Result<Self> {
                services.get::<Self>().ok_or_else(|| {
                    let message = format!(
                        concat!(
                            "the handler takes ", stringify!($name), "<{}>, and the service has no such value; ",
                            "hand it to the builder by `.", $method, "(value)`"
                        ),
                        type_name::<T>()
                    );
                    Error::new(ErrorKind::FailedPrecondition, message)
                })
            }
        }

        impl<T: Send + Sync + 'static> FromRun for $name<T> {
            fn from_run(run: &ActiveRun) -> Result<Self> {
                Self::of(run.services())
            }

            fn check(services: &Services) -> Result<()> {
                Self::of(services).map(drop)
            }
        }
    };
}

service! {
    /// The service's own configuration, as it was handed to [`Builder::config`](crate::Builder::config). A job whose handler takes
    /// one that was not handed in is refused when it is registered.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> cron_manager::Result<()> {
    /// use cron_manager::{Config, CronManager};
    ///
    /// struct Settings {
    ///     sender: String,
    /// }
    ///
    /// async fn send_invoices(settings: Config<Settings>) {
    ///     println!("from {}", settings.sender);
    /// }
    ///
    /// let manager = CronManager::builder().config(Settings { sender: "office@example.org".into() }).build().await?;
    /// manager.job("send-invoices").schedule("30 2 * * *").run(send_invoices).await?;
    /// # Ok(())
    /// # }
    /// ```
    Config by "config"
}

service! {
    /// Something that runs share, such as a pool of connections, found by its type among what was handed to
    /// [`Builder::state`](crate::Builder::state). A job whose handler takes one that was not handed in is refused when it is registered.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> cron_manager::Result<()> {
    /// use std::sync::atomic::{AtomicU64, Ordering};
    ///
    /// use cron_manager::{CronManager, State};
    ///
    /// #[derive(Default)]
    /// struct Sent(AtomicU64);
    ///
    /// async fn send_invoices(sent: State<Sent>) {
    ///     sent.0.0.fetch_add(1, Ordering::Relaxed);
    /// }
    ///
    /// let missing = CronManager::builder().build().await?;
    /// assert!(missing.job("send-invoices").run(send_invoices).await.is_err());
    ///
    /// let manager = CronManager::builder().state(Sent::default()).build().await?;
    /// manager.job("send-invoices").schedule("30 2 * * *").run(send_invoices).await?;
    /// # Ok(())
    /// # }
    /// ```
    State by "state"
}
