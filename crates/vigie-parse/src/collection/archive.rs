//! Zip archives, read in place and never unpacked to disk. The directory is read once; each reader of an entry has
//! a file handle of its own.

use std::collections::HashSet;
use std::io::{self, BufReader};
use std::sync::Arc;

use vigie_container::bytes::Reader;
use vigie_container::zip_crypto::Encryption;
use vigie_model::diagnostic::Code;

use super::directory::{Directory, Entry, EntryKind, Lock};
use super::guard::Spent;
use super::inside::{self, Nest};
use super::names::Seen;
use super::password::Keys;
use super::place::Place;
use super::{Evidence, Findings, Limits, Source, directory, entry, guard, layout, velociraptor};

/// First entries by which a document that is a zip inside (Office, Java) is told from a collection.
const DOCUMENT_ENTRIES: &[&str] =
    &["[Content_Types].xml", "META-INF/", "META-INF/MANIFEST.MF", "mimetype", "AndroidManifest.xml"];

/// A zip and the list of its entries.
#[derive(Debug)]
pub struct Archive {
    place: Place,
    entries: Vec<Entry>,
    pub(super) keys: Keys,
    /// Uncompressed bytes given out over all entries and readers.
    pub(super) spent: Arc<Spent>,
}

impl Archive {
    /// Its entries, in the order of its directory.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Its own bytes, from its first one.
    pub(super) fn bytes(&self, limits: &Limits) -> io::Result<Reader> {
        self.place.bytes(limits).map(Reader::new)
    }

    /// Where an entry stands as it is: stored without compression, or encrypted in a way that can be read at any place.
    fn place_of(&self, index: usize, limits: &Limits) -> Option<Place> {
        let entry = self.entries.get(index).filter(|entry| entry.method == 0)?;
        let data = directory::data_start(&mut self.bytes(limits).ok()?, entry.header).ok()??;
        match entry.lock {
            Lock::Open => self.place.part(data, entry.compressed),
            Lock::Password(Encryption::Aes(strength)) => {
                let bytes = self.place.bytes(limits).ok()?;
                let key = self.keys.aes(strength, (&bytes, data, entry.compressed))?;
                Some(Place::Sealed { of: Box::new(self.place.clone()), key: Box::new(key) })
            }
            Lock::Password(Encryption::ZipCrypto { .. }) | Lock::Unknown(_) => None,
        }
    }
}

/// Whether first bytes are a zip's, and of no document that is one inside.
pub(super) fn is_zip(head: &[u8]) -> bool {
    if head.starts_with(b"PK\x05\x06") {
        return true;
    }
    let name_len = head
        .get(26..28)
        .map_or(0, |bytes| bytes.iter().rev().fold(0, |sum, byte| (sum << 8) | usize::from(*byte)));
    let name = head.get(30..name_len.saturating_add(30)).unwrap_or_default();
    head.starts_with(b"PK\x03\x04") && !DOCUMENT_ENTRIES.iter().any(|document| document.as_bytes() == name)
}

/// Lists the entries of the archive at a place; `itself` is how the archive as a file is listed when it is damaged
/// altogether.
pub(super) fn add(place: Place, itself: Evidence, nest: &Nest<'_>, findings: &mut Findings) {
    let limits = nest.limits;
    let label = itself.path.clone();
    let listed = place.bytes(limits).and_then(|bytes| {
        let (len, room) = (bytes.size(), limits.entries_max.saturating_sub(findings.count()));
        directory::read(&mut BufReader::with_capacity(1 << 16, Reader::new(bytes)), len, room)
    });
    let Directory { entries, damage, cut } = match listed {
        Ok(listed) => listed,
        Err(error) => {
            findings.add_unreadable(itself, &guard::stop(&error, 0));
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
    let mut archive = Archive { place, entries, keys: Keys::new(nest.passwords), spent: Arc::default() };
    let hint = velociraptor::password_hint(&archive, limits);
    archive.keys.set_hint(hint);
    let archive = Arc::new(archive);
    let overlapping = overlaps(&archive);
    let mut seen = Seen::default();
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
        seen.name(&path, &listed.name, findings);
        let source = source_of(&archive, index, overlapping.contains(&index));
        let host_path = layout::host_path(&path);
        let evidence = Evidence { path, host_path, size: listed.size, times: listed.times, source };
        let place =
            inside::may_be_container(&evidence.path).then(|| archive.place_of(index, limits)).flatten();
        inside::add_entry(evidence, place, None, (nest, label.len()), findings);
    }
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
    if let Lock::Unknown(how) = entry.lock {
        return Source::Unreadable(Code::Encrypted, format!("encrypted with {how}, which is not read"));
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
