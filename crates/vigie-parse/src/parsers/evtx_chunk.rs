//! One 64 KiB chunk of an event log to the frames of its records, those that it counts no more included.
//!
//! A chunk's header says where its records end. Behind that end may lie records of an earlier use of the chunk, and a
//! chunk whose header is damaged may still hold all of its own: both are looked for by the mark that records begin
//! with, and taken where the size in front is the size behind.

use std::ops::Range;

use memchr::memmem;
use vigie_model::Time;

use super::evtx_value::{filetime, number};

/// Size of a chunk, in bytes.
pub(super) const CHUNK_BYTES: usize = 65_536;
/// Size of a chunk's header, in bytes.
pub(super) const CHUNK_HEADER_BYTES: usize = 512;
/// What a chunk begins with.
pub(super) const CHUNK_MAGIC: &[u8] = b"ElfChnk\0";
/// A record's mark, size, id and time.
pub(super) const RECORD_HEADER_BYTES: usize = 24;
/// The copy of its size that a record ends with.
pub(super) const RECORD_END_BYTES: usize = 4;
const RECORD_MAGIC: &[u8] = b"\x2a\x2a\0\0";
const RECORD_BYTES_MIN: usize = RECORD_HEADER_BYTES + RECORD_END_BYTES;
/// The flag of a chunk that says that it has no checksums.
const NO_CHECKSUMS: u32 = 4;

/// What a chunk's header says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    first_id: u64,
    last_id: u64,
    /// End of the records, in bytes from the start of the chunk.
    pub(super) live_end: usize,
    /// Whether the checksum of the header is right.
    pub(super) is_sound: bool,
    /// Whether the checksum of the records is right.
    pub(super) are_records_sound: bool,
}

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Offset in the chunk, in bytes.
    pub(super) offset: usize,
    /// Size in bytes, header and end included.
    pub(super) size: usize,
    /// Its id.
    pub(super) id: u64,
    /// When it was written.
    pub(super) written: Option<Time>,
    /// Whether its id is one of those that the chunk says it holds.
    pub(super) is_counted: bool,
}

impl Frame {
    /// Where it ends in the chunk.
    pub(super) fn end(&self) -> usize {
        self.offset.saturating_add(self.size)
    }
}

/// The records that a chunk counts.
#[derive(Debug, Default)]
pub(super) struct Live {
    /// In the order they stand in.
    pub(super) frames: Vec<Frame>,
    /// What lies between them and is none, with what was met there.
    pub(super) gaps: Vec<(Range<usize>, &'static str)>,
    /// Where they end.
    pub(super) end: usize,
}

fn at<const N: usize>(chunk: &[u8], offset: usize) -> u64 {
    number(chunk.get(offset..offset.saturating_add(N)).unwrap_or_default())
}

/// Reads a chunk's header; `None` when it is none.
pub(super) fn header(chunk: &[u8]) -> Option<Header> {
    let head = chunk.get(..CHUNK_HEADER_BYTES).filter(|head| head.starts_with(CHUNK_MAGIC))?;
    let live_end = usize::try_from(at::<4>(chunk, 48)).ok()?.min(CHUNK_BYTES);
    let unchecked = at::<4>(chunk, 120) & u64::from(NO_CHECKSUMS) != 0;
    let mut crc = crc32fast::Hasher::new();
    crc.update(head.get(..120)?);
    crc.update(head.get(128..)?);
    let records = chunk.get(CHUNK_HEADER_BYTES..live_end).map(crc32fast::hash);
    Some(Header {
        first_id: at::<8>(chunk, 24),
        last_id: at::<8>(chunk, 32),
        live_end,
        is_sound: unchecked || u64::from(crc.finalize()) == at::<4>(chunk, 124),
        are_records_sound: unchecked || records.is_some_and(|crc| u64::from(crc) == at::<4>(chunk, 52)),
    })
}

/// The frame at an offset, or what was met instead.
fn frame(chunk: &[u8], offset: usize) -> Result<Frame, &'static str> {
    let end = offset.saturating_add(RECORD_HEADER_BYTES);
    let head = chunk.get(offset..end).ok_or("the end of the chunk in a record's header")?;
    if !head.starts_with(RECORD_MAGIC) {
        return Err("bytes that do not begin a record");
    }
    let size = usize::try_from(at::<4>(head, 4)).unwrap_or(usize::MAX);
    if size < RECORD_BYTES_MIN {
        return Err("a record smaller than its own frame");
    }
    if offset.saturating_add(size) > chunk.len() {
        return Err("a record that goes on behind its chunk");
    }
    let (id, written) = (at::<8>(head, 8), filetime(at::<8>(head, 16)));
    Ok(Frame { offset, size, id, written, is_counted: true })
}

/// Finds the frames that the chunk counts, one after the other.
pub(super) fn live(chunk: &[u8], header: &Header, live: &mut Live) {
    live.frames.clear();
    live.gaps.clear();
    let mut offset = CHUNK_HEADER_BYTES;
    let ids = header.first_id..=header.last_id;
    // Each turn gets on by at least a byte.
    while offset < header.live_end {
        match frame(chunk, offset) {
            Ok(frame) => {
                offset = frame.end();
                // Behind a gap may lie records that a chunk under reuse holds of its time before.
                let is_counted = live.gaps.is_empty() || ids.contains(&frame.id);
                live.frames.push(Frame { is_counted, ..frame });
                if frame.id == header.last_id {
                    break;
                }
            }
            Err(what) => {
                let from = offset.saturating_add(1);
                let next = carve(chunk, from..header.live_end);
                let end = next.map_or(header.live_end, |frame| frame.offset);
                // Where nothing but zeroes is left, the free space begins before the header says so.
                let is_blank = chunk.get(offset..end).unwrap_or_default().iter().all(|byte| *byte == 0);
                if next.is_none() && is_blank {
                    break;
                }
                live.gaps.push((offset..end, what));
                offset = end;
                if let Some(frame) = next {
                    live.frames.push(Frame { is_counted: ids.contains(&frame.id), ..frame });
                    offset = frame.end();
                    if frame.id == header.last_id {
                        break;
                    }
                }
            }
        }
    }
    live.end = offset;
}

/// The next frame within a range whose size in front is the size behind.
pub(super) fn carve(chunk: &[u8], range: Range<usize>) -> Option<Frame> {
    let mut from = range.start;
    // Each turn gets on by at least a byte.
    loop {
        let found = memmem::find(chunk.get(from..range.end)?, RECORD_MAGIC)?;
        let offset = from.saturating_add(found);
        if let Ok(frame) = frame(chunk, offset)
            && frame.end() <= range.end
            && at::<4>(chunk, frame.end().saturating_sub(RECORD_END_BYTES)) == frame.size as u64
        {
            return Some(frame);
        }
        from = offset.saturating_add(1);
    }
}
