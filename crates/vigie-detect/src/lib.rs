//! What of it matches what is known? Packs, Sigma rules, indicators.
//!
//! [`RuleSet::load`] reads packs and rules strictly; a [`Scanner`] runs them over batches of events. Rules are bound
//! to a schema once, every predicate runs once per distinct value of a column, and what each rule was tried on is
//! counted, so that a silent rule can be told from a blind one ([`RuleSet::liveness`]).

pub mod bind;
pub mod correlation;
mod engine;
pub mod error;
pub mod indicators;
pub mod ir;
pub mod kept;
pub mod load;
pub mod naive;
pub mod pack;
mod place;
pub mod placeholders;
pub mod scan;
pub mod sigma;
pub mod tally;
pub mod taxonomy;
mod used;

pub use correlation::Correlated;
pub use error::{LoadError, LoadErrors};
pub use indicators::FeedSummary;
pub use load::{Bundled, ContentRun, OnError, PackYara, RuleSet, Sources};
pub use scan::Scanner;
pub use tally::Tally;
