//! Prometheus's text format, version 0.0.4
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>).

use std::fmt::{Display, Write};

use super::histogram::Histogram;

/// What kind of series a metric has.
#[derive(Clone, Copy)]
pub enum Kind {
    /// It never falls while the process lives.
    Counter,
    /// It rises and falls.
    Gauge,
    /// It counts by upper bounds.
    Histogram,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// Metrics as text.
#[derive(Default)]
pub struct Text(String);

/// A metric whose series are written next.
pub struct Family<'a> {
    text: &'a mut String,
    name: &'a str,
}

impl Text {
    /// Begins a metric. All its series are written before the next one begins.
    pub fn family<'a>(&'a mut self, name: &'a str, kind: Kind, help: &str) -> Family<'a> {
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {}", kind.as_str());
        Family { text: &mut self.0, name }
    }

    /// All that was written.
    pub fn finish(self) -> String {
        self.0
    }
}

impl Family<'_> {
    /// Writes a series of a counter or a gauge.
    pub fn series(&mut self, labels: &[(&str, &str)], value: impl Display) -> &mut Self {
        self.line("", labels, None, value);
        self
    }

    pub(super) fn histogram(&mut self, labels: &[(&str, &str)], histogram: &Histogram) -> &mut Self {
        let counted = histogram.read();
        for (bound, count) in &counted.up_to {
            let bound = if bound.is_finite() { bound.to_string() } else { "+Inf".to_owned() };
            self.line("_bucket", labels, Some(&bound), count);
        }
        self.line("_sum", labels, None, counted.seconds);
        self.line("_count", labels, None, counted.up_to.last().map_or(0, |(_, count)| *count));
        self
    }

    fn line(&mut self, suffix: &str, labels: &[(&str, &str)], bound: Option<&str>, value: impl Display) {
        let labels = labels.iter().copied().chain(bound.map(|bound| ("le", bound)));
        let labels: Vec<String> = labels.map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.text, "{}{suffix}{labels} {value}", self.name);
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_family_has_its_help_its_type_and_its_series() {
        let mut text = Text::default();
        text.family("a_total", Kind::Counter, "What\nis \\ it.").series(&[], 0).series(&[("b", "c"), ("d", "e")], 2.5);
        let histogram = Histogram::new(&[0.5]);
        histogram.count(Duration::from_secs(2));
        text.family("f_seconds", Kind::Histogram, "G.").histogram(&[("h", "i")], &histogram);
        let expected = "# HELP a_total What\\nis \\\\ it.\n# TYPE a_total counter\na_total 0\na_total{b=\"c\",d=\"e\"} 2.5\n\
                        # HELP f_seconds G.\n# TYPE f_seconds histogram\nf_seconds_bucket{h=\"i\",le=\"0.5\"} 0\n\
                        f_seconds_bucket{h=\"i\",le=\"+Inf\"} 1\nf_seconds_sum{h=\"i\"} 2\nf_seconds_count{h=\"i\"} 1\n";
        assert_eq!(text.finish(), expected);
    }

    #[test]
    fn a_label_cannot_end_its_line() {
        let mut text = Text::default();
        text.family("a", Kind::Gauge, "").series(&[("b", "\\ \" \n ü")], 1);
        assert!(text.finish().ends_with("a{b=\"\\\\ \\\" \\n ü\"} 1\n"));
    }
}
