//! Answers that are lost on the way.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use cron_manager::{
    Client, CronConfigFields, CronConfigId, ErrorKind, RunId, TriggerFields,
    backends::system::TokioSpawn,
    client::RunFilter,
    contracts::{ConfigQuery, RunQuery, Spawn},
};
use futures_util::TryStreamExt;
use tokio::{
    io::{self, AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::support::Server;

/// The type of the frame in which an answer begins (RFC 9113, section 6.2).
const HEADERS: u8 = 1;

/// Stands between a client and a server, and cuts the connection at an answer when it is told to.
struct Cutter {
    address: SocketAddr,
    cuts: Arc<AtomicBool>,
}

impl Cutter {
    async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let cuts = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&cuts);
        TokioSpawn.spawn(Box::pin(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let cuts = Arc::clone(&asked);
                TokioSpawn.spawn(Box::pin(async move { _ = pass(client, server, &cuts).await }));
            }
        }));
        Self { address, cuts }
    }

    async fn client(&self) -> Client {
        Client::builder(&format!("http://{}", self.address)).build().await.unwrap()
    }

    /// The next answer does not arrive.
    fn cut(&self) {
        self.cuts.store(true, Ordering::SeqCst);
    }

    /// Whether it was cut.
    fn has_cut(&self) -> bool {
        !self.cuts.load(Ordering::SeqCst)
    }
}

/// Passes on what both say, the server frame by frame; ends at an answer that is to be cut.
async fn pass(mut client: TcpStream, server: SocketAddr, cuts: &AtomicBool) -> io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let answers = async {
        loop {
            let mut head = [0; 9];
            from_server.read_exact(&mut head).await?;
            if head[3] == HEADERS && cuts.swap(false, Ordering::SeqCst) {
                return io::Result::Ok(());
            }
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut frame = vec![0; length as usize];
            from_server.read_exact(&mut frame).await?;
            to_client.write_all(&[&head[..], &frame].concat()).await?;
        }
    };
    tokio::select! {
        ended = answers => ended,
        ended = io::copy(&mut from_client, &mut to_server) => ended.map(drop),
    }
}

fn named(request_id: &str) -> TriggerFields {
    TriggerFields { request_id: Some(request_id.into()), ..TriggerFields::default() }
}

#[tokio::test]
async fn a_write_under_a_request_id_whose_answer_is_lost_is_made_once_and_answered() {
    let server = Server::open().await;
    let cutter = Cutter::before(server.address).await;
    let client = cutter.client().await;
    let fields = CronConfigFields::named("j").cron("0 0 29 2 *", "UTC").enabled(true);
    cutter.cut();
    let config = client.create_cron_config_once(&fields, "one").await.unwrap();
    assert!(cutter.has_cut());
    let configs = ConfigQuery { limit: 10, ..ConfigQuery::default() };
    assert_eq!((config.id(), server.manager.cron_configs(&configs).await.unwrap().len()), (1, 1));

    let runs = async || server.manager.cron_runs(&RunQuery { limit: 10, ..RunQuery::default() }).await.unwrap().len();
    let id = CronConfigId(config.id());
    cutter.cut();
    let run = client.trigger_with(id, &named("two")).await.unwrap();
    assert!(cutter.has_cut());
    assert_eq!((run.id, runs().await), (1, 1));

    client.cancel(RunId(run.id)).await.unwrap();
    cutter.cut();
    let again = client.retry(RunId(run.id), Some("three")).await.unwrap();
    assert!(cutter.has_cut());
    assert_eq!((again.retry_of, runs().await), (Some(run.id), 2));

    cutter.cut();
    let (from, to) = ("2016-01-01T00:00:00Z".parse().unwrap(), "2024-03-01T00:00:00Z".parse().unwrap());
    let filled = client.backfill(id, from, to, 10, Some("four")).await.unwrap();
    assert!(cutter.has_cut());
    assert_eq!((filled.len(), runs().await), (3, 5));
}

#[tokio::test]
async fn a_write_without_one_is_sent_once_and_what_reads_is_asked_again() {
    let server = Server::open().await;
    let cutter = Cutter::before(server.address).await;
    let client = cutter.client().await;
    let fields = CronConfigFields::named("j").enabled(true);
    let id = CronConfigId(client.create_cron_config(&fields).await.unwrap().id());
    cutter.cut();
    let lost = client.trigger(id).await.unwrap_err();
    assert_eq!((lost.kind(), cutter.has_cut()), (ErrorKind::Unavailable, true));
    cutter.cut();
    let runs: Vec<_> = client.cron_runs(&RunFilter::default()).try_collect().await.unwrap();
    assert_eq!((runs.len(), cutter.has_cut()), (1, true), "it had been made");
}
