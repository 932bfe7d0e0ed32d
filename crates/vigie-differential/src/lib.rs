//! Do others read Sigma as we do? The engine beside an evaluator that nobody here wrote.
//!
//! Rules and events are generated ([`generate`]) or taken from real logs ([`corpus`]), given to both, and each difference
//! must be one that is known and explained ([`known`]). Where the other side is known to be wrong, it is asked the same
//! question in words that it reads rightly ([`rule::Rule::for_them`]), so that what surrounds the known difference is still
//! compared. Both sides share the parser of Sigma's YAML; what a text means once read is therefore asked of pySigma too,
//! by hand: `cargo run -p vigie-differential -- pysigma CASES | python3 crates/vigie-differential/pysigma_judge.py`.
//! Nothing of this is shipped.

pub mod corpus;
pub mod generate;
pub mod judges;
pub mod known;
pub mod logs;
pub mod pysigma;
pub mod reference;
pub mod rule;
pub mod speed;
