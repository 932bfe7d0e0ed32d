//! What a file is a container of: asked by content, and handed to the module that lists it.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use vigie_container::compressed::Compression;
use vigie_container::image::{self, ImageFormat};
use vigie_container::{ReadAt as _, bytes};
use vigie_model::diagnostic::Code;

use super::place::{Kept, OnDisk, Place};
use super::{Evidence, Findings, Limits, Password, Source, archive, disk, sevenz, stream, tape};

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
    /// A disk image, a disk or a volume.
    Image(ImageFormat),
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
            ImageFormat::of(head).map(Format::Image)
        }
    }

    /// Whether it is read when it lies among a host's own files: a log that its owner compressed is still a log, an
    /// archive there is a file of the host.
    fn is_read_on_host(self) -> bool {
        match self {
            Format::Compressed(_) => true,
            Format::Zip | Format::Tar | Format::SevenZ | Format::Image(_) => false,
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

/// What a file on disk is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum OnDiskKind {
    /// A container.
    Container(Format),
    /// A further piece of the image that begins in this file.
    Piece(PathBuf),
    /// A file; also one that cannot be opened, which reading it says.
    File,
}

/// What a file on disk is, by its content; its name tells further pieces of images.
pub(super) fn kind_of_file(path: &Path) -> OnDiskKind {
    let head = || -> io::Result<(Vec<u8>, bool)> {
        let file = OnDisk::open(path)?;
        let head = bytes::take_at(&file, 0, HEAD_BYTES)?;
        let tail = bytes::take_at(&file, file.size().saturating_sub(512), 512)?;
        Ok((head, image::is_vhd_footer(&tail)))
    };
    let Ok((head, has_footer)) = head() else { return OnDiskKind::File };
    if let Some(first) = disk::is_further_piece(path, &head) {
        return OnDiskKind::Piece(first);
    }
    match Format::of(&head) {
        // A fixed VHD has no head of its own: it begins with the disk.
        None | Some(Format::Image(ImageFormat::Raw)) if has_footer => {
            OnDiskKind::Container(Format::Image(ImageFormat::Vhd))
        }
        Some(format) => OnDiskKind::Container(format),
        None => OnDiskKind::File,
    }
}

/// Adds a file on disk, or what is in it when it is a container and not a file of the host.
pub(super) fn add_file(path: &Path, evidence: Evidence, nest: &Nest<'_>, findings: &mut Findings) {
    let on_host = evidence.host_path.is_some();
    match kind_of_file(path) {
        OnDiskKind::Container(format) if !on_host || format.is_read_on_host() => {
            let place = Place::file(path, evidence.size);
            add_container(format, place, evidence, (nest, findings));
        }
        // Read with its first piece.
        OnDiskKind::Piece(_) if !on_host => {}
        OnDiskKind::Container(_) | OnDiskKind::Piece(_) | OnDiskKind::File => findings.add(evidence, 0),
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
        Format::Image(format) => disk::add(format, &place, itself, (nest, findings)),
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
