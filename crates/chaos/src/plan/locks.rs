//! What happens to Redis, and what an outsider does there.

use std::time::Duration;

use super::{Fault, Planned};
use crate::{
    jobs::WANTED,
    random::{Random, mix},
};

/// What is in a deck of cards; one is drawn every three seconds or so.
const DECK: &[(Card, usize)] =
    &[(Card::Flush, 2), (Card::Usurp, 2), (Card::Restart, 1), (Card::Kill, 1), (Card::Pause, 2), (Card::Hold, 6)];

/// Places of all jobs whose locks the outsider wants, of those that are mostly live, and of the one that does not run without a lock.
const ANY: [usize; 3] = [0, 1, 2];
const LIVE: [usize; 2] = [0, 1];
const STRICT: usize = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Card {
    Flush,
    /// A flush, and at once an outsider, until a run that had the lock before is over.
    Usurp,
    Restart,
    Kill,
    Pause,
    Hold,
}

/// The faults of `seed` in a run of that length; they do not depend on the others.
pub(super) fn plan(seed: u64, length: Duration) -> Vec<Planned> {
    let random = Random::new(mix(seed));
    let mut planner =
        Planner { random, away: Duration::ZERO, wanted: [Duration::ZERO; WANTED.len()], faults: Vec::new() };
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
    planner.faults
}

struct Planner {
    random: Random,
    /// Until when Redis is away.
    away: Duration,
    /// Until when the outsider holds each lock that it wants.
    wanted: [Duration; WANTED.len()],
    faults: Vec<Planned>,
}

impl Planner {
    fn length(&mut self, least: u64, limit: u64) -> Duration {
        Duration::from_millis(self.random.between(least, limit))
    }

    fn play(&mut self, card: Card, at: Duration) {
        let at = at.max(self.away);
        match card {
            Card::Flush => self.faults.push((at, Fault::Flush)),
            Card::Usurp => {
                self.faults.push((at, Fault::Flush));
                let length = self.length(1_000, 1_500);
                self.hold(&LIVE, at, length, length + Duration::from_secs(2));
            }
            Card::Restart => self.without_redis(at, Duration::ZERO, Fault::RedisEnd, Fault::RedisStart),
            Card::Kill => {
                let length = self.length(500, 5_000);
                self.without_redis(at, length, Fault::RedisKill, Fault::RedisStart);
            }
            // Longer than a replica waits for the lock; some, than a lease lasts. The outsider comes just before, if it does not hold that
            // lock.
            Card::Pause => {
                let length = self.length(2_500, 7_000);
                if self.wanted[STRICT] <= at {
                    self.hold(&[STRICT], at, length + Duration::from_secs(2), length + Duration::from_secs(4));
                }
                self.without_redis(at + Duration::from_secs(1), length, Fault::RedisPause, Fault::RedisResume);
            }
            // Of four holds, one is left to run out, as that of somebody who died.
            Card::Hold => {
                let length = self.length(1_500, 6_000);
                let runs_out = self.random.between(0, 4) == 0;
                self.hold(&ANY, at, length, if runs_out { length / 2 } else { length + Duration::from_secs(2) });
            }
        }
    }

    fn without_redis(&mut self, at: Duration, length: Duration, begin: Fault, end: Fault) {
        self.faults.extend([(at, begin), (at + length, end)]);
        self.away = at + length;
    }

    /// The outsider takes a lock in one of those places and lets it go after `length`, if it has not run out by then.
    fn hold(&mut self, places: &[usize], at: Duration, length: Duration, ttl: Duration) {
        let mut places = places.to_vec();
        self.random.shuffle(&mut places);
        let Some(place) = places.into_iter().min_by_key(|place| self.wanted[*place].max(at)) else { return };
        let at = at.max(self.wanted[place]);
        self.faults.extend([(at, Fault::Hold(WANTED[place], ttl)), (at + length, Fault::LetGo(WANTED[place]))]);
        self.wanted[place] = at + length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_faults_of_every_kind() {
        for seed in 0..20 {
            let faults = plan(seed, Duration::from_secs(60));
            let has = |wanted: fn(&Fault) -> bool| faults.iter().any(|(_, fault)| wanted(fault));
            assert!(has(|fault| matches!(fault, Fault::Flush)), "{seed}");
            assert!(has(|fault| matches!(fault, Fault::RedisEnd)), "{seed}");
            assert!(has(|fault| matches!(fault, Fault::RedisKill)), "{seed}");
            assert!(has(|fault| matches!(fault, Fault::RedisPause)), "{seed}");
            for job in WANTED {
                assert!(faults.iter().any(|(_, fault)| matches!(fault, Fault::Hold(of, _) if *of == job)), "{seed}");
            }
        }
    }

    #[test]
    fn redis_comes_back_before_it_goes_again_and_a_lock_is_let_go_before_it_is_taken_again() {
        for seed in 0..100 {
            let mut faults = plan(seed, Duration::from_secs(300));
            faults.sort_by_key(|(at, _)| *at);
            let (mut away, mut held) = (None, [false; WANTED.len()]);
            let place = |job: &str| WANTED.iter().position(|wanted| *wanted == job).unwrap();
            for (at, fault) in faults {
                match fault {
                    Fault::RedisEnd | Fault::RedisKill => assert_eq!(away.replace("gone"), None, "{seed}: {at:?}"),
                    Fault::RedisPause => assert_eq!(away.replace("still"), None, "{seed}: {at:?}"),
                    Fault::RedisStart => assert_eq!(away.take(), Some("gone"), "{seed}: {at:?}"),
                    Fault::RedisResume => assert_eq!(away.take(), Some("still"), "{seed}: {at:?}"),
                    Fault::Hold(job, _) => assert!(!std::mem::replace(&mut held[place(job)], true), "{seed}: {at:?}"),
                    Fault::LetGo(job) => assert!(std::mem::replace(&mut held[place(job)], false), "{seed}: {at:?}"),
                    Fault::Flush => assert_eq!(away, None, "{seed}: {at:?}"),
                    _ => {}
                }
            }
            assert_eq!((away, held), (None, [false; WANTED.len()]), "{seed}");
        }
    }
}
