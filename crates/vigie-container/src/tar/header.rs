//! The header of a tar member: one block, by its checksum.

use crate::field::until_nul;
use crate::sparse::Piece;

/// What a header says.
pub(super) struct Header {
    pub(super) name: Vec<u8>,
    pub(super) link: Vec<u8>,
    pub(super) size: u64,
    pub(super) modified: Option<i64>,
    /// The kind of member.
    pub(super) letter: u8,
    /// Old GNU sparse: the pieces, whether more follow, and the size with holes.
    pub(super) pieces: Vec<Piece>,
    pub(super) more_pieces: bool,
    pub(super) real_size: Option<u64>,
}

impl Header {
    /// A header whose checksum is right.
    pub(super) fn of(block: &[u8]) -> Option<Header> {
        let stated = number(block.get(148..156)?)?;
        let sum = |signed: bool| {
            block.iter().take(512).enumerate().fold(0_i64, |sum, (at, byte)| {
                let byte = if (148..156).contains(&at) { b' ' } else { *byte };
                let value = if signed { i64::from(byte.cast_signed()) } else { i64::from(byte) };
                sum.saturating_add(value)
            })
        };
        // Some old programs summed signed bytes.
        if stated < 0 || (stated != sum(false) && stated != sum(true)) {
            return None;
        }
        let magic = block.get(257..265)?;
        let mut name = until_nul(block.get(..100)?).to_vec();
        let prefix = until_nul(block.get(345..500)?);
        if magic.starts_with(b"ustar\0") && !prefix.is_empty() {
            name = [prefix, b"/", &name].concat();
        }
        let letter = *block.get(156)?;
        let mut pieces = Vec::new();
        let is_sparse = letter == b'S';
        if is_sparse {
            read_pieces(block.get(386..482)?, &mut pieces);
        }
        Some(Header {
            name,
            link: until_nul(block.get(157..257)?).to_vec(),
            size: number(block.get(124..136)?).and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
            modified: number(block.get(136..148)?),
            letter,
            more_pieces: is_sparse && *block.get(482)? != 0,
            real_size: number(block.get(483..495)?)
                .filter(|_| is_sparse)
                .and_then(|size| u64::try_from(size).ok()),
            pieces,
        })
    }
}

/// Takes the pieces of a block that goes on with the map of a sparse file; says whether one more follows.
pub(super) fn more_pieces(block: &[u8; 512], pieces: &mut Vec<Piece>) -> bool {
    let (map, rest) = block.split_at(504);
    read_pieces(map, pieces);
    rest.first().is_some_and(|more| *more != 0)
}

fn read_pieces(map: &[u8], pieces: &mut Vec<Piece>) {
    for entry in map.chunks_exact(24) {
        let (offset, len) = entry.split_at(12);
        let field = |bytes| number(bytes).and_then(|value| u64::try_from(value).ok());
        if let (Some(offset), Some(len), true) =
            (field(offset), field(len), offset.iter().any(|byte| *byte != 0))
        {
            pieces.push(Piece { offset, len });
        }
    }
}

/// A number in octal digits, or in binary when the first bit is set.
fn number(field: &[u8]) -> Option<i64> {
    let (first, rest) = field.split_first()?;
    if first & 0x80 != 0 {
        let start = if first & 0x40 != 0 { -1 } else { i64::from(first & 0x3f) };
        return rest
            .iter()
            .try_fold(start, |value, byte| value.checked_mul(256)?.checked_add(i64::from(*byte)));
    }
    let text = field.trim_ascii_start();
    let digits: Vec<u8> = text.iter().copied().take_while(|byte| (b'0'..=b'7').contains(byte)).collect();
    let behind = text.get(digits.len()).copied();
    if !matches!(behind, None | Some(0 | b' ')) {
        return None;
    }
    digits.iter().try_fold(0_i64, |value, digit| value.checked_mul(8)?.checked_add(i64::from(digit & 7)))
}
