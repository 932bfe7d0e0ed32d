//! The folders of a volume: from a file's parent to its whole path.
//!
//! A record that was used again belongs to another folder than the one a file was put in: sequence numbers tell, and what
//! they do not settle is written as `?`, which no name on Windows can be. Loops end there as well.

use std::collections::HashMap;
use std::io::Read;

use super::mft_record::{self, Record, Reference};

/// The root folder's record.
const ROOT: u64 = 5;
/// Folders within folders; Windows allows fewer.
const DEPTH_MAX: usize = 256;
/// Folders that are remembered; one more than any server has.
const FOLDERS_MAX: usize = 4_000_000;
/// Bytes of folder names that are remembered.
const NAME_BYTES_MAX: usize = 96 << 20;
/// A path is cut here, in bytes.
const PATH_BYTES_MAX: usize = 8 << 10;
/// Stands for a folder that is not known any more.
pub(super) const UNKNOWN: &str = "?";

struct Folder {
    sequence: u16,
    in_use: bool,
    parent: Reference,
    name: (u32, u16),
}

/// Every folder of a volume that is known so far.
#[derive(Default)]
pub(super) struct Folders {
    by_entry: HashMap<u64, Folder>,
    names: String,
    /// Whether some were left out.
    pub(super) is_full: bool,
}

impl Folders {
    /// Remembers a folder.
    pub(super) fn add(&mut self, own: Reference, in_use: bool, parent: Reference, name: &str) {
        if self.by_entry.len() >= FOLDERS_MAX || self.names.len() >= NAME_BYTES_MAX {
            self.is_full = true;
            return;
        }
        let (Ok(start), Ok(length)) = (u32::try_from(self.names.len()), u16::try_from(name.len())) else {
            return;
        };
        self.names.push_str(name);
        let folder = Folder { sequence: own.sequence, in_use, parent, name: (start, length) };
        self.by_entry.insert(own.entry, folder);
    }

    /// Remembers the folder of a record, if it is one.
    pub(super) fn add_record(&mut self, entry: u64, record: &Record) {
        if let (true, None, Some(name)) = (record.is_folder, record.base, record.names.first()) {
            let own = Reference { entry, sequence: record.sequence };
            self.add(own, record.in_use, name.parent, &name.text);
        }
    }

    /// Whether a record is that of a folder.
    pub(super) fn has(&self, entry: u64) -> bool {
        self.by_entry.contains_key(&entry)
    }

    /// Writes the path of a folder, without a drive and with a backslash at its end: `\inetpub\`.
    pub(super) fn path(&self, folder: Reference, path: &mut String) {
        path.clear();
        let mut parts: Vec<&str> = Vec::new();
        let mut at = folder;
        let mut is_known = false;
        for _ in 0..DEPTH_MAX {
            if at.entry == ROOT {
                is_known = true;
                break;
            }
            let Some(folder) = self.by_entry.get(&at.entry).filter(|folder| folder.is_meant_by(at)) else {
                break;
            };
            let (start, length) = (folder.name.0 as usize, usize::from(folder.name.1));
            parts.push(self.names.get(start..start.saturating_add(length)).unwrap_or(UNKNOWN));
            at = folder.parent;
        }
        if parts.len() >= DEPTH_MAX {
            // Folders that lie in each other: what was gone through says nothing, and would say it at length.
            parts.clear();
        }
        path.push('\\');
        if !is_known {
            path.push_str(UNKNOWN);
            path.push('\\');
        }
        for part in parts.iter().rev() {
            if path.len().saturating_add(part.len()) < PATH_BYTES_MAX {
                path.push_str(part);
                path.push('\\');
            }
        }
    }
}

impl Folder {
    /// Deleting a folder counts its sequence number up; what lay in it still names the number before.
    fn is_meant_by(&self, reference: Reference) -> bool {
        self.sequence == reference.sequence
            || reference.sequence == 0
            || (!self.in_use && self.sequence == reference.sequence.wrapping_add(1))
    }
}

/// The folders of a whole table, read for their sake only.
pub(super) fn of_table(table: &mut dyn Read) -> Folders {
    let mut folders = Folders::default();
    let mut records = Records::default();
    while let Some((entry, bytes)) = records.next(table) {
        mft_record::put_right(bytes);
        if bytes.starts_with(b"FILE")
            && let Some(record) = mft_record::read(bytes)
        {
            folders.add_record(entry, &record);
        }
    }
    folders
}

/// Cuts a table into its records while it is read.
#[derive(Default)]
pub(super) struct Records {
    buffer: Vec<u8>,
    filled: usize,
    at: usize,
    /// Size of a record, in bytes; known when the first was read.
    pub(super) size: usize,
    entry: u64,
}

/// Bytes read at a time: a multiple of every size that records have.
const BLOCK_BYTES: usize = 1 << 20;

impl Records {
    /// The next record and its number; none when less than a whole one is left.
    pub(super) fn next(&mut self, table: &mut dyn Read) -> Option<(u64, &mut [u8])> {
        if self.size == 0 || self.at.saturating_add(self.size) > self.filled {
            self.refill(table);
        }
        if self.size == 0 {
            self.size = mft_record::record_bytes(self.buffer.get(..self.filled)?).unwrap_or(1024);
        }
        let end = self.at.checked_add(self.size).filter(|end| *end <= self.filled)?;
        let bytes = self.buffer.get_mut(self.at..end)?;
        let entry = self.entry;
        self.at = end;
        self.entry = self.entry.saturating_add(1);
        Some((entry, bytes))
    }

    /// Bytes behind the last whole record.
    pub(super) fn rest(&self) -> usize {
        self.filled.saturating_sub(self.at)
    }

    fn refill(&mut self, table: &mut dyn Read) {
        self.buffer.resize(BLOCK_BYTES, 0);
        let rest = self.rest();
        self.buffer.copy_within(self.at..self.filled, 0);
        (self.at, self.filled) = (0, rest);
        while let Some(room) = self.buffer.get_mut(self.filled..).filter(|room| !room.is_empty()) {
            // An error is the end here: the caller of a parser finds its reason in the input.
            match table.read(room) {
                Ok(count) if count > 0 => self.filled = self.filled.saturating_add(count),
                _ => break,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(entry: u64, sequence: u16) -> Reference {
        Reference { entry, sequence }
    }

    #[test]
    fn paths_end_at_the_root_or_at_what_is_not_known() {
        let mut folders = Folders::default();
        folders.add(reference(30, 1), true, reference(ROOT, 5), "inetpub");
        folders.add(reference(31, 2), true, reference(30, 1), "wwwroot");
        folders.add(reference(40, 4), false, reference(30, 1), "gone");
        folders.add(reference(50, 1), true, reference(51, 1), "a");
        folders.add(reference(51, 1), true, reference(50, 1), "b");
        let mut path = String::new();
        let mut path_of = |entry, sequence| {
            folders.path(reference(entry, sequence), &mut path);
            path.clone()
        };
        assert_eq!(path_of(ROOT, 5), r"\");
        assert_eq!(path_of(31, 2), r"\inetpub\wwwroot\");
        assert_eq!(path_of(40, 3), r"\inetpub\gone\", "deleted since");
        assert_eq!(path_of(31, 1), r"\?\", "the record was used again");
        assert_eq!(path_of(99, 1), r"\?\");
        assert_eq!(path_of(50, 1), r"\?\", "folders that lie in each other");
    }
}
