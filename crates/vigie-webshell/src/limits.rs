//! The bounds of an analysis, by name: a hostile page can be large and deep, its analysis cannot.

/// A larger file is analyzed up to here, and the rest is named as not analyzed.
pub const MAX_BYTES: usize = 8 << 20;
/// Tokens of one page.
pub(crate) const MAX_TOKENS: usize = 1_500_000;
/// Nesting of expressions while parsing.
pub(crate) const MAX_EXPR_DEPTH: usize = 100;
/// Nesting of blocks while parsing.
pub(crate) const MAX_BLOCK_DEPTH: usize = 60;
/// Calls, members and indexes written one after the other.
pub(crate) const MAX_POSTFIX: usize = 300;
/// Nesting of everything while evaluating.
pub(crate) const MAX_EVAL_DEPTH: usize = 240;
/// Calls of functions of the page within one another.
pub(crate) const MAX_CALL_DEPTH: usize = 14;
/// Evaluated expressions of one page.
pub(crate) const MAX_STEPS: u64 = 800_000;
/// Of them, how many one entry point may use before the others have had their turn.
pub(crate) const STEPS_PER_ENTRY: u64 = 200_000;
/// Rounds of one loop whose condition is known.
pub(crate) const MAX_ROUNDS: usize = 60_000;
/// Characters of one computed text.
pub(crate) const MAX_TEXT: usize = 1 << 20;
/// Characters of all computed texts together.
pub(crate) const MAX_TEXT_TOTAL: usize = 256 << 20;
/// Layers of code that code builds and runs.
pub(crate) const MAX_LAYERS: usize = 6;
/// Characters kept of how a text is put together.
pub(crate) const MAX_SHAPE: usize = 256;
/// Findings of one page.
pub(crate) const MAX_FINDINGS: usize = 64;
/// Bytes that an embedded compressed text may grow to.
pub(crate) const MAX_INFLATED: usize = 1 << 20;
