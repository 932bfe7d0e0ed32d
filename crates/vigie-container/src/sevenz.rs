//! 7z archives: the list of entries, and the stream of each solid block.
//!
//! The `sevenz-rust2` crate reads the format and gives a block only to a callback. A thread runs that callback and hands its
//! bytes over a short channel, so that a block can be read on like any other stream.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use sevenz_rust2::{Archive, BlockDecoder, Error, Password};

use crate::bytes::Reader;
use crate::{Bytes, Failure, Kind};

/// Memory for one dictionary or model, in KiB; `7z -mx=9` needs 64 MiB.
const MEMORY_KIB_MAX: usize = 256 << 10;
/// Bytes handed over at a time, and how many such pieces may wait.
const PIECE_BYTES: usize = 1 << 16;
const PIECES_WAITING: usize = 8;

/// An open archive.
#[derive(Debug)]
pub struct SevenZ {
    bytes: Bytes,
    archive: Archive,
    password: Password,
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name as it stands there.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
    /// Its size in bytes.
    pub size: u64,
    /// The block that holds it and where in the decompressed block it begins; `None` when it is empty.
    pub place: Option<(usize, u64)>,
    /// CRC-32 of its bytes.
    pub crc: Option<u32>,
    /// Last modification and creation, in 100 ns since 1601; 0 when not stated.
    pub times: (u64, u64),
    /// Whether its block is encrypted.
    pub encrypted: bool,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, a reparse point, or a note that a file is to be deleted.
    Special,
}

/// Whether first bytes are a 7z's.
pub fn is_sevenz(head: &[u8]) -> bool {
    head.starts_with(b"7z\xbc\xaf\x27\x1c")
}

/// Opens an archive. `None` as password is none at all.
///
/// # Errors
/// [`Kind::Encrypted`] when the list of entries is encrypted and the password is not right.
pub fn open(bytes: &Bytes, password: Option<&[u8]>) -> Result<SevenZ, Failure> {
    let password = match password {
        Some(password) => Password::new(&String::from_utf8_lossy(password)),
        None => Password::empty(),
    };
    let mut reader = Reader::new(Arc::clone(bytes));
    let archive = Archive::read_with_memory_limit(&mut reader, &password, MEMORY_KIB_MAX).map_err(failure)?;
    Ok(SevenZ { bytes: Arc::clone(bytes), archive, password })
}

impl SevenZ {
    /// Its entries, in their order.
    pub fn entries(&self) -> Vec<Entry> {
        let mut ends: Vec<u64> = vec![0; self.archive.blocks.len()];
        let files = self.archive.files.iter().enumerate();
        files
            .map(|(index, file)| {
                let block = self.archive.stream_map.file_block_index.get(index).copied().flatten();
                let place = block.filter(|_| file.has_stream).and_then(|block| {
                    let end = ends.get_mut(block)?;
                    let start = *end;
                    *end = end.saturating_add(file.size);
                    Some((block, start))
                });
                Entry {
                    name: file.name.clone(),
                    kind: kind_of(file),
                    size: file.size,
                    place,
                    crc: file.has_crc.then_some(file.crc).and_then(|crc| u32::try_from(crc).ok()),
                    times: (
                        if file.has_last_modified_date { file.last_modified_date.into() } else { 0 },
                        if file.has_creation_date { file.creation_date.into() } else { 0 },
                    ),
                    encrypted: self.archive.is_file_encrypted(index),
                }
            })
            .collect()
    }

    /// The decompressed bytes of a block, from its first one.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn block(self: &Arc<SevenZ>, index: usize) -> io::Result<Box<dyn Read + Send>> {
        let (send, receive) = sync_channel(PIECES_WAITING);
        let archive = Arc::clone(self);
        let run = move || {
            let failed = archive.decode(index, &send).err();
            if let Some(error) = failed {
                // Nobody listens any more when the reader stopped early.
                let _ = send.send(Err(failure(error)));
            }
        };
        std::thread::Builder::new().name("7z".to_owned()).spawn(run)?;
        Ok(Box::new(Block { receive, piece: io::Cursor::new(Vec::new()), ended: false }))
    }

    fn decode(&self, index: usize, send: &SyncSender<Result<Vec<u8>, Failure>>) -> Result<(), Error> {
        if index >= self.archive.blocks.len() {
            return Ok(());
        }
        let mut reader = Reader::new(Arc::clone(&self.bytes));
        let decoder = BlockDecoder::new_with_memory_limit(
            1,
            MEMORY_KIB_MAX,
            index,
            &self.archive,
            &self.password,
            &mut reader,
        );
        let mut each = |_: &_, content: &mut dyn Read| -> Result<bool, Error> {
            loop {
                let mut piece = vec![0; PIECE_BYTES];
                let count = content.read(&mut piece)?;
                piece.truncate(count);
                if count == 0 {
                    return Ok(true);
                }
                if send.send(Ok(piece)).is_err() {
                    return Ok(false);
                }
            }
        };
        decoder.for_each_entries(&mut each).map(|_| ())
    }
}

fn kind_of(file: &sevenz_rust2::ArchiveEntry) -> EntryKind {
    // The high half of the attributes is a Unix mode when the bit below it says so.
    let (mode, is_unix) = (file.windows_attributes >> 28, file.windows_attributes & 0x8000 != 0);
    let is_link =
        file.has_windows_attributes && ((is_unix && mode == 10) || file.windows_attributes & 0x400 != 0);
    if file.is_directory {
        EntryKind::Folder
    } else if file.is_anti_item || is_link {
        EntryKind::Special
    } else {
        EntryKind::File
    }
}

fn failure(error: Error) -> Failure {
    match error {
        Error::PasswordRequired => Failure::new(Kind::Encrypted, "encrypted (7z, AES-256)"),
        Error::MaybeBadPassword(_) => {
            Failure::new(Kind::Encrypted, "encrypted (7z, AES-256), and this password does not open it")
        }
        Error::MaxMemLimited { max_kb, actaul_kb } => {
            let message = format!("it needs {actaul_kb} KiB of memory to decompress; the limit is {max_kb}");
            Failure::new(Kind::Limit, message)
        }
        Error::UnsupportedCompressionMethod(method) => {
            Failure::new(Kind::Unsupported, format!("compressed with {method}, which is not read"))
        }
        Error::Unsupported(what) => Failure::new(Kind::Unsupported, format!("7z: {what}")),
        Error::ExternalUnsupported => Failure::new(Kind::Unsupported, "7z: headers in another stream"),
        Error::Io(error, _) => {
            Failure::of(&error).unwrap_or_else(|| Failure::damaged(format!("7z: {error}")))
        }
        other => Failure::damaged(format!("7z: {other}")),
    }
}

/// A block as it comes from the thread that decompresses it.
struct Block {
    receive: Receiver<Result<Vec<u8>, Failure>>,
    piece: io::Cursor<Vec<u8>>,
    ended: bool,
}

impl Read for Block {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.piece.read(buffer)?;
            if count > 0 || buffer.is_empty() || self.ended {
                return Ok(count);
            }
            match self.receive.recv() {
                Ok(Ok(piece)) => self.piece = io::Cursor::new(piece),
                Ok(Err(failure)) => {
                    self.ended = true;
                    return Err(failure.into());
                }
                // The thread is done, or died: either way nothing more comes.
                Err(_) => self.ended = true,
            }
        }
    }
}
