//! What a file is a container of: asked by content, and handed to the module that lists it.

use std::io::Read;
use std::path::Path;

use vigie_container::bytes;
use vigie_container::compressed::Compression;
use vigie_model::diagnostic::Code;

use super::place::{Kept, OnDisk, Place};
use super::{Evidence, Findings, Limits, Password, Source, archive, sevenz, stream, tape};

/// First bytes of a file by which its format is told.
pub(super) const HEAD_BYTES: usize = 4096;

/// Endings of entries that are opened to look whether they are containers: a collection holds thousands of files.
const ENDINGS: &[&str] = &[
    ".zip", ".tar", ".tgz", ".gz", ".txz", ".xz", ".tzst", ".zst", ".tbz2", ".tbz", ".bz2", ".7z", ".e01",
    ".vhd", ".vhdx", ".avhdx", ".vmdk", ".qcow2", ".raw", ".dd", ".img", ".001",
];

/// A format that holds files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// A zip that is no document.
    Zip,
    /// A tar.
    Tar,
    /// A 7z.
    SevenZ,
    /// One compressed stream: a tar, or one file.
    Compressed(Compression),
}

impl Format {
    /// By the first bytes.
    pub(super) fn of(head: &[u8]) -> Option<Format> {
        if archive::is_zip(head) {
            Some(Format::Zip)
        } else if vigie_container::sevenz::is_sevenz(head) {
            Some(Format::SevenZ)
        } else if let Some(compression) = Compression::of(head) {
            Some(Format::Compressed(compression))
        } else if vigie_container::tar::is_tar(head) {
            Some(Format::Tar)
        } else {
            None
        }
    }

    /// Whether it is read when it lies among a host's own files: a log that its owner compressed is still a log, an
    /// archive there is a file of the host.
    fn is_read_on_host(self) -> bool {
        match self {
            Format::Compressed(_) => true,
            Format::Zip | Format::Tar | Format::SevenZ => false,
        }
    }
}

/// How deep we are in containers within containers, and what opening them needs.
#[derive(Clone, Debug)]
pub(super) struct Nest<'a> {
    /// What it may cost.
    pub(super) limits: &'a Limits,
    /// Passwords to try.
    pub(super) passwords: &'a [Password],
    kept: Kept,
    depth: usize,
}

impl<'a> Nest<'a> {
    /// Outside of all containers.
    pub(super) fn new(limits: &'a Limits, passwords: &'a [Password]) -> Nest<'a> {
        Nest { limits, passwords, kept: Kept::default(), depth: 0 }
    }

    /// Where an entry's own bytes are when they must be unpacked.
    pub(super) fn packed(&self, source: Source) -> Place {
        Place::packed(source, &self.kept)
    }
}

/// The format of a file on disk; `None` also when it cannot be opened, which reading it says.
pub(super) fn format_of_file(path: &Path) -> Option<Format> {
    let file = OnDisk::open(path).ok()?;
    Format::of(&bytes::take_at(&file, 0, HEAD_BYTES).ok()?)
}

/// Adds a file on disk, or what is in it when it is a container and not a file of the host. Says whether it was one
/// that is a collection by itself.
pub(super) fn add_file(path: &Path, evidence: Evidence, nest: &Nest<'_>, findings: &mut Findings) {
    let on_host = evidence.host_path.is_some();
    match format_of_file(path).filter(|format| !on_host || format.is_read_on_host()) {
        Some(format) => {
            let place = Place::file(path, evidence.size);
            add_container(format, place, evidence, (nest, findings));
        }
        None => findings.add(evidence, 0),
    }
}

/// Adds an entry of a container, or what is in it when it is a container itself and not a file of the host. `place` is
/// where its bytes stand as they are, if they do; `head` its first bytes, where they are known already.
pub(super) fn add_entry(
    evidence: Evidence,
    place: Option<Place>,
    head: Option<&[u8]>,
    within: (&Nest<'_>, usize),
    findings: &mut Findings,
) {
    let (nest, archive_len) = within;
    let on_host = evidence.host_path.is_some();
    let format = match head {
        Some(head) => Format::of(head),
        None => peek(&evidence, nest.limits).and_then(|head| Format::of(&head)),
    };
    let Some(format) = format.filter(|format| !on_host || format.is_read_on_host()) else {
        findings.add(evidence, archive_len);
        return;
    };
    if nest.depth >= nest.limits.nesting_max {
        let message = format!("archives lie more than {} deep in one another", nest.limits.nesting_max);
        let source = Source::Unreadable(Code::LimitReached, message);
        findings.add(Evidence { source, ..evidence }, archive_len);
        return;
    }
    let place = place.unwrap_or_else(|| nest.packed(evidence.source.clone()));
    let deeper = Nest { depth: nest.depth.saturating_add(1), ..nest.clone() };
    add_container(format, place, evidence, (&deeper, findings));
}

/// Lists what is in a container; `itself` is how it is listed as a file when nothing in it can be.
fn add_container(format: Format, place: Place, itself: Evidence, into: (&Nest<'_>, &mut Findings)) {
    let (nest, findings) = into;
    match format {
        Format::Zip => archive::add(place, itself, nest, findings),
        Format::Tar => tape::add(place, itself, nest, findings),
        Format::SevenZ => sevenz::add(&place, itself, nest, findings),
        Format::Compressed(compression) => stream::add(compression, place, itself, (nest, findings)),
    }
}

/// The first bytes of an entry whose name says that it may be a container.
fn peek(evidence: &Evidence, limits: &Limits) -> Option<Vec<u8>> {
    if !may_be_container(&evidence.path) || matches!(evidence.source, Source::Unreadable(..)) {
        return None;
    }
    let mut head = Vec::new();
    evidence.source.open(limits).ok()?.take(HEAD_BYTES as u64).read_to_end(&mut head).ok()?;
    Some(head)
}

/// Whether a name says that it may be a container.
pub(super) fn may_be_container(path: &str) -> bool {
    let path = path.as_bytes();
    ENDINGS.iter().any(|ending| {
        let tail = path.len().checked_sub(ending.len()).and_then(|start| path.get(start..));
        tail.is_some_and(|tail| tail.eq_ignore_ascii_case(ending.as_bytes()))
    })
}
