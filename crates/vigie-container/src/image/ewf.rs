//! Images of `EnCase` (E01), in one or many segments.
//!
//! Described in <https://github.com/libyal/libewf/blob/main/documentation/Expert%20Witness%20Compression%20Format%20(EWF).asciidoc>.

use std::io;
use std::sync::Arc;

use super::{Disk, Siblings};
use crate::bytes::{Window, take_at};
use crate::cache::{self, Cache, within};
use crate::field::{u16_le, u32_le, u64_le, until_nul};
use crate::{Bytes, Failure, Kind, ReadAt};

const MAGIC: &[u8] = b"EVF\x09\x0d\x0a\xff\x00";
/// Segments of one image: `.E01` to `.ZZZ`.
const SEGMENTS_MAX: usize = 14_971;
/// Sections of one segment.
const SECTIONS_MAX: usize = 200_000;
/// Tables of chunks over all segments.
const TABLES_MAX: usize = 2_000_000;
/// Bytes of one chunk.
const CHUNK_BYTES_MAX: u64 = 32 << 20;
const DESCRIPTOR_BYTES: u64 = 76;

/// A table of where chunks are.
#[derive(Clone, Copy, Debug)]
struct Table {
    /// Its first chunk.
    first: u64,
    count: u32,
    /// The segment, by its index.
    segment: usize,
    /// Where its entries begin, and what is added to the offsets in them.
    entries: u64,
    base: u64,
    /// Where the last chunk ends at the latest.
    end: u64,
}

#[derive(Debug)]
struct Ewf {
    segments: Vec<Bytes>,
    tables: Vec<Table>,
    chunk_bytes: u64,
    size: u64,
    cache: Cache,
}

/// What the walk over sections found.
#[derive(Default)]
struct Found {
    tables: Vec<Table>,
    chunks: u64,
    /// Chunk size and disk size in bytes.
    geometry: Option<(u64, u64)>,
    done: bool,
}

pub(super) fn open(image: Bytes, name: &str, siblings: Siblings<'_>) -> io::Result<Disk> {
    let mut segments = vec![image];
    let mut found = Found::default();
    let mut notes = Vec::new();
    for number in 1..=SEGMENTS_MAX {
        let Some(segment) = segments.last() else { break };
        if let Err(error) = walk(segment, segments.len().saturating_sub(1), &mut found) {
            notes.push(format!("segment {number}: {error}"));
            break;
        }
        if found.done {
            break;
        }
        let Some(next) = segment_name(name, number.saturating_add(1)) else { break };
        let Some(bytes) = siblings(&next)? else {
            notes.push(format!("segment {} ({next}) is not there", number.saturating_add(1)));
            break;
        };
        segments.push(bytes);
    }
    let Some((chunk_bytes, size)) = found.geometry else {
        return Err(Failure::damaged("no volume section says how large the disk is").into());
    };
    let (tables, chunks) = (found.tables, found.chunks);
    let covered = chunks.saturating_mul(chunk_bytes);
    if covered < size {
        notes.push(format!("{covered} of {size} bytes of the disk are in the segments at hand"));
    }
    let ewf = Ewf { segments, tables, chunk_bytes, size, cache: Cache::default() };
    Ok(Disk { bytes: Arc::new(ewf), notes })
}

/// Walks the sections of a segment.
fn walk(segment: &Bytes, index: usize, found: &mut Found) -> io::Result<()> {
    let mut at = 13;
    let mut data_end = None;
    for _ in 0..SECTIONS_MAX {
        let section = take_at(segment.as_ref(), at, 76)?;
        let (Some(next), Some(size)) = (u64_le(&section, 16), u64_le(&section, 24)) else {
            return Err(Failure::damaged(format!("it ends at offset {at}, before its last section")).into());
        };
        let stated = u32_le(&section, 72).unwrap_or(0);
        if adler32(section.get(..72).unwrap_or_default()) != stated {
            return Err(Failure::damaged(format!("the section at offset {at} has a wrong checksum")).into());
        }
        let body = at.saturating_add(DESCRIPTOR_BYTES);
        match until_nul(section.get(..16).unwrap_or_default()) {
            b"volume" | b"disk" => geometry(segment, body, found)?,
            b"sectors" => data_end = Some(at.saturating_add(size)),
            b"table" => {
                // Without a section of data before it, the table's own section holds the data behind the entries.
                let end = data_end.unwrap_or_else(|| at.saturating_add(size));
                table(segment, (index, body, end), found)?;
            }
            b"done" => {
                found.done = true;
                return Ok(());
            }
            b"next" => return Ok(()),
            _ => {}
        }
        // Sections lie in order: one that points back would be walked for ever.
        if next <= at {
            return Err(Failure::damaged(format!("the section at offset {at} points back to {next}")).into());
        }
        at = next;
    }
    Err(Failure::new(Kind::Limit, format!("more than {SECTIONS_MAX} sections")).into())
}

fn geometry(segment: &Bytes, body: u64, found: &mut Found) -> io::Result<()> {
    let volume = take_at(segment.as_ref(), body, 94)?;
    let fields = (u32_le(&volume, 8), u32_le(&volume, 12), u64_le(&volume, 16));
    let (Some(per_chunk), Some(sector), Some(sectors)) = fields else {
        return Err(Failure::damaged("the volume section is too short").into());
    };
    let chunk = u64::from(per_chunk).saturating_mul(u64::from(sector));
    if chunk == 0 || chunk > CHUNK_BYTES_MAX {
        return Err(Failure::damaged(format!("{per_chunk} sectors of {sector} bytes in a chunk")).into());
    }
    found.geometry.get_or_insert((chunk, sectors.saturating_mul(u64::from(sector))));
    Ok(())
}

fn table(segment: &Bytes, place: (usize, u64, u64), found: &mut Found) -> io::Result<()> {
    let (index, body, end) = place;
    let header = take_at(segment.as_ref(), body, 24)?;
    let (Some(count), Some(base)) = (u32_le(&header, 0), u64_le(&header, 8)) else {
        return Err(Failure::damaged("a table is too short").into());
    };
    if found.tables.len() >= TABLES_MAX {
        return Err(Failure::new(Kind::Limit, format!("more than {TABLES_MAX} tables")).into());
    }
    let entries = body.saturating_add(24);
    let room = segment.size().saturating_sub(entries) / 4;
    let count = count.min(u32::try_from(room).unwrap_or(u32::MAX));
    found.tables.push(Table { first: found.chunks, count, segment: index, entries, base, end });
    found.chunks = found.chunks.saturating_add(u64::from(count));
    Ok(())
}

impl Ewf {
    fn chunk(&self, chunk: u64) -> io::Result<Vec<u8>> {
        let missing =
            || Failure::new(Kind::Missing, format!("chunk {chunk} of the disk is in no segment at hand"));
        let index = self.tables.partition_point(|table| table.first <= chunk);
        let table = index.checked_sub(1).and_then(|index| self.tables.get(index)).ok_or_else(missing)?;
        let inside = chunk.saturating_sub(table.first);
        if inside >= u64::from(table.count) {
            return Err(missing().into());
        }
        let segment = self.segments.get(table.segment).ok_or_else(missing)?;
        let entry = take_at(segment.as_ref(), table.entries.saturating_add(inside.saturating_mul(4)), 8)?;
        let value = u32_le(&entry, 0).ok_or_else(missing)?;
        let offset = |value: u32| table.base.saturating_add(u64::from(value & 0x7fff_ffff));
        let start = offset(value);
        let is_last = inside.saturating_add(1) == u64::from(table.count);
        let end = if is_last { table.end } else { u32_le(&entry, 4).map_or(table.end, offset) };
        // A compressed chunk may be a little larger than its content; nothing makes it twice as large.
        let bound = self.chunk_bytes.saturating_mul(2).saturating_add(1024);
        let len = if end > start { end.saturating_sub(start).min(bound) } else { bound };
        let wanted = usize::try_from(self.wanted(chunk)).unwrap_or(0);
        let damaged = |what: String| Failure::damaged(format!("chunk {chunk} of the disk: {what}"));
        if value >> 31 == 1 {
            let stored = Window { of: Arc::clone(segment), start, len };
            let piece = cache::inflate(crate::Reader::new(Arc::new(stored)), wanted)
                .map_err(|error| damaged(error.to_string()))?;
            if piece.len() < wanted {
                return Err(damaged(format!("{} of {wanted} bytes came out", piece.len())).into());
            }
            return Ok(piece);
        }
        let mut piece = take_at(segment.as_ref(), start, wanted.saturating_add(4))?;
        let stated = u32_le(&piece, wanted);
        piece.truncate(wanted);
        if stated != Some(adler32(&piece)) {
            return Err(damaged("its checksum is not as stated".to_owned()).into());
        }
        Ok(piece)
    }

    /// Bytes of a chunk: the last one of the disk may be shorter.
    fn wanted(&self, chunk: u64) -> u64 {
        self.size.saturating_sub(chunk.saturating_mul(self.chunk_bytes)).min(self.chunk_bytes)
    }
}

impl ReadAt for Ewf {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if at >= self.size || buffer.is_empty() {
            return Ok(0);
        }
        let chunk = at.checked_div(self.chunk_bytes).unwrap_or(0);
        let inside = at.saturating_sub(chunk.saturating_mul(self.chunk_bytes));
        let piece = self.cache.get(chunk, || self.chunk(chunk))?;
        Ok(cache::copy_from(&piece, inside, within(buffer, self.size.saturating_sub(at))))
    }
}

/// The checksum of zlib.
fn adler32(bytes: &[u8]) -> u32 {
    let (mut low, mut high) = (1_u32, 0_u32);
    // So many sums fit 32 bits before they must be reduced.
    for part in bytes.chunks(5552) {
        for byte in part {
            low = low.wrapping_add(u32::from(*byte));
            high = high.wrapping_add(low);
        }
        low %= 65_521;
        high %= 65_521;
    }
    (high << 16) | low
}

/// The name of a segment, in the case of the first one's: `.E01` to `.E99`, then `.EAA` to `.ZZZ`.
fn segment_name(first: &str, number: usize) -> Option<String> {
    let (stem, ending) = first.rsplit_once('.')?;
    let letter = ending.bytes().next()?;
    let lower = letter.is_ascii_lowercase();
    let ending = if number <= 99 {
        format!("{}{number:02}", char::from(letter.to_ascii_uppercase()))
    } else {
        let index = number.checked_sub(100)?;
        let (high, rest) = (index / 676, index % 676);
        let first = u8::try_from(high).ok()?.checked_add(letter.to_ascii_uppercase())?;
        let letters = [
            first,
            b'A'.checked_add(u8::try_from(rest / 26).ok()?)?,
            b'A'.checked_add(u8::try_from(rest % 26).ok()?)?,
        ];
        if first > b'Z' {
            return None;
        }
        letters.iter().map(|letter| char::from(*letter)).collect()
    };
    Some(format!("{stem}.{}", if lower { ending.to_ascii_lowercase() } else { ending }))
}

/// The first segment of the image that a file is a later segment of.
pub(super) fn first_segment(name: &str, head: &[u8]) -> Option<String> {
    let number = u16_le(head, 9).filter(|_| head.starts_with(MAGIC))?;
    let (stem, ending) = name.rsplit_once('.')?;
    let lower = ending.bytes().next()?.is_ascii_lowercase();
    (number > 1).then(|| format!("{stem}.{}", if lower { "e01" } else { "E01" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_named_in_order() {
        let names = [(1, "E01"), (99, "E99"), (100, "EAA"), (125, "EAZ"), (126, "EBA"), (776, "FAA")];
        for (number, ending) in names {
            assert_eq!(segment_name("d.E01", number).as_deref(), Some(format!("d.{ending}").as_str()));
        }
        assert_eq!(segment_name("d.e01", 2).as_deref(), Some("d.e02"));
        assert_eq!(segment_name("d.E01", 100_000), None);
        assert_eq!(first_segment("d.E07", b"EVF\x09\x0d\x0a\xff\x00\x01\x07\x00").as_deref(), Some("d.E01"));
    }

    #[test]
    fn checksums_are_zlib_s() {
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
    }
}
