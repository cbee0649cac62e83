//! The laws of each contract, as tests that any implementation can be held to.
//!
//! There is one list per contract, and no way to leave a law out. A factory gets the clock that the law turns by hand, and returns
//! what is to be tested, with a guard that lives until the test ends:
//!
//! ```
//! mod memory_store {
//!     use std::{any::Any, sync::Arc};
//!     use cron_manager::{backends::memory::MemoryStore, contracts::Store, testing::ManualClock};
//!
//!     async fn store(clock: ManualClock) -> (Arc<dyn Store>, Box<dyn Any>) {
//!         (Arc::new(MemoryStore::new(Arc::new(clock))), Box::new(()))
//!     }
//!
//!     cron_manager::store_laws!(store);
//! }
//! # fn main() {}
//! ```

#![expect(clippy::unwrap_used, reason = "a law that is broken ends its test")]

pub mod clock;
pub mod handler;
pub mod locker;
pub mod randomness;
pub mod signal;
pub mod spawn;
pub mod store;

use std::any::Any;

use super::ManualClock;

/// What a factory returns: the thing to test, and a guard that is dropped after it.
pub type Made<T> = (T, Box<dyn Any>);

/// Runs one law on a new subject, on a runtime of its own.
pub fn hold<T, Make, Making, Law, Lawful>(make: Make, law: Law)
where
    Make: FnOnce(ManualClock) -> Making,
    Making: Future<Output = Made<T>>,
    Law: FnOnce(T, ManualClock) -> Lawful,
    Lawful: Future<Output = ()>,
{
    let clock = ManualClock::new("2026-03-01T12:00:00.5Z".parse().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (subject, guard) = make(clock.clone()).await;
        law(subject, clock).await;
        drop(guard);
    });
}

/// Makes a test of each law of a contract; called by the macro of the contract.
#[doc(hidden)]
#[macro_export]
macro_rules! laws {
    ($contract:ident, $make:path; $($law:ident),+ $(,)?) => { $(
        #[test]
        fn $law() {
            $crate::testing::conformance::hold($make, $crate::testing::conformance::$contract::$law);
        }
    )+ };
}
