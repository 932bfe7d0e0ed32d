//! What functions of the languages give when their arguments are known: the layers that hide a text.

use std::rc::Rc;

use super::Run;
use crate::codec;
use crate::tree::{Lang, Name};
use crate::value::{Callable, Con, GIVEN, Taint, Value, from_len, parse_number, to_int};

/// Functions whose result is a number, a truth or a digest: nothing in it runs.
const HARMLESS: &[&str] = &[
    "cint",
    "clng",
    "cdbl",
    "csng",
    "cbyte",
    "cbool",
    "cdate",
    "ccur",
    "len",
    "instr",
    "instrrev",
    "isnumeric",
    "isnull",
    "isempty",
    "isarray",
    "isobject",
    "isnothing",
    "isdate",
    "val",
    "parseint",
    "parsefloat",
    "number",
    "isnan",
    "abs",
    "round",
    "int",
    "fix",
    "sgn",
    "sqr",
    "ubound",
    "lbound",
    "strcomp",
    "vartype",
    "typename",
    "now",
    "date",
    "time",
    "timer",
    "year",
    "month",
    "day",
    "hour",
    "minute",
    "second",
    "rnd",
    "datediff",
    "dateadd",
    "datepart",
    "formatnumber",
    "formatdatetime",
    "lenb",
    "isdbnull",
    "fileexists",
    "folderexists",
];

/// A Basic function that is also called without brackets.
pub(super) fn is_constant_call(name: &str) -> bool {
    matches!(name, "now" | "date" | "time" | "timer" | "rnd")
}

impl Run {
    /// A function of the language, if it is one.
    pub(super) fn builtin(&mut self, name: &Name, args: &[Value], line: u32) -> Option<Value> {
        let key = name.trim_end_matches('$');
        if let Some(out) = self.global_sink(key, args, line) {
            return Some(out);
        }
        if HARMLESS.contains(&key) {
            return Some(self.harmless(key, args));
        }
        let first = args.first();
        let out = match key {
            "chr" | "chrw" | "chrb" | "fromcharcode" => {
                let code = first
                    .and_then(Value::as_number)
                    .and_then(|code| u32::try_from(to_int(code) & 0xffff).ok());
                marked(code.and_then(char::from_u32).map(|c| c.to_string()), args)
            }
            "asc" | "ascw" | "ascb" => {
                match first.and_then(Value::as_text).and_then(|text| text.chars().next()) {
                    Some(c) => Value::number(f64::from(u32::from(c))),
                    None => Value { con: None, ..passed(args) },
                }
            }
            "strreverse" => {
                marked(first.and_then(Value::as_text).map(|text| text.chars().rev().collect()), args)
            }
            "unescape" | "decodeuricomponent" | "decodeuri" | "urldecode" => {
                marked(first.and_then(Value::as_text).map(|text| codec::unescape(&text)), args)
            }
            "atob" => marked(first.and_then(Value::as_text).map(|text| latin(&codec::base64(&text))), args),
            "escape" | "encodeuricomponent" | "encodeuri" | "htmlencode" | "urlencode" => passed(args),
            "hex" => first
                .and_then(Value::as_number)
                .map_or_else(|| passed(args), |number| Value::text(&format!("{:X}", to_int(number)))),
            "cstr" | "string" if args.len() == 1 => kept(first),
            "string" | "string$" => self.repeated(args),
            "space" => first
                .and_then(Value::as_number)
                .map_or_else(Value::default, |count| Value::text(&" ".repeat(small(count)))),
            "left" | "right" | "mid" | "leftb" | "midb" | "rightb" => slice_basic(key, args),
            "lcase" | "ucase" | "trim" | "ltrim" | "rtrim" => self.cased(key, args),
            "replace" => self.replaced_text(first, args.get(1..).unwrap_or_default()),
            "split" => split_text(first, args.get(1)),
            "join" => joined_list(first, args.get(1), " "),
            "filter" => passed(args),
            "array" => Value::list(args.to_vec()),
            "iif" => args
                .get(1)
                .map(|yes| args.get(2).map_or_else(|| yes.clone(), |no| yes.join(no)))
                .unwrap_or_default(),
            "getref" => self.reference(first),
            "createobject" => self.com_object(args, line),
            "getobject" => {
                let what = first.and_then(Value::as_text).map(|text| text.to_lowercase()).unwrap_or_default();
                if what.starts_with("script:") && first.is_some_and(|first| !first.has(GIVEN)) {
                    self.findings.add(crate::evidence::Class::RunsFetched, line, None, None);
                }
                if what.starts_with("winmgmts") {
                    Value::typed("winmgmts")
                } else {
                    Value { ty: Some(Rc::from(super::source::com_type(&what))), ..passed(args) }
                }
            }
            _ => return None,
        };
        Some(out)
    }

    pub(super) fn harmless(&mut self, key: &str, args: &[Value]) -> Value {
        let first = args.first();
        match key {
            "len" | "lenb" => first
                .and_then(Value::as_text)
                .map_or_else(Value::default, |text| Value::number(from_len(text.chars().count()))),
            "cint" | "clng" | "cbyte" | "parseint" | "int" | "fix" | "val" | "number" | "cdbl" | "round" => {
                let radix = args.get(1).and_then(Value::as_number);
                let number = match (radix, first.and_then(Value::as_text)) {
                    (Some(radix), Some(text)) if key == "parseint" => i64::from_str_radix(
                        text.trim().trim_start_matches("0x"),
                        u32::try_from(to_int(radix)).unwrap_or(10).clamp(2, 36),
                    )
                    .ok()
                    .and_then(|n| parse_number(&n.to_string())),
                    _ => first.and_then(Value::as_number),
                };
                let keep = first
                    .map(|first| Taint(first.taint.0 & (Taint::HIDDEN.0 | Taint::DERIVED.0)))
                    .unwrap_or_default();
                number.map_or_else(
                    || Value { taint: keep, ..Value::default() },
                    |number| Value {
                        taint: keep,
                        ..Value::number(if matches!(key, "cdbl" | "number") {
                            number
                        } else {
                            number.trunc()
                        })
                    },
                )
            }
            "ubound" => match first.and_then(|first| first.con.as_ref()) {
                Some(Con::List(items)) => Value::number(from_len(items.len()) - 1.0),
                Some(Con::Bytes(bytes)) => Value::number(from_len(bytes.len()) - 1.0),
                Some(Con::Str(_) | Con::Num(_) | Con::Bool(_)) | None => Value::default(),
            },
            "lbound" => Value::number(0.0),
            "instr" => instr(args),
            _ => {
                for arg in args {
                    self.sees_extension(arg);
                }
                Value::default()
            }
        }
    }

    pub(super) fn repeated(&self, args: &[Value]) -> Value {
        let count = args.first().and_then(Value::as_number).map(small);
        let what = args.get(1).and_then(Value::as_text).and_then(|text| text.chars().next());
        match (count, what) {
            (Some(count), Some(c)) => Value::text(&c.to_string().repeat(count)),
            _ => passed(args),
        }
    }

    pub(super) fn cased(&mut self, key: &str, args: &[Value]) -> Value {
        let Some(first) = args.first() else { return Value::default() };
        match first.as_str() {
            Some(text) => {
                let out = match key {
                    "lcase" => text.to_lowercase(),
                    "ucase" => text.to_uppercase(),
                    _ => text.trim().to_owned(),
                };
                Value { con: Some(Con::Str(Rc::from(out))), ..first.clone() }
            }
            None => first.clone(),
        }
    }

    pub(super) fn replaced_text(&mut self, text: Option<&Value>, rest: &[Value]) -> Value {
        let Some(text) = text else { return Value::default() };
        let (from, to) = (rest.first(), rest.get(1));
        let known =
            (text.as_str(), from.and_then(Value::as_text), to.map_or(Some(Rc::from("")), Value::as_text));
        if let ((Some(hay), Some(from), Some(to)), true) =
            (known, text.taint.without(Taint(Taint::HIDDEN.0 | Taint::DERIVED.0)).0 == 0)
        {
            let pattern = from.clone();
            let is_regex = rest.first().is_some_and(|from| from.is("regex"));
            if !pattern.is_empty() {
                let plain =
                    if is_regex { plain_alternatives(&pattern) } else { Some(vec![pattern.to_string()]) };
                if let Some(alternatives) = plain {
                    let mut out = hay.to_owned();
                    for one in alternatives {
                        if out.len() < crate::limits::MAX_TEXT {
                            out = out.replace(&one, &to);
                        }
                    }
                    let changed = out != hay && !to.contains(&*pattern);
                    self.text_total += out.len();
                    let mut value = Value { taint: text.taint, ..Value::text(&out) };
                    if changed {
                        value.taint = value.taint.with(Taint::HIDDEN);
                    }
                    return value;
                }
            }
        }
        let mut out = Value { con: None, call: None, ..text.clone() };
        if let Some(to) = to {
            out.absorb(to);
            if to.has(GIVEN) && !text.has(GIVEN) {
                out.shape = None;
            }
        }
        if text.con.is_some() && out.taint.0 == 0 {
            out.taint = Taint::DERIVED;
        }
        out
    }

    pub(super) fn reference(&self, name: Option<&Value>) -> Value {
        let name = name.and_then(Value::as_text).map(|name| name.to_lowercase());
        let func = name.and_then(|name| self.funcs.get(name.as_str()).cloned());
        func.map_or_else(Value::default, |func| Value {
            call: Some(Rc::new(Callable::User(func))),
            ..Value::default()
        })
    }

    /// `CreateObject("…")`.
    pub(super) fn com_object(&mut self, args: &[Value], line: u32) -> Value {
        let first = args.first();
        let id = first.and_then(Value::as_text).map(|id| id.to_lowercase());
        let ty: Name = match &id {
            Some(id) => Rc::from(super::source::com_type(id)),
            None => Rc::from("comobject"),
        };
        let at = u32::try_from(self.heap.len()).unwrap_or(0);
        self.heap.push(super::Object { ty: Some(ty.clone()), line, ..super::Object::default() });
        Value { obj: Some(at), ty: Some(ty), ..Value::default() }
    }

    /// `new Type(…)` whose value is known by its arguments.
    pub(super) fn fold_new(&mut self, ty: &str, args: &[Value]) -> Option<Value> {
        let first = args.first();
        match ty {
            "string" => match first?.con.as_ref()? {
                Con::List(items) => {
                    let text: Option<String> =
                        items.iter().map(|item| item.as_text().map(|text| text.to_string())).collect();
                    Some(marked(text, args))
                }
                Con::Str(_) if args.len() > 1 => {
                    let count = args.get(1).and_then(Value::as_number).map(small)?;
                    Some(Value::text(&first?.as_text()?.repeat(count)))
                }
                Con::Str(_) | Con::Bytes(_) | Con::Num(_) | Con::Bool(_) => None,
            },
            "stringbuilder" => Some(
                first
                    .filter(|first| first.as_str().is_some() || first.has(GIVEN))
                    .cloned()
                    .unwrap_or_else(|| Value::text("")),
            ),
            "array" if self.lang == Lang::JScript => {
                Some(if args.len() == 1 { Value::default() } else { Value::list(args.to_vec()) })
            }
            "function" if !args.is_empty() => {
                let body = args.last()?.clone();
                Some(Value { call: Some(Rc::new(Callable::Builtin(Rc::from("eval")))), ..body })
            }
            _ => None,
        }
    }
}

pub(super) fn has_given(args: &[Value]) -> bool {
    args.iter().any(|arg| arg.has(GIVEN))
}

/// What came in goes out, its text unknown.
pub(super) fn passed(args: &[Value]) -> Value {
    let mut out = Value::from_parts(args.iter());
    if let Some(first) = args.first().filter(|first| first.has(GIVEN)) {
        out.shape.clone_from(&first.shape);
    }
    if out.taint.0 == 0 && args.iter().any(|arg| arg.as_str().is_some_and(|text| text.len() >= 24)) {
        out.taint = Taint::DERIVED;
    }
    out
}

/// A decoded text, or what came in.
pub(super) fn marked(text: Option<String>, args: &[Value]) -> Value {
    match text {
        Some(text) if !has_given(args) => {
            Value { taint: Value::from_parts(args.iter()).taint.with(Taint::HIDDEN), ..Value::text(&text) }
        }
        Some(_) | None => passed(args),
    }
}

fn kept(first: Option<&Value>) -> Value {
    let Some(first) = first else { return Value::default() };
    match first.as_text().filter(|_| !first.has(GIVEN)) {
        Some(text) => Value { taint: first.taint, ..Value::text(&text) },
        None => first.clone(),
    }
}

fn small(count: f64) -> usize {
    usize::try_from(to_int(count)).unwrap_or(0).min(4096)
}

pub(super) fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

pub(super) fn encoding_word(first: Option<&Value>) -> &'static str {
    let what = first.and_then(Value::as_text).map(|text| text.to_lowercase()).unwrap_or_default();
    if what.contains("1200") || what.contains("utf-16") || what == "unicode" { "unicode" } else { "utf8" }
}

fn slice_basic(key: &str, args: &[Value]) -> Value {
    let Some(first) = args.first() else { return Value::default() };
    let Some(text) = first.as_text().filter(|_| !first.has(GIVEN)) else {
        return Value { con: None, ..first.clone() };
    };
    let numbers: Vec<i64> = args.iter().skip(1).filter_map(Value::as_number).map(to_int).collect();
    if numbers.len() + 1 != args.len() {
        return Value { taint: first.taint.with(Taint::DERIVED), ..Value::default() };
    }
    let chars: Vec<char> = text.chars().collect();
    let length = chars.len();
    let size = |n: i64| usize::try_from(n).unwrap_or(0).min(length);
    let (from, to) = match key {
        "left" | "leftb" => (0, size(numbers.first().copied().unwrap_or(0))),
        "right" | "rightb" => (length - size(numbers.first().copied().unwrap_or(0)), length),
        _ => {
            let from = size(numbers.first().copied().unwrap_or(1) - 1);
            let to = numbers
                .get(1)
                .map_or(length, |count| size(i64::try_from(from).unwrap_or(0).saturating_add(*count)));
            (from, to)
        }
    };
    let out: String = chars.get(from..to.max(from)).unwrap_or_default().iter().collect();
    Value { taint: first.taint, ..Value::text(&out) }
}

pub(super) fn split_text(text: Option<&Value>, by: Option<&Value>) -> Value {
    let Some(text) = text else { return Value::default() };
    let by = by.and_then(|by| match &by.con {
        Some(Con::List(items)) => items.first().and_then(Value::as_text),
        _ => by.as_text(),
    });
    match text.as_str().filter(|_| !text.has(GIVEN)) {
        Some(known) => {
            let by = by.unwrap_or_else(|| Rc::from(" "));
            let parts: Vec<Value> = if by.is_empty() {
                known.chars().map(|c| Value::text(&c.to_string())).collect()
            } else {
                known.split(&*by).take(crate::limits::MAX_ROUNDS).map(Value::text).collect()
            };
            Value { taint: text.taint, ..Value::list(parts) }
        }
        None => Value { con: None, call: None, ..text.clone() },
    }
}

pub(super) fn joined_list(list: Option<&Value>, by: Option<&Value>, default: &str) -> Value {
    let Some(list) = list else { return Value::default() };
    let by = by.and_then(Value::as_text).unwrap_or_else(|| Rc::from(default));
    match &list.con {
        Some(Con::List(items)) => {
            let text: Option<Vec<String>> =
                items.iter().map(|item| item.as_text().map(|text| text.to_string())).collect();
            match text {
                Some(parts) if !list.has(GIVEN) => {
                    let mut out = Value::text(&parts.join(&by));
                    out.taint = list.taint;
                    out
                }
                _ => items.iter().fold(Value::text(""), |out, item| out.concat(item)),
            }
        }
        _ => list.clone(),
    }
}

pub(super) fn reversed(value: &Value) -> Value {
    let con = match &value.con {
        Some(Con::List(items)) => Some(Con::List(Rc::new(items.iter().rev().cloned().collect()))),
        Some(Con::Str(text)) => Some(Con::Str(Rc::from(text.chars().rev().collect::<String>()))),
        Some(Con::Bytes(bytes)) => Some(Con::Bytes(bytes.iter().rev().copied().collect())),
        Some(Con::Num(_) | Con::Bool(_)) | None => None,
    };
    Value { con, call: None, taint: value.taint.with(Taint::HIDDEN), ..value.clone() }
}

fn instr(args: &[Value]) -> Value {
    let texts: Vec<Rc<str>> = args.iter().filter_map(|arg| arg.as_str().map(Rc::from)).collect();
    if has_given(args) {
        return Value::default();
    }
    match texts.as_slice() {
        [hay, needle] => Value::number(
            hay.find(&**needle)
                .map_or(0.0, |at| from_len(hay.get(..at).map_or(0, |before| before.chars().count())) + 1.0),
        ),
        _ => Value::default(),
    }
}

/// The texts that a simple pattern matches; `None` when it is more than alternatives of plain characters.
fn plain_alternatives(pattern: &str) -> Option<Vec<String>> {
    let meta =
        |c: char| matches!(c, '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '^' | '$' | '\\');
    let class = pattern.strip_prefix('[').and_then(|rest| rest.strip_suffix(']').or(rest.strip_suffix("]+")));
    if let Some(class) = class.filter(|class| !class.contains(meta) && !class.contains('-')) {
        return Some(class.chars().map(|c| c.to_string()).collect());
    }
    let mut out = Vec::new();
    for one in pattern.split('|') {
        let unescaped: String = one.replace('\\', "");
        let escapes = one.matches('\\').count();
        let metas = one.chars().filter(|c| meta(*c) && *c != '\\').count();
        if metas > escapes || one.contains("\\d") || one.contains("\\w") || one.contains("\\s") {
            return None;
        }
        out.push(unescaped);
    }
    Some(out)
}
