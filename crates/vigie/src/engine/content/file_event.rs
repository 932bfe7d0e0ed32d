//! Every file of the collection as one event of its own, for the indicators: its path, size and hashes.
//!
//! A web page has an event of its parser with path and SHA-256 already; here it brings only what that one lacks, so
//! that no indicator matches one file twice.

use std::borrow::Cow;
use std::sync::Arc;

use vigie_detect::Scanner;
use vigie_model::batch::Position;
use vigie_model::{BatchBuilder, Hit, Schema};
use vigie_parse::FileReport;

use super::digests::{Digests, Wanted};
use super::{STREAM, of_file_itself, watch};

const FIELDS: [&str; 5] = ["TargetFilename", "Size", "sha256", "md5", "sha1"];

/// The parser whose events tell path and SHA-256 of their file.
const TELLS_ITSELF: &str = "web.root";

/// Makes the events of files, when some rule reads them.
pub(super) struct FileEvents {
    builder: BatchBuilder,
    digests: Wanted,
    /// Whether any rule can match such an event.
    wanted: bool,
}

impl FileEvents {
    /// Asks the rules what they read of files.
    pub(super) fn new(scanner: &mut Scanner) -> FileEvents {
        let schema = Schema {
            artifact: Cow::Borrowed(STREAM),
            fields: FIELDS.iter().map(|name| Cow::Borrowed(*name)).collect(),
            ..Schema::default()
        };
        let wanted = scanner.wants(&schema);
        let has =
            |name: &str| FIELDS.iter().position(|field| *field == name).is_some_and(|at| wanted.has(at));
        FileEvents {
            digests: Wanted { md5: has("md5"), sha1: has("sha1") },
            wanted: FIELDS.iter().any(|name| has(name)),
            builder: BatchBuilder::new(Arc::new(schema)),
        }
    }

    /// The digests that the next file needs.
    pub(super) fn digests(&self) -> Digests {
        Digests::new(self.digests)
    }

    /// Runs the rules over the event of one file.
    pub(super) fn scan(
        &mut self,
        seen: &watch::Seen,
        report: &FileReport,
        scanner: &mut Scanner,
        hits: &mut Vec<Hit>,
    ) {
        if !self.wanted {
            return;
        }
        let other = report.entry.artifact.as_deref() != Some(TELLS_ITSELF);
        // The hash of a part would be the hash of something else.
        let whole = report.entry.sha256.as_deref();
        let path = if seen.path.is_empty() { &report.entry.path } else { &seen.path };
        let size = report.entry.size.to_string();
        let values = [
            Some(path.as_str()).filter(|_| other),
            Some(size.as_str()),
            whole.filter(|_| other),
            seen.md5.as_deref().filter(|_| whole.is_some()),
            seen.sha1.as_deref().filter(|_| whole.is_some()),
        ];
        self.builder.push(report.entry.modified, Position::default(), values);
        let before = hits.len();
        scanner.scan(&self.builder.take(), hits);
        let fresh: Vec<Hit> = hits.drain(before..).collect();
        hits.extend(fresh.into_iter().map(|hit| of_file_itself(hit, path, report)));
    }
}
