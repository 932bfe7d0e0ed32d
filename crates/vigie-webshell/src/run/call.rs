//! Calls: of functions of the page, of the language, and of methods, also by name and by reflection.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use super::{Frame, Run, source};
use crate::evidence::Class;
use crate::limits::MAX_CALL_DEPTH;
use crate::tree::{Expr, Func, Kind, Lang, Name};
use crate::value::{Callable, Con, GIVEN, Reflected, Taint, Value};

/// Methods that put what they are given into what they are called on.
const INTO: &[&str] = &[
    "append",
    "appendline",
    "appendformat",
    "add",
    "addrange",
    "write",
    "writeline",
    "writetext",
    "insert",
    "enqueue",
    "push",
    "copyto",
    "loadxml",
    "load",
    "writebyte",
    "addwithvalue",
    "set",
    "setvalue",
    "seek",
    "concat",
    "unshift",
    "appendtext",
    "createelement",
    "replace",
];

impl Run {
    /// A statement that is only a name: Basic calls it.
    pub(super) fn call_bare(&mut self, expr: &Expr) -> Value {
        let value = self.eval(expr);
        match value.call.as_deref() {
            Some(Callable::User(func)) if self.lang.is_basic() && func.params.is_empty() => {
                let func = func.clone();
                self.call_user(&func, &[])
            }
            Some(Callable::Method(base, name, _)) if self.lang.is_basic() => {
                let (base, name) = (base.as_ref().clone(), name.clone());
                self.method(&base, &name, &[], expr)
            }
            Some(Callable::User(_) | Callable::Builtin(_) | Callable::Method(..)) | None => value,
        }
    }

    pub(super) fn call(&mut self, callee: &Expr, args: &[Expr], whole: &Expr) -> Value {
        match &callee.kind {
            Kind::Id(name) => self.call_name(name, args, whole),
            Kind::Member(base, name) => {
                let value = self.eval(base);
                let found: Vec<Value> = args.iter().map(|arg| self.eval(arg)).collect();
                // A field may hold a function or a list.
                if let Some(field) = self.get_field(&value, name) {
                    return self.call_value(&field, &found, whole);
                }
                let out = self.method(&value, name, &found, whole);
                self.flows_into(base, &value, name, &found, args);
                out
            }
            _ => {
                let value = self.eval(callee);
                let found: Vec<Value> = args.iter().map(|arg| self.eval(arg)).collect();
                self.call_value(&value, &found, whole)
            }
        }
    }

    pub(super) fn call_name(&mut self, name: &Name, args: &[Expr], whole: &Expr) -> Value {
        let found: Vec<Value> = args.iter().map(|arg| self.eval(arg)).collect();
        let local = self.get_name(name);
        // Inside a Basic function its own name with arguments calls it again.
        if local.is_none()
            && let Some(func) = self.funcs.get(name).cloned()
        {
            if func.body.is_empty() {
                self.native_call(&func, &found, whole.line);
                self.taints_buffers(args, &found);
                return Value::from_parts(found.iter());
            }
            let out = self.call_user(&func, &found);
            return out;
        }
        if let Some(value) = local {
            self.call_value(&value, &found, whole)
        } else {
            if let Some(out) = self.builtin(name, &found, whole.line) {
                return out;
            }
            let value = self.name(name, whole.line);
            if value.is_any(&["httprequest", "store"]) {
                return self.index_of(&value, &found, whole.line);
            }
            if value.call.is_some() {
                return self.call_value(&value, &found, whole);
            }
            let mut out = Value::from_parts(found.iter());
            out.taint = out.taint.with(derived(&found));
            out
        }
    }

    /// A value used like a function: a lambda, a builtin under another name, or a list that Basic indexes.
    pub(super) fn call_value(&mut self, value: &Value, args: &[Value], whole: &Expr) -> Value {
        match value.call.clone().as_deref() {
            Some(Callable::User(func)) => self.call_user(func, args),
            Some(Callable::Builtin(name)) if &**name == "\u{2}" => {
                if args.iter().any(|arg| arg.has(GIVEN)) {
                    self.found(Class::CallsByName, whole.line, value, None);
                }
                Value::from_parts(args.iter())
            }
            Some(Callable::Builtin(name)) => {
                self.builtin(name, args, whole.line).unwrap_or_else(|| Value::from_parts(args.iter()))
            }
            Some(Callable::Method(base, name, Reflected::No)) => {
                if value.is_any(&["requestdata"])
                    || args.is_empty() && value.ty.is_some() && value.taint.0 == 0 && self.lang.is_basic()
                {
                    return self.method(base, name, args, whole);
                }
                self.method(base, name, args, whole)
            }
            Some(Callable::Method(base, name, Reflected::Yes)) => self.method(base, name, args, whole),
            None => self.index_of(value, args, whole.line),
        }
    }

    /// A function of the page.
    pub(super) fn call_user(&mut self, func: &Rc<Func>, args: &[Value]) -> Value {
        if self.frames.len() >= MAX_CALL_DEPTH {
            self.facts.cut = true;
            return Value::from_parts(args.iter());
        }
        let key = (Rc::as_ptr(func) as usize, fingerprint(args));
        if (self.in_loop == 0 || args.iter().all(|arg| arg.con.is_none()))
            && let Some(known) = self.memo.get(&key)
        {
            return known.clone();
        }
        let mut frame = Frame { name: self.lang.is_basic().then(|| func.name.clone()), ..Frame::default() };
        for (at, param) in func.params.iter().enumerate() {
            let mut value = args.get(at).cloned().unwrap_or_default();
            if let Some(known) = param.ty.as_ref().and_then(|ty| source::typed(ty)) {
                if value.ty.is_none() {
                    value.ty = known.ty;
                }
                value.taint = value.taint.with(known.taint);
            } else if value.ty.is_none() {
                value.ty = param
                    .ty
                    .clone()
                    .filter(|ty| !matches!(&**ty, "string" | "object" | "var" | "byref" | "byval" | "int"));
            }
            frame.locals.insert(param.name.clone(), value);
        }
        // What a JScript function is called with it may read as `arguments`.
        if self.lang == Lang::JScript {
            frame.locals.insert(Rc::from("arguments"), Value::list(args.to_vec()));
        }
        // A function that calls itself must end: its own result is unknown meanwhile.
        self.memo.insert(key, Value { taint: derived(args), ..Value::from_parts(args.iter()) });
        self.frames.push(frame);
        let unsure = std::mem::take(&mut self.unsure);
        let in_loop = self.in_loop;
        self.in_loop = 0;
        self.body(&func.body);
        self.in_loop = in_loop;
        self.unsure = unsure;
        let result = self.frames.pop().and_then(|frame| frame.result);
        let mut out = result.unwrap_or_default();
        let constant = args.iter().any(|arg| arg.con.is_some());
        if out.con.is_some()
            && constant
            && args.iter().all(|arg| arg.con.is_none() || arg.as_text() != out.as_text())
        {
            out.taint = out.taint.with(Taint::HIDDEN);
        } else if out.con.is_none() && out.taint.0 == 0 && out.call.is_none() && out.obj.is_none() {
            out.taint = out.taint.with(derived(args));
        }
        self.memo.insert(key, out.clone());
        out
    }

    /// Methods that put their arguments into what they are called on, or into one another.
    #[expect(clippy::too_many_arguments, reason = "both the call as written and its values")]
    pub(super) fn flows_into(
        &mut self,
        base: &Expr,
        value: &Value,
        name: &Name,
        found: &[Value],
        args: &[Expr],
    ) {
        let given: Value = Value::from_parts(found.iter());
        let requests = &**name == "open"
            && value.ty.as_ref().is_some_and(|ty| ty.contains("xmlhttp") || ty.contains("winhttp"));
        if (INTO.contains(&&**name) || requests)
            && !value.is_any(&["response", "httprequest", "store", "server", "stdin"])
            && let Kind::Id(variable) = &base.kind
        {
            let mut next = value.clone();
            if &**name == "loadxml" && found.first().is_some_and(|first| first.as_str().is_some()) {
                next.con = found.first().and_then(|first| first.con.clone());
                next.absorb(&given);
            } else if matches!(&**name, "append" | "add" | "push" | "appendline")
                && value.taint.0 == 0
                && given.taint.0 == 0
            {
                next = self.appended(&next, name, found);
            } else if given.taint.0 != 0 {
                next.absorb(&given);
                next.con = None;
            }
            if self.get_name(variable).is_some() || given.taint.0 != 0 {
                self.set_name(variable, next);
            }
        }
        if matches!(&**name, "copyto" | "writeto" | "savetostream" | "copytoasync")
            && let (Some(Expr { kind: Kind::Id(target), .. }), true) = (args.first(), value.taint.0 != 0)
        {
            let mut next = self.get_name(target).unwrap_or_default();
            next.absorb(value);
            self.copied_into(&next.clone(), value, base.line);
            self.set_name(target, next);
        }
        if matches!(
            &**name,
            "read"
                | "readasync"
                | "receive"
                | "readblock"
                | "blockcopy"
                | "copy"
                | "bytescopy"
                | "arraycopy"
                | "transformblock"
        ) {
            self.taints_buffers_of(args, value, found);
        }
    }

    pub(super) fn appended(&self, value: &Value, name: &Name, found: &[Value]) -> Value {
        let Some(first) = found.first() else { return value.clone() };
        match (&value.con, &**name) {
            (Some(Con::List(items)), "add" | "push") => {
                let mut items = items.clone();
                Rc::make_mut(&mut items).push(first.clone());
                Value { con: Some(Con::List(items)), ..value.clone() }
            }
            (None, "add" | "push") => {
                Value { con: Some(Con::List(Rc::new(vec![first.clone()]))), ..value.clone() }
            }
            (_, "append" | "appendline") => {
                let empty = Value::text("");
                let before = if value.con.is_some() { value } else { &empty };
                Value { ty: value.ty.clone(), obj: value.obj, ..before.concat(first) }
            }
            _ => value.clone(),
        }
    }

    /// `stream.Read(buffer, …)`: the buffer holds what the stream holds.
    pub(super) fn taints_buffers_of(&mut self, args: &[Expr], value: &Value, found: &[Value]) {
        let mut given = Value::from_parts(found.iter());
        if value.taint.0 != 0 {
            given.absorb(value);
        }
        if given.taint.0 == 0 {
            return;
        }
        for arg in args {
            if let Kind::Id(name) = &arg.kind
                && let Some(mut old) = self.get_name(name)
            {
                old.absorb(&given);
                old.con = None;
                self.set_name(name, old);
            }
        }
    }

    pub(super) fn taints_buffers(&mut self, args: &[Expr], found: &[Value]) {
        let nothing = Value::default();
        self.taints_buffers_of(args, &nothing, found);
    }

    /// A method on a value.
    #[expect(clippy::too_many_lines, reason = "one arm for each construct or call that it tells apart")]
    pub(super) fn method(&mut self, base: &Value, name: &Name, args: &[Value], whole: &Expr) -> Value {
        let line = whole.line;
        let key = &**name;
        if let Some(out) = self.by_reflection(base, key, args, whole) {
            return out;
        }
        if let Some(func) = self.funcs.get(name).cloned() {
            let ours =
                base.ty.as_ref().is_none_or(|ty| self.classes.contains_key(ty) || &**ty == "httpcontext");
            if ours && !base.has(GIVEN) && !func.body.is_empty() {
                return self.call_user(&func, args);
            }
            if func.body.is_empty() && func.dll.is_some() {
                self.native_call(&func, args, line);
            }
        }
        if base.is("httprequest") {
            let member = self.request_member(key, line);
            return match key {
                "form" | "querystring" | "params" | "headers" | "cookies" | "item" | "servervariables"
                | "files" => self.index_of(&member, args, line),
                "saveas" => {
                    self.saves(args.first(), &source::request_data(), line);
                    Value::default()
                }
                "mappath" => self.map_path(args),
                "binaryread" => Value { origins: Some(one_origin(line)), ..member },
                _ => Value { origins: Some(one_origin(line)), ..member },
            };
        }
        if base.is("requestdata")
            && matches!(
                key,
                "get" | "getvalues" | "item" | "getvalue" | "trygetvalue" | "form" | "querystring"
            )
        {
            return self.index_of(base, args, line);
        }
        if base.is("files") && matches!(key, "get" | "item" | "getfile") {
            return self.index_of(base, args, line);
        }
        if base.is("store") {
            match key {
                "add" | "set" | "insert" | "setstring" => {
                    if let Some(value) = args.get(1) {
                        self.store(args.first(), value);
                    }
                    return Value::default();
                }
                "get" | "item" | "contents" | "getstring" => return self.index_of(base, args, line),
                _ => {}
            }
        }
        if let Some(out) = self.sink(base, key, args, whole) {
            return out;
        }
        if let Some(out) = self.fold_method(base, key, args) {
            return out;
        }
        if args.is_empty()
            && let Some(found) = self.given_member(base, key, line)
        {
            return found;
        }
        // A property with an index, as `Request.Form.Item("x")`.
        if base.taint.0 == 0 && base.ty.is_some() && base.call.is_none() && args.is_empty() {
            let member = self.member_of(base, name, line);
            if member.ty.as_deref() != Some(key) || member.call.is_none() {
                return Value { call: None, ..member };
            }
        }
        let mut out = Value::from_parts(args.iter());
        out.absorb(base);
        if base.taint.has(GIVEN) && args.is_empty() {
            out.shape.clone_from(&base.shape);
        }
        out.taint = out.taint.with(derived(args));
        out.obj =
            base.obj.filter(|_| matches!(key, "append" | "configureawait" | "getawaiter" | "getresult"));
        out.ty = result_type(base, key);
        out
    }
}

/// Types that open a file whose path is the first argument.
pub(super) fn is_opener(ty: &str) -> bool {
    matches!(
        ty,
        "filestream"
            | "streamwriter"
            | "streamreader"
            | "binarywriter"
            | "fileinfo"
            | "directoryinfo"
            | "xmltextwriter"
            | "textstream"
            | "zipfile"
            | "ziparchive"
    )
}

fn one_origin(line: u32) -> Rc<Vec<crate::value::Origin>> {
    Rc::new(vec![crate::value::Origin { name: Rc::from(""), line }])
}

/// The mark of a result that was computed from long constants.
pub(super) fn derived(args: &[Value]) -> Taint {
    const LONG: usize = 24;
    let long = args.iter().any(|arg| {
        arg.as_str().is_some_and(|text| text.len() >= LONG)
            || arg.has(Taint::DERIVED)
            || matches!(&arg.con, Some(Con::List(items)) if items.len() >= LONG)
            || matches!(&arg.con, Some(Con::Bytes(bytes)) if bytes.len() >= LONG)
    });
    if long { Taint::DERIVED } else { Taint::default() }
}

/// What stays a stream, a folder or a socket through a method.
fn result_type(base: &Value, key: &str) -> Option<Name> {
    match key {
        "getstream" | "getrequeststream" => Some(Rc::from("networkstream")),
        "getresponsestream" | "getresponse" | "openread" => Some(Rc::from("stream")),
        "split" | "trim" | "replace" | "substring" | "tostring" | "tolower" | "toupper" => {
            base.ty.clone().filter(|ty| matches!(&**ty, "requestdata" | "postedname"))
        }
        _ => None,
    }
}

/// What calls of the same function with the same arguments share.
fn fingerprint(args: &[Value]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for arg in args {
        arg.taint.0.hash(&mut hasher);
        arg.obj.hash(&mut hasher);
        arg.ty.hash(&mut hasher);
        arg.shape.hash(&mut hasher);
        arg.call.as_ref().map(|call| Rc::as_ptr(call) as usize).hash(&mut hasher);
        arg.as_text().hash(&mut hasher);
        0xffu8.hash(&mut hasher);
    }
    hasher.finish()
}
