//! The words of Vigie: events, hits, findings, coverage, verdict, assessment.
//!
//! Plain values without input or output. Every other crate speaks in these words and in no others;
//! `docs/` and `ARCHITECTURE.md` use them in the same sense.

pub mod assessment;
pub mod batch;
pub mod build;
pub mod coverage;
pub mod diagnostic;
pub mod directive;
pub mod evidence;
pub mod exposure;
pub mod finding;
pub mod hit;
pub mod intrusion;
pub mod pack;
pub mod patches;
pub mod rule;
pub mod schema;
pub mod time;
pub mod verdict;

pub use assessment::Assessment;
pub use batch::{BatchBuilder, EventBatch};
pub use diagnostic::Diagnostic;
pub use hit::Hit;
pub use schema::Schema;
pub use time::{Day, Time};
