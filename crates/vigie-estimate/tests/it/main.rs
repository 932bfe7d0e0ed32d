//! The crate as its users see it: tables and lists in, answers and refusals out.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::cast_precision_loss, reason = "counts of tests are small")]
#![allow(clippy::float_cmp, reason = "exact numbers are exact")]

mod checks;
mod exports;
mod hostile;
mod lists;
mod published;
mod refusals;
mod results;
