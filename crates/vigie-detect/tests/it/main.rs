//! What Sigma says, held against what the engine does.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod correlations;
mod engine;
mod errors;
mod feeds;
mod help;
mod liveness;
mod modifiers;
mod packs;
mod taxonomy;
mod weblogs;
