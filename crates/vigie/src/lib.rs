//! The engine that ties the four stages together, and the command line over it.

pub mod bundle;
pub mod cli;
pub mod engine;
pub mod exit;
