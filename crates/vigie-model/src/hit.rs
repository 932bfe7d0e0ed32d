//! One rule that matched one event.

use serde::{Deserialize, Serialize};

use crate::time::Time;

/// A rule on an event. `rule` indexes the rule set of the run; the engine adds the evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Index of the rule in the run's rule set.
    pub rule: u32,
    /// When the event happened.
    pub time: Option<Time>,
    /// The artifact and stream of the event, `exchange.httpproxy/Ecp`.
    pub stream: String,
    /// Line or record number.
    pub number: u64,
    /// Byte offset in the evidence file.
    pub offset: u64,
    /// The event's fields that rules read, with their values, in schema order; long values are cut at
    /// [`FIELD_BYTES_MAX`].
    pub fields: Vec<(String, String)>,
}

/// A field value kept with a hit is cut at this many bytes, on a character boundary, with `…` added.
pub const FIELD_BYTES_MAX: usize = 4096;

impl Hit {
    /// The value of a field, by name without case.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// The place of a claim, as it is printed in proofs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EvidencePlace {
    /// The path in the collection, equal to the manifest's.
    pub path: String,
    /// `line 120`, `record 4711`, or `file` for the whole of it.
    pub place: String,
    /// Byte offset of the event.
    pub offset: u64,
    /// SHA-256 of the file, in lower-case hexadecimal; empty when the file could not be read to its end.
    pub sha256: String,
}
