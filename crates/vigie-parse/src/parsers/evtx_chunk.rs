//! One 64 KiB chunk of an event log to its records as XML text: the seam behind which the `evtx` crate works.
//!
//! The crate is asked for XML and not for JSON because XML keeps what the log says: the order of positional
//! values, and which of them have a name. A reader of our own replaces this file alone.

use std::sync::Arc;

use evtx::err::EvtxError;
use evtx::{EvtxChunk, EvtxChunkData, ParserSettings};
use vigie_model::Time;

/// Size of a chunk, in bytes.
pub(super) const CHUNK_BYTES: usize = 65_536;
/// Size of a chunk's header, in bytes.
pub(super) const CHUNK_HEADER_BYTES: usize = 512;
/// Header (24 bytes) and trailing copy of the size (4 bytes) of a record.
const RECORD_FRAME_BYTES: u64 = 28;
/// No chunk holds more: a record has at least its frame. The bound ends a walk that does not get on.
const RECORDS_MAX: usize = CHUNK_BYTES / 28;

/// What a chunk held.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    /// The XML of all records, one after the other.
    pub(super) xml: Vec<u8>,
    /// Records that were decoded, in the order they stand in.
    pub(super) records: Vec<Place>,
    /// What could not be decoded.
    pub(super) failures: Vec<Failure>,
    /// End of the records as the chunk's header says, in bytes from its start.
    pub(super) live_end: usize,
    /// Whether the checksum of the chunk's header is right.
    pub(super) header_sound: bool,
    /// Whether the checksum of its records is right.
    pub(super) records_sound: bool,
}

/// Where a record stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Its id.
    pub(super) id: u64,
    /// Offset in the chunk, in bytes.
    pub(super) offset: usize,
    /// Size in bytes, frame included.
    pub(super) size: usize,
    /// When it was written, by its frame.
    pub(super) written: Option<Time>,
    /// Where its text ends in [`Decoded::xml`].
    pub(super) xml_end: usize,
}

/// A record that could not be decoded.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    /// Its id, where that could be read.
    pub(super) id: Option<u64>,
    /// Why.
    pub(super) message: String,
}

/// Decodes a chunk; an error when its header is none. `data` is [`CHUNK_BYTES`] long.
pub(super) fn decode(data: Vec<u8>, settings: &Arc<ParserSettings>) -> Result<Decoded, String> {
    let chunk = EvtxChunkData::new(data, false).map_err(|error| chain(&error))?;
    let mut decoded = Decoded {
        live_end: usize::try_from(chunk.header.free_space_offset).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES),
        header_sound: chunk.validate_header_checksum(),
        records_sound: chunk.validate_data_checksum(),
        ..Decoded::default()
    };
    let mut records =
        EvtxChunk::new(&chunk.data, &chunk.header, Arc::clone(settings)).map_err(|error| chain(&error))?;
    for record in records.iter().take(RECORDS_MAX) {
        let rendered = record.and_then(|record| {
            let start = record.binxml_offset.saturating_sub(RECORD_FRAME_BYTES.saturating_sub(4));
            let size = u64::from(record.binxml_size).saturating_add(RECORD_FRAME_BYTES);
            record.into_xml_bytes().map(|rendered| (start, size, rendered))
        });
        match rendered {
            Ok((start, size, rendered)) => {
                decoded.xml.extend_from_slice(&rendered.data);
                decoded.records.push(Place {
                    id: rendered.event_record_id,
                    offset: usize::try_from(start).unwrap_or(CHUNK_BYTES),
                    size: usize::try_from(size).unwrap_or(CHUNK_BYTES),
                    written: Time::from_micros(rendered.timestamp.as_microsecond()),
                    xml_end: decoded.xml.len(),
                });
            }
            Err(error) => decoded.failures.push(Failure { id: failed_id(&error), message: chain(&error) }),
        }
    }
    Ok(decoded)
}

fn failed_id(error: &EvtxError) -> Option<u64> {
    match error {
        EvtxError::FailedToParseRecord { record_id, .. } => Some(*record_id),
        _ => None,
    }
}

/// An error with its causes, the outermost first.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .take(4)
        .map(|error| error.to_string().trim_end_matches('.').to_owned())
        .collect::<Vec<_>>()
        .join(": ")
}
