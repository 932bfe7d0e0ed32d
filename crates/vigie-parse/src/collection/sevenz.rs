//! 7z archives: listed at once, blocks read forward.

use std::io::{self, Read};
use std::sync::Arc;

use flate2::Crc;
use vigie_container::sevenz::{self, Entry, EntryKind, SevenZ};
use vigie_container::solid::Solid;
use vigie_container::{Bytes, Failure, Kind};
use vigie_model::diagnostic::Code;

use super::guard::{self, Guard, Guarded, Spent};
use super::inside::{self, Nest};
use super::names::Seen;
use super::password::Keys;
use super::place::Place;
use super::{Evidence, FileTimes, Findings, Limits, Source, Stop, directory, layout, names};

/// Bytes of a block that are decompressed to see whether a password fits.
const TRIAL_BYTES: u64 = 1 << 16;

/// A 7z, its entries and the streams of its blocks.
#[derive(Debug)]
pub struct Blocks {
    entries: Vec<Entry>,
    streams: Vec<Arc<Solid>>,
    compressed: u64,
    spent: Arc<Spent>,
}

/// Lists the entries of a 7z; `itself` is how it is listed as a file when it cannot be opened.
pub(super) fn add(place: &Place, itself: Evidence, nest: &Nest<'_>, findings: &mut Findings) {
    let label = itself.path.clone();
    let opened =
        place.bytes(nest.limits).and_then(|bytes| unlock(&bytes, nest).map(|open| (open, bytes.size())));
    let ((archive, locked), compressed) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            findings.add_unreadable(itself, &guard::stop(&error, 0));
            return;
        }
    };
    let entries = archive.entries();
    let last = entries.iter().filter_map(|entry| entry.place).map(|(block, _)| block).max();
    let block = |index: usize| {
        let archive = Arc::clone(&archive);
        Solid::new(move || archive.block(index))
    };
    let blocks = (0..last.map_or(0, |last| last.saturating_add(1))).map(block).collect();
    let blocks = Arc::new(Blocks { entries, streams: blocks, compressed, spent: Arc::default() });
    let mut seen = Seen::default();
    for (index, entry) in blocks.entries.iter().enumerate() {
        if entry.kind == EntryKind::Folder {
            continue;
        }
        if findings.is_full(nest.limits) {
            return;
        }
        let raw = names::forward(entry.name.as_bytes());
        let path = format!("{label}!/{}", names::display_bytes(&raw));
        seen.judge(&path, &raw, findings);
        let source = match (&locked, entry.kind) {
            (Some(reason), EntryKind::File) if entry.encrypted => {
                Source::Unreadable(Code::Encrypted, reason.clone())
            }
            (_, EntryKind::File | EntryKind::Folder) => Source::Block(Arc::clone(&blocks), index),
            (_, EntryKind::Special) => Source::Unreadable(
                Code::NotRegularFile,
                "a symbolic link or a note of deletion, not followed".to_owned(),
            ),
        };
        let (modified, created) = entry.times;
        let times =
            FileTimes { modified: directory::filetime(modified), created: directory::filetime(created) };
        let host_path = layout::host_path(&path);
        let evidence = Evidence { path, host_path, size: entry.size, times, source };
        inside::add_entry(evidence, None, None, (nest, label.len()), findings);
    }
}

/// The archive with the first password that opens it, and why its encrypted blocks stay closed if none does.
fn unlock(bytes: &Bytes, nest: &Nest<'_>) -> io::Result<(Arc<SevenZ>, Option<String>)> {
    let keys = Keys::new(nest.passwords);
    let closed = || keys.none_fits("7z, AES-256");
    match sevenz::open(bytes, None) {
        Ok(archive) => {
            let archive = Arc::new(archive);
            let Some((block, _)) =
                archive.entries().iter().filter(|entry| entry.encrypted).find_map(|entry| entry.place)
            else {
                return Ok((archive, None));
            };
            let fitting = keys.find(|password| {
                let archive = Arc::new(sevenz::open(bytes, Some(password)).ok()?);
                let mut trial = archive.block(block).ok()?.take(TRIAL_BYTES);
                io::copy(&mut trial, &mut io::sink()).ok().map(|_| archive)
            });
            Ok(fitting.map_or_else(|| (archive, Some(closed())), |fitting| (fitting, None)))
        }
        Err(failure) if failure.kind == Kind::Encrypted => {
            let fitting = keys.find(|password| sevenz::open(bytes, Some(password)).ok());
            let archive = fitting.ok_or_else(|| Failure::new(Kind::Encrypted, closed()))?;
            Ok((Arc::new(archive), None))
        }
        Err(failure) => Err(failure.into()),
    }
}

impl Blocks {
    /// Where an entry lies: its block's stream, and where in it.
    pub(super) fn turn(&self, index: usize) -> Option<(usize, u64)> {
        let (block, offset) = self.entries.get(index)?.place?;
        Some((Arc::as_ptr(self.streams.get(block)?).addr(), offset))
    }
}

/// Opens an entry.
pub(super) fn open(archive: &Blocks, index: usize, limits: &Limits) -> io::Result<Box<dyn Read + Send>> {
    let Some(entry) = archive.entries.get(index) else {
        return Err(Stop::error(Code::ContainerDamaged, format!("no entry {index}")));
    };
    let Some((block, offset)) = entry.place else { return Ok(Box::new(io::empty())) };
    let Some(solid) = archive.streams.get(block) else {
        return Err(Stop::error(Code::ContainerDamaged, format!("no block {block}")));
    };
    let content = solid.part(offset, entry.size).map_err(|error| guard::stop(&error, 0))?;
    let checked = Checked { content, crc: Crc::new(), stated: entry.crc };
    Ok(Guarded::over(Box::new(checked), Guard::new(limits, Some(archive.compressed), &archive.spent)))
}

/// Compares the checksum at the end.
struct Checked {
    content: Box<dyn Read + Send>,
    crc: Crc,
    stated: Option<u32>,
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.content.read(buffer)?;
        self.crc.update(buffer.get(..count).unwrap_or_default());
        if count == 0
            && !buffer.is_empty()
            && let Some(stated) = self.stated.filter(|stated| *stated != self.crc.sum())
        {
            let message =
                format!("its checksum is {:08x} where the archive states {stated:08x}", self.crc.sum());
            return Err(Failure::damaged(message).into());
        }
        Ok(count)
    }
}
