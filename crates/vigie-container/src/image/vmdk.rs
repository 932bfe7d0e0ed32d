//! VMDK: sparse and stream-optimized disks, and descriptors with their extents.
//!
//! Described in `VMware`'s "Virtual Disk Format 5.0".

use std::io;
use std::sync::Arc;

use super::split::Joined;
use super::{Disk, Siblings};
use crate::bytes::{Window, take_at};
use crate::cache::{self, Cache, within};
use crate::field::{u16_le, u32_le, u64_le, until_nul};
use crate::{Bytes, Failure, Kind, ReadAt};

const SECTOR: u64 = 512;
/// Bytes of a descriptor.
const DESCRIPTOR_BYTES_MAX: u64 = 1 << 20;
/// Extents of one disk.
const EXTENTS_MAX: usize = 10_000;
/// Tables of grains: 8 TiB in grains of 64 KiB.
const TABLES_MAX: u64 = 1 << 19;
/// Bytes of one grain.
const GRAIN_BYTES_MAX: u64 = 16 << 20;

pub(super) fn open(image: Bytes, siblings: Siblings<'_>) -> io::Result<Disk> {
    let head = take_at(image.as_ref(), 0, 512)?;
    if !head.starts_with(b"KDMV") {
        let length = usize::try_from(image.size().min(DESCRIPTOR_BYTES_MAX)).unwrap_or(0);
        let text = take_at(image.as_ref(), 0, length)?;
        return described(&text, siblings);
    }
    let place = (u64_le(&head, 28).unwrap_or(0), u64_le(&head, 36).unwrap_or(0));
    if place.0 != 0 {
        let length = usize::try_from(place.1.saturating_mul(SECTOR).min(DESCRIPTOR_BYTES_MAX)).unwrap_or(0);
        let text = take_at(image.as_ref(), place.0.saturating_mul(SECTOR), length)?;
        refuse_snapshot(&String::from_utf8_lossy(until_nul(&text)))?;
    }
    Ok(Disk { bytes: Arc::new(Sparse::open(image)?), notes: Vec::new() })
}

/// A snapshot holds only what changed since its parent.
fn refuse_snapshot(text: &str) -> io::Result<()> {
    let value = |key: &str| text.lines().find_map(|line| line.trim().strip_prefix(key)).map(str::trim);
    let parent = value("parentCID=").unwrap_or("ffffffff");
    if parent.eq_ignore_ascii_case("ffffffff") {
        return Ok(());
    }
    let name = value("parentFileNameHint=").unwrap_or("not named");
    let message =
        format!("a VMDK snapshot: its parent ({name}) is not read with it; consolidate the snapshots first");
    Err(Failure::new(Kind::Unsupported, message).into())
}

/// A disk of extents, each a file beside the descriptor.
fn described(text: &[u8], siblings: Siblings<'_>) -> io::Result<Disk> {
    let text = String::from_utf8_lossy(text);
    refuse_snapshot(&text)?;
    let mut disk = Joined { pieces: Vec::new(), size: 0 };
    for line in text.lines().filter_map(Extent::of).take(EXTENTS_MAX) {
        let extent = line.bytes(siblings)?;
        disk.pieces.push((disk.size, extent));
        disk.size = disk.size.saturating_add(line.len);
    }
    if disk.pieces.is_empty() {
        return Err(Failure::damaged("the descriptor names no extent").into());
    }
    Ok(Disk { bytes: Arc::new(disk), notes: Vec::new() })
}

/// `RW 4192256 SPARSE "disk-s001.vmdk"`, `RW 8388608 FLAT "disk-flat.vmdk" 0`.
struct Extent<'a> {
    len: u64,
    kind: &'a str,
    name: &'a str,
    offset: u64,
}

impl<'a> Extent<'a> {
    fn of(line: &'a str) -> Option<Extent<'a>> {
        let mut words = line.splitn(4, ' ');
        let access = words.next()?;
        if !matches!(access, "RW" | "RDONLY" | "NOACCESS") {
            return None;
        }
        let sectors: u64 = words.next()?.parse().ok()?;
        let kind = words.next()?.trim();
        let rest = words.next().unwrap_or_default();
        let mut quoted = rest.split('"');
        let name = quoted.nth(1).unwrap_or_default();
        let offset: u64 = quoted.next().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        Some(Extent {
            len: sectors.saturating_mul(SECTOR),
            kind,
            name,
            offset: offset.saturating_mul(SECTOR),
        })
    }

    fn bytes(&self, siblings: Siblings<'_>) -> io::Result<Bytes> {
        if self.kind == "ZERO" {
            return Ok(Arc::new(Zeros(self.len)));
        }
        let is_flat = matches!(self.kind, "FLAT" | "VMFS");
        if !is_flat && self.kind != "SPARSE" {
            let message = format!("a VMDK extent of type {}", self.kind);
            return Err(Failure::new(Kind::Unsupported, message).into());
        }
        let Some(bytes) = siblings(self.name)? else {
            let message = format!("the extent {:?} must lie beside the descriptor", self.name);
            return Err(Failure::new(Kind::Missing, message).into());
        };
        if is_flat {
            return Ok(Arc::new(Window { of: bytes, start: self.offset, len: self.len }));
        }
        Ok(Arc::new(Window { of: Arc::new(Sparse::open(bytes)?), start: 0, len: self.len }))
    }
}

/// Nothing but zeros.
#[derive(Debug)]
struct Zeros(u64);

impl ReadAt for Zeros {
    fn size(&self) -> u64 {
        self.0
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let buffer = within(buffer, self.0.saturating_sub(at));
        buffer.fill(0);
        Ok(buffer.len())
    }
}

#[derive(Debug)]
struct Sparse {
    image: Bytes,
    size: u64,
    grain_bytes: u64,
    /// Grains that one table lists.
    per_table: u64,
    /// The sector of each table.
    tables: Vec<u32>,
    compressed: bool,
    cache: Cache,
}

impl Sparse {
    fn open(image: Bytes) -> io::Result<Sparse> {
        let mut head = take_at(image.as_ref(), 0, 512)?;
        if u64_le(&head, 56) == Some(u64::MAX) {
            // Written in one go: the header that is right stands at the end.
            head = take_at(image.as_ref(), image.size().saturating_sub(1024), 512)?;
        }
        if !head.starts_with(b"KDMV") {
            return Err(Failure::damaged("no header of a sparse extent").into());
        }
        let long = |at| u64_le(&head, at).unwrap_or(0);
        let flags = u32_le(&head, 8).unwrap_or(0);
        let (capacity, grain, per_table) = (long(12), long(20), u64::from(u32_le(&head, 44).unwrap_or(0)));
        let grain_bytes = grain.saturating_mul(SECTOR);
        let covered = grain.saturating_mul(per_table);
        let tables = if covered == 0 { 0 } else { capacity.div_ceil(covered) };
        if grain_bytes == 0 || grain_bytes > GRAIN_BYTES_MAX || covered == 0 || tables > TABLES_MAX {
            return Err(Failure::damaged(format!(
                "{capacity} sectors in grains of {grain}, {per_table} a table"
            ))
            .into());
        }
        let compressed = flags & 0x1_0000 != 0;
        if compressed && u16_le(&head, 77) != Some(1) {
            return Err(Failure::new(Kind::Unsupported, "a VMDK with an unknown compression").into());
        }
        let length = usize::try_from(tables.saturating_mul(4)).unwrap_or(0);
        let directory = take_at(image.as_ref(), long(56).saturating_mul(SECTOR), length)?;
        let tables = directory.chunks_exact(4).filter_map(|entry| u32_le(entry, 0)).collect();
        let size = capacity.saturating_mul(SECTOR);
        Ok(Sparse { image, size, grain_bytes, per_table, tables, compressed, cache: Cache::default() })
    }

    /// The sector of a grain; 0 and 1 stand for zeros.
    fn sector(&self, grain: u64) -> io::Result<u64> {
        let table = grain.checked_div(self.per_table).unwrap_or(0);
        let table =
            usize::try_from(table).ok().and_then(|table| self.tables.get(table)).copied().unwrap_or(0);
        if table == 0 {
            return Ok(0);
        }
        let place = u64::from(table).saturating_mul(SECTOR);
        let index = grain.checked_rem(self.per_table).unwrap_or(0);
        let entry = take_at(self.image.as_ref(), place.saturating_add(index.saturating_mul(4)), 4)?;
        let Some(sector) = u32_le(&entry, 0) else {
            return Err(Failure::damaged(format!("a table of grains lies beyond the image: {place}")).into());
        };
        Ok(u64::from(sector))
    }

    fn inflate(&self, grain: u64, sector: u64) -> io::Result<Vec<u8>> {
        let place = sector.saturating_mul(SECTOR);
        let marker = take_at(self.image.as_ref(), place, 12)?;
        let len = u64::from(u32_le(&marker, 8).unwrap_or(0));
        let stored = Window { of: Arc::clone(&self.image), start: place.saturating_add(12), len };
        let left = self.size.saturating_sub(grain.saturating_mul(self.grain_bytes)).min(self.grain_bytes);
        let wanted = usize::try_from(self.grain_bytes).unwrap_or(0);
        let mut piece = cache::inflate(crate::Reader::new(Arc::new(stored)), wanted)?;
        if (piece.len() as u64) < left {
            return Err(
                Failure::damaged(format!("grain {grain} gives {} of {left} bytes", piece.len())).into()
            );
        }
        piece.resize(wanted, 0);
        Ok(piece)
    }
}

impl ReadAt for Sparse {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let buffer = within(buffer, self.size.saturating_sub(at));
        let grain = at.checked_div(self.grain_bytes).unwrap_or(0);
        let inside = at.saturating_sub(grain.saturating_mul(self.grain_bytes));
        let buffer = within(buffer, self.grain_bytes.saturating_sub(inside));
        if buffer.is_empty() {
            return Ok(0);
        }
        let sector = self.sector(grain)?;
        if sector <= 1 {
            buffer.fill(0);
            return Ok(buffer.len());
        }
        if self.compressed {
            let piece = self.cache.get(grain, || self.inflate(grain, sector))?;
            return Ok(cache::copy_from(&piece, inside, buffer));
        }
        let count = self.image.read_at(sector.saturating_mul(SECTOR).saturating_add(inside), buffer)?;
        if count == 0 {
            return Err(Failure::damaged(format!("grain {grain} lies beyond the end of the image")).into());
        }
        Ok(count)
    }
}

/// The descriptor that `x-flat.vmdk`, `x-s001.vmdk` or `x-f001.vmdk` is an extent of.
pub(super) fn descriptor_of(name: &str) -> Option<String> {
    let stem = name.strip_suffix(".vmdk")?;
    let (disk, part) = stem.rsplit_once('-')?;
    let numbered = part
        .strip_prefix(['s', 'f'])
        .is_some_and(|number| number.len() == 3 && number.bytes().all(|byte| byte.is_ascii_digit()));
    (part == "flat" || numbered).then(|| format!("{disk}.vmdk"))
}
