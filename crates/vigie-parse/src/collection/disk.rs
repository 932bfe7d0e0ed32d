//! Disk images: the volumes of the disk inside, and of each NTFS volume the files that parsers ask for.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use vigie_container::image::{self, ImageFormat};
use vigie_container::ntfs::{Found, Ntfs, State};
use vigie_container::volumes::{self, FileSystem};
use vigie_container::{Bytes, Reader};
use vigie_model::diagnostic::Code;

use super::guard::{self, Guard, Guarded, Spent};
use super::inside::Nest;
use super::place::{OnDisk, Place};
use super::{Evidence, FileTimes, Findings, Limits, Source, directory, names, wanted};

/// Deleted files that are named one by one; the others are counted.
const DELETED_NAMED: u64 = 200;
/// The journal of changes begins with a hole as large as all that it forgot.
const JOURNAL: &str = "$J";
/// How the files of shadow copies are named.
const SHADOW: &str = "{3808876b-c176-4e48-b7ae-04046e6cc752}";
/// By this file a volume is known as the one that Windows runs from.
const SYSTEM_HIVE: &str = "windows/system32/config/system";

/// An NTFS volume of a disk image.
#[derive(Debug)]
pub struct Volume {
    ntfs: Ntfs,
    spent: Arc<Spent>,
}

/// Lists the files of an image; `itself` is how the image is listed as a file when it cannot be opened.
pub(super) fn add(format: ImageFormat, place: &Place, itself: Evidence, into: (&Nest<'_>, &mut Findings)) {
    let (nest, findings) = into;
    let name = itself.path.rsplit('/').next().unwrap_or_default().to_owned();
    let opened = place.bytes(nest.limits).and_then(|bytes| {
        let disk =
            image::open(format, bytes, &place.file_name().unwrap_or(name), &|name| sibling(place, name))?;
        let (volumes, notes) = volumes::list(&disk.bytes)?;
        Ok((volumes, disk.notes, notes))
    });
    let (volumes, image_notes, table_notes) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            findings.add_unreadable(itself, &guard::stop(&error, 0));
            return;
        }
    };
    for note in image_notes.into_iter().chain(table_notes) {
        findings.note(&itself.path, Code::ContainerDamaged, note);
    }
    let mut read = 0_usize;
    for volume in volumes {
        let label = match volume.number {
            0 => itself.path.clone(),
            number => format!("{}!/p{number}", itself.path),
        };
        match volume.system {
            FileSystem::Ntfs => {
                read = read.saturating_add(1);
                add_ntfs(&volume.bytes, &label, (&itself, nest), findings);
            }
            FileSystem::Encrypted(how) => {
                let message =
                    format!("{how}: the volume is encrypted; unlock it and take an image of the open volume");
                findings.note(&label, Code::Encrypted, message);
            }
            // Every disk has a FAT partition to boot from.
            FileSystem::Unread(system @ "FAT") => {
                findings.note(&label, Code::VolumeUnread, format!("{system}: recognised, not read"));
            }
            FileSystem::Unread(system) => {
                findings.note(&label, Code::KnownUnread, format!("{system}: recognised, not read"));
            }
            FileSystem::Unknown => {
                let message = format!("{} bytes without a known file system", volume.bytes.size());
                findings.note(&label, Code::VolumeUnread, message);
            }
        }
    }
    if read == 0 {
        // Nothing in it can be read: listed as a file, so that it is not forgotten.
        let archive_len = itself.path.len();
        let source =
            Source::Unreadable(Code::KnownUnread, format!("{}: no volume that is read", format.name()));
        findings.add(Evidence { source, ..itself }, archive_len);
    }
}

/// A file beside an image, by a name that the image gives: only ever in the same folder.
fn sibling(place: &Place, name: &str) -> io::Result<Option<Bytes>> {
    let is_plain = !name.is_empty() && !name.contains(['/', '\\', '\0', ':']) && name != "." && name != "..";
    let Some(folder) = place.folder().filter(|_| is_plain) else { return Ok(None) };
    let path = folder.join(name);
    // A link could lead out of the evidence.
    match std::fs::symlink_metadata(&path) {
        Ok(meta) if meta.is_file() => Ok(Some(Arc::new(OnDisk::open(&path)?))),
        Ok(_) | Err(_) => Ok(None),
    }
}

/// Whether a file on disk is a further piece of an image whose first piece lies beside it.
pub(super) fn is_further_piece(path: &Path, head: &[u8]) -> Option<std::path::PathBuf> {
    let name = path.file_name()?.to_str()?;
    let first = path.with_file_name(image::first_piece(name, head)?);
    let there = std::fs::symlink_metadata(&first).is_ok_and(|meta| meta.is_file());
    let is_image = || {
        let file = OnDisk::open(&first).ok()?;
        ImageFormat::of(&vigie_container::bytes::take_at(&file, 0, 4096).ok()?)
    };
    (there && is_image().is_some()).then_some(first)
}

fn add_ntfs(bytes: &Bytes, label: &str, within: (&Evidence, &Nest<'_>), findings: &mut Findings) {
    let (itself, nest) = within;
    let room = nest.limits.volume_files_max;
    let opened = Ntfs::open(bytes).and_then(|ntfs| ntfs.list(room).map(|listing| (ntfs, listing)));
    let (ntfs, listing) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            let stop = super::Stop::of(&guard::stop(&error, 0));
            findings.note(label, stop.code, stop.message);
            return;
        }
    };
    if listing.damaged > 0 {
        let message = format!("{} records of the file table are damaged", listing.damaged);
        findings.note(label, Code::ContainerDamaged, message);
    }
    if listing.cut {
        findings.note(label, Code::LimitReached, format!("more than {room} files, or a table that claims more than its volume holds: the rest is not listed"));
    }
    let volume = Arc::new(Volume { ntfs, spent: Arc::default() });
    let is_system = listing.found().any(|found| found.path.eq_ignore_ascii_case(SYSTEM_HIVE));
    let mut left = Left::default();
    let mut found: Vec<Found> = Vec::new();
    for file in listing.found() {
        let is_wanted = wanted::is_wanted(&file.path, &file.stream);
        if left.count(&file, is_wanted, label, findings) {
            found.push(file);
        }
    }
    for file in found {
        if findings.is_full(nest.limits) {
            return;
        }
        add_file(&volume, file, (label, is_system, itself.path.len()), findings);
    }
    left.tell(label, findings);
}

/// Files of a volume that are not read, by why.
#[derive(Default)]
struct Left {
    unasked: (u64, u64),
    shadows: u64,
    deleted: u64,
    deleted_wanted: u64,
}

impl Left {
    /// Counts a file; says whether it is to be read.
    fn count(&mut self, file: &Found, is_wanted: bool, label: &str, findings: &mut Findings) -> bool {
        if file.path.to_ascii_lowercase().contains(SHADOW) {
            self.shadows = self.shadows.saturating_add(1);
        }
        if file.state == State::Deleted {
            self.deleted = self.deleted.saturating_add(1);
            if is_wanted {
                self.deleted_wanted = self.deleted_wanted.saturating_add(1);
                if self.deleted_wanted <= DELETED_NAMED {
                    let path = format!("{label}!/{}", names::display_bytes(shown(file).as_bytes()));
                    let message = format!("a deleted file of {} bytes, named in the file table", file.size);
                    findings.note(&path, Code::DeletedFile, message);
                }
            }
            return false;
        }
        if !is_wanted {
            let (files, bytes) = self.unasked;
            self.unasked = (files.saturating_add(1), bytes.saturating_add(file.size));
        }
        is_wanted
    }

    fn tell(&self, label: &str, findings: &mut Findings) {
        let (files, bytes) = self.unasked;
        if files > 0 {
            let message = format!(
                "{files} other files and streams ({bytes} bytes) of the volume: neither read nor hashed"
            );
            findings.note(label, Code::NotAsked, message);
        }
        if self.deleted > 0 {
            let message = format!("{} deleted files are named in the file table", self.deleted);
            findings.note(label, Code::DeletedFile, message);
        }
        if self.shadows > 0 {
            findings.note(label, Code::ShadowUnread, format!("{} files of shadow copies", self.shadows));
        }
    }
}

/// A path with its stream, as people write it.
fn shown(file: &Found) -> String {
    if file.stream.is_empty() { file.path.clone() } else { format!("{}:{}", file.path, file.stream) }
}

fn add_file(volume: &Arc<Volume>, file: Found, within: (&str, bool, usize), findings: &mut Findings) {
    let (label, is_system, archive_len) = within;
    let name = names::display_bytes(shown(&file).as_bytes());
    let path = format!("{label}!/{name}");
    // Which letter a volume had stands in the registry; the one that Windows runs from is C in all but odd cases.
    let host_path = is_system.then(|| format!("C:\\{}", name.replace('/', "\\")));
    let (modified, created) = file.times;
    let times = FileTimes { modified: directory::filetime(modified), created: directory::filetime(created) };
    let mut size = file.size;
    if file.stream == JOURNAL
        && let Ok(stream) = volume.ntfs.stream(file.record, JOURNAL)
    {
        size = size.saturating_sub(stream.first_stored());
    }
    let source = Source::OnVolume(Arc::clone(volume), file.record, file.stream.into());
    findings.add(Evidence { path, host_path, size, times, source }, archive_len);
}

/// Opens a stream of a file.
pub(super) fn open(
    volume: &Volume,
    record: u64,
    name: &str,
    limits: &Limits,
) -> io::Result<Box<dyn Read + Send>> {
    let stream = volume.ntfs.stream(record, name).map_err(|error| guard::stop(&error, 0))?;
    let start = if name == JOURNAL { stream.first_stored() } else { 0 };
    let mut reader = Reader::new(Arc::new(stream));
    reader.jump(start);
    Ok(Guarded::over(Box::new(reader), Guard::new(limits, None, &volume.spent)))
}
