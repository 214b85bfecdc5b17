//! Numbers that are asked for when somebody looks, as text in the format that Prometheus reads (exposition format 0.0.4).

use std::fmt::Write as _;

use super::list::Metric;

/// Lines of such numbers.
#[derive(Debug, Default)]
pub struct Page(String);

impl Page {
    /// Says what a number is, and its values: those of its labels in their order, and the number. Without values nothing is said.
    pub fn add<'a>(&mut self, metric: &Metric, values: impl IntoIterator<Item = (Vec<&'a str>, f64)>) {
        let mut values = values.into_iter().peekable();
        if values.peek().is_none() {
            return;
        }
        let (name, page) = (metric.name, &mut self.0);
        // Writing to a String does not fail.
        let _ = writeln!(page, "# HELP {name} {}\n# TYPE {name} {}", metric.help, metric.kind.name());
        for (labels, value) in values {
            let label = |(label, value): (&super::list::Label, &&str)| format!("{}=\"{}\"", label.name, escaped(value));
            let labels: Vec<String> = metric.labels.iter().zip(&labels).map(label).collect();
            let braces = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            let _ = writeln!(page, "{name}{braces} {value}");
        }
        page.push('\n');
    }

    /// A number without labels.
    pub fn one(&mut self, metric: &Metric, value: f64) {
        self.add(metric, [(Vec::new(), value)]);
    }

    /// All lines.
    pub fn text(self) -> String {
        self.0
    }
}

/// A value of a label may come from the configuration.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::super::list::{IMAP_BEHIND, PENDING};
    use super::*;

    #[test]
    fn a_value_of_a_label_cannot_break_its_line() {
        let mut page = Page::default();
        page.one(&PENDING, 3.0);
        page.add(&IMAP_BEHIND, [(vec!["a\"b\\c\nd"], 0.5)]);
        let text = page.text();
        assert!(text.contains("\npostdesk_arrivals_pending 3\n"), "{text}");
        assert!(text.contains("\npostdesk_imap_behind{account=\"a\\\"b\\\\c\\nd\"} 0.5\n"), "{text}");
    }

    #[test]
    fn a_number_without_values_is_not_said_at_all() {
        let mut page = Page::default();
        page.add(&IMAP_BEHIND, []);
        assert_eq!(page.text(), "");
    }
}
