//! A rule bound to a schema: tests on columns, with everything folded away that the schema settles.

use std::borrow::Cow;
use std::sync::Arc;

use vigie_model::EventBatch;

use super::expression::Expression;
use super::{glob, joined, literals, matcher};
use crate::bind::{Slot, Slots};
use crate::ir::{Expr, OtherField, Pattern, Piece, Predicate, Rule, Test, fold};
use crate::naive;

/// A bound condition.
#[derive(Clone, Debug)]
pub(crate) enum Node<'a> {
    /// Settled.
    Const(bool),
    /// A predicate on a column.
    Leaf(usize, Cow<'a, Predicate>),
    /// A test that needs several cells of the row.
    Row(Box<RowTest>),
    /// All.
    And(Vec<Node<'a>>),
    /// One.
    Or(Vec<Node<'a>>),
    /// So many.
    AtLeast(usize, Vec<Node<'a>>),
    /// The opposite.
    Not(Box<Node<'a>>),
}

/// A test on the values of a row that no single column can answer.
#[derive(Clone, Debug)]
pub(crate) struct RowTest {
    slots: Vec<Slot>,
    check: RowCheck,
}

#[derive(Clone, Debug)]
enum RowCheck {
    Other(OtherField, Vec<Slot>),
    Pattern(Pattern),
    Regex(Arc<Expression>),
}

impl RowTest {
    /// Whether it holds for a row.
    pub(crate) fn holds(&self, batch: &EventBatch, row: usize) -> bool {
        let texts =
            |slots: &[Slot]| -> Vec<String> { slots.iter().filter_map(|s| text(s, batch, row)).collect() };
        let mine = texts(&self.slots);
        match &self.check {
            RowCheck::Pattern(pattern) if pattern.cased => {
                mine.iter().any(|t| glob::fits(pattern, t.as_bytes()))
            }
            RowCheck::Pattern(pattern) => mine.iter().any(|t| glob::fits(pattern, fold(t).as_bytes())),
            RowCheck::Regex(expression) => mine.iter().any(|t| expression.is_match(t)),
            RowCheck::Other(other, slots) => {
                let others = texts(slots);
                mine.iter().any(|mine| others.iter().any(|theirs| naive::other_fits(other, mine, theirs)))
            }
        }
    }

    /// The columns that it reads.
    pub(crate) fn columns(&self) -> Vec<usize> {
        let others = match &self.check {
            RowCheck::Other(_, slots) => slots.as_slice(),
            RowCheck::Pattern(_) | RowCheck::Regex(_) => &[],
        };
        let of = |slot: &Slot| match *slot {
            Slot::Column(column) => vec![column],
            Slot::Joined(left, _, right) => vec![left, right],
            Slot::Constant(_) => Vec::new(),
        };
        self.slots.iter().chain(others).flat_map(of).collect()
    }
}

/// The value of a slot in a row.
pub(crate) fn text(slot: &Slot, batch: &EventBatch, row: usize) -> Option<String> {
    match slot {
        Slot::Column(column) => batch.cell(row, *column).map(str::to_owned),
        Slot::Constant(text) => Some(text.clone()),
        Slot::Joined(left, joint, right) => {
            naive::join(batch.cell(row, *left), *joint, batch.cell(row, *right))
        }
    }
}

/// Joins with `and`, settled parts folded away.
pub(crate) fn and(parts: Vec<Node<'_>>) -> Node<'_> {
    let mut kept = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            Node::Const(true) => {}
            Node::Const(false) => return Node::Const(false),
            Node::And(inner) => kept.extend(inner),
            other => kept.push(other),
        }
    }
    match kept.len() {
        0 => Node::Const(true),
        1 => kept.remove(0),
        _ => Node::And(kept),
    }
}

/// Joins with `or`, settled parts folded away.
pub(crate) fn or(parts: Vec<Node<'_>>) -> Node<'_> {
    let mut kept = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            Node::Const(false) => {}
            Node::Const(true) => return Node::Const(true),
            Node::Or(inner) => kept.extend(inner),
            other => kept.push(other),
        }
    }
    match kept.len() {
        0 => Node::Const(false),
        1 => kept.remove(0),
        _ => Node::Or(kept),
    }
}

/// The opposite.
pub(crate) fn not(inner: Node<'_>) -> Node<'_> {
    match inner {
        Node::Const(value) => Node::Const(!value),
        Node::Not(inner) => *inner,
        other => Node::Not(Box::new(other)),
    }
}

fn at_least(count: usize, parts: Vec<Node<'_>>) -> Node<'_> {
    let settled = parts.iter().filter(|part| matches!(part, Node::Const(true))).count();
    let open: Vec<Node<'_>> = parts.into_iter().filter(|part| !matches!(part, Node::Const(_))).collect();
    match count.saturating_sub(settled) {
        0 => Node::Const(true),
        needed if needed > open.len() => Node::Const(false),
        1 => or(open),
        needed => Node::AtLeast(needed, open),
    }
}

/// Binds rules to one schema.
pub(crate) struct Binder<'a, 's> {
    /// Where fields lie in the schema, by the row of the taxonomy by which the rule applies.
    pub slots: &'a mut Slots<'s>,
    /// Fields that the rule names and the schema lacks.
    pub missing: Vec<String>,
}

impl Binder<'_, '_> {
    /// The rule's condition on this schema.
    pub(crate) fn bind<'r>(&mut self, rule: &'r Rule) -> Node<'r> {
        self.expr(&rule.condition)
    }

    fn expr<'r>(&mut self, expr: &'r Expr) -> Node<'r> {
        match expr {
            Expr::Const(value) => Node::Const(*value),
            Expr::Test(test) => self.test(test),
            Expr::And(parts) => and(self.until_false(parts)),
            Expr::Or(parts) => or(self.all(parts)),
            Expr::AtLeast(count, parts) => at_least(*count, self.all(parts)),
            Expr::Not(inner) => not(self.expr(inner)),
        }
    }

    fn all<'r>(&mut self, parts: &'r [Expr]) -> Vec<Node<'r>> {
        parts.iter().map(|part| self.expr(part)).collect()
    }

    /// One part that can never hold settles the rest: most rules of a channel speak of another event id.
    fn until_false<'r>(&mut self, parts: &'r [Expr]) -> Vec<Node<'r>> {
        let mut bound = Vec::with_capacity(parts.len());
        for part in parts {
            let node = self.expr(part);
            if matches!(node, Node::Const(false)) {
                return vec![node];
            }
            bound.push(node);
        }
        bound
    }

    fn test<'r>(&mut self, test: &'r Test) -> Node<'r> {
        let Some(field) = &test.field else {
            let columns = 0..self.slots.schema().fields.len();
            return or(columns.map(|column| keyword(column, &test.predicate)).collect());
        };
        let slots = self.slots.of(field);
        let Some(first) = slots.first() else {
            if !self.missing.contains(field) {
                self.missing.push(field.clone());
            }
            return Node::Const(matches!(test.predicate, Predicate::Null | Predicate::Exists(false)));
        };
        match &test.predicate {
            Predicate::Null | Predicate::Exists(false) => not(exists(first)),
            Predicate::Exists(true) => exists(first),
            Predicate::OtherField(other) => {
                let theirs = self.slots.of(&other.field);
                if theirs.is_empty() {
                    return Node::Const(false);
                }
                row(slots.to_vec(), RowCheck::Other(other.clone(), theirs.to_vec()))
            }
            predicate => or(slots.iter().map(|slot| on_slot(slot, predicate)).collect()),
        }
    }
}

/// A keyword on one column; absence is nothing that a keyword can ask for.
fn keyword(column: usize, predicate: &Predicate) -> Node<'_> {
    match predicate {
        Predicate::Null | Predicate::Exists(false) | Predicate::OtherField(_) => Node::Const(false),
        predicate => Node::Leaf(column, Cow::Borrowed(predicate)),
    }
}

fn exists(slot: &Slot) -> Node<'static> {
    let there = |column: usize| Node::Leaf(column, Cow::Owned(Predicate::Exists(true)));
    match slot {
        Slot::Column(column) => there(*column),
        Slot::Constant(_) => Node::Const(true),
        Slot::Joined(left, joint, right) => match joint {
            crate::taxonomy::Joint::Query => there(*left),
            crate::taxonomy::Joint::Backslash => and(vec![there(*left), there(*right)]),
        },
    }
}

fn on_slot<'r>(slot: &Slot, predicate: &'r Predicate) -> Node<'r> {
    match slot {
        Slot::Column(column) => Node::Leaf(*column, Cow::Borrowed(predicate)),
        Slot::Constant(text) => Node::Const(matcher::constant_fits(predicate, text)),
        Slot::Joined(left, joint, right) => match predicate {
            Predicate::Text(pattern) => match pattern.pieces.as_slice() {
                [] => joined::literal(*left, *joint, *right, pattern, &[]),
                [Piece::Text(text)] => joined::literal(*left, *joint, *right, pattern, text),
                pieces => {
                    let longest = pieces.iter().filter_map(text_of).max_by_key(|text| text.len());
                    let gates = longest.map(|text| vec![text.to_vec()]);
                    gated(slot, RowCheck::Pattern(pattern.clone()), gates, pattern.cased)
                }
            },
            Predicate::Regex(source) => {
                let check = RowCheck::Regex(Arc::new(Expression::new(source)));
                gated(slot, check, literals::required(source), false)
            }
            // Single fields only, as in the plain evaluator.
            Predicate::Network(_)
            | Predicate::Number(..)
            | Predicate::Bool(_)
            | Predicate::TimePart(..)
            | Predicate::Exists(_)
            | Predicate::Null
            | Predicate::OtherField(_) => Node::Const(false),
        },
    }
}

fn text_of(piece: &Piece) -> Option<&[u8]> {
    match piece {
        Piece::Text(text) => Some(text),
        Piece::One | Piece::Many | Piece::Dash => None,
    }
}

/// A check on two joined cells, asked only where one of its literals is in them.
fn gated(slot: &Slot, check: RowCheck, gates: Option<Vec<Vec<u8>>>, cased: bool) -> Node<'static> {
    let test = row(vec![slot.clone()], check);
    let (Slot::Joined(left, joint, right), Some(gates)) = (slot, gates) else { return test };
    let gate = |text: &Vec<u8>| {
        let pattern =
            Pattern { pieces: vec![Piece::Text(text.clone())], from_start: false, to_end: false, cased };
        joined::literal(*left, *joint, *right, &pattern, text)
    };
    and(vec![or(gates.iter().map(gate).collect()), test])
}

fn row(slots: Vec<Slot>, check: RowCheck) -> Node<'static> {
    Node::Row(Box::new(RowTest { slots, check }))
}
