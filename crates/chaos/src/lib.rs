//! Chaos: real replica processes on a real database and a real Redis, with seeded faults, judged from a journal outside the database and from the
//! ledger. `docs/chaos.md` says what is judged.
//!
//! | module | does |
//! |---|---|
//! | `replica` | one process of the service, whose handlers write to the journal |
//! | `jobs`, `skewed` | what it runs, and the wrong clock it lives by |
//! | `timer` | calls for a job, as a timer of the service's own |
//! | `journal` | the append-only file of everything that was done |
//! | `fleet` | starts, kills, pauses and stops replicas |
//! | `clerk` | edits configs and reads the ledger, as a client of the service would |
//! | `locks` | a Redis, and an outsider who takes locks there |
//! | `plan`, `random` | the faults of a seed |
//! | `world` | servers, fleet, journal and clerk of one run |
//! | `run`, `skew` | carry out a plan, or none, and judge |
//! | `judge` | the laws |

pub mod clerk;
pub mod failure;
pub mod figures;
pub mod fleet;
pub mod jobs;
pub mod journal;
pub mod judge;
pub mod locks;
pub mod plan;
mod random;
pub mod replica;
pub mod run;
pub mod skew;
mod skewed;
mod timer;
pub mod world;
