//! Compressed streams: gzip (RFC 1952), xz (<https://tukaani.org/xz/xz-file-format.txt>), Zstandard (RFC 8878), bzip2.

use std::io::{self, BufRead, BufReader, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::{Failure, Kind};

/// Memory that one xz stream may ask for, in KiB; `xz -9` needs 65 MiB.
const XZ_KIB_MAX: u32 = 256 << 10;
/// Zstandard blocks are decoded until this much is there, beyond the window.
const DECODED_BYTES: usize = 1 << 17;
/// Frames without content that may stand before one with content.
const SKIPPED_FRAMES_MAX: usize = 100_000;

/// How a stream is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// gzip, one or more members.
    Gzip,
    /// xz.
    Xz,
    /// Zstandard, one or more frames.
    Zstandard,
    /// bzip2, one or more streams.
    Bzip2,
}

impl Compression {
    /// By the first bytes.
    pub fn of(head: &[u8]) -> Option<Compression> {
        // A bzip2 stream's first block begins with pi, its only one with the root of it.
        let is_bzip2 = head.starts_with(b"BZh")
            && head.get(4..10).is_some_and(|mark| mark == b"1AY&SY" || mark == b"\x17rE8P\x90");
        if head.starts_with(b"\x1f\x8b\x08") {
            Some(Compression::Gzip)
        } else if head.starts_with(b"\xfd7zXZ\0") {
            Some(Compression::Xz)
        } else if head.starts_with(b"\x28\xb5\x2f\xfd") {
            Some(Compression::Zstandard)
        } else if is_bzip2 {
            Some(Compression::Bzip2)
        } else {
            None
        }
    }

    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Compression::Gzip => "gzip",
            Compression::Xz => "xz",
            Compression::Zstandard => "Zstandard",
            Compression::Bzip2 => "bzip2",
        }
    }

    /// Endings that a compressed file has and its content has not, with what stands for them.
    pub const fn endings(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Compression::Gzip => &[(".tgz", ".tar"), (".gz", "")],
            Compression::Xz => &[(".txz", ".tar"), (".xz", "")],
            Compression::Zstandard => &[(".tzst", ".tar"), (".zst", "")],
            Compression::Bzip2 => &[(".tbz2", ".tar"), (".tbz", ".tar"), (".bz2", "")],
        }
    }

    /// The decompressed bytes of a stream.
    ///
    /// # Errors
    /// When the stream's header asks for more memory than allowed, or is damaged.
    pub fn decoder(self, stream: Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
        let stream = BufReader::with_capacity(1 << 16, stream);
        Ok(match self {
            Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(stream)),
            Compression::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(stream, true, XZ_KIB_MAX)),
            Compression::Zstandard => Box::new(Frames::new(stream)?),
            Compression::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(stream)),
        })
    }
}

/// Zstandard frames one after the other, those that only carry notes skipped, checksums compared.
struct Frames<R> {
    stream: R,
    decoder: FrameDecoder,
    /// Whether a frame is begun; without one the stream is at its end.
    begun: bool,
}

impl<R: BufRead> Frames<R> {
    fn new(stream: R) -> io::Result<Frames<R>> {
        let mut frames = Frames { stream, decoder: FrameDecoder::new(), begun: false };
        frames.next()?;
        Ok(frames)
    }

    /// Goes to the next frame that holds content.
    fn next(&mut self) -> io::Result<()> {
        self.begun = false;
        for _ in 0..SKIPPED_FRAMES_MAX {
            if self.stream.fill_buf()?.is_empty() {
                return Ok(());
            }
            match self.decoder.init(&mut self.stream) {
                Ok(()) => {
                    self.begun = true;
                    return Ok(());
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    io::copy(&mut self.stream.by_ref().take(u64::from(length)), &mut io::sink())?;
                }
                Err(error) => return Err(Failure::damaged(format!("no Zstandard frame: {error}")).into()),
            }
        }
        let message = format!("more than {SKIPPED_FRAMES_MAX} Zstandard frames without content");
        Err(Failure::new(Kind::Limit, message).into())
    }

    fn check(&self) -> io::Result<()> {
        let sums = (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum());
        match sums {
            (Some(stated), Some(found)) if stated != found => {
                let message = format!("the checksum of a frame is {found:08x} where {stated:08x} is stated");
                Err(Failure::damaged(message).into())
            }
            (_, _) => Ok(()),
        }
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Every turn decodes at least a block of the stream, or goes to its next frame.
        while self.begun && !buffer.is_empty() {
            if self.decoder.can_collect() > 0 {
                return self.decoder.read(buffer);
            }
            if self.decoder.is_finished() {
                self.check()?;
                self.next()?;
                continue;
            }
            let step = BlockDecodingStrategy::UptoBytes(DECODED_BYTES);
            self.decoder.decode_blocks(&mut self.stream, step).map_err(io::Error::other)?;
        }
        Ok(0)
    }
}
