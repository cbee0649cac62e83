//! A server for one test.

use std::{future::pending, net::SocketAddr};

use cron_manager::{
    Client, CronManager,
    api::{
        access::Access,
        rest::Face,
        serve::{self, ServeOptions},
    },
    backends::system::TokioSpawn,
    contracts::Spawn,
    settings::HttpSettings,
};
use tokio::net::TcpListener;

/// The operator's token.
pub(crate) const TOKEN: &str = "a-token-of-the-operator";

pub(crate) struct Server {
    pub(crate) manager: CronManager,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// A server that asks for tokens.
    pub(crate) async fn start() -> Self {
        let settings = HttpSettings { token: Some(cron_manager::domain::TokenHash::of(TOKEN)), ..Default::default() };
        let manager = CronManager::builder().build().await.unwrap();
        let options = ServeOptions::by(&settings, &manager).unwrap();
        Self::with(manager, options).await
    }

    /// A server without tokens.
    pub(crate) async fn open() -> Self {
        let manager = CronManager::builder().build().await.unwrap();
        let options = ServeOptions::new(Access::new(&manager));
        Self::with(manager, options).await
    }

    pub(crate) async fn with(manager: CronManager, options: ServeOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = serve::serve(listener, Face::new(manager.clone()).routes(), options, pending());
        TokioSpawn.spawn(Box::pin(async move { served.await.unwrap() }));
        Self { manager, address }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) async fn client(&self) -> Client {
        Client::builder(&self.url()).token(TOKEN).build().await.unwrap()
    }
}
