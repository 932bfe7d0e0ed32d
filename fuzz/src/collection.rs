//! Containers from the outside: listed in place, every entry opened under tight limits.

use std::io::Read;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use vigie_container::bytes::Memory;
use vigie_container::ntfs::Ntfs;
use vigie_container::{Bytes, Reader};
use vigie_parse::{Limits, read};

use crate::Checks;

static ARCHIVE: LazyLock<PathBuf> = LazyLock::new(|| crate::scratch("zip").join("collection.zip"));

/// Opens the bytes as whatever container they are and reads what it lists.
///
/// # Panics
/// When the reader does, or when bytes of an entry are not accounted for.
pub fn any(data: &[u8]) {
    std::fs::write(&*ARCHIVE, data).expect("the scratch folder can be written");
    let limits = Limits {
        entries_max: 64,
        entry_bytes_max: 1 << 20,
        total_bytes_max: 1 << 22,
        ratio_max: 100,
        volume_files_max: 10_000,
        depth_max: 3,
        nesting_max: 2,
        nested_bytes_max: 1 << 20,
        file_time_max: None,
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

/// Reads the bytes as the file table of an NTFS volume whose boot sector is whole.
///
/// # Panics
/// When the reader does.
pub fn ntfs(data: &[u8]) {
    let mut volume = vec![0; 4096];
    volume[3..11].copy_from_slice(b"NTFS    ");
    volume[11..13].copy_from_slice(&512_u16.to_le_bytes());
    volume[13] = 8;
    volume[48] = 1;
    volume[56] = 1;
    volume[64] = 0xf6;
    volume.extend_from_slice(data);
    volume.resize(volume.len().max(8192), 0);
    let volume: Bytes = Arc::new(Memory(Arc::new(volume)));
    let Ok(ntfs) = Ntfs::open(&volume) else { return };
    let Ok(listing) = ntfs.list(10_000) else { return };
    for found in listing.found().take(256) {
        if let Ok(stream) = ntfs.stream(found.record, &found.stream) {
            let mut reader = Reader::new(Arc::new(stream)).take(1 << 20);
            let _ = std::io::copy(&mut reader, &mut std::io::sink());
        }
    }
}
