//! One module per output.

pub mod csv;
pub mod json;
pub mod text;
