//! XML of hostile files: elements with their attributes and text, in order, within limits.
//!
//! Specification: <https://www.w3.org/TR/xml/>. Nothing is fetched and no entity but the five of the standard and
//! characters by number is resolved, so a document cannot grow while it is read. What is not well-formed is skipped up to
//! the next tag and counted: a configuration that was broken on purpose still gives the rest.

use std::borrow::Cow;
use std::ops::ControlFlow;

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use vigie_model::batch::Position;
use vigie_model::diagnostic::Code;

use super::text_file::TextFile;
use crate::Sink;

/// Elements in each other; what lies deeper is given up.
const DEPTH_MAX: usize = 128;
/// Elements of one file that are read.
const ELEMENTS_MAX: usize = 2_000_000;
/// Attributes of one element that are read.
const ATTRIBUTES_MAX: usize = 128;
/// Places that are not well-formed behind which reading goes on.
const RESUMED_MAX: usize = 64;

/// An element with what encloses it.
pub(crate) struct Element<'a> {
    /// Local names from the root down; the last is its own.
    pub(crate) path: &'a [String],
    /// Attributes by local name, in order; their values with entities resolved.
    pub(crate) attributes: Vec<(String, String)>,
    /// The line of its tag, from 1.
    pub(crate) line: u64,
    /// The first byte of its tag in the text.
    pub(crate) at: usize,
}

impl Element<'_> {
    /// Its own name.
    pub(crate) fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    /// An attribute, its name compared without case, as IIS does.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Where its event is found again.
    pub(crate) fn position(&self) -> Position {
        Position { number: self.line, offset: self.at as u64 }
    }
}

/// Receives a document.
pub(crate) trait Visit {
    /// An element begins. One that is empty ends right after.
    fn open(&mut self, element: &Element<'_>, sink: &mut dyn Sink) -> ControlFlow<()>;
    /// A piece of the text of the innermost element.
    fn text(&mut self, _path: &[String], _text: &str) {}
    /// The innermost element ends; its path includes it.
    fn close(&mut self, _path: &[String], _sink: &mut dyn Sink) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// How reading went on from one place.
enum Step {
    /// To the end of the text.
    End,
    /// The receiver wants no more, from this byte on.
    Stopped(usize),
    /// A limit, or something that is not well-formed, at this byte.
    Broken(usize, Code, String),
}

/// What is kept between places that are not well-formed.
struct Walk {
    path: Vec<String>,
    elements: usize,
    /// Up to where line ends were counted.
    counted: usize,
    /// The line on which that stands.
    line: u64,
    /// Attributes that no `name="value"` could be read of.
    malformed: Dropped,
    /// Attributes that an element has beyond the limit.
    surplus: Dropped,
}

/// Attributes that were left out.
#[derive(Default)]
struct Dropped {
    count: usize,
    /// The line of the first element that has such.
    line: u64,
}

impl Dropped {
    fn add(&mut self, count: usize, line: u64) {
        if self.count == 0 {
            self.line = line;
        }
        self.count = self.count.saturating_add(count);
    }

    fn say(&self, code: Code, what: &str, sink: &mut dyn Sink) {
        if self.count > 0 {
            let message = format!("{} attributes left out: {what}", self.count);
            sink.diagnostic(code, &format!("line {}", self.line), &message, 0);
        }
    }
}

/// Reads a whole document; what could not be read is given up in `file`.
/// After `Break` the receiver wants no more.
pub(crate) fn read(file: &mut TextFile, visit: &mut dyn Visit, sink: &mut dyn Sink) -> ControlFlow<()> {
    let text = std::mem::take(&mut file.text);
    let mut walk = Walk::new();
    let mut lost: Vec<(usize, usize, Code, String)> = Vec::new();
    let mut start = 0_usize;
    let mut stopped = None;
    for resumed in 0..=RESUMED_MAX {
        match read_from(&text, start, &mut walk, visit, sink) {
            Step::End => break,
            Step::Stopped(at) => {
                stopped = Some(at);
                break;
            }
            Step::Broken(at, code, message) => {
                let next =
                    memchr::memchr(b'<', text.as_bytes().get(at.saturating_add(1)..).unwrap_or_default())
                        .map(|found| at.saturating_add(1).saturating_add(found))
                        .filter(|_| resumed < RESUMED_MAX && code == Code::BadRecord);
                lost.push((at, next.unwrap_or(text.len()), code, message));
                match next {
                    Some(next) => start = next,
                    None => break,
                }
            }
        }
    }
    if stopped.is_none() {
        // Elements that a cut file leaves open have ended as well.
        while !walk.path.is_empty() {
            if visit.close(&walk.path, sink).is_break() {
                stopped = Some(text.len());
                break;
            }
            walk.path.pop();
        }
    }
    file.text = text;
    walk.malformed.say(Code::BadRecord, "no name with a value in quotes", sink);
    walk.surplus.say(Code::LimitReached, &format!("more than {ATTRIBUTES_MAX} of one element"), sink);
    for (from, to, code, message) in lost {
        file.reject(from, to, (code, &message), sink);
    }
    match stopped {
        Some(at) => {
            file.abandon(at);
            ControlFlow::Break(())
        }
        None => ControlFlow::Continue(()),
    }
}

fn read_from(text: &str, start: usize, walk: &mut Walk, visit: &mut dyn Visit, sink: &mut dyn Sink) -> Step {
    let mut reader = Reader::from_str(text.get(start..).unwrap_or_default());
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    loop {
        let at = start.saturating_add(position(reader.buffer_position()));
        let flow = match reader.read_event() {
            Ok(Event::Start(tag)) => {
                walk.count_lines(text, at);
                open(&tag, at, walk, visit, sink)
            }
            Ok(Event::Empty(tag)) => {
                walk.count_lines(text, at);
                open(&tag, at, walk, visit, sink).and_then_close(walk, visit, sink)
            }
            Ok(Event::End(tag)) => close(tag.local_name().into_inner(), walk, visit, sink),
            Ok(Event::Text(piece)) => say(visit, walk, &piece.into_inner()),
            Ok(Event::CData(piece)) => say(visit, walk, &piece.into_inner()),
            Ok(Event::GeneralRef(name)) => say(visit, walk, &resolved(&format!("&{};", &*name))),
            Ok(Event::Eof) => return Step::End,
            Ok(Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_)) => Flow::On,
            Err(error) => {
                let at = start.saturating_add(position(reader.error_position())).max(start).min(text.len());
                return Step::Broken(at, Code::BadRecord, format!("not well-formed: {error}"));
            }
        };
        match flow {
            Flow::On => {}
            Flow::Stop => return Step::Stopped(at),
            Flow::Limit(message) => return Step::Broken(at, Code::LimitReached, message),
        }
    }
}

impl Walk {
    fn new() -> Walk {
        Walk {
            path: Vec::new(),
            elements: 0,
            counted: 0,
            line: 1,
            malformed: Dropped::default(),
            surplus: Dropped::default(),
        }
    }

    fn count_lines(&mut self, text: &str, at: usize) {
        let passed = text.as_bytes().get(self.counted..at).unwrap_or_default();
        self.line = self.line.saturating_add(memchr::memchr_iter(b'\n', passed).count() as u64);
        self.counted = self.counted.max(at);
    }
}

/// Whether to go on.
enum Flow {
    On,
    Stop,
    Limit(String),
}

impl Flow {
    fn of(flow: ControlFlow<()>) -> Flow {
        match flow {
            ControlFlow::Continue(()) => Flow::On,
            ControlFlow::Break(()) => Flow::Stop,
        }
    }

    fn and_then_close(self, walk: &mut Walk, visit: &mut dyn Visit, sink: &mut dyn Sink) -> Flow {
        match self {
            Flow::On => {
                let flow = Flow::of(visit.close(&walk.path, sink));
                walk.path.pop();
                flow
            }
            Flow::Stop | Flow::Limit(_) => self,
        }
    }
}

fn open(
    tag: &BytesStart<'_>,
    at: usize,
    walk: &mut Walk,
    visit: &mut dyn Visit,
    sink: &mut dyn Sink,
) -> Flow {
    walk.elements = walk.elements.saturating_add(1);
    if walk.elements > ELEMENTS_MAX {
        return Flow::Limit(format!("more than {ELEMENTS_MAX} elements"));
    }
    if walk.path.len() >= DEPTH_MAX {
        return Flow::Limit(format!("elements in each other, more than {DEPTH_MAX}"));
    }
    walk.path.push(tag.local_name().into_inner().to_owned());
    let attributes = attributes(tag, walk);
    Flow::of(visit.open(&Element { path: &walk.path, attributes, line: walk.line, at }, sink))
}

/// The attributes of a tag that are read; the others are counted.
fn attributes(tag: &BytesStart<'_>, walk: &mut Walk) -> Vec<(String, String)> {
    let mut found = tag.attributes();
    let mut kept = Vec::new();
    for (index, attribute) in found.with_checks(false).enumerate() {
        match attribute {
            _ if index >= ATTRIBUTES_MAX => walk.surplus.add(1, walk.line),
            Ok(attribute) => {
                let name = attribute.key.local_name().into_inner().to_owned();
                kept.push((name, resolved(&attribute.value)));
            }
            Err(_) => walk.malformed.add(1, walk.line),
        }
    }
    kept
}

/// An end tag ends the innermost element of its name, and those in it that have no end; one without a beginning nothing.
fn close(name: &str, walk: &mut Walk, visit: &mut dyn Visit, sink: &mut dyn Sink) -> Flow {
    let Some(depth) = walk.path.iter().rposition(|open| open == name) else { return Flow::On };
    while walk.path.len() > depth {
        if visit.close(&walk.path, sink).is_break() {
            return Flow::Stop;
        }
        walk.path.pop();
    }
    Flow::On
}

fn say(visit: &mut dyn Visit, walk: &Walk, text: &str) -> Flow {
    if !walk.path.is_empty() {
        visit.text(&walk.path, text);
    }
    Flow::On
}

/// Text with its entities resolved; as it stands where one is not known.
fn resolved(text: &str) -> String {
    unescape(text).map_or_else(|_| text.to_owned(), Cow::into_owned)
}

fn position(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

/// The name of the root element of a document's head, without prefix; empty when there is none.
pub(crate) fn root_of(head: &str) -> String {
    let mut rest = head.trim_start_matches(['\u{feff}', '\0']).trim_start();
    // Declarations, comments and processing instructions before the root.
    for _ in 0..DEPTH_MAX {
        let Some(inside) = rest.strip_prefix('<') else { return String::new() };
        let end = if inside.starts_with("!--") {
            inside.find("-->").map(|at| at.saturating_add(3))
        } else if inside.starts_with(['?', '!']) {
            inside.find('>').map(|at| at.saturating_add(1))
        } else {
            let name: String = inside
                .chars()
                .take_while(|c| c.is_alphanumeric() || matches!(c, ':' | '_' | '-' | '.'))
                .collect();
            return name.rsplit(':').next().unwrap_or_default().to_owned();
        };
        let Some(end) = end else { return String::new() };
        rest = inside.get(end..).unwrap_or_default().trim_start();
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::root_of;

    #[test]
    fn the_root_behind_what_may_stand_before_it() {
        assert_eq!(
            root_of("\u{feff}<?xml version=\"1.0\"?>\n<!-- a <b> -->\n<configuration>"),
            "configuration"
        );
        assert_eq!(root_of("<t:Task xmlns:t=\"x\">"), "Task");
        assert_eq!((root_of("no xml"), root_of("<!-- open")), (String::new(), String::new()));
    }
}
