//! The days on which an expression is due.

use super::civil::{Month, weekday};

/// Years that a year field can name, as in Quartz.
pub(super) const YEARS: std::ops::RangeInclusive<u32> = 1970..=2099;

/// The last year that an instant can have.
const LAST_YEAR: i32 = 9999;

/// A set of years within [`YEARS`].
pub(super) type YearSet = [u64; 3];

/// Months, years and the two day fields, as bit sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Days {
    /// `None`: every year.
    pub(super) years: Option<YearSet>,
    /// Bits 1 to 12.
    pub(super) months: u16,
    pub(super) of_month: DaysOfMonth,
    pub(super) of_week: DaysOfWeek,
    /// Whether a day must be in both day fields (AND) or in either (OR).
    pub(super) both: bool,
}

/// The day-of-month field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DaysOfMonth {
    /// Bits 1 to 31.
    pub(super) dates: u32,
    /// `nW`: bits 1 to 31 whose nearest weekday is meant.
    pub(super) nearest: u32,
    /// `L`.
    pub(super) last: bool,
    /// `LW`.
    pub(super) last_weekday: bool,
}

/// The day-of-week field. Bit 0 is Sunday in each set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DaysOfWeek {
    pub(super) every: u8,
    /// `d#n`, for n from 1 to 5.
    pub(super) nth: [u8; 5],
    /// `dL`.
    pub(super) last: u8,
}

impl Days {
    /// Whether every day is due, so that no calendar is needed.
    pub(super) fn is_every_day(&self) -> bool {
        let all_dates = self.of_month.dates == 0xffff_fffe;
        let all_weekdays = self.of_week.every == 0x7f;
        let open = if self.both { all_dates && all_weekdays } else { all_dates || all_weekdays };
        open && self.months == 0x1ffe && self.years.is_none()
    }

    /// The first due day at or after a day.
    pub(super) fn at_or_after(&self, day: i64) -> Option<i64> {
        self.search(day, LAST_YEAR)
    }

    /// Whether any day is ever due. Every kind of year occurs within 28 years without a
    /// century among them, so open years need no longer search.
    pub(super) fn any(&self) -> bool {
        let (first, last) = match self.years {
            None => (2000, 2027),
            Some(_) => (1970, LAST_YEAR),
        };
        self.search(Month { year: first, month: 1 }.first_day(), last).is_some()
    }

    /// How many due days lie in `first..end`.
    pub(super) fn count(&self, first: i64, end: i64) -> u64 {
        if self.is_every_day() {
            return u64::try_from(end - first).unwrap_or(0);
        }
        let mut due = 0;
        let mut from = first;
        while let Some(day) = self.at_or_after(from).filter(|day| *day < end) {
            let (month, date) = Month::of(day);
            let start = month.first_day();
            let mut set = self.in_month(month) & (u32::MAX << date);
            if end - start < i64::from(month.length()) {
                set &= !(u32::MAX << (end - start + 1));
            }
            due += u64::from(set.count_ones());
            from = start + i64::from(month.length());
        }
        due
    }

    fn search(&self, day: i64, last_year: i32) -> Option<i64> {
        let (mut month, date) = Month::of(day);
        let mut due = u32::MAX << date;
        if !self.has_month(month) {
            month = self.month_after(month, last_year)?;
            due = u32::MAX;
        }
        loop {
            due &= self.in_month(month);
            if due != 0 {
                return Some(month.first_day() + i64::from(due.trailing_zeros()) - 1);
            }
            month = self.month_after(month, last_year)?;
            due = u32::MAX;
        }
    }

    fn has_month(&self, month: Month) -> bool {
        self.months >> month.month & 1 == 1 && self.has_year(month.year)
    }

    fn has_year(&self, year: i32) -> bool {
        self.years.is_none_or(|years| {
            usize::try_from(year - *YEARS.start() as i32)
                .is_ok_and(|bit| years.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1))
        })
    }

    /// The next month that the month and year fields allow.
    fn month_after(&self, Month { year, month }: Month, last_year: i32) -> Option<Month> {
        let rest = u32::from(self.months) & (u32::MAX << (month + 1));
        if rest != 0 && self.has_year(year) {
            return Some(Month { year, month: rest.trailing_zeros() });
        }
        let year = self.year_after(year).filter(|year| *year <= last_year)?;
        Some(Month { year, month: self.months.trailing_zeros() })
    }

    fn year_after(&self, year: i32) -> Option<i32> {
        let (first, last) = (*YEARS.start() as i32, *YEARS.end() as i32);
        match self.years {
            None => Some(year + 1),
            Some(_) => ((year + 1).max(first)..=last).find(|year| self.has_year(*year)),
        }
    }

    /// The due days of a month: bits 1 to 31.
    fn in_month(&self, month: Month) -> u32 {
        let length = month.length();
        let start = weekday(month.first_day());
        let of_month = self.of_month.in_month(length, start);
        let of_week = self.of_week.in_month(length, start);
        let due = if self.both { of_month & of_week } else { of_month | of_week };
        due & dates(1, length)
    }
}

impl DaysOfMonth {
    fn in_month(&self, length: u32, start: u32) -> u32 {
        let mut due = self.dates | u32::from(self.last) << length;
        if self.last_weekday {
            due |= 1 << nearest_weekday(length, length, start);
        }
        let mut nearest = self.nearest & dates(1, length);
        while nearest != 0 {
            due |= 1 << nearest_weekday(nearest.trailing_zeros(), length, start);
            nearest &= nearest - 1;
        }
        due
    }
}

impl DaysOfWeek {
    fn in_month(&self, length: u32, start: u32) -> u32 {
        let mut due = spread(self.every, start);
        if self.last != 0 {
            due |= spread(self.last, start) & dates(length - 6, length);
        }
        for (week, set) in (0u32..).zip(self.nth) {
            due |= spread(set, start) & dates(7 * week + 1, (7 * week + 7).min(31));
        }
        due
    }
}

/// The weekday (Monday to Friday) nearest a date without leaving the month.
fn nearest_weekday(date: u32, length: u32, start: u32) -> u32 {
    match (start + date - 1) % 7 {
        0 if date == length => date - 2,
        0 => date + 1,
        6 if date == 1 => 3,
        6 => date - 1,
        _ => date,
    }
}

/// The dates (bits 1 to 35) of some weekdays in a month whose first day is the weekday `start`.
fn spread(weekdays: u8, start: u32) -> u32 {
    let weekdays = u64::from(weekdays);
    let week = (weekdays >> start | weekdays << (7 - start)) & 0x7f;
    // Five copies of the week, seven bits apart, from bit 1.
    ((week * 0x1020_4081) << 1) as u32
}

/// The bits `first..=last`.
fn dates(first: u32, last: u32) -> u32 {
    (u32::MAX >> (31 - last)) & (u32::MAX << first)
}
