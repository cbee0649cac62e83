//! Chaos: real replica processes on a real database, with seeded faults, judged from a journal outside the database and from the
//! ledger. `docs/chaos.md` says what is judged.
//!
//! | module | does |
//! |---|---|
//! | `replica` | one process of the service, whose handlers write to the journal |
//! | `jobs`, `skewed` | what it runs, and the wrong clock it lives by |
//! | `journal` | the append-only file of everything that was done |
//! | `fleet` | starts, kills, pauses and stops replicas |
//! | `clerk` | edits configs and reads the ledger, as a client of the service would |
//! | `plan`, `random` | the faults of a seed |
//! | `world` | server, fleet, journal and clerk of one run |
//! | `run`, `skew` | carry out a plan, or none, and judge |
//! | `judge` | the laws |

pub mod clerk;
pub mod failure;
pub mod figures;
pub mod fleet;
pub mod jobs;
pub mod journal;
pub mod judge;
pub mod plan;
mod random;
pub mod replica;
pub mod run;
pub mod skew;
mod skewed;
pub mod world;
