//! Correlations over events of several files, and filters.

use std::sync::Arc;

use vigie_detect::{Correlated, RuleSet};
use vigie_model::batch::Position;
use vigie_model::{BatchBuilder, EventBatch, Schema, Time};

use crate::help::{hits, load, matches, rule, schema};

const FAILED: &str = "title: Failed\nid: failed\nname: failed\nlevel: low\nlogsource: {}\ndetection:\n  s:\n    What: failed\n  condition: s\n";
const ENTERED: &str = "title: Entered\nid: entered\nname: entered\nlevel: low\nlogsource: {}\ndetection:\n  s:\n    What: entered\n  condition: s\n";

fn correlation(body: &str) -> String {
    let indented = body.lines().fold(String::new(), |text, line| text + "  " + line + "\n");
    format!("title: C\nid: c\nlevel: high\ncorrelation:\n{indented}")
}

/// Events of one file: second of the day, what, who, how much.
type Row = (i64, &'static str, &'static str, &'static str);

fn file(rows: &[Row]) -> EventBatch {
    let shape: Schema = schema(&["What", "User", "Size"]);
    let mut builder = BatchBuilder::new(Arc::new(shape));
    for (number, (second, what, user, size)) in (1..).zip(rows) {
        let time = Time::from_micros(second * 1_000_000);
        builder.push(time, Position { number, offset: 0 }, [Some(*what), Some(*user), Some(*size)]);
    }
    builder.take()
}

fn run(rules: &Arc<RuleSet>, files: &[EventBatch]) -> Vec<Correlated> {
    // One scanner a file, merged in the opposite order: nothing may depend on it.
    let mut tally = vigie_detect::Tally::default();
    for (index, file) in files.iter().enumerate().rev() {
        let mut scanner = rules.scanner();
        scanner.set_file(index as u64);
        scanner.scan(file, &mut Vec::new());
        tally.merge(scanner.into_tally());
    }
    rules.correlate(&mut tally)
}

/// `(second, file, number)` of each hit.
fn found(body: &str, files: &[&[Row]]) -> Vec<(i64, u64, u64)> {
    let rules = Arc::new(load(&[FAILED, ENTERED, &correlation(body)]).unwrap());
    let files: Vec<EventBatch> = files.iter().map(|rows| file(rows)).collect();
    let hits = run(&rules, &files);
    hits.iter().map(|c| (c.hit.time.unwrap().micros() / 1_000_000, c.file, c.hit.number)).collect()
}

#[test]
fn counts_events_of_several_files_in_a_sliding_window() {
    let body = "type: event_count\nrules: failed\ngroup-by: [User]\ntimespan: 10s\ncondition:\n  gte: 3";
    let one: &[Row] = &[(0, "failed", "ann", ""), (9, "failed", "ann", ""), (40, "failed", "ann", "")];
    let two: &[Row] = &[(5, "failed", "bob", ""), (10, "failed", "ann", ""), (11, "failed", "ann", "")];
    // At 10 the window holds 0, 9, 10, its far end included; at 11 it still holds three: the same hit.
    assert_eq!(found(body, &[one, two]), [(10, 1, 2)]);
    // Once it ceased to hold, it may hit again.
    let again: &[Row] = &[
        (0, "failed", "a", ""),
        (1, "failed", "a", ""),
        (2, "failed", "a", ""),
        (50, "failed", "a", ""),
        (51, "failed", "a", ""),
        (52, "failed", "a", ""),
    ];
    assert_eq!(found(body, &[again]), [(2, 0, 3), (52, 0, 6)]);
}

#[test]
fn counts_values() {
    let body = "type: value_count\nrules: [failed]\ntimespan: 1m\ncondition:\n  field: User\n  gte: 3";
    let rows: &[Row] = &[
        (0, "failed", "a", ""),
        (1, "failed", "a", ""),
        (2, "failed", "b", ""),
        (3, "entered", "x", ""),
        (4, "failed", "c", ""),
    ];
    assert_eq!(found(body, &[rows]), [(4, 0, 5)]);
}

#[test]
fn adds_averages_and_ranks_values() {
    let rows: &[Row] = &[
        (0, "failed", "a", "10"),
        (1, "failed", "a", "20"),
        (2, "failed", "a", "60"),
        (3, "failed", "a", "x"),
    ];
    let body = |kind: &str, limit: &str| {
        format!("type: {kind}\nrules: [failed]\ntimespan: 1m\ncondition:\n  field: Size\n  {limit}")
    };
    assert_eq!(found(&body("value_sum", "gt: 80"), &[rows]), [(2, 0, 3)]);
    assert_eq!(found(&body("value_avg", "gte: 30"), &[rows]), [(2, 0, 3)]);
    assert_eq!(found(&body("value_median", "eq: 20"), &[rows]), [(2, 0, 3)]);
    assert_eq!(found(&body("value_percentile", "gte: 40\n  percentile: 75"), &[rows]), [(2, 0, 3)]);
}

#[test]
fn joins_rules_in_time_and_in_order() {
    let entered_first: &[Row] = &[(0, "entered", "a", ""), (5, "failed", "a", ""), (90, "entered", "b", "")];
    let failed_first: &[Row] = &[(2, "failed", "b", ""), (6, "entered", "b", "")];
    let any = "type: temporal\nrules: [failed, entered]\ngroup-by: [User]\ntimespan: 1m";
    assert_eq!(found(any, &[entered_first, failed_first]), [(5, 0, 2), (6, 1, 2)]);
    let ordered = any.replace("temporal", "temporal_ordered");
    assert_eq!(found(&ordered, &[entered_first, failed_first]), [(6, 1, 2)]);
    let only = "type: temporal\nrules: [failed, entered]\ngroup-by: [User]\ntimespan: 1m\ncondition: entered and not failed";
    assert_eq!(found(only, &[entered_first, failed_first]), [(0, 0, 1), (90, 0, 3)]);
}

#[test]
fn order_holds_across_files_and_clocks() {
    let ordered = "type: temporal_ordered\nrules: [failed, entered]\ngroup-by: [User]\ntimespan: 10s";
    let entered: &[Row] = &[(6, "entered", "a", ""), (20, "entered", "b", ""), (40, "entered", "c", "")];
    let failed: &[Row] = &[(2, "failed", "a", ""), (21, "failed", "b", ""), (40, "failed", "c", "")];
    // Of `b` the order is the other one; of `c` both clocks tell the same second, which may be any order.
    for files in [[entered, failed], [failed, entered]] {
        let at: Vec<i64> = found(ordered, &files).into_iter().map(|(second, ..)| second).collect();
        assert_eq!(at, [6, 40]);
    }
    let late: &[Row] = &[(13, "entered", "a", "")];
    assert_eq!(found(ordered, &[failed, late]), []);
}

#[test]
fn a_file_without_a_clock_takes_no_part() {
    let rules = Arc::new(
        load(&[
            FAILED,
            ENTERED,
            &correlation("type: event_count\nrules: failed\ntimespan: 1m\ncondition:\n  gte: 2"),
        ])
        .unwrap(),
    );
    let mut builder = BatchBuilder::new(Arc::new(schema(&["What"])));
    for number in 0..3 {
        builder.push(None, Position { number, offset: 0 }, [Some("failed")]);
    }
    assert_eq!(run(&rules, &[builder.take()]).len(), 0);
}

#[test]
fn every_comparison_of_a_count_is_known() {
    let rows: &[Row] = &[(0, "failed", "a", ""), (1, "failed", "a", ""), (2, "failed", "a", "")];
    for (limit, expected) in [
        ("gt: 2", vec![2]),
        ("gte: 2", vec![1]),
        ("lt: 2", vec![0]),
        ("lte: 2", vec![0]),
        ("eq: 2", vec![1]),
        ("neq: 1", vec![1]),
        ("gt: 1\n  lt: 3", vec![1]),
    ] {
        let body = format!("type: event_count\nrules: failed\ntimespan: 1m\ncondition:\n  {limit}");
        let at: Vec<i64> = found(&body, &[rows]).into_iter().map(|(second, ..)| second).collect();
        assert_eq!(at, expected, "{limit}");
    }
}

#[test]
fn aliases_name_one_thing_by_two_fields() {
    let other = ENTERED.replace("What: entered", "Kind: entered");
    let body = correlation(
        "type: temporal\nrules: [failed, entered]\ngroup-by: [who]\ntimespan: 1m\naliases:\n  who:\n    failed: User\n    entered: Account",
    );
    let rules = Arc::new(load(&[FAILED, &other, &body]).unwrap());
    let mut builder = BatchBuilder::new(Arc::new(schema(&["Kind", "Account"])));
    builder.push(Time::from_micros(7_000_000), Position::default(), [Some("entered"), Some("ann")]);
    let hits = run(&rules, &[file(&[(1, "failed", "ann", "")]), builder.take()]);
    assert_eq!(hits.len(), 1);
    assert_eq!(hits[0].hit.field("who"), Some("ann"));
}

#[test]
fn correlations_may_join_correlations() {
    let many = correlation(
        "type: event_count\nrules: [failed]\ngroup-by: [User]\ntimespan: 10s\ncondition:\n  gte: 2",
    )
    .replace("id: c\n", "id: many\nname: many\n");
    let then = correlation("type: temporal_ordered\nrules: [many, entered]\ngroup-by: [User]\ntimespan: 1m");
    let rules = Arc::new(load(&[FAILED, ENTERED, &then, &many]).unwrap());
    let rows: &[Row] =
        &[(0, "failed", "a", ""), (1, "failed", "a", ""), (9, "entered", "a", ""), (9, "entered", "b", "")];
    let hits = run(&rules, &[file(rows)]);
    let of: Vec<&str> = hits.iter().map(|hit| rules.rules[hit.hit.rule as usize].id.as_str()).collect();
    assert_eq!(of, ["many", "c"]);
}

#[test]
fn rules_of_a_correlation_are_silent_unless_it_says_generate() {
    let body = "type: event_count\nrules: [failed]\ntimespan: 1m\ncondition:\n  gte: 5";
    let rows = [file(&[(0, "failed", "a", ""), (1, "entered", "a", "")])];
    let count = |generate: &str| {
        let rules = Arc::new(load(&[FAILED, ENTERED, &(correlation(body) + generate)]).unwrap());
        let (mut scanner, mut hits) = (rules.scanner(), Vec::new());
        scanner.set_file(0);
        scanner.scan(&rows[0], &mut hits);
        hits.len()
    };
    assert_eq!((count(""), count("generate: true\n")), (1, 2));
    // An engine that does not run correlations must not lose the rules that serve them.
    let rules = Arc::new(load(&[FAILED, ENTERED, &correlation(body)]).unwrap());
    assert_eq!(hits(&rules, &rows).len(), 2);
    let (mut scanner, mut found) = (rules.scanner(), Vec::new());
    scanner.scan(&rows[0], &mut found);
    let liveness = rules.liveness(&scanner.into_tally());
    assert_eq!(liveness[2].cannot_fire.as_deref(), Some("correlations were not run over this evidence"));
}

#[test]
fn liveness_counts_what_a_correlation_was_tried_on() {
    let body = "type: event_count\nrules: [failed]\ntimespan: 1m\ncondition:\n  gte: 2";
    let rules = Arc::new(load(&[FAILED, ENTERED, &correlation(body)]).unwrap());
    let mut scanner = rules.scanner();
    scanner.scan(&file(&[(0, "failed", "a", ""), (1, "failed", "a", "")]), &mut Vec::new());
    let mut tally = scanner.into_tally();
    rules.correlate(&mut tally);
    let liveness = rules.liveness(&tally);
    let of = |id: &str| liveness.iter().find(|rule| rule.id == id).unwrap();
    assert_eq!((of("c").evaluated, of("c").matched, of("failed").matched), (2, 1, 2));
    let none = rules.liveness(&vigie_detect::Tally::default());
    assert_eq!(none[2].cannot_fire.as_deref(), Some("none of the rules that it joins can fire here"));
}

#[test]
fn mistakes_in_correlations_are_shown() {
    for (name, body) in [
        (
            "correlation-unknown-rule",
            "type: event_count\nrules: [nobody]\ntimespan: 1m\ncondition:\n  gte: 2",
        ),
        ("correlation-no-field", "type: value_count\nrules: [failed]\ntimespan: 1m\ncondition:\n  gte: 2"),
        (
            "correlation-bad-timespan",
            "type: event_count\nrules: [failed]\ntimespan: soon\ncondition:\n  gte: 2",
        ),
        ("correlation-no-timespan", "type: event_count\nrules: [failed]\ncondition:\n  gte: 2"),
        ("correlation-no-rules", "type: event_count\ntimespan: 1m\ncondition:\n  gte: 2"),
        ("correlation-unknown-type", "type: frequency\nrules: [failed]\ntimespan: 1m\ncondition:\n  gte: 2"),
        (
            "correlation-unknown-comparison",
            "type: event_count\nrules: [failed]\ntimespan: 1m\ncondition:\n  above: 2",
        ),
        (
            "correlation-condition-names-nothing",
            "type: temporal\nrules: [failed, entered]\ntimespan: 1m\ncondition: failed and left",
        ),
        (
            "correlation-alias-of-no-rule",
            "type: temporal\nrules: [failed, entered]\ngroup-by: [who]\ntimespan: 1m\naliases:\n  who:\n    faild: User\n    entered: User",
        ),
        ("correlation-itself", "type: event_count\nrules: [c]\ntimespan: 1m\ncondition:\n  gte: 2"),
    ] {
        crate::errors::check(name, &load(&[FAILED, ENTERED, &correlation(body)]).expect_err(name));
    }
}

#[test]
fn filters_narrow_the_rules_they_name() {
    let filter = |rules: &str| {
        format!(
            "title: F\nlogsource: {{}}\nfilter:\n  rules: {rules}\n  selection:\n    User|startswith: adm\n  condition: not selection\n"
        )
    };
    let rows = [file(&[(0, "failed", "adm1", ""), (1, "failed", "bob", ""), (2, "entered", "adm2", "")])];
    let numbers = |files: &[&str]| -> Vec<u64> {
        hits(&Arc::new(load(files).unwrap()), &rows).iter().map(|hit| hit.number).collect()
    };
    assert_eq!(numbers(&[FAILED, ENTERED]), [1, 2, 3]);
    assert_eq!(numbers(&[FAILED, ENTERED, &filter("[failed]")]), [2, 3]);
    assert_eq!(numbers(&[FAILED, ENTERED, &filter("any")]), [2]);
    let idle = load(&[FAILED, &filter("[nobody]")]).unwrap();
    assert_eq!(idle.not_loaded.len(), 1);
    assert!(
        idle.not_loaded[0].reason.contains("means no rule that is loaded"),
        "{}",
        idle.not_loaded[0].reason
    );
}

#[test]
fn documents_of_one_file_share_a_global_part() {
    let global = "action: global\nlevel: high\nlogsource: {}\n---\n";
    let one = "title: A\nid: a\ndetection:\n  s:\n    F: a\n  condition: s\n---\n";
    let two = "title: B\nid: b\ndetection:\n  s:\n    F: b\n  condition: s\n---\n";
    let repeat = "action: repeat\ntitle: C\nid: c\ndetection:\n  s:\n    F: c\n";
    let rules = load(&[&[global, one, two, repeat].concat()]).unwrap();
    let ids: Vec<&str> = rules.rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(ids, ["a", "b", "c"]);
    assert!(rules.rules.iter().all(|rule| rule.level == vigie_model::rule::Level::High));
    // Behind a reset nothing is shared any more: the rule has no log source of its own.
    let reset = "action: reset\n---\ntitle: D\nid: d\nlevel: low\nlogsource: {product: windows}\ndetection:\n  s:\n    F: d\n  condition: s\n";
    let rules = load(&[&[global, one, reset].concat()]).unwrap();
    let levels: Vec<&str> = rules.rules.iter().map(|rule| rule.level.word()).collect();
    assert_eq!(levels, ["high", "low"]);
    assert_eq!(rules.compiled()[1].source.product, "windows");
}

#[test]
fn placeholders_are_read_from_a_file() {
    let text = "# Ours.\nours = [\"one\", \"two*\"]\n'%port%' = 443\n";
    let found = vigie_detect::placeholders::parse("p.toml", text).unwrap();
    assert_eq!(found["ours"], ["one", "two*"]);
    assert_eq!(found["port"], ["443"]);
    for (name, text) in [
        ("placeholder-without-values", "ours = []\n"),
        ("placeholder-no-text", "a = [\"x\"]\nours = [true]\n"),
        ("placeholder-no-toml", "ours: [one, two]\n"),
    ] {
        let error = vigie_detect::placeholders::parse("p.toml", text).expect_err(name);
        crate::errors::check(name, &error.to_string());
    }
    let folder = tempfile::tempdir().unwrap();
    assert!(vigie_detect::placeholders::read(&folder.path().join("none")).is_err());
}

#[test]
fn a_rule_without_its_values_is_named() {
    let with = |test: &str| load(&[&rule(&format!("s:\n  {test}\ncondition: s"))]).unwrap();
    let rules = with("F|expand|contains: ['%ours%', '%theirs%x']");
    let named: Vec<(&str, &[String])> =
        rules.without_values().into_iter().map(|(rule, names)| (rule.id.as_str(), names)).collect();
    assert_eq!(named, [("t", ["ours".to_owned(), "theirs".to_owned()].as_slice())]);
    assert!(with("F: '%ours%'").without_values().is_empty());
}

#[test]
fn placeholders_take_the_values_given() {
    let detection = "s:\n  F|expand: '%ours%'\ncondition: s";
    assert!(!matches(detection, &[("F", Some("%ours%"))]));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("r.yml"), rule(detection)).unwrap();
    let sources = vigie_detect::Sources {
        bundled: vigie_detect::Bundled::None,
        rules: vec![folder.path().to_path_buf()],
        placeholders: [("ours".to_owned(), vec!["one".to_owned(), "two*".to_owned()])].into(),
        ..vigie_detect::Sources::default()
    };
    let rules = Arc::new(RuleSet::load(&sources).unwrap());
    let event = |value: &str| crate::help::event(&schema(&["F"]), &[value]);
    let count = |value: &str| hits(&rules, &[event(value)]).len();
    assert_eq!((count("ONE"), count("twofold"), count("three")), (1, 1, 0));
}
