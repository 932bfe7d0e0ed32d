//! The bytes of a stream: resident, in runs of clusters, with holes, compressed.

use std::io;
use std::sync::Arc;

use super::lznt1;
use crate::bytes::{self, Memory};
use crate::cache::{Cache, copy_from, within};
use crate::{Bytes, Failure, ReadAt};

/// Runs of one stream.
const RUNS_MAX: usize = 4 << 20;
/// Bytes of one compression unit.
const UNIT_BYTES_MAX: u64 = 1 << 20;

/// A run: clusters of the stream, and where they are on the volume.
#[derive(Clone, Copy, Debug)]
struct Run {
    first: u64,
    count: u64,
    /// `None` for a hole.
    place: Option<u64>,
}

/// The runs of a stream.
#[derive(Debug)]
pub(super) struct Runs {
    cluster_bytes: u64,
    runs: Vec<Run>,
}

impl Runs {
    pub(super) fn new(cluster_bytes: u64) -> Runs {
        Runs { cluster_bytes, runs: Vec::new() }
    }

    /// Adds the runs of one attribute, whose first cluster of the stream is `first`.
    pub(super) fn add(&mut self, mut first: u64, mut list: &[u8]) -> io::Result<()> {
        let damaged = |what: &str| io::Error::from(Failure::damaged(format!("a list of runs {what}")));
        let mut place = 0_i64;
        // Each turn takes at least two bytes of the list.
        while let Some((header, rest)) = list.split_first().filter(|(header, _)| **header != 0) {
            let (count_len, place_len) = (usize::from(header & 15), usize::from(header >> 4));
            let split = rest.split_at_checked(count_len).and_then(|(count, rest)| {
                let (place, rest) = rest.split_at_checked(place_len)?;
                Some((signed(count)?, signed(place)?, rest))
            });
            let (count, delta, rest) = split.ok_or_else(|| damaged("breaks off"))?;
            let count = u64::try_from(count)
                .ok()
                .filter(|count| *count > 0)
                .ok_or_else(|| damaged("has an empty run"))?;
            let target = if place_len == 0 {
                None
            } else {
                place = place.checked_add(delta).ok_or_else(|| damaged("leads nowhere"))?;
                Some(u64::try_from(place).map_err(|_| damaged("leads before the volume"))?)
            };
            if self.runs.len() >= RUNS_MAX {
                return Err(damaged("is longer than the limit"));
            }
            self.runs.push(Run { first, count, place: target });
            first = first.checked_add(count).ok_or_else(|| damaged("goes on for ever"))?;
            list = rest;
        }
        Ok(())
    }

    /// The run that holds a cluster of the stream.
    fn find(&self, cluster: u64) -> Option<Run> {
        let index = self.runs.partition_point(|run| run.first <= cluster).checked_sub(1)?;
        self.runs.get(index).copied().filter(|run| cluster.saturating_sub(run.first) < run.count)
    }
}

/// A signed number of up to eight bytes, little-endian; none is 0.
fn signed(bytes: &[u8]) -> Option<i64> {
    if bytes.len() > 8 {
        return None;
    }
    let fill = if bytes.last().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 };
    let mut whole = [fill; 8];
    whole.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(i64::from_le_bytes(whole))
}

/// The bytes of a stream.
#[derive(Debug)]
pub struct Stream {
    size: u64,
    kind: StreamKind,
}

#[derive(Debug)]
enum StreamKind {
    Resident(Memory),
    Runs { volume: Bytes, runs: Runs, initialized: u64 },
    Compressed { volume: Bytes, runs: Runs, initialized: u64, unit_clusters: u64, cache: Cache },
}

impl Stream {
    pub(super) fn empty() -> Stream {
        Stream::resident(&[])
    }

    pub(super) fn resident(value: &[u8]) -> Stream {
        Stream { size: value.len() as u64, kind: StreamKind::Resident(Memory(Arc::new(value.to_vec()))) }
    }

    /// `sizes`: of the stream, and how much of it was ever written; `unit`: of compression, as a power of two.
    pub(super) fn of_runs(volume: Bytes, runs: Runs, sizes: (u64, u64), unit: u16) -> io::Result<Stream> {
        let (size, initialized) = sizes;
        if unit == 0 {
            return Ok(Stream { size, kind: StreamKind::Runs { volume, runs, initialized } });
        }
        let unit_clusters = 1_u64.checked_shl(u32::from(unit)).unwrap_or(u64::MAX);
        if unit_clusters.saturating_mul(runs.cluster_bytes) > UNIT_BYTES_MAX {
            return Err(Failure::damaged(format!("a compression unit of 2^{unit} clusters")).into());
        }
        let cache = Cache::default();
        Ok(Stream { size, kind: StreamKind::Compressed { volume, runs, initialized, unit_clusters, cache } })
    }

    /// Where the first bytes are that are no hole: a journal begins with one as large as all that it forgot.
    pub fn first_stored(&self) -> u64 {
        match &self.kind {
            StreamKind::Resident(_) | StreamKind::Compressed { .. } => 0,
            StreamKind::Runs { runs, .. } => {
                let first = runs.runs.iter().find(|run| run.place.is_some());
                first.map_or(0, |run| run.first.saturating_mul(runs.cluster_bytes)).min(self.size)
            }
        }
    }
}

impl ReadAt for Stream {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let buffer = within(buffer, self.size.saturating_sub(at));
        if buffer.is_empty() {
            return Ok(0);
        }
        match &self.kind {
            StreamKind::Resident(value) => value.read_at(at, buffer),
            StreamKind::Runs { volume, runs, initialized } => {
                read_runs((volume, runs), *initialized, at, buffer)
            }
            StreamKind::Compressed { volume, runs, initialized, unit_clusters, cache } => {
                if at >= *initialized {
                    buffer.fill(0);
                    return Ok(buffer.len());
                }
                let buffer = within(buffer, initialized.saturating_sub(at));
                let unit_bytes = unit_clusters.saturating_mul(runs.cluster_bytes);
                let unit = at.checked_div(unit_bytes).unwrap_or(0);
                let piece = cache.get(unit, || read_unit((volume, runs), unit, *unit_clusters))?;
                let count = copy_from(&piece, at.saturating_sub(unit.saturating_mul(unit_bytes)), buffer);
                if count == 0 {
                    return Err(Failure::damaged(format!("a compressed unit ends before offset {at}")).into());
                }
                Ok(count)
            }
        }
    }
}

fn read_runs(from: (&Bytes, &Runs), initialized: u64, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let (volume, runs) = from;
    if at >= initialized {
        buffer.fill(0);
        return Ok(buffer.len());
    }
    let buffer = within(buffer, initialized.saturating_sub(at));
    let cluster = at.checked_div(runs.cluster_bytes).unwrap_or(0);
    let Some(run) = runs.find(cluster) else {
        return Err(Failure::damaged(format!("no run holds offset {at} of the stream")).into());
    };
    let inside = at.saturating_sub(run.first.saturating_mul(runs.cluster_bytes));
    let buffer = within(buffer, run.count.saturating_mul(runs.cluster_bytes).saturating_sub(inside));
    let Some(place) = run.place else {
        buffer.fill(0);
        return Ok(buffer.len());
    };
    let place = place.saturating_mul(runs.cluster_bytes).saturating_add(inside);
    match volume.read_at(place, buffer)? {
        0 => Err(Failure::damaged(format!("a run leads to {place}, beyond the end of the volume")).into()),
        count => Ok(count),
    }
}

/// A compression unit: a hole is zeros, whole clusters are plain, and fewer clusters are compressed.
fn read_unit(from: (&Bytes, &Runs), unit: u64, unit_clusters: u64) -> io::Result<Vec<u8>> {
    let (volume, runs) = from;
    let first = unit.saturating_mul(unit_clusters);
    let length = usize::try_from(unit_clusters.saturating_mul(runs.cluster_bytes)).unwrap_or(0);
    let stored = (0..unit_clusters)
        .take_while(|index| runs.find(first.saturating_add(*index)).is_some_and(|run| run.place.is_some()))
        .count() as u64;
    if stored == 0 {
        return Ok(vec![0; length]);
    }
    let mut bytes = vec![0; usize::try_from(stored.saturating_mul(runs.cluster_bytes)).unwrap_or(0)];
    let start = first.saturating_mul(runs.cluster_bytes);
    let plain = Plain { volume, runs };
    let filled = bytes::fill_at(&plain, start, &mut bytes)?;
    bytes.truncate(filled);
    if stored == unit_clusters {
        return Ok(bytes);
    }
    let mut piece = lznt1::decompress(&bytes, length);
    piece.resize(length, 0);
    Ok(piece)
}

/// The clusters of a stream as they are stored.
#[derive(Debug)]
struct Plain<'a> {
    volume: &'a Bytes,
    runs: &'a Runs,
}

impl ReadAt for Plain<'_> {
    fn size(&self) -> u64 {
        u64::MAX
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        read_runs((self.volume, self.runs), u64::MAX, at, buffer)
    }
}
