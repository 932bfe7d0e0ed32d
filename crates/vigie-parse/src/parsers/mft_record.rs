//! One record of a master file table: its sectors put right, its names, times and data.
//!
//! Format: <https://flatcap.github.io/linux-ntfs/ntfs/concepts/file_record.html>. Every length is checked against the
//! record; an attribute that does not fit ends the record, and what stood before it counts.

use super::little_endian::{slice, u16_at, u32_at, u64_at, utf16};

/// Sectors end with two bytes that are kept elsewhere.
const SECTOR_BYTES: usize = 512;
/// Attributes of one record: each takes at least 24 bytes.
const ATTRIBUTES_MAX: usize = 200;
/// The six bytes of a reference that name the record; the other two are its sequence number.
const ENTRY_BITS: u64 = 0x0000_ffff_ffff_ffff;

/// A record that refers to another, or to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Reference {
    /// Which record.
    pub(super) entry: u64,
    /// How often that record had been used.
    pub(super) sequence: u16,
}

impl Reference {
    /// From its eight bytes.
    pub(super) fn of(raw: u64) -> Reference {
        Reference {
            entry: raw & ENTRY_BITS,
            sequence: u16::try_from(raw.wrapping_shr(48)).unwrap_or_default(),
        }
    }
}

/// A name of a file and the times that were kept with it: Windows changes them with the name only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// The folder it stands in.
    pub(super) parent: Reference,
    /// The name itself.
    pub(super) text: String,
    /// Created and modified, as ticks of FILETIME.
    pub(super) times: [u64; 2],
}

/// A stream of data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stream {
    /// Its name; empty for the file's own content.
    pub(super) name: String,
    /// How many bytes.
    pub(super) size: u64,
    /// Its content, where that lies in the record itself.
    pub(super) resident: Option<Vec<u8>>,
}

/// What a record says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// How often the record was used.
    pub(super) sequence: u16,
    /// Whether the file is there; otherwise it was deleted.
    pub(super) in_use: bool,
    /// Whether it is a folder.
    pub(super) is_folder: bool,
    /// The record that this one continues, if it does.
    pub(super) base: Option<Reference>,
    /// Created, modified and record changed, as ticks of FILETIME: what programs show, and can set.
    pub(super) times: [u64; 3],
    /// Its names but those made for MS-DOS.
    pub(super) names: Vec<Name>,
    /// Its streams.
    pub(super) streams: Vec<Stream>,
}

/// Puts the ends of the sectors back in their places. `false` when a sector does not belong to the record: it was
/// being written when it was copied.
pub(super) fn put_right(record: &mut [u8]) -> bool {
    let (Some(at), Some(count)) = (u16_at(record, 4), u16_at(record, 6)) else { return false };
    let Some(array) = slice(record, at.into(), usize::from(count).saturating_mul(2)).map(<[u8]>::to_vec)
    else {
        return false;
    };
    let Some((check, ends)) = array.split_at_checked(2) else { return false };
    let mut is_whole = !ends.is_empty();
    for (sector, end) in record.chunks_exact_mut(SECTOR_BYTES).zip(ends.chunks_exact(2)) {
        if let Some(place) = sector.last_chunk_mut::<2>() {
            is_whole &= place == check;
            place.copy_from_slice(end);
        }
    }
    is_whole
}

/// Reads a record that was put right.
pub(super) fn read(record: &[u8]) -> Option<Record> {
    let flags = u16_at(record, 22)?;
    let mut read = Record {
        sequence: u16_at(record, 16)?,
        in_use: flags & 1 != 0,
        is_folder: flags & 2 != 0,
        base: u64_at(record, 32).filter(|base| *base != 0).map(Reference::of),
        ..Record::default()
    };
    let mut at = usize::from(u16_at(record, 20)?);
    for _ in 0..ATTRIBUTES_MAX {
        let Some(kind) = u32_at(record, at).filter(|kind| *kind != u32::MAX) else { break };
        let length = u32_at(record, at.saturating_add(4)).unwrap_or(0) as usize;
        let Some(attribute) = slice(record, at, length).filter(|_| length >= 24) else { break };
        match kind {
            0x10 => add_times(&mut read, attribute),
            0x30 => add_name(&mut read, attribute),
            0x80 => add_stream(&mut read, attribute),
            _ => {}
        }
        at = at.saturating_add(length);
    }
    Some(read)
}

fn resident(attribute: &[u8]) -> Option<&[u8]> {
    let is_resident = *attribute.get(8)? == 0;
    let (length, at) = (u32_at(attribute, 16)?, u16_at(attribute, 20)?);
    slice(attribute, at.into(), length as usize).filter(|_| is_resident)
}

fn add_times(record: &mut Record, attribute: &[u8]) {
    let Some(content) = resident(attribute) else { return };
    for (time, at) in record.times.iter_mut().zip([0, 8, 16]) {
        *time = u64_at(content, at).unwrap_or(0);
    }
}

fn add_name(record: &mut Record, attribute: &[u8]) {
    let Some(content) = resident(attribute) else { return };
    let (Some(parent), Some([length, space])) = (u64_at(content, 0), content.get(64..66)) else { return };
    let Some(name) = slice(content, 66, usize::from(*length).saturating_mul(2)) else { return };
    // Names made for MS-DOS stand beside a longer one.
    if *space != 2 {
        let times = [u64_at(content, 8).unwrap_or(0), u64_at(content, 16).unwrap_or(0)];
        record.names.push(Name { parent: Reference::of(parent), text: utf16(name), times });
    }
}

fn add_stream(record: &mut Record, attribute: &[u8]) {
    let (Some(length), Some(at)) = (attribute.get(9), u16_at(attribute, 10)) else { return };
    let name =
        slice(attribute, at.into(), usize::from(*length).saturating_mul(2)).map(utf16).unwrap_or_default();
    let stream = match resident(attribute) {
        Some(content) => Stream { name, size: content.len() as u64, resident: Some(content.to_vec()) },
        // Only the first of several parts tells the size.
        None if u64_at(attribute, 16) == Some(0) => {
            Stream { name, size: u64_at(attribute, 48).unwrap_or(0), resident: None }
        }
        None => return,
    };
    record.streams.push(stream);
}

/// Size of the records of a table, in bytes, by its first one; nothing for what is no table.
pub(super) fn record_bytes(head: &[u8]) -> Option<usize> {
    let size = u32_at(head, 28)? as usize;
    let first = usize::from(u16_at(head, 20)?);
    let is_record = head.starts_with(b"FILE") || head.starts_with(b"BAAD");
    (is_record && matches!(size, 1024 | 2048 | 4096) && (40..512).contains(&first)).then_some(size)
}
