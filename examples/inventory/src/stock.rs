//! What the service keeps, and its own route.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use axum::{Router, extract::State, http::header, response::IntoResponse, routing::get};
use serde_json::json;

/// The parcels on a shelf. A real service would have them in its database.
#[derive(Clone, Default)]
pub(crate) struct Stock(Arc<AtomicU64>);

impl Stock {
    /// How many there are.
    pub(crate) fn parcels(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Puts some on the shelf, and tells how many there are then.
    pub(crate) fn add(&self, parcels: u64) -> u64 {
        self.0.fetch_add(parcels, Ordering::Relaxed) + parcels
    }
}

/// `GET /stock`, beside the manager's routes.
pub(crate) fn routes(stock: Stock) -> Router {
    Router::new().route("/stock", get(show)).with_state(stock)
}

async fn show(State(stock): State<Stock>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], json!({ "parcels": stock.parcels() }).to_string())
}
