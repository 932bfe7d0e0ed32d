//! From the fields that a rule names to the columns of one schema.

use std::rc::Rc;

use rustc_hash::FxHashMap;
use vigie_model::Schema;

use crate::ir::LogSource;
use crate::taxonomy::{self, Joint, NATIVE_SOURCE, Place, Source, forwarded};

/// Where the value of a rule's field lies in the events of a schema.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// In a column.
    Column(usize),
    /// The same for every event: the schema says it.
    Constant(String),
    /// Two columns, joined.
    Joined(usize, Joint, usize),
}

/// The row of the taxonomy by which a rule applies to a schema; `None` when the rule speaks of other logs.
pub fn source_for(source: &LogSource, schema: &Schema) -> Option<&'static Source> {
    let free = source.category.is_empty() && source.product.is_empty() && source.service.is_empty();
    if source.indicator {
        return Some(&NATIVE_SOURCE);
    }
    // The files of a collection are no log: only indicators look at them, not rules that name no log.
    if schema.artifact == taxonomy::EVIDENCE_FILE {
        return None;
    }
    if free {
        let same_artifact = |row: &&Source| row.artifact == schema.artifact && row.event_ids.is_empty();
        return Some(taxonomy::sources().find(same_artifact).unwrap_or(&NATIVE_SOURCE));
    }
    taxonomy::sources().find(|row| row_fits_rule(row, source) && row_fits_schema(row, schema))
}

/// A rule's logsource with the rows of the taxonomy that it means: looked up once for all schemas.
#[derive(Debug)]
pub(crate) struct Meant {
    source: LogSource,
    rows: Vec<&'static Source>,
}

impl Meant {
    /// Looks the rows up.
    pub(crate) fn new(source: &LogSource) -> Meant {
        let rows = taxonomy::sources().filter(|row| row_fits_rule(row, source)).collect();
        Meant { source: source.clone(), rows }
    }

    /// What [`source_for`] says.
    pub(crate) fn row_for(&self, schema: &Schema) -> Option<&'static Source> {
        let LogSource { category, product, service, indicator } = &self.source;
        let is_free = category.is_empty() && product.is_empty() && service.is_empty();
        if *indicator || is_free || schema.artifact == taxonomy::EVIDENCE_FILE {
            return source_for(&self.source, schema);
        }
        self.rows.iter().copied().find(|row| row_fits_schema(row, schema))
    }
}

/// Whether a row of the taxonomy is meant by a rule's logsource.
pub fn row_fits_rule(row: &Source, source: &LogSource) -> bool {
    let fits = |asked: &str, has: &str| asked.is_empty() || asked == has;
    // A rule for a service alone means its events as they are, not as some category renames them.
    row.category == source.category
        && fits(&source.product, row.product)
        && fits(&source.service, row.service)
}

fn row_fits_schema(row: &Source, schema: &Schema) -> bool {
    row.artifact == schema.artifact
        && (row.streams.is_empty() || row.streams.iter().any(|stream| forwarded::is_of(schema, stream)))
        && (row.provider.is_empty() || row.provider.eq_ignore_ascii_case(&schema.provider))
        && (row.event_ids.is_empty() || schema.event_id.is_some_and(|id| row.event_ids.contains(&id)))
}

/// Where a field's value lies; a test holds when it holds in one slot, absence is asked of the first. Empty when
/// the schema has no such field.
pub fn slots_of(field: &str, source: &Source, schema: &Schema) -> Vec<Slot> {
    let alias = source.fields.iter().find(|alias| alias.rule.eq_ignore_ascii_case(field));
    let mut slots: Vec<Slot> =
        alias.iter().flat_map(|alias| alias.evidence).filter_map(|place| slot_of(place, schema)).collect();
    if slots.is_empty() {
        slots.extend(constant(field, schema).or_else(|| column(field, schema).map(Slot::Column)));
    }
    slots
}

fn slot_of(place: &Place, schema: &Schema) -> Option<Slot> {
    match *place {
        Place::Field(name) => schema.column(name).map(Slot::Column),
        Place::Joined(left, joint, right) => match (schema.column(left)?, joint, schema.column(right)) {
            (left, joint, Some(right)) => Some(Slot::Joined(left, joint, right)),
            (left, Joint::Query, None) => Some(Slot::Column(left)),
            (_, Joint::Backslash, None) => None,
        },
    }
}

/// The column of a field. Rules write names of Windows events without the blanks that some providers put there:
/// `ThreatName` for Defender's `Threat Name`, `Feature_Name` for `Feature Name`.
fn column(field: &str, schema: &Schema) -> Option<usize> {
    let letters = |name: &str| -> Vec<u8> {
        let kept = name.bytes().filter(|byte| !matches!(byte, b' ' | b'_'));
        kept.map(|byte| byte.to_ascii_lowercase()).collect()
    };
    let same = |name: &str| letters(name) == letters(field);
    let spaced = || schema.fields.iter().position(|name| name.contains(' ') && same(name));
    schema.column(field).or_else(spaced)
}

/// What the schema of a Windows event says of all its events.
fn constant(field: &str, schema: &Schema) -> Option<Slot> {
    if schema.artifact != "windows.event" {
        return None;
    }
    let value = match field.to_ascii_lowercase().as_str() {
        "eventid" => schema.event_id?.to_string(),
        // Event 104 has a `Channel` of its own, the log that was cleared; where the column is there, it speaks.
        "channel" if !schema.stream.is_empty() && schema.column(field).is_none() => schema.stream.clone(),
        "provider_name" if !schema.provider.is_empty() => schema.provider.clone(),
        _ => return None,
    };
    Some(Slot::Constant(value))
}

/// What [`slots_of`] says, remembered: thousands of rules name the same few fields.
#[derive(Debug)]
pub(crate) struct Slots<'a> {
    schema: &'a Schema,
    source: &'static Source,
    known: FxHashMap<String, Rc<[Slot]>>,
}

impl<'a> Slots<'a> {
    /// Nothing is known yet.
    pub(crate) fn new(schema: &'a Schema, source: &'static Source) -> Slots<'a> {
        Slots { schema, source, known: FxHashMap::default() }
    }

    /// The schema.
    pub(crate) fn schema(&self) -> &'a Schema {
        self.schema
    }

    /// Where a field's value lies.
    pub(crate) fn of(&mut self, field: &str) -> Rc<[Slot]> {
        if let Some(known) = self.known.get(field) {
            return Rc::clone(known);
        }
        let slots: Rc<[Slot]> = slots_of(field, self.source, self.schema).into();
        self.known.insert(field.to_owned(), Rc::clone(&slots));
        slots
    }
}
