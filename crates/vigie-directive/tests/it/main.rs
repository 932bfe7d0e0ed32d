//! Directives, registers and declarations, and where everybody stands.

mod bundled;
mod fifty;
mod lists;
mod material;
mod twice;
