//! A run with faults.

use std::{thread, time::Duration};

use clap::Args;
use cron_manager::{backends::system::SystemClock, contracts::Clock};

use crate::{
    failure::Result,
    figures::Figures,
    jobs::{Job, mixed},
    journal::Event,
    plan::{Fault, plan},
    world::{self, Verdict, World},
};

/// Which run.
#[derive(Args, Clone, Debug)]
pub struct RunArguments {
    /// How long faults come
    #[arg(long, default_value_t = 1)]
    pub minutes: u64,
    /// Decides which faults, in which order, and when
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Carries out the faults of the seed, judges, and prints the figures; true when every law held.
///
/// Errors: chaos itself failed.
pub fn run(arguments: &RunArguments) -> Result<bool> {
    let jobs = mixed();
    let faults = plan(arguments.seed, Duration::from_secs(60 * arguments.minutes), jobs.len());
    let mut world = World::new(world::program()?, world::folder(&format!("seed-{}", arguments.seed)), &jobs)?;
    let begin = SystemClock.elapsed();
    for (at, fault) in &faults {
        thread::sleep((begin + *at).saturating_sub(SystemClock.elapsed()));
        commit(&mut world, &jobs, fault)?;
    }
    thread::sleep((begin + Duration::from_secs(60 * arguments.minutes)).saturating_sub(SystemClock.elapsed()));
    let verdict = world.conclude()?;
    let head = format!("minutes={} seed={} faults={}", arguments.minutes, arguments.seed, faults.len());
    report(&head, &verdict)
}

/// Prints violations, and the line of figures; true when there are none.
///
/// Errors: the system's.
pub fn report(head: &str, verdict: &Verdict) -> Result<bool> {
    const SHOWN: usize = 40;
    for violation in verdict.violations.iter().take(SHOWN) {
        println!("{violation}");
    }
    let lawful = verdict.violations.is_empty();
    if !lawful {
        println!("{} violations; journal and log are in {}", verdict.violations.len(), verdict.folder.display());
    }
    println!("{head} {}", Figures::of(verdict));
    verdict.clear()?;
    Ok(lawful)
}

fn commit(world: &mut World, jobs: &[Job], fault: &Fault) -> Result<()> {
    match fault {
        Fault::Kill(place) => world.fleet.kill(*place),
        Fault::Tell(place) => world.fleet.tell(*place),
        Fault::Start(place, skew) => world.fleet.start(*place, *skew).map(drop),
        Fault::Pause(place) => world.fleet.pause(*place),
        Fault::Resume(place) => world.fleet.resume(*place),
        Fault::Restart => world.without_database(servers::Postgres::stop, Duration::ZERO),
        Fault::Crash(away) => world.without_database(servers::Postgres::kill, *away),
        Fault::Flush => world.locks.flush(),
        Fault::RedisEnd => world.locks.take_away(servers::Redis::stop),
        Fault::RedisKill => world.locks.take_away(servers::Redis::kill),
        Fault::RedisStart => world.locks.bring_back(),
        Fault::RedisPause => world.locks.pause(),
        Fault::RedisResume => world.locks.resume(),
        Fault::Hold(job, ttl) => world.locks.hold(job, *ttl).map(drop),
        Fault::LetGo(job) => world.locks.let_go(job),
        Fault::Edit(job, edit) => {
            let name = jobs.get(*job).map_or_else(|| format!("nobodys-{job}"), |job| job.name.clone());
            let what = world.clerk.edit(&name, edit)?;
            world.fleet.note(std::process::id(), Event::Edited { what })
        }
    }
}
