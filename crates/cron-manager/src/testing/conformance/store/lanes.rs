//! Laws about pages of configs that every replica runs.

use std::time::Duration;

use serde_json::json;

use super::{Subject, claimant, create, minutely, replica, whole_second};
use crate::{
    ClaimToken, Context, CronConfig, CronConfigFields, CronConfigId, PageId, ReplicaId, Revision, SkipReason,
    contracts::{Busy, Pages},
    domain::ledger::Page,
    testing::ManualClock,
};

/// An enabled config that every replica runs each minute.
async fn everywhere(store: &Subject, name: &str) -> CronConfig {
    create(store, CronConfigFields::named(name).enabled(true).every(Duration::from_secs(60))).await
}

fn lane(config_id: CronConfigId, replica: u64) -> PageId {
    PageId { config_id, lane: Some(ReplicaId(replica)) }
}

async fn on(store: &Subject, pages: Pages<'_>, decide: impl Fn(&mut Page) + Send + Sync) -> Vec<Page> {
    let decide = |pages: &mut [Page]| {
        pages.iter_mut().for_each(&decide);
        Ok(())
    };
    store.transact(pages, Busy::Wait, &decide).await.unwrap()
}

fn ids(pages: &[Page]) -> Vec<PageId> {
    pages.iter().map(Page::id).collect()
}

fn edit(page: &mut Page) {
    let timeout = Some(Duration::from_secs(60 + page.config().version.unsigned_abs()));
    let config = CronConfigFields { timeout, ..CronConfigFields::default() }.change(page.config().clone()).unwrap();
    page.edit(config);
}

/// Also when nothing was edited.
pub async fn a_look_tells_how_far_the_pages_asked_for_have_come(store: Subject, clock: ManualClock) {
    let (a, b) = (minutely(&store, "a").await.id, minutely(&store, "b").await.id);
    clock.advance(Duration::from_secs(60));
    let page = on(&store, Pages::Of(&[b.into()]), |page| page.move_watermark(page.now())).await.remove(0);
    let look = store.look(Revision(i64::MAX), &[b, CronConfigId(99)]).await.unwrap();
    assert_eq!(look.watermarks, [(b, page.watermark())]);
    assert!(store.look(Revision(i64::MAX), &[a]).await.unwrap().watermarks[0].1 < page.watermark());
}

/// And only then.
pub async fn a_lane_is_begun_when_its_replica_lives_and_every_replica_runs_the_config(
    store: Subject,
    clock: ManualClock,
) {
    let (config, shared) = (everywhere(&store, "everywhere").await, minutely(&store, "shared").await);
    let asked = [lane(config.id, 1), lane(shared.id, 1)];
    assert!(on(&store, Pages::Of(&asked), |_| ()).await.is_empty(), "nobody is registered");
    clock.advance(Duration::from_secs(600));
    let registered = store.watch(&replica(1)).await.unwrap().now;
    clock.advance(Duration::from_secs(600));
    let pages = on(&store, Pages::Of(&asked), |_| ()).await;
    assert_eq!(ids(&pages), [asked[0]]);
    assert_eq!((pages[0].watermark(), pages[0].fence().0), (registered, 0));
    assert!(pages[0].place().open && pages[0].has_ticks());
    let later = everywhere(&store, "later").await;
    clock.advance(Duration::from_secs(60));
    let page = on(&store, Pages::Of(&[lane(later.id, 1)]), |_| ()).await.remove(0);
    assert_eq!(page.watermark(), later.created_at);
}

/// One tick has a row in each, and each may have one running.
pub async fn lanes_have_their_own_watermarks_fences_and_rows(store: Subject, clock: ManualClock) {
    let config = everywhere(&store, "everywhere").await;
    store.watch(&replica(1)).await.unwrap();
    store.watch(&replica(2)).await.unwrap();
    clock.advance(Duration::from_secs(60));
    for at in [1, 2] {
        let run = |page: &mut Page| {
            let tick = whole_second(page.now());
            page.record_skipped(SkipReason::Missed, tick - Duration::from_secs(60), tick - Duration::from_secs(60), 1);
            let place = page.record_tick(tick);
            assert!(page.start(place, claimant(at)));
            page.move_watermark(page.now());
        };
        let page = on(&store, Pages::Of(&[lane(config.id, at.unsigned_abs())]), run).await.remove(0);
        assert_eq!(page.fence().0, 1);
        let claimed = store.claimed(ClaimToken(at)).await.unwrap();
        assert_eq!(claimed.iter().map(|run| run.lane).collect::<Vec<_>>(), [Some(ReplicaId(at.unsigned_abs()))]);
        clock.advance(Duration::from_secs(1));
    }
    let pages = on(&store, Pages::Of(&[lane(config.id, 2), config.id.into(), lane(config.id, 1)]), |_| ()).await;
    assert_eq!(ids(&pages), [config.id.into(), lane(config.id, 1), lane(config.id, 2)]);
    assert_eq!(pages.iter().map(|page| page.runs().count()).collect::<Vec<_>>(), [0, 2, 2]);
    assert!(pages[1].watermark() < pages[2].watermark());
    assert_eq!(pages[0].watermark(), config.created_at);
    let again = |pages: &mut [Page]| {
        pages[0].record_tick(whole_second(pages[0].watermark()));
        Ok(())
    };
    assert!(store.transact(Pages::Of(&[lane(config.id, 1)]), Busy::Wait, &again).await.is_err());
}

/// Also the lanes that were not begun yet, so that no tick falls between two versions.
pub async fn an_edit_sees_the_service_s_page_and_the_lanes_of_live_replicas(store: Subject, clock: ManualClock) {
    let (config, shared) = (everywhere(&store, "everywhere").await, minutely(&store, "shared").await);
    store.watch(&replica(7)).await.unwrap();
    store.watch(&replica(3)).await.unwrap();
    clock.advance(Duration::from_secs(90));
    let pages = on(&store, Pages::AllOf(&[config.id]), edit).await;
    assert_eq!(ids(&pages), [config.id.into(), lane(config.id, 3), lane(config.id, 7)]);
    assert!(pages.iter().all(|page| page.watermark() == page.now() && page.config().version == 2));
    let kept = on(&store, Pages::AllOf(&[config.id]), |_| ()).await;
    assert!(kept.iter().all(|page| page.watermark() == pages[0].now() && page.config() == pages[0].config()));
    assert_eq!(ids(&on(&store, Pages::AllOf(&[shared.id]), |_| ()).await), [shared.id.into()]);
    assert_eq!(store.accounts(config.id).await.unwrap()[0].versions.len(), 2);
}

/// An edit passes it by, but for what is still to be ended there.
pub async fn the_lane_of_a_replica_that_has_ended_is_not_open(store: Subject, clock: ManualClock) {
    let config = everywhere(&store, "everywhere").await;
    store.watch(&replica(1)).await.unwrap();
    store.watch(&replica(2)).await.unwrap();
    clock.advance(Duration::from_secs(60));
    let wait = |page: &mut Page| {
        page.record_tick(whole_second(page.now()));
    };
    on(&store, Pages::Of(&[lane(config.id, 1)]), wait).await;
    on(&store, Pages::Of(&[lane(config.id, 2)]), |_| ()).await;
    for id in [1, 2] {
        store.end_replica(ReplicaId(id), 0).await.unwrap();
    }
    let pages = on(&store, Pages::AllOf(&[config.id]), edit).await;
    assert_eq!(ids(&pages), [config.id.into(), lane(config.id, 1)]);
    let closed = &pages[1];
    assert!(!closed.place().open && !closed.has_ticks() && closed.watermark() < closed.now());
    let start = |page: &mut Page| {
        assert!(!page.start(page.pending()[0], claimant(1)), "nobody is there to run it");
        assert!(page.skip(page.pending()[0], SkipReason::TooLate));
    };
    on(&store, Pages::Of(&[lane(config.id, 1)]), start).await;
    assert_eq!(ids(&on(&store, Pages::AllOf(&[config.id]), |_| ()).await), [config.id.into()]);
    assert!(on(&store, Pages::Of(&[lane(config.id, 9)]), |_| ()).await.is_empty());
}

/// Ticks before it belong to the old version, which had them on other pages.
pub async fn a_lane_begins_no_earlier_than_the_last_edit(store: Subject, clock: ManualClock) {
    let config = minutely(&store, "turning").await;
    store.watch(&replica(1)).await.unwrap();
    clock.advance(Duration::from_secs(300));
    let turn = |page: &mut Page| {
        page.edit(CronConfig { context: Context::new(&json!({})).unwrap(), ..page.config().clone() });
    };
    let edited = on(&store, Pages::AllOf(&[config.id]), turn).await.remove(0);
    clock.advance(Duration::from_secs(300));
    let page = on(&store, Pages::Of(&[lane(config.id, 1)]), |_| ()).await.remove(0);
    assert_eq!(page.watermark(), edited.watermark());
    let accounts = store.accounts(config.id).await.unwrap();
    assert_eq!(accounts[0].versions.iter().map(|version| version.distributed).collect::<Vec<_>>(), [true, false]);
}

/// The service's page has the ticks of distributed versions, each lane those of the others while its replica lived.
pub async fn each_page_adds_up_for_itself(store: Subject, clock: ManualClock) {
    let config = everywhere(&store, "everywhere").await;
    store.watch(&replica(1)).await.unwrap();
    clock.advance(Duration::from_secs(120));
    store.watch(&replica(2)).await.unwrap();
    clock.advance(Duration::from_secs(60));
    let plan = |page: &mut Page| {
        let schedule = page.config().schedule.clone().unwrap();
        for tick in schedule.ticks(page.watermark(), page.now()).collect::<Vec<_>>() {
            page.record_tick(tick);
        }
        page.move_watermark(page.now());
    };
    on(&store, Pages::Of(&[lane(config.id, 1), lane(config.id, 2)]), plan).await;
    let accounts = store.accounts(config.id).await.unwrap();
    assert_eq!(
        accounts.iter().map(|account| account.page_id.lane).collect::<Vec<_>>(),
        [None, Some(ReplicaId(1)), Some(ReplicaId(2))]
    );
    let ticks = |of: usize| accounts[of].ticks().map(|(_, ticks)| ticks).sum::<u64>();
    assert_eq!((ticks(0), ticks(1), ticks(2)), (0, 3, 1));
    assert!(accounts.iter().all(|account| account.imbalances().is_empty()));
    let lost = crate::domain::ledger::Account { recorded: Vec::new(), ..accounts[1].clone() };
    assert_eq!(lost.imbalances().len(), 1, "rows that are missing are noticed");
}
