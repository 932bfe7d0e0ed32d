//! Expressions: operators, names, members, assignments.

use std::collections::HashMap;
use std::rc::Rc;

use super::{Object, Run, fold, source};
use crate::limits::MAX_EVAL_DEPTH;
use crate::tree::{Expr, Kind, Lang, Name, NewExpr};
use crate::value::{Callable, Con, Reflected, Taint, Value, from_len, to_int};

/// Names of the language that stand for the request's world.
const CONTEXT: &[&str] =
    &["context", "httpcontext", "page", "this", "me", "current", "self", "mybase", "base", "window"];

/// Members that name the folder of the web site.
const ROOTS: &[&str] =
    &["appdomainapppath", "applicationphysicalpath", "basedirectory", "contentrootpath", "webrootpath"];

impl Run {
    pub(super) fn eval(&mut self, expr: &Expr) -> Value {
        if self.depth >= MAX_EVAL_DEPTH || !self.spend() {
            self.facts.cut = true;
            return Value::default();
        }
        self.depth += 1;
        let value = self.eval_inner(expr);
        self.depth -= 1;
        value
    }

    pub(super) fn eval_inner(&mut self, expr: &Expr) -> Value {
        let line = expr.line;
        match &expr.kind {
            Kind::Nothing => Value::default(),
            Kind::Str(text) => Value { con: Some(Con::Str(text.clone())), ..Value::default() },
            Kind::Num(value) => Value::number(*value),
            Kind::Bool(value) => Value::truth(*value),
            Kind::Regex(text) => {
                Value { con: Some(Con::Str(text.clone())), ty: Some(Rc::from("regex")), ..Value::default() }
            }
            Kind::Id(name) => self.name(name, line),
            Kind::Member(base, name) => self.member(base, name, line),
            Kind::Call(callee, args) => self.call(callee, args, expr),
            Kind::Index(base, keys) => self.index(base, keys, line),
            Kind::New(new) => self.new_object(new, expr),
            Kind::Chain(first, rest) => self.chain(first, rest),
            Kind::Not(inner) => {
                let value = self.eval(inner);
                match value.as_truth().filter(|_| value.taint == Taint::default()) {
                    Some(truth) => Value::truth(!truth),
                    None => match value.as_number().filter(|_| self.lang.is_basic()) {
                        Some(number) => int_value(!to_int(number)),
                        None => Value::default(),
                    },
                }
            }
            Kind::Negative(inner) => {
                let value = self.eval(inner);
                value.as_number().map_or_else(Value::default, |number| Value::number(-number))
            }
            Kind::Invert(inner) => {
                let value = self.eval(inner);
                value.as_number().map_or_else(Value::default, |number| int_value(!to_int(number)))
            }
            Kind::Assign(op, target, value) => self.assign(*op, target, value),
            Kind::Cond(cond, yes, no) => self.either(cond, yes, no),
            Kind::List(items) => {
                let items = items.iter().map(|item| self.eval(item)).collect();
                Value::list(items)
            }
            Kind::Dict(pairs) => {
                let mut out = Value::default();
                let mut fields = HashMap::new();
                for (name, value) in pairs {
                    let value = self.eval(value);
                    out.absorb(&value);
                    fields.insert(Rc::from(name.to_lowercase()), value);
                }
                out.obj = Some(self.allocate(expr, None, line));
                if let Some(object) = out.obj.and_then(|at| self.heap.get_mut(index(at))) {
                    object.fields = fields;
                }
                out
            }
            Kind::Lambda(func) => {
                Value { call: Some(Rc::new(Callable::User(func.clone()))), ..Value::default() }
            }
            Kind::Cast(ty, inner) => self.cast(ty, inner),
            Kind::TypeOf(ty) => Value { ty: Some(self.resolve_type(ty)), ..Value::default() },
            Kind::WithObject => self.withs.last().cloned().unwrap_or_default(),
        }
    }

    pub(super) fn cast(&mut self, ty: &Name, inner: &Expr) -> Value {
        let mut value = self.eval(inner);
        match &**ty {
            "typeof" => return Value::default(),
            "int" | "int32" | "integer" | "long" | "int64" | "short" | "double" | "decimal" | "bool"
            | "boolean" | "datetime" | "guid" => {
                // A number runs nothing.
                value.taint = value.taint.without(crate::value::GIVEN);
                value.shape = None;
            }
            "char" => {
                if let Some(c) = value
                    .as_number()
                    .and_then(|number| u32::try_from(to_int(number)).ok())
                    .and_then(char::from_u32)
                {
                    return Value { taint: value.taint, ..Value::text(&c.to_string()) };
                }
            }
            "byte" => {
                if let Some(number) = value.as_number() {
                    return Value {
                        taint: value.taint,
                        ..Value::number(f64::from(crate::value::to_byte(number)))
                    };
                }
            }
            "" | "object" | "string" | "dynamic" | "var" | "byte[]" | "ienumerable" => {}
            ty => {
                let resolved = self.resolve_type(&Rc::from(ty));
                if let Some(known) = source::typed(&resolved) {
                    value.ty = known.ty;
                    value.taint = value.taint.with(known.taint);
                } else if value.ty.is_none() || value.is_any(&["object", "store"]) {
                    value.ty = Some(resolved);
                }
            }
        }
        value
    }

    pub(super) fn either(&mut self, cond: &Expr, yes: &Expr, no: &Expr) -> Value {
        let cond = self.eval(cond);
        match cond.as_truth().filter(|_| cond.taint == Taint::default()) {
            Some(true) => self.eval(yes),
            Some(false) => self.eval(no),
            None => {
                let yes = self.eval(yes);
                let no = self.eval(no);
                if yes.has(crate::value::GIVEN) { yes.join(&no) } else { no.join(&yes) }
            }
        }
    }

    /// A value by a bare name.
    pub(super) fn name(&mut self, name: &Name, line: u32) -> Value {
        if let Some(value) = self.get_name(name) {
            return value;
        }
        let aliased = self.resolve_type(name);
        if let Some(func) = self.funcs.get(name).cloned() {
            if func.property {
                return self.call_user(&func, &[]);
            }
            return Value { call: Some(Rc::new(Callable::User(func))), ty: None, ..Value::default() };
        }
        match &**name {
            "request" | "httprequest" | "requete" => Value::typed("httprequest"),
            "session" | "application" | "cache" | "viewstate" | "tempdata" | "viewbag" | "appstate" => {
                Value::typed("store")
            }
            "server" => Value::typed("server"),
            "response" => Value::typed("response"),
            "eval" | "execute" | "executeglobal" => Value {
                call: Some(Rc::new(Callable::Builtin(name.clone()))),
                ty: Some(name.clone()),
                ..Value::default()
            },
            "vbcrlf" | "vbnewline" => Value::text("\r\n"),
            "vbcr" => Value::text("\r"),
            "vblf" => Value::text("\n"),
            "vbtab" => Value::text("\t"),
            "vbnullchar" => Value::text("\0"),
            "vbnullstring" => Value::text(""),
            context if CONTEXT.contains(&context) => Value::typed("httpcontext"),
            "isdebuggingenabled" | "isvalid" | "ispostback" => Value::default(),
            _ if self.lang.is_basic() && (fold::is_constant_call(name)) => {
                self.builtin(name, &[], line).unwrap_or_default()
            }
            _ => Value { ty: Some(aliased), ..Value::default() },
        }
    }

    /// `base.name` where it is not called.
    pub(super) fn member(&mut self, base: &Expr, name: &Name, line: u32) -> Value {
        let value = self.eval(base);
        if let Some(found) = self.field(base, &value, name) {
            return found;
        }
        self.member_of(&value, name, line)
    }

    /// A field that was set before.
    pub(super) fn field(&mut self, base: &Expr, value: &Value, name: &Name) -> Option<Value> {
        if let Some(object) = value.obj.and_then(|at| self.heap.get(index(at)))
            && let Some(found) = object.fields.get(name)
        {
            return Some(found.clone());
        }
        if self.is_self(value)
            && let Some(found) = self.globals.get(name)
        {
            return Some(found.clone());
        }
        let path = path_of(base, name)?;
        self.get_name(&path)
    }

    pub(super) fn is_self(&self, value: &Value) -> bool {
        value.is("httpcontext") || value.ty.as_ref().is_some_and(|ty| self.classes.contains_key(ty))
    }

    /// A member of a value that no field holds.
    pub(super) fn member_of(&mut self, value: &Value, name: &Name, line: u32) -> Value {
        let key = &**name;
        if let Some(found) = self.given_member(value, key, line) {
            return found;
        }
        match (value.ty.as_deref().unwrap_or(""), key) {
            ("httprequest", _) => {
                let mut out = self.request_member(key, line);
                if out.taint.has(Taint::CLIENT) {
                    out.origins = Some(Rc::new(vec![crate::value::Origin { name: Rc::from(""), line }]));
                }
                return out;
            }
            ("process" | "processstartinfo", "standardinput") => return Value::typed("stdin"),
            ("process", "standardoutput" | "standarderror") => {
                return Value::tainted(Taint::OUTPUT, "stream");
            }
            ("process", "startinfo") => return self.start_info(value, line),
            ("store", "contents" | "staticobjects" | "session") => return Value::typed("store"),
            (_, "validationkey" | "decryptionkey") => {
                return Value { taint: Taint::SECRET.with(value.taint), ..Value::default() };
            }
            _ => {}
        }
        match key {
            "request" => return Value::typed("httprequest"),
            "response" => return Value::typed("response"),
            "server" => return Value::typed("server"),
            "session" | "application" | "cache" | "viewstate" | "items"
                if value.is_any(&["httpcontext", "page", "httpruntime", "hostingenvironment"]) =>
            {
                return Value::typed("store");
            }
            "drives" if value.is_any(&["scripting.filesystemobject", "comobject"]) => {
                self.facts.file_ops.entry("drives").or_insert(line);
                return Value::default();
            }
            "responsetext" | "responsebody" | "responsestream" => {
                return Value {
                    con: None,
                    ..Value { taint: value.taint.with(Taint::REMOTE), ..value.clone() }
                };
            }
            "current" if value.is("httpcontext") => return Value::typed("httpcontext"),
            root if ROOTS.contains(&root) => return source::root(),
            "length" | "count" | "longlength" | "size" => return self.length(value),
            "empty" if value.is("string") => return Value::text(""),
            "startinfo" => return self.start_info(value, line),
            _ => {}
        }
        if let Some(func) = self.funcs.get(name).cloned() {
            if func.property && (value.taint.0 == 0) {
                return self.call_user(&func, &[]);
            }
            if self.is_self(value) {
                return Value { call: Some(Rc::new(Callable::User(func))), ..Value::default() };
            }
        }
        let mut out = Value::from_parts([value]);
        if value.is("requestdata") && !matches!(key, "length" | "count") {
            out = Value { ty: Some(Rc::from("requestdata")), ..out };
        } else if value.taint.0 == 0 {
            // A part of a name of a type, or a method not yet called.
            out.ty = Some(self.resolve_type(name));
            out.call = Some(Rc::new(Callable::Method(Box::new(strip(value)), name.clone(), Reflected::No)));
        } else {
            out.ty = value.ty.clone().filter(|ty| matches!(&**ty, "stream" | "postedname" | "url"));
        }
        out
    }

    pub(super) fn length(&self, value: &Value) -> Value {
        let length = match &value.con {
            Some(Con::Str(text)) => Some(text.chars().count()),
            Some(Con::Bytes(bytes)) => Some(bytes.len()),
            Some(Con::List(items)) => Some(items.len()),
            Some(Con::Num(_) | Con::Bool(_)) | None => None,
        };
        length.map_or_else(Value::default, |length| Value::number(from_len(length)))
    }

    /// The start information of a process, made when it is first touched.
    pub(super) fn start_info(&mut self, process: &Value, line: u32) -> Value {
        let key: Name = Rc::from("startinfo");
        let known = process
            .obj
            .and_then(|at| self.heap.get(index(at)))
            .and_then(|object| object.fields.get(&key).cloned());
        if let Some(known) = known {
            return known;
        }
        let at = u32::try_from(self.heap.len()).unwrap_or(0);
        self.heap.push(Object { ty: Some(Rc::from("processstartinfo")), fields: HashMap::new(), line });
        let value = Value { obj: Some(at), ..Value::typed("processstartinfo") };
        if let Some(object) = process.obj.and_then(|at| self.heap.get_mut(index(at))) {
            object.fields.insert(key, value.clone());
        } else {
            let global: Name = Rc::from("\u{0}startinfo");
            if let Some(known) = self.globals.get(&global) {
                return known.clone();
            }
            self.globals.insert(global, value.clone());
        }
        value
    }

    /// A place on the heap for an expression; the same each time it runs.
    pub(super) fn allocate(&mut self, expr: &Expr, ty: Option<Name>, line: u32) -> u32 {
        let site = std::ptr::from_ref(expr) as usize;
        if let Some(at) = self.sites.get(&site).copied().filter(|_| self.layers == 0) {
            return at;
        }
        let at = u32::try_from(self.heap.len()).unwrap_or(0);
        self.heap.push(Object { ty, fields: HashMap::new(), line });
        self.sites.insert(site, at);
        at
    }

    pub(super) fn set_field(&mut self, at: u32, name: &Name, value: Value) {
        if let Some(object) = self.heap.get_mut(index(at)) {
            let joined = object.fields.get(name).map(|old| value.join(old));
            object.fields.insert(name.clone(), joined.unwrap_or(value));
        }
    }

    pub(super) fn get_field(&self, value: &Value, name: &str) -> Option<Value> {
        self.heap.get(index(value.obj?))?.fields.get(name).cloned()
    }

    pub(super) fn index(&mut self, base: &Expr, keys: &[Expr], line: u32) -> Value {
        let value = self.eval(base);
        let keys: Vec<Value> = keys.iter().map(|key| self.eval(key)).collect();
        self.index_of(&value, &keys, line)
    }

    pub(super) fn index_of(&mut self, value: &Value, keys: &[Value], line: u32) -> Value {
        let key = keys.first();
        if let Some(found) = self.keyed(value, key, line) {
            return found;
        }
        // `this["ev" + "al"]`, `window["eval"]`.
        if value.is("httpcontext") && self.lang == Lang::JScript {
            if let Some(name) = key.and_then(Value::as_text) {
                let name: Name = Rc::from(name.to_lowercase());
                return self.name(&name, line);
            }
            if let Some(key) = key.filter(|key| key.has(Taint::CLIENT)) {
                return Value {
                    call: Some(Rc::new(Callable::Builtin(Rc::from("\u{2}")))),
                    ..Value::from_parts([key])
                };
            }
        }
        if let Some(at) = key.and_then(Value::as_number)
            && let Some(found) = element(value, to_int(at))
        {
            return found;
        }
        if let Some(name) = key.and_then(Value::as_str) {
            if let Some(found) = self.get_field(value, &name.to_lowercase()) {
                return found;
            }
            if self.lang == Lang::JScript && value.con.is_none() && value.taint.0 == 0 {
                let name: Name = Rc::from(name.to_lowercase());
                return self.member_of(value, &name, line);
            }
            if self.lang == Lang::JScript {
                let name: Name = Rc::from(name.to_lowercase());
                let method = Callable::Method(Box::new(value.clone()), name, Reflected::No);
                return Value { call: Some(Rc::new(method)), ..Value::from_parts([value]) };
            }
        }
        self.element_of(value)
    }

    pub(super) fn new_object(&mut self, new: &NewExpr, expr: &Expr) -> Value {
        let args: Vec<Value> = new.args.iter().map(|arg| self.eval(arg)).collect();
        let init: Vec<(Option<Name>, Value)> =
            new.init.iter().map(|(name, value)| (name.clone(), self.eval(value))).collect();
        if new.array {
            if new.init.is_empty() {
                return self.empty_array(args.first());
            }
            return Value::list(init.into_iter().map(|(_, value)| value).collect());
        }
        let ty = self.resolve_type(&new.ty);
        let mut out = self.construct(&ty, &args, expr);
        for (name, value) in init {
            if let Some(name) = name {
                self.sets(&out, &name, &value, expr.line);
                if let Some(at) = out.obj {
                    self.set_field(at, &name, value);
                }
            } else {
                out.absorb(&value);
                if out.con.is_none() && matches!(&*ty, "list" | "arraylist" | "") {
                    out.con = Some(Con::List(Rc::new(vec![value])));
                } else if let Some(Con::List(items)) = &mut out.con {
                    Rc::make_mut(items).push(value);
                }
            }
        }
        out
    }

    pub(super) fn empty_array(&mut self, size: Option<&Value>) -> Value {
        let size = size.and_then(Value::as_number).map(to_int).and_then(|size| usize::try_from(size).ok());
        match size.filter(|size| *size <= crate::limits::MAX_ROUNDS) {
            Some(size) => Value::list(vec![Value::number(0.0); size]),
            None => Value::default(),
        }
    }
}

/// A value without what it was made of: enough to call a method on it.
pub(super) fn strip(value: &Value) -> Value {
    Value { call: None, ..value.clone() }
}

/// `a.b.c` of names only, as one name.
pub(super) fn path_of(base: &Expr, name: &str) -> Option<Name> {
    let mut parts = vec![name.to_owned()];
    let mut at = base;
    for _ in 0..8 {
        match &at.kind {
            Kind::Id(name) => {
                parts.push(name.to_string());
                parts.reverse();
                return Some(Rc::from(parts.join(".")));
            }
            Kind::Member(inner, name) => {
                parts.push(name.to_string());
                at = inner;
            }
            _ => return None,
        }
    }
    None
}

/// An index as a place in memory.
pub(super) fn index(at: u32) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

pub(super) fn int_value(value: i64) -> Value {
    Value::number(as_number(value))
}

#[expect(clippy::cast_precision_loss, reason = "results of bit operations on character codes")]
pub(super) fn as_number(value: i64) -> f64 {
    value as f64
}

fn element(value: &Value, at: i64) -> Option<Value> {
    let at = usize::try_from(at).ok()?;
    let mut found = match value.con.as_ref()? {
        Con::List(items) => items.get(at)?.clone(),
        Con::Str(text) if text.is_ascii() => Value::text(text.get(at..=at)?),
        Con::Str(text) => Value::text(&text.chars().nth(at)?.to_string()),
        Con::Bytes(bytes) => Value::number(f64::from(*bytes.get(at)?)),
        Con::Num(_) | Con::Bool(_) => return None,
    };
    found.taint = found.taint.with(Taint(value.taint.0 & (Taint::HIDDEN.0 | Taint::DERIVED.0)));
    Some(found)
}
