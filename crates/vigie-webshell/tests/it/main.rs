//! What pages do, seen from outside the crate.

mod benign;
mod hostile;
mod kin;
mod shells;
