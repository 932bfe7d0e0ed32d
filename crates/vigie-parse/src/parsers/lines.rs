//! Text files by line, whatever their encoding, with every byte accounted for.
//!
//! A block of about 1 MiB is read, cut behind its last line end and checked to be UTF-8 as a whole; it then becomes
//! the text of a batch without a copy. Only what is not UTF-8 is converted, line by line.

use encoding_rs::WINDOWS_1252;
use memchr::{memchr, memchr_iter, memchr2, memrchr2};
use std::io::Read;
use vigie_model::diagnostic::Code;
use vigie_model::evidence::Account;

use super::encoding::{Encoding, head_text};
use crate::{Input, Sink};

/// Bytes read at a time.
const BLOCK_BYTES: usize = 1 << 20;
/// The least that is read at a time.
const SMALL_BLOCK_BYTES: usize = 4 << 10;
/// A line of this size is rejected without being held in memory.
const LINE_BYTES_MAX: usize = 8 << 20;

/// Bytes of the head that are looked at as text: several times the longest header that Exchange writes.
const HEAD_TEXT_BYTES: usize = 16 << 10;

/// A line of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    /// Where it lies in the block's text, without its end.
    pub(crate) start: u32,
    /// Where it ends in the block's text.
    pub(crate) end: u32,
    /// Bytes it takes in the file, with its end.
    pub(crate) size: u32,
    /// Whether a line end follows: the last line of a file that was being written has none.
    pub(crate) ended: bool,
    /// Where it begins in the file, in bytes.
    pub(crate) offset: u64,
    /// Its number, from 1.
    pub(crate) number: u64,
}

impl Line {
    /// Its text in the block's text.
    pub(crate) fn of<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// Some lines of a file and the text they lie in.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// UTF-8, whatever the file is in.
    pub(crate) text: String,
    /// In order.
    pub(crate) lines: Vec<Line>,
}

/// Gives a file's lines block by block. Lines that cannot be given (too long, NUL runs) are rejected here; blank ones
/// are structure and counted as parsed.
#[derive(Debug)]
pub(crate) struct Lines {
    encoding: Option<Encoding>,
    /// Its length is what is initialised; what counts is up to `filled`.
    buffer: Vec<u8>,
    filled: usize,
    /// Where the first byte of the buffer lies in the file.
    offset: u64,
    number: u64,
    at_end: bool,
    spare_bytes: Vec<u8>,
    spare: Vec<Line>,
}

/// What a filled buffer holds.
enum Filled {
    /// Whole lines up to this byte.
    To(usize),
    /// The beginning of a line that is too long.
    LongLine,
    /// Nothing: the file is at its end.
    End,
}

impl Lines {
    pub(crate) fn new() -> Lines {
        Lines {
            encoding: None,
            buffer: Vec::new(),
            filled: 0,
            offset: 0,
            number: 1,
            at_end: false,
            spare_bytes: Vec::new(),
            spare: Vec::new(),
        }
    }

    /// The next lines; `None` at the end of the file.
    pub(crate) fn next(
        &mut self,
        input: &mut Input<'_>,
        sink: &mut dyn Sink,
        account: &mut Account,
    ) -> Option<Block> {
        loop {
            let cut = match self.fill(input) {
                Filled::To(cut) => cut,
                Filled::LongLine => {
                    self.skip_long_line(input, sink, account);
                    continue;
                }
                Filled::End => return None,
            };
            let mut bytes = std::mem::replace(&mut self.buffer, std::mem::take(&mut self.spare_bytes));
            let rest = bytes.get(cut..self.filled).unwrap_or_default();
            if self.buffer.len() < rest.len() {
                self.buffer.resize(rest.len(), 0);
            }
            if let Some(room) = self.buffer.get_mut(..rest.len()) {
                room.copy_from_slice(rest);
            }
            self.filled = rest.len();
            bytes.truncate(cut);
            let block = self.split(bytes, sink, account);
            if !block.lines.is_empty() {
                return Some(block);
            }
            self.reuse(block);
        }
    }

    /// Gives a block's memory back.
    pub(crate) fn reuse(&mut self, block: Block) {
        self.spare = block.lines;
        let bytes = block.text.into_bytes();
        if bytes.capacity() <= BLOCK_BYTES.saturating_mul(4) {
            self.spare_bytes = bytes;
        }
    }

    /// Accounts for what was read and not given, when the receiver wants no more.
    pub(crate) fn abandon(&mut self, account: &mut Account) {
        account.rejected_bytes = account.rejected_bytes.saturating_add(self.filled as u64);
        self.filled = 0;
        self.at_end = true;
    }

    /// Reads until the buffer holds a line end.
    fn fill(&mut self, input: &mut Input<'_>) -> Filled {
        loop {
            self.read_block(input);
            let encoding = *self
                .encoding
                .get_or_insert_with(|| Encoding::of(self.buffer.get(..self.filled).unwrap_or_default()));
            let bytes = self.buffer.get(..self.filled).unwrap_or_default();
            if let Some(cut) = last_end(bytes, encoding) {
                return Filled::To(cut);
            }
            if self.at_end {
                return if self.filled == 0 { Filled::End } else { Filled::To(self.filled) };
            }
            if self.filled >= LINE_BYTES_MAX {
                return Filled::LongLine;
            }
        }
    }

    /// Reads one more block behind what the buffer holds.
    fn read_block(&mut self, input: &mut Input<'_>) {
        if self.at_end {
            return;
        }
        // Most files of a collection are small: the first block is no larger than the file is said to be.
        let stated = usize::try_from(input.size).unwrap_or(BLOCK_BYTES).saturating_add(1);
        let is_first = self.offset == 0 && self.filled == 0;
        let step = if is_first { stated.clamp(SMALL_BLOCK_BYTES, BLOCK_BYTES) } else { BLOCK_BYTES };
        let target = self.filled.saturating_add(step);
        if self.buffer.is_empty() {
            // Zeroed by the allocator: a small file must not cost the writing of a whole block.
            self.buffer = vec![0; target];
        } else if self.buffer.len() < target {
            self.buffer.resize(target, 0);
        }
        while let Some(room) = self.buffer.get_mut(self.filled..target).filter(|room| !room.is_empty()) {
            match input.read(room) {
                Ok(count) if count > 0 => self.filled = self.filled.saturating_add(count),
                Ok(_) | Err(_) => {
                    self.at_end = true;
                    return;
                }
            }
        }
    }

    /// Drops the buffer and all that follows up to the next line end.
    fn skip_long_line(&mut self, input: &mut Input<'_>, sink: &mut dyn Sink, account: &mut Account) {
        let encoding = self.encoding.unwrap_or(Encoding::Bytes);
        let mut size = 0_u64;
        let mut next_number = self.number;
        loop {
            let bytes = self.buffer.get(..self.filled).unwrap_or_default();
            let (drop, found) = match first_end(bytes, encoding) {
                Some((at, after)) if after > at => (after, true),
                Some((at, _)) => (at, true),
                None if encoding == Encoding::Bytes => (self.filled, false),
                None => (self.filled & !1, false),
            };
            if matches!(first_end(bytes, encoding), Some((at, after)) if after > at) {
                next_number = next_number.saturating_add(1);
            }
            self.buffer.copy_within(drop..self.filled, 0);
            self.filled = self.filled.saturating_sub(drop);
            size = size.saturating_add(drop as u64);
            if found || self.at_end {
                break;
            }
            self.read_block(input);
        }
        account.rejected_bytes = account.rejected_bytes.saturating_add(size);
        let message = format!("a line of {size} bytes");
        sink.diagnostic(Code::LineTooLong, &format!("line {}", self.number), &message, size);
        self.offset = self.offset.saturating_add(size);
        self.number = next_number;
    }

    /// Finds the lines in whole lines of bytes, and makes text of them.
    fn split(&mut self, bytes: Vec<u8>, sink: &mut dyn Sink, account: &mut Account) -> Block {
        let mut lines = std::mem::take(&mut self.spare);
        lines.clear();
        let encoding = self.encoding.unwrap_or(Encoding::Bytes);
        let mut marker = Marker { reader: self, bytes: &bytes, lines: &mut lines, account, sink };
        match encoding {
            Encoding::Bytes => mark_bytes(&mut marker),
            Encoding::Utf16Le | Encoding::Utf16Be => mark_units(&mut marker, encoding),
        }
        self.offset = self.offset.saturating_add(bytes.len() as u64);
        let text = match encoding {
            Encoding::Bytes => String::from_utf8(bytes)
                .unwrap_or_else(|error| convert(error.as_bytes(), encoding, &mut lines, sink)),
            Encoding::Utf16Le | Encoding::Utf16Be => convert(&bytes, encoding, &mut lines, sink),
        };
        Block { text, lines }
    }
}

/// Where lines go while they are found.
struct Marker<'a> {
    reader: &'a mut Lines,
    bytes: &'a [u8],
    lines: &'a mut Vec<Line>,
    account: &'a mut Account,
    sink: &'a mut dyn Sink,
}

impl Marker<'_> {
    /// A line from `start` to `end`, whose end mark reaches to `after`.
    #[inline]
    fn line(&mut self, start: usize, end: usize, after: usize) {
        let size = after.saturating_sub(start);
        let offset = self.reader.offset.saturating_add(start as u64);
        let number = self.reader.number;
        if size >= LINE_BYTES_MAX {
            self.account.rejected_bytes = self.account.rejected_bytes.saturating_add(size as u64);
            let message = format!("a line of {size} bytes");
            self.sink.diagnostic(Code::LineTooLong, &format!("line {number}"), &message, size as u64);
        } else if end == start {
            self.account.parsed_bytes = self.account.parsed_bytes.saturating_add(size as u64);
        } else {
            let (start, end, size, ended) = (to_u32(start), to_u32(end), to_u32(size), after > end);
            self.lines.push(Line { start, end, size, ended, offset, number });
        }
    }

    fn nul_run(&mut self, start: usize, end: usize) {
        let size = end.saturating_sub(start) as u64;
        let offset = self.reader.offset.saturating_add(start as u64);
        self.account.rejected_bytes = self.account.rejected_bytes.saturating_add(size);
        let place = format!("line {}, offset {offset}", self.reader.number);
        self.sink.diagnostic(Code::NulBytes, &place, &format!("{size} NUL bytes"), size);
    }
}

fn mark_bytes(marker: &mut Marker<'_>) {
    let bytes = marker.bytes;
    let mut start = 0_usize;
    if marker.reader.offset == 0 && bytes.starts_with(b"\xef\xbb\xbf") {
        start = 3;
        marker.account.parsed_bytes = marker.account.parsed_bytes.saturating_add(3);
    }
    if memchr(0, bytes).is_some() {
        mark_around_nuls(marker, start);
        return;
    }
    for at in memchr_iter(b'\n', bytes) {
        let end =
            if at > start && bytes.get(at.wrapping_sub(1)) == Some(&b'\r') { at.wrapping_sub(1) } else { at };
        marker.line(start, end, at.saturating_add(1));
        marker.reader.number = marker.reader.number.saturating_add(1);
        start = at.saturating_add(1);
    }
    if start < bytes.len() {
        marker.line(start, bytes.len(), bytes.len());
    }
}

/// Lines that NUL runs break in pieces: a run ends a line as a line end does, but is rejected.
fn mark_around_nuls(marker: &mut Marker<'_>, mut start: usize) {
    let bytes = marker.bytes;
    while let Some(rest) = bytes.get(start..).filter(|rest| !rest.is_empty()) {
        let Some(length) = memchr2(b'\n', 0, rest) else {
            marker.line(start, bytes.len(), bytes.len());
            return;
        };
        let at = start.saturating_add(length);
        if rest.get(length) == Some(&b'\n') {
            let end = if length > 0 && bytes.get(at.wrapping_sub(1)) == Some(&b'\r') {
                at.wrapping_sub(1)
            } else {
                at
            };
            marker.line(start, end, at.saturating_add(1));
            marker.reader.number = marker.reader.number.saturating_add(1);
            start = at.saturating_add(1);
        } else {
            if length > 0 {
                marker.line(start, at, at);
            }
            let run = rest.iter().skip(length).take_while(|byte| **byte == 0).count();
            start = at.saturating_add(run);
            marker.nul_run(at, start);
        }
    }
}

/// The same over UTF-16 units; an odd byte at the end of the file is cut text.
fn mark_units(marker: &mut Marker<'_>, encoding: Encoding) {
    let bytes = marker.bytes;
    let mut start = 0_usize;
    if marker.reader.offset == 0 && matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        start = 2;
        marker.account.parsed_bytes = marker.account.parsed_bytes.saturating_add(2);
    }
    while let Some((at, after)) = bytes.get(start..).and_then(|rest| first_end(rest, encoding)) {
        let (at, after) = (start.saturating_add(at), start.saturating_add(after));
        if after > at {
            let carriage = at.checked_sub(2).filter(|before| *before >= start);
            let is_return = carriage.is_some_and(|before| unit_at(bytes, before, encoding) == Some(0x0d));
            marker.line(start, if is_return { at.saturating_sub(2) } else { at }, after);
            marker.reader.number = marker.reader.number.saturating_add(1);
            start = after;
            continue;
        }
        if at > start {
            marker.line(start, at, at);
        }
        let units = bytes.get(at..).unwrap_or_default().chunks_exact(2);
        let run = units.take_while(|unit| *unit == [0, 0]).count().saturating_mul(2);
        start = at.saturating_add(run);
        marker.nul_run(at, start);
    }
    let whole = bytes.len().saturating_sub(bytes.len().saturating_sub(start) % 2);
    if start < whole {
        marker.line(start, whole, whole);
    }
    if whole < bytes.len() {
        marker.account.rejected_bytes = marker.account.rejected_bytes.saturating_add(1);
        let place = format!("line {}", marker.reader.number);
        marker.sink.diagnostic(Code::TruncatedTail, &place, "half a UTF-16 character", 1);
    }
}

fn unit_at(bytes: &[u8], at: usize, encoding: Encoding) -> Option<u16> {
    let pair: [u8; 2] = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
    Some(if encoding == Encoding::Utf16Be { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) })
}

/// Behind the last line end or NUL.
fn last_end(bytes: &[u8], encoding: Encoding) -> Option<usize> {
    if encoding == Encoding::Bytes {
        return memrchr2(b'\n', 0, bytes).map(|at| at.saturating_add(1));
    }
    let mut at = bytes.len() & !1;
    while let Some(before) = at.checked_sub(2) {
        if matches!(unit_at(bytes, before, encoding), Some(0 | 0x0a)) {
            return Some(at);
        }
        at = before;
    }
    None
}

/// The first line end or NUL: where it is, and behind it when it is a line end (a NUL is left to its run).
fn first_end(bytes: &[u8], encoding: Encoding) -> Option<(usize, usize)> {
    if encoding == Encoding::Bytes {
        let at = memchr2(b'\n', 0, bytes)?;
        return Some((at, if bytes.get(at) == Some(&b'\n') { at.saturating_add(1) } else { at }));
    }
    let index = bytes.chunks_exact(2).position(|unit| {
        matches!(
            (unit, encoding),
            ([0, 0], _) | ([0x0a, 0], Encoding::Utf16Le) | ([0, 0x0a], Encoding::Utf16Be)
        )
    })?;
    let at = index.saturating_mul(2);
    Some((at, if unit_at(bytes, at, encoding) == Some(0) { at } else { at.saturating_add(2) }))
}

/// Text of lines that are not UTF-8 as a whole; the lines are moved to where they lie in it.
fn convert(bytes: &[u8], encoding: Encoding, lines: &mut [Line], sink: &mut dyn Sink) -> String {
    let mut text = String::with_capacity(bytes.len());
    for line in lines {
        let raw = bytes.get(line.start as usize..line.end as usize).unwrap_or_default();
        let start = text.len();
        let mut note = "";
        match encoding.wide() {
            None => {
                if let Ok(valid) = std::str::from_utf8(raw) {
                    text.push_str(valid);
                } else {
                    text.push_str(&WINDOWS_1252.decode_without_bom_handling(raw).0);
                    note = "not UTF-8";
                }
            }
            Some(codec) => {
                let (decoded, had_errors) = codec.decode_without_bom_handling(raw);
                text.push_str(&decoded);
                if had_errors {
                    note = "half a UTF-16 surrogate pair, shown as U+FFFD";
                }
            }
        }
        if !note.is_empty() {
            sink.diagnostic(Code::Encoding, &format!("line {}", line.number), note, 0);
        }
        line.start = to_u32(start);
        line.end = to_u32(text.len());
    }
    text
}

fn to_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The first lines of a file's head as text, for recognition: at most `count`, decoded as the file is read.
pub(crate) fn head_lines(head: &[u8], count: usize) -> Vec<String> {
    let head = head.get(..HEAD_TEXT_BYTES).unwrap_or(head);
    let text = head_text(head);
    let lines = text.split(['\n', '\0']).map(|line| line.trim_end_matches('\r'));
    lines.filter(|line| !line.trim().is_empty()).take(count).map(str::to_owned).collect()
}
