//! One binary for all tests over the crate's outside.
