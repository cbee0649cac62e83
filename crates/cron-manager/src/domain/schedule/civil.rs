//! Dates as whole numbers: days since 1970-01-01 in the proleptic Gregorian calendar.

/// Seconds in a civil day.
pub(super) const DAY: i64 = 86_400;

/// Days in four hundred Gregorian years, after which the calendar repeats.
const ERA: i64 = 146_097;

/// Days from 0000-03-01 to 1970-01-01. Years counted from March keep the leap day last.
const EPOCH: i64 = 719_468;

/// One month of one year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Month {
    pub(super) year: i32,
    /// 1 to 12.
    pub(super) month: u32,
}

impl Month {
    /// The month a day falls in, and the day of that month (from 1).
    pub(super) fn of(day: i64) -> (Month, u32) {
        let shifted = day + EPOCH;
        let era = shifted.div_euclid(ERA);
        let day_of_era = shifted.rem_euclid(ERA) as u32;
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let day_of_month = day_of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = era as i32 * 400 + year_of_era as i32 + i32::from(month <= 2);
        (Month { year, month }, day_of_month)
    }

    /// The first day of the month.
    pub(super) fn first_day(self) -> i64 {
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let from_march = i64::from((self.month + 9) % 12);
        let day_of_year = (153 * from_march + 2) / 5;
        era * ERA + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - EPOCH
    }

    /// How many days the month has.
    pub(super) fn length(self) -> u32 {
        match self.month {
            2 if self.is_leap() => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    fn is_leap(self) -> bool {
        self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0)
    }
}

/// The weekday of a day: 0 is Sunday.
pub(super) fn weekday(day: i64) -> u32 {
    // 1970-01-01 was a Thursday.
    (day + 4).rem_euclid(7) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_and_its_day_number_are_one_to_one() {
        for day in -800_000..2_932_896 {
            let (month, date) = Month::of(day);
            assert_eq!(month.first_day() + i64::from(date) - 1, day);
            assert!((1..=month.length()).contains(&date));
        }
    }

    #[test]
    fn days_agree_with_jiff() {
        for day in (-800_000..2_932_896).step_by(97) {
            let date = jiff::civil::date(1970, 1, 1) + jiff::Span::new().days(day);
            let (month, of_month) = Month::of(day);
            assert_eq!(
                (month.year, month.month, of_month),
                (i32::from(date.year()), date.month() as u32, date.day() as u32)
            );
            assert_eq!(month.length(), date.days_in_month() as u32);
            assert_eq!(weekday(day), date.weekday().to_sunday_zero_offset() as u32);
        }
    }
}
