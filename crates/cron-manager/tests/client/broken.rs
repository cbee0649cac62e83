//! Servers that are not there, go away, or say nothing; and what is sent at all.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use cron_manager::{
    Client, CronConfigId, CronManager, ErrorKind, Result, TraceParent,
    api::grpc,
    backends::system::{SystemClock, TokioSpawn},
    contracts::{BoxFuture, Clock, Spawn},
};
use jiff::Timestamp;
use tokio::{io::AsyncReadExt, net::TcpListener};
use tonic::{Request, Status, metadata::MetadataMap, service::interceptor::InterceptedService, transport::Server};

/// A clock whose short sleeps end at once, and whose long ones end so or never.
struct Hasty {
    slept: Mutex<Vec<Duration>>,
    ends_long_ones: bool,
}

impl Hasty {
    fn new(ends_long_ones: bool) -> Arc<Self> {
        Arc::new(Self { slept: Mutex::default(), ends_long_ones })
    }

    /// The pauses that were made, in milliseconds.
    fn pauses(&self) -> Vec<u128> {
        self.slept.lock().unwrap().iter().map(Duration::as_millis).collect()
    }
}

impl Clock for Hasty {
    fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep_until(&self, until: Duration) -> BoxFuture<()> {
        let is_long = until > Duration::from_secs(1);
        if !is_long {
            self.slept.lock().unwrap().push(until);
        }
        match is_long && !self.ends_long_ones {
            true => Box::pin(std::future::pending()),
            false => Box::pin(std::future::ready(())),
        }
    }
}

async fn client(address: std::net::SocketAddr, clock: &Arc<Hasty>) -> Client {
    Client::builder(&format!("http://{address}")).clock(Arc::clone(clock) as _).build().await.unwrap()
}

async fn read(client: &Client) -> ErrorKind {
    kind(client.cron_config(CronConfigId(1)).await)
}

async fn write(client: &Client) -> ErrorKind {
    kind(client.trigger(CronConfigId(1)).await)
}

fn kind<T>(answer: Result<T>) -> ErrorKind {
    answer.err().unwrap().kind()
}

/// A server that hangs up as soon as it is asked something.
async fn that_hangs_up() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    TokioSpawn.spawn(Box::pin(async move {
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            let _ = connection.read(&mut [0; 1024]).await;
        }
    }));
    address
}

#[tokio::test]
async fn what_never_reached_a_server_is_asked_again() {
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    for writes in [false, true] {
        let clock = Hasty::new(false);
        let client = client(address, &clock).await;
        let kind = if writes { write(&client).await } else { read(&client).await };
        assert_eq!(kind, ErrorKind::Unavailable, "writes: {writes}");
        assert_grows(&clock.pauses());
        let error = client.replicas().await.unwrap_err().to_string();
        assert!(error.contains(&address.to_string()) && error.contains("refused"), "{error}");
    }
}

#[tokio::test]
async fn what_may_have_happened_is_never_asked_twice() {
    let address = that_hangs_up().await;
    let clock = Hasty::new(false);
    let client = client(address, &clock).await;
    assert_eq!(write(&client).await, ErrorKind::Unavailable);
    assert_eq!(clock.pauses(), [0; 0], "the write is not repeated");
    assert_eq!(read(&client).await, ErrorKind::Unavailable);
    assert_grows(&clock.pauses());
}

/// Three pauses, each at least half of twice the one before.
fn assert_grows(pauses: &[u128]) {
    let fits = |(pause, most): (&u128, u128)| (most / 2..=most).contains(pause);
    assert!(pauses.len() == 3 && pauses.iter().zip([100, 200, 400]).all(fits), "{pauses:?}");
}

#[tokio::test]
async fn how_often_it_is_asked_again_can_be_settled() {
    let address = that_hangs_up().await;
    for repeats in [0, 1, 4] {
        let clock = Hasty::new(false);
        let builder = Client::builder(&format!("http://{address}")).clock(Arc::clone(&clock) as _).repeats(repeats);
        let client = builder.call_timeout(Duration::from_secs(3_600)).build().await.unwrap();
        assert_eq!(read(&client).await, ErrorKind::Unavailable);
        let kept = clock.slept.lock().unwrap().len();
        assert_eq!(kept, repeats as usize);
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_waited_for_no_longer_than_was_said() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = client(listener.local_addr().unwrap(), &Hasty::new(true)).await;
    let error = client.trigger(CronConfigId(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().contains("within 30s; the change may have been made"), "{error}");
}

#[tokio::test]
async fn a_call_says_who_asks_and_in_which_trace() {
    let seen = Arc::new(Mutex::new(MetadataMap::new()));
    let watch = Arc::clone(&seen);
    let watch = move |request: Request<()>| -> Result<Request<()>, Status> {
        *watch.lock().unwrap() = request.metadata().clone();
        Ok(request)
    };
    let manager = CronManager::builder().build().await.unwrap();
    let service = InterceptedService::new(grpc::service(manager), watch);
    let incoming = tonic::transport::server::TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = incoming.local_addr().unwrap();
    let served = Server::builder().add_service(service).serve_with_incoming(incoming);
    TokioSpawn.spawn(Box::pin(async move { served.await.unwrap() }));
    let trace: TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".parse().unwrap();
    let client =
        Client::builder(&format!("http://{address}")).user_agent("shop/7").token("hush").build().await.unwrap();
    client.traced(trace).because("ü").replicas().await.unwrap();
    let seen = seen.lock().unwrap();
    let header = |name: &str| seen.get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(header("traceparent"), trace.to_string());
    assert_eq!(header("cron-manager-reason"), "%C3%BC");
    assert_eq!(header("authorization"), "Bearer hush");
    assert!(header("user-agent").starts_with("shop/7"), "{}", header("user-agent"));
}
