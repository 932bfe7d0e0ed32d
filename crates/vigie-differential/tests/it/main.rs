//! The engine beside an evaluator that nobody here wrote.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "how much was compared is worth a look, with --nocapture")]

mod generated;
mod known;
mod reference;
