//! VHD: fixed, dynamic, and differencing with its parent beside it.
//!
//! Described in Microsoft's "Virtual Hard Disk Image Format Specification", 2006.

use std::io;
use std::sync::Arc;

use super::{Disk, Siblings};
use crate::bytes::{Window, fill_at, take_at};
use crate::cache::within;
use crate::field::{u16_be, u32_be, u64_be};
use crate::{Bytes, Failure, Kind, ReadAt};

/// Blocks of one disk: 2 TiB in blocks of 512 KiB.
const BLOCKS_MAX: u32 = 4 << 20;
/// Disks that are differences of one another.
const PARENTS_MAX: usize = 8;
const UNALLOCATED: u32 = u32::MAX;

pub(super) fn open(image: Bytes, siblings: Siblings<'_>) -> io::Result<Disk> {
    let mut notes = Vec::new();
    let bytes = open_at(image, siblings, PARENTS_MAX, &mut notes)?;
    Ok(Disk { bytes, notes })
}

fn open_at(
    image: Bytes,
    siblings: Siblings<'_>,
    parents: usize,
    notes: &mut Vec<String>,
) -> io::Result<Bytes> {
    let footer_at = image.size().saturating_sub(512);
    let mut footer = take_at(image.as_ref(), footer_at, 512)?;
    if !footer.starts_with(b"conectix") {
        footer = take_at(image.as_ref(), 0, 512)?;
        notes.push("the footer at the end is missing: its copy at the beginning was used".to_owned());
    }
    let fields = (u64_be(&footer, 16), u64_be(&footer, 48), u32_be(&footer, 60));
    let (Some(header_at), Some(size), Some(kind)) = fields else {
        return Err(Failure::damaged("no footer").into());
    };
    match kind {
        2 => Ok(Arc::new(Window { of: image, start: 0, len: size.min(footer_at) })),
        3 => Ok(Arc::new(Dynamic::open(image, (header_at, size), None)?)),
        4 => {
            let parent = parent(&image, header_at, siblings, parents, notes)?;
            Ok(Arc::new(Dynamic::open(image, (header_at, size), Some(parent))?))
        }
        kind => Err(Failure::new(Kind::Unsupported, format!("a VHD of type {kind}")).into()),
    }
}

/// The disk that a differencing one is a difference of, by the name that it gives.
fn parent(
    image: &Bytes,
    header_at: u64,
    siblings: Siblings<'_>,
    parents: usize,
    notes: &mut Vec<String>,
) -> io::Result<Bytes> {
    let header = take_at(image.as_ref(), header_at, 1024)?;
    let units = header.get(64..576).unwrap_or_default().chunks_exact(2).filter_map(|pair| u16_be(pair, 0));
    let units: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
    let path = String::from_utf16_lossy(&units);
    let name = path.rsplit(['\\', '/']).next().unwrap_or_default().to_owned();
    let missing = || {
        let message = format!("a differencing VHD: its parent {name:?} must lie beside it");
        io::Error::from(Failure::new(Kind::Missing, message))
    };
    let parents = parents.checked_sub(1).ok_or_else(missing)?;
    let bytes = siblings(&name)?.ok_or_else(missing)?;
    open_at(bytes, siblings, parents, notes)
}

#[derive(Debug)]
struct Dynamic {
    image: Bytes,
    parent: Option<Bytes>,
    size: u64,
    block_bytes: u64,
    bitmap_bytes: u64,
    /// The sector of each block.
    blocks: Vec<u32>,
}

impl Dynamic {
    fn open(image: Bytes, place: (u64, u64), parent: Option<Bytes>) -> io::Result<Dynamic> {
        let (header_at, size) = place;
        let header = take_at(image.as_ref(), header_at, 1024)?;
        let fields = (u64_be(&header, 16), u32_be(&header, 28), u32_be(&header, 32));
        let (true, (Some(table_at), Some(count), Some(block_bytes))) =
            (header.starts_with(b"cxsparse"), fields)
        else {
            return Err(Failure::damaged(format!("no header of a dynamic disk at offset {header_at}")).into());
        };
        if !block_bytes.is_power_of_two() || !(512..=1 << 30).contains(&block_bytes) || count > BLOCKS_MAX {
            return Err(Failure::damaged(format!("{count} blocks of {block_bytes} bytes")).into());
        }
        let table = take_at(image.as_ref(), table_at, usize::try_from(count).unwrap_or(0).saturating_mul(4))?;
        let blocks = table.chunks_exact(4).filter_map(|entry| u32_be(entry, 0)).collect();
        let sectors = u64::from(block_bytes) / 512;
        let bitmap_bytes = sectors.div_ceil(8).div_ceil(512).saturating_mul(512);
        Ok(Dynamic { image, parent, size, block_bytes: u64::from(block_bytes), bitmap_bytes, blocks })
    }

    /// Whether a sector of a block is in this disk, and not in its parent.
    fn has_sector(&self, block_at: u64, sector: u64) -> io::Result<bool> {
        let mut byte = [0];
        fill_at(self.image.as_ref(), block_at.saturating_add(sector / 8), &mut byte)?;
        Ok(byte.first().is_some_and(|byte| byte >> (7 & !sector) & 1 == 1))
    }

    fn parent_bytes(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match &self.parent {
            Some(parent) => parent.read_at(at, buffer)?,
            None => 0,
        };
        if count == 0 {
            buffer.fill(0);
            return Ok(buffer.len());
        }
        Ok(count)
    }
}

impl ReadAt for Dynamic {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let buffer = within(buffer, self.size.saturating_sub(at));
        let block = at.checked_div(self.block_bytes).unwrap_or(0);
        let inside = at.saturating_sub(block.saturating_mul(self.block_bytes));
        // Sectors of a difference are told one by one.
        let unit = if self.parent.is_some() {
            512_u64.saturating_sub(inside % 512)
        } else {
            self.block_bytes.saturating_sub(inside)
        };
        let buffer = within(buffer, unit);
        if buffer.is_empty() {
            return Ok(0);
        }
        let sector = usize::try_from(block).ok().and_then(|block| self.blocks.get(block)).copied();
        let Some(block_at) = sector
            .filter(|sector| *sector != UNALLOCATED)
            .map(|sector| u64::from(sector).saturating_mul(512))
        else {
            return self.parent_bytes(at, buffer);
        };
        if self.parent.is_some() && !self.has_sector(block_at, inside / 512)? {
            return self.parent_bytes(at, buffer);
        }
        let place = block_at.saturating_add(self.bitmap_bytes).saturating_add(inside);
        let count = self.image.read_at(place, buffer)?;
        if count == 0 {
            return Err(Failure::damaged(format!("block {block} lies beyond the end of the image")).into());
        }
        Ok(count)
    }
}
