//! What of it matches what is known? Packs, Sigma rules, indicators.
//!
//! Rules are bound to a schema once; every predicate runs once per distinct value of a column.
