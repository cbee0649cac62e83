//! What keeps ticks from running, over the span that is to be planned.

use std::{iter, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::Page;
use crate::{
    Calendar, SkipReason,
    domain::{Blackouts, SwitchedOff},
};

impl Page {
    /// The page with the times, oldest first, in which jobs were switched off and that reach beyond its watermark. A store must read them
    /// so that no switching falls between them and the page's `now`.
    #[must_use]
    pub fn with_switched_off(self, off: Arc<[SwitchedOff]>) -> Self {
        Self { off, ..self }
    }

    /// The page with the calendars that its config names, among others. A store must read them so that no change of them falls between them
    /// and the page's `now`.
    #[must_use]
    pub fn with_calendars(self, calendars: Arc<[Calendar]>) -> Self {
        Self { calendars, ..self }
    }

    /// Whether jobs are switched off for the whole service.
    pub fn is_switched_off(&self) -> bool {
        self.off.iter().any(|off| off.until.is_none())
    }

    /// What keeps a run from starting at `instant`, whatever else is true: the switch, the config itself, or its pause.
    pub fn hindrance(&self, instant: Timestamp) -> Option<SkipReason> {
        let is_paused = || self.config.paused.as_ref().is_some_and(|pause| pause.holds(instant));
        match () {
            () if self.off.iter().any(|off| off.holds(instant)) => Some(SkipReason::SwitchedOff),
            () if !self.config.enabled => Some(SkipReason::Disabled),
            () if is_paused() => Some(SkipReason::Paused),
            () => None,
        }
    }

    /// Whether a tick at `instant` falls into a blackout. It keeps the tick from running; a run that waits already is not kept from starting.
    pub fn is_blacked_out(&self, instant: Timestamp) -> bool {
        Blackouts::hold_at(self.own_calendars(), instant)
    }

    /// The spans (after, through] from the watermark on, oldest first, in each of which all ticks have the same hindrance: to now or, where
    /// there are very many, to some instant before.
    pub fn spans(&self) -> Vec<(Timestamp, Timestamp, Option<SkipReason>)> {
        let blackouts = Blackouts::between(self.own_calendars(), self.watermark(), self.now);
        let switchings = self.off.iter().flat_map(|off| iter::once(off.since).chain(off.until));
        // A tick at the very end of a pause runs.
        let before = |end: Timestamp| end.checked_sub(Duration::from_nanos(1)).unwrap_or(end);
        let pause = self.config.paused.iter().flat_map(|pause| iter::once(pause.since).chain(pause.until.map(before)));
        let edges = blackouts.times.iter().flat_map(|(after, through)| [*after, *through]);
        let within = |at: &Timestamp| self.watermark() < *at && *at < blackouts.through;
        let mut ends: Vec<_> = switchings.chain(pause).chain(edges).filter(within).collect();
        ends.sort_unstable();
        ends.dedup();
        ends.push(blackouts.through);
        let begins = iter::once(self.watermark()).chain(ends.clone());
        let hindrance = |through: Timestamp| {
            self.hindrance(through).or_else(|| blackouts.hold(through).then_some(SkipReason::Blackout))
        };
        begins.zip(ends).map(|(after, through)| (after, through, hindrance(through))).collect()
    }

    fn own_calendars(&self) -> impl Iterator<Item = &Calendar> {
        let named = &self.config.policy.calendars;
        self.calendars.iter().filter(|calendar| named.contains(&calendar.name))
    }
}
