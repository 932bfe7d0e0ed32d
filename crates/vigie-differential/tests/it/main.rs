//! The engine beside an evaluator that nobody here wrote.

mod generated;
mod known;
mod reference;
