//! Files that lie one after the other in a stream that can only be read forward: a compressed tar, a block of a 7z.
//!
//! Readers that come in the order of the stream share one pass: where one stopped, the next goes on. What comes out of
//! order costs a pass of its own, and nothing is ever kept on disk.

use std::fmt;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use crate::{Failure, bytes};

/// Passes that are kept where they stand, for readers to come.
const IDLE_MAX: usize = 8;
/// Files up to this size are taken into memory at once, so that the pass is free for the next reader.
const SMALL_BYTES: u64 = 1 << 20;
/// What is skipped is read in pieces of this size.
const SKIP_BYTES: usize = 1 << 16;

type Start = dyn Fn() -> io::Result<Box<dyn Read + Send>> + Send + Sync;

/// A stream that can be started again, and the passes over it that are under way.
pub struct Solid {
    start: Box<Start>,
    idle: Mutex<Vec<Pass>>,
    /// Where the stream was found to break off, and why: nobody needs to go there again.
    broken: Mutex<Option<(u64, Failure)>>,
}

impl fmt::Debug for Solid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Solid")
    }
}

/// A pass over the stream, and how far it came.
struct Pass {
    stream: Box<dyn Read + Send>,
    at: u64,
}

impl Solid {
    /// Over a stream that `start` gives from its first byte.
    pub fn new(start: impl Fn() -> io::Result<Box<dyn Read + Send>> + Send + Sync + 'static) -> Arc<Solid> {
        Arc::new(Solid { start: Box::new(start), idle: Mutex::new(Vec::new()), broken: Mutex::new(None) })
    }

    /// A new pass from the first byte, which is not shared.
    ///
    /// # Errors
    /// When the stream cannot be started.
    pub fn pass(&self) -> io::Result<Box<dyn Read + Send>> {
        (self.start)()
    }

    /// The bytes of a file in the stream. A stream that ends before the file does is an error where it ends.
    ///
    /// # Errors
    /// When the stream cannot be read up to the file.
    pub fn part(self: &Arc<Solid>, offset: u64, len: u64) -> io::Result<Box<dyn Read + Send>> {
        if let Some((_, failure)) = self.broken_before(offset) {
            return Err(failure.into());
        }
        if len > SMALL_BYTES {
            let mut pass = self.take(offset)?;
            pass.skip_to(offset).inspect_err(|error| self.note_broken(pass.at, error))?;
            return Ok(Box::new(Part { solid: Arc::clone(self), pass: Some(pass), left: len }));
        }
        // Held while the file is read: whoever comes next goes on from here instead of starting again.
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let mut pass = match nearest(&mut idle, offset) {
            Some(pass) => pass,
            None => Pass { stream: self.pass()?, at: 0 },
        };
        pass.skip_to(offset).inspect_err(|error| self.note_broken(pass.at, error))?;
        let mut content = vec![0; usize::try_from(len).unwrap_or(0)];
        let (filled, failure) = pass.fill(&mut content);
        content.truncate(filled);
        match &failure {
            None => keep(&mut idle, pass),
            Some(error) => self.note_broken(pass.at, error),
        }
        Ok(Box::new(Small { content: io::Cursor::new(content), failure }))
    }

    fn broken_before(&self, offset: u64) -> Option<(u64, Failure)> {
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        broken.clone().filter(|(at, _)| *at < offset)
    }

    fn note_broken(&self, at: u64, error: &io::Error) {
        let failure = Failure::of(error).unwrap_or_else(|| Failure::damaged(error.to_string()));
        let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        if broken.as_ref().is_none_or(|(before, _)| at < *before) {
            *broken = Some((at, failure));
        }
    }

    fn take(&self, offset: u64) -> io::Result<Pass> {
        let waiting = nearest(&mut self.idle.lock().unwrap_or_else(PoisonError::into_inner), offset);
        waiting.map_or_else(|| Ok(Pass { stream: self.pass()?, at: 0 }), Ok)
    }
}

/// The pass that stands closest before a place.
fn nearest(idle: &mut Vec<Pass>, offset: u64) -> Option<Pass> {
    let before = idle.iter().enumerate().filter(|(_, pass)| pass.at <= offset);
    let (index, _) = before.max_by_key(|(_, pass)| pass.at)?;
    Some(idle.swap_remove(index))
}

fn keep(idle: &mut Vec<Pass>, pass: Pass) {
    if idle.len() >= IDLE_MAX {
        // The one that came least far is the cheapest to start again.
        let first = idle.iter().enumerate().min_by_key(|(_, pass)| pass.at).map(|(index, _)| index);
        if let Some(index) = first {
            idle.swap_remove(index);
        }
    }
    idle.push(pass);
}

impl Pass {
    fn skip_to(&mut self, offset: u64) -> io::Result<()> {
        let mut room = vec![0; SKIP_BYTES];
        while self.at < offset {
            let length =
                usize::try_from(offset.saturating_sub(self.at)).unwrap_or(SKIP_BYTES).min(SKIP_BYTES);
            let count = bytes::fill(self.stream.as_mut(), room.get_mut(..length).unwrap_or_default())?;
            if count == 0 {
                return Err(cut_short(self.at));
            }
            self.at = self.at.saturating_add(count as u64);
        }
        Ok(())
    }

    /// Fills a buffer; a stream that ends or fails before gives the reason beside what came.
    fn fill(&mut self, buffer: &mut [u8]) -> (usize, Option<io::Error>) {
        let mut filled = 0_usize;
        while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
            match self.stream.read(room) {
                Ok(0) => return (filled, Some(cut_short(self.at))),
                Ok(count) => {
                    filled = filled.saturating_add(count.min(room.len()));
                    self.at = self.at.saturating_add(count as u64);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return (filled, Some(error)),
            }
        }
        (filled, None)
    }
}

fn cut_short(at: u64) -> io::Error {
    Failure::damaged(format!("the stream ends after {at} bytes, inside a file")).into()
}

struct Small {
    content: io::Cursor<Vec<u8>>,
    failure: Option<io::Error>,
}

impl Read for Small {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.content.read(buffer)? {
            0 if !buffer.is_empty() => self.failure.take().map_or(Ok(0), Err),
            count => Ok(count),
        }
    }
}

/// A file that is read on from the pass; the pass is given back where the reader stops.
struct Part {
    solid: Arc<Solid>,
    pass: Option<Pass>,
    left: u64,
}

impl Read for Part {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let buffer = buffer.get_mut(..length).unwrap_or_default();
        let Some(pass) = self.pass.as_mut().filter(|_| !buffer.is_empty()) else { return Ok(0) };
        let (count, failure) = match pass.stream.read(buffer) {
            Ok(0) => (0, Some(cut_short(pass.at))),
            Ok(count) => (count, None),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(error) => (0, Some(error)),
        };
        if let Some(failure) = failure {
            self.solid.note_broken(pass.at, &failure);
            self.pass = None;
            return Err(failure);
        }
        pass.at = pass.at.saturating_add(count as u64);
        self.left = self.left.saturating_sub(count as u64);
        Ok(count)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if let Some(pass) = self.pass.take() {
            keep(&mut self.solid.idle.lock().unwrap_or_else(PoisonError::into_inner), pass);
        }
    }
}
