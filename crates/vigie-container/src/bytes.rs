//! Bytes that can be read at any place by several threads at once: a file, a part of one, a disk inside an image.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

/// Bytes at places.
pub trait ReadAt: Send + Sync + fmt::Debug {
    /// How many there are.
    fn size(&self) -> u64;
    /// Reads from a place; 0 only at the end and beyond it.
    ///
    /// # Errors
    /// When the bytes there cannot be had; a [`crate::Failure`] inside says why.
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

/// Bytes shared by many readers.
pub type Bytes = Arc<dyn ReadAt>;

/// Bytes in memory.
#[derive(Clone)]
pub struct Memory(pub Arc<Vec<u8>>);

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory({} bytes)", self.0.len())
    }
}

impl ReadAt for Memory {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let start = usize::try_from(at).unwrap_or(usize::MAX);
        self.0.get(start..).unwrap_or_default().read(buffer)
    }
}

/// A part of other bytes; what it claims beyond their end is not there.
#[derive(Clone, Debug)]
pub struct Window {
    /// The bytes it is a part of.
    pub of: Bytes,
    /// Where it begins.
    pub start: u64,
    /// How long it is.
    pub len: u64,
}

impl ReadAt for Window {
    fn size(&self) -> u64 {
        self.len
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.len.saturating_sub(at)).unwrap_or(usize::MAX);
        let length = buffer.len().min(left);
        let buffer = buffer.get_mut(..length).unwrap_or_default();
        if buffer.is_empty() {
            return Ok(0);
        }
        self.of.read_at(self.start.saturating_add(at), buffer)
    }
}

/// Reads on from a place, and seeks.
#[derive(Clone, Debug)]
pub struct Reader {
    bytes: Bytes,
    at: u64,
}

impl Reader {
    /// From the first byte.
    pub fn new(bytes: Bytes) -> Reader {
        Reader { bytes, at: 0 }
    }

    /// What it reads.
    pub fn source(&self) -> &Bytes {
        &self.bytes
    }

    /// Where it stands.
    pub fn place(&self) -> u64 {
        self.at
    }

    /// How many bytes there are in all.
    pub fn size(&self) -> u64 {
        self.bytes.size()
    }

    /// Goes to a place.
    pub fn jump(&mut self, at: u64) {
        self.at = at;
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.read_at(self.at, buffer)?;
        self.at = self.at.saturating_add(count as u64);
        Ok(count)
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(delta) => self.bytes.size().checked_add_signed(delta),
            SeekFrom::Current(delta) => self.at.checked_add_signed(delta),
        };
        self.at = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

/// Fills as much of the buffer as there are bytes; says how much.
///
/// # Errors
/// As [`ReadAt::read_at`].
pub fn fill_at(bytes: &dyn ReadAt, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0_usize;
    while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
        let count = match bytes.read_at(at.saturating_add(filled as u64), room) {
            Ok(count) => count.min(room.len()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if count == 0 {
            break;
        }
        filled = filled.saturating_add(count);
    }
    Ok(filled)
}

/// Up to `count` bytes from a place; fewer at the end. `count` is a named bound of the caller, never a header's claim.
///
/// # Errors
/// As [`ReadAt::read_at`].
pub fn take_at(bytes: &dyn ReadAt, at: u64, count: usize) -> io::Result<Vec<u8>> {
    let there = usize::try_from(bytes.size().saturating_sub(at)).unwrap_or(usize::MAX);
    let mut taken = vec![0; count.min(there)];
    let filled = fill_at(bytes, at, &mut taken)?;
    taken.truncate(filled);
    Ok(taken)
}

/// Fills as much of the buffer as a stream gives; says how much.
///
/// # Errors
/// As the stream.
pub fn fill(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0_usize;
    while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
        match reader.read(room) {
            Ok(0) => break,
            Ok(count) => filled = filled.saturating_add(count.min(room.len())),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
