//! The faults of a seed: which, in which order, and when.

mod locks;

use std::time::Duration;

use crate::{clerk::Edit, random::Random};

/// How many replicas take part.
pub const PLACES: usize = 3;

/// Something that is done to the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `kill -9` of the replica in that place.
    Kill(usize),
    /// `SIGTERM` to the replica in that place.
    Tell(usize),
    /// A new replica in that place, whose wall clock is ahead by so many milliseconds.
    Start(usize, i64),
    /// `SIGSTOP` of the replica in that place.
    Pause(usize),
    /// `SIGCONT` of the replica in that place.
    Resume(usize),
    /// The database is restarted in order.
    Restart,
    /// The database is killed, is away for so long, and comes back.
    Crash(Duration),
    /// A config is changed: the job with that number.
    Edit(usize, Edit),
    /// Redis is flushed.
    Flush,
    /// Redis ends in order.
    RedisEnd,
    /// `kill -9` of Redis.
    RedisKill,
    /// Redis starts again, empty.
    RedisStart,
    /// `SIGSTOP` of Redis.
    RedisPause,
    /// `SIGCONT` of Redis.
    RedisResume,
    /// An outsider takes the lock of that job for so long at the most.
    Hold(&'static str, Duration),
    /// The outsider lets go of the lock of that job.
    LetGo(&'static str),
}

/// A fault and when it is due, counted from the beginning.
pub type Planned = (Duration, Fault);

/// What is in a deck of cards; one is drawn every three seconds or so.
const DECK: &[(Card, usize)] =
    &[(Card::Kill, 7), (Card::Pause, 4), (Card::Restart, 1), (Card::Crash, 1), (Card::Roll, 1), (Card::Edit, 6)];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Card {
    Kill,
    Pause,
    Restart,
    Crash,
    Roll,
    Edit,
}

/// The faults of `seed` in a run of that length with so many jobs.
pub fn plan(seed: u64, length: Duration, jobs: usize) -> Vec<Planned> {
    let mut planner =
        Planner { random: Random::new(seed), jobs, busy: [Duration::ZERO; PLACES], created: 0, faults: Vec::new() };
    planner.begin();
    let mut at = Duration::from_secs(3);
    let mut deck = Vec::new();
    while at < length {
        if deck.is_empty() {
            deck = DECK.iter().flat_map(|(card, count)| vec![*card; *count]).collect();
            planner.random.shuffle(&mut deck);
        }
        if let Some(card) = deck.pop() {
            planner.play(card, at);
        }
        at += planner.length(1_500, 4_000);
    }
    let mut faults = planner.faults;
    faults.extend(locks::plan(seed, length));
    faults.sort_by_key(|(at, _)| *at);
    faults
}

struct Planner {
    random: Random,
    jobs: usize,
    /// Until when something happens to each place.
    busy: [Duration; PLACES],
    created: usize,
    faults: Vec<Planned>,
}

impl Planner {
    fn length(&mut self, least: u64, limit: u64) -> Duration {
        Duration::from_millis(self.random.between(least, limit))
    }

    /// Each new replica has a wall clock of its own, up to half a second off.
    fn start(&mut self, at: Duration, place: usize) {
        let skew = self.random.between(0, 1_001) as i64 - 500;
        self.faults.push((at, Fault::Start(place, skew)));
    }

    fn begin(&mut self) {
        for place in 0..PLACES {
            self.start(Duration::ZERO, place);
        }
    }

    fn play(&mut self, card: Card, at: Duration) {
        match card {
            Card::Kill => self.kill(at),
            Card::Pause => self.pause(at),
            Card::Restart => self.faults.push((at, Fault::Restart)),
            Card::Crash => {
                let away = self.length(0, 3_000);
                self.faults.push((at, Fault::Crash(away)));
            }
            Card::Roll => self.roll(at),
            Card::Edit => self.edit(at),
        }
    }

    /// A place to which nothing else happens for that long; later, when all are busy.
    fn place(&mut self, at: Duration, length: Duration) -> (usize, Duration) {
        let first = self.random.between(0, PLACES as u64) as usize;
        let places = (0..PLACES).map(|step| (first + step) % PLACES);
        let place = places.min_by_key(|place| self.busy[*place].max(at)).unwrap_or(first);
        let at = at.max(self.busy[place]);
        self.busy[place] = at + length;
        (place, at)
    }

    fn kill(&mut self, at: Duration) {
        let away = self.length(0, 3_000);
        let (place, at) = self.place(at, away + Duration::from_secs(1));
        self.faults.push((at, Fault::Kill(place)));
        self.start(at + away, place);
    }

    /// Most pauses are longer than a lease and its grace; some are not. Every fifth one ends by a kill.
    fn pause(&mut self, at: Duration) {
        let length = self.length(1_000, 12_000);
        let (place, at) = self.place(at, length + Duration::from_secs(1));
        self.faults.push((at, Fault::Pause(place)));
        if self.random.between(0, 5) == 0 {
            self.faults.push((at + length, Fault::Kill(place)));
            self.start(at + length, place);
        } else {
            self.faults.push((at + length, Fault::Resume(place)));
        }
    }

    /// As a deploy does it: place by place, the old one drains while the new one begins.
    fn roll(&mut self, at: Duration) {
        let mut at = self.busy.iter().copied().max().unwrap_or_default().max(at);
        for place in 0..PLACES {
            self.faults.push((at, Fault::Tell(place)));
            at += self.length(0, 1_000);
            self.start(at, place);
            at += self.length(500, 1_500);
        }
        self.busy = [at; PLACES];
    }

    fn edit(&mut self, at: Duration) {
        let edit = match self.random.between(0, 8) {
            0 => Edit::Create,
            1 | 2 => Edit::Trigger,
            3 | 4 => Edit::Every(self.random.between(1, 4)),
            5 => Edit::Enabled(false),
            _ => Edit::Enabled(true),
        };
        let job = if edit == Edit::Create {
            self.created += 1;
            self.jobs + self.created
        } else {
            self.random.between(0, self.jobs as u64) as usize
        };
        self.faults.push((at, Fault::Edit(job, edit)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_seed_has_one_plan_and_another_seed_another() {
        assert_eq!(plan(1, MINUTE, 28), plan(1, MINUTE, 28));
        assert_ne!(plan(1, MINUTE, 28), plan(2, MINUTE, 28));
    }

    #[test]
    fn a_minute_has_faults_of_every_kind() {
        for seed in 0..20 {
            let faults = plan(seed, MINUTE + Duration::from_secs(10), 28);
            let has = |wanted: fn(&Fault) -> bool| faults.iter().any(|(_, fault)| wanted(fault));
            assert!(has(|fault| matches!(fault, Fault::Kill(_))), "{seed}");
            assert!(has(|fault| matches!(fault, Fault::Pause(_))), "{seed}");
            assert!(has(|fault| matches!(fault, Fault::Restart)), "{seed}");
            assert!(has(|fault| matches!(fault, Fault::Crash(_))), "{seed}");
            assert!(has(|fault| matches!(fault, Fault::Tell(_))), "{seed}");
            assert!(has(|fault| matches!(fault, Fault::Edit(..))), "{seed}");
        }
    }

    #[test]
    fn a_place_is_filled_before_it_is_emptied_again() {
        for seed in 0..100 {
            let mut filled = [false; PLACES];
            let mut paused = [false; PLACES];
            for (at, fault) in plan(seed, MINUTE * 5, 28) {
                match fault {
                    Fault::Start(place, _) => assert!(!std::mem::replace(&mut filled[place], true), "{seed}: {at:?}"),
                    Fault::Kill(place) | Fault::Tell(place) => {
                        assert!(std::mem::replace(&mut filled[place], false), "{seed}: {at:?}");
                        assert!(!std::mem::replace(&mut paused[place], false) || matches!(fault, Fault::Kill(_)));
                    }
                    Fault::Pause(place) => {
                        assert!(filled[place] && !std::mem::replace(&mut paused[place], true), "{seed}: {at:?}");
                    }
                    Fault::Resume(place) => assert!(std::mem::replace(&mut paused[place], false), "{seed}: {at:?}"),
                    _ => {}
                }
            }
        }
    }
}
