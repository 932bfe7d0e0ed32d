//! Operators between values.

use super::Run;
use super::expr::{as_number, int_value};
use crate::tree::{Expr, Kind, Op};
use crate::value::{Con, Taint, Value, to_int};

impl Run {
    pub(super) fn chain(&mut self, first: &Expr, rest: &[(Op, Expr)]) -> Value {
        let mut left = self.eval(first);
        // A variable that Basic never saw is empty.
        if let (Kind::Id(name), true) = (&first.kind, self.lang.is_basic()) {
            let fresh = left.con.is_none()
                && left.taint.0 == 0
                && left.call.is_none()
                && left.obj.is_none()
                && left.shape.is_none();
            if fresh && left.ty.as_ref().is_none_or(|ty| ty == name) {
                left = if matches!(rest.first(), Some((Op::Concat, _))) { Value::text("") } else { left };
            }
        }
        for (op, right) in rest {
            let right = self.eval(right);
            left = self.binary(*op, &left, &right);
        }
        left
    }

    pub(super) fn binary(&mut self, op: Op, left: &Value, right: &Value) -> Value {
        match op {
            Op::Concat => self.joined(left, right),
            Op::Add => match (&left.con, &right.con) {
                (Some(Con::Num(a)), Some(Con::Num(b))) => {
                    Value { taint: left.taint.with(right.taint), ..Value::number(a + b) }
                }
                _ => self.joined(left, right),
            },
            Op::Coalesce => left.join(right),
            Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => self.compare(op, left, right),
            Op::And | Op::Or => self.logical(op, left, right),
            Op::Is => Value::default(),
            Op::Set
            | Op::Sub
            | Op::Mul
            | Op::Div
            | Op::IntDiv
            | Op::Mod
            | Op::Pow
            | Op::BitAnd
            | Op::BitOr
            | Op::Xor
            | Op::Shl
            | Op::Shr => {
                let taint = left.taint.with(right.taint);
                match (left.as_number(), right.as_number()) {
                    (Some(a), Some(b)) => Value { taint, ..Value::number(arithmetic(op, a, b)) },
                    // Bytes that are decrypted byte by byte stay the client's.
                    _ => Value { con: None, ..Value::from_parts([left, right]) },
                }
            }
        }
    }

    pub(super) fn joined(&mut self, left: &Value, right: &Value) -> Value {
        let out = left.concat(right);
        if let Some(Con::Str(text)) = &out.con {
            self.text_total += text.len();
            if self.text_total > crate::limits::MAX_TEXT_TOTAL {
                self.facts.cut = true;
                return Value { con: None, ..out };
            }
        }
        out
    }

    pub(super) fn logical(&self, op: Op, left: &Value, right: &Value) -> Value {
        if let (Some(Con::Num(a)), Some(Con::Num(b))) = (&left.con, &right.con) {
            let (a, b) = (to_int(*a), to_int(*b));
            return int_value(if op == Op::And { a & b } else { a | b });
        }
        if left.has(Taint(u16::MAX)) || right.has(Taint(u16::MAX)) {
            // JScript's `a || b` is one of them.
            return if self.lang.is_basic() { Value::default() } else { right.join(left) };
        }
        match (op, left.as_truth(), right.as_truth()) {
            (Op::And, Some(a), Some(b)) => Value::truth(a && b),
            (Op::Or, Some(a), Some(b)) => Value::truth(a || b),
            _ => Value::default(),
        }
    }

    pub(super) fn compare(&mut self, op: Op, left: &Value, right: &Value) -> Value {
        self.sees_extension(left);
        self.sees_extension(right);
        if left.taint.without(Taint(Taint::HIDDEN.0 | Taint::DERIVED.0)).0 != 0
            || right.taint.without(Taint(Taint::HIDDEN.0 | Taint::DERIVED.0)).0 != 0
        {
            return Value::default();
        }
        let ordering = match (&left.con, &right.con) {
            (Some(Con::Str(a)), Some(Con::Str(b))) => Some(a.cmp(b)),
            (Some(_), Some(_)) => match (left.as_number(), right.as_number()) {
                (Some(a), Some(b)) => a.partial_cmp(&b),
                _ => None,
            },
            _ => None,
        };
        ordering.map_or_else(Value::default, |ordering| {
            Value::truth(match op {
                Op::Eq => ordering.is_eq(),
                Op::Ne => ordering.is_ne(),
                Op::Lt => ordering.is_lt(),
                Op::Le => ordering.is_le(),
                Op::Gt => ordering.is_gt(),
                _ => ordering.is_ge(),
            })
        })
    }
}

fn arithmetic(op: Op, a: f64, b: f64) -> f64 {
    let (x, y) = (to_int(a), to_int(b));
    match op {
        Op::Sub => a - b,
        Op::Mul => a * b,
        Op::Div => a / b,
        Op::Pow => a.powf(b),
        Op::IntDiv => as_number(x.checked_div(y).unwrap_or(0)),
        Op::Mod => as_number(x.checked_rem(y).unwrap_or(0)),
        Op::BitAnd => as_number(x & y),
        Op::BitOr => as_number(x | y),
        Op::Xor => as_number(x ^ y),
        Op::Shl => as_number(x.checked_shl(u32::try_from(y).unwrap_or(64)).unwrap_or(0)),
        Op::Shr => as_number(x.checked_shr(u32::try_from(y).unwrap_or(64)).unwrap_or(0)),
        Op::Set
        | Op::Add
        | Op::Concat
        | Op::And
        | Op::Or
        | Op::Coalesce
        | Op::Eq
        | Op::Ne
        | Op::Lt
        | Op::Le
        | Op::Gt
        | Op::Ge
        | Op::Is => b,
    }
}
