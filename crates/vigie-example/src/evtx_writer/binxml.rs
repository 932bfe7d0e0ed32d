//! Binary XML: templates with holes, and the values that fill them.

use super::chunk::Chunk;
use super::{Data, Event, Value};
use crate::clock::filetime;
use crate::rng;

const NAMESPACE: &str = "http://schemas.microsoft.com/win/2004/08/events/event";
const FRAGMENT_HEADER: [u8; 4] = [0x0f, 1, 1, 0];
/// The place of the nested event data among the values of the outer template, as in every log of Windows.
const NESTED: u16 = 19;

/// A template: XML in which some texts are holes.
#[derive(Clone, Debug)]
enum Node<'a> {
    Element { name: &'a str, attributes: Vec<(&'a str, Node<'a>)>, children: Vec<Node<'a>> },
    Text(&'a str),
    Hole { place: u16, kind: u8 },
}

/// Windows calls a hole optional when its element vanishes with the value.
const OPTIONAL_HOLE: u8 = 0x0e;

/// A filled hole: its type and its bytes.
type Filled = (u8, Vec<u8>);

/// The binary XML of one event.
pub(super) fn event(chunk: &mut Chunk, record: u64, event: &Event) {
    let provider = &event.provider.name;
    let key = format!("{provider}\u{1}{}\u{1}{}\u{1}{}", event.id, event.channel, event.computer);
    let values = system_values(record, event);
    chunk.bytes.extend(FRAGMENT_HEADER);
    begin_instance(chunk, key, || system_template(event));
    let nested = descriptors(chunk, &values);
    for (_, bytes) in &values {
        chunk.bytes.extend(bytes);
    }
    let start = chunk.bytes.len();
    event_data(chunk, event);
    let size = u16::try_from(chunk.bytes.len() - start).unwrap_or(u16::MAX);
    chunk.bytes[nested..nested + 2].copy_from_slice(&size.to_le_bytes());
    chunk.bytes.push(0);
}

/// Refers to a template, and defines it at its first use in the chunk.
fn begin_instance<'a>(chunk: &mut Chunk, key: String, template: impl FnOnce() -> Node<'a>) {
    let (low, high) = (rng::hash(key.as_bytes()), rng::hash(format!("{key}\u{2}").as_bytes()));
    let guid = [low.to_le_bytes(), high.to_le_bytes()].concat();
    let short_id = u32::from_le_bytes([guid[0], guid[1], guid[2], guid[3]]);
    chunk.bytes.extend([0x0c, 1]);
    chunk.bytes.extend(short_id.to_le_bytes());
    if let Some(offset) = chunk.template(&key) {
        chunk.bytes.extend(offset.to_le_bytes());
        return;
    }
    let offset = chunk.position() + 4;
    chunk.bytes.extend(offset.to_le_bytes());
    let older = chunk.define_template(key, short_id);
    chunk.bytes.extend(older.to_le_bytes());
    chunk.bytes.extend(guid);
    let size_at = chunk.bytes.len();
    chunk.bytes.extend([0; 4]);
    chunk.bytes.extend(FRAGMENT_HEADER);
    node(chunk, &template());
    chunk.bytes.push(0);
    fill_size(chunk, size_at);
}

/// Writes into a size field how many bytes follow it.
fn fill_size(chunk: &mut Chunk, at: usize) {
    let size = u32::try_from(chunk.bytes.len() - at - 4).unwrap_or(u32::MAX);
    chunk.patch(at, size);
}

fn node(chunk: &mut Chunk, node: &Node<'_>) {
    match node {
        Node::Element { name, attributes, children } => element(chunk, name, attributes, children),
        Node::Text(text) => {
            chunk.bytes.extend([5, 1]);
            let units: Vec<u16> = text.encode_utf16().take(usize::from(u16::MAX)).collect();
            chunk.bytes.extend(u16::try_from(units.len()).unwrap_or(u16::MAX).to_le_bytes());
            for unit in units {
                chunk.bytes.extend(unit.to_le_bytes());
            }
        }
        Node::Hole { place, kind } => {
            chunk.bytes.push(OPTIONAL_HOLE);
            chunk.bytes.extend(place.to_le_bytes());
            chunk.bytes.push(*kind);
        }
    }
}

fn element(chunk: &mut Chunk, name: &str, attributes: &[(&str, Node<'_>)], children: &[Node<'_>]) {
    chunk.bytes.push(if attributes.is_empty() { 0x01 } else { 0x41 });
    // An element whose whole content is one hole depends on it: no value, no element.
    let depends = match children {
        [Node::Hole { place, .. }] if *place != NESTED => *place,
        _ => 0xffff,
    };
    chunk.bytes.extend(depends.to_le_bytes());
    let size_at = chunk.bytes.len();
    chunk.bytes.extend([0; 4]);
    chunk.name(name);
    if !attributes.is_empty() {
        let list_at = chunk.bytes.len();
        chunk.bytes.extend([0; 4]);
        for (place, (name, value)) in attributes.iter().enumerate() {
            chunk.bytes.push(if place + 1 == attributes.len() { 0x06 } else { 0x46 });
            chunk.name(name);
            node(chunk, value);
        }
        fill_size(chunk, list_at);
    }
    if children.is_empty() {
        chunk.bytes.push(3);
    } else {
        chunk.bytes.push(2);
        for child in children {
            node(chunk, child);
        }
        chunk.bytes.push(4);
    }
    fill_size(chunk, size_at);
}

/// Writes the count and the descriptors of the values; tells where the size of the nested one stands.
fn descriptors(chunk: &mut Chunk, values: &[Filled]) -> usize {
    let count = u32::try_from(values.len() + 1).unwrap_or(u32::MAX);
    chunk.bytes.extend(count.to_le_bytes());
    for value in values {
        descriptor(chunk, value);
    }
    let nested = chunk.bytes.len();
    chunk.bytes.extend([0, 0, 0x21, 0]);
    nested
}

fn descriptor(chunk: &mut Chunk, (kind, bytes): &Filled) {
    chunk.bytes.extend(u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_le_bytes());
    chunk.bytes.extend([*kind, 0]);
}

/// The part that Windows itself fills in, and a hole for the provider's.
fn system_template(event: &Event) -> Node<'_> {
    let hole = |place, kind| Node::Hole { place, kind };
    let leaf = |name, child| Node::Element { name, attributes: vec![], children: vec![child] };
    let marked = |name, attributes| Node::Element { name, attributes, children: vec![] };
    let mut provider = vec![("Name", Node::Text(&event.provider.name))];
    if event.provider.guid.is_some() {
        provider.push(("Guid", hole(14, 0x0f)));
    }
    let event_id = Node::Element {
        name: "EventID",
        attributes: vec![("Qualifiers", hole(4, 0x06))],
        children: vec![hole(3, 0x06)],
    };
    let system = vec![
        marked("Provider", provider),
        event_id,
        leaf("Version", hole(11, 0x04)),
        leaf("Level", hole(0, 0x04)),
        leaf("Task", hole(2, 0x06)),
        leaf("Opcode", hole(1, 0x04)),
        leaf("Keywords", hole(5, 0x15)),
        marked("TimeCreated", vec![("SystemTime", hole(6, 0x11))]),
        leaf("EventRecordID", hole(10, 0x0a)),
        marked("Correlation", vec![("ActivityID", hole(7, 0x0f)), ("RelatedActivityID", hole(18, 0x0f))]),
        marked("Execution", vec![("ProcessID", hole(8, 0x08)), ("ThreadID", hole(9, 0x08))]),
        leaf("Channel", Node::Text(&event.channel)),
        leaf("Computer", Node::Text(&event.computer)),
        marked("Security", vec![("UserID", hole(12, 0x13))]),
    ];
    Node::Element {
        name: "Event",
        attributes: vec![("xmlns", Node::Text(NAMESPACE))],
        children: vec![
            Node::Element { name: "System", attributes: vec![], children: system },
            hole(NESTED, 0x21),
        ],
    }
}

/// The values of the outer template, in the places that Windows gives them; the nested data follows as the last.
fn system_values(record: u64, event: &Event) -> Vec<Filled> {
    let optional = |value: Option<Value>| filled(&value.unwrap_or(Value::Null));
    vec![
        filled(&Value::U8(event.level)),
        filled(&Value::U8(0)),
        filled(&Value::U16(event.task)),
        filled(&Value::U16(event.id)),
        optional(event.qualifiers.map(Value::U16)),
        filled(&Value::Hex64(event.keywords)),
        filled(&Value::Time(event.time)),
        filled(&Value::Null),
        filled(&Value::U32(event.process_id)),
        filled(&Value::U32(event.thread_id)),
        filled(&Value::U64(record)),
        filled(&Value::U8(event.version)),
        optional(event.user.clone().map(Value::Sid)),
        filled(&Value::Null),
        optional(event.provider.guid.map(Value::Guid)),
        filled(&Value::Null),
        filled(&Value::Null),
        filled(&Value::Null),
        filled(&Value::Null),
    ]
}

/// The provider's data: a fragment of its own with a template of its own.
fn event_data(chunk: &mut Chunk, event: &Event) {
    chunk.bytes.extend(FRAGMENT_HEADER);
    let values: Vec<Filled> = match &event.data {
        Data::Named(fields) => {
            let mut key = format!("{}\u{1}{}\u{3}", event.provider.name, event.id);
            for (name, value) in fields {
                key.push_str(name);
                key.push(char::from(kind(value)));
            }
            begin_instance(chunk, key, || named_template(fields));
            fields.iter().map(|(_, value)| filled(value)).collect()
        }
        Data::Positional(texts) => {
            begin_instance(chunk, "\u{3}positional".to_owned(), positional_template);
            vec![text_array(texts)]
        }
    };
    let count = u32::try_from(values.len()).unwrap_or(u32::MAX);
    chunk.bytes.extend(count.to_le_bytes());
    for value in &values {
        descriptor(chunk, value);
    }
    for (_, bytes) in &values {
        chunk.bytes.extend(bytes);
    }
    chunk.bytes.push(0);
}

fn named_template(fields: &[(String, Value)]) -> Node<'_> {
    let children = fields
        .iter()
        .zip(0_u16..)
        .map(|((name, value), place)| Node::Element {
            name: "Data",
            attributes: vec![("Name", Node::Text(name))],
            children: vec![Node::Hole { place, kind: kind(value) }],
        })
        .collect();
    Node::Element { name: "EventData", attributes: vec![], children }
}

/// One `Data` whose value is an array: readers repeat the element for every string.
fn positional_template() -> Node<'static> {
    let data = Node::Element {
        name: "Data",
        attributes: vec![],
        children: vec![Node::Hole { place: 0, kind: 0x81 }],
    };
    Node::Element { name: "EventData", attributes: vec![], children: vec![data] }
}

fn text_array(texts: &[String]) -> Filled {
    let mut bytes = Vec::new();
    for text in texts {
        let room = usize::from(u16::MAX).saturating_sub(bytes.len() + 2) / 2;
        for unit in text.encode_utf16().filter(|unit| *unit != 0).take(room) {
            bytes.extend(unit.to_le_bytes());
        }
        bytes.extend([0, 0]);
    }
    (0x81, bytes)
}

/// The type code of a value.
fn kind(value: &Value) -> u8 {
    match value {
        // A hole keeps the type of its place, whatever this event puts there.
        Value::Null | Value::Text(_) => 0x01,
        Value::U8(_) => 0x04,
        Value::U16(_) => 0x06,
        Value::U32(_) => 0x08,
        Value::U64(_) => 0x0a,
        Value::Bool(_) => 0x0d,
        Value::Guid(_) => 0x0f,
        Value::Time(_) => 0x11,
        Value::Sid(_) => 0x13,
        Value::Hex32(_) => 0x14,
        Value::Hex64(_) => 0x15,
    }
}

fn filled(value: &Value) -> Filled {
    let bytes = match value {
        Value::Null => return (0, Vec::new()),
        Value::Text(text) => text.encode_utf16().take(32_767).flat_map(u16::to_le_bytes).collect(),
        Value::U8(number) => vec![*number],
        Value::U16(number) => number.to_le_bytes().to_vec(),
        Value::U32(number) | Value::Hex32(number) => number.to_le_bytes().to_vec(),
        Value::U64(number) | Value::Hex64(number) => number.to_le_bytes().to_vec(),
        Value::Bool(truth) => u32::from(*truth).to_le_bytes().to_vec(),
        Value::Guid(guid) => guid.0.to_vec(),
        Value::Sid(sid) => sid.to_bytes(),
        Value::Time(time) => filetime(*time).to_le_bytes().to_vec(),
    };
    (kind(value), bytes)
}
