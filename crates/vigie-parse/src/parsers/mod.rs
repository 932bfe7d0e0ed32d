//! One module per artifact.
