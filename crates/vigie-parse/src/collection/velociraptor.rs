//! What Velociraptor's offline collectors write beside the files that they gather.
//!
//! Described in <https://docs.velociraptor.app/docs/deployment/offline_collections/>.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::Arc;

use serde_json::Value;
use vigie_container::sparse::{self, Piece, Sparse};
use vigie_model::Diagnostic;
use vigie_model::diagnostic::Code;

use super::archive::Archive;
use super::directory::Lock;
use super::{Evidence, Limits, Source, names};

/// Bytes of a metadata file that are read.
const METADATA_BYTES_MAX: u64 = 1 << 20;
/// Bytes of zeros that holes of one file may add; a file with more is read as what was gathered of it.
const HOLES_BYTES_MAX: u64 = 1 << 30;
/// Files of which `uploads.json` is believed that they were gathered in part.
const PARTIAL_MAX: usize = 10_000;
/// Characters of a scheme's name that are shown.
const SCHEME_CHARS_MAX: usize = 40;

/// Where the password of an encrypted collection is: `metadata.json` holds it, itself encrypted for its owner.
pub(super) fn password_hint(archive: &Archive, limits: &Limits) -> Option<String> {
    let named = |name: &str| archive.entries().iter().position(|entry| entry.name == name);
    let data = archive.entries().get(named("data.zip")?)?;
    if data.lock == Lock::Open {
        return None;
    }
    let mut text = Vec::new();
    let reader = super::entry::open(archive, named("metadata.json")?, limits).ok()?;
    reader.take(METADATA_BYTES_MAX).read_to_end(&mut text).ok()?;
    let metadata: Value = serde_json::from_slice(&text).ok()?;
    let scheme = metadata.get(0).unwrap_or(&metadata).get("Scheme")?.as_str()?;
    let scheme: String = names::display_bytes(scheme.as_bytes()).chars().take(SCHEME_CHARS_MAX).collect();
    Some(format!(
        "a Velociraptor collection: metadata.json holds the password, itself encrypted (scheme {scheme}); whoever holds \
         the private key (the Velociraptor server's, or the one given to the collector) can decrypt it, or import the \
         collection into that server and export it again without encryption"
    ))
}

/// A file that was gathered without its holes.
#[derive(Debug)]
pub struct Holes {
    source: Source,
    pieces: Vec<Piece>,
    size: u64,
}

/// Puts the holes of sparse files back: `x.idx` beside `x` says where its pieces belong. The journal of changes stays
/// as it is, since it begins with a hole of gigabytes and its records say themselves where they stood.
pub(super) fn put_back_holes(evidence: &mut [Evidence], limits: &Limits) {
    let maps: Vec<(usize, Holes)> = evidence
        .iter()
        .filter_map(|map| {
            let of = map.path.strip_suffix(".idx")?;
            let index = evidence.binary_search_by(|other| other.path.as_str().cmp(of)).ok()?;
            let file = evidence.get(index).filter(|file| !file.best_path().ends_with(":$J"))?;
            let (pieces, size) = pieces_of(&json_of(map, limits)?)?;
            let fits = sparse::are_in_order(&pieces, size)
                && sparse::stored(&pieces) == file.size
                && size.saturating_sub(file.size) <= HOLES_BYTES_MAX;
            fits.then(|| (index, Holes { source: file.source.clone(), pieces, size }))
        })
        .collect();
    for (index, holes) in maps {
        if let Some(file) = evidence.get_mut(index) {
            file.size = holes.size;
            file.source = Source::Sparse(Arc::new(holes));
        }
    }
}

/// The stored pieces of a file, and its size with holes.
fn pieces_of(map: &Value) -> Option<(Vec<Piece>, u64)> {
    let number = |range: &Value, key: &str| range.get(key).and_then(Value::as_u64).unwrap_or(0);
    let ranges = map.get("ranges")?.as_array()?;
    let piece =
        |range: &Value| Piece { offset: number(range, "original_offset"), len: number(range, "file_length") };
    let end = |range: &Value| number(range, "original_offset").checked_add(number(range, "length"));
    let size = ranges.iter().map(end).collect::<Option<Vec<u64>>>()?.into_iter().max()?;
    Some((ranges.iter().map(piece).filter(|piece| piece.len > 0).collect(), size))
}

fn json_of(evidence: &Evidence, limits: &Limits) -> Option<Value> {
    let mut text = Vec::new();
    evidence.open(limits).ok()?.take(METADATA_BYTES_MAX).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

/// Opens a file with its holes in place.
pub(super) fn open(holes: &Holes, limits: &Limits) -> io::Result<Box<dyn Read + Send>> {
    Ok(Box::new(Sparse::new(holes.source.open(limits)?, holes.pieces.clone(), holes.size)))
}

/// Says which files were gathered in part only: `uploads.json` has the size on the host and the size that was uploaded.
pub(super) fn partial(evidence: &[Evidence], limits: &Limits) -> Vec<Diagnostic> {
    let is_list = |file: &&Evidence| {
        file.host_path.is_none() && (file.path == "uploads.json" || file.path.ends_with("/uploads.json"))
    };
    let sizes: BTreeMap<&str, &Evidence> =
        evidence.iter().filter_map(|file| Some((file.host_path.as_deref()?, file))).collect();
    let mut found = Vec::new();
    for list in evidence.iter().filter(is_list) {
        let mut text = String::new();
        let read = list.open(limits).map(|list| list.take(METADATA_BYTES_MAX).read_to_string(&mut text));
        if read.is_err() {
            continue;
        }
        for line in text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).take(PARTIAL_MAX)
        {
            let number = |key: &str| line.get(key).and_then(Value::as_u64);
            let (Some(path), Some(whole), Some(uploaded)) =
                (line.get("vfs_path").and_then(Value::as_str), number("file_size"), number("uploaded_size"))
            else {
                continue;
            };
            let path = path.strip_prefix("\\\\.\\").unwrap_or(path);
            let Some(file) = sizes.get(path) else { continue };
            let is_sparse = matches!(file.source, Source::Sparse(_)) || path.ends_with(":$J");
            if uploaded < whole && !is_sparse {
                let message = format!("{uploaded} of {whole} bytes were gathered, as uploads.json says");
                found.push(Diagnostic::once(&file.path, Code::ChangedWhileRead, String::new(), message));
            }
        }
    }
    found
}
