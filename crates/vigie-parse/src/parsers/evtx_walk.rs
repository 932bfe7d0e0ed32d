//! The way through a record's trees, element by element, as its XML would be read: which values are fields.
//!
//! Schema of events: <https://learn.microsoft.com/en-us/windows/win32/wes/eventschema-schema>. An element that holds a
//! list is repeated for each of its values (MS-EVEN6 section 3.1.4.7.5), and one that depends on a value is left out
//! with it (section 2.2.12).

use super::evtx_record::{Inner, Record, Root, Value};
use super::evtx_shape::{Cell, Part, Shape};
use super::evtx_template::Watch;
use super::evtx_tree::{Attribute, Element, Node, Tree};
use super::evtx_value;
use super::windows_event::{FIELDS_MAX, System};

/// Elements within elements over all templates of a record.
const DEPTH_MAX: usize = 64;
/// Text that stands in a record's templates, in bytes.
const TEXT_BYTES_MAX: usize = 1 << 20;
/// Elements, attributes and values that one record may come to; real ones come to about 200.
const NODES_MAX: usize = 1 << 15;
/// Works out which columns a record's event has, as far as its elements tell; `nodes` is what may still be spent on the
/// chunk's records.
pub(super) fn walk(
    (record, chunk): (&Record, &[u8]),
    root: Root,
    nodes: &mut usize,
) -> Result<Shape, &'static str> {
    let mut shape = Shape::default();
    shape.is_shared = record.is_keyed;
    let mut walk = Walk {
        record,
        chunk,
        shape,
        open: Vec::new(),
        section: Section::Outside,
        pending: Vec::new(),
        left: NODES_MAX.min(*nodes),
    };
    let allowed = walk.left;
    let walked = match root {
        Root::Instance(number) => walk.instance(number),
        // Of a record's own stream the first element is the event.
        Root::Fragment(number) => match record.trees.get(number).map(|tree| (tree, tree.roots.as_slice())) {
            Some((tree, [first, ..])) => walk.content(tree, std::slice::from_ref(first), &Filling::default()),
            Some((_, [])) | None => Err("no element at all"),
        },
    };
    *nodes = nodes.saturating_sub(allowed.saturating_sub(walk.left));
    walked.map(|()| walk.shape)
}

/// Which part of an event an element stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Outside,
    System,
    EventData,
    UserData,
    Rendering,
    Other,
}

impl Section {
    fn of(name: &str) -> Section {
        match name {
            "System" => Section::System,
            "EventData" => Section::EventData,
            "UserData" => Section::UserData,
            "RenderingInfo" => Section::Rendering,
            _ => Section::Other,
        }
    }
}

/// What fills the holes of an element: the values of its instance, among those of the record.
#[derive(Clone, Debug, Default)]
struct Filling {
    first: usize,
    count: usize,
    /// Which of a list's values this copy of the element holds.
    bound: Vec<(usize, usize)>,
}

impl Filling {
    fn at(&self, number: u16) -> Option<usize> {
        let number = usize::from(number);
        (number < self.count).then(|| self.first.saturating_add(number))
    }
}

/// An element that is open.
struct Open<'r> {
    name: &'r str,
    /// The `Name` attribute of `<Data Name="...">`.
    label: String,
    has_children: bool,
}

struct Walk<'r> {
    record: &'r Record,
    chunk: &'r [u8],
    shape: Shape,
    open: Vec<Open<'r>>,
    section: Section,
    /// The text of the element that is open, so far.
    pending: Vec<Part>,
    left: usize,
}

type Walked = Result<(), &'static str>;

impl<'r> Walk<'r> {
    fn instance(&mut self, number: usize) -> Walked {
        let record = self.record;
        let Some(instance) = record.instances.get(number) else { return Ok(()) };
        let filling = Filling { first: instance.first, count: instance.count, bound: Vec::new() };
        let tree = &instance.template.tree;
        match tree.roots.first() {
            // A template's root has nothing to be left out of, whatever it depends on.
            Some(Node::Element(number)) => self.element(tree, *number, &filling),
            Some(_) | None => Ok(()),
        }
    }

    /// Spends some of what a record may come to.
    fn spend(&mut self, nodes: usize) -> Walked {
        self.left = self.left.checked_sub(nodes).ok_or("more elements than any real record holds")?;
        Ok(())
    }

    /// An element, as often as the lists in it ask.
    fn element(&mut self, tree: &'r Tree, number: usize, filling: &Filling) -> Walked {
        let Some(element) = tree.element(number) else { return Ok(()) };
        let lists = self.lists(element, filling);
        let copies = lists.iter().try_fold(1_usize, |copies, (_, items)| copies.checked_mul(*items));
        let copies = copies.filter(|copies| *copies <= NODES_MAX).ok_or("a list of too many values")?;
        for copy in 0..copies {
            // The first list is the one that changes last.
            let mut rest = copy;
            let mut bound: Vec<(usize, usize)> = Vec::with_capacity(lists.len());
            for (value, items) in lists.iter().rev() {
                bound.push((*value, rest.checked_rem(*items).unwrap_or(0)));
                rest = rest.checked_div(*items).unwrap_or(0);
            }
            self.copy(tree, element, &Filling { bound, ..*filling })?;
        }
        Ok(())
    }

    /// The values that are lists of several, with their lengths: those of the content, then those of the attributes.
    fn lists(&self, element: &Element, filling: &Filling) -> Vec<(usize, usize)> {
        let attributes = element.attributes.iter().flat_map(|attribute| attribute.value.iter());
        let mut lists = Vec::new();
        for node in element.children.iter().chain(attributes) {
            let Node::Hole(number) = node else { continue };
            let Some(value) = filling.at(*number) else { continue };
            let (kind, bytes) = self.record.bytes(value, self.chunk);
            if !evtx_value::is_array(kind) || lists.iter().any(|(known, _)| *known == value) {
                continue;
            }
            let items = evtx_value::items(kind, bytes);
            if items > 1 {
                lists.push((value, items));
            }
        }
        lists
    }

    fn copy(&mut self, tree: &'r Tree, element: &'r Element, filling: &Filling) -> Walked {
        self.spend(element.attributes.len().saturating_add(element.children.len()).saturating_add(1))?;
        if self.shape.text_bytes() > TEXT_BYTES_MAX {
            return Err("more text than any real record holds");
        }
        if self.open.len() >= DEPTH_MAX {
            return Err("elements nested too deep");
        }
        if let Some(parent) = self.open.last_mut() {
            parent.has_children = true;
        }
        let name = local(tree.at(element.name));
        if self.open.len() == 1 {
            self.section = Section::of(name);
        }
        let mut label = String::new();
        for attribute in &element.attributes {
            let cell = self.value(tree, attribute, filling);
            self.attribute(name, tree.at(attribute.name), cell, &mut label);
        }
        self.pending.clear();
        self.open.push(Open { name, label, has_children: false });
        self.content(tree, &element.children, filling)?;
        self.close();
        Ok(())
    }

    /// The pieces of an attribute's value.
    fn value(&mut self, tree: &Tree, attribute: &Attribute, filling: &Filling) -> Cell {
        let first = self.shape.parts.len();
        for node in &attribute.value {
            let part = self.part(tree, *node, filling);
            self.shape.parts.extend(part);
        }
        Cell { first, count: self.shape.parts.len().saturating_sub(first), is_attribute: true }
    }

    fn attribute(&mut self, element: &str, key: &str, cell: Cell, label: &mut String) {
        match self.section {
            Section::System => self.system_attribute(element, key, cell),
            Section::EventData if key == "Name" => {
                self.tell(cell, |watched| watched.bytes);
                *label = self.shape.rendered(cell, self.record, self.chunk);
            }
            Section::UserData if !key.starts_with("xmlns") => {
                self.tell(cell, |watched| watched.presence);
                if self.is_present(cell) {
                    let cell = Cell { is_attribute: false, ..cell };
                    self.push(&format!("{element}_{key}"), cell);
                }
            }
            Section::EventData
            | Section::UserData
            | Section::Rendering
            | Section::Outside
            | Section::Other => {}
        }
    }

    /// Notes that the shape hangs on values which the key must tell.
    fn tell(&mut self, cell: Cell, is_told: impl Fn(Watch) -> bool) {
        let told = self.shape.parts(cell).iter().all(|part| match part {
            Part::Text(_) => true,
            Part::Value(value) => self.record.values.get(*value).is_some_and(|value| is_told(value.watched)),
            // Which of a list's values are empty is not told.
            Part::Item(..) => false,
        });
        self.shape.is_shared &= told;
    }

    fn is_present(&self, cell: Cell) -> bool {
        self.shape.parts(cell).iter().any(|part| match *part {
            Part::Text(span) => span.len > 0,
            Part::Value(value) => {
                let (kind, bytes) = self.record.bytes(value, self.chunk);
                !evtx_value::is_empty(kind, bytes)
            }
            Part::Item(value, place) => {
                let (kind, bytes) = self.record.bytes(value, self.chunk);
                evtx_value::item(kind, bytes, place)
                    .is_some_and(|(kind, bytes)| !evtx_value::is_empty(kind, bytes))
            }
        })
    }

    /// Text, or a value that is text.
    fn part(&mut self, tree: &Tree, node: Node, filling: &Filling) -> Option<Part> {
        match node {
            Node::Text(span) => Some(Part::Text(self.shape.keep(tree.at(span)))),
            Node::Hole(number) => {
                let value = filling.at(number)?;
                let item = filling.bound.iter().find(|(known, _)| *known == value);
                Some(item.map_or(Part::Value(value), |(_, place)| Part::Item(value, *place)))
            }
            Node::Value(value) => Some(Part::Value(value)),
            Node::Element(_) | Node::Instance(_) => None,
        }
    }

    fn content(&mut self, tree: &'r Tree, nodes: &[Node], filling: &Filling) -> Walked {
        let record = self.record;
        for node in nodes {
            match node {
                Node::Element(number) => {
                    if !self.is_left_out(tree, *number, filling) {
                        self.element(tree, *number, filling)?;
                    }
                }
                Node::Instance(number) => self.instance(*number)?,
                Node::Text(_) | Node::Value(_) => {
                    let part = self.part(tree, *node, filling);
                    self.pending.extend(part);
                }
                Node::Hole(number) => {
                    let inner = filling.at(*number).and_then(|value| record.values.get(value));
                    match inner.map_or(Inner::Nothing, |value| value.inner) {
                        Inner::Instance(number) => self.instance(number)?,
                        Inner::Fragment(number) => {
                            if let Some(tree) = record.trees.get(number) {
                                self.spend(tree.roots.len())?;
                                self.content(tree, &tree.roots, &Filling::default())?;
                            }
                        }
                        Inner::Nothing => {
                            let part = self.part(tree, *node, filling);
                            self.pending.extend(part);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether an element depends on a value that is missing.
    fn is_left_out(&mut self, tree: &Tree, number: usize, filling: &Filling) -> bool {
        let depends = tree.element(number).and_then(|element| element.depends);
        let Some(value) = depends.and_then(|number| filling.at(number)) else { return false };
        let value = self.record.values.get(value);
        self.shape.is_shared &= value.is_some_and(|value| value.watched.presence);
        value.is_some_and(Value::is_null)
    }

    fn close(&mut self) {
        let Some(element) = self.open.pop() else { return };
        // Depth 1 is `Event`, depth 2 a section: values stand below.
        if self.open.len() >= 2 && !element.has_children {
            let first = self.shape.parts.len();
            self.shape.parts.extend_from_slice(&self.pending);
            let count = self.pending.len();
            self.leaf(&element, Cell { first, count, is_attribute: false });
        }
        if self.open.len() <= 1 {
            self.section = Section::Outside;
        }
        self.pending.clear();
    }

    fn leaf(&mut self, element: &Open<'_>, cell: Cell) {
        match self.section {
            Section::System => self.system_text(element.name, cell),
            Section::EventData if !element.label.is_empty() => self.push(&element.label, cell),
            Section::EventData if element.name == "Data" => {
                if self.shape.positional.len() < FIELDS_MAX {
                    self.shape.positional.push(cell);
                }
            }
            Section::EventData | Section::UserData => self.push(element.name, cell),
            // A forwarded event carries its message; its other rendered texts repeat `System`.
            Section::Rendering if element.name == "Message" => self.push("Message", cell),
            Section::Rendering | Section::Outside | Section::Other => {}
        }
    }

    fn push(&mut self, name: &str, cell: Cell) {
        if self.shape.fields.len() < FIELDS_MAX {
            let name = self.shape.keep(name);
            self.shape.fields.push((name, cell));
        }
    }

    fn system_text(&mut self, element: &str, cell: Cell) {
        let field = match element {
            "EventID" => System::EventId,
            "Channel" => System::Channel,
            "Computer" => System::Computer,
            "Level" => System::Level,
            "Task" => System::Task,
            "Opcode" => System::Opcode,
            "Keywords" => System::Keywords,
            "EventRecordID" => System::RecordId,
            _ => return,
        };
        self.set(field, cell);
    }

    fn system_attribute(&mut self, element: &str, key: &str, cell: Cell) {
        let field = match (element, key) {
            ("Provider", "Name") => System::Provider,
            ("Execution", "ProcessID") => System::ProcessId,
            ("Execution", "ThreadID") => System::ThreadId,
            ("Security", "UserID") => System::UserId,
            ("TimeCreated", "SystemTime") => {
                self.shape.time = Some(cell);
                return;
            }
            _ => return,
        };
        self.set(field, cell);
    }

    /// Sets a value of `System`; the first one stands.
    fn set(&mut self, field: System, cell: Cell) {
        if let Some(slot) = self.shape.system.get_mut(field as usize) {
            slot.get_or_insert(cell);
        }
    }
}

/// A name without its namespace's prefix.
fn local(name: &str) -> &str {
    match name.bytes().position(|byte| byte == b':') {
        Some(colon) => name.get(colon.saturating_add(1)..).unwrap_or(name),
        None => name,
    }
}
