//! What the config tells the handler.

use std::ops::Deref;

use serde::de::DeserializeOwned;

use super::{ActiveRun, FromRun};
use crate::{Context, Result};

/// The context of the config as the handler's own type. A context that does not fit ends the run as failed, with an error that names
/// the field; the function is not called.
///
/// ```
/// use cron_manager::Ctx;
///
/// #[derive(serde::Deserialize)]
/// struct Shop {
///     shop: u64,
///     #[serde(default)]
///     dry_run: bool,
/// }
///
/// async fn send_invoices(Ctx(context): Ctx<Shop>) {
///     println!("for shop {}{}", context.shop, if context.dry_run { ", not really" } else { "" });
/// }
/// # cron_manager::IntoHandler::into_handler(send_invoices);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ctx<T>(pub T);

impl<T> Deref for Ctx<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned> FromRun for Ctx<T> {
    fn from_run(run: &ActiveRun) -> Result<Self> {
        run.context().parse_as().map(Self)
    }
}

impl FromRun for Context {
    fn from_run(run: &ActiveRun) -> Result<Self> {
        Ok(run.context().clone())
    }
}
