//! Windows event logs in their binary form (`.evtx`), read chunk by chunk in one pass.
//!
//! Format: <https://github.com/libyal/libevtx/blob/main/documentation/Windows%20XML%20Event%20Log%20(EVTX).asciidoc>.
//! A file header of 4 KiB, then chunks of 64 KiB that each stand alone: names and templates never cross a
//! chunk. So memory does not grow with the log, and a damaged chunk costs only itself. Bytes are accounted for
//! by record: what no record could be decoded from between the chunk's header and its free space is rejected;
//! free space and chunks of zeroes are how the format keeps room, and count as parsed.
//!
//! Records that the log does not count any more (in free space, in a chunk without its header, in a chunk after the
//! last one in use) are read too; a column `Salvaged` says of each where it lay. One that is a record that was read already,
//! byte for byte, is no event of its own; how many those are is said. One that differs in any byte is an event: it may be
//! what a record was before somebody changed it.

use std::hash::{BuildHasher as _, RandomState};
use std::io::Read;
use std::ops::{ControlFlow, Range};

use memchr::memmem;
use rustc_hash::FxHashSet;
use vigie_model::batch::Position;
use vigie_model::coverage::Density;
use vigie_model::diagnostic::Code;
use vigie_model::evidence::Account;

use super::evtx_chunk::{self, CHUNK_BYTES, CHUNK_HEADER_BYTES, CHUNK_MAGIC, Frame, Header, Live};
use super::evtx_events::{Events, Met, Salvage};
use super::evtx_value::number;
use crate::{Artifact, Head, Input, Parser, Sink};

const FILE_HEADER_BYTES: usize = 4096;
const FILE_MAGIC: &[u8] = b"ElfFile\0";
/// The flags of the file's header.
const DIRTY: u64 = 1;
const NO_CHECKSUM: u64 = 4;

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

    /// By the magic of the file, or, where its header was wiped or cut off, that of its first chunk.
    fn recognise(&self, head: &Head<'_>) -> bool {
        head.bytes.starts_with(FILE_MAGIC)
            || head.bytes.starts_with(CHUNK_MAGIC)
            || head.bytes.get(FILE_HEADER_BYTES..).is_some_and(|rest| rest.starts_with(CHUNK_MAGIC))
    }

    fn parse(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
        let mut reading = Reading {
            account: Account::default(),
            offset: 0,
            index: 0,
            data: Vec::with_capacity(CHUNK_BYTES),
            live: Live::default(),
            seen: Seen::default(),
            events: Events::new(),
            log: Log::default(),
        };
        if file_header(&mut reading, input, sink).is_continue() {
            // Ends with the input: each turn takes bytes from it or stops.
            while chunk(&mut reading, input, sink).is_continue() {}
        }
        let Reading { account, events, seen, .. } = reading;
        seen.say(sink);
        // Whether the receiver wants to stop no longer matters: nothing is left to read.
        let _stopped = events.finish(sink);
        account
    }
}

/// What the file's header says of the log.
#[derive(Clone, Copy, Debug, Default)]
struct Log {
    /// It was not closed properly: what it says of its chunks may be old.
    dirty: bool,
    /// Whether its header can be believed at all.
    sound: bool,
    /// Chunks that were in use.
    chunks: u64,
}

struct Reading {
    account: Account,
    /// Where the next chunk starts, in bytes.
    offset: u64,
    /// The number of the next chunk.
    index: u64,
    /// Bytes that were taken and not yet accounted for: the start of the next chunk.
    data: Vec<u8>,
    live: Live,
    seen: Seen,
    events: Events,
    log: Log,
}

/// The records that were met so far, each by a hash of all its bytes: under a key that is drawn anew, so that nobody can
/// prepare a record that passes for another.
#[derive(Debug, Default)]
struct Seen {
    key: RandomState,
    records: FxHashSet<u64>,
    /// Salvaged records that were left out.
    copies: u64,
    /// The place of the first one.
    first_copy: String,
}

/// Records that are remembered, for 16 bytes each. Of a larger log the first are: copies lie where a log began anew. A copy
/// that is not known for one is read.
const SEEN_MAX: usize = 1 << 19;

impl Seen {
    /// What a record is known by. Offsets into its chunk are part of it, but writers that leave a copy behind keep its place
    /// in the chunk, so that they are the same as well.
    fn hash(&self, block: &Block<'_>, frame: &Frame) -> u64 {
        self.key.hash_one(block.data.get(frame.offset..frame.end()).unwrap_or_default())
    }

    fn keep(&mut self, hash: u64) {
        if self.records.len() < SEEN_MAX {
            self.records.insert(hash);
        }
    }

    fn note_copy(&mut self, block: &Block<'_>, frame: &Frame) {
        if self.copies == 0 {
            self.first_copy = format!("offset {}", block.start.saturating_add(frame.offset as u64));
        }
        self.copies = self.copies.saturating_add(1);
    }

    /// Says how many copies there were.
    fn say(&self, sink: &mut dyn Sink) {
        if self.copies > 0 {
            let message = format!("{} copies of records that were read, byte for byte", self.copies);
            sink.diagnostic(Code::RecordsRepeated, &self.first_copy, &message, 0);
        }
    }
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
    fill(input, &mut reading.data, FILE_HEADER_BYTES);
    let block = std::mem::take(&mut reading.data);
    if block.starts_with(CHUNK_MAGIC) {
        sink.diagnostic(
            Code::BadChunk,
            "offset 0",
            "the file begins with a chunk, without its own header",
            0,
        );
        reading.data = block;
        return ControlFlow::Continue(());
    }
    reading.offset = block.len() as u64;
    if block.len() < FILE_HEADER_BYTES || !block.starts_with(FILE_MAGIC) {
        reading.rejected(block.len());
        let message =
            format!("{} of {FILE_HEADER_BYTES} bytes of a file header, or not its magic", block.len());
        sink.diagnostic(Code::BadChunk, "offset 0", &message, block.len() as u64);
        return if block.len() == FILE_HEADER_BYTES {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        };
    }
    reading.parsed(block.len());
    let field = |range: Range<usize>| number(block.get(range).unwrap_or_default());
    let (flags, stored) = (field(120..124), field(124..128));
    let computed = u64::from(crc32fast::hash(block.get(..120).unwrap_or_default()));
    let sound = flags & NO_CHECKSUM != 0 || stored == computed;
    reading.log = Log { dirty: flags & DIRTY != 0, sound, chunks: field(42..44) };
    if reading.log.dirty {
        sink.diagnostic(Code::DirtyLog, "offset 120", "the header's dirty flag is set", 0);
    }
    if !sound {
        let message = format!(
            "the file header's checksum is {computed:08x}, stored is {stored:08x}; its chunks were read all the same"
        );
        sink.diagnostic(Code::DirtyLog, "offset 124", &message, 0);
    }
    ControlFlow::Continue(())
}

/// Reads one chunk; `Break` at the end of the input, or when the receiver has enough.
fn chunk(reading: &mut Reading, input: &mut Input<'_>, sink: &mut dyn Sink) -> ControlFlow<()> {
    fill(input, &mut reading.data, CHUNK_BYTES);
    let mut data = std::mem::take(&mut reading.data);
    if data.is_empty() {
        return ControlFlow::Break(());
    }
    if !data.starts_with(CHUNK_MAGIC)
        && let Some(at) = aligned(&data)
    {
        // Something was cut out or put in before: the chunks go on at another place.
        reading.data = data.split_off(at);
    }
    let taken = data.len();
    let start = reading.offset;
    reading.offset = start.saturating_add(taken as u64);
    let index = reading.index;
    reading.index = index.saturating_add(1);
    let place = format!("offset {start}");
    if data.iter().all(|byte| *byte == 0) {
        empty_chunk(reading, index, &place, taken, sink);
    } else {
        if taken < CHUNK_BYTES && reading.data.is_empty() {
            let message = format!("the file ends after {taken} of the {CHUNK_BYTES} bytes of this chunk");
            sink.diagnostic(Code::TruncatedTail, &place, &message, 0);
        }
        let header = evtx_chunk::header(&data);
        // What a record says of its size can then be told from what the file holds of it.
        data.resize(CHUNK_BYTES, 0);
        reading.events.begin_chunk();
        let block = Block { data: &data, start, taken, index };
        match header {
            Some(header) => counted_chunk(reading, &block, &header, sink)?,
            None => headless_chunk(reading, &block, sink)?,
        }
    }
    if reading.data.is_empty() {
        // The buffer serves the next chunk.
        data.clear();
        reading.data = data;
    }
    ControlFlow::Continue(())
}

/// Where in a block that begins with no chunk one begins; its header's stated size keeps text from passing for one.
fn aligned(data: &[u8]) -> Option<usize> {
    memmem::find_iter(data, CHUNK_MAGIC).find(|at| {
        let size = data.get(at.saturating_add(40)..at.saturating_add(44));
        size.is_none_or(|size| number(size) == 128)
    })
}

/// A chunk's bytes and where they stand in the file.
struct Block<'d> {
    /// [`CHUNK_BYTES`], filled up with zeroes.
    data: &'d [u8],
    start: u64,
    /// Bytes that the file holds of it.
    taken: usize,
    index: u64,
}

/// What became of a chunk's records.
#[derive(Default)]
struct Told {
    covered: Covered,
    /// What was not read: the place, and why.
    lost: Vec<(String, String)>,
}

/// Gives the records of a sound chunk on, then those behind its end, and accounts for its bytes.
fn counted_chunk(
    reading: &mut Reading,
    block: &Block<'_>,
    header: &Header,
    sink: &mut dyn Sink,
) -> ControlFlow<()> {
    let mut live = std::mem::take(&mut reading.live);
    evtx_chunk::live(block.data, header, &mut live);
    let log = reading.log;
    let is_beyond = log.sound && !log.dirty && log.chunks > 0 && block.index >= log.chunks;
    let mut told = Told::default();
    let mut flow = ControlFlow::Continue(());
    for frame in &live.frames {
        let salvage = match (is_beyond, frame.is_counted) {
            (true, _) => Some(Salvage::Beyond),
            (false, true) => None,
            (false, false) => Some(Salvage::OtherPass),
        };
        if frame.end() > block.taken {
            told.lost.push((format!("record {}", frame.id), "cut by the end of the file".to_owned()));
            continue;
        }
        flow = record(reading, block, (frame, salvage), &mut told, sink);
        if flow.is_break() {
            break;
        }
    }
    for (range, what) in live.gaps.iter().filter(|(range, _)| range.start < block.taken) {
        let place = format!("offset {}", block.start.saturating_add(range.start as u64));
        told.lost.push((place, format!("{} bytes between records: {what}", range.len())));
    }
    if flow.is_continue() {
        flow = slack(reading, block, (live.end, Salvage::Slack), &mut told, sink);
    }
    reading.live = live;
    let whole = told.lost.is_empty() && flow.is_continue();
    let counted = CHUNK_HEADER_BYTES..header.live_end.min(block.taken);
    let rejected = if whole { 0 } else { told.covered.gaps(counted) };
    report(block, &told, rejected as u64, sink);
    if block.taken == CHUNK_BYTES {
        checksums(reading, header, block.start, sink);
    }
    reading.rejected(rejected);
    reading.parsed(block.taken.saturating_sub(rejected));
    flow
}

/// Gives the records on that are found in a chunk whose header is none.
fn headless_chunk(reading: &mut Reading, block: &Block<'_>, sink: &mut dyn Sink) -> ControlFlow<()> {
    let mut told = Told::default();
    let flow = slack(reading, block, (0, Salvage::Headless), &mut told, sink);
    let rejected = told.covered.gaps(0..block.taken);
    let magic = block.data.get(..CHUNK_MAGIC.len()).unwrap_or_default();
    let message = format!("a chunk that begins with {}", magic.escape_ascii());
    sink.diagnostic(Code::BadChunk, &format!("offset {}", block.start), &message, rejected as u64);
    report(block, &told, 0, sink);
    reading.rejected(rejected);
    reading.parsed(block.taken.saturating_sub(rejected));
    flow
}

/// Gives a record on; notes what was not read, and what was though it is not counted.
fn record(
    reading: &mut Reading,
    block: &Block<'_>,
    (frame, salvage): (&Frame, Option<Salvage>),
    told: &mut Told,
    sink: &mut dyn Sink,
) -> ControlFlow<()> {
    let hash = reading.seen.hash(block, frame);
    if salvage.is_some() && reading.seen.records.contains(&hash) {
        // The same bytes were an event already: what is found twice happened once.
        reading.seen.note_copy(block, frame);
        told.covered.add(frame.offset..frame.end());
        return ControlFlow::Continue(());
    }
    let offset = block.start.saturating_add(frame.offset as u64);
    let position = Position { number: frame.id, offset };
    let met = Met { chunk: block.data, frame, salvage, position };
    match reading.events.add(&met, sink) {
        Ok(flow) => {
            reading.seen.keep(hash);
            told.covered.add(frame.offset..frame.end());
            if let Some(salvage) = salvage {
                let message = format!("read {}", salvage.text());
                sink.diagnostic(Code::Salvaged, &format!("record {}", frame.id), &message, 0);
            }
            flow
        }
        Err(problem) => {
            told.lost.push((format!("record {}", frame.id), problem));
            ControlFlow::Continue(())
        }
    }
}

/// Looks for records where none are counted. What only looks like one is no loss.
fn slack(
    reading: &mut Reading,
    block: &Block<'_>,
    (from, salvage): (usize, Salvage),
    told: &mut Told,
    sink: &mut dyn Sink,
) -> ControlFlow<()> {
    let mut from = from;
    // Each turn gets on by at least a byte.
    while let Some(frame) = evtx_chunk::carve(block.data, from..block.taken) {
        let lost = told.lost.len();
        record(reading, block, (&frame, Some(salvage)), told, sink)?;
        let is_read = told.lost.len() == lost;
        told.lost.truncate(lost);
        from = if is_read { frame.end() } else { frame.offset.saturating_add(1) };
    }
    ControlFlow::Continue(())
}

/// Names what was not read of a chunk; its bytes are told once, with the first.
fn report(block: &Block<'_>, told: &Told, rejected: u64, sink: &mut dyn Sink) {
    if told.lost.is_empty() && rejected > 0 {
        sink.diagnostic(
            Code::LimitReached,
            &format!("offset {}", block.start),
            "stopped on request",
            rejected,
        );
    }
    let mut bytes = rejected;
    for (place, message) in &told.lost {
        sink.diagnostic(Code::BadRecord, place, message, std::mem::take(&mut bytes));
    }
}

/// Room that the log keeps ahead is zero; a chunk that was in use is not, unless somebody wiped it.
fn empty_chunk(reading: &mut Reading, index: u64, place: &str, taken: usize, sink: &mut dyn Sink) {
    if index >= reading.log.chunks {
        reading.parsed(taken);
        return;
    }
    reading.rejected(taken);
    let message = format!("chunk {index} of the {} in use holds zeroes only", reading.log.chunks);
    sink.diagnostic(Code::NulBytes, place, &message, taken as u64);
}

/// Windows writes a chunk's checksums when it closes the chunk. So in a log that was closed they are right, or
/// somebody else wrote there: worth more than a note. In one that was not, the last chunk's may be old.
fn checksums(reading: &Reading, header: &Header, start: u64, sink: &mut dyn Sink) {
    let what = match (header.is_sound, header.are_records_sound) {
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

/// Reads until the buffer holds as many bytes or the input ends. An error ends it too: the caller meets it again when
/// it drains what is left, and reports it.
fn fill(input: &mut Input<'_>, buffer: &mut Vec<u8>, size: usize) {
    let mut filled = buffer.len();
    buffer.resize(size.max(filled), 0);
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match input.read(rest) {
            Ok(count) if count > 0 => filled = filled.saturating_add(count),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Ok(_) | Err(_) => break,
        }
    }
    buffer.truncate(filled);
}
