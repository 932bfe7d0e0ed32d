//! Patterns with wildcards on one text, in time linear in the text for each part between stars.

use memchr::memmem;

use crate::ir::{DASHES, Pattern, Piece};

/// Whether the text, folded unless the pattern is cased, fits.
pub(crate) fn fits(pattern: &Pattern, text: &[u8]) -> bool {
    let parts: Vec<&[Piece]> = pattern.pieces.split(|piece| *piece == Piece::Many).collect();
    let [first, middle @ .., last] = parts.as_slice() else {
        let whole = pattern.pieces.as_slice();
        return match (pattern.from_start, pattern.to_end) {
            (true, true) => match_at(whole, text, 0) == Some(text.len()),
            (true, false) => match_at(whole, text, 0).is_some(),
            (false, true) => ends_with(whole, text, 0),
            (false, false) => find(whole, text, 0).is_some(),
        };
    };
    let begin = if pattern.from_start { match_at(first, text, 0) } else { find(first, text, 0) };
    // The leftmost match of each part leaves the most room for the next.
    let reached = middle.iter().fold(begin, |at, part| find(part, text, at?));
    match reached {
        None => false,
        Some(at) if pattern.to_end => ends_with(last, text, at),
        Some(at) => find(last, text, at).is_some(),
    }
}

/// Where the part ends when it matches at a place.
fn match_at(part: &[Piece], text: &[u8], mut at: usize) -> Option<usize> {
    for piece in part {
        let rest = text.get(at..)?;
        at += match piece {
            Piece::Text(bytes) => rest.starts_with(bytes).then_some(bytes.len())?,
            Piece::One => character(rest)?.len_utf8(),
            Piece::Dash => character(rest).filter(|c| DASHES.contains(c))?.len_utf8(),
            Piece::Many => 0,
        };
    }
    Some(at)
}

/// The first character of text that may begin inside of one.
fn character(rest: &[u8]) -> Option<char> {
    let first = *rest.first()?;
    let width = match first {
        0x00..=0x7F => 1,
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xFF => 4,
        0x80..=0xBF => return None,
    };
    std::str::from_utf8(rest.get(..width)?).ok()?.chars().next()
}

/// Where the leftmost match from a place on ends.
fn find(part: &[Piece], text: &[u8], mut from: usize) -> Option<usize> {
    let Some(Piece::Text(first)) = part.first() else {
        return (from..=text.len()).find_map(|at| match_at(part, text, at));
    };
    // Each turn moves on by one byte at least.
    loop {
        let at = from + memmem::find(text.get(from..)?, first)?;
        if let Some(end) = match_at(part, text, at) {
            return Some(end);
        }
        from = at + 1;
    }
}

/// Whether the part matches somewhere from a place on and ends with the text. A part is as long as its bytes, with
/// up to four for each character left open.
fn ends_with(part: &[Piece], text: &[u8], from: usize) -> bool {
    let longest: usize = part
        .iter()
        .map(|piece| match piece {
            Piece::Text(bytes) => bytes.len(),
            Piece::One | Piece::Dash => 4,
            Piece::Many => 0,
        })
        .sum();
    let first = from.max(text.len().saturating_sub(longest));
    (first..=text.len()).any(|at| match_at(part, text, at) == Some(text.len()))
}
