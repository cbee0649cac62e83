//! Whom a call may reach.

use std::sync::{Arc, atomic::Ordering};

use cron_manager::{CronConfigFields, CronManager, Handler};

use crate::{
    server::Server,
    support::{Names, calling, closed, open, to},
};

const OK: &str = "HTTP/1.1 204 No Content\r\n\r\n";

#[tokio::test]
async fn this_machine_is_not_called_however_its_address_is_spelled() {
    let server = Server::saying(OK).await;
    let port = server.address.port();
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "0xa9fea9fe",
        "localhost",
        "LOCALHOST",
    ] {
        let error = closed().call(calling(to(&format!("http://{host}:{port}/")))).await.unwrap_err();
        assert!(error.contains("leads to"), "{host}: {error}");
    }
    assert_eq!(server.unseen(), 0);
}

#[tokio::test]
async fn a_name_with_one_address_that_must_not_be_called_is_not_called_at_all() {
    let server = Server::saying(OK).await;
    let here = server.address.to_string();
    for answer in [
        &[&*here][..],
        &["93.184.215.14:80", &here],
        &[&here, "93.184.215.14:80"],
        &["10.0.0.1:80"],
        &["[fd00::1]:80"],
        &["[::ffff:10.0.0.1]:80"],
    ] {
        let names = Names::answering(&[answer]);
        let error = closed().resolver(names).call(calling(to("http://a.example/"))).await.unwrap_err();
        assert!(error.contains("a.example leads to") && error.contains("CRON_MANAGER_HTTP_ALLOW_PRIVATE"), "{error}");
    }
    assert_eq!(server.unseen(), 0);
}

#[tokio::test]
async fn a_name_that_would_be_answered_otherwise_the_next_time_gains_nothing() {
    // The first server breaks off, so that a client of less care would try again, and ask again for the name.
    let (mut first, second) = (Server::saying("").await, Server::saying(OK).await);
    let (one, other) = (first.address.to_string(), second.address.to_string());
    let names = Names::answering(&[&[&one], &[&other]]);
    open().resolver(Arc::clone(&names) as _).call(calling(to("http://a.example/"))).await.unwrap_err();
    first.request().await;
    assert_eq!((names.asked.load(Ordering::Relaxed), first.unseen(), second.unseen()), (1, 0, 0));
}

#[tokio::test]
async fn the_connection_goes_to_the_address_that_was_checked_and_the_name_is_told() {
    let mut server = Server::saying(OK).await;
    let here = server.address.to_string();
    // The URL's port is the resolver's to keep; this one leads elsewhere, so that it shows who was asked.
    let names = Names::answering(&[&[&here], &["192.0.2.1:80"]]);
    open().resolver(Arc::clone(&names) as _).call(calling(to("http://a.example:81/"))).await.unwrap();
    assert!(server.request().await.contains("host: a.example:81\r\n"));
    assert_eq!(names.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn an_address_that_leads_nowhere_is_not_called_even_where_private_ones_are() {
    for host in ["0.0.0.0", "224.0.0.1", "255.255.255.255", "[::]", "[ff02::1]", "192.0.2.1"] {
        let error = open().call(calling(to(&format!("http://{host}/")))).await.unwrap_err();
        assert!(error.contains("never called"), "{host}: {error}");
    }
}

#[tokio::test]
async fn a_manager_calls_private_addresses_only_when_it_is_told_to() {
    for allow in [false, true] {
        let server = Server::saying("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"a\": 1}").await;
        let manager = CronManager::builder().http_allow_private_addresses(allow).build().await.unwrap();
        let fields =
            CronConfigFields { http: Some(to(&server.url())), ..CronConfigFields::named("hook").enabled(true) };
        let config = manager.create_cron_config(&fields).await.unwrap();
        let mut activity = manager.activity();
        manager.start();
        manager.trigger(config.id).await.unwrap();
        let outcome = loop {
            if let cron_manager::scheduler::Activity::Ended(_, outcome) = activity.recv().await.unwrap() {
                break outcome;
            }
        };
        assert_eq!(outcome.result.as_deref(), allow.then_some(r#"{"a":1}"#), "{outcome:?}");
        assert_eq!(outcome.error.is_none(), allow);
        manager.shutdown(std::time::Duration::ZERO).await;
    }
}

/// The environment is a process's own: the call is made in another one.
#[tokio::test]
async fn a_proxy_of_the_environment_plays_no_part() {
    let (mut target, proxy) = (Server::saying(OK).await, Server::saying(OK).await);
    let mut test = tokio::process::Command::new(std::env::current_exe().unwrap());
    test.args(["--exact", "--ignored", "addresses::called_beside_a_proxy"]).env("TARGET", target.url());
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"] {
        test.env(name, format!("http://{}", proxy.address));
    }
    let output = test.output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    target.request().await;
    assert_eq!(proxy.unseen(), 0);
}

#[tokio::test]
#[ignore = "run by the test above"]
async fn called_beside_a_proxy() {
    open().call(calling(to(&std::env::var("TARGET").unwrap()))).await.unwrap();
}
