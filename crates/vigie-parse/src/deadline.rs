//! When the reading of one file has to end, whatever is left of it.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use vigie_model::diagnostic::Code;

use crate::collection::{Limits, Stop};

/// The end of the time that one file may take.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Deadline {
    /// When, and how long that is from the beginning; nothing where there is no limit.
    at: Option<(Instant, Duration)>,
}

impl Deadline {
    /// The deadline of a file whose reading begins now.
    pub(crate) fn from_now(limits: &Limits) -> Deadline {
        let after = limits.file_time_max;
        Deadline { at: after.and_then(|after| Some((Instant::now().checked_add(after)?, after))) }
    }

    /// The reason to stop, if the time is over.
    pub(crate) fn passed(self) -> Option<Stop> {
        let (at, after) = self.at?;
        let message = || format!("not at its end after {after:?}");
        (Instant::now() >= at).then(|| Stop { code: Code::DeadlineReached, message: message() })
    }
}

/// A reader that ends when the time is over.
pub(crate) struct Until {
    pub(crate) reader: Box<dyn Read + Send>,
    pub(crate) deadline: Deadline,
}

impl Read for Until {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.deadline.passed() {
            Some(_) => Ok(0),
            None => self.reader.read(buffer),
        }
    }
}
