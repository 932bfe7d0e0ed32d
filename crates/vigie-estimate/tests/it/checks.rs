//! The twelve checks: for each, a case in which it is silent and one in which it turns.

use crate::published::kosovo;
use std::collections::BTreeMap;
use vigie_estimate::honesty::{Status, Text};
use vigie_estimate::methods::leavers::Dates;
use vigie_estimate::table::CaptureTable;
use vigie_estimate::{Analysis, Context, Effort, analyze};

type Strata = BTreeMap<String, CaptureTable>;

fn table(lists: &[&str], cells: &[(usize, u64)]) -> CaptureTable {
    CaptureTable::from_cells(lists, cells).unwrap()
}

fn run(table: &CaptureTable, strata: &Strata, context: &Context) -> Analysis {
    let effort = Effort { gibbs: None, replicates: Some(0), ..Effort::default() };
    let analysis = analyze(table, strata, context, &effort);
    let numbers: Vec<u8> = analysis.checks.iter().map(|c| c.number).collect();
    assert_eq!(numbers, (1..=12).collect::<Vec<u8>>());
    for check in &analysis.checks {
        assert!(!check.text.en.is_empty() && check.text.en != check.text.fr, "{check:?}");
    }
    analysis
}

fn status(number: usize, table: &CaptureTable, context: &Context) -> (Status, Text) {
    let check = run(table, &Strata::new(), context).checks[number - 1].clone();
    (check.status, check.text)
}

/// Three lists drawn as if independent from 1,000 units.
fn sound() -> CaptureTable {
    table(&["A", "B", "C"], &[(1, 125), (2, 126), (4, 124), (3, 125), (5, 125), (6, 126), (7, 125)])
}

#[test]
fn check_1_asks_for_unit_and_population() {
    let (asked, text) = status(1, &sound(), &Context::default());
    assert!(asked == Status::Unknown && text.en.contains("--unit"));
    let named = Context {
        unit: Some("servers".to_owned()),
        population: Some("in DE, March 2021".to_owned()),
        windows: vec![("A".to_owned(), "2021-03-09..2021-03-12".to_owned())],
        ..Context::default()
    };
    let (fine, text) = status(1, &sound(), &named);
    assert!(fine == Status::Ok && text.en.contains("A 2021-03-09..2021-03-12"));
}

#[test]
fn check_2_names_derived_lists() {
    assert_eq!(status(2, &sound(), &Context::default()).0, Status::Ok);
    let derived = Context { derived: vec!["D <- A".to_owned()], ..Context::default() };
    let (flagged, text) = status(2, &sound(), &derived);
    assert!(flagged == Status::Flag && text.fr.contains("non comptées comme indépendantes : D <- A"));
}

#[test]
fn check_3_is_the_floor() {
    let (fine, text) = status(3, &kosovo(), &Context::default());
    assert!(fine == Status::Ok && text.en.starts_with("4,400 distinct"), "{text:?}");
    assert_eq!(status(3, &CaptureTable::of_nobody(), &Context::default()).0, Status::Flag);
}

#[test]
fn check_4_sees_small_overlaps_and_copies() {
    assert_eq!(status(4, &sound(), &Context::default()).0, Status::Ok);
    let (small, text) = status(4, &table(&["A", "B"], &[(1, 40), (2, 30), (3, 6)]), &Context::default());
    assert!(small == Status::Flag && text.en.contains("fewer than 7 shared"), "{text:?}");
    let (copy, text) = status(4, &table(&["A", "B"], &[(1, 400), (2, 3), (3, 97)]), &Context::default());
    assert!(copy == Status::Flag && text.en.contains("97% of the smaller list"), "{text:?}");
    let one = status(4, &table(&["A"], &[(1, 5)]), &Context::default());
    assert_eq!(one.0, Status::Skipped);
}

#[test]
fn check_5_sees_how_many_were_seen_once() {
    assert_eq!(status(5, &sound(), &Context::default()).0, Status::Ok);
    let thin = table(&["A", "B", "C"], &[(1, 400), (2, 300), (4, 200), (3, 9), (5, 8), (6, 8)]);
    let (flagged, text) = status(5, &thin, &Context::default());
    assert!(flagged == Status::Flag && text.en.contains("97% of the units were seen once"), "{text:?}");
}

#[test]
fn check_6_sees_models_that_disagree() {
    let (fine, text) = status(6, &sound(), &Context::default());
    assert!(fine == Status::Ok, "{text:?}");
    let (flagged, text) =
        status(6, &table(&["A", "B", "C"], &[(1, 40), (2, 30), (4, 20), (3, 6)]), &Context::default());
    assert!(flagged == Status::Flag && !text.en.contains("; 0 left out"), "{text:?}");
}

#[test]
fn check_7_counts_each_list_through_the_others() {
    let (fine, text) = status(7, &sound(), &Context::default());
    assert!(fine == Status::Ok && text.en.contains("3 of 3 intervals hold the truth"), "{text:?}");
    let (missed, text) = status(7, &kosovo(), &Context::default());
    assert!(
        missed == Status::Flag && text.en.contains("ABA has 1,528") && text.en.contains("misses"),
        "{text:?}"
    );
    let two = status(7, &table(&["A", "B"], &[(1, 40), (2, 30), (3, 20)]), &Context::default());
    assert_eq!(two.0, Status::Skipped);
}

#[test]
fn check_8_tells_what_linking_may_have_missed() {
    let (unknown, text) = status(8, &sound(), &Context::default());
    assert!(unknown == Status::Unknown && text.en.contains("10% -> "));
    let told = Context {
        missed_links: Some(0.02),
        thresholds: vec![(0.8, 870, Some(990.0)), (0.95, 876, Some(1_000.0)), (0.99, 880, None)],
        ..Context::default()
    };
    let (fine, text) = status(8, &sound(), &told);
    assert!(fine == Status::Ok && text.en.contains("0.80 -> 870 seen, middle 990"), "{text:?}");
    assert!(text.fr.contains("0,80 -> 870 vues, milieu 990"), "{text:?}");
    let bad = Context { missed_links: Some(0.3), ..Context::default() };
    assert_eq!(status(8, &sound(), &bad).0, Status::Flag);
}

#[test]
fn check_9_moves_with_the_odds_ratio_and_holds_claims_against_overlaps() {
    let claim = Context { claims: vec![2_000.0], ..Context::default() };
    let (fine, text) = status(9, &sound(), &claim);
    assert!(fine == Status::Ok && text.en.contains("2,000 -> 126"), "{text:?}");
    let (two, text) = status(9, &table(&["A", "B"], &[(1, 40), (2, 30), (3, 20)]), &Context::default());
    assert!(two == Status::Flag && text.en.contains("cannot be tested"));
    let apart = status(9, &table(&["A", "B"], &[(1, 40), (2, 30)]), &Context::default());
    assert_eq!(apart.0, Status::Skipped);
}

#[test]
fn check_10_names_strata_with_too_little() {
    assert_eq!(status(10, &sound(), &Context::default()).0, Status::Skipped);
    let halves = Strata::from([("de".to_owned(), sound()), ("fr".to_owned(), sound())]);
    let both = sound().with_counts(sound().counts().iter().map(|c| c * 2).collect());
    let summed = run(&both, &halves, &Context::default()).checks[9].clone();
    assert!(summed.status == Status::Ok && summed.text.en.contains("sum 2,000"), "{summed:?}");
    let thin = Strata::from([
        ("de".to_owned(), sound()),
        ("fr".to_owned(), table(&["A", "B", "C"], &[(1, 4), (2, 3), (4, 2)])),
    ]);
    let named = run(&both, &thin, &Context::default()).checks[9].clone();
    assert!(named.status == Status::Flag && named.text.en.contains("fr ? (9)"), "{named:?}");
}

#[test]
fn check_11_holds_dates_against_the_half_life() {
    assert_eq!(status(11, &sound(), &Context::default()).0, Status::Unknown);
    let near = Context {
        days_apart: Some(1.0),
        dates: Dates { half_life: Some(7.4), ..Dates::default() },
        ..Context::default()
    };
    assert_eq!(status(11, &sound(), &near).0, Status::Ok);
    let far = Context { days_apart: Some(3.0), ..near };
    let (flagged, text) = status(11, &sound(), &far);
    assert!(flagged == Status::Flag && text.fr.contains("demi-vie 7,4 jours"));
}

#[test]
fn check_12_is_a_sentence_either_way() {
    let (fine, text) = status(12, &sound(), &Context::default());
    assert!(fine == Status::Ok && text.en.contains("between"), "{text:?}");
    let (refused, text) = status(12, &table(&["A", "B"], &[(1, 40), (2, 30)]), &Context::default());
    assert!(refused == Status::Flag && text.en.contains("is not estimated, because"), "{text:?}");
}
