//! What the parts of a running gateway leave to be seen: numbers, and signs that they get on.
//!
//! Whoever counts or beats waits for nobody, and nothing fails when nobody looks.

pub mod beat;
pub mod life;
pub mod numbers;
