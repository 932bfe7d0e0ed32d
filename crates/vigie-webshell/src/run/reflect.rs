//! Calls by name and by reflection, and new objects.

use std::rc::Rc;

use super::call::is_opener;
use super::expr::index;
use super::{Object, Run, source};
use crate::evidence::Class;
use crate::tree::{Expr, Lang, Name};
use crate::value::{Callable, Con, GIVEN, Reflected, Taint, Value};

impl Run {
    /// `Type.GetType("a" + "b").GetMethod("c").Invoke(o, args)` and its kin.
    #[expect(clippy::too_many_lines, reason = "one arm for each construct or call that it tells apart")]
    pub(super) fn by_reflection(
        &mut self,
        base: &Value,
        key: &str,
        args: &[Value],
        whole: &Expr,
    ) -> Option<Value> {
        let line = whole.line;
        let first = args.first();
        match key {
            "gettype" | "gettypefromprogid" | "gettypefromclsid" | "gettypebyname" | "getexporttype"
                if !args.is_empty() =>
            {
                let mut out = Value::from_parts(args.iter());
                match first.and_then(Value::as_text) {
                    Some(name) => out.ty = Some(type_of_text(&name)),
                    None => out.ty = Some(Rc::from("type")),
                }
                out.absorb(base);
                Some(out)
            }
            "gettype" => Some(Value { call: None, ..base.clone() }),
            "getmethod" | "getmethods" | "getruntimemethod" | "getconstructor" | "getproperty"
            | "getfield" | "getmember" => {
                let name = first.and_then(Value::as_text).map(|name| name.to_lowercase());
                let mut out = Value::from_parts(args.iter());
                out.absorb(base);
                out.ty = Some(Rc::from("methodinfo"));
                let name = match (key, name) {
                    ("getconstructor", _) => Some(".ctor".to_owned()),
                    (_, name) => name,
                };
                if let Some(name) = name {
                    out.call = Some(Rc::new(Callable::Method(
                        Box::new(base.clone()),
                        Rc::from(name),
                        Reflected::Yes,
                    )));
                }
                Some(out)
            }
            "invoke" | "dynamicinvoke" | "begininvoke" | "call" | "apply"
                if base.call.is_some() || base.is("methodinfo") =>
            {
                Some(self.invoke(base, key, args, whole))
            }
            "setvalue" if base.is("methodinfo") => {
                if let (Some(Callable::Method(_, name, _)), Some(object), Some(value)) =
                    (base.call.as_deref(), first, args.get(1))
                {
                    let (name, object, value) = (name.clone(), object.clone(), value.clone());
                    self.sets(&object, &name, &value, line);
                    if let Some(at) = object.obj {
                        self.set_field(at, &name, value);
                    }
                }
                Some(Value::default())
            }
            "invokemember" => {
                let name = first.and_then(Value::as_text).map(|name| name.to_lowercase());
                let inner = args.get(4).or(args.last()).map(arguments_of).unwrap_or_default();
                let object = args
                    .get(3)
                    .filter(|object| object.ty.is_some() || object.obj.is_some())
                    .unwrap_or(base)
                    .clone();
                if let Some(name) = name {
                    Some(self.method(&object, &Rc::from(name), &inner, whole))
                } else {
                    let by = first.cloned().unwrap_or_default();
                    if by.has(Taint::CLIENT)
                        && inner.iter().any(|arg| arg.has(GIVEN))
                        && base.has(Taint::CLIENT)
                    {
                        self.found(Class::CallsByName, line, &by, None);
                    }
                    Some(Value::from_parts(args.iter()))
                }
            }
            "createobject" if !base.is_any(&["activator", "appdomain", "assembly", "currentdomain"]) => {
                Some(self.com_object(args, line))
            }
            "getobject" if base.is_any(&["server", "interaction", "marshal"]) => {
                self.builtin(&Rc::from("getobject"), args, line)
            }
            "callbyname" => {
                let name = args.get(1).and_then(Value::as_text).map(|name| name.to_lowercase())?;
                let object = first.cloned().unwrap_or_default();
                let inner: Vec<Value> = args.get(3..).unwrap_or_default().to_vec();
                Some(self.method(&object, &Rc::from(name), &inner, whole))
            }
            "createinstance" | "createinstanceandunwrap" | "createinstancefrom" => {
                let named = args.iter().rev().find_map(Value::as_text).map(|name| type_of_text(&name));
                let ty = first
                    .and_then(|first| first.ty.clone())
                    .filter(|ty| !matches!(&**ty, "type" | "methodinfo"))
                    .or(named)?;
                let rest: Vec<Value> = args.get(1..).unwrap_or_default().to_vec();
                Some(self.construct(&ty, &rest, whole))
            }
            _ => None,
        }
    }

    pub(super) fn invoke(&mut self, base: &Value, key: &str, args: &[Value], whole: &Expr) -> Value {
        match base.call.clone().as_deref() {
            Some(Callable::Method(object, name, Reflected::Yes)) => {
                let inner = args.get(1).map(arguments_of).unwrap_or_default();
                let target = args
                    .first()
                    .filter(|target| target.ty.is_some() || target.obj.is_some())
                    .unwrap_or(object)
                    .clone();
                let target = if target.ty.is_some() { target } else { object.as_ref().clone() };
                if &**name == ".ctor" {
                    let ty = object.ty.clone().unwrap_or_else(|| Rc::from("object"));
                    let inner = args.first().map(arguments_of).unwrap_or_default();
                    return self.construct(&ty, &inner, whole);
                }
                // A static method is found on the type, an instance's on the object.
                let out = self.method(&target, name, &inner, whole);
                if target.ty != object.ty {
                    return self.method(object, name, &inner, whole);
                }
                out
            }
            Some(Callable::Method(object, name, Reflected::No)) => {
                let inner: Vec<Value> = match key {
                    "call" => args.get(1..).unwrap_or_default().to_vec(),
                    "apply" => args.get(1).map(arguments_of).unwrap_or_default(),
                    _ => args.to_vec(),
                };
                self.method(object, name, &inner, whole)
            }
            Some(Callable::User(func)) => {
                let skip = usize::from(matches!(key, "call"));
                let inner: Vec<Value> = args.get(skip..).unwrap_or_default().to_vec();
                self.call_user(func, &inner)
            }
            Some(Callable::Builtin(name)) => {
                let skip = usize::from(matches!(key, "call"));
                let inner: Vec<Value> = args.get(skip..).unwrap_or_default().to_vec();
                self.builtin(name, &inner, whole.line).unwrap_or_default()
            }
            None => {
                // The method is not known; who chose it is.
                let named_by_client = base.has(Taint::CLIENT);
                let given = args.iter().any(|arg| arg.has(GIVEN));
                if named_by_client && given && base.is("methodinfo") && self.type_was_given(base) {
                    self.found(Class::CallsByName, whole.line, base, None);
                }
                Value::from_parts(args.iter())
            }
        }
    }

    /// Whether the client names the type too: dispatching to one's own methods by a parameter is common and harmless.
    pub(super) fn type_was_given(&self, method: &Value) -> bool {
        method.origins.as_ref().is_some_and(|origins| origins.len() > 1)
    }

    /// A new object of a type.
    pub(super) fn construct(&mut self, ty: &Name, args: &[Value], whole: &Expr) -> Value {
        let line = whole.line;
        let ty: Name = if &**ty == "activexobject" {
            args.first()
                .and_then(Value::as_text)
                .map_or_else(|| Rc::from("comobject"), |id| Rc::from(source::com_type(&id.to_lowercase())))
        } else {
            self.resolve_type(ty)
        };
        if &*ty == "function"
            && self.lang == Lang::JScript
            && let Some(body) = args.last()
        {
            self.run_code(body, Lang::JScript, line);
        }
        if let Some(out) = self.fold_new(&ty, args) {
            return out;
        }
        let constructor = self.funcs.get(&ty).cloned();
        if let Some(func) = constructor.filter(|_| self.classes.contains_key(&ty)) {
            self.call_user(&func, args);
        }
        let mut out = self.new_sink(&ty, args, line);
        let at = self.allocate(whole, Some(ty.clone()), line);
        if let Some(object) = self.heap.get_mut(index(at))
            && object.ty.as_ref() != Some(&ty)
        {
            *object = Object { ty: Some(ty.clone()), line, ..Object::default() };
        }
        if matches!(&*ty, "processstartinfo") {
            for (name, value) in ["filename", "arguments"].into_iter().zip(args) {
                self.set_field(at, &Rc::from(name), value.clone());
            }
        }
        if let Some(path) = args.first().filter(|_| is_opener(&ty)) {
            self.set_field(at, &Rc::from("\u{0}path"), path.clone());
        }
        out.obj = Some(at);
        if out.ty.is_none() {
            out.ty = Some(ty);
        }
        out
    }
}

/// A type's name as reflection is given it: `System.Diagnostics.Process, System, …`.
fn type_of_text(name: &str) -> Name {
    let name = name.split(',').next().unwrap_or(name).trim().to_lowercase();
    if name.starts_with("wscript.")
        || name.starts_with("shell.")
        || name.starts_with("scripting.")
        || name.starts_with("adodb.")
        || name.contains("clsid")
    {
        return Rc::from(source::com_type(&name));
    }
    crate::parse::last_part(&name)
}

/// The arguments inside an array of arguments.
fn arguments_of(value: &Value) -> Vec<Value> {
    match &value.con {
        Some(Con::List(items)) => items.as_ref().clone(),
        Some(Con::Str(_) | Con::Bytes(_) | Con::Num(_) | Con::Bool(_)) | None => vec![value.clone()],
    }
}
