//! The generator against readers that others wrote, and against what evidence must be.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod bulk;
mod evtx;
mod fleet;
mod hotel;
mod text;
