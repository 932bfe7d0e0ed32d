//! The XML that the `evtx` crate renders for an event to the fields that Vigie promises of it: the other way to the same
//! answer, which the reader of `vigie-parse` is compared with.
//!
//! Schema: <https://learn.microsoft.com/en-us/windows/win32/wes/eventschema-schema>. Only what that schema
//! allows is looked for, in document order and without building a tree: the text comes from a renderer, so
//! it is well formed, and what is not ends the event early with an error.

use std::borrow::Cow;

use memchr::{memchr, memchr2, memchr3};
use vigie_model::Time;

/// The columns of `System`, in their order; the first two stand before the event's own.
const SYSTEM: [&str; 12] = [
    "EventID",
    "Provider_Name",
    "Channel",
    "Computer",
    "Level",
    "Task",
    "Opcode",
    "Keywords",
    "EventRecordID",
    "UserID",
    "Execution_ProcessID",
    "Execution_ThreadID",
];
const POSITIONS: usize = 32;

/// What an event says.
#[derive(Debug, Default)]
pub(super) struct Record {
    system: [Option<String>; SYSTEM.len()],
    fields: Vec<(String, String)>,
    positional: Vec<String>,
    pub(super) time: Option<Time>,
}

impl Record {
    fn set(&mut self, field: &str, value: &str) {
        if let Some(place) = SYSTEM.iter().position(|name| *name == field) {
            self.system[place].get_or_insert_with(|| value.to_owned());
        }
    }

    fn push(&mut self, name: &str, value: &str) {
        self.fields.push((name.to_owned(), value.to_owned()));
    }

    /// Its columns with their values, in order.
    pub(super) fn columns(&self) -> Vec<(String, Option<String>)> {
        let system = |place: usize| {
            let value = self.system[place].clone();
            let id = value.as_deref().filter(|_| place == 0).and_then(|id| id.trim().parse::<u32>().ok());
            let id = id.map(|id| if id > 0xffff { id & 0xffff } else { id }.to_string());
            (SYSTEM[place].to_owned(), id.or(value))
        };
        let mut columns = vec![system(0), system(1)];
        columns.extend(self.fields.iter().map(|(name, value)| (name.clone(), Some(value.clone()))));
        if !self.positional.is_empty() {
            columns.push(("Data".to_owned(), Some(self.positional.join("\n"))));
        }
        let positional = self.positional.iter().take(POSITIONS).enumerate();
        columns.extend(positional.map(|(place, value)| (format!("Data{place}"), Some(value.clone()))));
        columns.extend((2..SYSTEM.len()).map(system));
        columns
    }
}

/// Elements within elements; the schema needs four, `UserData` may hold more.
const DEPTH_MAX: usize = 64;

/// Why a text is no event: what was met, and the byte offset in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    /// What was met.
    pub(super) what: &'static str,
    /// Where in the XML text, in bytes.
    pub(super) offset: usize,
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

/// An element that is open.
struct Element<'x> {
    name: &'x str,
    /// The `Name` attribute of `<Data Name="...">`.
    label: Option<Cow<'x, str>>,
    has_children: bool,
}

struct State<'x> {
    open: Vec<Element<'x>>,
    section: Section,
    text: String,
}

/// Adds what an event's XML says to `record`.
pub(super) fn flatten(xml: &str, record: &mut Record) -> Result<(), Malformed> {
    let mut state = State { open: Vec::new(), section: Section::Outside, text: String::new() };
    let mut rest = xml;
    let offset = |rest: &str| xml.len().saturating_sub(rest.len());
    // Each turn takes at least the `<` it found, so it ends with the text.
    while let Some(at) = memchr(b'<', rest.as_bytes()) {
        let (text, tag) = rest.split_at(at);
        decode(text, &mut state.text);
        if let Some(cdata) = tag.strip_prefix("<![CDATA[") {
            let (text, after) = cdata
                .split_once("]]>")
                .ok_or(Malformed { what: "CDATA without end", offset: offset(tag) })?;
            state.text.push_str(text);
            rest = after;
            continue;
        }
        let end = tag_end(tag).ok_or(Malformed { what: "a tag without end", offset: offset(tag) })?;
        let (body, after) = (tag.get(1..end).unwrap_or_default(), tag.get(end.saturating_add(1)..));
        rest = after.unwrap_or_default();
        if body.starts_with(['?', '!']) {
            state.text.clear();
        } else if let Some(name) = body.strip_prefix('/') {
            close(&mut state, name.trim_end(), record)
                .map_err(|what| Malformed { what, offset: offset(tag) })?;
        } else {
            start(&mut state, body, record).map_err(|what| Malformed { what, offset: offset(tag) })?;
        }
    }
    if state.open.is_empty() {
        Ok(())
    } else {
        Err(Malformed { what: "an element without end", offset: xml.len() })
    }
}

/// The offset of the `>` that ends a tag, not counting those inside quotes.
fn tag_end(tag: &str) -> Option<usize> {
    let bytes = tag.as_bytes();
    let mut from = 0_usize;
    loop {
        let at = memchr3(b'>', b'"', b'\'', bytes.get(from..)?)?.checked_add(from)?;
        let mark = *bytes.get(at)?;
        if mark == b'>' {
            return Some(at);
        }
        let inside = at.checked_add(1)?;
        from = memchr(mark, bytes.get(inside..)?)?.checked_add(inside)?.checked_add(1)?;
    }
}

fn start<'x>(state: &mut State<'x>, body: &'x str, record: &mut Record) -> Result<(), &'static str> {
    let (body, empty) = body.strip_suffix('/').map_or((body, false), |body| (body, true));
    let (name, attributes) = body.split_once(char::is_whitespace).unwrap_or((body, ""));
    let name = local(name);
    if state.open.len() >= DEPTH_MAX {
        return Err("elements nested too deep");
    }
    if let Some(parent) = state.open.last_mut() {
        parent.has_children = true;
    }
    if state.open.len() == 1 {
        state.section = section(name);
    }
    let mut label = None;
    for (key, value) in (Attributes { rest: attributes }) {
        match state.section {
            Section::System => system_attribute(record, name, key, &value),
            Section::EventData if key == "Name" => label = Some(value),
            Section::UserData if !key.starts_with("xmlns") => record.push(&format!("{name}_{key}"), &value),
            Section::EventData
            | Section::UserData
            | Section::Rendering
            | Section::Outside
            | Section::Other => {}
        }
    }
    state.text.clear();
    state.open.push(Element { name, label, has_children: false });
    if empty { close(state, name, record) } else { Ok(()) }
}

/// A name without its namespace's prefix. Names are short: searching them byte by byte is the fastest.
fn local(name: &str) -> &str {
    match name.bytes().position(|byte| byte == b':') {
        Some(colon) => name.get(colon.saturating_add(1)..).unwrap_or(name),
        None => name,
    }
}

fn section(name: &str) -> Section {
    match name {
        "System" => Section::System,
        "EventData" => Section::EventData,
        "UserData" => Section::UserData,
        "RenderingInfo" => Section::Rendering,
        _ => Section::Other,
    }
}

fn close(state: &mut State<'_>, name: &str, record: &mut Record) -> Result<(), &'static str> {
    let Some(element) = state.open.pop() else { return Err("an end tag without its start") };
    if element.name != local(name) {
        return Err("an end tag of another element");
    }
    // Depth 1 is `Event`, depth 2 a section: values stand below.
    if state.open.len() >= 2 && !element.has_children {
        leaf(state.section, &element, &state.text, record);
    }
    if state.open.len() <= 1 {
        state.section = Section::Outside;
    }
    state.text.clear();
    Ok(())
}

fn leaf(section: Section, element: &Element<'_>, text: &str, record: &mut Record) {
    match section {
        Section::System => system_text(record, element.name, text),
        Section::EventData => match &element.label {
            Some(label) if !label.is_empty() => record.push(label, text),
            _ if element.name == "Data" => record.positional.push(text.to_owned()),
            _ => record.push(element.name, text),
        },
        Section::UserData => record.push(element.name, text),
        // A forwarded event carries its message; its other rendered texts repeat `System`.
        Section::Rendering if element.name == "Message" => record.push("Message", text),
        Section::Rendering | Section::Outside | Section::Other => {}
    }
}

fn system_text(record: &mut Record, element: &str, text: &str) {
    record.set(element, text);
}

fn system_attribute(record: &mut Record, element: &str, key: &str, value: &str) {
    match (element, key) {
        ("Provider", "Name") => record.set("Provider_Name", value),
        ("TimeCreated", "SystemTime") => record.time = Time::parse(value.as_bytes()),
        ("Execution", "ProcessID") => record.set("Execution_ProcessID", value),
        ("Execution", "ThreadID") => record.set("Execution_ThreadID", value),
        ("Security", "UserID") if !value.is_empty() => record.set("UserID", value),
        _ => {}
    }
}

/// The attributes of a tag, in order; ends at the first that is not one.
struct Attributes<'x> {
    rest: &'x str,
}

impl<'x> Iterator for Attributes<'x> {
    type Item = (&'x str, Cow<'x, str>);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.trim_start();
        let equals = memchr(b'=', rest.as_bytes())?;
        let (key, after) = (rest.get(..equals)?, rest.get(equals.checked_add(1)?..)?.trim_start());
        let mark = after.bytes().next().filter(|mark| matches!(mark, b'"' | b'\''))?;
        let after = after.get(1..)?;
        let end = memchr(mark, after.as_bytes())?;
        let value = after.get(..end)?;
        self.rest = after.get(end.checked_add(1)?..)?;
        if memchr(b'&', value.as_bytes()).is_none() {
            return Some((key.trim_end(), Cow::Borrowed(value)));
        }
        let mut decoded = String::new();
        decode(value, &mut decoded);
        Some((key.trim_end(), Cow::Owned(decoded)))
    }
}

/// Appends text with its entities resolved; what is no entity stays as it is.
fn decode(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = memchr(b'&', rest.as_bytes()) {
        let (plain, entity) = rest.split_at(at);
        out.push_str(plain);
        let end = memchr2(b';', b'&', entity.get(1..).unwrap_or_default().as_bytes());
        let name = end.and_then(|end| entity.get(1..end.saturating_add(1)));
        if let Some((name, decoded)) = name.and_then(|name| Some((name, named(name)?))) {
            out.push(decoded);
            rest = entity.get(name.len().saturating_add(2)..).unwrap_or_default();
        } else {
            out.push('&');
            rest = entity.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
}

fn named(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}
