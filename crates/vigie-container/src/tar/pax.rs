//! What extended headers add to a tar member: long names, large sizes, exact times, maps of sparse files.

use crate::field;
use crate::sparse::Piece;

/// Pieces of a sparse file that an extended header may list.
const PIECES_MAX: usize = 200_000;

/// What stands in extended headers.
#[derive(Clone, Debug, Default)]
pub(super) struct Extended {
    pub(super) name: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) modified: Option<(i64, u32)>,
    pub(super) sparse: Option<Sparse>,
}

/// What is said of a sparse file.
#[derive(Clone, Debug, Default)]
pub(super) struct Sparse {
    pub(super) name: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) pieces: Vec<Piece>,
    pub(super) map_before_data: bool,
    offset: Option<u64>,
}

pub(super) fn until_nul(content: &[u8]) -> Vec<u8> {
    field::until_nul(content).to_vec()
}

impl Extended {
    /// What is said of one member, or of all where nothing is said of this one.
    pub(super) fn over(self, global: &Extended) -> Extended {
        Extended {
            name: self.name.or_else(|| global.name.clone()),
            link: self.link.or_else(|| global.link.clone()),
            size: self.size.or(global.size),
            modified: self.modified.or(global.modified),
            sparse: self.sparse.or_else(|| global.sparse.clone()),
        }
    }

    /// Takes records of the form `30 mtime=1614747600.123456789\n`; whatever has another form ends them.
    pub(super) fn read_pax(&mut self, content: &[u8]) {
        let mut rest = content;
        while let Some((key, value, after)) = record(rest) {
            self.take(key, value);
            rest = after;
        }
    }

    fn take(&mut self, key: &[u8], value: &[u8]) {
        match key {
            b"path" => self.name = Some(value.to_vec()),
            b"linkpath" => self.link = Some(value.to_vec()),
            b"size" => self.size = decimal(value),
            b"mtime" => self.modified = moment(value),
            _ => {
                if let Some(key) = key.strip_prefix(b"GNU.sparse.") {
                    self.sparse.get_or_insert_default().take(key, value);
                }
            }
        }
    }
}

impl Sparse {
    fn take(&mut self, key: &[u8], value: &[u8]) {
        match key {
            b"name" => self.name = Some(value.to_vec()),
            b"size" | b"realsize" => self.size = decimal(value),
            b"major" => self.map_before_data = decimal(value) == Some(1),
            b"offset" => self.offset = decimal(value),
            b"numbytes" => {
                let piece = self.offset.take().zip(decimal(value));
                self.pieces.extend(
                    piece
                        .filter(|_| self.pieces.len() < PIECES_MAX)
                        .map(|(offset, len)| Piece { offset, len }),
                );
            }
            b"map" => {
                let numbers: Vec<u64> = value
                    .split(|byte| *byte == b',')
                    .take(PIECES_MAX.saturating_mul(2))
                    .filter_map(decimal)
                    .collect();
                self.pieces = pairs(&numbers);
            }
            _ => {}
        }
    }
}

fn pairs(numbers: &[u64]) -> Vec<Piece> {
    let pairs = numbers.chunks_exact(2);
    pairs.filter_map(|pair| Some(Piece { offset: *pair.first()?, len: *pair.get(1)? })).collect()
}

/// The map of a sparse file as text before its data: how many pieces, then offset and length of each, a line each.
#[derive(Default)]
pub(super) struct MapText {
    text: Vec<u8>,
    numbers: Vec<u64>,
    bad: bool,
}

impl MapText {
    pub(super) fn feed(&mut self, block: &[u8], pieces_max: usize) {
        self.text.extend_from_slice(block);
        while !self.is_complete() {
            let Some(end) = self.text.iter().position(|byte| *byte == b'\n') else {
                // A number is short: a block without a line's end is none.
                self.bad |= self.text.len() > block.len().saturating_mul(2);
                return;
            };
            let line: Vec<u8> = self.text.drain(..=end).collect();
            match decimal(line.trim_ascii()) {
                Some(number) => self.numbers.push(number),
                None => self.bad = true,
            }
            self.bad |= self.numbers.len() > pieces_max.saturating_mul(2);
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        let wanted = self.numbers.first().map(|count| count.saturating_mul(2).saturating_add(1));
        self.bad || wanted.is_some_and(|wanted| self.numbers.len() as u64 >= wanted)
    }

    pub(super) fn pieces(&self) -> Vec<Piece> {
        if self.bad { Vec::new() } else { pairs(self.numbers.get(1..).unwrap_or_default()) }
    }
}

/// The first record: its key, its value, and what stands behind it.
fn record(content: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let blank = content.iter().take(12).position(|byte| *byte == b' ')?;
    let length = usize::try_from(decimal(content.get(..blank)?)?).ok()?;
    let text = content.get(blank.checked_add(1)?..length)?.strip_suffix(b"\n")?;
    let equals = text.iter().position(|byte| *byte == b'=')?;
    Some((text.get(..equals)?, text.get(equals.checked_add(1)?..)?, content.get(length..)?))
}

fn decimal(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// `1614747600.123456789`; before 1970 the fraction still counts forward from the floor.
fn moment(text: &[u8]) -> Option<(i64, u32)> {
    let text = std::str::from_utf8(text).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = whole.parse().ok()?;
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let nanos: u32 = digits.parse().ok()?;
    if whole.starts_with('-') && nanos > 0 {
        return Some((seconds.checked_sub(1)?, 1_000_000_000_u32.checked_sub(nanos)?));
    }
    Some((seconds, nanos))
}
