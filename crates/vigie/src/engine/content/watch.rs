//! Looks on while a file is read: keeps its bytes for the scanners that asked, feeds the digests.

use vigie_parse::{Head, Tap};

use super::digests::Digests;
use super::{CONTENT_BYTES_MAX, ContentRules, File};

/// Room that is kept from one file to the next; what a large file took beyond it is given back.
const ROOM_KEPT_MAX: usize = 4 << 20;

/// The receiver of one file's bytes.
pub(in crate::engine) struct Watch<'a> {
    rules: Vec<&'a dyn ContentRules>,
    room: &'a mut Vec<u8>,
    digests: Digests,
    /// The most that any scanner asked, in bytes; nothing is kept when it is 0.
    limit: u64,
    seen: Seen,
}

/// What was seen of a file.
#[derive(Debug, Default)]
pub(in crate::engine) struct Seen {
    /// The path on the host, or in the collection.
    pub(super) path: String,
    /// What its parser reads it as.
    pub(super) artifact: Option<&'static str>,
    /// Size as the collection states it.
    pub(super) stated: u64,
    /// Bytes that passed.
    pub(super) bytes: u64,
    /// By scanner: up to how many bytes it looks at the file, if it does.
    pub(super) asked: Vec<Option<u64>>,
    /// MD5 and SHA-1, when rules read them.
    pub(super) md5: Option<String>,
    /// The same.
    pub(super) sha1: Option<String>,
}

impl Seen {
    /// The file, for a scanner.
    pub(super) fn file(&self) -> File<'_> {
        File { path: &self.path, size: self.bytes, artifact: self.artifact }
    }
}

impl<'a> Watch<'a> {
    /// A watch over the next file; `room` holds its bytes afterwards.
    pub(super) fn new(
        rules: Vec<&'a dyn ContentRules>,
        room: &'a mut Vec<u8>,
        digests: Digests,
    ) -> Watch<'a> {
        room.clear();
        room.shrink_to(ROOM_KEPT_MAX);
        Watch { rules, room, digests, limit: 0, seen: Seen::default() }
    }

    /// What was seen, when the file has been read.
    pub(in crate::engine) fn end(self) -> Seen {
        let mut seen = self.seen;
        (seen.md5, seen.sha1) = self.digests.end();
        seen
    }
}

impl Tap for Watch<'_> {
    fn begin(&mut self, head: &Head<'_>, artifact: Option<&'static str>) {
        let file = File { path: head.path, size: head.size, artifact };
        let asks = |rules: &&dyn ContentRules| {
            rules.asks(&file, head.bytes).map(|bytes| bytes.min(CONTENT_BYTES_MAX))
        };
        self.seen.asked = self.rules.iter().map(asks).collect();
        // A scanner for which the file is too large has no use for its beginning.
        let large_enough = |asked: &&u64| **asked >= head.size;
        self.limit = self.seen.asked.iter().flatten().filter(large_enough).copied().max().unwrap_or(0);
        head.path.clone_into(&mut self.seen.path);
        self.seen.artifact = artifact;
        self.seen.stated = head.size;
        if self.limit > 0 {
            self.room.reserve_exact(usize::try_from(head.size).unwrap_or(0));
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.seen.bytes = self.seen.bytes.saturating_add(bytes.len() as u64);
        self.digests.update(bytes);
        if self.seen.bytes <= self.limit {
            self.room.extend_from_slice(bytes);
        }
    }
}
