//! Laws of [`Handler`].

use std::sync::Arc;

use super::super::ManualClock;
use crate::{
    ActiveRun, Author, CronConfigFields, Handler, Stop,
    contracts::{Busy, Pages, Store},
    domain::ledger::Claimant,
};

/// Makes the tests; the factory returns a handler.
#[macro_export]
macro_rules! handler_laws {
    ($make:path) => {
        $crate::laws!(handler, $make; told_to_stop_it_ends, it_may_be_called_again_after_it_was_stopped);
    };
}

/// Whatever the reason, and also when it is told before it begins.
pub async fn told_to_stop_it_ends(handler: Arc<dyn Handler>, clock: ManualClock) {
    for why in [Stop::TimedOut, Stop::ShutDown, Stop::HoldLost] {
        let run = active_run(&clock).await;
        run.stop(why);
        let _ = handler.call(run).await;
    }
}

/// One run that was stopped does not stop the next.
pub async fn it_may_be_called_again_after_it_was_stopped(handler: Arc<dyn Handler>, clock: ManualClock) {
    for _ in 0..3 {
        let run = active_run(&clock).await;
        let stopper = run.clone();
        let stop = async move {
            tokio::task::yield_now().await;
            stopper.stop(Stop::ShutDown);
        };
        let (_, ()) = futures_util::future::join(handler.call(run), stop).await;
    }
}

/// A run as a replica would have claimed it.
async fn active_run(clock: &ManualClock) -> ActiveRun {
    let store = crate::backends::memory::MemoryStore::new(Arc::new(clock.clone()));
    let fields = CronConfigFields::named("handled").enabled(true);
    let config = store.create(fields.create(jiff::Timestamp::UNIX_EPOCH).unwrap(), &Author::code()).await.unwrap();
    let claimant = Claimant { replica_id: crate::ReplicaId(1), token: crate::ClaimToken(1) };
    let decide = |pages: &mut [crate::domain::ledger::Page]| {
        let place = pages[0].record_manual("asked".into());
        assert!(pages[0].start(place, claimant));
        Ok(())
    };
    let pages = store.transact(Pages::Of(&[config.id.into()]), Busy::Wait, &decide).await.unwrap();
    let run = pages[0].claimed(claimant.token).next().cloned().unwrap();
    ActiveRun::new(run, Arc::new(config), None, Arc::default())
}
