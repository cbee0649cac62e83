//! Everything in this process's memory: the reference that the other back ends are held to, and enough for tests.

mod access;
mod calendars;
mod locker;
mod output;
mod registry;
mod signal;
mod store;
mod tables;

pub use locker::MemoryLocker;
pub use signal::LocalSignal;
pub use store::MemoryStore;
