//! How much and how long.

use std::{future::pending, io, net::SocketAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use cron_manager::{
    CronConfigFields, Handler, Outcome, Stop,
    backends::http::{HttpRunner, Resolve},
    testing::ManualClock,
};
use jiff::Timestamp;

use crate::{
    server::Server,
    support::{call, calling, open, run, to},
};

#[tokio::test]
async fn an_answer_without_end_is_read_no_further_than_what_is_kept() {
    // With an escape per character it would not fit as JSON, either.
    for byte in [b'x', b'\n', 1] {
        let mut answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n".to_vec();
        answer.resize(64 * 1024 * 1024, byte);
        let mut server = Server::answering(Some(answer)).await;
        let value = call(to(&server.url())).await.unwrap();
        assert_eq!(value["truncated"], true);
        assert!((30_000..=Outcome::RESULT_LIMIT).contains(&value.to_string().len()));
        server.was_left().await;
    }
}

#[tokio::test]
async fn a_head_without_end_is_a_failure() {
    let head = format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "x".repeat(17 * 1024));
    let server = Server::saying(&head).await;
    let error = call(to(&server.url())).await.unwrap_err();
    assert!(error.contains("no answer"), "{error}");
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(1_000));
    let server = Server::saying(&many).await;
    assert!(call(to(&server.url())).await.is_err());
}

#[tokio::test]
async fn a_run_that_is_told_to_stop_drops_its_connection() {
    let mut server = Server::answering(None).await;
    let run = calling(to(&server.url()));
    let stop = async {
        server.request().await;
        run.stop(Stop::ShutDown);
    };
    let runner = open();
    let (result, ()) = tokio::join!(runner.call(run.clone()), stop);
    assert_eq!(result, Err("stopped by the shutdown before the answer came".to_owned()));
    server.was_left().await;
}

fn clock() -> ManualClock {
    ManualClock::new(Timestamp::UNIX_EPOCH)
}

#[tokio::test]
async fn a_call_without_a_timeout_of_its_own_has_five_minutes() {
    for timeout in [None, Some(Duration::from_secs(3_600))] {
        let mut server = Server::answering(None).await;
        let clock = clock();
        let runner = HttpRunner::new(Arc::new(clock.clone())).unwrap().allow_private_addresses(true);
        let run = run(CronConfigFields { timeout, http: Some(to(&server.url())), ..CronConfigFields::default() });
        let turn = async {
            server.request().await;
            clock.advance(Duration::from_secs(300));
            // With a timeout of its own, that one alone counts.
            if timeout.is_some() {
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
                run.stop(Stop::TimedOut);
            }
        };
        let (result, ()) = tokio::join!(runner.call(run.clone()), turn);
        let expected = if timeout.is_some() { "stopped after its timeout" } else { "no answer within 300 s" };
        assert!(result.as_ref().unwrap_err().starts_with(expected), "{result:?}");
    }
}

/// Never answers.
struct Silence;

#[async_trait]
impl Resolve for Silence {
    async fn resolve(&self, _host: &str, _port: u16) -> io::Result<Vec<SocketAddr>> {
        pending().await
    }
}

#[tokio::test]
async fn connecting_has_ten_seconds() {
    let clock = clock();
    let runner = HttpRunner::new(Arc::new(clock.clone())).unwrap().resolver(Arc::new(Silence));
    let turn = async {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_secs(10));
    };
    let (result, ()) = tokio::join!(runner.call(calling(to("https://a.example"))), turn);
    assert_eq!(result, Err("no connection within 10 s".to_owned()));
    // Nor has an encryption that never begins.
    let server = Server::answering(None).await;
    let runner = HttpRunner::new(Arc::new(clock.clone())).unwrap().allow_private_addresses(true);
    let url = server.url().replace("http:", "https:");
    let turn = async {
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_secs(10));
    };
    let (result, ()) = tokio::join!(runner.call(calling(to(&url))), turn);
    assert!(result.is_err());
}
