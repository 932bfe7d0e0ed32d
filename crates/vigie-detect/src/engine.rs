//! The columnar engine: matching that costs about as much as parsing, whatever the number of rules.
//!
//! 1. [`node`] binds a rule to a schema: fields become columns, what the schema settles (event id, channel, a
//!    missing field) is folded away, and `stem?query` is taken apart into tests on its two columns.
//! 2. [`plan`] gathers the rules of a schema: equal tests become one *atom*, all atoms of a column one
//!    [`matcher`] (all literals searched at once, [`grams`]), and each rule gets *anchors*, atoms of which it needs one.
//! 3. [`run`] goes over a batch column by column. A value is looked up in the column's table and gives the id of
//!    the *set* of atoms that it satisfies, mostly the empty one, which costs nothing more. A row's sets form a
//!    path in a trie of *states*; what matches in a state is worked out once, from the rules whose anchors are in
//!    it, and remembered. Rows of a known state cost one lookup for each column that satisfies anything.
//!
//! Before all that, [`skim`] tells parsers of text which lines they need not even cut into columns.
//!
//! Results do not depend on how rows are spread over batches, scanners or threads: tables only remember.

mod expression;
pub(crate) mod glob;
mod grams;
mod joined;
mod literals;
pub(crate) mod matcher;
pub(crate) mod node;
pub(crate) mod plan;
pub(crate) mod run;
pub(crate) mod skim;
