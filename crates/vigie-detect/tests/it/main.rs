//! What Sigma says, held against what the engine does.

mod engine;
mod errors;
mod help;
mod liveness;
mod modifiers;
mod packs;
mod weblogs;
