//! Assignments to names, members and elements.

use std::rc::Rc;

use super::Run;
use super::expr::path_of;
use crate::tree::{Expr, Kind, Name, Op};
use crate::value::{Con, Value, to_int};

/// Beyond this place an element is not kept apart: each change copies the list.
const MAX_SET_AT: usize = 2048;

impl Run {
    pub(super) fn assign(&mut self, op: Op, target: &Expr, value: &Expr) -> Value {
        let right = self.eval(value);
        let value = if op == Op::Set {
            right
        } else {
            let left = self.eval(target);
            self.binary(op, &left, &right)
        };
        self.assign_to(target, &value);
        value
    }

    pub(super) fn assign_to(&mut self, target: &Expr, value: &Value) {
        match &target.kind {
            Kind::Id(name) => {
                let mut value = value.clone();
                if value.ty.is_none() {
                    value.ty = self.get_name(name).and_then(|old| old.ty);
                }
                let setter: Name = Rc::from(format!("set_{name}"));
                if let Some(func) = self.funcs.get(&setter).cloned() {
                    self.call_user(&func, std::slice::from_ref(&value));
                }
                self.set_name(name, value);
            }
            Kind::Member(base, name) => self.assign_member(base, name, value, target.line),
            Kind::Index(base, keys) | Kind::Call(base, keys) => {
                let object = self.eval(base);
                let keys: Vec<Value> = keys.iter().map(|key| self.eval(key)).collect();
                self.assign_element(base, &object, &keys, value);
            }
            Kind::Cast(_, inner) => self.assign_to(inner, value),
            Kind::List(items) => {
                for item in items {
                    self.assign_to(item, value);
                }
            }
            _ => {}
        }
    }

    pub(super) fn assign_member(&mut self, base: &Expr, name: &Name, value: &Value, line: u32) {
        let object = self.eval(base);
        self.sets(&object, name, value, line);
        if let Some(at) = object.obj {
            self.set_field(at, name, value.clone());
        } else if self.is_self(&object) {
            let setter: Name = Rc::from(format!("set_{name}"));
            if let Some(func) = self.funcs.get(&setter).cloned() {
                self.call_user(&func, std::slice::from_ref(value));
            }
            let joined = self.globals.get(name).map(|old| value.join(old));
            self.globals.insert(name.clone(), joined.unwrap_or_else(|| value.clone()));
        } else if let Some(path) = path_of(base, name) {
            self.set_name(&path, value.clone());
        }
    }

    pub(super) fn assign_element(&mut self, base: &Expr, object: &Value, keys: &[Value], value: &Value) {
        let key = keys.first();
        if object.is("store") {
            self.store(key, value);
            return;
        }
        if let (Some(at), Some(name)) = (object.obj, key.and_then(Value::as_str)) {
            self.set_field(at, &Rc::from(name.to_lowercase()), value.clone());
        }
        let Kind::Id(name) = &base.kind else {
            if let Kind::Member(inner, field) = &base.kind {
                let inner_value = self.eval(inner);
                if let Some(at) = inner_value.obj {
                    self.set_field(at, field, Value::from_parts([object, value]));
                }
            }
            return;
        };
        let mut next = object.clone();
        let at = key.and_then(Value::as_number).map(to_int).and_then(|at| usize::try_from(at).ok());
        match at.and_then(|at| replaced(object, at, value)) {
            Some(found) => next = found,
            None => next.con = if value.taint.0 == 0 && at.is_none() { next.con } else { None },
        }
        next.absorb(value);
        if value.has(crate::value::GIVEN) {
            next.shape = None;
        }
        self.set_name(name, next);
    }
}

/// A list with one element replaced, if the list is known.
fn replaced(value: &Value, at: usize, by: &Value) -> Option<Value> {
    if at > MAX_SET_AT {
        return None;
    }
    let mut items = match &value.con {
        Some(Con::List(items)) => items.clone(),
        Some(Con::Bytes(bytes)) => {
            Rc::new(bytes.iter().map(|byte| Value::number(f64::from(*byte))).collect())
        }
        Some(Con::Str(_) | Con::Num(_) | Con::Bool(_)) => return None,
        None if value.taint.0 == 0 => Rc::new(Vec::new()),
        None => return None,
    };
    let all = Rc::make_mut(&mut items);
    while all.len() <= at {
        all.push(Value::default());
    }
    if let Some(slot) = all.get_mut(at) {
        *slot = by.clone();
    }
    Some(Value { con: Some(Con::List(items)), shape: None, ..value.clone() })
}
