//! What leaves: text in two languages, JSON under a schema, a chart.

pub mod json;
pub mod svg;
pub mod text;
