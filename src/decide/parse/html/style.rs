//! What a style attribute says that matters to a reader: whether something is seen, and where lines end.

/// What was found. Nothing is inherited here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Style {
    /// It and everything in it is not seen.
    pub(super) hidden: bool,
    /// Its font has a size; and whether that is none, until something in it has another.
    pub(super) font: Option<bool>,
    /// White space is kept.
    pub(super) preserves: Option<bool>,
    /// Nothing is left free above and below.
    pub(super) narrow: bool,
    /// A line runs along its left side.
    pub(super) border_left: bool,
    /// It says that it has no border.
    pub(super) no_border: bool,
    /// It is at most two pixels wide or high.
    pub(super) tiny: bool,
}

/// Declarations of one style that are looked at.
const DECLARATIONS: usize = 64;

/// The declarations of a style: names and values without white space around them.
pub(super) fn declarations(style: &str) -> impl Iterator<Item = (&str, &str)> {
    style.split(';').take(DECLARATIONS).filter_map(|declaration| {
        let (name, value) = declaration.split_once(':')?;
        Some((name.trim(), value.trim()))
    })
}

impl Style {
    /// Reads a style attribute. `mso-hide:all` alone hides from Outlook only what everybody else is to see, so it counts for nothing.
    pub(super) fn of(style: &str) -> Self {
        let mut found = Self::default();
        for (name, value) in declarations(style) {
            let value = value.split('!').next().unwrap_or_default().trim_end();
            let is = |other: &str| value.eq_ignore_ascii_case(other);
            match name.len() {
                7 if name.eq_ignore_ascii_case("display") => found.hidden |= is("none"),
                10 if name.eq_ignore_ascii_case("visibility") => found.hidden |= is("hidden"),
                7 if name.eq_ignore_ascii_case("opacity") => found.hidden |= is_nothing(value),
                10 if name.eq_ignore_ascii_case("max-height") => found.hidden |= is_nothing(value),
                9 if name.eq_ignore_ascii_case("font-size") => found.font = Some(is_nothing(value)),
                11 if name.eq_ignore_ascii_case("white-space") => {
                    found.preserves = Some(value.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("pre")));
                }
                6 if name.eq_ignore_ascii_case("margin") => {
                    found.narrow = value.split_whitespace().next().is_some_and(is_nothing)
                }
                13 if name.eq_ignore_ascii_case("margin-bottom") => found.narrow = is_nothing(value),
                6 if name.eq_ignore_ascii_case("border") => found.no_border = is("none") || is_nothing(value),
                11 if name.eq_ignore_ascii_case("border-left") => found.border_left = !is("none") && !is_nothing(value),
                5 if name.eq_ignore_ascii_case("width") => found.tiny |= is_dot(value),
                6 if name.eq_ignore_ascii_case("height") => found.tiny |= is_dot(value),
                _ => {}
            }
        }
        found
    }
}

/// `0`, `0px`, `0.0pt`: no length at all.
fn is_nothing(value: &str) -> bool {
    let number = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
    // Word writes `.0001pt` for nothing.
    number.parse::<f32>().is_ok_and(|number| (0.0..0.01).contains(&number))
}

/// Whether a length is at most two pixels: the size of a picture that nobody is to see.
pub(super) fn is_dot(value: &str) -> bool {
    matches!(value.trim().trim_end_matches("px").trim_end(), "0" | "1" | "2")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_told_from_what_is_small() {
        for hidden in [
            "display:none",
            "DISPLAY : NONE !important;",
            "color:red;visibility:hidden",
            "opacity:0",
            "max-height:0px;overflow:hidden",
        ] {
            assert!(Style::of(hidden).hidden, "{hidden}");
        }
        for seen in ["display:block", "opacity:0.5", "opacity:1", "max-height:100px", "mso-hide:all", "display", "", ";;:;"] {
            assert!(!Style::of(seen).hidden, "{seen}");
        }
        assert_eq!(Style::of("font-size:0").font, Some(true));
        assert_eq!(Style::of("font-size:0.9em").font, Some(false));
    }

    #[test]
    fn margins_and_borders_and_kept_white_space_are_read() {
        assert!(Style::of("margin:0cm;margin-bottom:.0001pt").narrow || Style::of("margin:0cm").narrow);
        assert!(!Style::of("margin:0cm;margin-bottom:8pt").narrow);
        assert!(Style::of("border:none;border-left:solid #CCC 1.0pt").border_left);
        assert_eq!(Style::of("white-space:pre-wrap").preserves, Some(true));
        assert_eq!(Style::of("white-space:nowrap").preserves, Some(false));
    }
}
