//! What is known of a value while a page is followed: whether a client gave it, its text if it is constant, and how it is put together.

use std::rc::Rc;

use crate::limits::MAX_SHAPE;
use crate::tree::{Func, Name};

/// Where a value comes from; several at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Taint(pub(crate) u16);

impl Taint {
    /// What a client sends: parameters, headers, cookies, bodies, fields of a form.
    pub(crate) const CLIENT: Taint = Taint(1);
    /// The name of a posted file.
    pub(crate) const NAME: Taint = Taint(2);
    /// The content of a posted file.
    pub(crate) const BODY: Taint = Taint(4);
    /// The address of the request: a client chooses it, and every page uses it.
    pub(crate) const URL: Taint = Taint(8);
    /// Fetched from elsewhere over the network.
    pub(crate) const REMOTE: Taint = Taint(16);
    /// Read from a file.
    pub(crate) const FILE: Taint = Taint(32);
    /// The keys that the server signs and encrypts with.
    pub(crate) const SECRET: Taint = Taint(64);
    /// A constant that was decoded: it hid itself.
    pub(crate) const HIDDEN: Taint = Taint(128);
    /// Computed from long constants in a way that was not followed to the end.
    pub(crate) const DERIVED: Taint = Taint(256);
    /// The output of a process.
    pub(crate) const OUTPUT: Taint = Taint(512);

    pub(crate) fn has(self, other: Taint) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) fn with(self, other: Taint) -> Taint {
        Taint(self.0 | other.0)
    }

    pub(crate) fn without(self, other: Taint) -> Taint {
        Taint(self.0 & !other.0)
    }
}

/// What a client or its upload gives.
pub(crate) const GIVEN: Taint = Taint(Taint::CLIENT.0 | Taint::BODY.0);

/// Marks in a shape.
pub(crate) const UNKNOWN: char = '\u{1}';
pub(crate) const CLIENT: char = '\u{2}';
pub(crate) const POSTED_NAME: char = '\u{3}';
/// The web root: `Server.MapPath` and its kin.
pub(crate) const ROOT: char = '\u{5}';

/// A constant.
#[derive(Clone, Debug)]
pub(crate) enum Con {
    Str(Rc<str>),
    Bytes(Rc<[u8]>),
    Num(f64),
    Bool(bool),
    List(Rc<Vec<Value>>),
}

/// What can be called.
#[derive(Clone, Debug)]
pub(crate) enum Callable {
    /// A function of the page.
    User(Rc<Func>),
    /// A function of the language by its name, as `eval`.
    Builtin(Name),
    /// A method by name on a value: `x.Run` not yet called, or one that reflection found.
    Method(Box<Value>, Name, Reflected),
}

/// Whether a method was found by reflection: `Invoke` then takes its object and its arguments in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reflected {
    Yes,
    No,
}

/// A name under which a client sends something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) name: Rc<str>,
    pub(crate) line: u32,
}

/// The most origins kept of a value.
const MAX_ORIGINS: usize = 6;

/// A value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Value {
    pub(crate) taint: Taint,
    pub(crate) con: Option<Con>,
    /// Known texts and marks, in order; `None`: what taint or constant say.
    pub(crate) shape: Option<Rc<str>>,
    /// The type, program id or role in lower case.
    pub(crate) ty: Option<Name>,
    /// The place on the heap.
    pub(crate) obj: Option<u32>,
    pub(crate) call: Option<Rc<Callable>>,
    pub(crate) origins: Option<Rc<Vec<Origin>>>,
}

impl Value {
    pub(crate) fn text(text: &str) -> Value {
        Value { con: Some(Con::Str(Rc::from(text))), ..Value::default() }
    }

    pub(crate) fn number(value: f64) -> Value {
        Value { con: Some(Con::Num(value)), ..Value::default() }
    }

    pub(crate) fn truth(value: bool) -> Value {
        Value { con: Some(Con::Bool(value)), ..Value::default() }
    }

    pub(crate) fn bytes(bytes: Vec<u8>) -> Value {
        Value { con: Some(Con::Bytes(Rc::from(bytes))), ..Value::default() }
    }

    pub(crate) fn list(items: Vec<Value>) -> Value {
        let mut out = Value::default();
        for item in &items {
            out.absorb(item);
        }
        out.con = Some(Con::List(Rc::new(items)));
        out
    }

    pub(crate) fn typed(ty: &str) -> Value {
        Value { ty: Some(Rc::from(ty)), ..Value::default() }
    }

    pub(crate) fn tainted(taint: Taint, ty: &str) -> Value {
        Value { taint, ty: Some(Rc::from(ty)), ..Value::default() }
    }

    pub(crate) fn has(&self, taint: Taint) -> bool {
        self.taint.has(taint)
    }

    pub(crate) fn is(&self, ty: &str) -> bool {
        self.ty.as_deref() == Some(ty)
    }

    pub(crate) fn is_any(&self, types: &[&str]) -> bool {
        self.ty.as_deref().is_some_and(|ty| types.contains(&ty))
    }

    /// Takes over taint and origins, not the text.
    pub(crate) fn absorb(&mut self, other: &Value) {
        self.taint = self.taint.with(other.taint);
        if let Some(theirs) = &other.origins {
            match &mut self.origins {
                None => self.origins = Some(theirs.clone()),
                Some(ours) => {
                    if !Rc::ptr_eq(ours, theirs) && ours.len() < MAX_ORIGINS {
                        let mut all = ours.as_ref().clone();
                        for origin in theirs.iter() {
                            if !all.contains(origin) && all.len() < MAX_ORIGINS {
                                all.push(origin.clone());
                            }
                        }
                        *ours = Rc::new(all);
                    }
                }
            }
        }
    }

    /// A value that depends on others in a way that says nothing of its text.
    pub(crate) fn from_parts<'a>(parts: impl IntoIterator<Item = &'a Value>) -> Value {
        let mut out = Value::default();
        for part in parts {
            out.absorb(part);
        }
        out
    }

    /// The constant text: of a string, of bytes as Latin-1, of a number.
    pub(crate) fn as_text(&self) -> Option<Rc<str>> {
        match self.con.as_ref()? {
            Con::Str(text) => Some(text.clone()),
            Con::Num(value) => Some(Rc::from(number_text(*value))),
            Con::Bool(value) => Some(Rc::from(if *value { "True" } else { "False" })),
            Con::Bytes(bytes) => {
                Some(Rc::from(bytes.iter().map(|byte| char::from(*byte)).collect::<String>()))
            }
            Con::List(items) => {
                let text: Option<Vec<Rc<str>>> =
                    items.iter().map(|item| item.as_text().filter(|_| !item.has(GIVEN))).collect();
                Some(Rc::from(text?.join(",")))
            }
        }
    }

    /// The constant text of a string alone.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self.con.as_ref()? {
            Con::Str(text) => Some(text),
            Con::Num(_) | Con::Bool(_) | Con::Bytes(_) | Con::List(_) => None,
        }
    }

    pub(crate) fn as_number(&self) -> Option<f64> {
        match self.con.as_ref()? {
            Con::Num(value) => Some(*value),
            Con::Bool(value) => Some(if *value { 1.0 } else { 0.0 }),
            Con::Str(text) => parse_number(text),
            Con::Bytes(_) | Con::List(_) => None,
        }
    }

    pub(crate) fn as_truth(&self) -> Option<bool> {
        match self.con.as_ref()? {
            Con::Bool(value) => Some(*value),
            Con::Num(value) => Some(*value != 0.0),
            Con::Str(_) | Con::Bytes(_) | Con::List(_) => None,
        }
    }

    pub(crate) fn as_bytes(&self) -> Option<Vec<u8>> {
        match self.con.as_ref()? {
            Con::Bytes(bytes) => Some(bytes.to_vec()),
            Con::Str(text) => {
                Some(text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect())
            }
            Con::List(items) => items.iter().map(|item| item.as_number().map(to_byte)).collect(),
            Con::Num(_) | Con::Bool(_) => None,
        }
    }

    /// How its text is put together: known characters and marks.
    pub(crate) fn shape(&self) -> Rc<str> {
        if let Some(shape) = &self.shape {
            return shape.clone();
        }
        if self.has(GIVEN) {
            return Rc::from(CLIENT.to_string());
        }
        if self.has(Taint::NAME) {
            return Rc::from(POSTED_NAME.to_string());
        }
        match self.as_text() {
            Some(text) => Rc::from(clip(&text)),
            None => Rc::from(UNKNOWN.to_string()),
        }
    }

    /// Both texts, one after the other.
    pub(crate) fn concat(&self, other: &Value) -> Value {
        let mut out = Value::default();
        out.absorb(self);
        out.absorb(other);
        match (&self.con, &other.con) {
            (Some(_), Some(_)) if !out.has(GIVEN) => {
                if let (Some(a), Some(b)) = (self.as_text(), other.as_text())
                    && a.len() + b.len() <= crate::limits::MAX_TEXT
                {
                    out.con = Some(Con::Str(Rc::from([&*a, &*b].concat())));
                    return out;
                }
            }
            _ => {}
        }
        if out.taint.0 != 0
            || self.shape.is_some()
            || other.shape.is_some()
            || self.con.is_some()
            || other.con.is_some()
        {
            out.shape = Some(Rc::from(clip(&[&*self.shape(), &*other.shape()].concat())));
        }
        out
    }

    /// What is known when either may hold.
    pub(crate) fn join(&self, older: &Value) -> Value {
        let mut out = self.clone();
        out.absorb(older);
        if out.obj.is_none() {
            out.obj = older.obj;
        }
        if out.call.is_none() {
            out.call.clone_from(&older.call);
        }
        if out.ty.is_none() {
            out.ty.clone_from(&older.ty);
        }
        // The more dangerous way to be put together is kept.
        if older.has(GIVEN) && !self.has(GIVEN) {
            out.shape = Some(older.shape());
            out.con = None;
        }
        out
    }

    /// The name that the client uses, for a sentence.
    pub(crate) fn input(&self) -> Option<Rc<str>> {
        self.origins.as_ref()?.iter().map(|origin| origin.name.clone()).find(|name| !name.is_empty())
    }
}

/// A shape or text, cut to the limit.
fn clip(text: &str) -> String {
    if text.len() <= MAX_SHAPE {
        return text.to_owned();
    }
    text.chars().take(MAX_SHAPE / 2).collect()
}

/// A number as a script writes it.
pub(crate) fn number_text(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 { format!("{value:.0}") } else { format!("{value}") }
}

/// A number as a script reads it.
pub(crate) fn parse_number(text: &str) -> Option<f64> {
    let text = text.trim();
    let hex = text
        .strip_prefix("&H")
        .or(text.strip_prefix("&h"))
        .or(text.strip_prefix("0x"))
        .or(text.strip_prefix("0X"));
    match hex {
        Some(digits) => u32::from_str_radix(digits.trim_end_matches('&'), 16).ok().map(f64::from),
        None if text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) => {
            text.parse().ok()
        }
        None => None,
    }
}

/// The low byte of a number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast saturates, and only the low byte is wanted"
)]
pub(crate) fn to_byte(value: f64) -> u8 {
    (value as i64 & 0xff) as u8
}

/// A number as an integer.
#[expect(clippy::cast_possible_truncation, reason = "a cast saturates")]
pub(crate) fn to_int(value: f64) -> i64 {
    value as i64
}

/// A small integer as a number.
#[expect(clippy::cast_precision_loss, reason = "lengths and indexes of texts")]
pub(crate) fn from_len(value: usize) -> f64 {
    value as f64
}
