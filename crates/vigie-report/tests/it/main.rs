//! One binary for all integration tests of this crate.

mod catalogue;
mod escaping;
mod golden;
mod page;
mod sample;
mod schema;
mod summary;
