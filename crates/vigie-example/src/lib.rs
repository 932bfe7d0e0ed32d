//! What does evidence look like? Examples and fixtures in the exact native formats, the same bytes on every run.

pub mod evtx_writer;
pub mod ident;
pub mod rng;
