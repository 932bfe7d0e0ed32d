//! The files gathered from one host, wherever they lie: the only module that opens evidence.

mod archive;
mod directory;
mod disk;
mod entry;
mod folder;
mod guard;
mod host;
mod inside;
mod layout;
mod names;
mod password;
mod place;
mod sevenz;
mod stream;
mod tape;
mod velociraptor;
mod wanted;

use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use vigie_model::diagnostic::Code;
use vigie_model::{Diagnostic, Time};

pub use archive::Archive;
pub use disk::Volume;
use inside::{Format, Nest, OnDiskKind};
pub use password::Password;
pub use sevenz::Blocks;
pub use stream::Stream;
pub use tape::Tape;
pub use velociraptor::Holes;

/// What files are found in, beside folders, and what is read of it.
pub const CONTAINERS: &[(&str, &str)] = &[
    ("zip", "with passwords (ZipCrypto, AES), zip64, Deflate, Deflate64, bzip2, xz, Zstandard"),
    ("7z", "with passwords, solid blocks, encrypted names"),
    ("tar", "ustar, GNU, pax, sparse; plain, or with gzip, xz, Zstandard, bzip2"),
    ("gz, xz, zst, bz2", "one compressed file, also among a host's own logs"),
    ("raw, dd, .001", "a disk or a volume, whole or split"),
    ("E01", "EnCase images, one or many segments"),
    ("VHD, VHDX", "fixed and dynamic; a differencing VHD with its parent beside it"),
    ("VMDK, qcow2", "sparse, stream-optimized, flat; without snapshots or backing files"),
    (
        "MBR, GPT, NTFS",
        "inside images: compressed and sparse files, alternate data streams, $MFT, $UsnJrnl:$J",
    ),
];

/// The files gathered from one host.
#[derive(Debug)]
pub struct Collection {
    /// The host's name as the collection itself tells it (container metadata), if it does.
    pub host: Option<String>,
    /// A name for people: the folder's or archive's file name.
    pub name: String,
    /// Every file, ordered by path.
    pub evidence: Vec<Evidence>,
    /// What is wrong with the collection itself. A file that cannot be read is not said here: its evidence is
    /// [`Source::Unreadable`], and reading it says why.
    pub diagnostics: Vec<Diagnostic>,
}

/// One file of a collection.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The path in the collection, as a person finds it again: `hotel.zip!/C/inetpub/...`.
    pub path: String,
    /// The path on the host it came from, with backslashes, where the layout tells it.
    pub host_path: Option<String>,
    /// Size in bytes, as the collection states it.
    pub size: u64,
    /// Times of the file, as the collection tells them.
    pub times: FileTimes,
    /// Where its bytes are.
    pub source: Source,
}

/// Times of a file. A zip's modification time is UTC where the archive has an NTFS or extended timestamp field;
/// otherwise it is MS-DOS time of an unknown zone, taken as UTC, and may be off by hours.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileTimes {
    /// Last modification.
    pub modified: Option<Time>,
    /// Creation.
    pub created: Option<Time>,
}

/// Where the bytes of a file are.
#[derive(Clone, Debug)]
pub enum Source {
    /// A file on disk.
    File(PathBuf),
    /// An entry of a zip archive, by its index in [`Archive::entries`].
    Entry(Arc<Archive>, usize),
    /// A member of a tar archive, by its index.
    Member(Arc<Tape>, usize),
    /// An entry of a 7z archive, by its index.
    Block(Arc<Blocks>, usize),
    /// A stream of a file on a volume of a disk image: its record in the file table, and the stream's name.
    OnVolume(Arc<Volume>, u64, Arc<str>),
    /// A file that was gathered without its holes, with them.
    Sparse(Arc<Holes>),
    /// What is in one compressed stream. Its size is known only at its end.
    Stream(Arc<Stream>),
    /// It cannot be read, for this reason: listed in the manifest all the same.
    Unreadable(Code, String),
}

/// What a collection may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Files in all.
    pub entries_max: usize,
    /// Uncompressed bytes of one archive entry.
    pub entry_bytes_max: u64,
    /// Uncompressed bytes read from one archive over all its entries.
    pub total_bytes_max: u64,
    /// Uncompressed over compressed size of one entry beyond its first 64 MiB.
    pub ratio_max: u64,
    /// Files of one volume of a disk image, read or not.
    pub volume_files_max: usize,
    /// Folders within folders.
    pub depth_max: usize,
    /// Archives within archives.
    pub nesting_max: usize,
    /// Uncompressed bytes of an archive that lies compressed in another one: it is unpacked in memory to be read.
    pub nested_bytes_max: u64,
    /// How long the reading of one file may take, if there is a limit.
    pub file_time_max: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            entries_max: 2_000_000,
            entry_bytes_max: 64 << 30,
            total_bytes_max: 1 << 40,
            ratio_max: 250,
            volume_files_max: 8_000_000,
            depth_max: 64,
            nesting_max: 3,
            nested_bytes_max: 128 << 20,
            file_time_max: None,
        }
    }
}

/// Why a reader stopped before the end; found inside the [`io::Error`] that it gives.
#[derive(Clone, Debug)]
pub struct Stop {
    /// What happened.
    pub code: Code,
    /// In figures.
    pub message: String,
}

impl Stop {
    /// The reason inside an error; any other error is a file that cannot be read.
    pub fn of(error: &io::Error) -> Stop {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Stop>());
        inner.cloned().unwrap_or_else(|| Stop { code: Code::CannotOpen, message: error.to_string() })
    }

    fn error(code: Code, message: String) -> io::Error {
        io::Error::other(Stop { code, message })
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)
    }
}

impl std::error::Error for Stop {}

impl Evidence {
    /// The path on the host, or in the collection when that is not known.
    pub fn best_path(&self) -> &str {
        self.host_path.as_deref().unwrap_or(&self.path)
    }

    /// Opens its bytes. The reader itself enforces the limits; what stops it is a [`Stop`] inside the error.
    pub fn open(&self, limits: &Limits) -> io::Result<Box<dyn Read + Send>> {
        self.source.open(limits)
    }

    /// Whether the collection states its size, so that another one is a change.
    pub fn states_size(&self) -> bool {
        !matches!(self.source, Source::Stream(_))
    }

    /// Whether it is read only as far as a parser asks for it: nobody hashes a whole disk.
    pub fn is_on_demand(&self) -> bool {
        matches!(self.source, Source::OnVolume(..))
    }

    /// Where it stands among files that are best read one after the other, as they share one compressed stream; files
    /// of the same stream have the same first number.
    pub fn turn(&self) -> Option<(usize, u64)> {
        match &self.source {
            Source::Member(tape, index) if tape.is_solid() => {
                Some((Arc::as_ptr(tape).addr(), tape.offset(*index)))
            }
            Source::Block(blocks, index) => blocks.turn(*index),
            Source::File(_)
            | Source::Entry(..)
            | Source::Member(..)
            | Source::OnVolume(..)
            | Source::Sparse(_)
            | Source::Stream(_)
            | Source::Unreadable(..) => None,
        }
    }
}

impl Source {
    fn open(&self, limits: &Limits) -> io::Result<Box<dyn Read + Send>> {
        match self {
            Source::File(path) => {
                // Asked again here: a pipe put in the file's place since would block for ever.
                if !std::fs::metadata(path)?.is_file() {
                    return Err(Stop::error(Code::NotRegularFile, "no longer a regular file".to_owned()));
                }
                Ok(Box::new(File::open(path)?))
            }
            Source::Entry(archive, index) => entry::open(archive, *index, limits),
            Source::Member(tape, index) => tape::open(tape, *index, limits),
            Source::Block(blocks, index) => sevenz::open(blocks, *index, limits),
            Source::OnVolume(volume, record, stream) => disk::open(volume, *record, stream, limits),
            Source::Sparse(holes) => velociraptor::open(holes, limits),
            Source::Stream(stream) => stream::open(stream, limits),
            Source::Unreadable(code, message) => Err(Stop::error(*code, message.clone())),
        }
    }
}

/// A file as it was found, before its host is known.
#[derive(Debug)]
struct Found {
    evidence: Evidence,
    /// How many leading characters of its path name the innermost archive it lies in.
    archive_len: usize,
}

/// Everything found under one path of the command line.
#[derive(Debug, Default)]
struct Findings {
    found: Vec<Found>,
    diagnostics: Vec<Diagnostic>,
}

impl Findings {
    fn add(&mut self, evidence: Evidence, archive_len: usize) {
        self.found.push(Found { evidence, archive_len });
    }

    fn count(&self) -> usize {
        self.found.len()
    }

    /// Lists a container that cannot be opened, as the file that it is.
    fn add_unreadable(&mut self, itself: Evidence, error: &io::Error) {
        let stop = Stop::of(error);
        let archive_len = itself.path.len();
        self.add(Evidence { source: Source::Unreadable(stop.code, stop.message), ..itself }, archive_len);
    }

    fn note(&mut self, path: &str, code: Code, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::once(path, code, String::new(), message.into()));
    }

    /// Whether the limit on files is reached; says so the first time.
    fn is_full(&mut self, limits: &Limits) -> bool {
        if self.found.len() < limits.entries_max {
            return false;
        }
        if !self
            .diagnostics
            .iter()
            .any(|diagnostic| diagnostic.code == Code::LimitReached && diagnostic.path.is_empty())
        {
            self.note(
                "",
                Code::LimitReached,
                format!("more than {} files: the rest is not listed", limits.entries_max),
            );
        }
        true
    }
}

/// Opens what the user named: folders, archives, loose files. One collection per host as far as the layout tells
/// hosts apart; loose files named together are one collection.
pub fn open(paths: &[PathBuf], limits: &Limits) -> Vec<Collection> {
    open_with(paths, limits, &[])
}

/// The same with passwords for what is encrypted, tried in turn.
pub fn open_with(paths: &[PathBuf], limits: &Limits, passwords: &[Password]) -> Vec<Collection> {
    let nest = Nest::new(limits, passwords);
    let mut collections = Vec::new();
    let mut loose = Findings::default();
    let mut opened = BTreeSet::new();
    for path in paths {
        let label = names::display(path.as_os_str());
        let meta = match std::fs::metadata(path) {
            Ok(meta) => meta,
            Err(error) => {
                let source = Source::Unreadable(Code::CannotOpen, error.to_string());
                let times = FileTimes::default();
                loose.add(Evidence { path: label, host_path: None, size: 0, times, source }, 0);
                continue;
            }
        };
        if meta.is_dir() {
            let mut findings = Findings::default();
            folder::walk(path, &nest, &mut findings);
            collections.extend(host::split(findings, &file_name(path)));
            continue;
        }
        let kind = if meta.is_file() { inside::kind_of_file(path) } else { OnDiskKind::File };
        let container = match kind {
            // A compressed log beside others is a loose file like them.
            OnDiskKind::Container(Format::Compressed(_)) if !stream::is_tar(path, limits) => None,
            OnDiskKind::Container(_) => Some(path.clone()),
            // Whichever piece of an image is named, its first one stands for it.
            OnDiskKind::Piece(first) => Some(first),
            OnDiskKind::File => None,
        };
        let Some(container) = container else {
            inside::add_file(path, folder::loose(path, &label, &meta), &nest, &mut loose);
            continue;
        };
        if !opened.insert(container.clone()) {
            continue;
        }
        let meta = std::fs::metadata(&container).unwrap_or(meta);
        let name = file_name(&container);
        let evidence = Evidence { host_path: None, ..folder::loose(&container, &name, &meta) };
        let mut findings = Findings::default();
        inside::add_file(&container, evidence, &nest, &mut findings);
        collections.extend(host::split(findings, &name));
    }
    if !loose.found.is_empty() {
        collections.push(host::single(loose));
    }
    collections
}

/// The last component of a path; the path made absolute when it has none (`.`, `..`).
fn file_name(path: &Path) -> String {
    let absolute = path.canonicalize().unwrap_or_default();
    let name = path.file_name().or_else(|| absolute.file_name()).unwrap_or(path.as_os_str());
    names::display(name)
}
