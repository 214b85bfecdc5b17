//! Plural forms: which form of its words a number asks for (Unicode CLDR, language plural rules, for whole numbers).

/// The form that every language has.
pub const OTHER: &str = "other";

/// The rules, as `plural =` in a file of phrases names them, with the forms that each has. Of Romanian, `other` is with `de`; of Croatian
/// it is the genitive; Portuguese is that of Brazil, where 0 is `one`; Bulgarian goes by the English rule.
pub const RULES: &[(&str, &[&str])] = &[
    ("english", &["one", OTHER]),
    ("portuguese", &["one", OTHER]),
    ("romanian", &["one", "few", OTHER]),
    ("croatian", &["one", "few", OTHER]),
    ("none", &[OTHER]),
];

/// The forms of a rule; those of the English one where it is not known.
pub fn forms(rule: &str) -> &'static [&'static str] {
    RULES.iter().find(|(name, _)| *name == rule).map_or(&["one", OTHER], |(_, forms)| forms)
}

/// The form that a number asks for.
pub(super) fn form(rule: &str, count: u64) -> &'static str {
    let (ten, hundred) = (count % 10, count % 100);
    match rule {
        "none" => OTHER,
        "romanian" => match count {
            1 => "one",
            _ if count == 0 || (1..20).contains(&hundred) => "few",
            _ => OTHER,
        },
        "croatian" => match (ten, hundred) {
            (1, tens) if tens != 11 => "one",
            (2..=4, tens) if !(12..=14).contains(&tens) => "few",
            _ => OTHER,
        },
        "portuguese" if count <= 1 => "one",
        _ if count == 1 => "one",
        _ => OTHER,
    }
}
