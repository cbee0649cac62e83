//! The ledger: every tick of every config has exactly one recorded outcome.

mod account;
mod page;

pub use account::{Account, ConfigVersion, Imbalance};
pub use page::{Claimant, Page, Place};
