//! The bytes of one evidence file on their way to a parser: hashed and counted as they pass.

use std::fmt::Write as _;
use std::io::{self, Read};

use sha2::{Digest, Sha256};

use crate::Tap;
use crate::collection::{Collection, Evidence, FileTimes, Limits, Stop};
use crate::deadline::{Deadline, Until};

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

/// A file's bytes, in order. Everything that passes is hashed and counted. A parser never sees an error: where the
/// bytes cannot be read further they end, and the caller finds the reason in [`Input::stop`].
pub struct Input<'a> {
    /// The path on the host, or in the collection when that is not known.
    pub path: &'a str,
    /// Size as the collection states it, in bytes; the truth is what `read` gives.
    pub size: u64,
    /// Times and other metadata of the file itself.
    pub times: FileTimes,
    reader: &'a mut dyn Read,
    head: &'a [u8],
    hasher: Sha256,
    taken: u64,
    stop: Option<Stop>,
    deadline: Deadline,
    tap: Option<&'a mut dyn Tap>,
    neighbors: Option<Neighbors<'a>>,
}

/// The other files of a collection, for formats that are spread over several.
#[derive(Clone, Copy, Debug)]
struct Neighbors<'a> {
    collection: &'a Collection,
    own: &'a str,
    limits: &'a Limits,
}

impl<'a> Input<'a> {
    /// An input whose first bytes were read already (for recognition) and are given again first.
    pub fn new(evidence: &'a Evidence, head: &'a [u8], reader: &'a mut dyn Read) -> Input<'a> {
        Input {
            path: evidence.best_path(),
            size: evidence.size,
            times: evidence.times,
            reader,
            head,
            hasher: Sha256::new(),
            taken: 0,
            stop: None,
            deadline: Deadline::default(),
            tap: None,
            neighbors: None,
        }
    }

    /// An input over bytes in memory.
    pub fn of_bytes(path: &'a str, bytes: &'a [u8], nothing: &'a mut io::Empty) -> Input<'a> {
        Input {
            path,
            size: bytes.len() as u64,
            times: FileTimes::default(),
            reader: nothing,
            head: bytes,
            hasher: Sha256::new(),
            taken: 0,
            stop: None,
            deadline: Deadline::default(),
            tap: None,
            neighbors: None,
        }
    }

    /// The same, with everything that passes shown to a tap as well.
    #[must_use]
    pub fn tapped(mut self, tap: &'a mut dyn Tap) -> Input<'a> {
        self.tap = Some(tap);
        self
    }

    /// The same, which ends when the time of the file is over.
    #[must_use]
    pub(crate) fn until(mut self, deadline: Deadline) -> Input<'a> {
        self.deadline = deadline;
        self
    }

    /// The same input, which can also be asked for other files of its collection.
    #[must_use]
    pub fn among(mut self, collection: &'a Collection, own: &'a Evidence, limits: &'a Limits) -> Input<'a> {
        self.neighbors = Some(Neighbors { collection, own: &own.path, limits });
        self
    }

    /// The file that has this file's path with an ending behind it, compared without case: `SYSTEM.LOG1` for `.log1`.
    /// What is read of it counts in its own account, not in this one's.
    pub fn beside(&self, ending: &str) -> Option<Box<dyn Read + Send>> {
        let own = self.neighbors?.own;
        self.neighbor(&|path| {
            let (head, tail) = path.split_at_checked(own.len()).unwrap_or_default();
            head.eq_ignore_ascii_case(own) && tail.eq_ignore_ascii_case(ending)
        })
    }

    /// The first file of the collection, in path order, whose path fits.
    pub fn neighbor(&self, fits: &dyn Fn(&str) -> bool) -> Option<Box<dyn Read + Send>> {
        let Neighbors { collection, own, limits } = self.neighbors?;
        let found = collection.evidence.iter().find(|other| other.path != own && fits(&other.path))?;
        let reader = found.open(limits).ok()?;
        Some(Box::new(Until { reader, deadline: self.deadline }))
    }

    /// The file's path in its collection, where it is read as a part of one.
    pub fn collection_path(&self) -> Option<&'a str> {
        self.neighbors.map(|neighbors| neighbors.own)
    }

    /// Bytes given out so far.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Why the bytes ended before the file did, if so.
    pub fn stop(&self) -> Option<&Stop> {
        self.stop.as_ref()
    }

    /// The SHA-256 of the bytes given out so far, in lower-case hexadecimal.
    pub fn sha256_so_far(&self) -> String {
        hexadecimal(&self.hasher.clone().finalize())
    }

    /// The SHA-256 of all bytes given out, in lower-case hexadecimal.
    pub fn into_sha256(self) -> String {
        hexadecimal(&self.hasher.finalize())
    }
}

impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let late = if self.stop.is_none() { self.deadline.passed() } else { None };
        let count = if self.stop.is_some() {
            0
        } else if !self.head.is_empty() {
            if late.is_some() { self.head.len().min(buffer.len()) } else { self.head.read(buffer)? }
        } else {
            read_or_stop(self.reader, buffer, &mut self.stop)
        };
        if late.is_some() && count > 0 {
            // There was more: at the end of a file nothing is late any more.
            self.stop = late;
            return Ok(0);
        }
        let passed = buffer.get(..count).unwrap_or_default();
        self.hasher.update(passed);
        if let Some(tap) = &mut self.tap {
            tap.bytes(passed);
        }
        self.taken = self.taken.saturating_add(count as u64);
        Ok(count)
    }
}

/// Bytes as lower-case hexadecimal.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads once; an error becomes the end, and its reason is kept.
pub(crate) fn read_or_stop(reader: &mut dyn Read, buffer: &mut [u8], stop: &mut Option<Stop>) -> usize {
    loop {
        match reader.read(buffer) {
            Ok(count) => return count.min(buffer.len()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                *stop = Some(Stop::of(&error));
                return 0;
            }
        }
    }
}
