//! NTFS: every file of a volume out of its master file table, and the bytes of their streams.
//!
//! Described in <https://flatcap.github.io/linux-ntfs/ntfs/>. The table is read once from end to end instead of walking
//! folders: that finds what a damaged or hostile index hides, and cannot run in circles.

mod lznt1;
mod names;
mod record;
mod stream;

use std::io;
use std::sync::Arc;

use crate::bytes::{self, take_at};
use crate::field::{u16_le, u64_le};
use crate::{Bytes, Failure, Kind, ReadAt};

pub use names::{Found, Listing, State};
use record::{Attribute, Content, Record};
use stream::Runs;
pub use stream::Stream;

/// Bytes of one cluster.
const CLUSTER_BYTES_MAX: u64 = 2 << 20;
/// Bytes of one record.
const RECORD_BYTES_MAX: u64 = 64 << 10;
/// Bytes of an attribute list.
const LIST_BYTES_MAX: u64 = 4 << 20;
/// Records that one file's attributes may be spread over.
const PARTS_MAX: usize = 4096;

/// Types of attributes.
const STANDARD: u32 = 0x10;
const LIST: u32 = 0x20;
const NAME: u32 = 0x30;
const DATA: u32 = 0x80;
const REPARSE: u32 = 0xc0;

/// An NTFS volume.
#[derive(Debug)]
pub struct Ntfs {
    volume: Bytes,
    cluster_bytes: u64,
    record_bytes: u64,
    table: Stream,
}

impl Ntfs {
    /// Opens a volume by its boot sector and the first record of its table.
    ///
    /// # Errors
    /// When either is damaged beyond use.
    pub fn open(volume: &Bytes) -> io::Result<Ntfs> {
        let mut boot = take_at(volume.as_ref(), 0, 512)?;
        if boot.get(3..11) != Some(b"NTFS    ") {
            // The copy stands in the last sector.
            boot = take_at(volume.as_ref(), volume.size().saturating_sub(512), 512)?;
        }
        let sector = u64::from(u16_le(&boot, 11).unwrap_or(0));
        let per_cluster = match boot.get(13).copied().unwrap_or(0) {
            power @ 0x80.. => 1_u64.checked_shl(u32::from(power.wrapping_neg())).unwrap_or(0),
            count => u64::from(count),
        };
        let cluster_bytes = sector.saturating_mul(per_cluster);
        let record_bytes = match boot.get(64).copied().unwrap_or(0) {
            power @ 0x80.. => 1_u64.checked_shl(u32::from(power.wrapping_neg())).unwrap_or(0),
            count => u64::from(count).saturating_mul(cluster_bytes),
        };
        let fits = cluster_bytes.is_power_of_two()
            && (256..=CLUSTER_BYTES_MAX).contains(&cluster_bytes)
            && record_bytes.is_power_of_two()
            && (256..=RECORD_BYTES_MAX).contains(&record_bytes);
        if !fits {
            let message =
                format!("NTFS with clusters of {cluster_bytes} bytes and records of {record_bytes}");
            return Err(Failure::damaged(message).into());
        }
        let place = |at| u64_le(&boot, at).unwrap_or(0).saturating_mul(cluster_bytes);
        let mut ntfs =
            Ntfs { volume: Arc::clone(volume), cluster_bytes, record_bytes, table: Stream::empty() };
        // The table's own first record, or its copy.
        let first = ntfs.table_at(place(48)).or_else(|_| ntfs.table_at(place(56)))?;
        ntfs.table = first;
        // What of it lies behind an attribute list is found through the part that is known already.
        if let Ok(whole) = ntfs.stream(0, "") {
            ntfs.table = whole;
        }
        Ok(ntfs)
    }

    /// The table's data by the record at a place.
    fn table_at(&self, place: u64) -> io::Result<Stream> {
        let length = usize::try_from(self.record_bytes).unwrap_or(0);
        let record = Record::of(take_at(self.volume.as_ref(), place, length)?)?;
        let data: Vec<Attribute<'_>> =
            record.attributes().filter(|it| it.kind == DATA && it.name.is_empty()).collect();
        self.joined(&data)
    }

    /// How many records the table has.
    pub fn records(&self) -> u64 {
        self.table.size().checked_div(self.record_bytes).unwrap_or(0)
    }

    fn record(&self, number: u64) -> io::Result<Record> {
        let mut bytes = vec![0; usize::try_from(self.record_bytes).unwrap_or(0)];
        let at = number.saturating_mul(self.record_bytes);
        let filled = bytes::fill_at(&self.table, at, &mut bytes)?;
        if filled < bytes.len() {
            return Err(Failure::damaged(format!("record {number} is beyond the table")).into());
        }
        Record::of(bytes)
    }

    /// The records that hold the attributes of a file: its own first.
    fn parts(&self, number: u64) -> io::Result<Vec<Record>> {
        let base = self.record(number)?;
        let Some(list) = base.attributes().find(|attribute| attribute.kind == LIST) else {
            return Ok(vec![base]);
        };
        let list = self.joined(&[list])?;
        let length = usize::try_from(list.size().min(LIST_BYTES_MAX)).unwrap_or(0);
        let list = take_at(&list, 0, length)?;
        let mut others = record::listed(&list);
        others.retain(|other| *other != number);
        others.sort_unstable();
        others.dedup();
        others.truncate(PARTS_MAX);
        let mut parts = vec![base];
        for other in others {
            // One that is damaged, or belongs to another file by now, costs only what it held.
            match self.record(other) {
                Ok(part) if part.base() == Some(number) => parts.push(part),
                Ok(_) => {}
                Err(error) if Failure::of(&error).is_some() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(parts)
    }

    /// A stream of a file; the main one has no name.
    ///
    /// # Errors
    /// When there is none of that name, or it is encrypted or compressed in a way that is not read.
    pub fn stream(&self, number: u64, name: &str) -> io::Result<Stream> {
        let parts = self.parts(number)?;
        let wanted = |attribute: &Attribute<'_>| attribute.kind == DATA && attribute.name == name;
        let data: Vec<Attribute<'_>> = parts.iter().flat_map(Record::attributes).filter(wanted).collect();
        let reparse = parts.iter().flat_map(Record::attributes).find(|attribute| attribute.kind == REPARSE);
        if let Some(Content::Resident(point)) = reparse.map(|attribute| attribute.content)
            && name.is_empty()
        {
            refuse_reparse(point)?;
        }
        if data.is_empty() {
            return Err(Failure::damaged(format!("record {number} has no stream {name:?}")).into());
        }
        self.joined(&data)
    }

    /// The bytes of a stream out of the attributes that hold its pieces.
    fn joined(&self, attributes: &[Attribute<'_>]) -> io::Result<Stream> {
        let first = attributes.iter().find(|attribute| match attribute.content {
            Content::Resident(_) => true,
            Content::Runs { first, .. } => first == 0,
        });
        let Some(first) = first else {
            return Err(Failure::damaged("the first piece of a stream is missing").into());
        };
        let Content::Runs { size, initialized, unit, .. } = first.content else {
            let Content::Resident(value) = first.content else { return Ok(Stream::empty()) };
            return Ok(Stream::resident(value));
        };
        if first.is_encrypted() {
            return Err(Failure::new(Kind::Encrypted, "encrypted by NTFS (EFS)").into());
        }
        let mut runs = Runs::new(self.cluster_bytes);
        let mut pieces: Vec<(u64, &[u8])> = attributes
            .iter()
            .filter_map(|attribute| match attribute.content {
                Content::Runs { first, runs, .. } => Some((first, runs)),
                Content::Resident(_) => None,
            })
            .collect();
        pieces.sort_by_key(|(first, _)| *first);
        for (first, piece) in pieces {
            runs.add(first, piece)?;
        }
        let unit = if first.is_compressed() { unit } else { 0 };
        Stream::of_runs(Arc::clone(&self.volume), runs, (size, initialized), unit)
    }

    /// Every file of the volume, at most `files_max`.
    ///
    /// # Errors
    /// When the table cannot be read at all.
    pub fn list(&self, files_max: usize) -> io::Result<Listing> {
        names::list(self, files_max)
    }
}

/// Reparse points under which a file's data is not what stands in its main stream.
fn refuse_reparse(point: &[u8]) -> io::Result<()> {
    let how = match crate::field::u32_le(point, 0) {
        Some(0x8000_0017) => "compressed by Windows (WOF)",
        Some(0x8000_0013) => "deduplicated by Windows Server",
        Some(0xa000_000c) => "a symbolic link",
        Some(0xa000_0003) => "a mount point",
        _ => return Ok(()),
    };
    Err(Failure::new(Kind::Unsupported, format!("{how}: its bytes are elsewhere, not read")).into())
}
