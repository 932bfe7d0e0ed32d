//! Every file of a volume with its path, out of one pass over the table.

use std::collections::HashMap;
use std::io;

use super::record::{Attribute, Content, Record};
use super::{DATA, NAME, Ntfs, STANDARD};
use crate::field::{u16_le, u64_le, utf16_le};
use crate::{Failure, ReadAt, bytes};

/// Folders within folders.
const DEPTH_MAX: usize = 128;
/// Bytes of the table that are read at a time.
const READ_BYTES: u64 = 1 << 20;
/// Records that are read for each file that is asked for: files have parts, and records lie unused.
const RECORDS_PER_FILE: u64 = 4;
/// The record of the root folder.
const ROOT: u64 = 5;

/// What a volume holds.
#[derive(Debug, Default)]
pub struct Listing {
    nodes: HashMap<u64, Node>,
    /// Streams beside the main ones: record, name, size.
    streams: Vec<(u64, String, u64)>,
    /// Records that could not be read.
    pub damaged: u64,
    /// Whether there are more files than asked for.
    pub cut: bool,
}

/// A file or folder, before its path is put together.
#[derive(Clone, Debug, Default)]
struct Node {
    name: String,
    /// The kind of name: the short one of DOS gives way to any other.
    name_rank: u8,
    parent: u64,
    parent_sequence: u16,
    sequence: u16,
    is_used: bool,
    is_folder: bool,
    size: Option<u64>,
    modified: u64,
    created: u64,
}

/// A stream of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The record in the table.
    pub record: u64,
    /// The path from the root, with slashes, without one at the beginning.
    pub path: String,
    /// The name of the stream; empty for the main one.
    pub stream: String,
    /// Its size in bytes.
    pub size: u64,
    /// Last modification and creation, in 100 ns since 1601.
    pub times: (u64, u64),
    /// Whether it is there.
    pub state: State,
}

/// Whether a file is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is.
    Live,
    /// It is, and the folder that it was in is not.
    Orphan,
    /// It was deleted; its record is still in the table.
    Deleted,
}

pub(super) fn list(ntfs: &Ntfs, files_max: usize) -> io::Result<Listing> {
    let mut listing = Listing::default();
    let record_bytes = usize::try_from(ntfs.record_bytes).unwrap_or(1024);
    // The table is stored whole: what it claims beyond its volume, or beyond what anybody asked for, is a lie that costs time.
    let claimed = ntfs.table.size();
    let enough = (files_max as u64).saturating_mul(RECORDS_PER_FILE).saturating_mul(ntfs.record_bytes);
    let size = claimed.min(ntfs.volume.size()).min(enough);
    listing.cut = size < claimed;
    let mut number = 0_u64;
    let mut at = 0_u64;
    let mut room = vec![0; usize::try_from(READ_BYTES).unwrap_or(0)];
    while at < size {
        let length = usize::try_from(size.saturating_sub(at).min(READ_BYTES)).unwrap_or(0);
        let piece = room.get_mut(..length).unwrap_or_default();
        // Where a piece of the table cannot be read, the next one may be.
        let filled = match bytes::fill_at(&ntfs.table, at, piece) {
            Ok(filled) => filled,
            Err(error) if Failure::of(&error).is_some() => {
                piece.fill(0);
                listing.damaged = listing.damaged.saturating_add(1);
                length
            }
            Err(error) => return Err(error),
        };
        for bytes in piece.get(..filled).unwrap_or_default().chunks_exact(record_bytes) {
            if listing.nodes.len() >= files_max {
                listing.cut = true;
                return Ok(listing);
            }
            listing.take(number, bytes);
            number = number.saturating_add(1);
        }
        if filled < length {
            break;
        }
        at = at.saturating_add(length as u64);
    }
    Ok(listing)
}

impl Listing {
    fn take(&mut self, number: u64, bytes: &[u8]) {
        // Records that were never used are zeros.
        if bytes.iter().take(4).all(|byte| *byte == 0) {
            return;
        }
        let Ok(record) = Record::of(bytes.to_vec()) else {
            self.damaged = self.damaged.saturating_add(1);
            return;
        };
        let (is_used, is_folder) = record.flags();
        let owner = record.base().unwrap_or(number);
        let node = self.nodes.entry(owner).or_default();
        if owner == number {
            node.sequence = record.sequence();
            (node.is_used, node.is_folder) = (is_used, is_folder);
        }
        for attribute in record.attributes() {
            match attribute.kind {
                STANDARD => node.take_times(&attribute),
                NAME => node.take_name(&attribute),
                DATA => match attribute.size() {
                    Some(size) if attribute.name.is_empty() => node.size = Some(size),
                    Some(size) => self.streams.push((owner, attribute.name, size)),
                    None => {}
                },
                _ => {}
            }
        }
    }

    /// Every stream of every file, ordered by record.
    pub fn found(&self) -> impl Iterator<Item = Found> {
        let mut numbers: Vec<u64> = self.nodes.keys().copied().collect();
        numbers.sort_unstable();
        let main = numbers.into_iter().filter_map(|number| {
            let node = self.nodes.get(&number)?;
            self.stream(number, String::new(), node.size?)
        });
        let mut streams: Vec<&(u64, String, u64)> = self.streams.iter().collect();
        streams.sort();
        let others =
            streams.into_iter().filter_map(|(number, name, size)| self.stream(*number, name.clone(), *size));
        main.chain(others)
    }

    fn stream(&self, record: u64, stream: String, size: u64) -> Option<Found> {
        let node = self.nodes.get(&record)?;
        // A record without a name is a part of another whose own record is gone.
        if node.name.is_empty() {
            return None;
        }
        let (path, is_orphan) = self.path(node);
        let state = match (node.is_used, is_orphan) {
            (false, _) => State::Deleted,
            (true, true) => State::Orphan,
            (true, false) => State::Live,
        };
        Some(Found { record, path, stream, size, times: (node.modified, node.created), state })
    }

    /// The path of a file, and whether it leads to the root.
    fn path(&self, node: &Node) -> (String, bool) {
        let mut names = vec![node.name.as_str()];
        let (mut parent, mut sequence) = (node.parent, node.parent_sequence);
        for _ in 0..DEPTH_MAX {
            if parent == ROOT {
                names.reverse();
                return (names.join("/"), false);
            }
            match self.nodes.get(&parent) {
                Some(folder)
                    if folder.sequence == sequence && folder.is_folder && !folder.name.is_empty() =>
                {
                    names.push(&folder.name);
                    (parent, sequence) = (folder.parent, folder.parent_sequence);
                }
                Some(_) | None => break,
            }
        }
        names.push("$Orphan");
        names.truncate(DEPTH_MAX);
        names.reverse();
        (names.join("/"), true)
    }
}

impl Node {
    fn take_times(&mut self, attribute: &Attribute<'_>) {
        if let Content::Resident(value) = attribute.content {
            self.created = u64_le(value, 0).unwrap_or(0);
            self.modified = u64_le(value, 8).unwrap_or(0);
        }
    }

    fn take_name(&mut self, attribute: &Attribute<'_>) {
        let Content::Resident(value) = attribute.content else { return };
        let (Some(parent), Some(length), Some(space)) = (u64_le(value, 0), value.get(64), value.get(65))
        else {
            return;
        };
        // POSIX 0, Win32 1, DOS 2, both of these in one 3.
        let rank = if *space == 2 { 1 } else { 2 };
        let end = usize::from(*length).saturating_mul(2).saturating_add(66);
        let Some(name) = value.get(66..end) else { return };
        if rank > self.name_rank {
            self.name = utf16_le(name).replace('/', "\u{2215}");
            self.name_rank = rank;
            self.parent = parent & 0xffff_ffff_ffff;
            self.parent_sequence = u16_le(value, 6).unwrap_or(0);
            if self.modified == 0 {
                self.modified = u64_le(value, 16).unwrap_or(0);
            }
        }
    }
}
