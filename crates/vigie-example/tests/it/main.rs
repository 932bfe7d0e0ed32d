//! The generator against readers that others wrote.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod evtx;
