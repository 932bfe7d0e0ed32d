//! One record of an event log to the values that fill its templates.
//!
//! Nearly every record is one instance of a template whose last value is another one: `System` and the provider's own
//! data. What of its values decides which fields the event has (a missing value on which an element depends, the
//! length of a list, the event's id) goes into a key; records with the same key differ in values only, so how their
//! fields are found is worked out once ([`super::evtx_shape`]).

use std::rc::Rc;

use super::evtx_outline::{self, Outline};
use super::evtx_template::{Template, Templates, Watch};
use super::evtx_token::{Cursor, Flaw, Stream};
use super::evtx_tree::{self, NESTING_MAX, Tree};
use super::evtx_value;

/// Templates filled in one record; real ones have two or three.
const INSTANCES_MAX: usize = 256;
/// A longer key is not worth keeping.
const KEY_BYTES_MAX: usize = 4_096;

/// A value of an instance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value {
    /// Where it stands in the chunk.
    start: u32,
    len: u16,
    /// Its type.
    pub(super) kind: u8,
    /// What of it the key tells; see [`Watch`].
    pub(super) watched: Watch,
    /// What it is when it is XML itself.
    pub(super) inner: Inner,
}

/// What a value that is XML holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inner {
    /// It is not XML.
    Nothing,
    /// One template and its values, by their number in the record.
    Instance(usize),
    /// Anything else, as a tree of the record.
    Fragment(usize),
}

/// A template with the values of one record.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    pub(super) template: Rc<Template>,
    /// Its first value among those of the record, and how many there are.
    pub(super) first: usize,
    pub(super) count: usize,
}

/// XML of a record that is no template's: where it stands, and how deep.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fragment {
    at: usize,
    end: usize,
    nesting: usize,
}

/// How far a record was read.
struct Mark([usize; 5]);

/// What a record is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    /// A template and its values.
    Instance(usize),
    /// XML without a template around it.
    Fragment(usize),
}

/// A record, reused from one to the next.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) values: Vec<Value>,
    pub(super) instances: Vec<Instance>,
    pub(super) fragments: Vec<Fragment>,
    /// The trees of the fragments, once [`grow`] made them.
    pub(super) trees: Vec<Tree>,
    /// What stands in fragments and belongs to the record, in order: the fragment, the number among values or
    /// instances, and where it ends.
    pub(super) owned: Vec<(usize, usize, usize)>,
    /// What of the fragments decides which fields the event has.
    pub(super) outline: Vec<u8>,
    /// Equal for records whose fields are found in the same places.
    pub(super) key: Vec<u8>,
    /// Whether the key tells all that it has to.
    pub(super) is_keyed: bool,
    /// Whether a template is not the one that the record names: of a record that lay in free space, something else was
    /// written over its own.
    pub(super) is_overwritten: bool,
}

impl Record {
    /// Where a value's bytes stand in the chunk.
    pub(super) fn start(&self, value: usize) -> u32 {
        self.values.get(value).map_or(0, |value| value.start)
    }

    fn mark(&self) -> Mark {
        let Record { values, instances, fragments, owned, outline, .. } = self;
        Mark([values.len(), instances.len(), fragments.len(), owned.len(), outline.len()])
    }

    /// Forgets what was read since.
    fn forget_from(&mut self, Mark([values, instances, fragments, owned, outline]): &Mark) {
        self.values.truncate(*values);
        self.instances.truncate(*instances);
        self.fragments.truncate(*fragments);
        self.owned.truncate(*owned);
        self.outline.truncate(*outline);
    }

    /// Keeps a value that stands in a fragment; tells its number.
    pub(super) fn keep(&mut self, (kind, bytes): (u8, &[u8]), start: usize, watched: Watch) -> usize {
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        // A chunk holds no value of more bytes.
        let len = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        self.values.push(Value { start, len, kind, watched, inner: Inner::Nothing });
        self.values.len().saturating_sub(1)
    }

    /// A value's bytes and its type.
    pub(super) fn bytes<'d>(&self, value: usize, chunk: &'d [u8]) -> (u8, &'d [u8]) {
        self.values.get(value).map_or((evtx_value::NULL, &[]), |value| (value.kind, value.bytes(chunk)))
    }
}

impl Value {
    pub(super) fn bytes<'d>(&self, chunk: &'d [u8]) -> &'d [u8] {
        let start = self.start as usize;
        chunk.get(start..start.saturating_add(usize::from(self.len))).unwrap_or_default()
    }

    /// Whether there is none.
    pub(super) fn is_null(&self) -> bool {
        self.kind == evtx_value::NULL || (self.kind == evtx_value::BINARY_XML && self.len == 0)
    }
}

/// Reads a record's binary XML, which `cursor` stands before. Where its frame states too small a size, its values may go
/// on up to `end`.
pub(super) fn read(
    record: &mut Record,
    templates: &mut Templates,
    cursor: &mut Cursor<'_>,
    end: usize,
) -> Result<Root, Flaw> {
    record.values.clear();
    record.instances.clear();
    record.fragments.clear();
    record.trees.clear();
    record.owned.clear();
    record.outline.clear();
    record.key.clear();
    record.is_keyed = true;
    record.is_overwritten = false;
    let chunk = cursor.data;
    let root = stream(record, templates, cursor, (0, end))?;
    key(record, chunk);
    Ok(match root {
        Inner::Instance(number) => Root::Instance(number),
        Inner::Fragment(number) => Root::Fragment(number),
        Inner::Nothing => return Err(cursor.flaw("no XML at all")),
    })
}

/// Reads a stream: as an instance when it is nothing but one, else as a fragment.
fn stream(
    record: &mut Record,
    templates: &mut Templates,
    cursor: &mut Cursor<'_>,
    (nesting, end): (usize, usize),
) -> Result<Inner, Flaw> {
    if nesting > NESTING_MAX {
        return Err(cursor.flaw("binary XML nested too deep"));
    }
    let start = *cursor;
    let before = record.mark();
    if let Some(token) = single_instance(cursor.data.get(cursor.at..cursor.end).unwrap_or_default()) {
        cursor.at = cursor.at.saturating_add(token);
        let mut wide = Cursor { end: cursor.end.max(end), ..*cursor };
        let number = instance(record, templates, &mut wide, nesting);
        cursor.at = wide.at;
        let number = number?;
        if cursor.is_at_end() || cursor.data.get(cursor.at) == Some(&0) {
            return Ok(Inner::Instance(number));
        }
        // More follows it (a collector's `RenderingInfo`): read again, as a fragment.
        record.forget_from(&before);
        *cursor = start;
    }
    let number = record.fragments.len();
    record.fragments.push(Fragment { at: cursor.at, end: cursor.end, nesting });
    evtx_outline::stream(&mut Outline::new(record, templates, number), cursor, nesting)?;
    Ok(Inner::Fragment(number))
}

/// Where the fields of an instance begin, if the stream begins with one.
fn single_instance(stream: &[u8]) -> Option<usize> {
    match stream {
        [0x0f, _, _, _, 0x0c, ..] => Some(5),
        [0x0c, ..] => Some(1),
        _ => None,
    }
}

/// Reads a template's reference and the values that follow; tells its number in the record.
pub(super) fn instance(
    record: &mut Record,
    templates: &mut Templates,
    cursor: &mut Cursor<'_>,
    nesting: usize,
) -> Result<usize, Flaw> {
    if record.instances.len() >= INSTANCES_MAX {
        return Err(cursor.flaw("too many templates in one record"));
    }
    let _version = cursor.u8()?;
    let short_id = cursor.u32()?;
    let offset = cursor.u32()?;
    if cursor.at == offset as usize {
        cursor.take(super::evtx_template::GUID_END)?;
        let size = cursor.u32()?;
        cursor.take(size as usize)?;
    }
    let template = templates.at(cursor.data, offset)?;
    record.is_overwritten |= super::evtx_template::short_id(cursor.data, offset) != Some(short_id);
    let count = cursor.u32()? as usize;
    let descriptors = cursor.take(count.saturating_mul(4))?;
    let number = record.instances.len();
    let first = record.values.len();
    for [low, high, kind, _] in descriptors.as_chunks::<4>().0 {
        let size = u16::from_le_bytes([*low, *high]);
        let start = u32::try_from(cursor.at).unwrap_or(u32::MAX);
        let flaw = cursor.flaw("a value whose size does not fit its type");
        let bytes = cursor.take(usize::from(size))?;
        if !evtx_value::is_sound(*kind, bytes) {
            return Err(flaw);
        }
        record.values.push(Value {
            start,
            len: size,
            kind: *kind,
            watched: Watch::NOTHING,
            inner: Inner::Nothing,
        });
    }
    record.instances.push(Instance { template, first, count });
    for place in first..first.saturating_add(count) {
        let value =
            record.values.get(place).filter(|value| value.kind == evtx_value::BINARY_XML && value.len > 0);
        let Some(value) = value else { continue };
        let start = value.start as usize;
        let mut inner = Cursor::new(cursor.data, start..start.saturating_add(usize::from(value.len)));
        let inner = stream(record, templates, &mut inner, (nesting.saturating_add(1), 0))?;
        if let Some(value) = record.values.get_mut(place) {
            value.inner = inner;
        }
    }
    Ok(number)
}

/// Makes the trees of a record's fragments: for records whose fields are not known by their key.
pub(super) fn grow(record: &mut Record, chunk: &[u8]) -> Result<(), Flaw> {
    let Record { fragments, trees, owned, .. } = record;
    // Those of one fragment one after the other, in the order they stand in.
    owned.sort_by_key(|(of, ..)| *of);
    let mut owned = owned.iter().peekable();
    for (number, fragment) in fragments.iter().enumerate() {
        while owned.next_if(|(of, ..)| *of < number).is_some() {}
        let mut cursor = Cursor::new(chunk, fragment.at..fragment.end);
        let mut tree = Tree::default();
        evtx_tree::read(&mut tree, &mut cursor, Stream::Fragment, fragment.nesting, &mut |cursor, _| {
            // Outline and tree meet the same, in the same order.
            let met =
                owned.next_if(|(of, ..)| *of == number).ok_or(cursor.flaw("more than was met before"))?;
            cursor.at = met.2;
            Ok(met.1)
        })?;
        trees.push(tree);
    }
    Ok(())
}

/// Writes what decides which fields the event has.
fn key(record: &mut Record, chunk: &[u8]) {
    let Record { values, instances, outline, key, is_keyed, .. } = record;
    if !*is_keyed {
        return;
    }
    key.extend_from_slice(&outline.len().to_le_bytes());
    key.extend_from_slice(outline);
    for instance in instances.iter() {
        key.extend_from_slice(&instance.template.number.to_le_bytes());
        key.extend_from_slice(&instance.count.to_le_bytes());
        let own = values.get_mut(instance.first..instance.first.saturating_add(instance.count));
        let own = own.unwrap_or_default();
        for (place, watch) in &instance.template.watched {
            if let Some(value) = own.get_mut(usize::from(*place)) {
                value.watched = *watch;
                watched(value, chunk, key);
            }
        }
        for (place, value) in own.iter().enumerate() {
            let items = if evtx_value::is_array(value.kind) {
                evtx_value::items(value.kind, value.bytes(chunk))
            } else if value.inner != Inner::Nothing {
                0
            } else {
                continue;
            };
            key.push(value.kind);
            key.extend_from_slice(&place.to_le_bytes());
            key.extend_from_slice(&items.to_le_bytes());
        }
    }
    *is_keyed = key.len() <= KEY_BYTES_MAX;
}

fn watched(value: &Value, chunk: &[u8], key: &mut Vec<u8>) {
    let bytes = value.bytes(chunk);
    if value.watched.bytes {
        key.push(value.kind);
        key.extend_from_slice(&value.len.to_le_bytes());
        key.extend_from_slice(bytes);
    } else {
        // Two facts in one byte: whether it is missing, and whether it is empty.
        let empty = u8::from(evtx_value::is_empty(value.kind, bytes));
        key.push(u8::from(value.is_null()) << 1 | empty);
    }
}
