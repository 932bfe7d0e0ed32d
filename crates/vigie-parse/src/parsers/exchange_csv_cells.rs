//! A line of comma-separated values to its cells: spans of the text that it lies in, or of what had to be unescaped.

use memchr::{memchr, memchr_iter};
use vigie_model::batch::Span;

use super::rows::span;

/// The text of a cell: in the block's text, or behind it in what was unescaped.
pub(super) fn value<'a>(cell: Option<&Span>, text: &'a str, extra: &'a str) -> &'a str {
    let Some(cell) = cell.filter(|cell| !cell.is_null()) else { return "" };
    let start = cell.start as usize;
    let (within, start) = match start.checked_sub(text.len()) {
        Some(behind) => (extra, behind),
        None => (text, start),
    };
    within.get(start..start.saturating_add(cell.len as usize)).unwrap_or_default()
}

/// Splits a line at its commas. `places` are where the line begins in the block's text, and where that text ends.
/// False when a quote is opened and never closed.
pub(super) fn split(
    content: &str,
    places: (usize, usize),
    extra: &mut String,
    cells: &mut Vec<Span>,
) -> bool {
    let (start, base) = places;
    let bytes = content.as_bytes();
    if memchr(b'"', bytes).is_none() {
        let mut from = start;
        for at in memchr_iter(b',', bytes) {
            let end = start.wrapping_add(at);
            cells.push(span(from, end));
            from = end.wrapping_add(1);
        }
        cells.push(span(from, start.wrapping_add(bytes.len())));
        return true;
    }
    let mut at = 0_usize;
    loop {
        let rest = content.get(at..).unwrap_or_default();
        let here = start.wrapping_add(at);
        let length = if let Some(quoted) = rest.strip_prefix('"') {
            let Some((cell, length)) = split_quoted(quoted, (here.wrapping_add(1), base), extra) else {
                return false;
            };
            cells.push(cell);
            length.saturating_add(1)
        } else {
            let length = memchr(b',', rest.as_bytes()).unwrap_or(rest.len());
            cells.push(span(here, here.wrapping_add(length)));
            length
        };
        at = at.saturating_add(length).saturating_add(1);
        if at > bytes.len() {
            return true;
        }
    }
}

/// A quoted value behind its opening quote: its cell, and how far it reaches. Text between the closing quote and the
/// comma is kept as it stands.
fn split_quoted(quoted: &str, places: (usize, usize), extra: &mut String) -> Option<(Span, usize)> {
    let (start, base) = places;
    let extra_start = extra.len();
    let mut at = 0_usize;
    loop {
        let close = at.checked_add(memchr(b'"', quoted.as_bytes().get(at..)?)?)?;
        if quoted.as_bytes().get(close.checked_add(1)?) == Some(&b'"') {
            extra.push_str(quoted.get(at..=close)?);
            at = close.checked_add(2)?;
            continue;
        }
        let behind = close.checked_add(1)?;
        let tail = quoted.get(behind..)?;
        let tail = tail.get(..memchr(b',', tail.as_bytes()).unwrap_or(tail.len()))?;
        let reach = behind.checked_add(tail.len())?;
        if extra.len() == extra_start && tail.is_empty() {
            return Some((span(start, start.wrapping_add(close)), reach));
        }
        extra.push_str(quoted.get(at..close)?);
        extra.push_str(tail);
        return Some((span(base.wrapping_add(extra_start), base.wrapping_add(extra.len())), reach));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells_of(line: &str) -> Option<Vec<String>> {
        let (mut extra, mut cells) = (String::new(), Vec::new());
        let closed = split(line, (0, line.len()), &mut extra, &mut cells);
        closed.then(|| cells.iter().map(|cell| value(Some(cell), line, &extra).to_owned()).collect())
    }

    #[test]
    fn splits_quoted_values() {
        assert_eq!(cells_of("a,b,").unwrap(), ["a", "b", ""]);
        assert_eq!(cells_of("a,\"b,c\",d").unwrap(), ["a", "b,c", "d"]);
        assert_eq!(cells_of("\"-R \"\"1\"\"\",x").unwrap(), ["-R \"1\"", "x"]);
        assert_eq!(cells_of("\"\",\"\"\"\"").unwrap(), ["", "\""]);
        assert_eq!(cells_of("a\"b,c").unwrap(), ["a\"b", "c"]);
        assert_eq!(cells_of("\"a\"b,c").unwrap(), ["ab", "c"]);
        assert_eq!(cells_of("a,\"b,c"), None);
    }
}
