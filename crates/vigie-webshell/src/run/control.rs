//! Conditions and loops: computed where everything is known, else both sides and two rounds.

use super::{Flow, Run, source};
use crate::limits::MAX_ROUNDS;
use crate::tree::{Expr, LoopStmt, Name, Stmt};
use crate::value::{Con, Taint, Value};

impl Run {
    pub(super) fn branch(&mut self, branches: &[(Expr, Vec<Stmt>)], otherwise: &[Stmt]) -> Flow {
        for (cond, body) in branches {
            let value = self.eval(cond);
            let known = value.as_truth().filter(|_| !value.has(Taint(u16::MAX)));
            match known {
                Some(true) if self.unsure == 0 || self.in_loop > 0 => return self.body(body),
                Some(false) if self.in_loop > 0 || !self.frames.is_empty() => {}
                Some(_) | None => {
                    self.unsure += 1;
                    let flow = self.body(body);
                    self.unsure -= 1;
                    // Leaving a computed loop on a condition that is not known would end the computation too early.
                    let _ = flow;
                }
            }
        }
        let decided = self.in_loop > 0 && self.unsure == 0;
        if !otherwise.is_empty() {
            if decided {
                return self.body(otherwise);
            }
            self.unsure += 1;
            self.body(otherwise);
            self.unsure -= 1;
        }
        Flow::Next
    }

    pub(super) fn repeat(&mut self, inner: &LoopStmt) -> Flow {
        self.body(&inner.init);
        let mut rounds = 0;
        let mut computed = true;
        self.in_loop += 1;
        loop {
            let known = if inner.test_last && rounds == 0 {
                Some(true)
            } else {
                match &inner.cond {
                    Some(cond) => {
                        let value = self.eval(cond);
                        value.as_truth().filter(|_| !value.has(Taint(u16::MAX)))
                    }
                    None => None,
                }
            };
            match known {
                Some(false) => break,
                Some(true) if rounds < MAX_ROUNDS && self.spend() => {}
                Some(true) | None => {
                    computed = false;
                    break;
                }
            }
            let flow = self.body(&inner.body);
            if flow == Flow::Break && self.unsure == 0 {
                break;
            }
            if flow == Flow::Return && self.unsure == 0 {
                self.in_loop -= 1;
                return flow;
            }
            for step in &inner.step {
                self.eval(step);
            }
            rounds += 1;
        }
        self.in_loop -= 1;
        if !computed || rounds == 0 {
            self.abstract_rounds(&inner.body, &inner.step);
        }
        Flow::Next
    }

    /// Two rounds of a loop of which nothing is known: what the first leaves the second uses.
    pub(super) fn abstract_rounds(&mut self, body: &[Stmt], step: &[Expr]) {
        self.unsure += 1;
        let in_loop = std::mem::take(&mut self.in_loop);
        for _ in 0..2 {
            self.body(body);
            for step in step {
                self.eval(step);
            }
        }
        self.in_loop = in_loop;
        self.unsure -= 1;
    }

    pub(super) fn for_each(&mut self, name: &Name, ty: Option<&Name>, items: &Expr, body: &[Stmt]) -> Flow {
        let value = self.eval(items);
        let parts: Option<Vec<Value>> = match &value.con {
            Some(Con::List(items)) => Some(items.as_ref().clone()),
            Some(Con::Str(text)) if text.len() < MAX_ROUNDS => {
                Some(text.chars().map(|c| Value::text(&c.to_string())).collect())
            }
            Some(Con::Bytes(bytes)) => {
                Some(bytes.iter().map(|byte| Value::number(f64::from(*byte))).collect())
            }
            Some(Con::Str(_) | Con::Num(_) | Con::Bool(_)) | None => None,
        };
        if let Some(parts) = parts.filter(|parts| parts.len() <= MAX_ROUNDS && !parts.is_empty()) {
            self.in_loop += 1;
            for part in parts {
                let mut part = part;
                part.absorb(&value);
                self.set_name(name, part);
                let flow = self.body(body);
                if flow == Flow::Break || flow == Flow::Return || !self.spend() {
                    break;
                }
            }
            self.in_loop -= 1;
            return Flow::Next;
        }
        let mut element = self.element_of(&value);
        if let Some(known) = ty.and_then(|ty| source::typed(ty)) {
            element.ty = known.ty;
            element.taint = element.taint.with(known.taint);
        }
        self.set_name(name, element);
        self.abstract_rounds(body, &[]);
        Flow::Next
    }

    pub(super) fn for_to(&mut self, name: &Name, bounds: &[Expr; 3], body: &[Stmt]) -> Flow {
        let [from, to, step] = bounds;
        let (from, to, step) = (self.eval(from), self.eval(to), self.eval(step));
        let known = match (from.as_number(), to.as_number(), step.as_number()) {
            (Some(from), Some(to), Some(step)) if step != 0.0 => Some((from, to, step)),
            _ => None,
        };
        let Some((from, to, step)) = known else {
            let value = Value::from_parts([&from, &to]);
            self.set_name(
                name,
                Value { taint: value.taint.without(crate::value::GIVEN), ..Value::default() },
            );
            self.abstract_rounds(body, &[]);
            return Flow::Next;
        };
        let mut at = from;
        let mut rounds = 0;
        self.in_loop += 1;
        while (step > 0.0 && at <= to || step < 0.0 && at >= to) && rounds < MAX_ROUNDS && self.spend() {
            self.set_name(name, Value::number(at));
            let flow = self.body(body);
            if flow == Flow::Break && self.unsure == 0 {
                break;
            }
            if flow == Flow::Return && self.unsure == 0 {
                self.in_loop -= 1;
                return flow;
            }
            at = self.get_name(name).and_then(|value| value.as_number()).unwrap_or(at) + step;
            rounds += 1;
        }
        self.in_loop -= 1;
        if rounds == 0 {
            self.abstract_rounds(body, &[]);
        }
        Flow::Next
    }
}
