//! The plain meaning of a rule, one event at a time: what tests hold the engine against, and what `vigie prove`
//! replays a claim with, so that a claim never rests on the engine alone.

use std::net::IpAddr;

use vigie_model::schema::Schema;
use vigie_model::{EventBatch, Time};

use crate::bind::{self, Slot};
use crate::ir::{DASHES, Expr, Network, OtherField, Pattern, Piece, Predicate, Rule, Test, TimePart, fold};
use crate::taxonomy::{Joint, Source};

/// Whether a rule matches an event; `false` when it speaks of other logs.
pub fn matches(rule: &Rule, batch: &EventBatch, row: usize) -> bool {
    match bind::source_for(&rule.source, &batch.schema) {
        Some(source) => holds(&rule.condition, &Event { source, batch, row }),
        None => false,
    }
}

#[derive(Clone, Copy)]
struct Event<'a> {
    source: &'static Source,
    batch: &'a EventBatch,
    row: usize,
}

impl Event<'_> {
    fn schema(&self) -> &Schema {
        &self.batch.schema
    }

    /// The texts of a field, absent ones too; one absent text when the schema has no such field.
    fn texts(&self, field: &str) -> Vec<Option<String>> {
        let slots = bind::slots_of(field, self.source, self.schema());
        if slots.is_empty() { vec![None] } else { slots.iter().map(|slot| self.text(slot)).collect() }
    }

    fn single_texts(&self, field: &str) -> Vec<Option<String>> {
        let slots = bind::slots_of(field, self.source, self.schema());
        slots.iter().filter(|slot| !matches!(slot, Slot::Joined(..))).map(|slot| self.text(slot)).collect()
    }

    fn text(&self, slot: &Slot) -> Option<String> {
        let cell = |column: usize| self.batch.cell(self.row, column);
        match slot {
            Slot::Column(column) => cell(*column).map(str::to_owned),
            Slot::Constant(text) => Some(text.clone()),
            Slot::Joined(left, joint, right) => join(cell(*left), *joint, cell(*right)),
        }
    }
}

/// Two values joined; absent when the left is, or when `left\right` lacks its right.
pub fn join(left: Option<&str>, joint: Joint, right: Option<&str>) -> Option<String> {
    match (left?, joint, right) {
        (left, Joint::Query, None | Some("" | "-")) => Some(left.to_owned()),
        (left, Joint::Query, Some(query)) if query.starts_with('?') => Some(format!("{left}{query}")),
        (left, Joint::Query, Some(query)) => Some(format!("{left}?{query}")),
        (_, Joint::Backslash, None) => None,
        (left, Joint::Backslash, Some(right)) => Some(format!("{left}\\{right}")),
    }
}

fn holds(expr: &Expr, event: &Event<'_>) -> bool {
    match expr {
        Expr::Const(value) => *value,
        Expr::Test(test) => test_holds(test, event),
        Expr::And(parts) => parts.iter().all(|part| holds(part, event)),
        Expr::Or(parts) => parts.iter().any(|part| holds(part, event)),
        Expr::AtLeast(count, parts) => parts.iter().filter(|part| holds(part, event)).count() >= *count,
        Expr::Not(inner) => !holds(inner, event),
    }
}

fn test_holds(test: &Test, event: &Event<'_>) -> bool {
    let Some(field) = &test.field else {
        let mut columns = 0..event.schema().fields.len();
        return columns.any(|column| {
            let cell = event.batch.cell(event.row, column);
            cell.is_some_and(|text| text_fits(&test.predicate, text))
        });
    };
    let texts = event.texts(field);
    match &test.predicate {
        Predicate::Null => texts.first().is_none_or(Option::is_none),
        Predicate::Exists(wanted) => texts.first().is_some_and(Option::is_some) == *wanted,
        Predicate::OtherField(other) => {
            let others = event.texts(&other.field);
            texts.iter().flatten().any(|text| others.iter().flatten().any(|o| other_fits(other, text, o)))
        }
        Predicate::Text(_) | Predicate::Regex(_) => {
            texts.iter().flatten().any(|text| text_fits(&test.predicate, text))
        }
        // Numbers, addresses, truths and times are single fields, never two joined.
        Predicate::Network(_) | Predicate::Number(..) | Predicate::Bool(_) | Predicate::TimePart(..) => {
            let single = event.single_texts(field);
            single.iter().flatten().any(|text| text_fits(&test.predicate, text))
        }
    }
}

/// Whether a value that is there fits a predicate on it alone.
pub fn text_fits(predicate: &Predicate, text: &str) -> bool {
    match predicate {
        Predicate::Text(pattern) => pattern_fits(pattern, text),
        Predicate::Regex(source) => regex::Regex::new(source).is_ok_and(|regex| regex.is_match(text)),
        Predicate::Network(network) => network_holds(network, text),
        Predicate::Number(compare, number) => {
            number_of(text).is_some_and(|value| compare.holds(value, number.get()))
        }
        Predicate::Bool(wanted) => bool_of(text) == Some(*wanted),
        Predicate::TimePart(part, wanted) => time_part(text, *part) == Some(*wanted),
        Predicate::Exists(wanted) => *wanted,
        Predicate::Null | Predicate::OtherField(_) => false,
    }
}

pub(crate) fn other_fits(other: &OtherField, text: &str, value: &str) -> bool {
    let (text, value) =
        if other.cased { (text.to_owned(), value.to_owned()) } else { (fold(text), fold(value)) };
    match (other.from_start, other.to_end) {
        (true, true) => text == value,
        (true, false) => text.starts_with(&value),
        (false, true) => text.ends_with(&value),
        (false, false) => text.contains(&value),
    }
}

/// The number that a text is; words such as `inf` are none.
pub fn number_of(text: &str) -> Option<f64> {
    let text = text.trim();
    let first = *text.as_bytes().first()?;
    let numeric = first.is_ascii_digit() || matches!(first, b'-' | b'+' | b'.');
    text.parse::<f64>().ok().filter(|value| numeric && value.is_finite())
}

/// True or false, in the spellings that logs use.
pub fn bool_of(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Some(true),
        "false" | "0" | "no" => Some(false),
        _ => None,
    }
}

/// Whether the text names an address of the network; see [`addresses`].
pub fn network_holds(network: &Network, text: &str) -> bool {
    addresses(text).any(|address| top_bits(address, network.bits) == top_bits(network.address, network.bits))
}

/// The leading bits of an address.
pub fn top_bits(address: u128, bits: u8) -> u128 {
    address.checked_shr(128 - u32::from(bits.min(128))).unwrap_or(0)
}

/// The addresses that a text names, IPv4 mapped into IPv6. Reads `[::1]:443`, `fe80::1%4`, `10.0.0.1:80`, and the
/// lists that proxies write into `X-Forwarded-For`.
pub fn addresses(text: &str) -> impl Iterator<Item = u128> {
    text.split([',', ';', ' ', '+']).filter(|part| !part.is_empty()).filter_map(address_of)
}

fn address_of(text: &str) -> Option<u128> {
    let bare = text.trim_start_matches('[').split([']', '%']).next()?;
    let without_port =
        || bare.split_once(':').map(|(address, _)| address)?.parse::<std::net::Ipv4Addr>().ok();
    match bare.parse::<IpAddr>() {
        Ok(IpAddr::V4(v4)) => Some(v4.to_ipv6_mapped().to_bits()),
        Ok(IpAddr::V6(v6)) => Some(v6.to_bits()),
        Err(_) => without_port().map(|v4| v4.to_ipv6_mapped().to_bits()),
    }
}

/// A part of an ISO 8601 time, UTC.
pub fn time_part(text: &str, part: TimePart) -> Option<i64> {
    let time = Time::parse(text.trim().as_bytes())?;
    let (year, month, day) = time.day().civil();
    Some(match part {
        TimePart::Minute => time.micros().div_euclid(60_000_000).rem_euclid(60),
        TimePart::Hour => i64::from(time.hour()),
        TimePart::Day => i64::from(day),
        TimePart::Week => iso_week(time.day().0),
        TimePart::Month => i64::from(month),
        TimePart::Year => i64::from(year),
    })
}

/// The ISO week of a day since 1970-01-01 (a Thursday): that of the Thursday of its week.
fn iso_week(day: i32) -> i64 {
    let thursday = vigie_model::Day(day - (day + 3).rem_euclid(7) + 3);
    let (year, _, _) = thursday.civil();
    let first = vigie_model::Day::from_civil(year, 1, 1).unwrap_or(thursday);
    i64::from((thursday.0 - first.0) / 7 + 1)
}

/// Whether the text fits the pattern.
pub fn pattern_fits(pattern: &Pattern, text: &str) -> bool {
    let folded;
    let text = if pattern.cased {
        text
    } else {
        folded = fold(text);
        &folded
    };
    let bytes = text.as_bytes();
    let starts = if pattern.from_start { 0..=0 } else { 0..=bytes.len() };
    starts
        .filter(|start| text.is_char_boundary(*start))
        .any(|start| pieces_fit(pattern, &pattern.pieces, bytes, start))
}

/// Tries every way to lay the pieces over the text: exponential only in the number of `Many`, and only here.
fn pieces_fit(pattern: &Pattern, pieces: &[Piece], text: &[u8], at: usize) -> bool {
    let rest = text.get(at..).unwrap_or_default();
    let Some((piece, others)) = pieces.split_first() else {
        return !pattern.to_end || rest.is_empty();
    };
    let character = || std::str::from_utf8(rest).ok().and_then(|rest| rest.chars().next());
    match piece {
        Piece::Text(bytes) => rest.starts_with(bytes) && pieces_fit(pattern, others, text, at + bytes.len()),
        Piece::One => character().is_some_and(|c| pieces_fit(pattern, others, text, at + c.len_utf8())),
        Piece::Dash => character()
            .is_some_and(|c| DASHES.contains(&c) && pieces_fit(pattern, others, text, at + c.len_utf8())),
        Piece::Many => (at..=text.len()).any(|next| pieces_fit(pattern, others, text, next)),
    }
}
