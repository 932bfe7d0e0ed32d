//! A record of the master file table: its fixups undone, its attributes.

use std::io;

use crate::Failure;
use crate::field::{u16_le, u32_le, u64_le, utf16_le};

/// Attributes of one record.
const ATTRIBUTES_MAX: usize = 1024;
/// Sectors by which a record is protected, whatever the sectors of the disk are.
const PROTECTED: usize = 512;

/// A whole record.
#[derive(Clone, Debug)]
pub(super) struct Record(Vec<u8>);

/// An attribute of a record.
#[derive(Clone, Debug)]
pub(super) struct Attribute<'a> {
    pub(super) kind: u32,
    pub(super) name: String,
    pub(super) content: Content<'a>,
    flags: u16,
}

/// What an attribute holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Content<'a> {
    /// The value itself.
    Resident(&'a [u8]),
    /// Runs of clusters.
    Runs {
        /// The first cluster of the stream that they hold.
        first: u64,
        runs: &'a [u8],
        size: u64,
        initialized: u64,
        /// Clusters of a compression unit, as a power of two.
        unit: u16,
    },
}

impl Record {
    /// A record as it is stored.
    pub(super) fn of(mut bytes: Vec<u8>) -> io::Result<Record> {
        if !bytes.starts_with(b"FILE") {
            return Err(Failure::damaged("not a record of the file table").into());
        }
        let (Some(at), Some(count)) = (u16_le(&bytes, 4), u16_le(&bytes, 6)) else {
            return Err(Failure::damaged("a record is too short").into());
        };
        let at = usize::from(at);
        let mark: Option<[u8; 2]> = crate::field::array(&bytes, at);
        for index in
            1..usize::from(count).min(bytes.len().checked_div(PROTECTED).unwrap_or(0).saturating_add(1))
        {
            let kept: Option<[u8; 2]> =
                crate::field::array(&bytes, at.saturating_add(index.saturating_mul(2)));
            let end = index.saturating_mul(PROTECTED);
            let (Some(kept), Some(field)) = (kept, bytes.get_mut(end.saturating_sub(2)..end)) else {
                return Err(Failure::damaged("the fixups of a record are beyond its end").into());
            };
            if mark.as_ref().is_none_or(|mark| field != mark.as_slice()) {
                return Err(Failure::damaged("a record was written in part only").into());
            }
            field.copy_from_slice(&kept);
        }
        Ok(Record(bytes))
    }

    /// How often the record was used.
    pub(super) fn sequence(&self) -> u16 {
        u16_le(&self.0, 16).unwrap_or(0)
    }

    /// Whether it is in use, and whether it is a folder.
    pub(super) fn flags(&self) -> (bool, bool) {
        let flags = u16_le(&self.0, 22).unwrap_or(0);
        (flags & 1 != 0, flags & 2 != 0)
    }

    /// The record that it is a part of; `None` when it is a file's own.
    pub(super) fn base(&self) -> Option<u64> {
        u64_le(&self.0, 32).filter(|base| *base != 0).map(|base| base & 0xffff_ffff_ffff)
    }

    pub(super) fn attributes(&self) -> impl Iterator<Item = Attribute<'_>> {
        let mut at = usize::from(u16_le(&self.0, 20).unwrap_or(0));
        let used = usize::try_from(u32_le(&self.0, 24).unwrap_or(0)).unwrap_or(0).min(self.0.len());
        let next = move || {
            let rest = self.0.get(at..used)?;
            let length = usize::try_from(u32_le(rest, 4)?).ok()?;
            let bytes = rest.get(..length).filter(|_| length >= 24 && u32_le(rest, 0) != Some(u32::MAX))?;
            at = at.checked_add(length)?;
            Some(attribute(bytes))
        };
        std::iter::from_fn(next).take(ATTRIBUTES_MAX).flatten()
    }
}

fn attribute(bytes: &[u8]) -> Option<Attribute<'_>> {
    let name_len = usize::from(*bytes.get(9)?).saturating_mul(2);
    let name_at = usize::from(u16_le(bytes, 10)?);
    let name = if name_len == 0 {
        String::new()
    } else {
        utf16_le(bytes.get(name_at..name_at.checked_add(name_len)?)?)
    };
    let content = if *bytes.get(8)? == 0 {
        let start = usize::from(u16_le(bytes, 20)?);
        let length = usize::try_from(u32_le(bytes, 16)?).ok()?;
        Content::Resident(bytes.get(start..start.checked_add(length)?)?)
    } else {
        Content::Runs {
            first: u64_le(bytes, 16)?,
            runs: bytes.get(usize::from(u16_le(bytes, 32)?)..)?,
            size: u64_le(bytes, 48)?,
            initialized: u64_le(bytes, 56)?,
            unit: u16_le(bytes, 34)?,
        }
    };
    Some(Attribute { kind: u32_le(bytes, 0)?, name, content, flags: u16_le(bytes, 12)? })
}

impl Attribute<'_> {
    pub(super) fn is_compressed(&self) -> bool {
        self.flags & 1 != 0
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.flags & 0x4000 != 0
    }

    /// Its size in bytes; `None` for a later piece of a stream.
    pub(super) fn size(&self) -> Option<u64> {
        match self.content {
            Content::Resident(value) => Some(value.len() as u64),
            Content::Runs { first: 0, size, .. } => Some(size),
            Content::Runs { .. } => None,
        }
    }
}

/// The records that an attribute list names.
pub(super) fn listed(list: &[u8]) -> Vec<u64> {
    let mut records = Vec::new();
    let mut rest = list;
    // Each turn takes an entry of at least 26 bytes.
    while let (Some(length), Some(record)) = (u16_le(rest, 4), u64_le(rest, 16)) {
        if length < 26 {
            break;
        }
        records.push(record & 0xffff_ffff_ffff);
        rest = rest.get(usize::from(length)..).unwrap_or_default();
    }
    records
}
