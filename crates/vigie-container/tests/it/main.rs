//! One binary for all tests over the crate's outside.
#![allow(clippy::unwrap_used, reason = "a test that cannot build its input must fail loudly")]

mod ntfs;
