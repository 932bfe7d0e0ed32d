//! Events by column: the only thing that parsers give and that rules take.
//!
//! A cell is a span of the batch's own text, so a text log is split without copying a value, and a column
//! is laid out as Arrow's `Utf8View` (offset and length into a shared buffer): the fleet's lake takes it
//! over without touching the text. Detectors intern a column's values when they have a use for it.

use std::sync::Arc;

use crate::schema::Schema;
use crate::time::Time;

/// A parser should hand a batch over when its text reaches this size, in bytes.
pub const BATCH_TEXT_BYTES: usize = 1 << 20;
/// A parser should hand a batch over when it holds this many rows.
pub const BATCH_ROWS: usize = 16_384;

/// Where a cell lies in the batch's text, in bytes; [`Span::NULL`] when the event has no such field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// Length in bytes.
    pub len: u32,
}

impl Span {
    /// No value at all, as distinct from an empty one.
    pub const NULL: Span = Span { start: u32::MAX, len: 0 };

    /// Whether there is no value.
    pub const fn is_null(self) -> bool {
        self.start == u32::MAX
    }
}

/// Where in its file an event was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Position {
    /// The line (from 1), or the record id: what a person looks up.
    pub number: u64,
    /// Byte offset of the event in the evidence file.
    pub offset: u64,
}

/// A run of events of one schema, from one evidence file.
#[derive(Clone, Debug)]
pub struct EventBatch {
    /// What the events have in common.
    pub schema: Arc<Schema>,
    /// The text that all spans point into.
    pub text: String,
    /// One column per field of the schema; a column nobody wants is empty.
    pub columns: Vec<Vec<Span>>,
    /// When each event happened, where it says so.
    pub times: Vec<Option<Time>>,
    /// Where each event was read.
    pub positions: Vec<Position>,
    /// When further events happened that lie among these and of which nothing else is told: the receiver said that
    /// no rule can match them ([`crate::schema::Skim`]).
    pub passed: Vec<Option<Time>>,
}

impl EventBatch {
    /// How many events it holds with their values.
    pub fn rows(&self) -> usize {
        self.positions.len()
    }

    /// How many events it tells of, those that were passed over included.
    pub fn events(&self) -> usize {
        self.positions.len() + self.passed.len()
    }

    /// When each of its events happened, those that were passed over last.
    pub fn all_times(&self) -> impl Iterator<Item = Option<Time>> {
        self.times.iter().chain(&self.passed).copied()
    }

    /// The value of a cell; `None` when the field is absent, or was not wanted.
    pub fn cell(&self, row: usize, column: usize) -> Option<&str> {
        let span = *self.columns.get(column)?.get(row)?;
        self.span(span)
    }

    /// The text of a span; `None` for the null span.
    pub fn span(&self, span: Span) -> Option<&str> {
        if span.is_null() {
            return None;
        }
        let start = span.start as usize;
        self.text.get(start..start.checked_add(span.len as usize)?)
    }
}

/// Collects events whose values do not lie in one text already (binary logs, JSON).
#[derive(Debug)]
pub struct BatchBuilder {
    /// Its text and columns stay empty until the batch is handed over.
    batch: EventBatch,
    /// Row by row, the cells of `filled`: one buffer grows, and not one for each column.
    cells: Vec<Span>,
    /// The columns that the rows have cells of.
    filled: Vec<usize>,
    /// Bytes and not a `String`, so that decoders write without an intermediate copy; checked once a batch.
    text: Vec<u8>,
}

/// What the writer of a cell did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrote {
    /// The event has no such value.
    Nothing,
    /// The value's UTF-8 was appended to the text.
    Appended,
    /// The value stands in the batch's text already, there: one copy serves many events.
    Again(Span),
}

impl BatchBuilder {
    /// An empty batch of a schema.
    pub fn new(schema: Arc<Schema>) -> BatchBuilder {
        let columns = vec![Vec::new(); schema.fields.len()];
        BatchBuilder {
            batch: EventBatch {
                schema,
                text: String::new(),
                columns,
                times: Vec::new(),
                positions: Vec::new(),
                passed: Vec::new(),
            },
            cells: Vec::new(),
            filled: Vec::new(),
            text: Vec::new(),
        }
    }

    /// Adds an event. Values beyond the schema's fields are dropped, missing ones are null.
    pub fn push<'a>(
        &mut self,
        time: Option<Time>,
        position: Position,
        values: impl IntoIterator<Item = Option<&'a str>>,
    ) {
        let mut values = values.into_iter();
        if self.is_empty() {
            self.filled.clear();
            self.filled.extend(0..self.batch.columns.len());
        }
        for _ in 0..self.filled.len() {
            let span = values.next().flatten().map_or(Span::NULL, |value| append(&mut self.text, value));
            self.cells.push(span);
        }
        self.batch.times.push(time);
        self.batch.positions.push(position);
    }

    /// Adds an event cell by cell: `write` is asked once for each of `columns`, in their order, and appends UTF-8 to
    /// the text. Columns that are not named stay empty for all events of the batch, as those that nobody wants do:
    /// name the same ones for every event.
    pub fn push_with(
        &mut self,
        time: Option<Time>,
        position: Position,
        columns: &[usize],
        mut write: impl FnMut(usize, &mut Vec<u8>) -> Wrote,
    ) {
        if self.is_empty() {
            self.filled.clear();
            self.filled.extend_from_slice(columns);
        }
        for index in columns {
            let start = self.text.len();
            let span = match write(*index, &mut self.text) {
                Wrote::Nothing => Span::NULL,
                Wrote::Appended => grown(start, self.text.len()),
                Wrote::Again(span) => span,
            };
            self.cells.push(span);
        }
        self.batch.times.push(time);
        self.batch.positions.push(position);
    }

    /// Whether it is time to hand the batch over.
    pub fn is_full(&self) -> bool {
        self.text.len() >= BATCH_TEXT_BYTES || self.batch.rows() >= BATCH_ROWS
    }

    /// Bytes of text held so far.
    pub fn text_bytes(&self) -> usize {
        self.text.len()
    }

    /// Whether it holds no event.
    pub fn is_empty(&self) -> bool {
        self.batch.positions.is_empty()
    }

    /// Lends the batch out, its columns in `room`, then empties it and keeps its own room for more of the same schema.
    pub fn lend<T>(&mut self, room: &mut Columns, receive: impl FnOnce(&EventBatch) -> T) -> T {
        for column in &mut self.batch.columns {
            *column = room.0.pop().unwrap_or_default();
        }
        self.settle();
        let received = receive(&self.batch);
        for column in &mut self.batch.columns {
            let mut column = std::mem::take(column);
            column.clear();
            room.0.push(column);
        }
        self.text = std::mem::take(&mut self.batch.text).into_bytes();
        self.text.clear();
        self.batch.times.clear();
        self.batch.positions.clear();
        received
    }

    /// Bytes that its texts, cells, times and positions have room for.
    pub fn room(&self) -> usize {
        let rows = self.batch.times.capacity() * size_of::<Option<Time>>()
            + self.batch.positions.capacity() * size_of::<Position>();
        self.text.capacity() + self.cells.capacity() * size_of::<Span>() + rows
    }

    /// The batch; the builder is left empty, ready for more of the same schema.
    pub fn take(&mut self) -> EventBatch {
        self.settle();
        self.cells = Vec::new();
        let empty = BatchBuilder::new(Arc::clone(&self.batch.schema)).batch;
        std::mem::replace(&mut self.batch, empty)
    }

    /// Puts text and cells where the batch has them.
    fn settle(&mut self) {
        self.batch.text = checked(std::mem::take(&mut self.text));
        let width = self.filled.len();
        for (place, index) in self.filled.iter().enumerate() {
            if let Some(column) = self.batch.columns.get_mut(*index) {
                column.extend(self.cells.iter().skip(place).step_by(width));
            }
        }
        self.cells.clear();
    }
}

/// Columns that batches are lent out with, one after the other.
#[derive(Debug, Default)]
pub struct Columns(Vec<Vec<Span>>);

/// Appends a value; one that would pass 4 GiB of text becomes null, which no bounded batch reaches.
fn append(text: &mut Vec<u8>, value: &str) -> Span {
    let start = text.len();
    text.extend_from_slice(value.as_bytes());
    grown(start, text.len())
}

/// The span of what was appended; null beyond 4 GiB.
fn grown(start: usize, end: usize) -> Span {
    match (u32::try_from(start), u32::try_from(end)) {
        (Ok(start), Ok(end)) if start < u32::MAX => Span { start, len: end - start },
        _ => Span::NULL,
    }
}

/// The bytes as text. Writers promise UTF-8; one that broke the promise loses the bytes concerned and no more, since
/// spans count on the length.
fn checked(text: Vec<u8>) -> String {
    let mut text = text;
    // Each turn turns at least one byte into a question mark.
    loop {
        match String::from_utf8(text) {
            Ok(text) => return text,
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                text = error.into_bytes();
                text[at] = b'?';
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_and_empty_are_two_things() {
        let schema = Schema { fields: vec!["a".into(), "b".into(), "c".into()], ..Schema::default() };
        let mut builder = BatchBuilder::new(Arc::new(schema));
        builder.push(None, Position { number: 1, offset: 0 }, [Some(""), None]);
        builder.push(
            None,
            Position { number: 2, offset: 9 },
            [Some("é"), Some("x"), Some("y"), Some("dropped")],
        );
        let lent = builder.lend(&mut Columns::default(), EventBatch::clone);
        assert!(builder.is_empty() && builder.text_bytes() == 0 && builder.room() > 0);
        builder.push(None, Position { number: 1, offset: 0 }, [Some(""), None]);
        let second = Position { number: 2, offset: 9 };
        builder.push(None, second, [Some("é"), Some("x"), Some("y"), Some("dropped")]);
        let batch = builder.take();
        assert!(builder.is_empty());
        assert_eq!((lent.text, lent.columns), (batch.text.clone(), batch.columns.clone()));
        let row = |row| (0..3).map(|column| batch.cell(row, column)).collect::<Vec<_>>();
        assert_eq!(row(0), [Some(""), None, None]);
        assert_eq!(row(1), [Some("é"), Some("x"), Some("y")]);
        assert_eq!(batch.cell(2, 0), None);
    }

    #[test]
    fn cells_are_written_in_place_or_shared() {
        let schema = Schema { fields: vec!["a".into(), "b".into(), "c".into()], ..Schema::default() };
        let mut builder = BatchBuilder::new(Arc::new(schema));
        let mut host = None;
        for number in 1..=2 {
            builder.push_with(None, Position { number, offset: 0 }, &[0, 2], |column, text| {
                if column == 2 {
                    return if number == 1 { Wrote::Nothing } else { Wrote::Again(host.unwrap()) };
                }
                let start = u32::try_from(text.len()).unwrap();
                text.extend_from_slice(if number == 1 { "MÄIL".as_bytes() } else { b"x\xffy" });
                host.get_or_insert(Span { start, len: 5 });
                Wrote::Appended
            });
        }
        let batch = builder.take();
        assert_eq!((batch.cell(0, 0), batch.cell(0, 1), batch.cell(0, 2)), (Some("MÄIL"), None, None));
        assert_eq!((batch.cell(1, 0), batch.cell(1, 1), batch.cell(1, 2)), (Some("x?y"), None, Some("MÄIL")));
    }
}
