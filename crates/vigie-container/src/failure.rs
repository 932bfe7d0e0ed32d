//! Why something inside a container cannot be read.

use std::fmt;
use std::io;

/// A reason, which travels inside an [`io::Error`] so that readers stay plain [`io::Read`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What sort of reason.
    pub kind: Kind,
    /// What was seen, in figures.
    pub message: String,
}

/// The sorts of [`Failure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The bytes contradict the format.
    Damaged,
    /// It is encrypted and no password, or not the right one, is at hand.
    Encrypted,
    /// A variant of the format that is not read.
    Unsupported,
    /// More than the limits allow.
    Limit,
    /// Another file that belongs to it is not there.
    Missing,
}

impl Failure {
    /// A reason of a kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Failure {
        Failure { kind, message: message.into() }
    }

    /// The bytes contradict the format.
    pub fn damaged(message: impl Into<String>) -> Failure {
        Failure::new(Kind::Damaged, message)
    }

    /// The reason inside an error; any other error of a reader is damage.
    pub fn of(error: &io::Error) -> Option<Failure> {
        error.get_ref().and_then(|inner| inner.downcast_ref::<Failure>()).cloned()
    }
}

impl From<Failure> for io::Error {
    fn from(failure: Failure) -> io::Error {
        io::Error::other(failure)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
