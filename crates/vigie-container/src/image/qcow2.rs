//! QEMU's qcow2, without backing file or encryption.
//!
//! Described in <https://www.qemu.org/docs/master/interop/qcow2.html>.

use std::io;
use std::sync::Arc;

use super::Disk;
use crate::bytes::{self, Window, take_at};
use crate::cache::{self, Cache, within};
use crate::field::{u32_be, u64_be};
use crate::{Bytes, Failure, Kind, ReadAt};

/// Entries of the first table: 64 TiB in clusters of 64 KiB.
const L1_MAX: u32 = 1 << 17;
const OFFSET_BITS: u64 = 0x00ff_ffff_ffff_fe00;

#[derive(Debug)]
struct Qcow2 {
    image: Bytes,
    size: u64,
    cluster_bits: u32,
    l1: Vec<u64>,
    cache: Cache,
}

pub(super) fn open(image: Bytes) -> io::Result<Disk> {
    let header = take_at(image.as_ref(), 0, 112)?;
    let field = |at| u32_be(&header, at).unwrap_or(0);
    let long = |at| u64_be(&header, at).unwrap_or(0);
    let (version, cluster_bits, l1_size) = (field(4), field(20), field(36));
    let unsupported = |what: String| Err(Failure::new(Kind::Unsupported, format!("qcow2: {what}")).into());
    if !(2..=3).contains(&version) {
        return unsupported(format!("version {version}"));
    }
    if long(8) != 0 {
        return unsupported("it is a difference of another image (backing file)".to_owned());
    }
    if field(32) != 0 {
        return Err(Failure::new(Kind::Encrypted, "qcow2: encrypted").into());
    }
    // Dirty and corrupt marks do no harm to a reader; external data, other compression and extended tables do.
    let features = if version == 3 { long(72) } else { 0 };
    if features & !3 != 0 {
        return unsupported(format!("features {features:#x}"));
    }
    if !(9..=21).contains(&cluster_bits) || l1_size > L1_MAX {
        return Err(Failure::damaged(format!("clusters of 2^{cluster_bits} bytes, {l1_size} tables")).into());
    }
    let table = take_at(image.as_ref(), long(40), usize::try_from(l1_size).unwrap_or(0).saturating_mul(8))?;
    let l1 = table.chunks_exact(8).filter_map(|entry| u64_be(entry, 0)).collect();
    let disk = Qcow2 { image, size: long(24), cluster_bits, l1, cache: Cache::default() };
    Ok(Disk { bytes: Arc::new(disk), notes: Vec::new() })
}

impl Qcow2 {
    fn cluster_bytes(&self) -> u64 {
        1_u64 << self.cluster_bits
    }

    /// The entry of a cluster in the second table; 0 when there is none.
    fn entry(&self, cluster: u64) -> io::Result<u64> {
        let bits = self.cluster_bits.saturating_sub(3);
        let (high, low) = (cluster >> bits, cluster & (self.cluster_bytes() / 8).saturating_sub(1));
        let table =
            usize::try_from(high).ok().and_then(|high| self.l1.get(high)).copied().unwrap_or(0) & OFFSET_BITS;
        if table == 0 {
            return Ok(0);
        }
        let entry = take_at(self.image.as_ref(), table.saturating_add(low.saturating_mul(8)), 8)?;
        u64_be(&entry, 0).ok_or_else(|| {
            Failure::damaged(format!("a table of clusters lies beyond the image: {table}")).into()
        })
    }

    fn inflate(&self, entry: u64) -> io::Result<Vec<u8>> {
        let shift = 62_u32.saturating_sub(self.cluster_bits.saturating_sub(8));
        let mask = (1_u64 << shift).saturating_sub(1);
        let (start, sectors) = (entry & mask, (entry & 0x3fff_ffff_ffff_ffff) >> shift);
        let len = sectors.saturating_add(1).saturating_mul(512);
        let stored = crate::Reader::new(Arc::new(Window { of: Arc::clone(&self.image), start, len }));
        let mut piece = vec![0; usize::try_from(self.cluster_bytes()).unwrap_or(0)];
        let filled = bytes::fill(&mut flate2::read::DeflateDecoder::new(stored), &mut piece)?;
        if filled < piece.len() {
            return Err(Failure::damaged(format!(
                "a cluster at {start} gives {filled} of {} bytes",
                piece.len()
            ))
            .into());
        }
        Ok(piece)
    }
}

impl ReadAt for Qcow2 {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let buffer = within(buffer, self.size.saturating_sub(at));
        let (cluster, inside) = (at >> self.cluster_bits, at & self.cluster_bytes().saturating_sub(1));
        let buffer = within(buffer, self.cluster_bytes().saturating_sub(inside));
        if buffer.is_empty() {
            return Ok(0);
        }
        let entry = self.entry(cluster)?;
        if entry >> 62 & 1 == 1 {
            let piece = self.cache.get(cluster, || self.inflate(entry))?;
            return Ok(cache::copy_from(&piece, inside, buffer));
        }
        let offset = entry & OFFSET_BITS;
        if offset == 0 || entry & 1 == 1 {
            buffer.fill(0);
            return Ok(buffer.len());
        }
        let count = self.image.read_at(offset.saturating_add(inside), buffer)?;
        if count == 0 {
            return Err(
                Failure::damaged(format!("cluster {cluster} lies beyond the end of the image")).into()
            );
        }
        Ok(count)
    }
}
