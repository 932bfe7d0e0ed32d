//! Zip archives, read in place and never unpacked to disk. The directory is read once; each reader of an entry has
//! a file handle of its own.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use vigie_model::diagnostic::Code;

use super::directory::{Directory, Entry, EntryKind};
use super::{Evidence, FileTimes, Findings, Limits, Source, Stop, directory, entry, layout};

/// Archives unpacked in memory that are kept at once for their next entry.
const KEPT_MAX: usize = 2;
/// First entries by which a document that is a zip inside (Office, Java) is told from a collection.
const DOCUMENT_ENTRIES: &[&str] =
    &["[Content_Types].xml", "META-INF/", "META-INF/MANIFEST.MF", "mimetype", "AndroidManifest.xml"];

/// A zip and the list of its entries.
#[derive(Debug)]
pub struct Archive {
    place: Place,
    entries: Vec<Entry>,
    /// Uncompressed bytes given out over all entries and readers.
    pub(super) spent: AtomicU64,
}

/// Where an archive's own bytes are.
#[derive(Debug)]
enum Place {
    /// A part of a file on disk: the whole of it, or an entry stored in it without compression.
    Disk { path: PathBuf, start: u64, len: u64 },
    /// A compressed entry of another archive: unpacked in memory while it is read.
    Packed { parent: Arc<Archive>, index: usize, loaded: Mutex<Weak<Vec<u8>>>, kept: Kept },
}

/// The archives last unpacked, so that reading entry after entry does not unpack again.
type Kept = Arc<Mutex<Vec<Arc<Vec<u8>>>>>;

impl Archive {
    /// Its entries, in the order of its directory.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Its own bytes, from its first one.
    pub(super) fn bytes(&self, limits: &Limits) -> io::Result<Bytes> {
        self.place.open(limits)
    }
}

impl Place {
    fn open(&self, limits: &Limits) -> io::Result<Bytes> {
        match self {
            Place::Disk { path, start, len } => {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(*start))?;
                Ok(Bytes { inner: Inner::Disk(file, *start), at: 0, len: *len })
            }
            Place::Packed { parent, index, loaded, kept } => {
                let mut slot = loaded.lock().unwrap_or_else(PoisonError::into_inner);
                let bytes = match slot.upgrade() {
                    Some(bytes) => bytes,
                    None => unpack(parent, *index, limits)?,
                };
                *slot = Arc::downgrade(&bytes);
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.retain(|other| !Arc::ptr_eq(other, &bytes));
                kept.truncate(KEPT_MAX.saturating_sub(1));
                kept.insert(0, Arc::clone(&bytes));
                let len = bytes.len() as u64;
                Ok(Bytes { inner: Inner::Memory(bytes), at: 0, len })
            }
        }
    }
}

fn unpack(parent: &Arc<Archive>, index: usize, limits: &Limits) -> io::Result<Arc<Vec<u8>>> {
    let mut bytes = Vec::new();
    let limit = limits.nested_bytes_max;
    entry::open(parent, index, limits)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let message = format!("a compressed archive of more than {limit} bytes inside an archive");
        return Err(Stop::error(Code::LimitReached, message));
    }
    Ok(Arc::new(bytes))
}

/// Reads and seeks in an archive's own bytes.
pub(super) struct Bytes {
    inner: Inner,
    at: u64,
    len: u64,
}

enum Inner {
    /// The file, and where the archive begins in it.
    Disk(File, u64),
    Memory(Arc<Vec<u8>>),
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.len.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let length = buffer.len().min(left);
        let buffer = buffer.get_mut(..length).unwrap_or_default();
        let count = match &mut self.inner {
            Inner::Disk(file, _) => file.read(buffer)?,
            Inner::Memory(bytes) => {
                let start = usize::try_from(self.at).unwrap_or(usize::MAX);
                bytes.get(start..).unwrap_or_default().read(buffer)?
            }
        };
        self.at = self.at.saturating_add(count as u64);
        Ok(count)
    }
}

impl Seek for Bytes {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(delta) => self.len.checked_add_signed(delta),
            SeekFrom::Current(delta) => self.at.checked_add_signed(delta),
        };
        self.at = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        if let Inner::Disk(file, start) = &mut self.inner {
            file.seek(SeekFrom::Start(start.saturating_add(self.at)))?;
        }
        Ok(self.at)
    }
}

/// Whether a file is a zip by its first bytes, and no document that is one inside.
pub(super) fn is_zip(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(512).read_to_end(&mut head));
    read.is_ok() && is_zip_head(&head)
}

fn is_zip_head(head: &[u8]) -> bool {
    if head.starts_with(b"PK\x05\x06") {
        return true;
    }
    let name_len = head
        .get(26..28)
        .map_or(0, |bytes| bytes.iter().rev().fold(0, |sum, byte| (sum << 8) | usize::from(*byte)));
    let name = head.get(30..name_len.saturating_add(30)).unwrap_or_default();
    head.starts_with(b"PK\x03\x04") && !DOCUMENT_ENTRIES.iter().any(|document| document.as_bytes() == name)
}

/// Lists an archive on disk under a label.
pub(super) fn add_file(path: &Path, label: &str, limits: &Limits, findings: &mut Findings) {
    let meta = match std::fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) => {
            let source = Source::Unreadable(Code::CannotOpen, error.to_string());
            findings.add(
                Evidence {
                    path: label.to_owned(),
                    host_path: None,
                    size: 0,
                    times: FileTimes::default(),
                    source,
                },
                0,
            );
            return;
        }
    };
    let times = super::folder::times_of(&meta);
    let itself = Evidence {
        path: label.to_owned(),
        host_path: None,
        size: meta.len(),
        times,
        source: Source::File(path.to_owned()),
    };
    let place = Place::Disk { path: path.to_owned(), start: 0, len: meta.len() };
    let nest = Nest { kept: Kept::default(), depth: 0 };
    add(place, itself, (limits, &nest), findings);
}

/// How deep we are in archives within archives.
struct Nest {
    kept: Kept,
    depth: usize,
}

/// Lists the entries of the archive at a place; `itself` is how the archive as a file is listed when it is damaged
/// altogether.
fn add(place: Place, itself: Evidence, context: (&Limits, &Nest), findings: &mut Findings) {
    let limits = context.0;
    let label = itself.path.clone();
    let listed = place.open(limits).and_then(|bytes| {
        let (len, room) = (bytes.len, limits.entries_max.saturating_sub(findings.found.len()));
        directory::read(&mut BufReader::with_capacity(1 << 16, bytes), len, room)
    });
    let Directory { entries, damage, cut } = match listed {
        Ok(listed) => listed,
        Err(error) => {
            let stop = Stop::of(&error);
            let archive_len = label.len();
            let source = Source::Unreadable(stop.code, stop.message);
            findings.add(Evidence { source, ..itself }, archive_len);
            return;
        }
    };
    if let Some(damage) = damage {
        findings.note(
            &label,
            Code::ContainerDamaged,
            format!("{damage}; {} entries were found", entries.len()),
        );
        if entries.is_empty() {
            // Damaged altogether: listed as a file, hashed, not read.
            let archive_len = label.len();
            findings.add(itself, archive_len);
            return;
        }
    }
    if cut {
        findings.note(
            &label,
            Code::LimitReached,
            format!("more than {} entries: the rest is not listed", limits.entries_max),
        );
    }
    let archive = Arc::new(Archive { place, entries, spent: AtomicU64::new(0) });
    let overlapping = overlaps(&archive);
    let mut names = HashSet::new();
    for (index, listed) in archive.entries.iter().enumerate() {
        if listed.kind == EntryKind::Folder {
            continue;
        }
        if findings.is_full(limits) {
            return;
        }
        let path = format!("{label}!/{}", listed.name);
        if let Some(reason) = listed.unsafe_name {
            findings.note(&path, Code::UnsafeName, reason);
        }
        if !names.insert(listed.name.as_str()) {
            findings.note(&path, Code::Duplicate, "another entry has this name");
        }
        let source = source_of(&archive, index, overlapping.contains(&index));
        let host_path = layout::host_path(&path);
        let evidence = Evidence { path, host_path, size: listed.size, times: listed.times, source };
        add_entry(evidence, label.len(), context, findings);
    }
}

/// Adds an entry, or what is in it when it is an archive itself and not a file of the host.
fn add_entry(evidence: Evidence, archive_len: usize, context: (&Limits, &Nest), findings: &mut Findings) {
    let (limits, nest) = context;
    let nested = match &evidence.source {
        Source::Entry(archive, index) if evidence.host_path.is_none() => peek(archive, *index, limits)
            .filter(|head| is_zip_head(head))
            .map(|_| (Arc::clone(archive), *index)),
        Source::Entry(..) | Source::File(_) | Source::Unreadable(..) => None,
    };
    let Some((parent, index)) = nested else {
        findings.add(evidence, archive_len);
        return;
    };
    if nest.depth >= limits.nesting_max {
        let message = format!("archives lie more than {} deep in one another", limits.nesting_max);
        let source = Source::Unreadable(Code::LimitReached, message);
        findings.add(Evidence { source, ..evidence }, archive_len);
        return;
    }
    let place = nested_place(parent, index, &nest.kept);
    let deeper = Nest { kept: Arc::clone(&nest.kept), depth: nest.depth.saturating_add(1) };
    add(place, evidence, (limits, &deeper), findings);
}

/// A stored entry of an archive on disk is a part of the same file; any other is unpacked in memory when read.
fn nested_place(parent: Arc<Archive>, index: usize, kept: &Kept) -> Place {
    if let (Place::Disk { path, start, .. }, Some(entry)) = (&parent.place, parent.entries.get(index)) {
        let limits = Limits::default();
        let data =
            parent.bytes(&limits).and_then(|mut bytes| directory::data_start(&mut bytes, entry.header));
        if let (0, Ok(Some(data))) = (entry.method, data) {
            let start = start.saturating_add(data);
            return Place::Disk { path: path.clone(), start, len: entry.compressed };
        }
    }
    Place::Packed { parent, index, loaded: Mutex::default(), kept: Arc::clone(kept) }
}

/// The first bytes of an entry whose name or content may be an archive.
fn peek(archive: &Arc<Archive>, index: usize, limits: &Limits) -> Option<Vec<u8>> {
    let name = &archive.entries.get(index)?.name;
    // Only names without another well-known ending are opened to look: a collection holds thousands of files.
    if !name.to_ascii_lowercase().ends_with(".zip") {
        return None;
    }
    let mut head = Vec::new();
    entry::open(archive, index, limits).ok()?.take(512).read_to_end(&mut head).ok()?;
    Some(head)
}

fn source_of(archive: &Arc<Archive>, index: usize, overlapping: bool) -> Source {
    let Some(entry) = archive.entries.get(index) else {
        return Source::Unreadable(Code::ContainerDamaged, "no such entry".to_owned());
    };
    if entry.kind == EntryKind::Special {
        return Source::Unreadable(
            Code::NotRegularFile,
            "a symbolic link or device, not followed".to_owned(),
        );
    }
    if entry.encrypted {
        return Source::Unreadable(Code::Encrypted, "encrypted with a password".to_owned());
    }
    if let Some(method) = entry::unsupported(entry.method) {
        return Source::Unreadable(Code::KnownUnread, format!("{method} is not read"));
    }
    if overlapping {
        return Source::Unreadable(
            Code::LimitReached,
            "it shares its bytes with another entry, as archive bombs do".to_owned(),
        );
    }
    Source::Entry(Arc::clone(archive), index)
}

/// Entries whose bytes overlap those of an earlier one.
fn overlaps(archive: &Archive) -> HashSet<usize> {
    let mut order: Vec<usize> = (0..archive.entries.len()).collect();
    order.sort_by_key(|index| archive.entries.get(*index).map(|entry| entry.header));
    let mut free_from = 0;
    let mut found = HashSet::new();
    for index in order {
        let Some(entry) = archive.entries.get(index) else { continue };
        if entry.header < free_from && entry.kind == EntryKind::File {
            found.insert(index);
        }
        free_from = free_from.max(entry.header.saturating_add(30).saturating_add(entry.compressed));
    }
    found
}
