//! The bytes of one zip entry, inflated as they are read, within limits, checked against its checksum.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use deflate64::Deflate64Decoder;
use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use vigie_model::diagnostic::Code;

use super::archive::{Archive, Bytes};
use super::{Limits, Stop, directory};

/// Up to here the ratio of an entry is not judged: small files of one byte repeated are common.
const RATIO_FREE_BYTES: u64 = 64 << 20;
const STORED: u16 = 0;
const DEFLATE: u16 = 8;
const DEFLATE64: u16 = 9;

/// Whether an entry of this compression method can be read; its name when it cannot.
pub(super) fn unsupported(method: u16) -> Option<String> {
    let name = match method {
        STORED | DEFLATE | DEFLATE64 => return None,
        1 => "Shrink",
        2..=5 => "Reduce",
        6 => "Implode",
        12 => "bzip2",
        14 => "LZMA",
        93 => "Zstandard",
        95 => "xz",
        98 => "PPMd",
        99 => "AES encryption",
        _ => return Some(format!("compression method {method}")),
    };
    Some(format!("compression method {method} ({name})"))
}

enum Decoder {
    Stored(io::Take<BufReader<Bytes>>),
    Deflate(DeflateDecoder<io::Take<BufReader<Bytes>>>),
    Deflate64(Box<Deflate64Decoder<io::Take<BufReader<Bytes>>>>),
}

impl Read for Decoder {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Decoder::Stored(reader) => reader.read(buffer),
            Decoder::Deflate(reader) => reader.read(buffer),
            Decoder::Deflate64(reader) => reader.read(buffer),
        }
    }
}

struct EntryReader {
    decoder: Decoder,
    archive: Arc<Archive>,
    index: usize,
    limits: Limits,
    crc: Crc,
    given: u64,
    ended: bool,
}

/// Opens an entry of an archive.
pub(super) fn open(
    archive: &Arc<Archive>,
    index: usize,
    limits: &Limits,
) -> io::Result<Box<dyn Read + Send>> {
    let Some(entry) = archive.entries().get(index) else {
        return Err(Stop::error(Code::ContainerDamaged, format!("no entry {index}")));
    };
    if entry.encrypted {
        return Err(Stop::error(Code::Encrypted, "the entry is encrypted".to_owned()));
    }
    let mut bytes = archive.bytes(limits)?;
    let Some(start) = directory::data_start(&mut bytes, entry.header)? else {
        return Err(Stop::error(
            Code::ContainerDamaged,
            format!("no entry header at offset {}", entry.header),
        ));
    };
    bytes.seek(SeekFrom::Start(start))?;
    let bytes = BufReader::with_capacity(1 << 16, bytes).take(entry.compressed);
    let decoder = match entry.method {
        STORED => Decoder::Stored(bytes),
        DEFLATE => Decoder::Deflate(DeflateDecoder::new(bytes)),
        DEFLATE64 => Decoder::Deflate64(Box::new(Deflate64Decoder::with_buffer(bytes))),
        method => {
            let name = unsupported(method).unwrap_or_default();
            return Err(Stop::error(Code::KnownUnread, format!("{name} is not read")));
        }
    };
    let reader = EntryReader {
        decoder,
        archive: Arc::clone(archive),
        index,
        limits: *limits,
        crc: Crc::new(),
        given: 0,
        ended: false,
    };
    Ok(Box::new(reader))
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
                let message = format!("after {} bytes: {error}", self.given);
                return Err(Stop::error(Code::ContainerDamaged, message));
            }
        };
        if count == 0 {
            self.ended = true;
            return self.check().map(|()| 0);
        }
        self.crc.update(buffer.get(..count).unwrap_or_default());
        self.given = self.given.saturating_add(count as u64);
        let total =
            self.archive.spent.fetch_add(count as u64, Ordering::Relaxed).saturating_add(count as u64);
        self.within_limits(total).inspect_err(|_| self.ended = true).map(|()| count)
    }
}

impl EntryReader {
    fn within_limits(&self, total: u64) -> io::Result<()> {
        let compressed = self.archive.entries().get(self.index).map_or(0, |entry| entry.compressed);
        let message = if self.given > self.limits.entry_bytes_max {
            format!("more than {} bytes in one entry", self.limits.entry_bytes_max)
        } else if self.given > RATIO_FREE_BYTES
            && self.given.saturating_sub(RATIO_FREE_BYTES) > compressed.saturating_mul(self.limits.ratio_max)
        {
            format!("{} bytes came out of {compressed} compressed ones", self.given)
        } else if total > self.limits.total_bytes_max {
            format!("more than {} bytes out of one archive", self.limits.total_bytes_max)
        } else {
            return Ok(());
        };
        Err(Stop::error(Code::LimitReached, message))
    }

    /// At the end: the size and checksum that the archive states.
    fn check(&self) -> io::Result<()> {
        let Some(entry) = self.archive.entries().get(self.index) else { return Ok(()) };
        let Some(crc) = entry.crc else { return Ok(()) };
        let message = if self.given != entry.size {
            format!("{} bytes came out where the archive states {}", self.given, entry.size)
        } else if self.crc.sum() != crc {
            format!("its checksum is {:08x} where the archive states {crc:08x}", self.crc.sum())
        } else {
            return Ok(());
        };
        Err(Stop::error(Code::ContainerDamaged, message))
    }
}
