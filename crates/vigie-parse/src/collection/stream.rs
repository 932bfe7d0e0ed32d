//! One compressed stream: a tar whose members are read forward, or one file.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use vigie_container::ReadAt as _;
use vigie_container::bytes::Reader;
use vigie_container::compressed::Compression;
use vigie_container::solid::Solid;
use vigie_container::{bytes, tar};

use super::guard::{Guard, Guarded, Spent};
use super::inside::{self, Format, Nest};
use super::place::{OnDisk, Place};
use super::{Evidence, Findings, Limits, Source, guard, layout, tape};

/// A compressed stream.
#[derive(Debug)]
pub struct Stream {
    place: Place,
    compression: Compression,
    compressed: u64,
    spent: Arc<Spent>,
}

/// Lists what a compressed stream holds.
pub(super) fn add(
    compression: Compression,
    place: Place,
    itself: Evidence,
    into: (&Nest<'_>, &mut Findings),
) {
    let (nest, findings) = into;
    let stream = Arc::new(Stream { place, compression, compressed: itself.size, spent: Arc::default() });
    let mut head = vec![0; inside::HEAD_BYTES];
    let begun = open(&stream, nest.limits).and_then(|mut reader| bytes::fill(reader.as_mut(), &mut head));
    let filled = match begun {
        Ok(filled) => filled,
        Err(error) => {
            findings.add_unreadable(itself, &guard::stop(&error, 0));
            return;
        }
    };
    head.truncate(filled);
    let source = Source::Stream(Arc::clone(&stream));
    if tar::is_tar(&head) {
        let limits = *nest.limits;
        let solid = Solid::new(move || open(&stream, &limits));
        tape::add_solid(solid, Evidence { source, ..itself }, nest, findings);
        return;
    }
    let (label, name) = names_of(&itself.path, compression);
    let host_path = layout::host_path(&label);
    let path = format!("{}!/{name}", itself.path);
    let on_host = host_path.is_some();
    let evidence = Evidence { path, host_path, source, ..itself };
    if Format::of(&head).is_some() && !on_host {
        let archive_len = evidence.path.len().saturating_sub(name.len()).saturating_sub(2);
        inside::add_entry(evidence, None, Some(&head), (nest, archive_len), findings);
    } else {
        // One file beside others, not a collection of its own.
        findings.add(evidence, 0);
    }
}

/// A compressed file's path without the ending, and the name of what is in it.
fn names_of(path: &str, compression: Compression) -> (String, String) {
    let lower = path.to_ascii_lowercase();
    let ending = compression.endings().iter().find(|(ending, _)| lower.ends_with(ending));
    let label = match ending.and_then(|(ending, instead)| {
        Some(format!("{}{instead}", path.get(..path.len().checked_sub(ending.len())?)?))
    }) {
        Some(label) => label,
        None => path.to_owned(),
    };
    let name = label.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("content").to_owned();
    (label, name)
}

/// The decompressed bytes, under guard.
pub(super) fn open(stream: &Arc<Stream>, limits: &Limits) -> io::Result<Box<dyn Read + Send>> {
    let bytes = stream.place.bytes(limits)?;
    let decoder =
        stream.compression.decoder(Box::new(Reader::new(bytes))).map_err(|error| guard::stop(&error, 0))?;
    Ok(Guarded::over(decoder, Guard::new(limits, Some(stream.compressed), &stream.spent)))
}

/// Whether a compressed file on disk holds a tar.
pub(super) fn is_tar(path: &Path, limits: &Limits) -> bool {
    let mut head = vec![0; inside::HEAD_BYTES];
    let mut read = || {
        let file = OnDisk::open(path)?;
        let compression = Compression::of(&bytes::take_at(&file, 0, inside::HEAD_BYTES)?);
        let place = Place::file(path, file.size());
        let stream = compression.map(|compression| Stream {
            place,
            compression,
            compressed: file.size(),
            spent: Arc::default(),
        });
        let mut reader = match stream {
            Some(stream) => open(&Arc::new(stream), limits)?,
            None => return Ok(0),
        };
        bytes::fill(reader.as_mut(), &mut head)
    };
    let filled: io::Result<usize> = read();
    filled.is_ok_and(|filled| tar::is_tar(head.get(..filled).unwrap_or_default()))
}
