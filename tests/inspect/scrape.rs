//! A scrape, read line by line as Prometheus reads it, with everything refused that it would refuse or misunderstand.

use std::collections::{BTreeMap, BTreeSet};

/// The numbers of a scrape.
pub(crate) struct Scrape {
    /// What each family is: counter, gauge, histogram.
    pub(crate) kinds: BTreeMap<String, String>,
    samples: BTreeMap<String, f64>,
}

impl Scrape {
    /// Reads it, or says which line is wrong.
    pub(crate) fn read(text: &str) -> Self {
        let (mut helps, mut kinds, mut samples) = (BTreeSet::new(), BTreeMap::new(), BTreeMap::new());
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').unwrap_or_else(|| panic!("{line}"));
                assert!(!help.is_empty() && helps.insert(name.to_owned()), "said twice, or nothing: {line}");
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap_or_else(|| panic!("{line}"));
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert!(helps.contains(name), "no help for {name}");
                assert!(kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "said twice: {line}");
            } else {
                let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
                let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}"));
                let name = series.split('{').next().unwrap();
                assert!(name.bytes().all(|octet| octet == b'_' || octet.is_ascii_lowercase()), "{line}");
                assert!(!series.contains('{') || series.ends_with("\"}"), "{line}");
                let family = family(name, &kinds).unwrap_or_else(|| panic!("no type was said for {line}"));
                assert!(kinds[&family] != "counter" || value >= 0.0, "{line}");
                assert!(samples.insert(series.to_owned(), value).is_none(), "twice in one scrape: {line}");
            }
        }
        Self { kinds, samples }
    }

    /// A number; its labels in the order in which they stand there.
    pub(crate) fn number(&self, series: &str) -> f64 {
        self.samples.get(series).copied().unwrap_or_else(|| panic!("{series} is not in {:#?}", self.samples.keys()))
    }

    /// Every number of a family that is not 0, with its labels.
    pub(crate) fn counted(&self, name: &str) -> Vec<(String, f64)> {
        let begins = format!("{name}{{");
        let found = self.samples.iter().filter(|(series, value)| series.starts_with(&begins) && **value != 0.0);
        found.map(|(series, value)| (series[begins.len()..series.len() - 1].to_owned(), *value)).collect()
    }
}

/// The family of a name: its own, or that of a histogram without `_bucket`, `_sum` or `_count`.
fn family(name: &str, kinds: &BTreeMap<String, String>) -> Option<String> {
    let of_histogram = ["_bucket", "_sum", "_count"].into_iter().find_map(|end| {
        let family = name.strip_suffix(end)?;
        kinds.get(family).filter(|kind| *kind == "histogram").map(|_| family.to_owned())
    });
    of_histogram.or_else(|| kinds.contains_key(name).then(|| name.to_owned()))
}
