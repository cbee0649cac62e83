//! Who waits for whom.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
    mpsc::{Sender, channel},
};

use cron_manager::{
    ClaimToken, CronConfig, ErrorKind, PageId, ReplicaId, Result, RunState,
    backends::postgres::PostgresStore,
    contracts::{Busy, Pages, RunQuery, Store},
    domain::ledger::{Claimant, Page},
};
use futures_util::future::join_all;
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    task::{JoinHandle, block_in_place, spawn},
};

use crate::{
    server::TestSchema,
    support::{claimed, config, open, register, somebody_waits, start, succeeded},
};

/// A decision that holds its transaction open until it is let go.
struct Held {
    entered: UnboundedReceiver<()>,
    go: Sender<()>,
    done: JoinHandle<Result<Vec<Page>>>,
}

impl Held {
    fn begin(store: &Arc<PostgresStore>, page: PageId, decide: impl Fn(&mut Page) + Send + Sync + 'static) -> Self {
        let ((enter, entered), (go, let_go)) = (unbounded_channel(), channel());
        let (store, let_go) = (Arc::clone(store), Mutex::new(let_go));
        let done = spawn(async move {
            let decide = |pages: &mut [Page]| {
                decide(&mut pages[0]);
                enter.send(()).unwrap();
                // When the other end is gone, it goes on at once: also when it begins anew.
                let _ = block_in_place(|| let_go.lock().unwrap().recv());
                Ok(())
            };
            store.transact(Pages::Of(&[page]), Busy::Wait, &decide).await
        });
        Self { entered, go, done }
    }

    /// Lets it go, and waits for its end.
    async fn end(self) -> Result<Vec<Page>> {
        drop(self.go);
        self.done.await.unwrap()
    }
}

fn edit(store: &Arc<PostgresStore>, config: &CronConfig) -> JoinHandle<Result<Vec<Page>>> {
    let (store, id) = (Arc::clone(store), config.id);
    spawn(async move {
        let edit = |pages: &mut [Page]| {
            for page in pages {
                page.edit(CronConfig { enabled: false, ..page.config().clone() });
            }
            Ok(())
        };
        store.transact(Pages::AllOf(&[id]), Busy::Wait, &edit).await
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_locked_page_is_left_out_or_waited_for() {
    let schema = TestSchema::new();
    let (one, other) = (open(&schema).await, open(&schema).await);
    let (a, b) = (config(&one, "a", true).await.id, config(&one, "b", true).await.id);
    let mut held = Held::begin(&one, a.into(), start);
    held.entered.recv().await.unwrap();
    let both = [a.into(), b.into()];
    let skipped = other.transact(Pages::Of(&both), Busy::Skip, &|_| Ok(())).await.unwrap();
    assert_eq!(skipped.iter().map(Page::id).collect::<Vec<_>>(), [b.into()]);
    let waiting = spawn(async move { other.transact(Pages::Of(&both), Busy::Wait, &|_| Ok(())).await });
    somebody_waits(&schema.pool()).await;
    assert!(!waiting.is_finished());
    held.end().await.unwrap();
    let pages = waiting.await.unwrap().unwrap();
    assert_eq!((pages.len(), pages[0].runs().count()), (2, 1), "it sees what was written while it waited");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn stores_that_contend_write_each_tick_once() {
    let schema = TestSchema::new();
    let stores = [open(&schema).await, open(&schema).await, open(&schema).await];
    let mut ids = Vec::new();
    for at in 0..20 {
        ids.push(PageId::from(config(&stores[0], &format!("job-{at}"), true).await.id));
    }
    let tick = config(&stores[0], "clock", true).await.created_at;
    let turn = |store: &Arc<PostgresStore>, at: usize| {
        let (store, ids) = (Arc::clone(store), ids.clone());
        spawn(async move {
            let decide = |pages: &mut [Page]| {
                for page in pages.iter_mut().filter(|page| page.watermark() <= tick) {
                    let place = page.record_tick(tick);
                    page.start(place, Claimant { replica_id: ReplicaId(at as u64), token: ClaimToken(at as i64) });
                    page.move_watermark(page.now());
                }
                Ok(())
            };
            let busy = if at.is_multiple_of(2) { Busy::Skip } else { Busy::Wait };
            store.transact(Pages::Of(&ids), busy, &decide).await.unwrap()
        })
    };
    join_all((0..30).map(|at| turn(&stores[at % 3], at))).await;
    let runs = stores[0].runs(&RunQuery { limit: 1_000, ..RunQuery::default() }).await.unwrap();
    assert_eq!(runs.len(), 20);
    assert!(runs.iter().all(|run| run.state == RunState::Running && run.fence.0 == 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_edit_waits_for_lanes_which_do_not_wait_for_each_other() {
    let schema = TestSchema::new();
    let (one, other) = (open(&schema).await, open(&schema).await);
    let config = config(&one, "everywhere", false).await;
    let lane = |replica| PageId { config_id: config.id, lane: Some(replica) };
    let (first, second) = (lane(register(&one, 1).await), lane(register(&one, 2).await));
    let mut held = Held::begin(&one, first, start);
    held.entered.recv().await.unwrap();
    assert_eq!(other.transact(Pages::Of(&[second]), Busy::Skip, &|_| Ok(())).await.unwrap().len(), 1);
    assert!(other.transact(Pages::Of(&[first]), Busy::Skip, &|_| Ok(())).await.unwrap().is_empty());
    let edited = edit(&other, &config);
    somebody_waits(&schema.pool()).await;
    assert!(other.transact(Pages::AllOf(&[config.id]), Busy::Skip, &|_| Ok(())).await.unwrap().is_empty());
    held.end().await.unwrap();
    let pages = edited.await.unwrap().unwrap();
    assert_eq!(pages.iter().map(Page::id).collect::<Vec<_>>(), [config.id.into(), first, second]);
    assert_eq!(pages[1].runs().count(), 1, "it sees what the lane wrote");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_replica_does_not_end_in_the_middle_of_its_transaction() {
    let schema = TestSchema::new();
    let (one, other) = (open(&schema).await, open(&schema).await);
    let config = config(&one, "everywhere", false).await;
    let replica = register(&one, 1).await;
    let mut held = Held::begin(&one, PageId { config_id: config.id, lane: Some(replica) }, start);
    held.entered.recv().await.unwrap();
    register(&other, 1).await;
    let ended = spawn(async move { other.end_replica(replica, 1).await });
    somebody_waits(&schema.pool()).await;
    held.end().await.unwrap();
    assert!(ended.await.unwrap().unwrap(), "and its heartbeats waited for nobody");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn an_end_that_came_in_between_is_not_overwritten() {
    let schema = TestSchema::new();
    let (one, other) = (open(&schema).await, open(&schema).await);
    let run = claimed(&one, config(&one, "ended", true).await.id).await;
    let (hold, calls) = (run.hold().unwrap(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&calls);
    let abandon = move |page: &mut Page| {
        let abandoned = page.abandon(hold, 0, "gone".into());
        assert_eq!(abandoned, count.fetch_add(1, Ordering::Relaxed) == 0);
    };
    let mut held = Held::begin(&one, run.page_id(), abandon);
    held.entered.recv().await.unwrap();
    assert_eq!(other.finish(&[succeeded(&run)]).await.unwrap(), [run.id]);
    held.end().await.unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 2, "it was decided anew");
    assert_eq!(one.run(run.id).await.unwrap().unwrap().state, RunState::Succeeded);
}

/// As when a replica's process or machine is suspended. Takes 10 s, which the server counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn the_locks_of_a_replica_that_is_held_still_end() {
    let schema = TestSchema::new();
    let (one, other) = (open(&schema).await, open(&schema).await);
    let config = config(&one, "held", true).await;
    let mut held = Held::begin(&one, config.id.into(), start);
    held.entered.recv().await.unwrap();
    let mut tries = 0;
    let run = loop {
        let start = |pages: &mut [Page]| {
            start(&mut pages[0]);
            Ok(())
        };
        match other.transact(Pages::Of(&[config.id.into()]), Busy::Wait, &start).await {
            Ok(pages) => break pages[0].runs().next().cloned().unwrap(),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}"),
        }
        tries += 1;
        assert!(tries < 5);
    };
    assert_eq!(held.end().await.err().map(|error| error.kind()), Some(ErrorKind::Unavailable));
    let runs = one.runs(&RunQuery { limit: 10, ..RunQuery::default() }).await.unwrap();
    assert_eq!(runs.iter().map(|run| run.id).collect::<Vec<_>>(), [run.id], "what it had decided is not written");
}
