//! VHDX, without parent. A log that was left open is replayed in memory.
//!
//! Described in MS-VHDX: <https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-vhdx/>.

use std::io;
use std::sync::Arc;

use super::{Disk, vhdx_log};
use crate::bytes::take_at;
use crate::cache::within;
use crate::field::{array, u16_le, u32_le, u64_le};
use crate::{Bytes, Failure, Kind, ReadAt};

const MIB: u64 = 1 << 20;
/// Bytes of the table of blocks: 64 TiB in blocks of 1 MiB.
const TABLE_BYTES_MAX: u64 = 513 << 20;
/// Entries of the tables of regions and metadata.
const ENTRIES_MAX: u32 = 2047;

const BAT: [u8; 16] = *b"\x66\x77\xc2\x2d\x23\xf6\x00\x42\x9d\x64\x11\x5e\x9b\xfd\x4a\x08";
const METADATA: [u8; 16] = *b"\x06\xa2\x7c\x8b\x90\x47\x9a\x4b\xb8\xfe\x57\x5f\x05\x0f\x88\x6e";
const FILE_PARAMETERS: [u8; 16] = *b"\x37\x67\xa1\xca\x36\xfa\x43\x4d\xb3\xb6\x33\xf0\xaa\x44\xe7\x6b";
const DISK_SIZE: [u8; 16] = *b"\x24\x42\xa5\x2f\x1b\xcd\x76\x48\xb2\x11\x5d\xbe\xd8\x3b\xf4\xb8";
const SECTOR_SIZE: [u8; 16] = *b"\x1d\xbf\x41\x81\x6f\xa9\x09\x47\xba\x47\xf2\x33\xa8\xfa\xab\x5f";

#[derive(Debug)]
struct Vhdx {
    image: Bytes,
    size: u64,
    block_bytes: u64,
    /// Blocks of data between two entries that belong to differencing disks.
    ratio: u64,
    table: u64,
    table_bytes: u64,
}

/// Where a region is.
type Region = (u64, u64);

pub(super) fn open(image: Bytes) -> io::Result<Disk> {
    let mut notes = Vec::new();
    let image = replayed(image, &mut notes)?;
    let (bat, metadata) = regions(&image)?;
    let Metadata { block_bytes, size, sector, has_parent } = read_metadata(&image, metadata)?;
    if has_parent {
        let message = "a differencing VHDX: its parent is not read with it; merge the checkpoints first";
        return Err(Failure::new(Kind::Unsupported, message).into());
    }
    let fits = block_bytes.is_power_of_two()
        && (MIB..=256 * MIB).contains(&block_bytes)
        && matches!(sector, 512 | 4096);
    if !fits {
        return Err(Failure::damaged(format!("blocks of {block_bytes} bytes, sectors of {sector}")).into());
    }
    let ratio = (1_u64 << 23).saturating_mul(sector).checked_div(block_bytes).unwrap_or(0).max(1);
    let table_bytes = bat.1.min(TABLE_BYTES_MAX);
    let vhdx = Vhdx { image, size, block_bytes, ratio, table: bat.0, table_bytes };
    Ok(Disk { bytes: Arc::new(vhdx), notes })
}

/// The image with what its log holds put in its place.
fn replayed(image: Bytes, notes: &mut Vec<String>) -> io::Result<Bytes> {
    let headers = [64 << 10, 128 << 10].map(|at| take_at(image.as_ref(), at, 4096));
    let mut newest: Option<(u64, Vec<u8>)> = None;
    for header in headers {
        let header = header?;
        let sequence = u64_le(&header, 8).unwrap_or(0);
        let is_newer = newest.as_ref().is_none_or(|(before, _)| sequence > *before);
        if header.starts_with(b"head") && checksum_fits(&header) && is_newer {
            newest = Some((sequence, header));
        }
    }
    let Some((_, header)) = newest else {
        notes.push("neither header is whole: whether its log was applied is not known".to_owned());
        return Ok(image);
    };
    let guid: [u8; 16] = array(&header, 48).unwrap_or_default();
    let log = (u64_le(&header, 72).unwrap_or(0), u64::from(u32_le(&header, 68).unwrap_or(0)));
    if guid == [0; 16] {
        return Ok(image);
    }
    match vhdx_log::replay(&image, log, guid) {
        Ok(patched) => {
            notes.push("it was not closed properly: its log was applied in memory".to_owned());
            Ok(patched)
        }
        Err(error) => {
            notes.push(format!("it was not closed properly, and its log could not be applied: {error}"));
            Ok(image)
        }
    }
}

/// A structure with its checksum at offset 4.
pub(super) fn checksum_fits(structure: &[u8]) -> bool {
    let mut zeroed = structure.to_vec();
    let stated = u32_le(structure, 4);
    if let Some(field) = zeroed.get_mut(4..8) {
        field.fill(0);
    }
    stated == Some(crc32c(&zeroed))
}

fn regions(image: &Bytes) -> io::Result<(Region, Region)> {
    for at in [192 << 10, 256 << 10] {
        let table = take_at(image.as_ref(), at, 64 << 10)?;
        if !table.starts_with(b"regi") || !checksum_fits(&table) {
            continue;
        }
        let count = u32_le(&table, 8).unwrap_or(0).min(ENTRIES_MAX);
        let entries =
            table.get(16..).unwrap_or_default().chunks_exact(32).take(usize::try_from(count).unwrap_or(0));
        let find = |guid: [u8; 16]| {
            let entry = entries.clone().find(|entry| entry.starts_with(&guid))?;
            Some((u64_le(entry, 16)?, u64::from(u32_le(entry, 24)?)))
        };
        if let (Some(bat), Some(metadata)) = (find(BAT), find(METADATA)) {
            return Ok((bat, metadata));
        }
    }
    Err(Failure::damaged("no table says where the regions of the VHDX are").into())
}

struct Metadata {
    block_bytes: u64,
    size: u64,
    sector: u64,
    has_parent: bool,
}

fn read_metadata(image: &Bytes, region: Region) -> io::Result<Metadata> {
    let table = take_at(image.as_ref(), region.0, 64 << 10)?;
    let count = u16_le(&table, 10).filter(|_| table.starts_with(b"metadata")).unwrap_or(0);
    let entries = table.get(32..).unwrap_or_default().chunks_exact(32).take(usize::from(count));
    let item = |guid: [u8; 16]| -> io::Result<Vec<u8>> {
        let offset =
            entries.clone().find(|entry| entry.starts_with(&guid)).and_then(|entry| u32_le(entry, 16));
        match offset {
            Some(offset) => take_at(image.as_ref(), region.0.saturating_add(u64::from(offset)), 8),
            None => Ok(Vec::new()),
        }
    };
    let (parameters, size, sector) = (item(FILE_PARAMETERS)?, item(DISK_SIZE)?, item(SECTOR_SIZE)?);
    let fields = (u32_le(&parameters, 0), u32_le(&parameters, 4), u64_le(&size, 0), u32_le(&sector, 0));
    let (Some(block), Some(flags), Some(size), Some(sector)) = fields else {
        return Err(Failure::damaged("the metadata do not say how large the disk is").into());
    };
    Ok(Metadata {
        block_bytes: u64::from(block),
        size,
        sector: u64::from(sector),
        has_parent: flags & 2 != 0,
    })
}

impl ReadAt for Vhdx {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let buffer = within(buffer, self.size.saturating_sub(at));
        let block = at.checked_div(self.block_bytes).unwrap_or(0);
        let inside = at.saturating_sub(block.saturating_mul(self.block_bytes));
        let buffer = within(buffer, self.block_bytes.saturating_sub(inside));
        if buffer.is_empty() {
            return Ok(0);
        }
        let index = block.saturating_add(block.checked_div(self.ratio).unwrap_or(0));
        let place = index.saturating_mul(8);
        let entry = if place < self.table_bytes {
            take_at(self.image.as_ref(), self.table.saturating_add(place), 8)?
        } else {
            Vec::new()
        };
        let Some(entry) = u64_le(&entry, 0) else {
            return Err(Failure::damaged(format!("block {block} is beyond the table of blocks")).into());
        };
        match entry & 7 {
            0..=3 => {
                buffer.fill(0);
                Ok(buffer.len())
            }
            6 => {
                let start = (entry >> 20).saturating_mul(MIB);
                match self.image.read_at(start.saturating_add(inside), buffer)? {
                    0 => {
                        Err(Failure::damaged(format!("block {block} lies beyond the end of the image"))
                            .into())
                    }
                    count => Ok(count),
                }
            }
            state => Err(Failure::damaged(format!("block {block} is in state {state}")).into()),
        }
    }
}

/// CRC-32C.
pub(super) fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        let [low, ..] = crc.to_le_bytes();
        CRC_TABLE.get(usize::from(low ^ byte)).copied().unwrap_or(0) ^ (crc >> 8)
    })
}

static CRC_TABLE: std::sync::LazyLock<Vec<u32>> = std::sync::LazyLock::new(|| {
    let entry = |index: u32| {
        (0..8).fold(index, |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 })
    };
    (0..256).map(entry).collect()
});
