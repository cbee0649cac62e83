//! Others who use the same keys: replicas of the original library, and strangers.

use cron_manager::{
    backends::redis::RedisOptions,
    contracts::{Lease, Locked},
};

use crate::{
    server::{self, Outsider, unique},
    support::{TTL, ask_with_tick, is_held, locker, take},
};

/// A job of this test, and the key of its lock as the original library has it.
fn job() -> (String, String) {
    let job = unique("job");
    let key = format!("cron-lock-{job}");
    (job, key)
}

async fn outsider() -> Outsider {
    Outsider::at(&server::url()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_of_the_original_library_keeps_us_out() {
    let (locker, outsider, (job, key)) = (locker(server::url()), outsider().await, job());
    let taken: String = outsider.ask(&["SET", &key, "LOCKED", "NX", "PX", "30000"]).await;
    assert_eq!(taken, "OK");
    assert!(is_held(&locker, &job, i64::MAX).await);
    let with_tick = ask_with_tick(&locker, &job, i64::MAX, Some(60)).await.unwrap();
    assert!(matches!(with_tick, Locked::Elsewhere));
    let (value, left): (String, i64) = (outsider.ask(&["GET", &key]).await, outsider.ask(&["PTTL", &key]).await);
    assert!(value == "LOCKED" && left > 20_000);
    let _: i64 = outsider.ask(&["DEL", &key]).await;
    take(&locker, &job, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_else_lies_at_the_key_is_held_and_left_as_it_is() {
    let (locker, outsider, (job, key)) = (locker(server::url()), outsider().await, job());
    let strange = [
        "",
        "1",
        "cron-manager:0000000000000001:1:",
        "cron-manager:0000000000000001:1:1",
        "cron-manager:0000000000000001:1:1:",
        "cron-manager:0000000000000001:1:1:xyz",
        "cron-manager:0000000000000001:1:1.5:ab",
        "cron-manager:0000000000000001:1::ab",
        "cron-manager:0000000000000001:1:1:ab\n",
        "cron-manager:0000000000000001:11:1:ab",
        "cron-manager:0000000000000011:1:1:ab",
        "Cron-manager:0000000000000001:1:1:ab",
    ];
    for value in strange {
        let _: String = outsider.ask(&["SET", &key, value]).await;
        assert!(is_held(&locker, &job, 2).await, "{value:?}");
        assert_eq!(outsider.ask::<String>(&["GET", &key]).await, value);
    }
    let _: i64 = outsider.ask(&["DEL", &key]).await;
    let _: i64 = outsider.ask(&["RPUSH", &key, "a list"]).await;
    assert!(is_held(&locker, &job, 2).await);
    assert_eq!(outsider.ask::<i64>(&["LLEN", &key]).await, 1);
    let _: i64 = outsider.ask(&["DEL", &key]).await;
    take(&locker, &job, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_lock_keeps_the_original_library_out_for_its_ttl() {
    let (locker, outsider, (job, key)) = (locker(server::url()), outsider().await, job());
    let set = ["SET", &key, "LOCKED", "NX", "PX", "30000"];
    let lease = take(&locker, &job, 7).await;
    assert_eq!(outsider.ask::<Option<String>>(&set).await, None);
    let value: String = outsider.ask(&["GET", &key]).await;
    let random = value.strip_prefix("cron-manager:0000000000000001:1:7:").unwrap();
    assert!(random.len() >= 16 && random.bytes().all(|byte| byte.is_ascii_hexdigit()), "{value}");
    let ttl = i64::try_from(TTL.as_millis()).unwrap();
    let left = async || outsider.ask::<i64>(&["PTTL", &key]).await;
    assert!((ttl - 10_000..=ttl).contains(&left().await));
    assert!(lease.extend(TTL * 2).await.unwrap());
    assert!((ttl + 1..=2 * ttl).contains(&left().await));
    assert!(lease.extend(TTL).await.unwrap());
    assert!((ttl - 10_000..=ttl).contains(&left().await));
    assert!(lease.release().await.unwrap());
    assert_eq!(outsider.ask::<Option<String>>(&set).await.as_deref(), Some("OK"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_two_acquisitions_have_the_same_value() {
    let (locker, outsider, (job, key)) = (locker(server::url()), outsider().await, job());
    let mut values = std::collections::HashSet::<String>::new();
    for _ in 0..10 {
        let lease = take(&locker, &job, 1).await;
        assert!(values.insert(outsider.ask(&["GET", &key]).await));
        assert!(lease.release().await.unwrap());
    }
}

async fn leaves_alone(lease: &dyn Lease) {
    assert!(!lease.extend(TTL).await.unwrap());
    assert!(!lease.release().await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_somebody_else_holds_by_now_is_left_alone() {
    let (locker, outsider, (job, key)) = (locker(server::url()), outsider().await, job());
    let lease = take(&locker, &job, 1).await;
    let _: String = outsider.ask(&["SET", &key, "LOCKED", "PX", "90000"]).await;
    leaves_alone(&*lease).await;
    assert_eq!(outsider.ask::<String>(&["GET", &key]).await, "LOCKED");
    assert!(outsider.ask::<i64>(&["PTTL", &key]).await > 60_000);
    let _: i64 = outsider.ask(&["DEL", &key]).await;
    let _: i64 = outsider.ask(&["SADD", &key, "a set"]).await;
    leaves_alone(&*lease).await;
    assert_eq!(outsider.ask::<i64>(&["SCARD", &key]).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tick_lies_beside_its_lock_until_it_is_forgotten() {
    let (locker, outsider, (job, key)) = (locker(server::url()), outsider().await, job());
    let taken = ask_with_tick(&locker, &job, 1, Some(60)).await.unwrap();
    assert!(matches!(taken, Locked::Mine(_)));
    let tick = format!("{{{key}}}:tick");
    assert_eq!(outsider.ask::<String>(&["GET", &tick]).await, "60000000:0000000000000001");
    assert!(outsider.ask::<i64>(&["PTTL", &tick]).await > 20_000);
    let slot = async |key: &str| outsider.try_ask::<i64>(&["CLUSTER", "KEYSLOT", key]).await;
    // A server without cluster mode does not say.
    if let (Ok(one), Ok(other)) = (slot(&key).await, slot(&tick).await) {
        assert_eq!(one, other);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_prefix_and_any_name_that_is_let_in_is_one_key() {
    let outsider = outsider().await;
    let longest = "n".repeat(128);
    let prefixes = ["*", "a b ", "\"'\\", "ü→", "%s$1", "[a-z]?", "-1", &"p".repeat(110)];
    for prefix in prefixes.map(unique) {
        let locker = locker(RedisOptions::from(server::url()).prefix(&prefix));
        for job in ["a", ":", "a:tick", "-", &longest] {
            let taken = ask_with_tick(&locker, job, 1, Some(60)).await.unwrap();
            let Locked::Mine(lease) = taken else { panic!("{prefix}{job}") };
            let key = format!("{prefix}{job}");
            assert!(outsider.ask::<String>(&["GET", &key]).await.starts_with("cron-manager:"));
            assert!(lease.release().await.unwrap());
            assert_eq!(outsider.ask::<i64>(&["EXISTS", &key]).await, 0);
        }
    }
}
