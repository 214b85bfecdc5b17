//! What reads foreign octets, by itself: `model`, and `decide::parse`. The paths are those of the project, so the promises that its
//! tests hold a mail against can be asked here as they stand.

#[path = "../src/model/mod.rs"]
pub mod model;

/// Only the reading of mails.
#[path = "."]
pub mod decide {
    #[path = "../src/decide/parse/mod.rs"]
    pub mod parse;
}
