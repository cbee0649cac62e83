//! Cron jobs for services that run in several replicas.
pub mod domain;
