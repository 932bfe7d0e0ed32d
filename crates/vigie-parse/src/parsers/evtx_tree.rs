//! Binary XML as a tree: a template, read once and filled by many records, or a fragment of one record.

use vigie_model::batch::Span;

use super::evtx_token::{self, Cursor, Flaw, Stream, Token};
use super::evtx_value;

/// Elements within elements of one stream; real ones need about ten.
const DEPTH_MAX: usize = 64;
/// Binary XML within binary XML; real records nest twice.
pub(super) const NESTING_MAX: usize = 16;

/// A stream of binary XML, with its texts decoded.
#[derive(Debug, Default)]
pub(super) struct Tree {
    elements: Vec<Element>,
    /// The elements that stand in no other, in order, with instances among them.
    pub(super) roots: Vec<Node>,
    text: String,
}

/// An element.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) name: Span,
    /// The value without which the element is left out.
    pub(super) depends: Option<u16>,
    pub(super) attributes: Vec<Attribute>,
    pub(super) children: Vec<Node>,
}

/// An attribute; its value never holds elements.
#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) name: Span,
    pub(super) value: Vec<Node>,
}

/// What stands in an element or in an attribute's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// An element, by its number in the tree.
    Element(usize),
    /// Text of the tree.
    Text(Span),
    /// The value of this number.
    Hole(u16),
    /// A value that stands in the stream itself, by its number in the record.
    Value(usize),
    /// A template and its values, by their number in the record.
    Instance(usize),
}

impl Tree {
    /// An element by its number.
    pub(super) fn element(&self, number: usize) -> Option<&Element> {
        self.elements.get(number)
    }

    /// A text of the tree.
    pub(super) fn at(&self, span: Span) -> &str {
        let start = span.start as usize;
        self.text.get(start..start.saturating_add(span.len as usize)).unwrap_or_default()
    }

    /// About how many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        let nodes: usize = self.elements.iter().map(|element| element.children.len()).sum();
        let elements = self.elements.len().saturating_mul(std::mem::size_of::<Element>());
        self.text.len().saturating_add(elements).saturating_add(nodes.saturating_mul(NODE_BYTES))
    }

    fn keep(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Span {
        let mut bytes = Vec::new();
        write(&mut bytes);
        let text = String::from_utf8_lossy(&bytes);
        let start = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.text.push_str(&text);
        Span { start, len: u32::try_from(text.len()).unwrap_or(0) }
    }
}

const NODE_BYTES: usize = 64;
/// What a template may come to with its names in their places; real ones come to some kilobytes.
const FORM_BYTES_MAX: usize = 1 << 18;

/// A tree under construction.
struct Builder<'t> {
    tree: &'t mut Tree,
    /// Elements whose end tag is to come, by their numbers.
    open: Vec<usize>,
    /// The element whose start tag is not at its end.
    tag: Option<Element>,
}

/// What a stream holds that belongs to the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Own {
    /// A template and its values, behind whose token the cursor stands; it is moved behind them.
    Instance,
    /// A value of the stream.
    Value,
}

/// Tells the number in the record of what was met.
pub(super) type Owner<'i> = dyn FnMut(&mut Cursor<'_>, Own) -> Result<usize, Flaw> + 'i;

/// Adds what a stream holds to a tree; `owner` knows the record that a fragment belongs to.
pub(super) fn read(
    tree: &mut Tree,
    cursor: &mut Cursor<'_>,
    stream: Stream,
    nesting: usize,
    owner: &mut Owner<'_>,
) -> Result<(), Flaw> {
    let mut builder = Builder { tree, open: Vec::new(), tag: None };
    stream_into(&mut builder, cursor, stream, nesting, owner)?;
    if builder.tag.is_some() || !builder.open.is_empty() {
        return Err(cursor.flaw("the end of a stream within an element"));
    }
    Ok(())
}

fn stream_into(
    builder: &mut Builder<'_>,
    cursor: &mut Cursor<'_>,
    stream: Stream,
    nesting: usize,
    owner: &mut Owner<'_>,
) -> Result<(), Flaw> {
    if nesting > NESTING_MAX {
        return Err(cursor.flaw("binary XML nested too deep"));
    }
    // Each token takes at least a byte, so this ends with the stream.
    loop {
        let place = *cursor;
        match evtx_token::next(cursor, stream)? {
            Token::End => return Ok(()),
            Token::Nothing => {}
            Token::Instance if builder.tag.is_some() => return Err(place.flaw("a template within a tag")),
            Token::Instance => {
                let number = owner(cursor, Own::Instance)?;
                builder.add(Node::Instance(number));
            }
            Token::Value { kind: evtx_value::BINARY_XML, bytes } => {
                if stream == Stream::Template || builder.tag.is_some() {
                    return Err(place.flaw("binary XML in a place for text"));
                }
                let start = cursor.at.saturating_sub(bytes.len());
                let mut inner = Cursor::new(cursor.data, start..cursor.at);
                stream_into(builder, &mut inner, stream, nesting.saturating_add(1), owner)?;
            }
            Token::Value { .. } if stream == Stream::Fragment => {
                let number = owner(cursor, Own::Value)?;
                builder.content(Node::Value(number)).map_err(|what| place.flaw(what))?;
            }
            token => builder.token(token).map_err(|what| place.flaw(what))?,
        }
    }
}

impl Builder<'_> {
    fn token(&mut self, token: Token<'_>) -> Result<(), &'static str> {
        match token {
            Token::Open { name, depends } => {
                if self.tag.is_some() {
                    return Err("a tag within a tag");
                }
                if self.open.len() >= DEPTH_MAX {
                    return Err("elements nested too deep");
                }
                let name = self.tree.keep(|out| evtx_value::utf16(name, out));
                self.tag = Some(Element { name, depends, attributes: Vec::new(), children: Vec::new() });
            }
            Token::Attribute { name } => {
                let name = self.tree.keep(|out| evtx_value::utf16(name, out));
                let tag = self.tag.as_mut().ok_or("an attribute outside a tag")?;
                tag.attributes.push(Attribute { name, value: Vec::new() });
            }
            Token::StartEnds => {
                let tag = self.tag.take().ok_or("the end of a tag without its start")?;
                let number = self.tree.elements.len();
                self.add(Node::Element(number));
                self.tree.elements.push(tag);
                self.open.push(number);
            }
            Token::EmptyEnds => {
                let tag = self.tag.take().ok_or("the end of a tag without its start")?;
                self.add(Node::Element(self.tree.elements.len()));
                self.tree.elements.push(tag);
            }
            Token::Close => {
                if self.tag.is_some() || self.open.pop().is_none() {
                    return Err("the end of an element without its start");
                }
            }
            Token::Value { kind, bytes } => self.text(|out| evtx_value::write(kind, bytes, out))?,
            Token::CData { text } => self.text(|out| evtx_value::utf16(text, out))?,
            Token::Character(number) => {
                let character = char::from_u32(u32::from(number)).unwrap_or('_');
                self.text(|out| out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()))?;
            }
            Token::Entity { name } => self.text(|out| entity(name, out))?,
            Token::Hole(number) => self.content(Node::Hole(number))?,
            Token::End | Token::Nothing | Token::Instance => {}
        }
        Ok(())
    }

    fn text(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), &'static str> {
        let span = self.tree.keep(write);
        self.content(Node::Text(span))
    }

    /// Adds text or a hole, which stand in a tag's last attribute or in an element.
    fn content(&mut self, node: Node) -> Result<(), &'static str> {
        let Some(tag) = &mut self.tag else {
            let parent = self.open.last().copied().ok_or("a value outside an element")?;
            self.tree.elements.get_mut(parent).ok_or("no such element")?.children.push(node);
            return Ok(());
        };
        // A value in a tag before its first attribute belongs to nothing.
        if let Some(attribute) = tag.attributes.last_mut() {
            attribute.value.push(node);
        }
        Ok(())
    }

    /// Adds an element or an instance where the stream stands.
    fn add(&mut self, node: Node) {
        let parent = self.open.last().and_then(|number| self.tree.elements.get_mut(*number));
        parent.map_or(&mut self.tree.roots, |parent| &mut parent.children).push(node);
    }
}

/// The text of an entity that XML itself defines; of another, its name as it is written.
fn entity(name: &[u8], out: &mut Vec<u8>) {
    let mut text = Vec::new();
    evtx_value::utf16(name, &mut text);
    let known: &[u8] = match text.as_slice() {
        b"amp" => b"&",
        b"lt" => b"<",
        b"gt" => b">",
        b"quot" => b"\"",
        b"apos" => b"'",
        _ => {
            out.push(b'&');
            out.extend_from_slice(&text);
            b";"
        }
    };
    out.extend_from_slice(known);
}

/// Writes a stream so that it is the same wherever in whichever chunk it stands: the key under which a template that
/// was read before is known again.
pub(super) fn canonical(cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), Flaw> {
    // Each token takes at least a byte, so this ends with the stream.
    loop {
        let place = cursor.at;
        if out.len() > FORM_BYTES_MAX {
            return Err(cursor.flaw("a template larger than any real one"));
        }
        let token = evtx_token::next(cursor, Stream::Template)?;
        let mut add = |mark: u8, number: u16, bytes: &[u8]| {
            let [low, high] = number.to_le_bytes();
            let [size, more, ..] = bytes.len().to_le_bytes();
            out.extend_from_slice(&[mark, low, high, size, more]);
            out.extend_from_slice(bytes);
        };
        match token {
            Token::End => return Ok(()),
            Token::Nothing => {}
            Token::Open { name, depends } => add(1, depends.unwrap_or(u16::MAX), name),
            Token::Attribute { name } => add(6, 0, name),
            Token::StartEnds => out.push(2),
            Token::EmptyEnds => out.push(3),
            Token::Close => out.push(4),
            Token::Value { kind, bytes } => add(5, u16::from(kind), bytes),
            Token::CData { text } => add(7, 0, text),
            Token::Character(number) => add(8, number, &[]),
            Token::Entity { name } => add(9, 0, name),
            Token::Hole(number) => add(13, number, &[]),
            Token::Instance => return Err(Flaw { what: "a template within a template", offset: place }),
        }
    }
}
