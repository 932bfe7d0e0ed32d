//! Windows event logs in their binary form (`.evtx`), read chunk by chunk in one pass.
//!
//! Format: <https://github.com/libyal/libevtx/blob/main/documentation/Windows%20XML%20Event%20Log%20(EVTX).asciidoc>.
//! A file header of 4 KiB, then chunks of 64 KiB that each stand alone: names and templates never cross a
//! chunk. So memory does not grow with the log, and a damaged chunk costs only itself. Bytes are accounted for
//! by record: what no record could be decoded from between the chunk's header and its free space is rejected;
//! free space and chunks of zeroes are how the format keeps room, and count as parsed.

use std::borrow::Cow;
use std::io::Read;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use evtx::{EvtxFileHeader, HeaderFlags, ParserSettings};
use vigie_model::batch::Position;
use vigie_model::coverage::Density;
use vigie_model::diagnostic::Code;
use vigie_model::evidence::Account;

use super::evtx_chunk::{self, CHUNK_BYTES, CHUNK_HEADER_BYTES, Decoded, Place};
use super::windows_event::{Record, Writer};
use super::windows_event_xml;
use crate::{Artifact, Head, Input, Parser, Sink};

const FILE_HEADER_BYTES: usize = 4096;
const FILE_MAGIC: &[u8] = b"ElfFile\0";
const CHUNK_MAGIC: &[u8] = b"ElfChnk\0";

/// Reads `.evtx`.
#[derive(Clone, Copy, Debug)]
pub struct Evtx;

static ARTIFACT: Artifact = Artifact {
    name: "windows.evtx",
    title: "Windows event log",
    density: Density::Sparse,
    proves: "Processes, files, logons and Exchange cmdlets as Windows recorded them, with the account that acted.",
    location: r"C:\Windows\System32\winevt\Logs\*.evtx",
    source: "https://github.com/libyal/libevtx/blob/main/documentation/Windows%20XML%20Event%20Log%20(EVTX).asciidoc",
};

impl Parser for Evtx {
    fn artifact(&self) -> &'static Artifact {
        &ARTIFACT
    }

    /// By the magic of the file, or, where its header was wiped, that of its first chunk.
    fn recognise(&self, head: &Head<'_>) -> bool {
        head.bytes.starts_with(FILE_MAGIC)
            || head.bytes.get(FILE_HEADER_BYTES..).is_some_and(|rest| rest.starts_with(CHUNK_MAGIC))
    }

    fn parse(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
        let mut reading = Reading {
            account: Account::default(),
            offset: 0,
            settings: Arc::new(ParserSettings::default().indent(false)),
            record: Record::default(),
            writer: Writer::new(),
            log: Log::default(),
        };
        if file_header(&mut reading, input, sink).is_continue() {
            // Ends with the input: each turn takes bytes from it or stops.
            while chunk(&mut reading, input, sink).is_continue() {}
        }
        let Reading { account, writer, .. } = reading;
        // Whether the receiver wants to stop no longer matters: nothing is left to read.
        let _stopped = writer.finish(sink);
        account
    }
}

/// What the file's header says of the log.
#[derive(Clone, Copy, Debug, Default)]
struct Log {
    /// It was not closed properly: what it says of its chunks may be old.
    dirty: bool,
    /// Chunks that were in use.
    chunks: u16,
}

struct Reading {
    account: Account,
    /// Where the next chunk starts, in bytes.
    offset: u64,
    settings: Arc<ParserSettings>,
    record: Record,
    writer: Writer,
    log: Log,
}

impl Reading {
    fn parsed(&mut self, bytes: usize) {
        self.account.parsed_bytes = self.account.parsed_bytes.saturating_add(bytes as u64);
    }

    fn rejected(&mut self, bytes: usize) {
        self.account.rejected_bytes = self.account.rejected_bytes.saturating_add(bytes as u64);
    }
}

fn file_header(reading: &mut Reading, input: &mut Input<'_>, sink: &mut dyn Sink) -> ControlFlow<()> {
    let mut block = vec![0; FILE_HEADER_BYTES];
    let taken = fill(input, &mut block);
    reading.offset = taken as u64;
    let header = block.get(..taken).and_then(|block| EvtxFileHeader::from_bytes(block).ok());
    let Some(header) = header.filter(|_| taken == FILE_HEADER_BYTES) else {
        reading.rejected(taken);
        let message = format!("{taken} of {FILE_HEADER_BYTES} bytes of a file header, or not its magic");
        sink.diagnostic(Code::BadChunk, "offset 0", &message, taken as u64);
        return if taken == FILE_HEADER_BYTES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
    };
    reading.parsed(taken);
    reading.log = Log { dirty: header.flags.contains(HeaderFlags::DIRTY), chunks: header.chunk_count };
    if reading.log.dirty {
        sink.diagnostic(Code::DirtyLog, "offset 120", "the header's dirty flag is set", 0);
    }
    if !header.validate_checksum() {
        let message = format!(
            "the file header's checksum is {:08x}, stored is {:08x}; its chunks were read all the same",
            header.computed_checksum, header.checksum
        );
        sink.diagnostic(Code::DirtyLog, "offset 124", &message, 0);
    }
    ControlFlow::Continue(())
}

/// Reads one chunk; `Break` at the end of the input, or when the receiver has enough.
fn chunk(reading: &mut Reading, input: &mut Input<'_>, sink: &mut dyn Sink) -> ControlFlow<()> {
    let mut data = vec![0; CHUNK_BYTES];
    let taken = fill(input, &mut data);
    if taken == 0 {
        return ControlFlow::Break(());
    }
    let start = reading.offset;
    reading.offset = start.saturating_add(taken as u64);
    let place = format!("offset {start}");
    if data.iter().all(|byte| *byte == 0) {
        empty_chunk(reading, &place, taken, sink);
        return ControlFlow::Continue(());
    }
    if taken < CHUNK_BYTES {
        let message = format!("the file ends after {taken} of the {CHUNK_BYTES} bytes of this chunk");
        sink.diagnostic(Code::TruncatedTail, &place, &message, 0);
    }
    match evtx_chunk::decode(data, &reading.settings) {
        Ok(decoded) => records(reading, &decoded, taken, sink),
        Err(message) => {
            reading.rejected(taken);
            sink.diagnostic(Code::BadChunk, &place, &message, taken as u64);
            ControlFlow::Continue(())
        }
    }
}

/// Gives a chunk's records on and accounts for its bytes.
fn records(reading: &mut Reading, decoded: &Decoded, taken: usize, sink: &mut dyn Sink) -> ControlFlow<()> {
    let start = reading.offset.saturating_sub(taken as u64);
    let mut flow = ControlFlow::Continue(());
    let mut text_start = 0;
    let mut covered = Covered::default();
    let mut lost = Vec::new();
    for place in &decoded.records {
        let xml = decoded.xml.get(text_start..place.xml_end).unwrap_or_default();
        text_start = place.xml_end;
        let end = place.offset.saturating_add(place.size);
        // Beyond the input there are only the zeroes that this chunk was filled up with.
        let problem = if end > taken { Some("cut by the end of the file".to_owned()) } else { None };
        let problem = problem.or_else(|| flatten(&mut reading.record, xml, place));
        if let Some(problem) = problem {
            lost.push((format!("record {}", place.id), problem));
            continue;
        }
        covered.add(place.offset..end);
        if reading.record.time.is_none() {
            let message = "no readable time in the event nor in its frame";
            sink.diagnostic(Code::TimeUnreadable, &format!("record {}", place.id), message, 0);
        }
        let position = Position { number: place.id, offset: start.saturating_add(place.offset as u64) };
        flow = reading.writer.add(&mut reading.record, position, sink);
        if flow.is_break() {
            break;
        }
    }
    for failure in &decoded.failures {
        let place = failure.id.map_or_else(|| format!("offset {start}"), |id| format!("record {id}"));
        lost.push((place, failure.message.clone()));
    }
    let whole = lost.is_empty() && flow.is_continue();
    let rejected = if whole { 0 } else { covered.gaps(CHUNK_HEADER_BYTES..decoded.live_end.min(taken)) };
    report_lost(&lost, rejected as u64, start, sink);
    if taken == CHUNK_BYTES {
        checksums(reading, decoded, start, sink);
    }
    reading.rejected(rejected);
    reading.parsed(taken.saturating_sub(rejected));
    flow
}

/// Names what was not read of a chunk; its bytes are told once, with the first.
fn report_lost(lost: &[(String, String)], rejected: u64, start: u64, sink: &mut dyn Sink) {
    if lost.is_empty() && rejected > 0 {
        sink.diagnostic(Code::LimitReached, &format!("offset {start}"), "stopped on request", rejected);
    }
    let mut bytes = rejected;
    for (place, message) in lost {
        sink.diagnostic(Code::BadRecord, place, message, std::mem::take(&mut bytes));
    }
}

/// Fills `record` from a record's XML; the reason when it cannot be read.
fn flatten(record: &mut Record, xml: &[u8], place: &Place) -> Option<String> {
    record.clear();
    // The renderer writes UTF-8; checking that is cheaper than looking for what is not.
    let text = std::str::from_utf8(xml).map_or_else(|_| String::from_utf8_lossy(xml), Cow::Borrowed);
    if let Err(malformed) = windows_event_xml::flatten(&text, record) {
        return Some(format!("{} at byte {} of its XML", malformed.what, malformed.offset));
    }
    // The frame tells when the record was written to this file: of a forwarded event, that is later.
    record.time = record.time.or(place.written);
    None
}

/// Room that the log keeps ahead is zero; a chunk that was in use is not, unless somebody wiped it.
fn empty_chunk(reading: &mut Reading, place: &str, taken: usize, sink: &mut dyn Sink) {
    let before = reading.offset.saturating_sub(taken as u64).saturating_sub(FILE_HEADER_BYTES as u64);
    let index = before.div_euclid(CHUNK_BYTES as u64);
    if index >= u64::from(reading.log.chunks) {
        reading.parsed(taken);
        return;
    }
    reading.rejected(taken);
    let message = format!("chunk {index} of the {} in use holds zeroes only", reading.log.chunks);
    sink.diagnostic(Code::NulBytes, place, &message, taken as u64);
}

/// Windows writes a chunk's checksums when it closes the chunk. So in a log that was closed they are right, or
/// somebody else wrote there: worth more than a note. In one that was not, the last chunk's may be old.
fn checksums(reading: &Reading, decoded: &Decoded, start: u64, sink: &mut dyn Sink) {
    let what = match (decoded.header_sound, decoded.records_sound) {
        (true, true) => return,
        (false, true) => "header",
        (true, false) => "records",
        (false, false) => "header and records",
    };
    let code = if reading.log.dirty { Code::DirtyLog } else { Code::BadChunk };
    let message = format!("the checksum of the chunk's {what} is wrong; it was read all the same");
    sink.diagnostic(code, &format!("offset {start}"), &message, 0);
}

/// Which bytes of a chunk became events. Records come in ascending order, but a crafted chunk may overlap them.
#[derive(Debug, Default)]
struct Covered {
    runs: Vec<Range<usize>>,
}

impl Covered {
    fn add(&mut self, run: Range<usize>) {
        match self.runs.last_mut() {
            Some(last) if last.end == run.start => last.end = run.end,
            _ => self.runs.push(run),
        }
    }

    /// How many bytes of `within` no run covers.
    fn gaps(&mut self, within: Range<usize>) -> usize {
        self.runs.sort_by_key(|run| run.start);
        let mut at = within.start;
        let mut gaps = 0_usize;
        for run in &self.runs {
            gaps = gaps.saturating_add(run.start.min(within.end).saturating_sub(at));
            at = at.max(run.end);
        }
        gaps.saturating_add(within.end.saturating_sub(at))
    }
}

/// Reads until the buffer is full or the input ends. An error ends it too: the caller meets it again when it
/// drains what is left, and reports it.
fn fill(input: &mut Input<'_>, buffer: &mut [u8]) -> usize {
    let mut filled = 0_usize;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match input.read(rest) {
            Ok(count) if count > 0 => filled = filled.saturating_add(count),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Ok(_) | Err(_) => break,
        }
    }
    filled
}
