//! What does it mean? Correlation, exposure, patch history, coverage, verdict, actions.
//!
//! Everything here is a pure function of what one host's evidence gave and of the packs: no clock, no files.

mod actors;
mod asked;
pub mod builds;
pub mod coverage;
pub mod exposure;
pub mod facts;
mod findings;
pub mod host;
mod installed;
mod intrusions;
mod joins;
pub mod knowledge;
mod lost;
mod patches;
mod settings;
mod sightings;
pub mod tally;
pub mod verdict;

pub use facts::OwnerFacts;
pub use host::{FileEvidence, HostEvidence, Scope, assess, place_in, place_of};
pub use tally::Tally;
