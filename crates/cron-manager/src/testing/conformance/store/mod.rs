//! Laws of [`Store`].

mod access;
mod asking;
mod calendars;
mod claims;
mod configs;
mod control;
mod finishing;
mod lanes;
mod output;
mod pages;
mod reading;
mod registry;

pub use access::*;
pub use asking::*;
pub use calendars::*;
pub use claims::*;
pub use configs::*;
pub use control::*;
pub use finishing::*;
pub use lanes::*;
pub use output::*;
pub use pages::*;
pub use reading::*;
pub use registry::*;

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::{
    Author, ClaimToken, CronConfig, CronConfigFields, CronConfigId, CronRun, Error, Hold, Outcome, ReplicaId,
    ReplicaStatus, RunState,
    contracts::{Busy, Finish, Pages, Store},
    domain::ledger::{Claimant, Page},
};

/// Makes the tests; the factory returns an empty store that takes its time from the clock it is given.
#[macro_export]
macro_rules! store_laws {
    ($make:path) => {
        $crate::laws!(
            store, $make;
            a_config_is_read_back_as_it_was_created,
            a_new_config_is_dated_by_the_store,
            a_name_is_given_once_also_after_deletion,
            an_edit_is_read_back_whole_with_the_next_version,
            an_edit_to_a_taken_name_writes_nothing,
            who_looked_before_an_edit_sees_it_afterwards,
            moving_a_watermark_or_a_fence_is_no_edit,
            configs_are_listed_by_id_and_in_pages,
            pages_come_in_the_order_of_their_ids_without_those_that_are_not_there,
            a_page_holds_all_live_rows_and_the_skipped_row_that_reaches_furthest,
            what_was_decided_is_returned_and_kept,
            a_decision_that_fails_writes_nothing,
            a_tick_has_one_row_per_attempt,
            a_request_id_is_used_once,
            a_skipped_row_grows_in_place,
            a_write_that_would_break_a_rule_fails_whole,
            contended_transactions_are_done_one_after_the_other,
            a_due_tick_is_claimed_once,
            a_batch_of_100_with_one_busy_config_starts_99_and_records_1,
            a_claim_is_found_by_its_token,
            a_heartbeat_counts_only_under_the_current_hold,
            a_finish_keeps_what_the_run_left,
            a_run_that_is_skipped_after_all_has_neither_begun_nor_ended,
            a_run_that_was_postponed_waits_for_its_reason,
            a_page_tells_when_its_newest_run_was_claimed,
            a_finish_without_the_current_hold_changes_nothing,
            a_repeated_finish_changes_nothing,
            an_abandoned_run_is_not_finished_late,
            a_batch_of_finishes_moves_those_that_are_still_held,
            a_run_that_was_handed_back_is_claimed_under_a_higher_fence,
            what_a_held_run_logs_is_kept_part_by_part,
            a_part_of_a_log_may_come_twice_and_after_a_gap_only_it_is_kept,
            of_a_long_log_the_newest_characters_are_kept,
            an_end_leaves_the_log_it_came_with,
            progress_stays_until_there_is_newer_one,
            what_is_logged_without_the_current_hold_is_not_kept,
            newer_runs_are_read_in_their_order_and_known_ones_again,
            a_run_remembers_the_trace_it_was_asked_for_in,
            runs_that_wait_are_seen_by_everyone_who_looks,
            runs_are_listed_newest_first_and_narrowed_by_each_filter,
            what_is_not_there_is_not_found,
            a_look_tells_how_far_the_pages_asked_for_have_come,
            a_lane_is_begun_when_its_replica_lives_and_every_replica_runs_the_config,
            lanes_have_their_own_watermarks_fences_and_rows,
            an_edit_sees_the_service_s_page_and_the_lanes_of_live_replicas,
            the_lane_of_a_replica_that_has_ended_is_not_open,
            a_lane_begins_no_earlier_than_the_last_edit,
            each_page_adds_up_for_itself,
            a_replica_is_registered_once_and_counted_each_time,
            a_replica_ends_only_under_the_heartbeat_that_was_seen_and_stays_ended,
            a_store_has_one_id_for_ever,
            a_replica_is_asked_to_drain_while_it_lives,
            the_account_adds_up_after_edits_and_deletion,
            the_largest_values_are_kept_whole,
            each_change_of_a_config_leaves_one_record,
            a_change_that_fails_or_changes_nothing_leaves_no_record,
            what_is_done_to_runs_and_replicas_is_recorded,
            records_are_listed_newest_first_and_narrowed_by_each_filter,
            a_token_is_read_back_as_it_was_made_and_recorded,
            a_token_counts_until_it_is_taken_back_or_expires,
            the_control_record_is_kept_and_shown_to_who_looks,
            a_page_has_the_times_in_which_jobs_were_switched_off,
            a_switching_is_dated_after_all_pages_that_do_not_know_of_it,
            a_pause_is_kept_with_its_config,
            configs_are_narrowed_by_each_filter,
            what_was_asked_for_is_kept_and_found_by_its_request_id,
            a_run_that_is_to_be_cancelled_is_shown_to_who_looks_and_to_who_keeps_it_alive,
            a_run_that_was_to_be_cancelled_and_is_handed_back_is_skipped,
            a_config_is_created_once_for_each_request_id,
            versions_are_listed_newest_first_and_in_pages,
            a_calendar_is_read_back_as_it_was_created_and_changed,
            a_calendar_s_name_is_given_once,
            calendars_are_listed_by_id_and_in_pages,
            a_config_names_only_calendars_that_are_there,
            a_calendar_that_a_config_names_is_not_deleted,
            a_page_has_the_calendars_that_its_config_names,
            a_change_of_a_calendar_is_dated_after_all_pages_that_do_not_know_of_it,
            each_change_of_a_calendar_leaves_one_record,
        );
    };
}

type Subject = Arc<dyn Store>;

/// An enabled config, due each minute.
async fn minutely(store: &Subject, name: &str) -> CronConfig {
    create(
        store,
        CronConfigFields::named(name)
            .enabled(true)
            .every(Duration::from_secs(60))
            .context(json!({"distributed": true})),
    )
    .await
}

async fn create(store: &Subject, fields: CronConfigFields) -> CronConfig {
    store.create(fields.create(Timestamp::UNIX_EPOCH).unwrap(), &Author::code()).await.unwrap()
}

/// Decides on one page.
async fn on_page<T: Send>(store: &Subject, id: CronConfigId, decide: impl Fn(&mut Page) -> T + Send + Sync) -> Page {
    let decide = |pages: &mut [Page]| {
        decide(&mut pages[0]);
        Ok(())
    };
    store.transact(Pages::Of(&[id.into()]), Busy::Wait, &decide).await.unwrap().remove(0)
}

/// The page as it stands.
async fn page(store: &Subject, id: CronConfigId) -> Page {
    on_page(store, id, |_| ()).await
}

/// A replica that only watches.
fn bystander() -> ReplicaStatus {
    replica(0xb157_a4de)
}

/// What a replica of that id tells.
fn replica(id: u64) -> ReplicaStatus {
    ReplicaStatus {
        id: ReplicaId(id),
        version: "1.2.3".into(),
        host: "machine".into(),
        handlers: vec!["a".parse().unwrap(), "b".parse().unwrap()],
        runners: vec!["command:backup".into(), "http".into()],
        running: 3,
        clock_skew: SignedDuration::from_micros(-1_500),
    }
}

fn claimant(token: i64) -> Claimant {
    Claimant { replica_id: ReplicaId(0xfeed_0000_0000_0001), token: ClaimToken(token) }
}

/// A run of the tick at the store's now, claimed under `token`.
async fn claimed(store: &Subject, id: CronConfigId, token: i64) -> CronRun {
    let start = |page: &mut Page| {
        let place = page.record_tick(whole_second(page.now()));
        assert!(page.start(place, claimant(token)));
    };
    on_page(store, id, start).await.claimed(ClaimToken(token)).next().cloned().unwrap()
}

fn whole_second(instant: Timestamp) -> Timestamp {
    Timestamp::from_second(instant.as_second()).unwrap()
}

fn succeeded(hold: Hold) -> Finish {
    Finish { hold, outcome: Outcome::new(RunState::Succeeded) }
}

fn refuse() -> Error {
    Error::internal("refused by the test")
}
