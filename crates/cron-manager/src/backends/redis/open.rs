//! From options to what is used.

use std::sync::Arc;

use super::{line::Line, locker::RedisLocker, options::RedisOptions, place::Place, signal::RedisSignal};
use crate::{
    Result,
    contracts::{Clock, Randomness, Spawn},
};

/// A Redis: one server, the master behind a Sentinel, or a cluster. What is made from it shares one connection.
pub struct Redis {
    line: Arc<Line>,
    prefix: Arc<str>,
}

impl Redis {
    /// Makes ready to use a Redis, which need not be there: the connection is made when it is first needed, and anew when it is lost. Until
    /// it is there, commands end as unavailable within their time limit.
    ///
    /// `clock` limits how long commands take; leases run out by Redis's own.
    ///
    /// Errors: invalid argument (`redisUrl`, `redisPrefix`).
    pub fn open(options: impl Into<RedisOptions>, clock: Arc<dyn Clock>) -> Result<Self> {
        let options = options.into();
        let (prefix, place) = (options.checked_prefix()?, Place::of(&options.source, options.timeout)?);
        Ok(Self { line: Arc::new(Line::new(place, options.timeout, clock)), prefix })
    }

    /// The locks that are kept there.
    pub fn locker(&self, randomness: Arc<dyn Randomness>) -> RedisLocker {
        RedisLocker::new(Arc::clone(&self.line), Arc::clone(&self.prefix), randomness)
    }

    /// Nudges between those who use the same prefix. Its tasks end when it is dropped.
    pub fn signal(&self, spawn: &dyn Spawn, randomness: &dyn Randomness) -> RedisSignal {
        RedisSignal::new(Arc::clone(&self.line), &self.prefix, spawn, randomness)
    }
}
