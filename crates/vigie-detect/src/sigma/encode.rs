//! The modifiers that rewrite a value: UTF-16, base64, base64offset, windash.

use rsigma_parser::Modifier;

use crate::ir::Piece;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Whether a modifier changes the bytes of a value.
pub(super) fn is_encoding(modifier: Modifier) -> bool {
    matches!(
        modifier,
        Modifier::Wide | Modifier::Utf16 | Modifier::Utf16be | Modifier::Base64 | Modifier::Base64Offset
    )
}

/// The encoded values, in the order in which the modifiers stand.
pub(super) fn apply(modifiers: &[Modifier], text: &str) -> Vec<Vec<u8>> {
    let mut values = vec![text.as_bytes().to_vec()];
    for modifier in modifiers {
        values = values.iter().flat_map(|value| encode(*modifier, value)).collect();
    }
    values
}

fn encode(modifier: Modifier, value: &[u8]) -> Vec<Vec<u8>> {
    match modifier {
        Modifier::Wide => vec![utf16(value, u16::to_le_bytes)],
        Modifier::Utf16be => vec![utf16(value, u16::to_be_bytes)],
        Modifier::Utf16 => vec![[&[0xFF, 0xFE], utf16(value, u16::to_le_bytes).as_slice()].concat()],
        Modifier::Base64 => vec![base64(value)],
        Modifier::Base64Offset => base64_offsets(value),
        _ => vec![value.to_vec()],
    }
}

fn utf16(value: &[u8], bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    String::from_utf8_lossy(value).encode_utf16().flat_map(bytes).collect()
}

fn base64(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for group in value.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let symbol = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= group.len() { symbol } else { b'=' });
        }
    }
    out
}

/// What the value looks like inside a longer encoded text, at each of the three alignments: the symbols that
/// its neighbours cannot change.
fn base64_offsets(value: &[u8]) -> Vec<Vec<u8>> {
    const FIRST: [usize; 3] = [0, 2, 3];
    const DROPPED: [usize; 3] = [0, 3, 2];
    let shifted = |offset: usize| {
        let padded = [&b"  "[..offset], value].concat();
        let encoded = base64(&padded);
        let end = encoded.len() - DROPPED[padded.len() % 3];
        encoded.get(FIRST[offset]..end).map(<[u8]>::to_vec).filter(|middle| !middle.is_empty())
    };
    (0..3).filter_map(shifted).collect()
}

/// Splits text at the dashes that begin an option: after no word character and before one, as pySigma does.
pub(super) fn split_dashes(text: &str, pieces: &mut Vec<Piece>) {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let (mut plain, mut before) = (String::new(), None);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let option = matches!(c, '-' | '/')
            && !before.is_some_and(is_word)
            && characters.peek().is_some_and(|next| is_word(*next));
        if option {
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain).into_bytes()));
            }
            pieces.push(Piece::Dash);
        } else {
            plain.push(c);
        }
        before = Some(c);
    }
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain.into_bytes()));
    }
}
