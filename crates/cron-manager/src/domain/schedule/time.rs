//! The times of a day at which an expression is due.

/// Bit sets of hours, minutes and seconds: the due times are all their combinations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) hours: u32,
    pub(super) minutes: u64,
    pub(super) seconds: u64,
}

impl Times {
    /// The first due time at or after a second of the day.
    pub(super) fn at_or_after(&self, second_of_day: u32) -> Option<u32> {
        let (hour, minute, second) = split(second_of_day);
        if self.hours >> hour & 1 == 1 {
            if self.minutes >> minute & 1 == 1
                && let Some(second) = first(self.seconds, second)
            {
                return Some(join(hour, minute, second));
            }
            if let Some(minute) = first(self.minutes, minute + 1) {
                return Some(join(hour, minute, self.seconds.trailing_zeros()));
            }
        }
        let hour = first(self.hours.into(), hour + 1)?;
        Some(join(hour, self.minutes.trailing_zeros(), self.seconds.trailing_zeros()))
    }

    /// How many due times a whole day has.
    pub(super) fn per_day(&self) -> u64 {
        let [hours, minutes, seconds] = self.counts();
        hours * minutes * seconds
    }

    /// How many due times lie before a second of the day (0 to 86,400).
    pub(super) fn before(&self, second_of_day: u32) -> u64 {
        let (hour, minute, second) = split(second_of_day);
        let [_, minutes, seconds] = self.counts();
        let mut due = below(self.hours.into(), hour) * minutes * seconds;
        if self.hours >> hour & 1 == 1 {
            due += below(self.minutes, minute) * seconds;
            if self.minutes >> minute & 1 == 1 {
                due += below(self.seconds, second);
            }
        }
        due
    }

    fn counts(&self) -> [u64; 3] {
        [self.hours.count_ones(), self.minutes.count_ones(), self.seconds.count_ones()].map(u64::from)
    }
}

/// The lowest member of a set that is at least `from` (0 to 63).
fn first(set: u64, from: u32) -> Option<u32> {
    let rest = set & (u64::MAX << from);
    (rest != 0).then(|| rest.trailing_zeros())
}

/// How many members of a set are less than `bound` (0 to 63).
fn below(set: u64, bound: u32) -> u64 {
    (set & !(u64::MAX << bound)).count_ones().into()
}

fn split(second_of_day: u32) -> (u32, u32, u32) {
    (second_of_day / 3_600, second_of_day / 60 % 60, second_of_day % 60)
}

fn join(hour: u32, minute: u32, second: u32) -> u32 {
    hour * 3_600 + minute * 60 + second
}
