//! Who writes on a page, and what the audit is to tell of it.

use super::Page;
use crate::{AuditRecord, Author, Difference};

impl Page {
    /// Says who writes on this page; the service's own code otherwise.
    pub fn sign(&mut self, author: &Author) {
        self.author = author.clone();
    }

    /// Has the audit tell of something that was done besides editing the config, of which it tells anyway.
    pub fn note(&mut self, action: &'static str, difference: Difference) {
        self.notes.push((action, difference));
    }

    /// What the audit is to tell of this page: the edit, on the service's page, then the notes.
    pub fn records(&self) -> Vec<AuditRecord> {
        let old = self.old.as_ref().filter(|_| self.place.lane.is_none());
        let edit = old.and_then(|old| AuditRecord::edited(old, &self.config, &self.author));
        let note = |(action, difference): &(&str, Difference)| {
            AuditRecord::on(&self.config, &self.author, action, difference.clone())
        };
        edit.into_iter().chain(self.notes.iter().map(note)).collect()
    }
}
