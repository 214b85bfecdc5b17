//! Not yet written.

use super::Language;

pub(super) const LANGUAGES: &[Language] = &[];
