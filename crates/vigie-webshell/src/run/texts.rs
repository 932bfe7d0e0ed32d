//! What methods of texts, bytes and encodings give when their arguments are known.

use std::rc::Rc;

use super::Run;
use super::fold::{encoding_word, has_given, joined_list, latin, marked, passed, reversed, split_text};
use crate::codec;
use crate::tree::Lang;
use crate::value::{Con, GIVEN, Taint, Value, parse_number, to_int};

/// Methods of the same kind.
const HARMLESS_METHODS: &[&str] = &[
    "indexof",
    "lastindexof",
    "equals",
    "startswith",
    "endswith",
    "contains",
    "compareto",
    "compare",
    "isnullorempty",
    "isnullorwhitespace",
    "ismatch",
    "toint32",
    "toint16",
    "toint64",
    "todouble",
    "toboolean",
    "todatetime",
    "todecimal",
    "tryparse",
    "computehash",
    "hashpasswordforstoringinconfigfile",
    "gethashcode",
    "exists",
    "fileexists",
    "folderexists",
    "isdefined",
    "getlength",
    "validate",
    "sequenceequal",
    "containskey",
    "isinrole",
    "bytecount",
    "getbytecount",
];
/// Types whose values run nothing.
const NUMBERS: &[&str] = &[
    "int", "int32", "int16", "int64", "integer", "long", "short", "double", "float", "single", "decimal",
    "byte", "bool", "boolean", "datetime", "guid", "enum", "timespan", "version", "uint", "uint32", "char",
];

impl Run {
    /// A method of texts, bytes and encodings.
    #[expect(clippy::too_many_lines, reason = "one arm for each construct or call that it tells apart")]
    pub(super) fn fold_method(&mut self, base: &Value, key: &str, args: &[Value]) -> Option<Value> {
        let first = args.first();
        if HARMLESS_METHODS.contains(&key)
            || (matches!(key, "parse" | "tolong" | "toint" | "parseexact") && base.is_any(NUMBERS))
        {
            for arg in args {
                self.sees_extension(arg);
            }
            if key == "toint32" || key == "parse" || key == "toint16" {
                return Some(self.parsed(args));
            }
            self.sees_extension(base);
            return Some(Value::default());
        }
        let out = match key {
            "frombase64string" | "frombase64" => {
                match first.and_then(Value::as_text).filter(|_| !has_given(args)) {
                    Some(text) => Value { taint: Taint::HIDDEN, ..Value::bytes(codec::base64(&text)) },
                    None => passed(args),
                }
            }
            "tobase64string" => match first.and_then(Value::as_bytes).filter(|_| !has_given(args)) {
                Some(bytes) => Value::text(&codec::to_base64(&bytes)),
                None => passed(args),
            },
            "getstring" if !base.is("store") => self.bytes_to_text(base, args),
            "getbytes" => match first.and_then(Value::as_text).filter(|_| !has_given(args)) {
                Some(text) => Value {
                    taint: first?.taint,
                    ..Value::bytes(if base.is_any(&["unicode"]) {
                        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
                    } else {
                        text.as_bytes().to_vec()
                    })
                },
                None => passed(args),
            },
            "unescape" | "decodeuricomponent" | "decodeuri" | "urldecode" | "unescapedatastring" => marked(
                first
                    .and_then(Value::as_text)
                    .filter(|_| !has_given(args))
                    .map(|text| codec::unescape(&text)),
                args,
            ),
            "htmldecode" => marked(
                first
                    .and_then(Value::as_text)
                    .filter(|_| !has_given(args))
                    .map(|text| codec::entities(&text)),
                args,
            ),
            "fromcharcode" => {
                let text: Option<String> = args
                    .iter()
                    .map(|arg| {
                        arg.as_number()
                            .and_then(|code| char::from_u32(u32::try_from(to_int(code) & 0xffff).ok()?))
                    })
                    .collect();
                marked(text, args)
            }
            "fromhexstring" => match first.and_then(Value::as_text).and_then(|text| codec::hex(&text)) {
                Some(bytes) => Value { taint: Taint::HIDDEN, ..Value::bytes(bytes) },
                None => passed(args),
            },
            "concat" => self.concatenated(base, args),
            "format" if base.is_any(&["string", "format"]) || base.as_str().is_some() => self.formatted(args),
            "join" if base.is("string") => joined_list(args.get(1), first, ""),
            "join" => joined_list(Some(base), first, ","),
            "substring" | "substr" | "slice" | "remove" | "charat" | "elementat" | "charcodeat"
            | "getchar" => self.sliced(base, key, args),
            "replace" if base.is("regex") && args.len() >= 3 => {
                let mut pattern = args.get(1)?.clone();
                pattern.ty = Some(Rc::from("regex"));
                self.replaced_text(first, &[pattern, args.get(2)?.clone()])
            }
            "replace" => self.replaced_text(Some(base), args),
            "split" => split_text(Some(base), first),
            "reverse" => reversed(if base.is_any(&["array", "enumerable"]) { first? } else { base }),
            "tostring" | "toarray" | "tochararray" | "trim" | "trimend" | "trimstart" | "tolower"
            | "toupper" | "tolowerinvariant" | "touppercase" | "tolowercase" | "toupperinvariant"
            | "normalize" | "clone" | "valueof" | "tolist" | "cast" | "readtoend" | "getbuffer" | "cstr"
            | "strconv" => self.same(base, key, args),
            "getencoding" => Value { ty: Some(Rc::from(encoding_word(first))), ..Value::default() },
            "decompress" | "createdecryptor" | "transformfinalblock" | "decrypt" | "xor" => {
                self.transformed(base, key, args)
            }
            "strreverse" | "chr" | "chrw" | "asc" | "mid" | "left" | "right" | "lcase" | "ucase" | "len" => {
                return self.builtin(&Rc::from(key), args, 0);
            }
            "where" | "select" | "first" | "firstordefault" | "last" | "single" => {
                Value { con: None, ..base.clone() }
            }
            _ => return None,
        };
        Some(out)
    }

    pub(super) fn parsed(&self, args: &[Value]) -> Value {
        let number = match args.get(1).and_then(Value::as_number) {
            Some(radix) => args
                .first()
                .and_then(Value::as_text)
                .and_then(|text| {
                    i64::from_str_radix(text.trim(), u32::try_from(to_int(radix)).unwrap_or(10).clamp(2, 36))
                        .ok()
                })
                .and_then(|n| parse_number(&n.to_string())),
            None if args.len() > 1 => args
                .first()
                .and_then(Value::as_text)
                .and_then(|text| i64::from_str_radix(text.trim(), 16).ok())
                .and_then(|n| parse_number(&n.to_string())),
            None => args.first().and_then(|first| {
                first.as_number().or_else(|| {
                    first
                        .as_str()
                        .filter(|text| text.chars().count() == 1)
                        .and_then(|text| text.chars().next())
                        .map(|c| f64::from(u32::from(c)))
                })
            }),
        };
        let keep = args
            .first()
            .map(|first| Taint(first.taint.0 & (Taint::HIDDEN.0 | Taint::DERIVED.0)))
            .unwrap_or_default();
        number.map_or_else(
            || Value { taint: keep, ..Value::default() },
            |number| Value { taint: keep, ..Value::number(number) },
        )
    }

    pub(super) fn bytes_to_text(&self, base: &Value, args: &[Value]) -> Value {
        let Some(first) = args.first() else { return Value::default() };
        let Some(bytes) = first.as_bytes().filter(|_| !has_given(args)) else { return passed(args) };
        let text = if base.is("unicode") {
            char::decode_utf16(bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])))
                .map(|c| c.unwrap_or('?'))
                .collect()
        } else {
            String::from_utf8(bytes).unwrap_or_else(|error| latin(&error.into_bytes()))
        };
        Value { taint: first.taint, ..Value::text(&text) }
    }

    pub(super) fn concatenated(&mut self, base: &Value, args: &[Value]) -> Value {
        let mut out = if base.is_any(&["string", "concat"]) { Value::text("") } else { base.clone() };
        for arg in args {
            match &arg.con {
                Some(Con::List(items)) => {
                    for item in items.iter() {
                        out = out.concat(item);
                    }
                }
                _ => out = out.concat(arg),
            }
        }
        out
    }

    pub(super) fn formatted(&self, args: &[Value]) -> Value {
        let Some(pattern) = args.first().and_then(Value::as_text) else { return passed(args) };
        let mut out = Value::text("");
        let mut rest = &*pattern;
        while let Some(at) = rest.find('{') {
            out = out.concat(&Value::text(rest.get(..at).unwrap_or("")));
            let tail = rest.get(at + 1..).unwrap_or("");
            if let Some(after) = tail.strip_prefix('{') {
                out = out.concat(&Value::text("{"));
                rest = after;
                continue;
            }
            let end = tail.find('}').unwrap_or(tail.len());
            let number: String = tail.chars().take_while(char::is_ascii_digit).collect();
            let items = match args.get(1).map(|first| &first.con) {
                Some(Some(Con::List(items))) if args.len() == 2 => items.as_ref().clone(),
                _ => args.get(1..).unwrap_or_default().to_vec(),
            };
            let item = number.parse::<usize>().ok().and_then(|at| items.get(at).cloned()).unwrap_or_default();
            out = out.concat(&item);
            rest = tail.get((end + 1).min(tail.len())..).unwrap_or("");
        }
        out.concat(&Value::text(rest))
    }

    pub(super) fn sliced(&self, base: &Value, key: &str, args: &[Value]) -> Value {
        let Some(text) = base.as_text().filter(|_| !base.has(GIVEN)) else {
            return Value { con: None, call: None, ..base.clone() };
        };
        let numbers: Vec<i64> = args.iter().filter_map(Value::as_number).map(to_int).collect();
        if numbers.len() != args.len() {
            return Value { con: None, taint: base.taint.with(Taint::DERIVED), ..Value::default() };
        }
        let chars: Vec<char> = text.chars().collect();
        let length = i64::try_from(chars.len()).unwrap_or(0);
        let start = numbers.first().copied().unwrap_or(0);
        let start = if start < 0 { (length + start).max(0) } else { start.min(length) };
        let end = match (key, numbers.get(1)) {
            ("charat" | "elementat" | "charcodeat" | "getchar", _) => start + 1,
            (_, None) => length,
            ("slice", Some(end)) => {
                if *end < 0 {
                    length + end
                } else {
                    *end
                }
            }
            ("substring", Some(end)) if self.lang == Lang::JScript => *end,
            (_, Some(count)) => start.saturating_add(*count),
        };
        let range = |from: i64, to: i64| -> String {
            let from = usize::try_from(from.clamp(0, length)).unwrap_or(0);
            let to = usize::try_from(to.clamp(0, length)).unwrap_or(0);
            chars.get(from.min(to)..to.max(from)).unwrap_or_default().iter().collect()
        };
        let out = if key == "remove" {
            [range(0, start), if numbers.len() > 1 { range(end, length) } else { String::new() }].concat()
        } else {
            range(start, end)
        };
        if key == "charcodeat" {
            return out.chars().next().map_or_else(Value::default, |c| Value {
                taint: base.taint,
                ..Value::number(f64::from(u32::from(c)))
            });
        }
        Value { taint: base.taint, ..Value::text(&out) }
    }

    pub(super) fn same(&mut self, base: &Value, key: &str, args: &[Value]) -> Value {
        if key == "tostring" {
            if let (Some(Con::Num(number)), Some(radix)) =
                (&base.con, args.first().and_then(Value::as_number))
            {
                let text = if to_int(radix) == 16 {
                    format!("{:x}", to_int(*number))
                } else {
                    crate::value::number_text(*number)
                };
                return Value { taint: base.taint, ..Value::text(&text) };
            }
            // `Convert.ToString(x)`.
            if base.is("convert") {
                return args.first().cloned().unwrap_or_default();
            }
            if let Some(text) = base.as_text().filter(|_| !base.has(GIVEN)) {
                return Value { taint: base.taint, ..Value::text(&text) };
            }
        }
        let mut out = base.clone();
        if let Some(text) = base.as_str() {
            let changed = match key {
                "tolower" | "tolowerinvariant" | "tolowercase" => Some(text.to_lowercase()),
                "toupper" | "touppercase" | "toupperinvariant" => Some(text.to_uppercase()),
                "trim" if args.is_empty() => Some(text.trim().to_owned()),
                _ => None,
            };
            if key == "tochararray" {
                let items = text.chars().map(|c| Value::text(&c.to_string())).collect();
                return Value { taint: base.taint, ..Value::list(items) };
            }
            if let Some(changed) = changed {
                out.con = Some(Con::Str(Rc::from(changed)));
            }
        }
        out.call = None;
        out
    }

    /// Decompression and decryption: of a constant the first is done, the second leaves what is hidden hidden.
    pub(super) fn transformed(&mut self, base: &Value, key: &str, args: &[Value]) -> Value {
        let mut out = passed(args);
        out.absorb(base);
        if key == "decompress"
            && let Some(found) =
                args.iter().find_map(Value::as_bytes).and_then(|bytes| codec::inflate(&bytes))
        {
            return Value { taint: Taint::HIDDEN, ..Value::bytes(found) };
        }
        if args.iter().any(|arg| arg.con.is_some()) {
            out.taint = out.taint.with(Taint::DERIVED);
        }
        out
    }
}
