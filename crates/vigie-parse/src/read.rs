//! One evidence file from its bytes to events, hash and account: recognise, parse, drain, check the sum.

use vigie_model::Diagnostic;
use vigie_model::evidence::{Fact, ManifestEntry};

use crate::Sink;
use crate::collection::Evidence;

/// What became of one file.
#[derive(Clone, Debug)]
pub struct FileReport {
    /// Its row in the manifest.
    pub entry: ManifestEntry,
    /// What could not be read as expected, merged by code.
    pub diagnostics: Vec<Diagnostic>,
    /// What it says of its host.
    pub facts: Vec<Fact>,
}

/// Reads one file: recognises it by content, parses it under `catch_unwind`, hashes every byte.
pub fn read(_evidence: &Evidence, _sink: &mut dyn Sink) -> FileReport {
    unimplemented!()
}
