//! From a record's trees to the fields of its event, as the event's XML would give them.
//!
//! A [`Shape`] says which columns an event has and which values fill each. It is worked out once for all records with
//! the same key, so a record costs no more than its values. A record without a key gets a shape of its own.
//!
//! Schema of events: <https://learn.microsoft.com/en-us/windows/win32/wes/eventschema-schema>.

use std::borrow::Cow;

use vigie_model::batch::{Span, Wrote};
use vigie_model::{Schema, Time};

use super::evtx_record::{Record, Root};
use super::evtx_value;
use super::evtx_walk;
use super::windows_event::{FIELDS_MAX, LEADING, POSITION_NAMES, SCHEMA_ARTIFACT, SYSTEM_FIELDS, System};

/// A cell that has grown to this many bytes gets no further pieces; a value has at most 64 KiB of its own.
const CELL_BYTES_MAX: usize = 1 << 20;
/// The column that says of an event that it lay where the log keeps nothing any more.
const SALVAGED: &str = "Salvaged";

/// Which columns the events of some records have, and what fills them.
#[derive(Debug, Default)]
pub(super) struct Shape {
    text: String,
    pub(super) parts: Vec<Part>,
    pub(super) time: Option<Cell>,
    pub(super) system: [Option<Cell>; SYSTEM_FIELDS.len()],
    pub(super) fields: Vec<(Span, Cell)>,
    /// Values without a name, until they get their columns.
    pub(super) positional: Vec<Cell>,
    /// Whether other records with the same key have this shape.
    pub(super) is_shared: bool,
    /// By column: how it is filled. Worked out when the shape is complete.
    fills: Vec<Fill>,
    /// Where the texts that all events have in common lie in the batch under way, by column.
    shared: Vec<Span>,
    batch: u64,
    /// By column: values of the chunk at hand whose text the batch under way holds.
    again: Vec<[Again; AGAIN]>,
}

/// How a column is filled.
#[derive(Clone, Copy, Debug)]
enum Fill {
    Nothing,
    /// All events have the same text.
    Same(Cell),
    /// One value and nothing else, as nearly everywhere.
    One {
        value: usize,
        is_attribute: bool,
    },
    Several(Cell),
}

/// Which text of a batch the next row goes to, and from where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Into {
    /// The number of the batch under way.
    pub(super) batch: u64,
    /// The number of the chunk.
    pub(super) chunk: u64,
}

/// A value that stood in the chunk before, and its text in the batch.
#[derive(Clone, Copy, Debug)]
struct Again {
    into: Into,
    start: u32,
    len: u32,
    kind: u8,
    span: Span,
}

/// Values that are remembered of each column; images, users and machines come again from one event to the next.
const AGAIN: usize = 4;
/// Shorter values are written sooner than they are found again.
const AGAIN_BYTES_MIN: usize = 16;

impl Again {
    const NOTHING: Again =
        Again { into: Into { batch: 0, chunk: 0 }, start: 0, len: 0, kind: 0, span: Span::NULL };

    /// Where a value would be remembered: by its end, in which paths differ.
    fn place(bytes: &[u8]) -> usize {
        let end = bytes.last_chunk::<8>().map_or(0, |end| u64::from_le_bytes(*end));
        usize::try_from(end.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 62).unwrap_or(0)
    }

    fn is(&self, into: Into, (kind, bytes): (u8, &[u8]), chunk: &[u8]) -> bool {
        let start = self.start as usize;
        self.into.batch == into.batch
            && self.into.chunk == into.chunk
            && self.kind == kind
            && chunk.get(start..start.saturating_add(self.len as usize)) == Some(bytes)
    }
}

/// A piece of a value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Text(Span),
    Value(usize),
    /// One value of a list.
    Item(usize, usize),
}

/// What fills a column: some pieces.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub(super) first: usize,
    pub(super) count: usize,
    /// Whether nothing is no value: an attribute that would be empty is left out.
    pub(super) is_attribute: bool,
}

impl Shape {
    /// A column's cell.
    fn cell(&self, column: usize) -> Option<Cell> {
        let own = column.checked_sub(LEADING);
        if let Some(own) = own.filter(|own| *own < self.fields.len()) {
            return self.fields.get(own).map(|(_, cell)| *cell);
        }
        let past = if own.is_some() { self.fields.len() } else { 0 };
        self.system.get(column.saturating_sub(past)).copied().flatten()
    }

    fn at(&self, span: Span) -> &str {
        let start = span.start as usize;
        self.text.get(start..start.saturating_add(span.len as usize)).unwrap_or_default()
    }

    pub(super) fn parts(&self, cell: Cell) -> &[Part] {
        self.parts.get(cell.first..cell.first.saturating_add(cell.count)).unwrap_or_default()
    }

    /// Whether all events have the same text here.
    fn is_constant(&self, cell: Cell) -> bool {
        !self.parts(cell).iter().any(|part| matches!(part, Part::Value(_) | Part::Item(..)))
    }

    pub(super) fn keep(&mut self, text: &str) -> Span {
        let start = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.text.push_str(text);
        Span { start, len: u32::try_from(text.len()).unwrap_or(0) }
    }

    /// Writes a cell of a record.
    pub(super) fn write(
        &mut self,
        column: usize,
        (record, chunk): (&Record, &[u8]),
        into: Into,
        out: &mut Vec<u8>,
    ) -> Wrote {
        match self.fills.get(column).copied().unwrap_or(Fill::Nothing) {
            Fill::Nothing => Wrote::Nothing,
            Fill::Same(cell) => self.write_shared((column, cell), (record, chunk), into.batch, out),
            Fill::One { value, is_attribute } => {
                let (kind, bytes) = record.bytes(value, chunk);
                if bytes.len() >= AGAIN_BYTES_MIN && evtx_value::is_worth_keeping(kind) {
                    let start = record.start(value);
                    return self.write_again(column, ((kind, bytes), start, chunk), into, out);
                }
                let start = out.len();
                evtx_value::write(kind, bytes, out);
                if is_attribute && out.len() == start { Wrote::Nothing } else { Wrote::Appended }
            }
            Fill::Several(cell) => {
                let start = out.len();
                self.render(cell, record, chunk, out);
                if cell.is_attribute && out.len() == start { Wrote::Nothing } else { Wrote::Appended }
            }
        }
    }

    /// Writes a value, unless the batch holds it already.
    fn write_again(
        &mut self,
        column: usize,
        ((kind, bytes), start, chunk): ((u8, &[u8]), u32, &[u8]),
        into: Into,
        out: &mut Vec<u8>,
    ) -> Wrote {
        if self.again.len() <= column {
            self.again.resize(self.fills.len(), [Again::NOTHING; AGAIN]);
        }
        let kept = self.again.get_mut(column).and_then(|kept| kept.get_mut(Again::place(bytes)));
        if let Some(kept) = &kept
            && kept.is(into, (kind, bytes), chunk)
        {
            return Wrote::Again(kept.span);
        }
        let before = out.len();
        evtx_value::write(kind, bytes, out);
        let written = (u32::try_from(before), u32::try_from(out.len().saturating_sub(before)));
        if let (Some(kept), (Ok(before), Ok(text))) = (kept, written)
            && text > 0
        {
            let len = u32::try_from(bytes.len()).unwrap_or(0);
            *kept = Again { into, start, len, kind, span: Span { start: before, len: text } };
            return Wrote::Appended;
        }
        // A text that ends before it begins: what an attribute makes of it is for the plain way to say.
        if self.is_attribute(column) && out.len() == before { Wrote::Nothing } else { Wrote::Appended }
    }

    fn is_attribute(&self, column: usize) -> bool {
        matches!(self.fills.get(column), Some(Fill::One { is_attribute: true, .. }))
    }

    /// Writes what all events have in common, once for each batch.
    fn write_shared(
        &mut self,
        (column, cell): (usize, Cell),
        (record, chunk): (&Record, &[u8]),
        batch: u64,
        out: &mut Vec<u8>,
    ) -> Wrote {
        if self.batch != batch {
            self.batch = batch;
            self.shared.clear();
        }
        if self.shared.len() <= column {
            self.shared.resize(column.saturating_add(1), Span::NULL);
        }
        let known = self.shared.get(column).copied().filter(|span| !span.is_null());
        if let Some(span) = known {
            return Wrote::Again(span);
        }
        let start = out.len();
        self.render(cell, record, chunk, out);
        let (Ok(start), Ok(len)) = (u32::try_from(start), u32::try_from(out.len().saturating_sub(start)))
        else {
            return Wrote::Nothing;
        };
        if cell.is_attribute && len == 0 {
            return Wrote::Nothing;
        }
        if let Some(shared) = self.shared.get_mut(column) {
            *shared = Span { start, len };
        }
        Wrote::Appended
    }

    /// Works out how each column is filled.
    fn settle_fills(&mut self) {
        let columns = self.fields.len().saturating_add(SYSTEM_FIELDS.len());
        self.fills = (0..columns)
            .map(|column| match self.cell(column) {
                None => Fill::Nothing,
                Some(cell) if self.is_constant(cell) => Fill::Same(cell),
                Some(cell) => match self.parts(cell) {
                    [Part::Value(value)] => Fill::One { value: *value, is_attribute: cell.is_attribute },
                    _ => Fill::Several(cell),
                },
            })
            .collect();
    }

    fn render(&self, cell: Cell, record: &Record, chunk: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        for part in self.parts(cell) {
            if out.len().saturating_sub(start) > CELL_BYTES_MAX {
                return;
            }
            match *part {
                Part::Text(span) => out.extend_from_slice(self.at(span).as_bytes()),
                Part::Value(value) => {
                    let (kind, bytes) = record.bytes(value, chunk);
                    evtx_value::write(kind, bytes, out);
                }
                Part::Item(value, place) => {
                    let (kind, bytes) = record.bytes(value, chunk);
                    if let Some((kind, bytes)) = evtx_value::item(kind, bytes, place) {
                        evtx_value::write(kind, bytes, out);
                    }
                }
            }
        }
    }

    pub(super) fn rendered(&self, cell: Cell, record: &Record, chunk: &[u8]) -> String {
        let mut out = Vec::new();
        self.render(cell, record, chunk, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// When the event happened, as it says itself.
    pub(super) fn time(&self, record: &Record, chunk: &[u8]) -> Option<Time> {
        let cell = self.time?;
        if let [Part::Value(value)] = self.parts(cell) {
            let (kind, bytes) = record.bytes(*value, chunk);
            if let Some(time) = evtx_value::moment(kind, bytes) {
                return Some(time);
            }
        }
        Time::parse(self.rendered(cell, record, chunk).as_bytes())
    }

    /// What `System` says; `None` when it says nothing, or not for all events the same.
    pub(super) fn constant(&self, field: System) -> Option<&str> {
        let cell = self.system.get(field as usize).copied().flatten()?;
        match self.parts(cell) {
            [Part::Text(span)] => Some(self.at(*span)),
            _ => None,
        }
    }

    /// What `System` says of a record.
    pub(super) fn system(&self, field: System, record: &Record, chunk: &[u8]) -> Option<String> {
        let cell = self.system.get(field as usize).copied().flatten()?;
        Some(self.rendered(cell, record, chunk))
    }

    /// What makes its schema: records of one log with the same one share a batch.
    pub(super) fn schema_key(&self, key: &mut String) {
        key.clear();
        for field in [System::Channel, System::Provider, System::EventId] {
            key.push_str(self.constant(field).unwrap_or_default());
            key.push('\0');
        }
        for (name, _) in &self.fields {
            key.push_str(self.at(*name));
            key.push('\0');
        }
    }

    /// The schema of its events.
    pub(super) fn schema(&self) -> Schema {
        let (leading, trailing) = SYSTEM_FIELDS.split_at(LEADING);
        let own = self.fields.iter().map(|(name, _)| Cow::Owned(self.at(*name).to_owned()));
        Schema {
            artifact: Cow::Borrowed(SCHEMA_ARTIFACT),
            stream: self.constant(System::Channel).unwrap_or_default().to_owned(),
            provider: self.constant(System::Provider).unwrap_or_default().to_owned(),
            event_id: self.constant(System::EventId).and_then(super::windows_event::event_id),
            fields: leading
                .iter()
                .map(|name| Cow::Borrowed(*name))
                .chain(own)
                .chain(trailing.iter().map(|name| Cow::Borrowed(*name)))
                .collect(),
        }
    }

    /// How much text that events have in common it holds so far, in bytes.
    pub(super) fn text_bytes(&self) -> usize {
        self.text.len()
    }

    /// About how many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        let parts = self.parts.len().saturating_mul(std::mem::size_of::<Part>());
        let column = std::mem::size_of::<(Span, Cell, Fill, [Again; AGAIN])>();
        let fields = self.fields.len().saturating_add(SYSTEM_FIELDS.len()).saturating_mul(column);
        std::mem::size_of::<Shape>()
            .saturating_add(self.text.len())
            .saturating_add(parts)
            .saturating_add(fields)
    }
}

/// Works out a record's shape; `salvaged` says where it lay when it was not among the log's own. `nodes` is what may
/// still be spent on the chunk's records.
pub(super) fn shape(
    (record, chunk): (&Record, &[u8]),
    root: Root,
    salvaged: Option<&str>,
    nodes: &mut usize,
) -> Result<Shape, &'static str> {
    let mut shape = evtx_walk::walk((record, chunk), root, nodes)?;
    settle(&mut shape, record, chunk);
    if let Some(salvaged) = salvaged {
        let cell = constant(&mut shape, salvaged);
        let name = shape.keep(SALVAGED);
        shape.fields.push((name, cell));
    }
    shape.settle_fills();
    Ok(shape)
}

/// Settles what only the whole event tells: the parts of the schema stand as text, the id without its qualifiers, and
/// values without a name get their columns.
fn settle(shape: &mut Shape, record: &Record, chunk: &[u8]) {
    for field in [System::EventId, System::Provider, System::Channel] {
        let Some(cell) = shape.system.get(field as usize).copied().flatten() else { continue };
        let parts = shape.parts(cell);
        let told = |value: &usize| record.values.get(*value).is_some_and(|value| value.watched.bytes);
        let told = parts.iter().all(|part| match part {
            Part::Text(_) => true,
            Part::Value(value) | Part::Item(value, _) => told(value),
        });
        shape.is_shared &= told;
        let mut text = shape.rendered(cell, record, chunk);
        if field == System::EventId
            && let Some(id) = super::windows_event::event_id(&text)
        {
            text = id.to_string();
        }
        let settled = (!cell.is_attribute || !text.is_empty()).then(|| constant(shape, &text));
        if let Some(slot) = shape.system.get_mut(field as usize) {
            *slot = settled;
        }
    }
    place_positional(shape);
}

fn constant(shape: &mut Shape, text: &str) -> Cell {
    let first = shape.parts.len();
    let span = shape.keep(text);
    shape.parts.push(Part::Text(span));
    Cell { first, count: 1, is_attribute: false }
}

fn place_positional(shape: &mut Shape) {
    if shape.positional.is_empty() {
        return;
    }
    let positional = std::mem::take(&mut shape.positional);
    let line_feed = shape.keep("\n");
    let first = shape.parts.len();
    for (place, cell) in positional.iter().enumerate() {
        if place > 0 {
            shape.parts.push(Part::Text(line_feed));
        }
        shape.parts.extend_from_within(cell.first..cell.first.saturating_add(cell.count));
    }
    let all = Cell { first, count: shape.parts.len().saturating_sub(first), is_attribute: false };
    if shape.fields.len() < FIELDS_MAX {
        let name = shape.keep("Data");
        shape.fields.push((name, all));
    }
    for (cell, name) in positional.iter().zip(POSITION_NAMES) {
        let name = shape.keep(name);
        shape.fields.push((name, *cell));
    }
}
