//! Where a container's own bytes are: a file on disk, a part of one, or an entry of another container.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use vigie_container::bytes::{Memory, Window};
use vigie_container::zip_crypto::{AesAt, AesKey};
use vigie_container::{Bytes, ReadAt};
use vigie_model::diagnostic::Code;

use super::{Limits, Source, Stop};

/// Containers unpacked in memory that are kept at once for their next entry.
const KEPT_MAX: usize = 2;

/// The containers last unpacked, so that reading entry after entry does not unpack again.
pub(super) type Kept = Arc<Mutex<Vec<Arc<Vec<u8>>>>>;

/// Where a container's own bytes are.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// A part of a file on disk: the whole of it, or an entry stored in it without compression. Opened for each reader,
    /// so that a folder of ten thousand archives holds no file open.
    Disk { path: PathBuf, start: u64, len: u64 },
    /// An entry of another container that is stored and encrypted: decrypted where it is read.
    Sealed { of: Box<Place>, key: Box<AesKey> },
    /// A compressed entry of another container: unpacked in memory while it is read.
    Packed(Arc<Packed>),
}

/// A compressed entry, and its bytes while somebody reads them.
pub(super) struct Packed {
    source: Source,
    loaded: Mutex<Weak<Vec<u8>>>,
    kept: Kept,
}

impl fmt::Debug for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Packed")
    }
}

impl Place {
    /// A whole file on disk.
    pub(super) fn file(path: &Path, len: u64) -> Place {
        Place::Disk { path: path.to_owned(), start: 0, len }
    }

    /// An entry that must be unpacked to be read.
    pub(super) fn packed(source: Source, kept: &Kept) -> Place {
        Place::Packed(Arc::new(Packed { source, loaded: Mutex::default(), kept: Arc::clone(kept) }))
    }

    /// The bytes; a packed entry is unpacked where nobody else holds it already.
    pub(super) fn bytes(&self, limits: &Limits) -> io::Result<Bytes> {
        match self {
            Place::Disk { path, start, len } => {
                let file = OnDisk::open(path)?;
                Ok(Arc::new(Window { of: Arc::new(file), start: *start, len: *len }))
            }
            Place::Sealed { of, key } => {
                Ok(Arc::new(AesAt { of: of.bytes(limits)?, key: AesKey::clone(key) }))
            }
            Place::Packed(packed) => packed.bytes(limits),
        }
    }

    /// The name of the whole file that it is, as the file system has it.
    pub(super) fn file_name(&self) -> Option<String> {
        match self {
            Place::Disk { path, start: 0, .. } => Some(path.file_name()?.to_str()?.to_owned()),
            Place::Disk { .. } | Place::Sealed { .. } | Place::Packed(_) => None,
        }
    }

    /// The folder of the whole file that it is.
    pub(super) fn folder(&self) -> Option<&Path> {
        match self {
            Place::Disk { path, start: 0, .. } => path.parent(),
            Place::Disk { .. } | Place::Sealed { .. } | Place::Packed(_) => None,
        }
    }

    /// The place of a part of it, where that part is bytes as they stand.
    pub(super) fn part(&self, at: u64, len: u64) -> Option<Place> {
        match self {
            Place::Disk { path, start, .. } => {
                Some(Place::Disk { path: path.clone(), start: start.saturating_add(at), len })
            }
            Place::Sealed { .. } | Place::Packed(_) => None,
        }
    }
}

impl Packed {
    fn bytes(&self, limits: &Limits) -> io::Result<Bytes> {
        let mut slot = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = match slot.upgrade() {
            Some(bytes) => bytes,
            None => unpack(&self.source, limits)?,
        };
        *slot = Arc::downgrade(&bytes);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|other| !Arc::ptr_eq(other, &bytes));
        kept.truncate(KEPT_MAX.saturating_sub(1));
        kept.insert(0, Arc::clone(&bytes));
        Ok(Arc::new(Memory(bytes)))
    }
}

fn unpack(source: &Source, limits: &Limits) -> io::Result<Arc<Vec<u8>>> {
    let mut bytes = Vec::new();
    let limit = limits.nested_bytes_max;
    source.open(limits)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let message = format!("a compressed container of more than {limit} bytes inside another one");
        return Err(Stop::error(Code::LimitReached, message));
    }
    Ok(Arc::new(bytes))
}

/// A file on disk, read at places without a position of its own.
#[derive(Debug)]
pub(super) struct OnDisk {
    file: File,
    size: u64,
}

impl OnDisk {
    /// Opens a regular file; anything else could block for ever.
    pub(super) fn open(path: &Path) -> io::Result<OnDisk> {
        if !std::fs::metadata(path)?.is_file() {
            return Err(Stop::error(Code::NotRegularFile, "no longer a regular file".to_owned()));
        }
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        Ok(OnDisk { file, size })
    }
}

impl ReadAt for OnDisk {
    fn size(&self) -> u64 {
        self.size
    }

    #[cfg(unix)]
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.file, buffer, at)
    }

    #[cfg(windows)]
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(&self.file, buffer, at)
    }
}
