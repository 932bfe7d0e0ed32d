//! One binary for all integration tests of this crate.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod catalogue;
mod escaping;
mod golden;
mod page;
mod sample;
mod schema;
mod summary;
