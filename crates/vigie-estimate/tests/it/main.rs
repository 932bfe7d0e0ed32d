//! The crate as its users see it: tables and lists in, answers and refusals out.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::float_cmp, reason = "exact numbers are exact")]

mod lists;
mod published;
mod refusals;
mod results;
