//! The templates of an event log, read once: the same ones stand in chunk after chunk, at other offsets.
//!
//! A chunk refers to a template by its offset. What stands there is brought into a form that does not hang on the
//! chunk, and known again by that form, byte for byte: neither the offset nor the GUID that a file states is trusted.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::evtx_token::{Cursor, Flaw, Stream};
use super::evtx_tree::{self, Node, Tree};

/// From the start of a template's definition (its link to the next of its bucket) to the end of its GUID.
pub(super) const GUID_END: usize = 20;
/// Where the GUID begins.
const GUID_START: usize = 4;
/// Templates that are kept; a large log holds some hundreds.
const TEMPLATES_MAX: usize = 4_096;
/// Bytes that they may take together.
const BYTES_MAX: usize = 16 << 20;
/// Names that stand in records themselves, of 1 KiB at most; those of all real logs are some hundreds.
const NAMES_MAX: usize = 4_096;
/// What the templates of one chunk may come to with their names in their places. Where they do not overlap, as in all
/// real chunks, it is about as much as the chunk.
const CHUNK_BYTES_MAX: usize = 2 << 20;

/// A template.
#[derive(Debug)]
pub(super) struct Template {
    /// Unique while its [`Templates`] live.
    pub(super) number: u64,
    pub(super) tree: Tree,
    /// Values that decide which fields an event has.
    pub(super) watched: Vec<(u16, Watch)>,
}

/// What of a value has a say in which fields an event has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Watch {
    /// Whether it is missing or empty.
    pub(super) presence: bool,
    /// What it is.
    pub(super) bytes: bool,
}

impl Watch {
    pub(super) const NOTHING: Watch = Watch { presence: false, bytes: false };
    pub(super) const PRESENCE: Watch = Watch { presence: true, bytes: false };
    pub(super) const BYTES: Watch = Watch { presence: true, bytes: true };
}

/// All templates of a file so far.
#[derive(Debug, Default)]
pub(super) struct Templates {
    by_form: FxHashMap<Box<[u8]>, Rc<Template>>,
    /// Those of the chunk at hand, by their offset.
    of_chunk: FxHashMap<u32, Result<Rc<Template>, Flaw>>,
    form: Vec<u8>,
    /// What was read of the chunk at hand so far.
    chunk_bytes: usize,
    bytes: usize,
    next: u64,
    /// Names that stand in records themselves, by a number.
    names: FxHashMap<Box<[u8]>, u32>,
}

impl Templates {
    /// Forgets the offsets of the last chunk.
    pub(super) fn begin_chunk(&mut self) {
        self.of_chunk.clear();
        self.chunk_bytes = 0;
    }

    /// The template at an offset of the chunk.
    pub(super) fn at(&mut self, chunk: &[u8], offset: u32) -> Result<Rc<Template>, Flaw> {
        if let Some(known) = self.of_chunk.get(&offset) {
            return known.clone();
        }
        let read = self.read(chunk, offset);
        self.of_chunk.insert(offset, read.clone());
        read
    }

    /// The number of a name in UTF-16; none beyond [`NAMES_MAX`].
    pub(super) fn name(&mut self, name: &[u8]) -> Option<u32> {
        if let Some(number) = self.names.get(name) {
            return Some(*number);
        }
        let number = u32::try_from(self.names.len()).ok().filter(|_| self.names.len() < NAMES_MAX)?;
        self.names.insert(name.into(), number);
        Some(number)
    }

    fn read(&mut self, chunk: &[u8], offset: u32) -> Result<Rc<Template>, Flaw> {
        let offset = offset as usize;
        let mut head = Cursor::new(chunk, offset..chunk.len());
        let outside = head.flaw("a template that lies outside the chunk");
        head.take(GUID_END).map_err(|_| outside)?;
        let size = head.u32().map_err(|_| outside)? as usize;
        head.take(size).map_err(|_| outside)?;
        let body = Cursor::new(chunk, head.at.saturating_sub(size)..head.at);
        if self.chunk_bytes > CHUNK_BYTES_MAX {
            return Err(outside_bounds(body));
        }
        self.form.clear();
        let mut cursor = body;
        let form = evtx_tree::canonical(&mut cursor, &mut self.form);
        // What was looked at counts, not what an offset into nothing states as its size.
        let read = cursor.at.saturating_sub(body.at);
        self.chunk_bytes = self.chunk_bytes.saturating_add(read).saturating_add(self.form.len());
        form?;
        if let Some(known) = self.by_form.get(self.form.as_slice()) {
            return Ok(Rc::clone(known));
        }
        let template = Rc::new(template(body, self.next)?);
        self.next = self.next.saturating_add(1);
        self.bytes = self.bytes.saturating_add(self.form.len()).saturating_add(template.tree.bytes());
        if self.by_form.len() >= TEMPLATES_MAX || self.bytes > BYTES_MAX {
            self.by_form.clear();
            self.bytes = 0;
        }
        self.by_form.insert(self.form.as_slice().into(), Rc::clone(&template));
        Ok(template)
    }
}

fn outside_bounds(body: Cursor<'_>) -> Flaw {
    body.flaw("more templates than a chunk can hold")
}

/// The first part of the GUID of the template at an offset, by which records name it beside the offset.
pub(super) fn short_id(chunk: &[u8], offset: u32) -> Option<u32> {
    let guid = chunk.get((offset as usize).saturating_add(GUID_START)..)?;
    guid.first_chunk().map(|id| u32::from_le_bytes(*id))
}

fn template(body: Cursor<'_>, number: u64) -> Result<Template, Flaw> {
    let mut tree = Tree::default();
    let mut cursor = body;
    evtx_tree::read(&mut tree, &mut cursor, Stream::Template, 0, &mut |cursor, _| {
        Err(cursor.flaw("a template within a template"))
    })?;
    if !matches!(tree.roots.as_slice(), [Node::Element(_)]) {
        return Err(body.flaw("a template without one root element"));
    }
    let mut watched = Vec::new();
    for node in &tree.roots {
        watch(&tree, *node, Place::Root, &mut watched);
    }
    watched.sort_by_key(|(place, _)| *place);
    watched.dedup_by(|later, kept| {
        let is_same = later.0 == kept.0;
        // What is to be known of a value is the most that any of its places asks.
        kept.1.bytes |= is_same && later.1.bytes;
        is_same
    });
    Ok(Template { number, tree, watched })
}

/// Where in an event an element stands, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Root,
    Event,
    System,
    Elsewhere,
}

/// Notes the values that decide which fields there are, and those that make the schema.
fn watch(tree: &Tree, node: Node, place: Place, watched: &mut Vec<(u16, Watch)>) {
    let Node::Element(number) = node else { return };
    let Some(element) = tree.element(number) else { return };
    let name = tree.at(element.name);
    watched.extend(element.depends.map(|value| (value, Watch::PRESENCE)));
    for attribute in &element.attributes {
        // A name becomes a field's or the provider's; other attributes are fields where they are not empty, but not
        // those of `System`, which has its columns anyway.
        let watch = match (tree.at(attribute.name), place) {
            ("Name", _) => Watch::BYTES,
            (_, Place::System) => continue,
            _ => Watch::PRESENCE,
        };
        watched.extend(holes(&attribute.value).map(|value| (value, watch)));
    }
    if place == Place::System && matches!(name, "EventID" | "Channel") {
        watched.extend(holes(&element.children).map(|value| (value, Watch::BYTES)));
    }
    let inside = match (place, name) {
        (Place::Root, _) => Place::Event,
        (Place::Event, "System") | (Place::System, _) => Place::System,
        _ => Place::Elsewhere,
    };
    for child in &element.children {
        watch(tree, *child, inside, watched);
    }
}

fn holes(nodes: &[Node]) -> impl Iterator<Item = u16> {
    nodes.iter().filter_map(|node| match node {
        Node::Hole(value) => Some(*value),
        Node::Element(_) | Node::Text(_) | Node::Value(_) | Node::Instance(_) => None,
    })
}
