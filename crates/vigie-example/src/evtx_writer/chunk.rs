//! One chunk: its records, and the tables of names and templates that they share.

use std::collections::BTreeMap;

use super::binxml;
use super::{CHUNK_BYTES, Event};
use crate::clock::filetime;

const HEADER_BYTES: usize = 512;
const RECORD_HEADER_BYTES: usize = 24;
const NAME_BUCKETS: usize = 64;
const TEMPLATE_BUCKETS: usize = 32;

/// A chunk being filled. All offsets inside count from the start of the chunk.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) bytes: Vec<u8>,
    names: Table,
    templates: Table,
    first_record: u64,
    records: u64,
    last_offset: usize,
}

/// Offsets of what is stored once a chunk, and the heads of the chains by which readers find it.
#[derive(Debug)]
struct Table {
    offsets: BTreeMap<String, u32>,
    heads: Vec<u32>,
}

impl Table {
    fn new(buckets: usize) -> Table {
        Table { offsets: BTreeMap::new(), heads: vec![0; buckets] }
    }

    /// Forgets what lies at or after `end`. A chain's link to the older entry is the entry's first word.
    fn cut(&mut self, end: usize, bytes: &[u8]) {
        self.offsets.retain(|_, offset| (*offset as usize) < end);
        for head in &mut self.heads {
            while *head as usize >= end {
                *head = word_at(bytes, *head as usize);
            }
        }
    }
}

fn word_at(bytes: &[u8], at: usize) -> u32 {
    let word = bytes.get(at..at + 4).and_then(|word| word.try_into().ok());
    word.map_or(0, u32::from_le_bytes)
}

impl Chunk {
    /// An empty chunk whose first record has this number.
    pub(super) fn new(first_record: u64) -> Chunk {
        Chunk {
            bytes: vec![0; HEADER_BYTES],
            names: Table::new(NAME_BUCKETS),
            templates: Table::new(TEMPLATE_BUCKETS),
            first_record,
            records: 0,
            last_offset: 0,
        }
    }

    /// Whether it holds no record.
    pub(super) fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Adds a record; false, and unchanged, when it does not fit any more.
    pub(super) fn push(&mut self, id: u64, event: &Event) -> bool {
        let start = self.bytes.len();
        self.bytes.extend(0x0000_2a2a_u32.to_le_bytes());
        self.bytes.extend(0_u32.to_le_bytes());
        self.bytes.extend(id.to_le_bytes());
        self.bytes.extend(filetime(event.time).to_le_bytes());
        debug_assert_eq!(self.bytes.len(), start + RECORD_HEADER_BYTES);
        binxml::event(self, id, event);
        // Windows keeps records on multiples of eight; the size is repeated at the very end.
        while !(self.bytes.len() + 4).is_multiple_of(8) {
            self.bytes.push(0);
        }
        let size = u32::try_from(self.bytes.len() + 4 - start).unwrap_or(u32::MAX);
        self.bytes.extend(size.to_le_bytes());
        self.patch(start + 4, size);
        if self.bytes.len() > CHUNK_BYTES {
            self.names.cut(start, &self.bytes);
            self.templates.cut(start, &self.bytes);
            self.bytes.truncate(start);
            return false;
        }
        self.last_offset = start;
        self.records += 1;
        true
    }

    /// Overwrites four bytes.
    pub(super) fn patch(&mut self, at: usize, value: u32) {
        self.bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    /// Where the next byte goes.
    pub(super) fn position(&self) -> u32 {
        u32::try_from(self.bytes.len()).unwrap_or(u32::MAX)
    }

    /// A name of an element or attribute: a reference, and at its first use the name itself.
    pub(super) fn name(&mut self, name: &str) {
        if let Some(offset) = self.names.offsets.get(name) {
            self.bytes.extend(offset.to_le_bytes());
            return;
        }
        let offset = self.position() + 4;
        let hash = name_hash(name);
        let head = &mut self.names.heads[usize::from(hash) % NAME_BUCKETS];
        let older = std::mem::replace(head, offset);
        self.names.offsets.insert(name.to_owned(), offset);
        self.bytes.extend(offset.to_le_bytes());
        self.bytes.extend(older.to_le_bytes());
        self.bytes.extend(hash.to_le_bytes());
        let units = u16::try_from(name.encode_utf16().count()).unwrap_or(u16::MAX);
        self.bytes.extend(units.to_le_bytes());
        for unit in name.encode_utf16().take(usize::from(units)) {
            self.bytes.extend(unit.to_le_bytes());
        }
        self.bytes.extend([0, 0]);
    }

    /// Where a template was defined in this chunk.
    pub(super) fn template(&self, key: &str) -> Option<u32> {
        self.templates.offsets.get(key).copied()
    }

    /// Notes that a template is defined here, and tells the older one of its chain.
    pub(super) fn define_template(&mut self, key: String, short_id: u32) -> u32 {
        let offset = self.position();
        self.templates.offsets.insert(key, offset);
        std::mem::replace(&mut self.templates.heads[short_id as usize % TEMPLATE_BUCKETS], offset)
    }

    /// The 64 KiB of the chunk.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let free = self.bytes.len();
        let last = (self.first_record + self.records).saturating_sub(1);
        self.bytes[..8].copy_from_slice(b"ElfChnk\0");
        for (at, number) in [(8, self.first_record), (16, last), (24, self.first_record), (32, last)] {
            self.bytes[at..at + 8].copy_from_slice(&number.to_le_bytes());
        }
        self.patch(40, 128);
        self.patch(44, u32::try_from(self.last_offset).unwrap_or(0));
        self.patch(48, u32::try_from(free).unwrap_or(0));
        let records = crc32fast::hash(&self.bytes[HEADER_BYTES..]);
        self.patch(52, records);
        let heads: Vec<u32> = self.names.heads.iter().chain(&self.templates.heads).copied().collect();
        for (place, head) in heads.into_iter().enumerate() {
            self.patch(128 + place * 4, head);
        }
        self.patch(120, 1);
        let mut header = crc32fast::Hasher::new();
        header.update(&self.bytes[..120]);
        header.update(&self.bytes[128..HEADER_BYTES]);
        let header = header.finalize();
        self.patch(124, header);
        self.bytes.resize(CHUNK_BYTES, 0);
        self.bytes
    }
}

/// The hash that Windows stores beside a name.
fn name_hash(name: &str) -> u16 {
    let hash =
        name.encode_utf16().fold(0_u32, |hash, unit| hash.wrapping_mul(65_599).wrapping_add(u32::from(unit)));
    u16::try_from(hash & 0xffff).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_names_as_windows_does() {
        // Values read in event logs that Windows wrote.
        assert_eq!(name_hash("Event"), 0x0cba);
        assert_eq!(name_hash("xmlns"), 0x0fbc);
        assert_eq!(name_hash("EventData"), 0x8244);
    }
}
