//! The files gathered from one host, wherever they lie: the only module that opens evidence.

use std::io::{self, Read};
use std::path::PathBuf;

use vigie_model::{Diagnostic, Time};

/// The files gathered from one host.
#[derive(Debug)]
pub struct Collection {
    /// The host's name as the collection itself tells it (container metadata), if it does.
    pub host: Option<String>,
    /// A name for people: the folder's or archive's file name.
    pub name: String,
    /// Every file, ordered by path.
    pub evidence: Vec<Evidence>,
    /// What could not be opened.
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

/// Times of a file; a zip tells the modification only.
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
    /// An entry of a zip archive on disk, by its index.
    Zip(PathBuf, usize),
    /// It cannot be read, for this reason: listed in the manifest all the same.
    Unreadable(vigie_model::diagnostic::Code, String),
}

/// What a collection may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Files in all.
    pub entries_max: usize,
    /// Uncompressed bytes of one archive entry.
    pub entry_bytes_max: u64,
    /// Uncompressed over compressed size of one entry beyond its first 64 MiB.
    pub ratio_max: u64,
    /// Archives within archives, folders within folders.
    pub depth_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { entries_max: 2_000_000, entry_bytes_max: 64 << 30, ratio_max: 1_000, depth_max: 64 }
    }
}

impl Evidence {
    /// The path on the host, or in the collection when that is not known.
    pub fn best_path(&self) -> &str {
        self.host_path.as_deref().unwrap_or(&self.path)
    }

    /// Opens its bytes. The reader itself enforces the limits.
    pub fn open(&self, _limits: &Limits) -> io::Result<Box<dyn Read + Send>> {
        unimplemented!()
    }
}

/// Opens what the user named: folders, archives, loose files. One collection per host.
pub fn open(_paths: &[PathBuf], _limits: &Limits) -> Vec<Collection> {
    unimplemented!()
}
