//! When no number may be given: the reason is named, the floor and the twelve checks are there all the same.

use crate::published::{hepatitis, kosovo};
use std::collections::BTreeMap;
use vigie_estimate::honesty::Refusal;
use vigie_estimate::honesty::consistency::ConsistencyRow;
use vigie_estimate::methods::latent::GibbsOptions;
use vigie_estimate::table::CaptureTable;
use vigie_estimate::{Analysis, Context, Effort, analyze};

fn quick(table: &CaptureTable, context: &Context) -> Analysis {
    let gibbs = GibbsOptions { chains: 3, first_steps: 2_000, most_steps: 8_000, ..GibbsOptions::short() };
    let effort = Effort { gibbs: Some(gibbs), replicates: Some(20), threads: 2, ..Effort::default() };
    analyze(table, &BTreeMap::new(), context, &effort)
}

fn code(table: &CaptureTable) -> &'static str {
    let analysis = quick(table, &Context::default());
    assert_eq!(analysis.checks.len(), 12);
    assert!(analysis.recommended.is_none() || analysis.refused.is_none());
    assert!(analysis.checks[2].text.en.starts_with(&table.seen().to_string()));
    analysis.refused.as_ref().map_or("", |r| r.code())
}

fn table(lists: &[&str], cells: &[(usize, u64)]) -> CaptureTable {
    CaptureTable::from_cells(lists, cells).unwrap()
}

#[test]
fn reasons() {
    // Chan, Silverman and Vincent 2021, Table 2: the best model has no maximum.
    assert_eq!(
        code(&table(&["A", "B", "C"], &[(1, 40), (2, 30), (4, 20), (3, 6)])),
        "no_maximum_likelihood_estimate"
    );
    assert_eq!(code(&hepatitis()), "saturated_pairs");
    assert_eq!(code(&table(&["A"], &[(1, 40)])), "too_few_lists");
    assert_eq!(code(&table(&["A", "B"], &[(1, 40)])), "too_few_lists");
    assert_eq!(code(&table(&["A", "B"], &[(1, 40), (2, 30)])), "no_overlap");
    assert_eq!(code(&table(&["A", "B"], &[(1, 40), (2, 30), (3, 6)])), "small_overlap");
    assert_eq!(code(&table(&["A", "B"], &[(1, 400), (2, 300), (3, 60)])), "");
}

#[test]
fn an_interval_for_kosovo_and_none_across_time() {
    let analysis = quick(&kosovo(), &Context { claims: vec![10_356.0], ..Context::default() });
    let refused = analysis.refused.as_ref().map(Refusal::code);
    assert!(refused.is_none() || refused == Some("chains_disagree"), "{refused:?}");
    let interval = analysis.recommended.or(analysis.withheld).unwrap();
    assert!(interval.low > 8_000.0 && interval.low < 9_000.0 && interval.high > 15_000.0, "{interval:?}");
    assert_eq!(analysis.consistency.len(), 4);
    assert!(analysis.consistency.iter().all(ConsistencyRow::low_is_safe));
    assert_eq!(analysis.implied.len(), 6);
    let apart = Context { days_apart: Some(9.0), half_life: Some(7.4), ..Context::default() };
    let two = table(&["A", "B"], &[(1, 400), (2, 300), (3, 60)]);
    assert_eq!(quick(&two, &apart).refused.unwrap().code(), "not_closed");
}

#[test]
fn same_answer_for_any_number_of_threads() {
    let gibbs =
        Some(GibbsOptions { chains: 3, first_steps: 500, most_steps: 1_000, ..GibbsOptions::short() });
    let with = |threads| {
        let effort = Effort { gibbs, replicates: Some(30), threads, ..Effort::default() };
        analyze(&hepatitis(), &BTreeMap::new(), &Context::default(), &effort).estimates
    };
    assert_eq!(with(1), with(4));
}
