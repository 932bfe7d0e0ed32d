//! From a flattened Windows event to batches: what the binary and the JSON form of the log have in common.
//!
//! Fields are named as Sigma's Windows taxonomy names them: what `System` holds by [`SYSTEM_FIELDS`], what
//! `EventData` and `UserData` hold by their own leaf names (`Image`, `CommandLine`, `TargetFilename`).
//! Columns stand in this order: `EventID`, `Provider_Name`, then the event's own fields, then the rest of
//! `System`. So no event can pass for another's id or provider, while an event's own `Channel` (the log that was
//! cleared, in event 104) is what a rule on `Channel` reads, as the public rules expect.
//!
//! Values without a name (`<Data>` of classic providers, `MSExchange` Management among them) give `Data`, all of
//! them joined by line feeds, which keyword rules read, and `Data0`, `Data1`, ... for rules on a position:
//! of `MSExchange` Management, `Data0` is the cmdlet and `Data1` its parameters.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

use vigie_model::batch::{Columns, Position, Span, Wrote};
use vigie_model::evidence::{Fact, FactKind};
use vigie_model::{BatchBuilder, Schema, Time};

use crate::Sink;

/// The artifact that rules bind to, whichever form the log came in.
pub(super) const SCHEMA_ARTIFACT: &str = "windows.event";

/// Positional values that get a column of their own (`Data0` to `Data31`); `MSExchange Management` has 27.
const POSITIONS_MAX: usize = 32;
/// Fields of one event; Windows itself allows 99 in a template.
pub(super) const FIELDS_MAX: usize = 512;
/// Further values of lists, over all fields of one event.
const LIST_MAX: usize = 4_096;
/// Schemas with a batch under way; a large `Security.evtx` holds about 200.
const OPEN_MAX: usize = 2_048;
/// What all batches under way may hold together, in bytes of text and cells.
const HELD_BYTES_MAX: usize = 16 << 20;
/// Bytes of room that all batches together may keep for their next: enough for a log of few schemas.
const IDLE_BYTES_MAX: usize = 8 << 20;
/// Distinct computer names told as facts; a collector of forwarded events holds many.
const HOSTS_MAX: usize = 1_024;
/// What a row costs beside its text and cells: its time and position.
const ROW_BYTES: usize = 32;
const CELL_BYTES: usize = 8;

/// What an event's `System` element says, in column order. The first two stand before the event's own fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum System {
    EventId,
    Provider,
    Channel,
    Computer,
    Level,
    Task,
    Opcode,
    Keywords,
    RecordId,
    UserId,
    ProcessId,
    ThreadId,
}

/// Their names as columns, in the same order.
pub(super) use vigie_model::schema::WINDOWS_SYSTEM_FIELDS as SYSTEM_FIELDS;
/// How many of them stand before the event's own fields.
pub(super) const LEADING: usize = 2;

/// One event before it has a schema: its values in one text, reused from event to event.
#[derive(Debug, Default)]
pub(super) struct Record {
    text: String,
    system: [Option<Span>; SYSTEM_FIELDS.len()],
    fields: Vec<(Span, Span)>,
    positional: Vec<(usize, Span)>,
    /// Further values of a field that is a list, by the field's index.
    more: Vec<(usize, Span)>,
    /// When it happened.
    pub(super) time: Option<Time>,
    /// Values beyond [`FIELDS_MAX`], which were dropped.
    pub(super) dropped: usize,
}

impl Record {
    /// Empties it for the next event.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.system = [None; SYSTEM_FIELDS.len()];
        self.fields.clear();
        self.positional.clear();
        self.more.clear();
        self.time = None;
        self.dropped = 0;
    }

    /// Sets a value of `System`; the first one stands.
    pub(super) fn set(&mut self, field: System, value: &str) {
        let span = self.keep(value);
        if let Some(slot) = self.system.get_mut(field as usize) {
            slot.get_or_insert(span);
        }
    }

    /// A value of `System`.
    pub(super) fn get(&self, field: System) -> Option<&str> {
        self.at(self.system.get(field as usize).copied().flatten()?)
    }

    /// The first of the event's own values of this name.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let (_, value) = self.fields.iter().find(|(span, _)| self.at(*span) == Some(name))?;
        self.at(*value)
    }

    /// Adds a value to those of this name, or as a new one: how lists are kept.
    pub(super) fn append(&mut self, name: &str, value: &str) {
        // A hostile object of a million keys must not cost a search for each.
        if self.dropped > FIELDS_MAX || self.more.len() >= LIST_MAX {
            self.dropped = self.dropped.saturating_add(1);
        } else if let Some(at) = self.fields.iter().position(|(span, _)| self.at(*span) == Some(name)) {
            let span = self.keep(value);
            self.more.push((at, span));
        } else {
            self.push(name, value);
        }
    }

    /// Adds a value with a name of its own.
    pub(super) fn push(&mut self, name: &str, value: &str) {
        if self.fields.len() >= FIELDS_MAX {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        let cell = (self.keep(name), self.keep(value));
        self.fields.push(cell);
    }

    /// Adds a value that has only a position: the one after those it has.
    pub(super) fn push_positional(&mut self, value: &str) {
        self.push_at(self.positional.len(), value);
    }

    /// Adds a value at its position, from 0.
    pub(super) fn push_at(&mut self, position: usize, value: &str) {
        if self.positional.len() >= FIELDS_MAX {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        let span = self.keep(value);
        self.positional.push((position, span));
    }

    /// Whether it has values without a name.
    pub(super) fn is_positional(&self) -> bool {
        !self.positional.is_empty()
    }

    /// The event id without its qualifiers.
    pub(super) fn event_id(&self) -> Option<u32> {
        event_id(self.get(System::EventId)?)
    }

    /// Settles what only the whole event tells: the id stands without its qualifiers, lists become one value of
    /// several lines, and values without a name get their columns.
    pub(super) fn settle(&mut self) {
        if let Some(id) = self.event_id().map(|id| id.to_string())
            && self.get(System::EventId) != Some(id.as_str())
        {
            let span = self.keep(&id);
            if let Some(slot) = self.system.get_mut(System::EventId as usize) {
                *slot = Some(span);
            }
        }
        self.join_lists();
        self.place_positional();
    }

    fn join_lists(&mut self) {
        if self.more.is_empty() {
            return;
        }
        let mut more = std::mem::take(&mut self.more);
        more.sort_by_key(|(field, _)| *field);
        for list in more.chunk_by(|one, other| one.0 == other.0) {
            let Some(at) = list.first().map(|(field, _)| *field) else { continue };
            let first = self.fields.get(at).map(|(_, value)| *value);
            let spans = first.into_iter().chain(list.iter().map(|(_, span)| *span));
            let joined = spans.filter_map(|span| self.at(span)).collect::<Vec<_>>().join("\n");
            let span = self.keep(&joined);
            if let Some((_, value)) = self.fields.get_mut(at) {
                *value = span;
            }
        }
    }

    fn place_positional(&mut self) {
        if self.positional.is_empty() {
            return;
        }
        let mut spans = std::mem::take(&mut self.positional);
        spans.sort_by_key(|(position, _)| *position);
        let values: Vec<&str> = spans.iter().filter_map(|(_, span)| self.at(*span)).collect();
        let joined = values.join("\n");
        self.push("Data", &joined);
        for (position, span) in spans.drain(..) {
            if let Some(name) = POSITION_NAMES.get(position) {
                let name = self.keep(name);
                self.fields.push((name, span));
            }
        }
        self.positional = spans;
    }

    /// Appends text; what would pass 4 GiB is left out, which bounded events never reach.
    fn keep(&mut self, value: &str) -> Span {
        let (Ok(start), Ok(len)) = (u32::try_from(self.text.len()), u32::try_from(value.len())) else {
            return Span::NULL;
        };
        self.text.push_str(value);
        Span { start, len }
    }

    fn at(&self, span: Span) -> Option<&str> {
        let start = span.start as usize;
        self.text.get(start..start.checked_add(span.len as usize)?)
    }

    /// What makes its schema: two records with the same key share a batch.
    fn key(&self, key: &mut String) {
        key.clear();
        for field in [System::Channel, System::Provider, System::EventId] {
            key.push_str(self.get(field).unwrap_or_default());
            key.push('\0');
        }
        for (name, _) in &self.fields {
            key.push_str(self.at(*name).unwrap_or_default());
            key.push('\0');
        }
    }

    fn schema(&self) -> Schema {
        let (leading, trailing) = SYSTEM_FIELDS.split_at(LEADING);
        let own =
            self.fields.iter().map(|(name, _)| Cow::Owned(self.at(*name).unwrap_or_default().to_owned()));
        Schema {
            artifact: Cow::Borrowed(SCHEMA_ARTIFACT),
            stream: self.get(System::Channel).unwrap_or_default().to_owned(),
            provider: self.get(System::Provider).unwrap_or_default().to_owned(),
            event_id: self.event_id(),
            fields: leading
                .iter()
                .map(|name| Cow::Borrowed(*name))
                .chain(own)
                .chain(trailing.iter().map(|name| Cow::Borrowed(*name)))
                .collect(),
        }
    }

    /// The value of a column of [`Record::schema`].
    fn value(&self, column: usize) -> Option<&str> {
        let own = column.checked_sub(LEADING);
        if let Some((_, span)) = own.and_then(|own| self.fields.get(own)) {
            return self.at(*span);
        }
        let past = if own.is_some() { self.fields.len() } else { 0 };
        self.at(self.system.get(column.saturating_sub(past)).copied().flatten()?)
    }
}

/// An event id without its qualifiers, which some tools leave in the upper half.
pub(super) fn event_id(text: &str) -> Option<u32> {
    let id: u32 = text.trim().parse().ok()?;
    Some(if id > u32::from(u16::MAX) { id & 0xFFFF } else { id })
}

/// `Data0` to `Data31`.
pub(super) const POSITION_NAMES: [&str; POSITIONS_MAX] = [
    "Data0", "Data1", "Data2", "Data3", "Data4", "Data5", "Data6", "Data7", "Data8", "Data9", "Data10",
    "Data11", "Data12", "Data13", "Data14", "Data15", "Data16", "Data17", "Data18", "Data19", "Data20",
    "Data21", "Data22", "Data23", "Data24", "Data25", "Data26", "Data27", "Data28", "Data29", "Data30",
    "Data31",
];

/// A schema with its batch under way.
struct Open {
    builder: BatchBuilder,
    /// The columns that are read.
    columns: Vec<usize>,
    held: usize,
    /// Bytes of room that were kept after its last batch.
    idle: usize,
    /// The batch's number, unique within the file.
    batch: u64,
}

/// Sorts the events of one file into batches, within bounds.
pub(super) struct Writer {
    open: Vec<Open>,
    index: HashMap<String, usize>,
    key: String,
    held: usize,
    /// Bytes of room that batches keep for their next.
    idle: usize,
    columns: Columns,
    /// Batches begun so far.
    batches: u64,
    /// How often all slots were given up.
    generation: u64,
    hosts: BTreeMap<String, usize>,
    told: Vec<Host>,
}

/// A computer that the events name.
struct Host {
    events: u64,
    first: Option<Time>,
    number: u64,
}

impl Writer {
    /// No batch under way.
    pub(super) fn new() -> Writer {
        Writer {
            open: Vec::new(),
            index: HashMap::new(),
            key: String::new(),
            held: 0,
            idle: 0,
            columns: Columns::default(),
            batches: 0,
            generation: 0,
            hosts: BTreeMap::new(),
            told: Vec::new(),
        }
    }

    /// Adds an event; hands batches over when they or all of them together are full.
    pub(super) fn add(
        &mut self,
        record: &mut Record,
        position: Position,
        sink: &mut dyn Sink,
    ) -> ControlFlow<()> {
        record.settle();
        let host = record.get(System::Computer).and_then(|name| self.host(name));
        self.note_host(host, record.time, position);
        let mut key = std::mem::take(&mut self.key);
        record.key(&mut key);
        let slot = self.slot(&key, || record.schema(), sink);
        self.key = key;
        let slot = match slot {
            ControlFlow::Continue(slot) => slot,
            ControlFlow::Break(()) => return ControlFlow::Break(()),
        };
        let write = |column, text: &mut Vec<u8>| match record.value(column) {
            Some(value) => {
                text.extend_from_slice(value.as_bytes());
                Wrote::Appended
            }
            None => Wrote::Nothing,
        };
        self.row(slot, (record.time, position), write, sink)
    }

    /// Adds an event to the batch of a slot, cell by cell.
    pub(super) fn row(
        &mut self,
        slot: usize,
        (time, position): (Option<Time>, Position),
        write: impl FnMut(usize, &mut Vec<u8>) -> Wrote,
        sink: &mut dyn Sink,
    ) -> ControlFlow<()> {
        let Some(open) = self.open.get_mut(slot) else { return ControlFlow::Continue(()) };
        let before = open.builder.text_bytes();
        open.builder.push_with(time, position, &open.columns, write);
        let cells = open.columns.len().saturating_mul(CELL_BYTES);
        let text = open.builder.text_bytes().saturating_sub(before);
        let cost = text.saturating_add(cells).saturating_add(ROW_BYTES);
        open.held = open.held.saturating_add(cost);
        self.held = self.held.saturating_add(cost);
        if open.builder.is_full() {
            self.flush(slot, sink)?;
        }
        if self.held > HELD_BYTES_MAX {
            let largest =
                self.open.iter().enumerate().max_by_key(|(_, open)| open.held).map(|(slot, _)| slot);
            self.flush(largest.unwrap_or(slot), sink)?;
        }
        ControlFlow::Continue(())
    }

    /// Hands over what is left, then the names of the hosts, the most frequent first: of a log that collects
    /// other machines' events, the first is the best guess and no more.
    pub(super) fn finish(mut self, sink: &mut dyn Sink) -> ControlFlow<()> {
        let names = std::mem::take(&mut self.hosts).into_iter();
        let hosts = names.filter_map(|(name, place)| Some((name, self.told.get(place)?)));
        let mut hosts: Vec<(String, &Host)> = hosts.filter(|(_, host)| host.events > 0).collect();
        hosts.sort_by_key(|(_, host)| std::cmp::Reverse(host.events));
        for (value, host) in hosts {
            let place = format!("record {}", host.number);
            sink.fact(Fact { kind: FactKind::HostName, value, time: host.first, place });
        }
        self.flush_all(sink)
    }

    /// The slot of the batch for a schema, opened at need. It holds as long as [`Writer::generation`] stays the same.
    pub(super) fn slot(
        &mut self,
        key: &str,
        schema: impl FnOnce() -> Schema,
        sink: &mut dyn Sink,
    ) -> ControlFlow<(), usize> {
        if let Some(slot) = self.index.get(key) {
            return ControlFlow::Continue(*slot);
        }
        if self.open.len() >= OPEN_MAX {
            self.flush_all(sink)?;
            self.open.clear();
            self.index.clear();
            self.idle = 0;
            self.generation = self.generation.saturating_add(1);
        }
        let schema = schema();
        let wanted = sink.wants(&schema);
        let columns = (0..schema.fields.len()).filter(|column| wanted.has(*column)).collect();
        let slot = self.open.len();
        self.batches = self.batches.saturating_add(1);
        let builder = BatchBuilder::new(Arc::new(schema));
        self.open.push(Open { builder, columns, held: 0, idle: 0, batch: self.batches });
        self.index.insert(key.to_owned(), slot);
        ControlFlow::Continue(slot)
    }

    /// Changes when slots are no longer those that were told.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// The number of the batch under way in a slot: another number, another text.
    pub(super) fn batch(&self, slot: usize) -> u64 {
        self.open.get(slot).map_or(0, |open| open.batch)
    }

    fn flush(&mut self, slot: usize, sink: &mut dyn Sink) -> ControlFlow<()> {
        let Some(open) = self.open.get_mut(slot).filter(|open| !open.builder.is_empty()) else {
            return ControlFlow::Continue(());
        };
        self.held = self.held.saturating_sub(std::mem::take(&mut open.held));
        self.batches = self.batches.saturating_add(1);
        open.batch = self.batches;
        self.idle = self.idle.saturating_sub(std::mem::take(&mut open.idle));
        let room = open.builder.room();
        // What batches grew to serves the next of their schema, as long as it is not too much over all schemas.
        if self.idle.saturating_add(room) > IDLE_BYTES_MAX {
            return sink.batch(&open.builder.take());
        }
        (open.idle, self.idle) = (room, self.idle.saturating_add(room));
        open.builder.lend(&mut self.columns, |batch| sink.batch(batch))
    }

    fn flush_all(&mut self, sink: &mut dyn Sink) -> ControlFlow<()> {
        (0..self.open.len()).try_for_each(|slot| self.flush(slot, sink))
    }

    /// Where the events of a computer are counted; nowhere beyond [`HOSTS_MAX`].
    pub(super) fn host(&mut self, name: &str) -> Option<usize> {
        if name.is_empty() {
            return None;
        }
        if let Some(host) = self.hosts.get(name) {
            return Some(*host);
        }
        if self.told.len() >= HOSTS_MAX {
            return None;
        }
        self.hosts.insert(name.to_owned(), self.told.len());
        self.told.push(Host { events: 0, first: None, number: 0 });
        self.hosts.get(name).copied()
    }

    /// Counts an event of a computer.
    pub(super) fn note_host(&mut self, host: Option<usize>, time: Option<Time>, position: Position) {
        let Some(host) = host.and_then(|host| self.told.get_mut(host)) else { return };
        if host.events == 0 {
            (host.first, host.number) = (time, position.number);
        }
        host.events = host.events.saturating_add(1);
    }
}
