//! Files with holes: the stored pieces one after the other, and where each belongs.

use std::io::{self, Read};

use crate::Failure;

/// A stored piece of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where it belongs in the file.
    pub offset: u64,
    /// How long it is.
    pub len: u64,
}

/// Whether pieces come in order, do not overlap and end inside the file.
pub fn are_in_order(pieces: &[Piece], size: u64) -> bool {
    let mut free = 0_u64;
    pieces.iter().all(|piece| {
        let fits = piece.offset >= free && piece.offset.checked_add(piece.len).is_some_and(|end| end <= size);
        free = piece.offset.saturating_add(piece.len);
        fits
    })
}

/// Bytes that are stored, over all pieces.
pub fn stored(pieces: &[Piece]) -> u64 {
    pieces.iter().fold(0, |sum, piece| sum.saturating_add(piece.len))
}

/// The whole file, with zeros in its holes.
pub struct Sparse<R> {
    stored: R,
    pieces: std::vec::IntoIter<Piece>,
    piece: Option<Piece>,
    at: u64,
    size: u64,
}

impl<R: Read> Sparse<R> {
    /// From stored bytes and the pieces that they are, in order (see [`are_in_order`]).
    pub fn new(stored: R, pieces: Vec<Piece>, size: u64) -> Sparse<R> {
        let mut pieces = pieces.into_iter();
        let piece = pieces.next();
        Sparse { stored, pieces, piece, at: 0, size }
    }
}

impl<R: Read> Read for Sparse<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(piece) = self.piece
            && piece.offset.saturating_add(piece.len) <= self.at
        {
            self.piece = self.pieces.next();
        }
        let (hole_end, piece_end) = match self.piece {
            Some(piece) => (piece.offset, piece.offset.saturating_add(piece.len)),
            None => (self.size, self.size),
        };
        let end = if self.at < hole_end { hole_end } else { piece_end };
        let left = usize::try_from(end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let length = buffer.len().min(left);
        let Some(room) = buffer.get_mut(..length).filter(|room| !room.is_empty()) else { return Ok(0) };
        let count = if self.at < hole_end {
            room.fill(0);
            length
        } else {
            self.stored.read(room)?
        };
        if count == 0 {
            return Err(
                Failure::damaged(format!("the stored bytes end at {} of {}", self.at, self.size)).into()
            );
        }
        self.at = self.at.saturating_add(count as u64);
        Ok(count)
    }
}
