//! One module per output.

pub mod csv;
pub mod html;
pub mod json;
pub mod markdown;
pub mod text;
