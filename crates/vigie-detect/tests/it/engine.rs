//! The engine against the plain evaluator: random rules, random events, random splits into batches.

use std::sync::Arc;

use proptest::prelude::*;
use vigie_detect::ir::{
    Compare, Expr, LogSource, Network, Number, OtherField, Pattern, Piece, Predicate, Rule, Test, TimePart,
};
use vigie_detect::{RuleSet, naive};
use vigie_model::rule::RuleInfo;
use vigie_model::schema::Skim;
use vigie_model::{EventBatch, Schema};

use crate::help;

/// Few letters, so that values and patterns meet; both cases, beyond ASCII, and the separators of joined fields.
const ALPHABET: &[char] =
    &['a', 'b', 'A', 'é', 'É', 's', 'ſ', 'K', '\u{212A}', '?', '-', '/', '\\', '\u{2013}', '.'];

fn text(max: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(ALPHABET), 0..=max)
        .prop_map(|letters| letters.into_iter().collect())
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => text(6),
        1 => prop::sample::select(vec!["5", "7.5", "-", "", "true", "0", "10.0.0.7", "2021-03-03T05:12:44Z"]).prop_map(str::to_owned),
    ]
}

fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    let piece = prop_oneof![
        4 => text(3).prop_map(|text| Piece::Text(text.into_bytes())),
        1 => Just(Piece::One),
        1 => Just(Piece::Many),
        1 => Just(Piece::Dash),
    ];
    prop::collection::vec(piece, 0..4)
}

/// Patterns in the normal form that loading gives.
fn pattern() -> impl Strategy<Value = Pattern> {
    (pieces(), any::<[bool; 3]>()).prop_map(|(pieces, [from_start, to_end, cased])| {
        let mut kept: Vec<Piece> = Vec::new();
        for piece in pieces {
            match (piece, kept.last_mut()) {
                (Piece::Text(text), _) if text.is_empty() => {}
                (Piece::Text(text), Some(Piece::Text(before))) => before.extend(text),
                (Piece::Many, None | Some(Piece::Many)) => {}
                (piece, _) => kept.push(piece),
            }
        }
        while kept.last() == Some(&Piece::Many) {
            kept.pop();
        }
        if !cased {
            for piece in &mut kept {
                if let Piece::Text(bytes) = piece {
                    *bytes = vigie_detect::ir::fold(std::str::from_utf8(bytes).unwrap()).into_bytes();
                }
            }
        }
        Pattern { pieces: kept, from_start, to_end, cased }
    })
}

fn predicate() -> impl Strategy<Value = Predicate> {
    let regexes =
        vec!["a.b", "(?i)ab", "(?i)s", "^a", "b$", "(a|b)b", "(?i)ka?", "é", "[ab]{2}", "a*", "(ab|sa)+"];
    let compares =
        vec![Compare::Equal, Compare::Less, Compare::LessOrEqual, Compare::Greater, Compare::GreaterOrEqual];
    prop_oneof![
        8 => pattern().prop_map(Predicate::Text),
        2 => prop::sample::select(regexes).prop_map(|regex| Predicate::Regex(regex.to_owned())),
        1 => prop::sample::select(compares).prop_map(|c| Predicate::Number(c, Number::new(7.5).unwrap())),
        1 => Just(Predicate::Network(Network { address: 0xFFFF_0A00_0000, bits: 104 })),
        1 => any::<bool>().prop_map(Predicate::Bool),
        1 => any::<bool>().prop_map(Predicate::Exists),
        1 => Just(Predicate::Null),
        1 => Just(Predicate::TimePart(TimePart::Hour, 5)),
        1 => (prop::sample::select(FIELDS), any::<[bool; 3]>()).prop_map(|(field, [from_start, to_end, cased])| {
            Predicate::OtherField(OtherField { field: field.to_owned(), from_start, to_end, cased })
        }),
    ]
}

/// Fields as rules name them: native, aliased, joined, and one that is nowhere.
const FIELDS: &[&str] =
    &["cs-uri-query", "cs-uri-stem", "cs-uri", "cs-user-agent", "sc-status", "nowhere", "CS-METHOD", "c-ip"];
/// The columns of the events.
const COLUMNS: &[&str] = &["cs-method", "cs-uri-stem", "cs-uri-query", "cs(User-Agent)", "sc-status", "c-ip"];

fn expr() -> impl Strategy<Value = Expr> {
    let field =
        prop_oneof![8 => prop::sample::select(FIELDS).prop_map(|f| Some(f.to_owned())), 1 => Just(None)];
    let leaf = prop_oneof![
        12 => (field, predicate()).prop_map(|(field, predicate)| Expr::Test(Test { field, predicate })),
        1 => any::<bool>().prop_map(Expr::Const),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let parts = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            parts.clone().prop_map(Expr::And),
            parts.clone().prop_map(Expr::Or),
            (1..3_usize, parts).prop_map(|(count, parts)| Expr::AtLeast(count, parts)),
            inner.prop_map(|inner| Expr::Not(Box::new(inner))),
        ]
    })
}

fn rules(most: usize) -> impl Strategy<Value = Vec<Rule>> {
    let category = prop::sample::select(vec!["", "webserver"]);
    let one = (expr(), category).prop_map(|(condition, category)| {
        let source = LogSource { category: category.to_owned(), ..LogSource::default() };
        Rule::new(RuleInfo::default(), source, condition)
    });
    prop::collection::vec(one, 1..=most)
}

fn rows() -> impl Strategy<Value = Vec<Vec<Option<String>>>> {
    let row = prop::collection::vec(prop::option::weighted(0.85, value()), COLUMNS.len());
    prop::collection::vec(row, 1..40)
}

fn found(rules: &Arc<RuleSet>, batches: &[EventBatch]) -> Vec<(u32, u64)> {
    help::hits(rules, batches).into_iter().map(|hit| (hit.rule, hit.number)).collect()
}

fn by_hand(rules: &RuleSet, batch: &EventBatch) -> Vec<(u32, u64)> {
    let rows = 0..batch.rows();
    rows.flat_map(|row| {
        let matching = (0..).zip(rules.compiled()).filter(move |(_, rule)| naive::matches(rule, batch, row));
        matching.map(move |(index, _)| (index, batch.positions[row].number))
    })
    .collect()
}

fn iis() -> Schema {
    Schema { artifact: "iis.w3c".into(), stream: "W3SVC1".into(), ..help::schema(COLUMNS) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn finds_what_the_plain_evaluator_finds(rules in rules(5), rows in rows()) {
        let rules = Arc::new(RuleSet::of(rules));
        let whole = help::batch(&iis(), &rows);
        prop_assert_eq!(found(&rules, std::slice::from_ref(&whole)), by_hand(&rules, &whole));
    }

    #[test]
    fn splits_into_batches_change_nothing(rules in rules(5), rows in rows(), at in any::<prop::sample::Index>()) {
        let rules = Arc::new(RuleSet::of(rules));
        let whole = help::batch(&iis(), &rows);
        let (first, second) = rows.split_at(at.index(rows.len()));
        let count = |batches: &[EventBatch]| -> Vec<u32> {
            help::hits(&rules, batches).into_iter().map(|hit| hit.rule).collect()
        };
        let halves = [help::batch(&iis(), first), help::batch(&iis(), second)];
        prop_assert_eq!(count(&halves), count(&[whole]));
    }

    #[test]
    fn skimming_marks_every_line_that_a_rule_matches(rules in rules(1), rows in rows()) {
        let rules = Arc::new(RuleSet::of(rules));
        let whole = help::batch(&iis(), &rows);
        let (mut text, mut ends) = (String::new(), Vec::new());
        for row in &rows {
            let cells: Vec<&str> = row.iter().flatten().map(String::as_str).collect();
            text += &cells.join(" ");
            text.push('\n');
            ends.push(text.len());
        }
        let mut marks = Vec::new();
        let skim = rules.scanner().skim(&iis(), &text, &mut marks);
        let marked = |row: usize| {
            let start = row.checked_sub(1).map_or(0, |before| ends[before]);
            marks.iter().any(|mark| (start..ends[row]).contains(&(*mark as usize)))
        };
        for (rule, number) in by_hand(&rules, &whole) {
            let row = usize::try_from(number).unwrap() - 1;
            prop_assert!(skim == Skim::ReadAll || marked(row), "rule {} in row {}", rule, row);
        }
        prop_assert!(marks.is_sorted());
    }
}
