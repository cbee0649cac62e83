//! All declared jobs of a binary; one of its own, so that they are known.

#![forbid(unsafe_code)]

use cron_manager::{CronManager, cron_job};

#[cron_job(every = "1h")]
async fn second() {}

mod inner {
    use cron_manager::cron_job;

    #[cron_job(name = "first", schedule = EVERY_5_MINUTES)]
    pub(crate) async fn of_a_module() {}
}

#[tokio::test]
async fn all_jobs_of_the_binary_are_found_and_put_in_place_by_their_names() {
    #[cron_job(schedule = EVERY_DAY_AT_NOON)]
    async fn third_in_a_function() {}

    let manager = CronManager::builder().build().await.unwrap();
    let configs = manager.declare_all().await.unwrap();
    let names: Vec<_> = configs.iter().map(|config| (config.id.0, config.name.as_str())).collect();
    assert_eq!(names, [(1, "first"), (2, "second"), (3, "third_in_a_function")]);
    assert_eq!(manager.declare_all().await.unwrap(), configs, "once more changes nothing");
}
