//! The bytes of one zip entry, inflated as they are read, within limits, checked against its checksum.

use std::io::{self, BufReader, Read};

use deflate64::Deflate64Decoder;
use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use vigie_container::Bytes;
use vigie_container::compressed::Compression;
use vigie_container::zip_crypto::{self, Encryption};
use vigie_model::diagnostic::Code;

use super::archive::Archive;
use super::directory::Lock;
use super::guard::{self, Guard};
use super::{Limits, Stop, directory};

const STORED: u16 = 0;
const DEFLATE: u16 = 8;
const DEFLATE64: u16 = 9;
const BZIP2: u16 = 12;
const ZSTANDARD_OLD: u16 = 20;
const ZSTANDARD: u16 = 93;
const XZ: u16 = 95;
/// Decompressed bytes of an entry by which a password of the old encryption is tried.
const TRIAL_BYTES: u64 = 1 << 20;

/// Whether an entry of this compression method can be read; its name when it cannot.
pub(super) fn unsupported(method: u16) -> Option<String> {
    let name = match method {
        STORED | DEFLATE | DEFLATE64 | BZIP2 | ZSTANDARD | ZSTANDARD_OLD | XZ => return None,
        1 => "Shrink",
        2..=5 => "Reduce",
        6 => "Implode",
        14 => "LZMA",
        98 => "PPMd",
        _ => return Some(format!("compression method {method}")),
    };
    Some(format!("compression method {method} ({name})"))
}

type Data = BufReader<Box<dyn Read + Send>>;

enum Decoder {
    Stored(Data),
    Deflate(DeflateDecoder<Data>),
    Deflate64(Box<Deflate64Decoder<Data>>),
    Other(Box<dyn Read + Send>),
}

impl Read for Decoder {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Decoder::Stored(reader) => reader.read(buffer),
            Decoder::Deflate(reader) => reader.read(buffer),
            Decoder::Deflate64(reader) => reader.read(buffer),
            Decoder::Other(reader) => reader.read(buffer),
        }
    }
}

struct EntryReader {
    decoder: Decoder,
    /// The size and checksum that the archive states, where it does.
    stated: Option<(u64, Option<u32>)>,
    guard: Guard,
    crc: Crc,
    ended: bool,
}

/// Opens an entry of an archive.
pub(super) fn open(archive: &Archive, index: usize, limits: &Limits) -> io::Result<Box<dyn Read + Send>> {
    let Some(entry) = archive.entries().get(index) else {
        return Err(Stop::error(Code::ContainerDamaged, format!("no entry {index}")));
    };
    let bytes = archive.bytes(limits)?;
    let Some(start) = directory::data_start(&mut bytes.clone(), entry.header)? else {
        return Err(Stop::error(
            Code::ContainerDamaged,
            format!("no entry header at offset {}", entry.header),
        ));
    };
    let reader = |data: Box<dyn Read + Send>| -> io::Result<EntryReader> {
        Ok(EntryReader {
            decoder: decoder(entry.method, BufReader::with_capacity(1 << 16, data))?,
            stated: entry.sized.then_some((entry.size, entry.crc)),
            guard: Guard::new(limits, Some(entry.compressed), &archive.spent),
            crc: Crc::new(),
            ended: false,
        })
    };
    match entry.lock {
        Lock::Open => {
            let mut data = bytes;
            data.jump(start);
            Ok(Box::new(reader(Box::new(data.take(entry.compressed)))?))
        }
        Lock::Password(encryption) => {
            let sealed = (bytes.source(), start, entry.compressed);
            unlock(archive, encryption, sealed, &reader).map(|reader| Box::new(reader) as _)
        }
        Lock::Unknown(how) => Err(Stop::error(Code::Encrypted, format!("encrypted with {how}"))),
    }
}

/// The reader of an encrypted entry with the first password that opens it.
fn unlock(
    archive: &Archive,
    encryption: Encryption,
    sealed: (&Bytes, u64, u64),
    reader: &dyn Fn(Box<dyn Read + Send>) -> io::Result<EntryReader>,
) -> io::Result<EntryReader> {
    let open = |password: &[u8]| zip_crypto::unlock(encryption, password, sealed).ok().flatten();
    let fits = |password: &[u8]| {
        if matches!(encryption, Encryption::ZipCrypto { .. }) {
            // One wrong password in 256 passes the check: its data does not decompress, or not to the checksum.
            let mut trial = reader(open(password)?).ok()?.take(TRIAL_BYTES);
            io::copy(&mut trial, &mut io::sink()).ok()?;
        }
        open(password)
    };
    match archive.keys.find(fits) {
        Some(data) => reader(data),
        None => Err(Stop::error(Code::Encrypted, archive.keys.none_fits(&encryption.to_string()))),
    }
}

fn decoder(method: u16, data: Data) -> io::Result<Decoder> {
    Ok(match method {
        STORED => Decoder::Stored(data),
        DEFLATE => Decoder::Deflate(DeflateDecoder::new(data)),
        DEFLATE64 => Decoder::Deflate64(Box::new(Deflate64Decoder::with_buffer(data))),
        BZIP2 => Decoder::Other(Compression::Bzip2.decoder(Box::new(data))?),
        ZSTANDARD | ZSTANDARD_OLD => Decoder::Other(Compression::Zstandard.decoder(Box::new(data))?),
        XZ => Decoder::Other(Compression::Xz.decoder(Box::new(data))?),
        method => {
            let name = unsupported(method).unwrap_or_default();
            return Err(Stop::error(Code::KnownUnread, format!("{name} is not read")));
        }
    })
}

impl Read for EntryReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        let count = match self.decoder.read(buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(error) => {
                self.ended = true;
                return Err(guard::stop(&error, self.guard.given()));
            }
        };
        if count == 0 {
            self.ended = true;
            return self.check().map(|()| 0);
        }
        self.crc.update(buffer.get(..count).unwrap_or_default());
        self.guard.count(count).inspect_err(|_| self.ended = true).map(|()| count)
    }
}

impl EntryReader {
    /// At the end: the size and checksum that the archive states.
    fn check(&self) -> io::Result<()> {
        let Some((size, crc)) = self.stated else { return Ok(()) };
        let message = if self.guard.given() != size {
            format!("{} bytes came out where the archive states {size}", self.guard.given())
        } else if let Some(crc) = crc.filter(|crc| self.crc.sum() != *crc) {
            format!("its checksum is {:08x} where the archive states {crc:08x}", self.crc.sum())
        } else {
            return Ok(());
        };
        Err(Stop::error(Code::ContainerDamaged, message))
    }
}
