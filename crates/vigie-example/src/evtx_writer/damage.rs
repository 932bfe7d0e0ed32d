//! What happens to event logs: not closed, cut short, a bit flipped, a chunk zeroed. For fixtures.

use super::{CHUNK_BYTES, FILE_HEADER_BYTES, seal_file_header};

/// Sets the dirty flag and makes the header stale, as in a log copied from a running machine: it still tells the
/// state of its first chunk. Does nothing to a file shorter than its header.
pub fn leave_dirty(file: &mut [u8]) {
    let Some(header) = file.get_mut(..FILE_HEADER_BYTES) else { return };
    header[16..24].copy_from_slice(&0_u64.to_le_bytes());
    header[42..44].copy_from_slice(&1_u16.to_le_bytes());
    header[120..124].copy_from_slice(&1_u32.to_le_bytes());
    seal_file_header(header);
}

/// Keeps the first `len` bytes.
pub fn cut(file: &mut Vec<u8>, len: usize) {
    file.truncate(len);
}

/// Flips the lowest bit of the byte at `offset`, without mending any checksum.
pub fn flip(file: &mut [u8], offset: usize) {
    if let Some(byte) = file.get_mut(offset) {
        *byte ^= 1;
    }
}

/// Fills a chunk with zeros, as a power loss does. Chunks count from 0.
pub fn zero_chunk(file: &mut [u8], chunk: usize) {
    let start = FILE_HEADER_BYTES + chunk * CHUNK_BYTES;
    if let Some(bytes) = file.get_mut(start..start + CHUNK_BYTES) {
        bytes.fill(0);
    }
}

/// Flips a bit in the text of the first record of a chunk, so that its checksum no longer fits.
pub fn flip_in_chunk(file: &mut [u8], chunk: usize) {
    flip(file, FILE_HEADER_BYTES + chunk * CHUNK_BYTES + 0x300);
}
