//! The transaction logs of a registry hive: changes that had not reached the hive when it was copied.
//!
//! Format: the same description as that of the hive. Windows 8.1 and later write entries (`HvLE`), each with its own
//! hash; older ones a bitmap of dirty pages (`DIRT`). What Windows would apply when it loads the hive is applied here, in
//! memory, and nothing else.

use super::little_endian::{slice, u32_at, u64_at};
use super::registry_hive::BASE_BLOCK_BYTES;

/// Places in a log are multiples of this, in bytes.
const SECTOR: usize = 512;
/// Size of what stands before the references of an entry, in bytes.
const ENTRY_HEAD_BYTES: usize = 40;
/// The bits of a byte, least first.
const BITS: [u8; 8] = [1, 2, 4, 8, 16, 32, 64, 128];
/// The seed of the hashes, as in the kernel.
const SEED: u64 = 0x82EF_4D88_7A4E_55C5;

/// What a log holds and what of it was applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Replayed {
    /// Entries (new format) or the one vector (old format) that were applied.
    pub(super) entries: u64,
    /// Pages that were written.
    pub(super) pages: u64,
}

/// Whether a base block's checksum is right.
pub(super) fn checksum_holds(bytes: &[u8]) -> bool {
    u32_at(bytes, 508).is_some_and(|stated| stated == checksum(bytes))
}

fn checksum(bytes: &[u8]) -> u32 {
    let sum = (0..508).step_by(4).filter_map(|at| u32_at(bytes, at)).fold(0, |sum, word| sum ^ word);
    match sum {
        u32::MAX => u32::MAX - 1,
        0 => 1,
        sum => sum,
    }
}

/// Whether a hive was not written to its end.
pub(super) fn is_dirty(hive: &[u8]) -> bool {
    !checksum_holds(hive) || u32_at(hive, 4) != u32_at(hive, 8)
}

/// Applies a log to a dirty hive that may grow to at most `max` bytes. Call with `.LOG1` first, then `.LOG2`.
pub(super) fn replay(hive: &mut Vec<u8>, log: &[u8], max: usize) -> Replayed {
    if !log.starts_with(b"regf") || !checksum_holds(log) {
        return Replayed::default();
    }
    match u32_at(log, 28) {
        Some(1 | 2) => replay_vector(hive, log),
        Some(6) => replay_entries(hive, log, max),
        _ => Replayed::default(),
    }
}

/// The old format: a bitmap of pages, then the pages.
fn replay_vector(hive: &mut [u8], log: &[u8]) -> Replayed {
    let mut replayed = Replayed::default();
    let same_write = slice(hive, 12, 8) == slice(log, 12, 8) || !checksum_holds(hive);
    let is_whole = u32_at(log, 4) == u32_at(log, 8);
    let bits = u32_at(log, 40).map_or(0, |size| size as usize / SECTOR);
    let vector = slice(log, SECTOR, 4).filter(|magic| *magic == b"DIRT");
    let bitmap = slice(log, SECTOR.saturating_add(4), bits.div_ceil(8));
    let (Some(_), Some(bitmap), true, true) = (vector, bitmap, same_write, is_whole) else { return replayed };
    let mut page_at = SECTOR.saturating_add(4).saturating_add(bitmap.len()).next_multiple_of(SECTOR);
    for bit in 0..bits {
        let is_set = bitmap.get(bit / 8).is_some_and(|byte| byte & BITS.get(bit % 8).unwrap_or(&0) != 0);
        if !is_set {
            continue;
        }
        let Some(page) = slice(log, page_at, SECTOR) else { break };
        let target = BASE_BLOCK_BYTES.saturating_add(bit.saturating_mul(SECTOR));
        if let Some(place) = hive.get_mut(target..target.saturating_add(SECTOR)) {
            place.copy_from_slice(page);
            replayed.pages = replayed.pages.saturating_add(1);
        }
        page_at = page_at.saturating_add(SECTOR);
    }
    replayed.entries = u64::from(replayed.pages > 0);
    replayed
}

/// The new format: entries, each with its pages. Stops at the first that is not sound, as Windows does.
fn replay_entries(hive: &mut Vec<u8>, log: &[u8], max: usize) -> Replayed {
    let mut replayed = Replayed::default();
    if !checksum_holds(hive)
        && let (Some(base), Some(copy)) = (hive.get_mut(..SECTOR), log.get(..SECTOR))
    {
        base.copy_from_slice(copy);
    }
    // The second number is that of the last write which ended: the one under way may be half done, so it is done again.
    let from = u32_at(hive, 8).unwrap_or(0);
    let mut expected = None;
    let mut at = SECTOR;
    while let Some(entry) = entry_at(log, at) {
        at = at.saturating_add(entry.bytes.len());
        if entry.sequence < from {
            continue;
        }
        if expected.is_some_and(|expected| expected != entry.sequence) {
            break;
        }
        expected = entry.sequence.checked_add(1);
        let size = BASE_BLOCK_BYTES.saturating_add(entry.hive_bytes);
        if size > hive.len() {
            hive.resize(size.min(max.max(hive.len())), 0);
        }
        replayed.pages = replayed.pages.saturating_add(write_pages(hive, &entry));
        replayed.entries = replayed.entries.saturating_add(1);
        put(hive, 4, entry.sequence);
        put(hive, 8, entry.sequence);
        put(hive, 40, u32::try_from(entry.hive_bytes).unwrap_or(0));
        // Sound again, so that the next log is not taken for the better copy of the base block.
        let sum = checksum(hive);
        put(hive, 508, sum);
    }
    replayed
}

fn put(hive: &mut [u8], at: usize, value: u32) {
    if let Some(field) = hive.get_mut(at..at.saturating_add(4)) {
        field.copy_from_slice(&value.to_le_bytes());
    }
}

struct Entry<'a> {
    bytes: &'a [u8],
    sequence: u32,
    hive_bytes: usize,
    pages: usize,
}

/// A sound entry: its size within the log, both hashes right.
fn entry_at(log: &[u8], at: usize) -> Option<Entry<'_>> {
    let head = slice(log, at, ENTRY_HEAD_BYTES).filter(|head| head.starts_with(b"HvLE"))?;
    let size = usize::try_from(u32_at(head, 4)?)
        .ok()
        .filter(|size| *size >= ENTRY_HEAD_BYTES && size.is_multiple_of(SECTOR))?;
    let bytes = slice(log, at, size)?;
    let hashes = (u64_at(head, 24)?, u64_at(head, 32)?);
    let holds = hashes == (marvin(bytes.get(ENTRY_HEAD_BYTES..)?), marvin(bytes.get(..32)?));
    let hive_bytes =
        usize::try_from(u32_at(head, 16)?).ok().filter(|size| size.is_multiple_of(BASE_BLOCK_BYTES))?;
    let pages = usize::try_from(u32_at(head, 20)?).ok()?;
    holds.then_some(Entry { bytes, sequence: u32_at(head, 12)?, hive_bytes, pages })
}

fn write_pages(hive: &mut [u8], entry: &Entry<'_>) -> u64 {
    let mut written = 0_u64;
    let references = entry.bytes.get(ENTRY_HEAD_BYTES..).unwrap_or_default();
    let mut page_at = ENTRY_HEAD_BYTES.saturating_add(entry.pages.saturating_mul(8));
    for reference in references.chunks_exact(8).take(entry.pages) {
        let (Some(offset), Some(size)) = (u32_at(reference, 0), u32_at(reference, 4)) else { break };
        let Some(page) = slice(entry.bytes, page_at, size as usize) else { break };
        let target = BASE_BLOCK_BYTES.saturating_add(offset as usize);
        if let Some(place) = hive.get_mut(target..target.saturating_add(page.len())) {
            place.copy_from_slice(page);
            written = written.saturating_add(1);
        }
        page_at = page_at.saturating_add(page.len());
    }
    written
}

/// Marvin32, the hash of the entries: <https://github.com/microsoft/SymCrypt/blob/main/lib/marvin32.c>.
fn marvin(data: &[u8]) -> u64 {
    let seed = SEED.to_le_bytes();
    let mut state = (u32_at(&seed, 0).unwrap_or(0), u32_at(&seed, 4).unwrap_or(0));
    let mut words = data.chunks_exact(4);
    for word in words.by_ref() {
        mix(&mut state, u32_at(word, 0).unwrap_or(0));
    }
    let mut last = [0_u8; 4];
    for (place, byte) in last.iter_mut().zip(words.remainder().iter().chain(&[0x80])) {
        *place = *byte;
    }
    mix(&mut state, u32::from_le_bytes(last));
    mix(&mut state, 0);
    u64::from(state.0) | u64::from(state.1).wrapping_shl(32)
}

fn mix(state: &mut (u32, u32), word: u32) {
    let (low, high) = (state.0.wrapping_add(word), state.1);
    let high = high ^ low;
    let low = low.rotate_left(20).wrapping_add(high);
    let high = high.rotate_left(9) ^ low;
    let low = low.rotate_left(27).wrapping_add(high);
    *state = (low, high.rotate_left(19));
}

#[cfg(test)]
mod tests {
    use super::marvin;

    #[test]
    fn the_hash_is_that_of_windows() {
        let folded = |data: &[u8]| (marvin(data) ^ marvin(data).wrapping_shr(32)) & 0xffff_ffff;
        for (text, hash) in
            [("", 0xb008_92ac), ("h", 0xf41a_608e), ("he", 0x1110_7c6b), ("hello, world!", 0x00c1_8515)]
        {
            assert_eq!(folded(text.as_bytes()), hash, "{text}");
        }
    }
}
