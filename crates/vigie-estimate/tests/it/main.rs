//! The crate as its users see it: tables and lists in, answers and refusals out.

mod lists;
mod published;
mod refusals;
mod results;
