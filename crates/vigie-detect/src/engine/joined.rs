//! A literal on two joined cells, taken apart into tests on each of them, so that no text is ever glued.
//!
//! `stem?query` contains a literal when the stem does, or the query does, or the literal has a `?` at which the
//! stem ends with its left part and the query begins with its right part. The other anchors likewise.

use std::borrow::Cow;

use super::node::{Node, and, not, or};
use crate::ir::{Pattern, Piece, Predicate};
use crate::taxonomy::Joint;

/// What a joined value means here: as `naive::join` says it.
struct Cells<'a> {
    left: usize,
    right: usize,
    joint: Joint,
    pattern: &'a Pattern,
}

/// The literal of `pattern` on two columns.
pub(super) fn literal(
    left: usize,
    joint: Joint,
    right: usize,
    pattern: &Pattern,
    text: &[u8],
) -> Node<'static> {
    let cells = Cells { left, right, joint, pattern };
    let mut ways = within_one(&cells, text);
    let separator = match joint {
        Joint::Query => b'?',
        Joint::Backslash => b'\\',
    };
    for (at, _) in text.iter().enumerate().filter(|(_, byte)| **byte == separator) {
        ways.push(across(&cells, text, at));
    }
    or(ways)
}

fn test(cells: &Cells<'_>, column: usize, text: &[u8], (from_start, to_end): (bool, bool)) -> Node<'static> {
    let pieces = if text.is_empty() { Vec::new() } else { vec![Piece::Text(text.to_vec())] };
    let pattern = Pattern { pieces, from_start, to_end, cased: cells.pattern.cased };
    Node::Leaf(column, Cow::Owned(Predicate::Text(pattern)))
}

fn there(column: usize) -> Node<'static> {
    Node::Leaf(column, Cow::Owned(Predicate::Exists(true)))
}

/// Whether the right cell adds nothing: then the left stands alone.
fn nothing_right(cells: &Cells<'_>) -> Node<'static> {
    match cells.joint {
        Joint::Query => or(vec![
            not(there(cells.right)),
            test(cells, cells.right, b"", (true, true)),
            test(cells, cells.right, b"-", (true, true)),
        ]),
        Joint::Backslash => Node::Const(false),
    }
}

/// The right cell must be there for anything to be joined, but for a query.
fn right_needed(cells: &Cells<'_>) -> Node<'static> {
    match cells.joint {
        Joint::Query => Node::Const(true),
        Joint::Backslash => there(cells.right),
    }
}

/// The literal lies within one of the cells.
fn within_one(cells: &Cells<'_>, text: &[u8]) -> Vec<Node<'static>> {
    let (from_start, to_end) = (cells.pattern.from_start, cells.pattern.to_end);
    let mut ways = Vec::new();
    if to_end {
        ways.push(and(vec![nothing_right(cells), test(cells, cells.left, text, (from_start, true))]));
    } else {
        ways.push(and(vec![right_needed(cells), test(cells, cells.left, text, (from_start, false))]));
    }
    if !from_start {
        let in_right = test(cells, cells.right, text, (false, to_end));
        ways.push(match cells.joint {
            // Wherever the taxonomy joins a query to its path, the field also stands for the query alone, so no
            // guard is needed here; a guard would make an atom hold in every row.
            Joint::Query => in_right,
            Joint::Backslash => and(vec![there(cells.left), in_right]),
        });
    }
    ways
}

/// The literal's separator at `at` is the one between the cells.
fn across(cells: &Cells<'_>, text: &[u8], at: usize) -> Node<'static> {
    let (from_start, to_end) = (cells.pattern.from_start, cells.pattern.to_end);
    let (left, with_separator) = text.split_at(at);
    let right = with_separator.get(1..).unwrap_or_default();
    let right_test = match cells.joint {
        Joint::Backslash => test(cells, cells.right, right, (true, to_end)),
        Joint::Query => {
            let own_mark = test(cells, cells.right, with_separator, (true, to_end));
            // A query that brings its own mark gets no second one.
            let plain = if right.first() == Some(&b'?') || (right.is_empty() && to_end) {
                Node::Const(false)
            } else {
                test(cells, cells.right, right, (true, to_end))
            };
            or(vec![own_mark, plain])
        }
    };
    let left_test = test(cells, cells.left, left, (from_start, true));
    and(vec![left_test, not(nothing_right(cells)), right_test])
}
