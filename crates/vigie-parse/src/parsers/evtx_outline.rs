//! The outline of binary XML that stands in a record itself: what decides which fields its event has, and its values.
//!
//! Events that a collector received, and those of some providers, are written without a template. They are as alike
//! from one to the next as others are, but for what stands in the values. So each token is noted for the key of the
//! record, with names by their number, and each value is noted where it stands; a tree is made only of the first
//! record of a kind ([`super::evtx_record::grow`]).

use super::evtx_record::{self, Record};
use super::evtx_template::{Templates, Watch};
use super::evtx_token::{self, Cursor, Flaw, Stream, Token};
use super::evtx_tree::NESTING_MAX;
use super::evtx_value;

/// A record under way whose own XML is read.
pub(super) struct Outline<'r> {
    pub(super) record: &'r mut Record,
    pub(super) templates: &'r mut Templates,
    /// The fragment's number in the record.
    pub(super) fragment: usize,
    /// Where the next value would stand.
    place: Place,
    /// Where values in the content of the element stand whose tag is open.
    content: Place,
}

/// A longer outline is not worth keeping; what is not noted makes the record one of its own kind.
const OUTLINE_BYTES_MAX: usize = 4_096;

/// Where a value stands, as far as it has a say in the fields of the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Any of what follows.
    Unknown,
    /// In an attribute called `Name`, whose value becomes a field's name, or the provider's.
    Name,
    /// In another attribute, which is a field where it is not empty.
    Attribute,
    /// In `EventID` or `Channel`, which make the schema.
    Schema,
    /// In another element.
    Element,
}

impl Place {
    fn watch(self) -> Watch {
        match self {
            Place::Unknown | Place::Name | Place::Schema => Watch::BYTES,
            Place::Attribute => Watch::PRESENCE,
            Place::Element => Watch::NOTHING,
        }
    }
}

/// Notes what a stream holds. What is wrong with the order of its tokens is told when its tree is made.
pub(super) fn stream(outline: &mut Outline<'_>, cursor: &mut Cursor<'_>, nesting: usize) -> Result<(), Flaw> {
    if nesting > NESTING_MAX {
        return Err(cursor.flaw("binary XML nested too deep"));
    }
    // Each token takes at least a byte, so this ends with the stream.
    loop {
        let before = cursor.at;
        match evtx_token::next(cursor, Stream::Fragment)? {
            Token::End => {
                outline.note(0, &[]);
                return Ok(());
            }
            Token::Nothing => {}
            Token::Open { name, depends: _ } => {
                outline.name(1, name);
                let makes_schema = is(name, "EventID") || is(name, "Channel");
                outline.content = if makes_schema { Place::Schema } else { Place::Element };
                outline.place = outline.content;
            }
            Token::Attribute { name } => {
                outline.name(2, name);
                outline.place = if is(name, "Name") { Place::Name } else { Place::Attribute };
            }
            Token::StartEnds => {
                outline.note(3, &[]);
                outline.place = outline.content;
            }
            Token::EmptyEnds => {
                outline.note(4, &[]);
                outline.place = Place::Unknown;
            }
            Token::Close => {
                outline.note(5, &[]);
                outline.place = Place::Unknown;
            }
            Token::CData { text } => outline.text(6, text),
            Token::Character(number) => outline.text(7, &number.to_le_bytes()),
            Token::Entity { name } => outline.text(8, name),
            Token::Hole(number) => outline.text(9, &number.to_le_bytes()),
            Token::Instance => {
                outline.note(10, &[]);
                let Outline { record, templates, fragment, .. } = outline;
                let number = evtx_record::instance(record, templates, cursor, nesting)?;
                record.owned.push((*fragment, number, cursor.at));
            }
            Token::Value { kind: evtx_value::BINARY_XML, bytes } => {
                outline.note(11, &[]);
                let start = cursor.at.saturating_sub(bytes.len());
                let mut inner = Cursor::new(cursor.data, start..cursor.at);
                stream(outline, &mut inner, nesting.saturating_add(1))?;
            }
            Token::Value { kind, bytes } => {
                // A text may end before its stated length; what stands before it has a fixed size.
                let is_text = kind == evtx_value::TEXT;
                let start = if is_text {
                    before.saturating_add(TEXT_HEAD_BYTES)
                } else {
                    cursor.at.saturating_sub(bytes.len())
                };
                outline.value((kind, bytes), start, cursor.at);
            }
        }
    }
}

/// The token, the type and the length that stand before a text.
const TEXT_HEAD_BYTES: usize = 4;

impl<'r> Outline<'r> {
    /// Of the next fragment of a record.
    pub(super) fn new(record: &'r mut Record, templates: &'r mut Templates, fragment: usize) -> Outline<'r> {
        Outline { record, templates, fragment, place: Place::Unknown, content: Place::Unknown }
    }

    fn note(&mut self, mark: u8, bytes: &[u8]) {
        let outline = &mut self.record.outline;
        if outline.len().saturating_add(bytes.len()) > OUTLINE_BYTES_MAX {
            self.record.is_keyed = false;
            return;
        }
        outline.push(mark);
        outline.extend_from_slice(bytes);
    }

    fn name(&mut self, mark: u8, name: &[u8]) {
        match self.templates.name(name) {
            Some(number) => self.note(mark, &number.to_le_bytes()),
            None => self.record.is_keyed = false,
        }
    }

    /// Notes text that stands in the stream with its length, so that no two streams have one outline.
    fn text(&mut self, mark: u8, bytes: &[u8]) {
        self.note(mark, &bytes.len().to_le_bytes());
        self.note(mark, bytes);
    }

    fn value(&mut self, (kind, bytes): (u8, &[u8]), start: usize, end: usize) {
        let watched = self.place.watch();
        self.note(12, &[kind, u8::from(watched.bytes), u8::from(evtx_value::is_empty(kind, bytes))]);
        if watched.bytes {
            self.text(13, bytes);
        }
        let number = self.record.keep((kind, bytes), start, watched);
        self.record.owned.push((self.fragment, number, end));
    }
}

/// Whether a name in UTF-16 is this one, without the prefix of its namespace.
fn is(name: &[u8], wanted: &str) -> bool {
    let units = name.as_chunks::<2>().0;
    let colon = units.iter().position(|unit| *unit == [b':', 0]);
    let local = units.get(colon.map_or(0, |colon| colon.saturating_add(1))..).unwrap_or_default();
    local.iter().map(|unit| u16::from_le_bytes(*unit)).eq(wanted.encode_utf16())
}
