//! Rules and events at random, few letters and few fields, so that they meet; cells are mostly made from the rule's own
//! values, bent a little.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::reference;
use crate::rule::{Detection, Item, Rule, Scalar};

/// The fields of rules and events; no event has the last.
pub const FIELDS: [&str; 4] = ["F", "G", "H", "Nowhere"];
/// The fields of events.
pub const COLUMNS: [&str; 3] = ["F", "G", "H"];

/// Letters of texts. Without those whose case regular expressions and lower case see differently (`ſ`, `K`, `Σ`): the
/// crate `vigie-detect` tests those on its own.
const LETTERS: &[&str] =
    &["a", "b", "A", "é", "É", "7", " ", "-", "/", ".", "*", "?", "\\", "\\\\", "\\*", "%", "_", "\u{2013}"];

/// Values that mean something to some modifier.
const SPECIAL: &[&str] = &[
    "",
    "7",
    "7.0",
    "-7",
    "0",
    "1",
    "true",
    "False",
    "yes",
    "10.0.0.7",
    "10.1.2.3",
    "192.168.1.7",
    "fe80::1",
    "2021-03-03T05:12:44Z",
    "2020-12-31T23:59:59Z",
    "2021-01-03T00:07:00Z",
];

const REGEXES: &[&str] =
    &["^a", "b$", "a.b", "a\\.b", "[ab]{2}", "(?:a|é)b?7", "\\\\a", "a*7", "(?i)AB", "^$", "\\d+", "a\\*b"];
const NETWORKS: &[&str] = &["10.0.0.0/8", "10.0.0.0/30", "192.168.1.7", "fe80::/10", "0.0.0.0/0"];
const PARTS: &[(&str, &[i64])] = &[
    ("minute", &[12, 59, 7]),
    ("hour", &[5, 23, 0]),
    ("day", &[3, 31]),
    ("week", &[9, 53]),
    ("month", &[3, 12, 1]),
    ("year", &[2021, 2020]),
];

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(select(LETTERS), 0..6).prop_map(|letters| letters.concat())
}

fn scalar() -> impl Strategy<Value = Scalar> {
    prop_oneof![
        8 => text().prop_map(Scalar::Text),
        2 => select(SPECIAL).prop_map(|text| Scalar::Text(text.to_owned())),
        1 => select(vec![Scalar::Int(7), Scalar::Int(0), Scalar::Int(-7), Scalar::Float(7.5)]),
        1 => any::<bool>().prop_map(Scalar::Bool),
        1 => Just(Scalar::Null),
    ]
}

/// Texts and numbers: what `contains` and its like take.
fn piece() -> impl Strategy<Value = Scalar> {
    prop_oneof![
        40 => text().prop_map(Scalar::Text),
        1 => select(vec![Scalar::Int(7), Scalar::Int(-7)]),
    ]
}

/// Texts without wildcards: what encodings take.
fn plain() -> impl Strategy<Value = Scalar> {
    let letters = vec!["a", "b", "A", "7", " ", "-", ".", "whoami", "%"];
    prop::collection::vec(select(letters), 2..5).prop_map(|letters| Scalar::Text(letters.concat()))
}

fn texts(max: usize) -> impl Strategy<Value = Vec<Scalar>> {
    prop::collection::vec(piece(), 1..=max)
}

type Words = (Vec<&'static str>, Vec<Scalar>);

fn one_text(value: impl Into<String>) -> Vec<Scalar> {
    vec![Scalar::Text(value.into())]
}

/// Modifiers and values that belong together.
fn words() -> impl Strategy<Value = Words> {
    let place = || select(vec!["contains", "startswith", "endswith"]);
    let dashed = text().prop_filter("few dashes", |text| {
        reference::dashes(text).len() <= reference::DASHES_MAX && !text.contains("\u{2013}")
    });
    let timed = select(PARTS).prop_flat_map(|(part, values)| {
        select(values).prop_map(move |value| (vec![part], vec![Scalar::Int(value)]))
    });
    prop_oneof![
        6 => prop::collection::vec(scalar(), 1..4).prop_map(|values| (vec![], values)),
        6 => (place(), texts(3)).prop_map(|(place, values)| (vec![place], values)),
        2 => (place(), prop::collection::vec(piece(), 2..4)).prop_map(|(p, v)| (vec![p, "all"], v)),
        2 => (place(), texts(2)).prop_map(|(place, values)| (vec![place, "cased"], values)),
        1 => texts(2).prop_map(|values| (vec!["cased"], values)),
        2 => (prop::option::of(place()), dashed).prop_map(|(place, text)| {
            (["windash"].into_iter().chain(place).collect(), one_text(text))
        }),
        2 => (prop::option::of(select(vec!["i", "s", "m"])), select(REGEXES)).prop_map(|(flag, regex)| {
            (["re"].into_iter().chain(flag).collect(), one_text(regex))
        }),
        1 => select(NETWORKS).prop_map(|network| (vec!["cidr"], one_text(network))),
        2 => (select(vec!["gt", "gte", "lt", "lte"]), -8..9_i64).prop_map(|(op, n)| (vec![op], vec![Scalar::Int(n)])),
        1 => any::<bool>().prop_map(|wanted| (vec!["exists"], vec![Scalar::Bool(wanted)])),
        1 => (select(&COLUMNS[..]), prop::option::of(place()), any::<bool>()).prop_map(|(field, place, cased)| {
            let cased = cased.then_some("cased");
            (["fieldref"].into_iter().chain(place).chain(cased).collect(), one_text(field))
        }),
        1 => timed,
        1 => prop::collection::vec(scalar(), 1..3).prop_map(|values| (vec!["neq"], values)),
        1 => (place(), texts(2)).prop_map(|(place, values)| (vec![place, "neq"], values)),
        1 => plain().prop_map(|value| (vec!["base64"], vec![value])),
        1 => plain().prop_map(|value| (vec!["base64", "contains"], vec![value])),
        1 => plain().prop_map(|value| (vec!["wide", "base64", "contains"], vec![value])),
        1 => plain().prop_map(|value| (vec!["utf16be", "base64", "contains"], vec![value])),
        1 => plain().prop_map(|value| (vec!["base64offset", "contains"], vec![value])),
        1 => plain().prop_map(|value| (vec!["wide", "base64offset", "contains"], vec![value])),
    ]
}

fn item() -> BoxedStrategy<Item> {
    let item = (select(&FIELDS[..]), words()).prop_map(|(field, (modifiers, values))| Item {
        field: field.to_owned(),
        modifiers,
        values,
    });
    item.boxed()
}

/// Items whose keys differ for either side, since YAML holds a key once.
fn items(max: usize) -> impl Strategy<Value = Vec<Item>> {
    prop::collection::vec(item(), 1..max).prop_map(|items| {
        let mut kept: Vec<Item> = Vec::new();
        for item in items {
            if kept.iter().all(|other| !other.clashes_with(&item)) {
                kept.push(item);
            }
        }
        kept
    })
}

fn keyword() -> impl Strategy<Value = Scalar> {
    let word = text().prop_filter("not empty", |text| !text.is_empty());
    prop_oneof![8 => word.prop_map(Scalar::Text), 1 => Just(Scalar::Int(7))]
}

fn detection() -> BoxedStrategy<Detection> {
    let detection = prop_oneof![
        24 => items(4).prop_map(Detection::Map),
        6 => prop::collection::vec(items(3), 1..4).prop_map(Detection::Maps),
        4 => prop::collection::vec(keyword(), 1..3).prop_map(Detection::Keywords),
        1 => prop::collection::vec(keyword(), 2..4).prop_map(Detection::AllKeywords),
    ];
    detection.boxed()
}

/// Names of detections; one that begins with `_` is in no `them`.
const NAMES: &[&str] = &["sel_a", "sel_b", "filter_a", "_own"];

fn condition() -> impl Strategy<Value = String> {
    let selectors =
        vec!["1 of sel_*", "all of sel_*", "1 of them", "all of them", "2 of them", "any of filter_*"];
    let leaf = prop_oneof![
        4 => select(NAMES).prop_map(str::to_owned),
        2 => select(selectors).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} and {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} or {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} or {b}) and {a}")),
            inner.clone().prop_map(|inner| format!("not ({inner})")),
            inner.prop_map(|inner| format!("not {inner}")),
        ]
    })
}

/// A rule with all of `NAMES`, so that every condition means something.
pub fn rule() -> impl Strategy<Value = Rule> {
    let detections = prop::collection::vec(detection(), NAMES.len());
    (detections, prop::collection::vec(condition(), 1..3)).prop_map(|(detections, conditions)| {
        let names = NAMES.iter().map(|name| (*name).to_owned());
        Rule { detections: names.zip(detections).collect(), conditions }
    })
}

/// A cell before it is known for which rules.
#[derive(Clone, Debug)]
pub enum Cell {
    /// Nothing.
    Absent,
    /// A text of its own.
    Own(String),
    /// A value of a rule, bent.
    Made(Index, Bend, &'static str, &'static str),
}

/// What is done to a rule's value.
#[derive(Clone, Copy, Debug)]
pub enum Bend {
    /// Wildcards filled.
    Filled(&'static str),
    /// The case of every letter changed.
    Flipped,
    /// A slash for each dash.
    Slashed,
    /// Encoded.
    Base64,
    /// As UTF-16LE, then encoded.
    Wide,
}

fn cell() -> impl Strategy<Value = Cell> {
    let fillings = vec!["", "a", "é", "7b"];
    let bend = prop_oneof![
        6 => select(fillings).prop_map(Bend::Filled),
        2 => Just(Bend::Flipped),
        1 => Just(Bend::Slashed),
        1 => Just(Bend::Base64),
        1 => Just(Bend::Wide),
    ];
    let around = || select(vec!["", "", "", "a", "é", " ", "-"]);
    prop_oneof![
        1 => Just(Cell::Absent),
        1 => text().prop_map(Cell::Own),
        2 => select(SPECIAL).prop_map(|text| Cell::Own(text.to_owned())),
        8 => (any::<Index>(), bend, around(), around()).prop_map(|(i, bend, a, b)| Cell::Made(i, bend, a, b)),
    ]
}

/// Events: rows of [`COLUMNS`].
pub fn events() -> impl Strategy<Value = Vec<Vec<Cell>>> {
    prop::collection::vec(prop::collection::vec(cell(), COLUMNS.len()), 1..10)
}

/// The cell's text, for these rules.
pub fn filled(cell: &Cell, rules: &[Rule]) -> Option<String> {
    match cell {
        Cell::Absent => None,
        Cell::Own(text) => Some(text.clone()),
        Cell::Made(index, bend, before, after) => {
            let texts: Vec<&str> = rules.iter().flat_map(Rule::texts).collect();
            if texts.is_empty() {
                return Some((*before).to_owned());
            }
            let bent = bend.apply(texts[index.index(texts.len())], before);
            Some(format!("{bent}{after}"))
        }
    }
}

impl Bend {
    fn apply(self, value: &str, before: &str) -> String {
        let fill = |filling: &str| -> String {
            let pieces = reference::pieces(value).into_iter();
            pieces.map(|piece| piece.map_or_else(|| filling.to_owned(), String::from)).collect()
        };
        let flip = |c: char| if c.is_uppercase() { c.to_lowercase().next() } else { c.to_uppercase().next() };
        match self {
            Bend::Filled(filling) => format!("{before}{}", fill(filling)),
            Bend::Flipped => format!("{before}{}", fill("a").chars().filter_map(flip).collect::<String>()),
            Bend::Slashed => format!("{before}{}", fill("a").replace('-', "/")),
            Bend::Base64 => reference::base64(format!("{before}{}", fill("a")).as_bytes()),
            Bend::Wide => {
                let whole = format!("{before}{}", fill("a"));
                reference::base64(&whole.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>())
            }
        }
    }
}
