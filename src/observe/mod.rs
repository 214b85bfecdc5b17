//! What the parts of a running gateway leave to be seen: numbers, signs that they get on, and what keeps the log readable.
//!
//! Whoever counts or beats waits for nobody, and nothing fails when nobody looks.

pub mod beat;
pub mod connection;
pub mod life;
pub mod numbers;
pub mod sparse;
