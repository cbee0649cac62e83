//! From text to bit sets, in one pass over the text.

use super::days::{Days, DaysOfMonth, DaysOfWeek, YEARS, YearSet};
use super::field::{DAY_OF_MONTH, Fault, Field, HOUR, MINUTE, MONTH, Part, SECOND, WEEKDAY, YEAR};
use super::time::Times;

/// Bytes that an expression may have: far more than any list needs.
pub(super) const LONGEST: usize = 512;

/// What an expression means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) times: Times,
    pub(super) days: Days,
    /// Whether minute or hour start with `*`, which makes the expression follow real time.
    pub(super) follows_real_time: bool,
}

/// Reads an expression. `None` is `@reboot`, which has no time.
pub(super) fn parse(text: &str) -> Result<Option<Meaning>, Fault> {
    check_characters(text)?;
    let trimmed = text.trim_matches([' ', '\t']);
    let whole = Part { text: trimmed, start: text.len() - text.trim_start_matches([' ', '\t']).len() };
    if trimmed.starts_with('@') {
        return nickname(whole);
    }
    let mut parts = [Part { text: "", start: 0 }; 7];
    let found = split(whole, &mut parts);
    let fields: [Part<'_>; 7] = match (found, parts) {
        (5, [a, b, c, d, e, ..]) => [ZERO, a, b, c, d, e, EVERY],
        (6, [a, b, c, d, e, f, _]) => [a, b, c, d, e, f, EVERY],
        (7, all) => all,
        (0, _) => return Err(whole.fault("expected 5 to 7 fields, found none")),
        _ => return Err(wrong_number(whole, found)),
    };
    meaning(fields).map(Some)
}

const ZERO: Part<'static> = Part { text: "0", start: 0 };
const EVERY: Part<'static> = Part { text: "*", start: 0 };

fn check_characters(text: &str) -> Result<(), Fault> {
    let plain = |byte: u8| byte == b'\t' || (b' '..=b'~').contains(&byte);
    if text.bytes().all(plain) {
        return Ok(());
    }
    let odd = text.char_indices().find(|(_, c)| !(c.is_ascii() && plain(*c as u8)));
    let (start, c) = odd.unwrap_or_default();
    let range = start..start + c.len_utf8();
    let message = match c {
        '\n' | '\r' => "an expression is one line; remove the line break".to_owned(),
        c if c.is_control() => format!("remove the control character U+{:04X}", u32::from(c)),
        c => format!("`{c}` (U+{:04X}) means nothing in an expression", u32::from(c)),
    };
    Err(Fault { range, message })
}

/// Splits at blanks into the first seven fields; returns how many there are.
fn split<'a>(whole: Part<'a>, parts: &mut [Part<'a>; 7]) -> usize {
    let blank = |byte: u8| byte == b' ' || byte == b'\t';
    let bytes = whole.text.as_bytes();
    let (mut found, mut at) = (0, 0);
    while at < bytes.len() {
        let end = bytes[at..].iter().position(|b| blank(*b)).map_or(bytes.len(), |n| at + n);
        if let Some(part) = parts.get_mut(found) {
            *part = whole.slice(at, end);
        }
        found += 1;
        at = bytes[end..].iter().position(|b| !blank(*b)).map_or(bytes.len(), |n| end + n);
    }
    found
}

fn wrong_number(whole: Part<'_>, found: usize) -> Fault {
    let message = match whole.text.split_once('=') {
        Some(("TZ" | "CRON_TZ", _)) => "the zone belongs in the field `timezone`".to_owned(),
        _ => format!("expected 5 to 7 fields, found {found}"),
    };
    whole.fault(message)
}

fn nickname(whole: Part<'_>) -> Result<Option<Meaning>, Fault> {
    let fields = match whole.text.to_ascii_lowercase().as_str() {
        "@reboot" => return Ok(None),
        "@yearly" | "@annually" => ["0", "0", "0", "1", "1", "*", "*"],
        "@monthly" => ["0", "0", "0", "1", "*", "*", "*"],
        "@weekly" => ["0", "0", "0", "*", "*", "0", "*"],
        "@daily" | "@midnight" => ["0", "0", "0", "*", "*", "*", "*"],
        "@hourly" => ["0", "0", "*", "*", "*", "*", "*"],
        name if name.starts_with("@every") => {
            return Err(whole.fault(format!("`{}`: use the field `every`", whole.text)));
        }
        _ => {
            return Err(whole.fault(format!(
                "`{}` is unknown; there are @hourly, @daily, @midnight, @weekly, @monthly, \
                 @yearly, @annually and @reboot",
                whole.text
            )));
        }
    };
    meaning(fields.map(|text| Part { text, start: whole.start })).map(Some)
}

fn meaning(fields: [Part<'_>; 7]) -> Result<Meaning, Fault> {
    let [second, minute, hour, date, month, weekday, year] = fields;
    let times = Times { seconds: SECOND.set(second)?, minutes: MINUTE.set(minute)?, hours: HOUR.set(hour)? as u32 };
    let days = days(date, month, weekday, year)?;
    let follows_real_time = minute.text.starts_with('*') || hour.text.starts_with('*');
    Ok(Meaning { times, days, follows_real_time })
}

fn days(date: Part<'_>, month: Part<'_>, weekday: Part<'_>, year: Part<'_>) -> Result<Days, Fault> {
    let open = |part: Part<'_>| part.text == "*" || part.text == "?";
    let (date, date_joins) = joined(date);
    let (weekday, weekday_joins) = joined(weekday);
    Ok(Days {
        of_month: days_of_month(if open(date) { EVERY } else { date })?,
        months: MONTH.set(month)? as u16,
        of_week: days_of_week(if open(weekday) { EVERY } else { weekday })?,
        years: years(year)?,
        both: open(date) || open(weekday) || date_joins || weekday_joins,
    })
}

/// A leading `+` asks for both day fields at once.
fn joined(part: Part<'_>) -> (Part<'_>, bool) {
    match part.text.strip_prefix('+') {
        Some(_) => (part.slice(1, part.text.len()), true),
        None => (part, false),
    }
}

fn years(part: Part<'_>) -> Result<Option<YearSet>, Fault> {
    if part.text == "*" {
        return Ok(None);
    }
    let mut years = YearSet::default();
    YEAR.each_item(part, |item| {
        for year in YEAR.values(item)?.each() {
            let bit = (year - YEARS.start()) as usize;
            years[bit / 64] |= 1 << (bit % 64);
        }
        Ok(())
    })?;
    Ok(Some(years))
}

fn days_of_month(part: Part<'_>) -> Result<DaysOfMonth, Fault> {
    let mut days = DaysOfMonth::default();
    DAY_OF_MONTH.each_item(part, |item| {
        if item.is("L") {
            days.last = true;
        } else if item.is("LW") || item.is("WL") {
            days.last_weekday = true;
        } else if let Some(date) = item.strip_suffix(b'W') {
            days.nearest |= 1 << single(&DAY_OF_MONTH, date, "W takes one day of the month")?;
        } else {
            days.dates |= DAY_OF_MONTH.values(item)?.bits() as u32;
        }
        Ok(())
    })?;
    Ok(days)
}

fn days_of_week(part: Part<'_>) -> Result<DaysOfWeek, Fault> {
    let mut days = DaysOfWeek::default();
    WEEKDAY.each_item(part, |item| {
        if item.is("L") {
            return Err(item.fault("L needs a weekday: write 5L for the last Friday"));
        } else if let Some((weekday, nth)) = item.split_once(b'#') {
            let bit = 1 << (single(&WEEKDAY, weekday, "# takes one weekday")? % 7);
            match nth.text {
                "L" | "l" => days.last |= bit,
                "1" | "2" | "3" | "4" | "5" => {
                    days.nth[usize::from(nth.text.as_bytes()[0] - b'1')] |= bit;
                }
                _ => return Err(nth.fault("after # comes 1 to 5, or L for the last")),
            }
        } else if let Some(weekday) = item.strip_suffix(b'L') {
            days.last |= 1 << (single(&WEEKDAY, weekday, "L takes one weekday")? % 7);
        } else {
            let bits = WEEKDAY.values(item)?.bits();
            // Bit 7 is Sunday again.
            days.every |= ((bits | bits >> 7) & 0x7f) as u8;
        }
        Ok(())
    })?;
    Ok(days)
}

/// One value where a range or a step would be ambiguous.
fn single(field: &Field, part: Part<'_>, otherwise: &str) -> Result<u32, Fault> {
    if part.text.contains(['-', '/', '*']) {
        return Err(part.fault(format!("{otherwise}, not `{}`", part.text)));
    }
    field.value(part)
}
