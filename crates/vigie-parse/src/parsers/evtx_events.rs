//! Records of an event log to rows of batches: the shapes that are known, and the bounds on what a chunk may cost.

use std::ops::ControlFlow;

use rustc_hash::FxHashMap;
use vigie_model::batch::{Position, Wrote};
use vigie_model::diagnostic::Code;

use super::evtx_chunk::{CHUNK_BYTES, Frame, RECORD_END_BYTES, RECORD_HEADER_BYTES};
use super::evtx_record::{self, Record};
use super::evtx_shape::{self, Into, Shape};
use super::evtx_template::Templates;
use super::evtx_token::Cursor;
use super::windows_event::{System, Writer};
use crate::Sink;

/// Shapes that are kept; a large log has some hundreds.
const SHAPES_MAX: usize = 8_192;
/// Bytes that they may take together.
const SHAPES_BYTES_MAX: usize = 16 << 20;
/// Elements and values that the records of one chunk may come to; those of real chunks come to some thousands.
const CHUNK_NODES_MAX: usize = 1 << 20;
/// Text that the records of one chunk may give, in bytes: more than sixty times what its own could be, if every value
/// were shown once.
const CHUNK_TEXT_MAX: usize = 8 << 20;

/// Where a record lay that the log does not count any more; what the event's `Salvaged` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Salvage {
    /// Behind the records of its chunk.
    Slack,
    /// Among the records of a chunk, with an id of another time.
    OtherPass,
    /// In a chunk whose header is damaged.
    Headless,
    /// In a chunk after those that the log counts.
    Beyond,
}

impl Salvage {
    /// In words.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Salvage::Slack => "behind the records that its chunk counts",
            Salvage::OtherPass => "among the records of its chunk, with an id of another time",
            Salvage::Headless => "in a chunk whose header is damaged",
            Salvage::Beyond => "in a chunk after those that the log counts",
        }
    }
}

/// A record that was met.
pub(super) struct Met<'d> {
    pub(super) chunk: &'d [u8],
    pub(super) frame: &'d Frame,
    /// Where it lay, if the log does not count it.
    pub(super) salvage: Option<Salvage>,
    /// Where a person finds it again.
    pub(super) position: Position,
}

/// Turns the records of one file into batches.
pub(super) struct Events {
    record: Record,
    templates: Templates,
    shapes: FxHashMap<Box<[u8]>, Known>,
    shapes_bytes: usize,
    schema_key: String,
    nodes_left: usize,
    text_left: usize,
    beyond_left: usize,
    /// The number of the chunk at hand, from 1.
    chunk: u64,
    writer: Writer,
}

/// A shape, and where its events go.
struct Known {
    shape: Shape,
    slot: usize,
    /// The generation of slots that `slot` belongs to.
    generation: u64,
    /// Where events of their computer are counted, when all have the same.
    host: Option<usize>,
}

impl Events {
    /// Nothing read yet.
    pub(super) fn new() -> Events {
        Events {
            record: Record::default(),
            templates: Templates::default(),
            shapes: FxHashMap::default(),
            shapes_bytes: 0,
            schema_key: String::new(),
            nodes_left: 0,
            text_left: 0,
            beyond_left: 0,
            chunk: 0,
            writer: Writer::new(),
        }
    }

    /// Begins another chunk: offsets of templates are its own, and so is what its records may cost.
    pub(super) fn begin_chunk(&mut self) {
        self.templates.begin_chunk();
        self.chunk = self.chunk.saturating_add(1);
        self.nodes_left = CHUNK_NODES_MAX;
        self.text_left = CHUNK_TEXT_MAX;
        self.beyond_left = CHUNK_BYTES;
    }

    /// Adds the event of a record; why not, when it cannot be read.
    pub(super) fn add(&mut self, met: &Met<'_>, sink: &mut dyn Sink) -> Result<ControlFlow<()>, String> {
        let body = met.frame.offset.saturating_add(RECORD_HEADER_BYTES)
            ..met.frame.end().saturating_sub(RECORD_END_BYTES);
        let frame_end = body.end;
        let mut cursor = Cursor::new(met.chunk, body);
        let end = frame_end.saturating_add(self.beyond_left);
        let root =
            evtx_record::read(&mut self.record, &mut self.templates, &mut cursor, end.min(met.chunk.len()));
        self.beyond_left = self.beyond_left.saturating_sub(cursor.at.saturating_sub(frame_end));
        let root = root.map_err(|flaw| flaw.to_string())?;
        if met.salvage.is_some() && self.record.is_overwritten {
            return Err("its template was written over".to_owned());
        }
        let salvaged = met.salvage.map_or("", Salvage::text);
        self.record.key.extend_from_slice(salvaged.as_bytes());
        let generation = self.writer.generation();
        let mut to = Towards { writer: &mut self.writer, chunk: self.chunk, text_left: &mut self.text_left };
        let record = &mut self.record;
        if record.is_keyed
            && let Some(known) = self.shapes.get_mut(record.key.as_slice())
            && known.generation == generation
        {
            return Ok(row(known, (record, met), &mut to, sink));
        }
        evtx_record::grow(record, met.chunk).map_err(|flaw| flaw.to_string())?;
        let shape = evtx_shape::shape(
            (record, met.chunk),
            root,
            Some(salvaged).filter(|text| !text.is_empty()),
            &mut self.nodes_left,
        )?;
        let mut known = match self.place(shape, sink) {
            ControlFlow::Continue(known) => known,
            ControlFlow::Break(()) => return Ok(ControlFlow::Break(())),
        };
        let mut to = Towards { writer: &mut self.writer, chunk: self.chunk, text_left: &mut self.text_left };
        let flow = row(&mut known, (&self.record, met), &mut to, sink);
        if known.shape.is_shared {
            self.keep(known);
        }
        Ok(flow)
    }

    /// Finds the batch for events of a shape.
    fn place(&mut self, shape: Shape, sink: &mut dyn Sink) -> ControlFlow<(), Known> {
        shape.schema_key(&mut self.schema_key);
        let slot = self.writer.slot(&self.schema_key, || shape.schema(), sink)?;
        let host = shape.constant(System::Computer).and_then(|name| self.writer.host(name));
        ControlFlow::Continue(Known { shape, slot, generation: self.writer.generation(), host })
    }

    fn keep(&mut self, known: Known) {
        let bytes = known.shape.bytes().saturating_add(self.record.key.len());
        if self.shapes.len() >= SHAPES_MAX || self.shapes_bytes.saturating_add(bytes) > SHAPES_BYTES_MAX {
            self.shapes.clear();
            self.shapes_bytes = 0;
        }
        self.shapes_bytes = self.shapes_bytes.saturating_add(bytes);
        self.shapes.insert(self.record.key.as_slice().into(), known);
    }

    /// Hands over what is left.
    pub(super) fn finish(self, sink: &mut dyn Sink) -> ControlFlow<()> {
        self.writer.finish(sink)
    }
}

/// Where rows go, and what of the chunk's text they may still take.
struct Towards<'e> {
    writer: &'e mut Writer,
    chunk: u64,
    text_left: &'e mut usize,
}

/// Adds a record's row to the batch of its shape.
fn row(
    known: &mut Known,
    (record, met): (&Record, &Met<'_>),
    to: &mut Towards<'_>,
    sink: &mut dyn Sink,
) -> ControlFlow<()> {
    let Towards { writer, text_left, .. } = to;
    let (chunk, position) = (met.chunk, met.position);
    // The frame tells when the record was written to this file: of a forwarded event, that is later.
    let time = known.shape.time(record, chunk).or(met.frame.written);
    if time.is_none() {
        let message = "no readable time in the event nor in its frame";
        sink.diagnostic(Code::TimeUnreadable, &format!("record {}", position.number), message, 0);
    }
    let host = match known.shape.constant(System::Computer) {
        Some(_) => known.host,
        None => known.shape.system(System::Computer, record, chunk).and_then(|name| writer.host(&name)),
    };
    writer.note_host(host, time, position);
    let into = Into { batch: writer.batch(known.slot), chunk: to.chunk };
    let mut dropped = 0_usize;
    let write = |column: usize, text: &mut Vec<u8>| {
        if **text_left == 0 {
            dropped = dropped.saturating_add(1);
            return Wrote::Nothing;
        }
        let before = text.len();
        let wrote = known.shape.write(column, (record, chunk), into, text);
        **text_left = text_left.saturating_sub(text.len().saturating_sub(before));
        wrote
    };
    let flow = writer.row(known.slot, (time, position), write, sink);
    if dropped > 0 {
        let message =
            format!("{dropped} values left out: the records of this chunk repeat theirs without end");
        sink.diagnostic(Code::BadRecord, &format!("record {}", position.number), &message, 0);
    }
    flow
}
