//! The instants at which an expression is due in a zone.
//!
//! Time is walked span by span: within a stretch of one offset, local time is real time plus a
//! constant, and the question is one of bit sets. Only the seams need the rules of Vixie cron.

use super::zone::{Shift, Span};
use super::{CronExpression, DstGap, Zone};

/// The longest forward jump whose fixed times are made up for, as in Vixie cron: three hours.
const LONGEST_GAP: i64 = 3 * 3_600;

/// More than a local time can differ between two instants beyond their distance.
const MARGIN: i64 = 2 * 86_400;

/// An expression in a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cron {
    pub(super) expression: CronExpression,
    pub(super) zone: Zone,
    pub(super) gap: DstGap,
}

/// A stretch of one offset as far as it still matters.
struct Stretch {
    span: Span,
    /// The first local second that counts.
    local: i64,
    /// Whether times that the clock skipped run at its first instant.
    makes_up: bool,
}

impl Cron {
    /// The first due second after an instant.
    pub(super) fn next_after(&self, after: i64) -> Option<i64> {
        if !self.expression.can_match() {
            return None;
        }
        let mut from = after + 1;
        loop {
            let Stretch { span, local, makes_up } = self.stretch(from)?;
            if makes_up {
                return Some(from);
            }
            let due = self.expression.at_or_after(local);
            if let Some(due) = due.filter(|due| due - span.offset < span.end) {
                return Some(due - span.offset);
            }
            let settled = span.end > from + MARGIN;
            from = match due {
                // No local time is due before this one, so the spans until then have no tick.
                Some(due) if settled => span.end.max(due - span.offset - MARGIN),
                None if settled => return None,
                // A clock that soon goes back may show due times again, even of a year just over.
                _ => span.end,
            };
        }
    }

    /// How many due seconds lie in `after + 1..=through`.
    pub(super) fn count(&self, after: i64, through: i64) -> u64 {
        let (mut due, mut from) = (0, after + 1);
        while from <= through
            && let Some(Stretch { span, local, makes_up }) = self.stretch(from)
        {
            let end = span.end.min(through + 1);
            due += self.expression.count(local, end + span.offset);
            // A time that is due right after the jump is the same tick as those it makes up.
            let already = self.expression.at_or_after(local) == Some(from + span.offset);
            due += u64::from(makes_up && !already);
            from = end;
        }
        due
    }

    fn stretch(&self, from: i64) -> Option<Stretch> {
        let span = self.zone.span_at(from)?;
        let local = from + span.offset;
        let plain = Stretch { span, local, makes_up: false };
        if self.expression.follows_real_time() {
            return Some(plain);
        }
        Some(match self.zone.shift_before(from) {
            None => plain,
            // What the clock shows for the second time has run the first time.
            Some(shift) => Stretch {
                local: local.max(shift.at + shift.before),
                makes_up: shift.at == from && self.makes_up(shift),
                ..plain
            },
        })
    }

    fn makes_up(&self, shift: Shift) -> bool {
        let Shift { at, before, after } = shift;
        self.gap == DstGap::RunAfter
            && (1..=LONGEST_GAP).contains(&(after - before))
            && self.expression.at_or_after(at + before).is_some_and(|due| due < at + after)
    }
}
