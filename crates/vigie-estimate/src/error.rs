//! What can go wrong before there is anything to estimate: unreadable input, with the place and a hint.

use std::path::PathBuf;

/// Why nothing could be computed at all. A refusal to estimate is not an error: it is an outcome.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be opened or read.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line of an input cannot be understood.
    #[error("{path}:{line}: {message}")]
    Line {
        /// The file.
        path: PathBuf,
        /// Line number, from 1.
        line: u64,
        /// What is wrong, and what would be right.
        message: String,
    },
    /// The input as a whole cannot be used.
    #[error("{path}: {message}")]
    Input {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what would be right.
        message: String,
    },
    /// The options contradict one another or name nothing.
    #[error("{0}")]
    Options(String),
    /// The output could not be written.
    #[error("cannot write the result: {0}")]
    Write(#[from] std::io::Error),
}
