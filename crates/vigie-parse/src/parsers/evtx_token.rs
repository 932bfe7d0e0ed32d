//! The tokens of binary XML, one after the other, out of a chunk of an event log.
//!
//! Format: MS-EVEN6 section 2.2.12, and <https://github.com/libyal/libevtx>. Names stand once a chunk and are referred
//! to by their offset, so tokens are read with the whole chunk at hand.

use std::ops::Range;

/// Why binary XML cannot be read: what was met, and the offset in the chunk, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    /// What was met.
    pub(super) what: &'static str,
    /// Where in the chunk.
    pub(super) offset: usize,
}

impl std::fmt::Display for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at offset {:#x} of its chunk", self.what, self.offset)
    }
}

/// Reads a chunk's bytes in order, up to an end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'d> {
    /// The whole chunk.
    pub(super) data: &'d [u8],
    /// Where the next byte is read.
    pub(super) at: usize,
    /// Where this stream ends.
    pub(super) end: usize,
}

impl<'d> Cursor<'d> {
    pub(super) fn new(data: &'d [u8], range: Range<usize>) -> Cursor<'d> {
        Cursor { data, at: range.start, end: range.end.min(data.len()) }
    }

    /// Whether nothing is left.
    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.end
    }

    pub(super) fn flaw(&self, what: &'static str) -> Flaw {
        Flaw { what, offset: self.at }
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'d [u8], Flaw> {
        let to = self.at.saturating_add(count);
        let bytes = if to <= self.end { self.data.get(self.at..to) } else { None };
        let bytes = bytes.ok_or(Flaw { what: "the end in the middle of a value", offset: self.at })?;
        self.at = to;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Flaw> {
        let at = self.at;
        self.take(N)?.try_into().map_err(|_| Flaw { what: "a short value", offset: at })
    }

    pub(super) fn u8(&mut self) -> Result<u8, Flaw> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Flaw> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Flaw> {
        self.array().map(u32::from_le_bytes)
    }

    /// UTF-16 behind the number of its units.
    fn counted(&mut self) -> Result<&'d [u8], Flaw> {
        let units = self.u16()?;
        self.take(usize::from(units).saturating_mul(2))
    }

    /// A name, as UTF-16: a reference to where it stands in the chunk, which may be right here.
    fn name(&mut self) -> Result<&'d [u8], Flaw> {
        let offset = self.u32()? as usize;
        let here = self.at == offset;
        // Before the name: a link to the next of its bucket, and its hash.
        let mut stored = Cursor::new(self.data, offset.saturating_add(NAME_LINK_BYTES)..self.data.len());
        let name = stored.counted().map_err(|_| self.flaw("a name that lies outside the chunk"))?;
        if name.len() > NAME_BYTES_MAX {
            return Err(self.flaw("a name longer than any real one"));
        }
        if here {
            self.at = stored.at.saturating_add(NAME_END_BYTES);
        }
        Ok(until_nul(name))
    }
}

/// Names are stored once and referred to at will, so a long one could be made to count thousands of times.
const NAME_BYTES_MAX: usize = 1_024;
const NAME_LINK_BYTES: usize = 6;
const NAME_END_BYTES: usize = 2;

/// UTF-16 up to its first NUL, where text of Windows ends whatever its stated length.
pub(super) fn until_nul(units: &[u8]) -> &[u8] {
    let end = units.as_chunks::<2>().0.iter().position(|unit| *unit == [0, 0]);
    end.and_then(|end| units.get(..end.saturating_mul(2))).unwrap_or(units)
}

/// A token. Names and texts are UTF-16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'d> {
    /// The stream ends here, whatever follows.
    End,
    /// A start tag begins.
    Open { name: &'d [u8], depends: Option<u16> },
    /// An attribute of the tag that began; its value follows.
    Attribute { name: &'d [u8] },
    /// The start tag ends; content follows.
    StartEnds,
    /// The start tag ends and the element with it.
    EmptyEnds,
    /// The element ends.
    Close,
    /// A value that stands in the stream itself.
    Value { kind: u8, bytes: &'d [u8] },
    /// Text that is not to be read as markup.
    CData { text: &'d [u8] },
    /// A character by its number.
    Character(u16),
    /// An entity by its name.
    Entity { name: &'d [u8] },
    /// A part of a processing instruction, or a fragment's header: nothing of an event's data.
    Nothing,
    /// A place that the instance's value of this number fills.
    Hole(u16),
    /// A template and its values follow.
    Instance,
}

/// Whether elements carry the number of the value that they depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    /// A template's definition: they do, and holes may stand in it.
    Template,
    /// A record or a value that is XML.
    Fragment,
}

/// An element that depends on no value.
const DEPENDS_ON_NONE: u16 = 0xffff;

/// The next token; each takes at least a byte. After the end of the stream, [`Token::End`].
pub(super) fn next<'d>(cursor: &mut Cursor<'d>, stream: Stream) -> Result<Token<'d>, Flaw> {
    if cursor.is_at_end() {
        return Ok(Token::End);
    }
    let token = cursor.u8()?;
    // The bit 0x40 says that more of the same follows (attributes, data): nothing that the tokens do not say.
    Ok(match token {
        0x00 => Token::End,
        0x01 | 0x41 => {
            let depends = match stream {
                Stream::Template => Some(cursor.u16()?).filter(|number| *number != DEPENDS_ON_NONE),
                Stream::Fragment => None,
            };
            let _size = cursor.u32()?;
            let name = cursor.name()?;
            if token == 0x41 {
                let _attributes_size = cursor.u32()?;
            }
            Token::Open { name, depends }
        }
        0x02 => Token::StartEnds,
        0x03 => Token::EmptyEnds,
        0x04 => Token::Close,
        0x05 | 0x45 => value(cursor)?,
        0x06 | 0x46 => Token::Attribute { name: cursor.name()? },
        0x07 | 0x47 => Token::CData { text: until_nul(cursor.counted()?) },
        0x08 | 0x48 => Token::Character(cursor.u16()?),
        0x09 | 0x49 => Token::Entity { name: cursor.name()? },
        0x0a => {
            let _target = cursor.name()?;
            Token::Nothing
        }
        0x0b => {
            let _data = cursor.counted()?;
            Token::Nothing
        }
        0x0c => Token::Instance,
        0x0d | 0x0e => {
            let number = cursor.u16()?;
            let _kind = cursor.u8()?;
            Token::Hole(number)
        }
        0x0f => {
            let _version_and_flags = cursor.take(3)?;
            Token::Nothing
        }
        _ => {
            let offset = cursor.at.saturating_sub(1);
            return Err(Flaw { what: "a byte that is no token", offset });
        }
    })
}

/// A value in the stream: unlike those of an instance, its size follows from its type.
fn value<'d>(cursor: &mut Cursor<'d>) -> Result<Token<'d>, Flaw> {
    let kind = cursor.u8()?;
    let bytes = match kind {
        0x00 => &[],
        0x01 => until_nul(cursor.counted()?),
        0x03 | 0x04 => cursor.take(1)?,
        0x05 | 0x06 => cursor.take(2)?,
        0x07 | 0x08 | 0x0b | 0x0d | 0x14 => cursor.take(4)?,
        0x09 | 0x0a | 0x0c | 0x11 | 0x15 => cursor.take(8)?,
        0x0f | 0x12 => cursor.take(16)?,
        0x13 => {
            let mut ahead = *cursor;
            let _revision = ahead.u8()?;
            let parts = usize::from(ahead.u8()?);
            cursor.take(parts.saturating_mul(4).saturating_add(8))?
        }
        0x21 => {
            let size = usize::from(cursor.u16()?);
            cursor.take(size)?
        }
        _ => return Err(cursor.flaw("a value of a type that cannot stand in a stream")),
    };
    Ok(Token::Value { kind, bytes })
}
