//! Every back end, held to the laws of its contract.

#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

use std::{any::Any, sync::Arc};

use cron_manager::{contracts::Clock, testing::ManualClock};

fn made<T>(subject: T) -> (T, Box<dyn Any>) {
    (subject, Box::new(()))
}

mod memory {
    use cron_manager::{
        backends::memory::{LocalSignal, MemoryLocker, MemoryStore},
        contracts::{Signal, Signals, Store},
        testing::conformance::locker::Timed,
    };

    use super::*;

    async fn store(clock: ManualClock) -> (Arc<dyn Store>, Box<dyn Any>) {
        made(Arc::new(MemoryStore::new(Arc::new(clock))))
    }

    async fn locker(clock: ManualClock) -> (Timed, Box<dyn Any>) {
        made((Arc::new(MemoryLocker::new(Arc::new(clock.clone()))), Arc::new(clock)))
    }

    async fn signals(_: ManualClock) -> ((Arc<dyn Signal>, Arc<dyn Signal>), Box<dyn Any>) {
        let signal = LocalSignal::default();
        made((Arc::new(signal.clone()), Arc::new(signal)))
    }

    cron_manager::store_laws!(store);
    cron_manager::locker_laws!(locker);
    cron_manager::signal_laws!(signals);

    /// Two ways for nudges, of which one is enough.
    mod together {
        use super::*;

        async fn signals(_: ManualClock) -> ((Arc<dyn Signal>, Arc<dyn Signal>), Box<dyn Any>) {
            let (one, deaf) = (LocalSignal::default(), LocalSignal::default());
            let both = || -> Vec<Arc<dyn Signal>> { vec![Arc::new(one.clone()), Arc::new(deaf.clone())] };
            made((Arc::new(Signals(both())), Arc::new(Signals(vec![Arc::new(one.clone())]))))
        }

        cron_manager::signal_laws!(signals);
    }
}

mod sqlite {
    use std::{
        path::PathBuf,
        sync::atomic::{AtomicU32, Ordering},
    };

    use cron_manager::{backends::sqlite::SqliteStore, contracts::Store};

    use super::*;

    /// A folder that is removed in the end.
    struct Folder(PathBuf);

    impl Drop for Folder {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).unwrap();
        }
    }

    async fn store(clock: ManualClock) -> (Arc<dyn Store>, Box<dyn Any>) {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("conformance-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = Folder(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name));
        let store = SqliteStore::open(folder.0.join("cron.db"), Arc::new(clock)).await.unwrap();
        (Arc::new(store), Box::new(folder))
    }

    cron_manager::store_laws!(store);
}

#[path = "postgres/server.rs"]
mod server;
#[path = "postgres/turned.rs"]
mod turned;

mod postgres {
    use cron_manager::{
        backends::{
            postgres::PostgresStore,
            system::{SystemClock, SystemRandomness, TokioSpawn},
        },
        contracts::{Signal, Store},
    };

    use super::{server::TestSchema, turned::TurnedStore, *};

    async fn store(clock: ManualClock) -> (Arc<dyn Store>, Box<dyn Any>) {
        let schema = TestSchema::new();
        let store = TurnedStore::open(schema.options(), schema.pool(), clock).await;
        (Arc::new(store), Box::new(schema))
    }

    /// A signal of a store of its own, live.
    async fn end(schema: &TestSchema) -> Arc<dyn Signal> {
        let store = PostgresStore::open(schema.options(), Arc::new(SystemClock)).await.unwrap();
        let signal = store.signal(&TokioSpawn, &SystemRandomness);
        // It nudges when it has become live.
        loop {
            let nudged = signal.nudged();
            if signal.is_live() {
                return Arc::new(signal);
            }
            nudged.await;
        }
    }

    async fn signals(_: ManualClock) -> ((Arc<dyn Signal>, Arc<dyn Signal>), Box<dyn Any>) {
        let schema = TestSchema::new();
        ((end(&schema).await, end(&schema).await), Box::new(schema))
    }

    cron_manager::store_laws!(store);
    cron_manager::signal_laws!(signals);

    mod behind_a_pooler {
        use super::*;

        async fn store(clock: ManualClock) -> (Arc<dyn Store>, Box<dyn Any>) {
            let schema = TestSchema::new();
            let mut options = schema.options();
            if let Ok(pooler) = std::env::var("CRON_MANAGER_TEST_POOLER_URL") {
                options.url = pooler;
            }
            options.url.push_str(if options.url.contains('?') { "&" } else { "?" });
            options.url.push_str("statement-cache-capacity=0");
            let store = TurnedStore::open(options, schema.pool(), clock).await;
            (Arc::new(store), Box::new(schema))
        }

        cron_manager::store_laws!(store);
    }
}

mod system {
    use cron_manager::{
        backends::system::{SystemClock, SystemRandomness, TokioSpawn},
        contracts::{Randomness, Spawn},
    };

    use super::*;

    async fn clock(_: ManualClock) -> (Arc<dyn Clock>, Box<dyn Any>) {
        made(Arc::new(SystemClock))
    }

    async fn randomness(_: ManualClock) -> ((Arc<dyn Randomness>, Arc<dyn Randomness>), Box<dyn Any>) {
        made((Arc::new(SystemRandomness), Arc::new(SystemRandomness)))
    }

    async fn spawn(_: ManualClock) -> (Arc<dyn Spawn>, Box<dyn Any>) {
        made(Arc::new(TokioSpawn))
    }

    cron_manager::clock_laws!(clock);
    cron_manager::randomness_laws!(randomness);
    cron_manager::spawn_laws!(spawn);
}

mod hand_turned {
    use super::*;

    async fn clock(clock: ManualClock) -> (Arc<dyn Clock>, Box<dyn Any>) {
        made(Arc::new(clock))
    }

    cron_manager::clock_laws!(clock);
}

mod closures {
    use cron_manager::{ActiveRun, Handler, IntoHandler};

    use super::*;

    async fn handler(_: ManualClock) -> (Arc<dyn Handler>, Box<dyn Any>) {
        let handler = |run: ActiveRun| async move {
            run.stopped().await;
            Err::<(), _>("told to stop")
        };
        made(Arc::new(handler.into_handler()))
    }

    cron_manager::handler_laws!(handler);
}
