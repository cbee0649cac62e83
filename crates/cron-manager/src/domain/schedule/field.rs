//! One field of an expression: its name, its bounds, and how its items are read.

use std::ops::Range;

/// What is wrong with a part of an expression.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) range: Range<usize>,
    pub(super) message: String,
}

/// A part of an expression and where it starts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    pub(super) text: &'a str,
    pub(super) start: usize,
}

impl<'a> Part<'a> {
    pub(super) fn fault(self, message: impl Into<String>) -> Fault {
        let range = self.start..self.start + self.text.len().max(1);
        Fault { range, message: message.into() }
    }

    /// The parts before and after the first `separator`, which is one byte.
    pub(super) fn split_once(self, separator: u8) -> Option<(Part<'a>, Part<'a>)> {
        let at = self.text.bytes().position(|byte| byte == separator)?;
        Some((self.slice(0, at), self.slice(at + 1, self.text.len())))
    }

    /// The part without a last letter, whatever its case.
    pub(super) fn strip_suffix(self, letter: u8) -> Option<Part<'a>> {
        let last = self.text.len().checked_sub(1)?;
        let found = self.text.as_bytes()[last].eq_ignore_ascii_case(&letter);
        found.then(|| self.slice(0, last))
    }

    pub(super) fn is(self, text: &str) -> bool {
        self.text.eq_ignore_ascii_case(text)
    }

    pub(super) fn slice(self, from: usize, to: usize) -> Part<'a> {
        Part { text: self.text.get(from..to).unwrap_or_default(), start: self.start + from }
    }
}

/// The values of one item of a list: every `step`th from `first` to `last`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Values {
    first: u32,
    last: u32,
    step: u32,
}

impl Values {
    /// The values as bits; all fields but the year have values below 64.
    pub(super) fn bits(self) -> u64 {
        if self.step == 1 {
            return (u64::MAX >> (63 - self.last)) & (u64::MAX << self.first);
        }
        self.each().fold(0, |bits, value| bits | 1 << value)
    }

    pub(super) fn each(self) -> impl Iterator<Item = u32> {
        (self.first..=self.last).step_by(self.step as usize)
    }
}

/// The name, the bounds and the spelled values of a field.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) min: u32,
    pub(super) max: u32,
    /// The last value that `*` and an open step reach: 6 for weekdays, where 7 is 0 again.
    pub(super) top: u32,
    /// Spelled values, the first of which stands for `min`.
    pub(super) names: &'static [&'static str],
}

const fn field(name: &'static str, min: u32, max: u32) -> Field {
    Field { name, min, max, top: max, names: &[] }
}

pub(super) static SECOND: Field = field("second", 0, 59);
pub(super) static MINUTE: Field = field("minute", 0, 59);
pub(super) static HOUR: Field = field("hour", 0, 23);
pub(super) static DAY_OF_MONTH: Field = field("day of month", 1, 31);
pub(super) static MONTH: Field = Field {
    names: &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
    ..field("month", 1, 12)
};
pub(super) static WEEKDAY: Field =
    Field { top: 6, names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"], ..field("weekday", 0, 7) };
pub(super) static YEAR: Field = field("year", *super::days::YEARS.start(), *super::days::YEARS.end());

impl Field {
    /// Calls `item` for each part between commas.
    pub(super) fn each_item<'a>(
        &self,
        part: Part<'a>,
        mut item: impl FnMut(Part<'a>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut rest = part;
        while let Some((first, after)) = rest.split_once(b',') {
            item(self.present(first)?)?;
            rest = after;
        }
        item(self.present(rest)?)
    }

    /// The values that a list of values, ranges and steps means, as bits.
    pub(super) fn set(&self, part: Part<'_>) -> Result<u64, Fault> {
        let mut set = 0;
        self.each_item(part, |item| {
            set |= self.values(item)?.bits();
            Ok(())
        })?;
        Ok(set)
    }

    /// `*`, `a`, `a-b`, and each of them with `/step`; `a/step` runs to the end of the field.
    pub(super) fn values(&self, item: Part<'_>) -> Result<Values, Fault> {
        let (base, step) = match item.split_once(b'/') {
            Some((base, step)) => (base, Some(self.step(step)?)),
            None => (item, None),
        };
        let (first, last) = match base.split_once(b'-') {
            _ if base.text == "*" => (self.min, self.top),
            Some((first, last)) => self.bounds(base, first, last)?,
            None => match self.value(base)? {
                value if step.is_none() => (value, value),
                value if value > self.top => (self.min, self.top),
                value => (value, self.top),
            },
        };
        Ok(Values { first, last, step: step.unwrap_or(1) })
    }

    /// One value, by number or by name.
    pub(super) fn value(&self, part: Part<'_>) -> Result<u32, Fault> {
        let Some(value) = self.number(part)? else {
            let named = (self.min..).zip(self.names).find(|(_, name)| part.is(name));
            return named.map(|(value, _)| value).ok_or_else(|| part.fault(self.unreadable(part)));
        };
        if (self.min..=self.max).contains(&value) {
            return Ok(value);
        }
        let Field { name, min, max, .. } = self;
        let year = if name == &WEEKDAY.name && YEAR.min <= value && value <= YEAR.max {
            "; a year is the seventh field, after seconds and the rest"
        } else {
            ""
        };
        Err(part.fault(format!("{name} {} is out of range {min}–{max}{year}", part.text)))
    }

    /// The two ends of a range; Sunday may end one as `SUN`.
    fn bounds(&self, range: Part<'_>, first: Part<'_>, last: Part<'_>) -> Result<(u32, u32), Fault> {
        let (from, mut to) = (self.value(first)?, self.value(last)?);
        if last.is("SUN") && from > 0 {
            to = self.max;
        }
        if from <= to {
            return Ok((from, to));
        }
        let span = |a: u32, b: u32| {
            if a == b { a.to_string() } else { format!("{a}-{b}") }
        };
        let mend = match (from, to) {
            (7, _) => span(0, to),
            (_, 0) if self.max == 7 => span(from, 7),
            _ => format!("{},{}", span(from, self.top), span(self.min, to)),
        };
        Err(range.fault(format!("{} runs backwards; write {mend}", range.text)))
    }

    fn step(&self, part: Part<'_>) -> Result<u32, Fault> {
        let values = self.top - self.min + 1;
        match self.number(part)? {
            None => Err(part.fault(format!("expected a number after `/`, found `{}`", part.text))),
            Some(0) => Err(part.fault("a step of 0 never moves; write 1 or more")),
            Some(step) if step > values => Err(part.fault(format!(
                "a step of {} is more than the {values} values of the {} field; \
                 for a plain interval use the field `every`",
                part.text, self.name
            ))),
            Some(step) => Ok(step),
        }
    }

    /// A number if the part is all digits; one too large to hold reads as the largest.
    fn number(&self, part: Part<'_>) -> Result<Option<u32>, Fault> {
        if part.text.is_empty() {
            return Err(part.fault(format!("a {} is missing here", self.name)));
        }
        let digit = |byte: u8| byte.is_ascii_digit().then(|| u32::from(byte - b'0'));
        Ok(part
            .text
            .bytes()
            .try_fold(0_u32, |number, byte| Some(number.saturating_mul(10).saturating_add(digit(byte)?))))
    }

    fn present<'a>(&self, item: Part<'a>) -> Result<Part<'a>, Fault> {
        if item.text.is_empty() {
            return Err(item.fault(format!("a {} is missing beside the comma", self.name)));
        }
        Ok(item)
    }

    fn unreadable(&self, part: Part<'_>) -> String {
        let Field { name, min, max, names, .. } = self;
        let spelled = match (names.first(), names.last()) {
            (Some(first), Some(last)) => format!(" or {first}–{last}"),
            _ => String::new(),
        };
        match part.text {
            "?" => format!("`?` stands alone in a day field; for every {name} write *"),
            text => format!("`{text}` is not a {name}; write {min}–{max}{spelled}"),
        }
    }
}
