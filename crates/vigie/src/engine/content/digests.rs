//! MD5 and SHA-1 of a file's bytes as they pass: only where indicators of those kinds are loaded.

use md5::Md5;
use sha1::Sha1;
use sha2::Digest;
use vigie_parse::input::hexadecimal;

/// The digests that are wanted, so far.
#[derive(Clone, Default)]
pub(super) struct Digests {
    md5: Option<Md5>,
    sha1: Option<Sha1>,
}

impl Digests {
    /// Digests that begin, of the wanted kinds.
    pub(super) fn new(wanted: Wanted) -> Digests {
        Digests { md5: wanted.md5.then(Md5::new), sha1: wanted.sha1.then(Sha1::new) }
    }

    /// The next bytes.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
        if let Some(sha1) = &mut self.sha1 {
            sha1.update(bytes);
        }
    }

    /// MD5 and SHA-1 in lower-case hexadecimal.
    pub(super) fn end(self) -> (Option<String>, Option<String>) {
        let md5 = self.md5.map(|md5| hexadecimal(&md5.finalize()));
        (md5, self.sha1.map(|sha1| hexadecimal(&sha1.finalize())))
    }
}

/// Which digests rules read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Some rule reads the MD5 of files.
    pub(super) md5: bool,
    /// Some rule reads the SHA-1 of files.
    pub(super) sha1: bool,
}
