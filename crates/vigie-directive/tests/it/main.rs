//! Directives, registers and declarations, and where everybody stands.

mod bundled;
