//! What pages do, seen from outside the crate.
#![allow(clippy::unwrap_used, reason = "a test that cannot find its shape must fail loudly")]

mod benign;
mod hostile;
mod kin;
mod shells;
