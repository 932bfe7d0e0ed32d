//! The pieces of an image that were decompressed last.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes that are kept at most, in all.
const KEPT_BYTES: usize = 8 << 20;

/// A few decompressed pieces, by their place; the one used last comes first.
#[derive(Debug, Default)]
pub(crate) struct Cache(Mutex<Vec<(u64, Arc<Vec<u8>>)>>);

impl Cache {
    /// The piece of a place, made when it is not there.
    pub(crate) fn get(
        &self,
        place: u64,
        make: impl FnOnce() -> io::Result<Vec<u8>>,
    ) -> io::Result<Arc<Vec<u8>>> {
        {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(index) = kept.iter().position(|(other, _)| *other == place) {
                let hit = kept.remove(index);
                let piece = Arc::clone(&hit.1);
                kept.insert(0, hit);
                return Ok(piece);
            }
        }
        // Made outside of the lock: two threads may make the same, none waits for another's.
        let piece = Arc::new(make()?);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(0, (place, Arc::clone(&piece)));
        let mut bytes = 0_usize;
        kept.retain(|(other, piece)| {
            bytes = bytes.saturating_add(piece.len());
            *other == place || bytes <= KEPT_BYTES
        });
        Ok(piece)
    }
}

/// Inflates a zlib stream into exactly `length` bytes, or fewer when it ends before.
pub(crate) fn inflate(stream: impl io::Read, length: usize) -> io::Result<Vec<u8>> {
    let mut piece = vec![0; length];
    let filled = crate::bytes::fill(&mut flate2::read::ZlibDecoder::new(stream), &mut piece)?;
    piece.truncate(filled);
    Ok(piece)
}

/// Copies what a piece holds from a place in it; 0 beyond its end.
pub(crate) fn copy_from(piece: &[u8], at: u64, buffer: &mut [u8]) -> usize {
    let rest = usize::try_from(at).ok().and_then(|at| piece.get(at..)).unwrap_or_default();
    let length = rest.len().min(buffer.len());
    if let (Some(to), Some(from)) = (buffer.get_mut(..length), rest.get(..length)) {
        to.copy_from_slice(from);
    }
    length
}

/// The part of a buffer that stays within a unit and within the whole: `left` bytes.
pub(crate) fn within(buffer: &mut [u8], left: u64) -> &mut [u8] {
    let length = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
    buffer.get_mut(..length).unwrap_or_default()
}
