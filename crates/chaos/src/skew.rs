//! A run in peace, but for wall clocks that differ.

use std::{thread, time::Duration};

use clap::Args;

use crate::{
    failure::Result,
    jobs::quick,
    plan::PLACES,
    run::report,
    world::{self, World},
};

/// Which run.
#[derive(Args, Clone, Debug)]
pub struct SkewArguments {
    /// How long
    #[arg(long, default_value_t = 60)]
    pub seconds: u64,
}

/// How far the wall clocks are ahead, in milliseconds.
pub const SKEWS: [i64; PLACES] = [-500, 0, 500];

/// Three replicas, 20 jobs a second, judged; true when every law held.
///
/// Errors: chaos itself failed.
pub fn skew(arguments: &SkewArguments) -> Result<bool> {
    let mut world = World::new(world::program()?, world::folder("skew"), &quick(20))?;
    for (place, skew) in SKEWS.into_iter().enumerate() {
        world.fleet.start(place, skew)?;
    }
    thread::sleep(Duration::from_secs(arguments.seconds));
    report(&format!("seconds={}", arguments.seconds), &world.conclude()?)
}
