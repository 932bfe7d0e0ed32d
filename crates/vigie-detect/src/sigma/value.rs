//! One value with its modifiers to predicates.

use rsigma_parser::value::{SpecialChar, StringPart};
use rsigma_parser::{Modifier, SigmaString, SigmaValue};

use super::encode;
use crate::ir::{Compare, Network, Number, OtherField, Pattern, Piece, Predicate, TimePart, fold};

/// How an item compares: at most one such modifier stands on a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Equals,
    Contains,
    StartsWith,
    EndsWith,
    Regex,
    Network,
    Number(Compare),
    Exists,
    OtherField { from_start: bool, to_end: bool },
    TimePart(TimePart),
}

/// What is wrong with a value.
pub(super) struct Mistake {
    pub message: String,
    pub hint: &'static str,
}

fn mistake<T>(message: impl Into<String>, hint: &'static str) -> Result<T, Mistake> {
    Err(Mistake { message: message.into(), hint })
}

impl Op {
    /// The comparison that the modifiers ask for; keywords are searched for, not compared.
    pub(super) fn resolve(modifiers: &[Modifier], keyword: bool) -> Result<Op, String> {
        let mut ops: Vec<Op> = modifiers.iter().filter_map(|modifier| Op::of(*modifier)).collect();
        if let Some(at) = ops.iter().position(|op| matches!(op, Op::OtherField { .. })) {
            ops = vec![other_field(&ops, at)?];
        }
        check_flags(modifiers)?;
        match *ops.as_slice() {
            [] if keyword => Ok(Op::Contains),
            [] => Ok(Op::Equals),
            [op] if transforms(modifiers) && !op.is_text() => {
                Err("windash, expand and the encodings change text; they cannot stand with this comparison"
                    .into())
            }
            [op] => Ok(op),
            _ => Err("two modifiers that compare stand on one field".into()),
        }
    }

    fn of(modifier: Modifier) -> Option<Op> {
        match modifier {
            Modifier::Contains => Some(Op::Contains),
            Modifier::StartsWith => Some(Op::StartsWith),
            Modifier::EndsWith => Some(Op::EndsWith),
            Modifier::Re => Some(Op::Regex),
            Modifier::Cidr => Some(Op::Network),
            Modifier::Gt => Some(Op::Number(Compare::Greater)),
            Modifier::Gte => Some(Op::Number(Compare::GreaterOrEqual)),
            Modifier::Lt => Some(Op::Number(Compare::Less)),
            Modifier::Lte => Some(Op::Number(Compare::LessOrEqual)),
            Modifier::Exists => Some(Op::Exists),
            Modifier::FieldRef => Some(Op::OtherField { from_start: true, to_end: true }),
            Modifier::Minute => Some(Op::TimePart(TimePart::Minute)),
            Modifier::Hour => Some(Op::TimePart(TimePart::Hour)),
            Modifier::Day => Some(Op::TimePart(TimePart::Day)),
            Modifier::Week => Some(Op::TimePart(TimePart::Week)),
            Modifier::Month => Some(Op::TimePart(TimePart::Month)),
            Modifier::Year => Some(Op::TimePart(TimePart::Year)),
            Modifier::All
            | Modifier::Base64
            | Modifier::Base64Offset
            | Modifier::Wide
            | Modifier::Utf16be
            | Modifier::Utf16
            | Modifier::WindAsh
            | Modifier::Cased
            | Modifier::Expand
            | Modifier::Neq
            | Modifier::IgnoreCase
            | Modifier::Multiline
            | Modifier::DotAll => None,
        }
    }

    fn is_text(self) -> bool {
        matches!(self, Op::Equals | Op::Contains | Op::StartsWith | Op::EndsWith)
    }
}

fn transforms(modifiers: &[Modifier]) -> bool {
    modifiers.iter().any(|modifier| {
        matches!(
            modifier,
            Modifier::Base64
                | Modifier::Base64Offset
                | Modifier::Wide
                | Modifier::Utf16be
                | Modifier::Utf16
                | Modifier::WindAsh
                | Modifier::Expand
        )
    })
}

/// `fieldref` with at most one of contains, startswith, endswith after it.
fn other_field(ops: &[Op], at: usize) -> Result<Op, String> {
    match (at, ops) {
        (0, [_]) => Ok(Op::OtherField { from_start: true, to_end: true }),
        (0, [_, Op::Contains]) => Ok(Op::OtherField { from_start: false, to_end: false }),
        (0, [_, Op::StartsWith]) => Ok(Op::OtherField { from_start: true, to_end: false }),
        (0, [_, Op::EndsWith]) => Ok(Op::OtherField { from_start: false, to_end: true }),
        (0, _) => Err("two modifiers that compare stand on one field".into()),
        _ => Err("`fieldref` must come before contains, startswith or endswith".into()),
    }
}

fn check_flags(modifiers: &[Modifier]) -> Result<(), String> {
    let count = |wanted: &[Modifier]| modifiers.iter().filter(|modifier| wanted.contains(modifier)).count();
    if count(&[Modifier::IgnoreCase, Modifier::Multiline, Modifier::DotAll]) > 0
        && count(&[Modifier::Re]) == 0
    {
        return Err("the flags i, m and s belong to `re`".into());
    }
    if count(&[Modifier::Wide, Modifier::Utf16, Modifier::Utf16be]) > 1 {
        return Err("a value cannot be in two encodings of UTF-16".into());
    }
    if count(&[Modifier::Base64, Modifier::Base64Offset]) > 1 {
        return Err("base64 and base64offset exclude each other".into());
    }
    Ok(())
}

/// The alternatives that a value stands for; mostly one.
pub(super) fn predicates(
    op: Op,
    modifiers: &[Modifier],
    value: &SigmaValue,
) -> Result<Vec<Predicate>, Mistake> {
    let cased = modifiers.contains(&Modifier::Cased);
    let one = |predicate| Ok(vec![predicate]);
    match op {
        Op::Regex => one(regex(modifiers, &plain(value)?)?),
        Op::Network => one(network(&plain(value)?)?),
        Op::Number(compare) => one(Predicate::Number(compare, number(value)?)),
        Op::OtherField { from_start, to_end } => {
            one(Predicate::OtherField(OtherField { field: plain(value)?, from_start, to_end, cased }))
        }
        Op::TimePart(part) => one(Predicate::TimePart(part, whole_number(value)?)),
        Op::Equals | Op::Contains | Op::StartsWith | Op::EndsWith => text_predicates(op, modifiers, value),
        // Settled before values are read.
        Op::Exists => one(Predicate::Exists(true)),
    }
}

fn text_predicates(op: Op, modifiers: &[Modifier], value: &SigmaValue) -> Result<Vec<Predicate>, Mistake> {
    let cased = modifiers.contains(&Modifier::Cased);
    let text = match value {
        SigmaValue::Null => return Ok(vec![Predicate::Null]),
        SigmaValue::String(text) => text.clone(),
        SigmaValue::Bool(wanted) if op == Op::Equals => return Ok(vec![Predicate::Bool(*wanted)]),
        SigmaValue::Integer(_) | SigmaValue::Float(_) if op == Op::Equals => {
            return Ok(vec![Predicate::Number(Compare::Equal, number(value)?)]);
        }
        SigmaValue::Bool(_) | SigmaValue::Integer(_) | SigmaValue::Float(_) => {
            SigmaString::from_raw(&value.to_string())
        }
    };
    if modifiers.iter().any(|modifier| encode::is_encoding(*modifier)) {
        let plain = text.as_plain().unwrap_or_else(|| text.original.clone());
        let encoded = encode::apply(modifiers, &plain);
        // What base64offset gives is the middle of an encoded text: only "contains" can mean anything.
        let op = if modifiers.contains(&Modifier::Base64Offset) { Op::Contains } else { op };
        let pattern = |bytes: Vec<u8>| Predicate::Text(pattern(op, cased, vec![Piece::Text(bytes)]));
        return Ok(encoded.into_iter().map(pattern).collect());
    }
    let pieces = pieces(&text, modifiers.contains(&Modifier::WindAsh));
    Ok(vec![Predicate::Text(pattern(op, cased, pieces))])
}

/// The pieces of Sigma's own wildcard text.
fn pieces(text: &SigmaString, windash: bool) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for part in &text.parts {
        match part {
            StringPart::Plain(plain) if windash => encode::split_dashes(plain, &mut pieces),
            StringPart::Plain(plain) => pieces.push(Piece::Text(plain.clone().into_bytes())),
            StringPart::Special(SpecialChar::WildcardMulti) => pieces.push(Piece::Many),
            StringPart::Special(SpecialChar::WildcardSingle) => pieces.push(Piece::One),
        }
    }
    pieces
}

/// A pattern in normal form: leading and trailing `*` become missing anchors, text is folded.
pub(crate) fn pattern_of(from_start: bool, to_end: bool, cased: bool, mut pieces: Vec<Piece>) -> Pattern {
    let mut pattern = Pattern { pieces: Vec::new(), from_start, to_end, cased };
    while pieces.first() == Some(&Piece::Many) {
        pieces.remove(0);
        pattern.from_start = false;
    }
    while pieces.last() == Some(&Piece::Many) {
        pieces.pop();
        pattern.to_end = false;
    }
    for piece in pieces {
        match (piece, pattern.pieces.last_mut()) {
            (Piece::Many, Some(Piece::Many)) => {}
            (Piece::Text(text), Some(Piece::Text(before))) => before.extend_from_slice(&text),
            (piece, _) => pattern.pieces.push(piece),
        }
    }
    if !cased {
        pattern.pieces.iter_mut().for_each(fold_piece);
    }
    pattern
}

fn fold_piece(piece: &mut Piece) {
    if let Piece::Text(bytes) = piece {
        match std::str::from_utf8(bytes) {
            Ok(text) => *bytes = fold(text).into_bytes(),
            Err(_) => bytes.make_ascii_lowercase(),
        }
    }
}

fn pattern(op: Op, cased: bool, pieces: Vec<Piece>) -> Pattern {
    let from_start = matches!(op, Op::Equals | Op::StartsWith);
    let to_end = matches!(op, Op::Equals | Op::EndsWith);
    pattern_of(from_start, to_end, cased, pieces)
}

fn regex(modifiers: &[Modifier], pattern: &str) -> Result<Predicate, Mistake> {
    let flags = [(Modifier::IgnoreCase, 'i'), (Modifier::Multiline, 'm'), (Modifier::DotAll, 's')];
    let flags: String =
        flags.iter().filter(|(modifier, _)| modifiers.contains(modifier)).map(|(_, flag)| *flag).collect();
    let whole = if flags.is_empty() { pattern.to_owned() } else { format!("(?{flags}){pattern}") };
    match check_regex(&whole) {
        Ok(()) => Ok(Predicate::Regex(whole)),
        Err(text) => {
            let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            let hint = if reason.contains("look-around") || reason.contains("backreference") {
                "only expressions that run in linear time are taken: write it without look-around and back-references"
            } else {
                "see the syntax at https://docs.rs/regex"
            };
            mistake(format!("the regular expression cannot be used: {reason}"), hint)
        }
    }
}

/// Longer expressions, and those that count repetitions, may be too large to run: they are compiled at once.
const SURELY_SMALL_BYTES: usize = 300;

/// Whether the expression can be run. Most are only read here, and compiled when an event first needs them.
pub(crate) fn check_regex(whole: &str) -> Result<(), String> {
    let parsed = regex_syntax::Parser::new().parse(whole).map_err(|error| error.to_string())?;
    let counted = whole.contains('{');
    if counted || whole.len() > SURELY_SMALL_BYTES || parsed.properties().minimum_len() > Some(1024) {
        regex::Regex::new(whole).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn network(text: &str) -> Result<Predicate, Mistake> {
    match parse_network(text) {
        Some(network) => Ok(Predicate::Network(network)),
        None => mistake(format!("`{text}` is no network"), "write it as 10.0.0.0/8 or fe80::/10"),
    }
}

/// Reads `10.0.0.0/8`, `fe80::/10` or a single address.
pub(crate) fn parse_network(text: &str) -> Option<Network> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
        None => (text, None),
    };
    let (address, width) = match address.trim().parse::<std::net::IpAddr>().ok()? {
        std::net::IpAddr::V4(v4) => (v4.to_ipv6_mapped().to_bits(), 32),
        std::net::IpAddr::V6(v6) => (v6.to_bits(), 128),
    };
    let bits = bits.unwrap_or(width);
    (bits <= width).then(|| Network { address, bits: 128 - width + bits })
}

fn plain(value: &SigmaValue) -> Result<String, Mistake> {
    match value {
        SigmaValue::String(text) => Ok(text.as_plain().unwrap_or_else(|| text.original.clone())),
        SigmaValue::Integer(_) | SigmaValue::Float(_) | SigmaValue::Bool(_) => Ok(value.to_string()),
        SigmaValue::Null => mistake("this comparison needs a value", "write one after the colon"),
    }
}

fn number(value: &SigmaValue) -> Result<Number, Mistake> {
    let text = plain(value)?;
    match text.trim().parse::<f64>().ok().and_then(Number::new) {
        Some(number) => Ok(number),
        None => mistake(format!("`{text}` is no number"), "lt, lte, gt and gte compare numbers"),
    }
}

fn whole_number(value: &SigmaValue) -> Result<i64, Mistake> {
    let text = plain(value)?;
    match text.trim().parse() {
        Ok(number) => Ok(number),
        Err(_) => mistake(format!("`{text}` is no whole number"), "a part of a time is a whole number"),
    }
}

const MODIFIERS: &[&str] = &[
    "all",
    "base64",
    "base64offset",
    "cased",
    "cidr",
    "contains",
    "day",
    "endswith",
    "exists",
    "expand",
    "fieldref",
    "gt",
    "gte",
    "hour",
    "i",
    "lt",
    "lte",
    "m",
    "minute",
    "month",
    "neq",
    "re",
    "s",
    "startswith",
    "utf16",
    "utf16be",
    "utf16le",
    "week",
    "wide",
    "windash",
    "year",
];

/// The modifier that somebody may have meant.
pub(super) fn nearest_modifier(name: &str) -> Option<&'static str> {
    let near = MODIFIERS.iter().map(|known| (distance(name, known), *known)).min()?;
    (near.0 <= 2 && near.0 < near.1.len()).then_some(near.1)
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let next = (diagonal + usize::from(ca != *cb)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], next);
        }
    }
    row.last().copied().unwrap_or(0)
}
