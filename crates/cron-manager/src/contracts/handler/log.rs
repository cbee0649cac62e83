//! What a run prints.

/// The end of what a run printed.
#[derive(Default)]
pub(super) struct Log {
    text: String,
    cut: bool,
}

impl Log {
    /// The most that is kept, in bytes; older lines go first.
    pub(super) const LIMIT: usize = 64 * 1024;

    pub(super) fn push(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
        // Twice the limit before it is cut, so that printing much costs little.
        if self.text.len() > 2 * Self::LIMIT {
            self.cut();
        }
    }

    /// What is kept, and whether its beginning was dropped.
    pub(super) fn read(&mut self) -> (String, bool) {
        self.cut();
        (self.text.clone(), self.cut)
    }

    /// Drops what is over the limit, from the beginning.
    fn cut(&mut self) {
        let excess = self.text.len().saturating_sub(Self::LIMIT);
        if excess > 0 {
            let start = (excess..=self.text.len()).find(|&at| self.text.is_char_boundary(at)).unwrap_or(0);
            self.text.drain(..start);
            self.cut = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_keeps_its_end_within_the_limit_at_whole_characters() {
        let mut log = Log::default();
        for at in 0..20_000 {
            log.push(&format!("{at} ü"));
        }
        let (text, cut) = log.read();
        assert!(cut && text.len() <= Log::LIMIT && text.len() > Log::LIMIT - 4);
        assert!(text.ends_with("19999 ü\n"));
    }
}
