//! The bytes of one evidence file on their way to a parser: hashed and counted as they pass.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

/// How many bytes a parser sees when it is asked whether a file is its own.
pub const HEAD_BYTES: usize = 64 * 1024;

/// What a parser sees of a file before it reads it.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The path on the host (`C:\inetpub\...`), or in the collection when that is not known.
    pub path: &'a str,
    /// The first bytes, at most [`HEAD_BYTES`].
    pub bytes: &'a [u8],
    /// Size of the whole file, in bytes.
    pub size: u64,
}

/// A file's bytes, in order. Everything that passes is hashed and counted.
pub struct Input<'a> {
    /// The path on the host, or in the collection when that is not known.
    pub path: &'a str,
    /// Size as the collection states it, in bytes; the truth is what `read` gives.
    pub size: u64,
    /// Times and other metadata of the file itself.
    pub times: crate::collection::FileTimes,
    reader: &'a mut dyn Read,
    head: &'a [u8],
    hasher: Sha256,
    taken: u64,
}

impl<'a> Input<'a> {
    /// An input whose first bytes were read already (for recognition) and are given again first.
    pub fn new(
        evidence: &'a crate::collection::Evidence,
        head: &'a [u8],
        reader: &'a mut dyn Read,
    ) -> Input<'a> {
        Input {
            path: evidence.best_path(),
            size: evidence.size,
            times: evidence.times,
            reader,
            head,
            hasher: Sha256::new(),
            taken: 0,
        }
    }

    /// Bytes given out so far.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// The SHA-256 of all bytes given out, in lower-case hexadecimal.
    pub fn into_sha256(self) -> String {
        self.hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = if self.head.is_empty() { self.reader.read(buffer)? } else { self.head.read(buffer)? };
        self.hasher.update(buffer.get(..count).unwrap_or_default());
        self.taken = self.taken.saturating_add(count as u64);
        Ok(count)
    }
}
