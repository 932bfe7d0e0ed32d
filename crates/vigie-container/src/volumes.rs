//! Partitions of a disk (MBR with logical ones, GPT), and which file system each holds.

use std::io;
use std::sync::Arc;

use crate::Bytes;
use crate::bytes::{Window, take_at};
use crate::field::{u16_le, u32_le, u64_le, utf16_le};

/// Logical partitions of one disk.
const LOGICAL_MAX: usize = 128;
/// Entries of a GPT.
const GPT_MAX: u32 = 1024;
const PROTECTIVE: u8 = 0xee;
const EXTENDED: &[u8] = &[0x05, 0x0f, 0x85];

/// A partition.
#[derive(Clone, Debug)]
pub struct Volume {
    /// Its number, from 1; 0 when the disk has no partitions and is the volume.
    pub number: usize,
    /// Its bytes.
    pub bytes: Bytes,
    /// What a GPT calls it.
    pub label: String,
    /// What is on it.
    pub system: FileSystem,
}

/// What is on a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileSystem {
    /// NTFS.
    Ntfs,
    /// Encrypted, with this.
    Encrypted(&'static str),
    /// A file system that is recognised and not read.
    Unread(&'static str),
    /// Nothing that is known.
    Unknown,
}

/// Whether the first bytes are those of a disk or volume: a boot sector, with a table of partitions that makes sense or
/// a file system.
pub fn is_disk(head: &[u8]) -> bool {
    if head.len() < 512 || u16_le(head, 510) != Some(0xaa55) {
        return false;
    }
    let boots = |entry: &[u8]| entry.first().is_some_and(|flag| matches!(flag, 0 | 0x80));
    let table = head.get(446..510).unwrap_or_default();
    let entries = || table.chunks_exact(16);
    let used = entries().filter(|entry| entry.get(4).is_some_and(|kind| *kind != 0));
    let makes_sense =
        |entry: &[u8]| u32_le(entry, 8).is_some_and(|start| start > 0) && u32_le(entry, 12) != Some(0);
    let is_table = entries().all(boots) && used.clone().count() > 0 && used.clone().all(makes_sense);
    is_table || system_of_boot(head) != FileSystem::Unknown
}

/// The volumes of a disk, and what is wrong with its tables.
///
/// # Errors
/// When the beginning of the disk cannot be read.
pub fn list(disk: &Bytes) -> io::Result<(Vec<Volume>, Vec<String>)> {
    let mut notes = Vec::new();
    let whole = Volume { number: 0, bytes: Arc::clone(disk), label: String::new(), system: system(disk)? };
    let boot = take_at(disk.as_ref(), 0, 512)?;
    if whole.system != FileSystem::Unknown || u16_le(&boot, 510) != Some(0xaa55) {
        return Ok((vec![whole], notes));
    }
    let table = entries_of(&boot);
    let parts = if table.iter().any(|entry| entry.kind == PROTECTIVE) {
        gpt(disk, &mut notes)?
    } else {
        mbr(disk, &table, &mut notes)?
    };
    let mut volumes = Vec::new();
    for (index, (start, len, label)) in parts.into_iter().enumerate() {
        let number = index.saturating_add(1);
        if start >= disk.size() {
            notes.push(format!("partition {number} begins at {start}, beyond the end of the disk"));
            continue;
        }
        if start.checked_add(len).is_none_or(|end| end > disk.size()) {
            notes.push(format!("partition {number} ends beyond the end of the disk"));
        }
        let len = len.min(disk.size().saturating_sub(start));
        let bytes: Bytes = Arc::new(Window { of: Arc::clone(disk), start, len });
        let system = system(&bytes)?;
        volumes.push(Volume { number, bytes, label, system });
    }
    Ok((volumes, notes))
}

/// An entry of a boot record: its kind, and start and length in sectors.
struct Entry {
    kind: u8,
    start: u64,
    len: u64,
}

fn entries_of(record: &[u8]) -> Vec<Entry> {
    let table = record.get(446..510).unwrap_or_default();
    let entry = |bytes: &[u8]| {
        let (start, len) = (u32_le(bytes, 8)?, u32_le(bytes, 12)?);
        Some(Entry { kind: *bytes.get(4)?, start: u64::from(start), len: u64::from(len) })
    };
    table.chunks_exact(16).filter_map(entry).filter(|entry| entry.kind != 0 && entry.len > 0).collect()
}

type Part = (u64, u64, String);

fn mbr(disk: &Bytes, table: &[Entry], notes: &mut Vec<String>) -> io::Result<Vec<Part>> {
    let part = |start: u64, len: u64| (start.saturating_mul(512), len.saturating_mul(512), String::new());
    let mut parts = Vec::new();
    for entry in table {
        if !EXTENDED.contains(&entry.kind) {
            parts.push(part(entry.start, entry.len));
            continue;
        }
        let mut seen = Vec::new();
        let mut at = entry.start;
        // A chain of records, which a hostile disk may close to a ring.
        while seen.len() < LOGICAL_MAX {
            if seen.contains(&at) {
                notes.push(format!("the chain of logical partitions comes back to sector {at}"));
                break;
            }
            seen.push(at);
            let record = take_at(disk.as_ref(), at.saturating_mul(512), 512)?;
            if u16_le(&record, 510) != Some(0xaa55) {
                notes.push(format!("no record of a logical partition at sector {at}"));
                break;
            }
            let entries = entries_of(&record);
            let logical = entries.iter().filter(|entry| !EXTENDED.contains(&entry.kind));
            parts.extend(logical.map(|logical| part(at.saturating_add(logical.start), logical.len)));
            match entries.iter().find(|entry| EXTENDED.contains(&entry.kind)) {
                Some(next) => at = entry.start.saturating_add(next.start),
                None => break,
            }
        }
    }
    Ok(parts)
}

fn gpt(disk: &Bytes, notes: &mut Vec<String>) -> io::Result<Vec<Part>> {
    let last = disk.size().saturating_sub(512);
    for (at, sector) in [(512, 512), (4096, 4096), (last, 512)] {
        let header = take_at(disk.as_ref(), at, 92)?;
        if !header.starts_with(b"EFI PART") {
            continue;
        }
        if at == last {
            notes.push("the first table of partitions is damaged: its copy at the end was used".to_owned());
        }
        let fields = (u64_le(&header, 72), u32_le(&header, 80), u32_le(&header, 84));
        let (Some(table), Some(count), Some(size)) = fields else { continue };
        if !(128..=4096).contains(&size) {
            notes.push(format!("entries of {size} bytes in the table of partitions"));
            continue;
        }
        let (count, size) = (count.min(GPT_MAX), usize::try_from(size).unwrap_or(128));
        let length = usize::try_from(count).unwrap_or(0).saturating_mul(size);
        let table = take_at(disk.as_ref(), table.saturating_mul(sector), length)?;
        let part = |entry: &[u8]| {
            let (first, last) = (u64_le(entry, 32)?, u64_le(entry, 40)?);
            let is_used = entry.get(..16)?.iter().any(|byte| *byte != 0) && last >= first;
            let name = utf16_le(entry.get(56..128)?).trim_end_matches('\0').to_owned();
            let len = last.saturating_sub(first).saturating_add(1).saturating_mul(sector);
            is_used.then(|| (first.saturating_mul(sector), len, name))
        };
        return Ok(table.chunks_exact(size).filter_map(part).collect());
    }
    notes.push("no table of partitions where a GPT has one".to_owned());
    Ok(Vec::new())
}

/// What is on a volume, by its first bytes.
///
/// # Errors
/// When they cannot be read.
fn system(volume: &Bytes) -> io::Result<FileSystem> {
    let head = match take_at(volume.as_ref(), 0, 4096) {
        Ok(head) => head,
        // One volume that cannot be read does not take the others with it.
        Err(error) if crate::Failure::of(&error).is_some() => return Ok(FileSystem::Unknown),
        Err(error) => return Err(error),
    };
    let known = system_of_boot(&head);
    if known == FileSystem::Unknown && u16_le(&head, 1080) == Some(0xef53) {
        return Ok(FileSystem::Unread("ext2, ext3 or ext4"));
    }
    Ok(known)
}

fn system_of_boot(head: &[u8]) -> FileSystem {
    let at = |at: usize, magic: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(magic));
    if at(3, b"NTFS    ") {
        FileSystem::Ntfs
    } else if at(3, b"-FVE-FS-") || at(3, b"MSWIN4.1") && at(424, b"\x3b\xd6\x67\x49") {
        FileSystem::Encrypted("BitLocker")
    } else if at(0, b"LUKS\xba\xbe") {
        FileSystem::Encrypted("LUKS")
    } else if at(3, b"ReFS\0\0\0\0") {
        FileSystem::Unread("ReFS")
    } else if at(3, b"EXFAT   ") {
        FileSystem::Unread("exFAT")
    } else if at(82, b"FAT32   ") || at(54, b"FAT12   ") || at(54, b"FAT16   ") {
        FileSystem::Unread("FAT")
    } else {
        FileSystem::Unknown
    }
}
