//! The log of the offline address book generator. Its layout is not documented; only the sentences are, so rows are
//! kept to a time, a level and a sentence.

use std::fmt::Write as _;

use vigie_model::Time;

use super::{BOM, Build, comments, push_cell};
use crate::clock::push_iso;

/// The head of a file.
pub fn header(out: &mut String, build: Build, first: Time) {
    out.push_str(BOM);
    out.push_str(&comments(&build.padded(), "OABGenerator Log", first, "DateTime,ThreadId,Level,Message"));
}

/// Appends a row.
pub fn row(out: &mut String, time: Time, thread: u32, message: &str) {
    push_iso(out, time);
    // Writing into a string cannot fail.
    let _ = write!(out, ",{thread},Information,");
    push_cell(out, message);
    out.push_str("\r\n");
}

/// What a normal run says, from start to end.
pub fn nightly_run(install: &str, book: &str) -> [String; 4] {
    [
        format!("Starting generation of offline address book {book}"),
        format!("Address list 'Default Global Address List' of {book} processed"),
        format!("Files of {book} are written under '{install}\\ClientAccess\\OAB\\{book}'"),
        format!("Finished generation of offline address book {book}"),
    ]
}

/// What it says when a download fails: a harmless sentence below `ClientAccess\OAB`, the trace of CVE-2021-26858
/// anywhere else.
pub fn failed_download(path: &str) -> String {
    format!("Download failed and temporary file '{path}' needs to be removed")
}
