//! A disk as it is, in one file or cut into pieces `.001`, `.002`, ...

use std::io;
use std::sync::Arc;

use super::{Disk, Siblings};
use crate::cache::within;
use crate::{Bytes, ReadAt};

/// Pieces of one disk.
const PIECES_MAX: u32 = 999;

pub(super) fn open(image: Bytes, name: &str, siblings: Siblings<'_>) -> io::Result<Disk> {
    let Some(stem) = name.strip_suffix(".001") else { return Ok(Disk { bytes: image, notes: Vec::new() }) };
    let mut joined = Joined { pieces: vec![(0, Arc::clone(&image))], size: image.size() };
    for number in 2..=PIECES_MAX {
        let Some(piece) = siblings(&format!("{stem}.{number:03}"))? else { break };
        joined.pieces.push((joined.size, Arc::clone(&piece)));
        joined.size = joined.size.saturating_add(piece.size());
    }
    Ok(Disk { bytes: Arc::new(joined), notes: Vec::new() })
}

/// The first piece of the disk that `x.002` is a piece of.
pub(super) fn first_piece(name: &str) -> Option<String> {
    let (stem, number) = name.rsplit_once('.')?;
    let is_number = number.len() == 3 && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && number != "001" && number != "000").then(|| format!("{stem}.001"))
}

/// Pieces one after the other.
#[derive(Debug)]
pub(super) struct Joined {
    /// Where each begins, and its bytes.
    pub(super) pieces: Vec<(u64, Bytes)>,
    pub(super) size: u64,
}

impl ReadAt for Joined {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let index = self.pieces.partition_point(|(start, _)| *start <= at);
        let Some((start, piece)) = index.checked_sub(1).and_then(|index| self.pieces.get(index)) else {
            return Ok(0);
        };
        let inside = at.saturating_sub(*start);
        piece.read_at(inside, within(buffer, piece.size().saturating_sub(inside)))
    }
}
