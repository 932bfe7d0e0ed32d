//! The bytes that come out of a container, held to the limits while they are read.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use vigie_container::{Failure, Kind};
use vigie_model::diagnostic::Code;

use super::{Limits, Stop};

/// Up to here the ratio of an entry is not judged: small files of one byte repeated are common.
const RATIO_FREE_BYTES: u64 = 64 << 20;

/// Bytes given out over all entries and readers of one container.
#[derive(Debug, Default)]
pub(super) struct Spent(AtomicU64);

/// What is held to the limits.
pub(super) struct Guard {
    /// The limits.
    pub(super) limits: Limits,
    /// How many bytes it is in the container, where that says something of how far it can grow.
    pub(super) compressed: Option<u64>,
    /// What all readers of the container gave out.
    pub(super) spent: Arc<Spent>,
    given: u64,
}

impl Guard {
    /// For one reader.
    pub(super) fn new(limits: &Limits, compressed: Option<u64>, spent: &Arc<Spent>) -> Guard {
        Guard { limits: *limits, compressed, spent: Arc::clone(spent), given: 0 }
    }

    /// Bytes given out by this reader.
    pub(super) fn given(&self) -> u64 {
        self.given
    }

    /// Counts bytes that come out; an error where they are too many.
    pub(super) fn count(&mut self, count: usize) -> io::Result<()> {
        let count = count as u64;
        self.given = self.given.saturating_add(count);
        let total = self.spent.0.fetch_add(count, Ordering::Relaxed).saturating_add(count);
        let beyond = self.given.saturating_sub(RATIO_FREE_BYTES);
        let bomb =
            self.compressed.filter(|compressed| beyond > compressed.saturating_mul(self.limits.ratio_max));
        let message = if self.given > self.limits.entry_bytes_max {
            format!("more than {} bytes in one entry", self.limits.entry_bytes_max)
        } else if let Some(compressed) = bomb {
            format!("{} bytes came out of {compressed} compressed ones", self.given)
        } else if total > self.limits.total_bytes_max {
            format!("more than {} bytes out of one archive", self.limits.total_bytes_max)
        } else {
            return Ok(());
        };
        Err(Stop::error(Code::LimitReached, message))
    }
}

/// A reader under guard, whose errors all say what they mean for the evidence.
pub(super) struct Guarded {
    inner: Box<dyn Read + Send>,
    guard: Guard,
    ended: bool,
}

impl Guarded {
    /// Over a reader.
    pub(super) fn over(inner: Box<dyn Read + Send>, guard: Guard) -> Box<dyn Read + Send> {
        Box::new(Guarded { inner, guard, ended: false })
    }
}

impl Read for Guarded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        let count = match self.inner.read(buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(error) => {
                self.ended = true;
                return Err(stop(&error, self.guard.given()));
            }
        };
        self.ended = count == 0;
        self.guard.count(count).inspect_err(|_| self.ended = true).map(|()| count)
    }
}

/// What an error of a container means: its own reason, or damage.
pub(super) fn stop(error: &io::Error, given: u64) -> io::Error {
    if let Some(stop) = error.get_ref().and_then(|inner| inner.downcast_ref::<Stop>()) {
        return Stop::error(stop.code, stop.message.clone());
    }
    match Failure::of(error) {
        Some(failure) => Stop::error(code(failure.kind), failure.message),
        None => Stop::error(Code::ContainerDamaged, format!("after {given} bytes: {error}")),
    }
}

/// The diagnostic for a container's own reason.
pub(super) fn code(kind: Kind) -> Code {
    match kind {
        Kind::Damaged => Code::ContainerDamaged,
        Kind::Encrypted => Code::Encrypted,
        Kind::Unsupported => Code::KnownUnread,
        Kind::Limit => Code::LimitReached,
        Kind::Missing => Code::CannotOpen,
    }
}
