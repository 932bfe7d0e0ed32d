//! Generated rules on generated events: both sides say the same, but for what is known.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use vigie_differential::generate::{self, COLUMNS, FIELDS};
use vigie_differential::rule::Rule;
use vigie_differential::{judges, known};

/// Cases; each has some rules and some events.
const CASES: u32 = 2_000;
const RULES_MAX: usize = 5;
const SEED: [u8; 32] = *b"the same cases on every machine.";

/// What was compared, over all cases.
#[derive(Default)]
struct Count {
    same: u64,
    matching: u64,
    known: u64,
}

#[test]
fn both_sides_say_the_same() {
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &SEED));
    let count = std::cell::RefCell::new(Count::default());
    let rules = prop::collection::vec(generate::rule(), 1..=RULES_MAX);
    let outcome = runner.run(&(rules, generate::events()), |(rules, events)| {
        compare(&rules, &events, &mut count.borrow_mut())
    });
    let count = count.into_inner();
    println!("{} the same, {} of them matches; {} known to differ", count.same, count.matching, count.known);
    outcome.unwrap();
    // The comparison must not wither while rules and known differences change.
    assert!(count.same > 20_000, "only {} comparisons", count.same);
    assert!(count.matching * 5 > count.same, "only {} matches", count.matching);
    assert!(count.known * 4 < count.same, "{} of {} are known to differ", count.known, count.same);
}

fn compare(rules: &[Rule], events: &[Vec<generate::Cell>], count: &mut Count) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    let documents: Vec<String> = (0..).zip(rules).map(|(id, rule)| rule.yaml(&format!("r{id}"))).collect();
    let ours = judges::ours(folder.path(), &documents)
        .map_err(|error| TestCaseError::fail(format!("{error}\n{}", documents.join("---\n"))))?;
    let rows: Vec<judges::Row> =
        events.iter().map(|row| row.iter().map(|cell| generate::filled(cell, rules)).collect()).collect();
    let said = judges::we_say(&ours, &judges::batch(&COLUMNS, &rows));
    for (index, rule) in rules.iter().enumerate() {
        let document = rule.for_them().yaml("t");
        let theirs = judges::their_rule(&document)
            .map_err(|error| TestCaseError::fail(format!("{error}\n{document}")))?;
        for (row, said) in rows.iter().zip(&said) {
            if known::may_differ(rule, &COLUMNS, row).is_some() {
                count.known += 1;
                continue;
            }
            let cell = |field| COLUMNS.iter().zip(row).find(|(name, _)| **name == field)?.1.as_deref();
            let event = judges::json(FIELDS.map(|field| (field, cell(field))));
            let theirs = judges::they_say(&theirs, &event);
            count.same += 1;
            count.matching += u64::from(theirs);
            prop_assert_eq!(
                said[index],
                theirs,
                "we, then they, say of {}\nand for them\n{}\non {}",
                documents[index],
                document,
                event
            );
        }
    }
    Ok(())
}
