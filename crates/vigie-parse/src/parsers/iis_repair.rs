//! Lines of a W3C log with more or fewer values than fields: read only when there is one way to read them.
//!
//! Exchange itself writes such lines (two blanks where a value is empty), and so do values that hold blanks. Fields
//! whose values have a shape (dates, addresses, numbers) are the anchors from both ends.

use vigie_model::batch::Span;

use super::rows::{span, time_of_day};

/// More values than this beyond the fields are no slip.
const SURPLUS_MAX: usize = 64;

/// The shape that a field's values have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Date,
    Time,
    Address,
    Number,
    Status,
    Method,
    Stem,
    Version,
    Free,
}

fn shape_of(field: &str) -> Shape {
    match field.to_ascii_lowercase().as_str() {
        "date" => Shape::Date,
        "time" => Shape::Time,
        "c-ip" | "s-ip" => Shape::Address,
        "sc-status" => Shape::Status,
        "s-port" | "c-port" | "sc-substatus" | "sc-win32-status" | "time-taken" | "sc-bytes" | "cs-bytes" => {
            Shape::Number
        }
        "cs-method" => Shape::Method,
        "cs-uri-stem" => Shape::Stem,
        "cs-version" => Shape::Version,
        _ => Shape::Free,
    }
}

impl Shape {
    fn fits(self, value: &str) -> bool {
        let bytes = value.as_bytes();
        if value == "-" && self != Shape::Date && self != Shape::Time {
            return true;
        }
        match self {
            Shape::Date => {
                matches!(bytes, [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1]
                    if [y0, y1, y2, y3, m0, m1, d0, d1].iter().all(|byte| byte.is_ascii_digit()))
            }
            Shape::Time => time_of_day(bytes).is_some(),
            Shape::Address => {
                let is_part = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':' | b'%');
                bytes.iter().all(is_part) && bytes.iter().any(|byte| matches!(byte, b'.' | b':'))
            }
            Shape::Number => !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit),
            Shape::Status => bytes.len() == 3 && bytes.iter().all(u8::is_ascii_digit),
            Shape::Method => {
                !bytes.is_empty()
                    && bytes.iter().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-'))
            }
            Shape::Stem => bytes.starts_with(b"/") || bytes == b"*",
            Shape::Version => bytes.starts_with(b"HTTP/"),
            // A value is never written as nothing: that is `-`.
            Shape::Free => !bytes.is_empty(),
        }
    }

    /// Whether its values may hold blanks.
    const fn may_hold_blanks(self) -> bool {
        match self {
            Shape::Free | Shape::Stem => true,
            Shape::Date
            | Shape::Time
            | Shape::Address
            | Shape::Number
            | Shape::Status
            | Shape::Method
            | Shape::Version => false,
        }
    }
}

/// Whether each value has the shape of its field.
pub(super) fn fits(fields: &[&str], values: &[&str]) -> bool {
    fields.iter().zip(values).all(|(field, value)| shape_of(field).fits(value))
}

/// The cells of a line by field, when exactly one way to lay them out fits. A field without value is null.
pub(super) fn repair(fields: &[String], cells: &[Span], text: &str) -> Option<Vec<Span>> {
    let shapes: Vec<Shape> = fields.iter().map(|field| shape_of(field)).collect();
    let filled: Vec<Span> = cells.iter().copied().filter(|cell| cell.len > 0).collect();
    let fits = |candidate: &[Span]| {
        shapes.iter().zip(candidate).all(|(shape, cell)| cell.is_null() || shape.fits(value(*cell, text)))
    };
    if filled.len() == shapes.len() {
        return Some(filled).filter(|candidate| fits(candidate));
    }
    let candidates: Vec<Vec<Span>> =
        if filled.len() > shapes.len() { joined(&shapes, &filled) } else { gapped(shapes.len(), &filled) };
    let mut fitting = candidates.into_iter().filter(|candidate| fits(candidate));
    let only = fitting.next()?;
    fitting.next().is_none().then_some(only)
}

fn value(cell: Span, text: &str) -> &str {
    let start = cell.start as usize;
    text.get(start..start.saturating_add(cell.len as usize)).unwrap_or_default()
}

/// Every way in which one field's value holds all the blanks that are too many.
fn joined(shapes: &[Shape], cells: &[Span]) -> Vec<Vec<Span>> {
    let surplus = cells.len().saturating_sub(shapes.len());
    if surplus > SURPLUS_MAX {
        return Vec::new();
    }
    let join_at = |index: usize| {
        let last = index.checked_add(surplus)?;
        let (first, end) = (cells.get(index)?, cells.get(last)?);
        let joined = span(first.start as usize, (end.start as usize).checked_add(end.len as usize)?);
        let (before, after) = (cells.get(..index)?, cells.get(last.checked_add(1)?..)?);
        Some(before.iter().copied().chain([joined]).chain(after.iter().copied()).collect())
    };
    let holders = shapes.iter().enumerate().filter(|(_, shape)| shape.may_hold_blanks());
    holders.filter_map(|(index, _)| join_at(index)).collect()
}

/// Every way in which consecutive fields have no value.
fn gapped(fields: usize, cells: &[Span]) -> Vec<Vec<Span>> {
    let missing = fields.saturating_sub(cells.len());
    let gap_at = |index: usize| {
        let (before, after) = cells.split_at_checked(index)?;
        let gap = std::iter::repeat_n(Span::NULL, missing);
        Some(before.iter().copied().chain(gap).chain(after.iter().copied()).collect())
    };
    (1..=cells.len()).filter_map(gap_at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells_of(fields: &str, line: &str) -> Option<Vec<String>> {
        let fields: Vec<String> = fields.split(' ').map(str::to_owned).collect();
        let mut start = 0;
        let mut cells = Vec::new();
        for part in line.split(' ') {
            cells.push(span(start, start.saturating_add(part.len())));
            start = start.saturating_add(part.len()).saturating_add(1);
        }
        let repaired = repair(&fields, &cells, line)?;
        Some(
            repaired
                .into_iter()
                .map(|cell| if cell.is_null() { "(null)".into() } else { value(cell, line).into() })
                .collect(),
        )
    }

    #[test]
    fn a_blank_too_many_between_values() {
        let cells = cells_of("date s-port cs-username c-ip", "2022-01-01 444  dom\\user ::1").unwrap();
        assert_eq!(cells, ["2022-01-01", "444", "dom\\user", "::1"]);
    }

    #[test]
    fn blanks_inside_the_only_value_that_can_hold_them() {
        let cells = cells_of("date c-ip cs(User-Agent) sc-status", "2022-01-01 ::1 a b c 200").unwrap();
        assert_eq!(cells, ["2022-01-01", "::1", "a b c", "200"]);
    }

    #[test]
    fn two_ways_to_read_are_none() {
        assert_eq!(cells_of("date cs(User-Agent) cs(Referer) sc-status", "2022-01-01 a b c 200"), None);
    }

    #[test]
    fn a_value_that_is_not_there() {
        let cells = cells_of("date c-ip cs-uri-stem cs-bytes", "2003-11-18 ::1 /x.gif").unwrap();
        assert_eq!(cells, ["2003-11-18", "::1", "/x.gif", "(null)"]);
    }
}
