//! Archives from the outside: listed in place, every entry opened under tight limits.

use std::path::PathBuf;
use std::sync::LazyLock;

use vigie_parse::{Limits, read};

use crate::Checks;

static ARCHIVE: LazyLock<PathBuf> = LazyLock::new(|| crate::scratch("zip").join("collection.zip"));

/// Opens the bytes as a zip and reads what it lists.
///
/// # Panics
/// When the reader does, or when bytes of an entry are not accounted for.
pub fn zip(data: &[u8]) {
    std::fs::write(&*ARCHIVE, data).expect("the scratch folder can be written");
    let limits = Limits {
        entries_max: 64,
        entry_bytes_max: 1 << 20,
        total_bytes_max: 1 << 22,
        ratio_max: 100,
        depth_max: 3,
        nesting_max: 2,
        nested_bytes_max: 1 << 20,
    };
    for collection in vigie_parse::open(&[ARCHIVE.clone()], &limits) {
        for evidence in &collection.evidence {
            let report = read(evidence, &limits, &mut Checks::default());
            let entry = report.entry;
            assert_eq!(entry.parsed_bytes + entry.rejected_bytes, entry.size, "{}", entry.path);
            let named = entry.unread.is_some() || !report.diagnostics.is_empty();
            assert!(entry.rejected_bytes == 0 || named, "{}: rejected without a reason", entry.path);
        }
    }
}
