//! The command handler on real processes.

use std::{fs, path::PathBuf, process, sync::atomic::{AtomicU32, Ordering}};

use cron_manager::{
    CronConfig, CronConfigFields, CronConfigId, CronRun, Fence, Hold, HandlerResult, Outcome, ReplicaId, RunId,
    RunState, backends::system::SystemClock, domain::ledger::{Claimant, Page}, ClaimToken,
};
use jiff::Timestamp;

use super::*;
