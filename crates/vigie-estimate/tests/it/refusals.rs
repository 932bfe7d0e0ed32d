//! When no number may be given: the reason is named, the floor and the twelve checks are there all the same.

use crate::published::{hepatitis, kosovo};
use std::collections::BTreeMap;
use vigie_estimate::honesty::Refusal;
use vigie_estimate::honesty::consistency::ConsistencyRow;
use vigie_estimate::honesty::wording::{Language, whole};
use vigie_estimate::methods::latent::GibbsOptions;
use vigie_estimate::methods::leavers::Dates;
use vigie_estimate::table::CaptureTable;
use vigie_estimate::{Analysis, Context, Effort, Format, Input, analyze, run};

fn quick(table: &CaptureTable, context: &Context) -> Analysis {
    let gibbs = GibbsOptions { chains: 3, first_steps: 2_000, most_steps: 8_000, ..GibbsOptions::short() };
    let effort = Effort { gibbs: Some(gibbs), replicates: Some(20), threads: 2, ..Effort::default() };
    analyze(table, &BTreeMap::new(), context, &effort)
}

fn code(table: &CaptureTable) -> &'static str {
    let analysis = quick(table, &Context::default());
    assert_eq!(analysis.checks.len(), 12);
    assert!(analysis.recommended.is_none() || analysis.refused.is_none());
    let floor = whole(table.seen() as f64, Language::English);
    assert!(analysis.checks[2].text.en.starts_with(&floor));
    analysis.refused.as_ref().map_or("", |r| r.code())
}

fn table(lists: &[&str], cells: &[(usize, u64)]) -> CaptureTable {
    CaptureTable::from_cells(lists, cells).unwrap()
}

/// Ball, Shin and Yang 2018: six combinations are filled, and the best model has six parameters.
fn korea() -> CaptureTable {
    table(&["b", "c", "d"], &[(1, 5), (2, 5), (4, 41), (3, 54), (5, 6), (7, 12)])
}

#[test]
fn reasons_in_the_counts() {
    // Chan, Silverman and Vincent 2021, Table 2: the best model has no maximum.
    assert_eq!(
        code(&table(&["A", "B", "C"], &[(1, 40), (2, 30), (4, 20), (3, 6)])),
        "no_maximum_likelihood_estimate"
    );
    assert_eq!(code(&hepatitis()), "saturated_pairs");
    assert_eq!(code(&korea()), "saturated_pairs");
    assert_eq!(code(&table(&["A"], &[(1, 40)])), "too_few_lists");
    assert_eq!(code(&table(&["A", "B"], &[(1, 40)])), "too_few_lists");
    assert_eq!(code(&table(&["A", "B"], &[(1, 40), (2, 30)])), "no_overlap");
    assert_eq!(code(&table(&["A", "B"], &[(1, 40), (2, 30), (3, 6)])), "small_overlap");
    let sparse = table(&["A", "B", "C"], &[(1, 3000), (2, 3000), (4, 3000), (3, 1), (5, 1), (6, 1)]);
    let effort = Effort { gibbs: None, replicates: Some(0), ..Effort::default() };
    let wide = analyze(&sparse, &BTreeMap::new(), &Context::default(), &effort);
    assert_eq!(wide.refused.unwrap().code(), "no_upper_end");
    assert_eq!(code(&table(&["A", "B"], &[(1, 400), (2, 300), (3, 60)])), "");
}

#[test]
fn chains_that_do_not_agree_are_refused() {
    // So few steps that no chain has found its place.
    let gibbs = GibbsOptions { chains: 4, first_steps: 60, most_steps: 60, thin: 1, ..GibbsOptions::short() };
    let effort = Effort { gibbs: Some(gibbs), replicates: Some(0), ..Effort::default() };
    let analysis = analyze(&kosovo(), &BTreeMap::new(), &Context::default(), &effort);
    let refusal = analysis.refused.unwrap();
    assert_eq!(refusal.code(), "chains_disagree");
    assert!(refusal.text().fr.contains("R-chapeau"));
    assert!(analysis.withheld.is_some() && analysis.recommended.is_none());
}

/// The refusal code and the whole output of a file of counts.
fn of_file(name: &str, text: &str) -> (String, serde_json::Value) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    let mut options = crate::results::quick(Input::Table(path));
    options.format = Format::Json;
    let mut out = Vec::new();
    run(&options, &mut out).unwrap();
    let value = crate::results::assert_valid(&String::from_utf8(out).unwrap());
    (value["refusal_code"].as_str().unwrap_or("").to_owned(), value)
}

#[test]
fn totals_without_overlaps_are_refused_and_say_what_to_compare() {
    let totals = "day,count,bound,unit,state,scope,source\n\
2021-03-09,5000,at least,servers,compromised,global,ESET\n\
2021-03-12,5818,exact,IP addresses,compromised,global,Shadowserver\n\
2021-03-10,92072,exact,servers,vulnerable,global,RiskIQ\n2021-03-22,29966,exact,servers,vulnerable,global,RiskIQ\n\
2021-03-22,92,percent,servers,patched,global,Microsoft\n";
    for (name, text) in [("t.csv", totals.to_owned()), ("t.tsv", totals.replace(',', "\t"))] {
        let (code, value) = of_file(name, &text);
        assert_eq!((code.as_str(), &value["floor"]), ("only_totals", &serde_json::json!(5818)));
        let said = value["statements"].to_string();
        assert!(said.contains("The one number to compare") && said.contains("halved in 7.4 days"), "{said}");
        assert!(said.contains("1 rows that state no number"), "{said}");
        assert!(
            value["sentence"]
                .as_str()
                .unwrap()
                .starts_with("Shadowserver counted 5,818 compromised IP addresses")
        );
    }
}

#[test]
fn an_estimate_below_those_seen_is_refused() {
    // Simar 1976: Chao and Bunge's estimate is -21,023.
    let (code, value) = of_file("f.csv", "k,fk\n1,1317\n2,239\n3,42\n4,14\n5,4\n6,4\n7,1\n");
    assert_eq!(code, "below_floor");
    assert!(value["refused"].as_str().unwrap().contains("Chao-Bunge says -21,023"), "{}", value["refused"]);
    assert!(value["estimates"].as_array().unwrap().iter().all(|e| e["estimate"].as_f64().unwrap() >= 1621.0));
    assert!(value["lower_bound"].as_f64().unwrap() > 4_600.0);
    // Edwards and Eberhardt 1967: 135 rabbits, 76 of them caught.
    let (code, value) = of_file("f.csv", "k,fk\n1,43\n2,16\n3,8\n4,6\n6,2\n7,1\n");
    assert_eq!(code, "");
    let (low, high) = (&value["recommended"]["low"], &value["recommended"]["high"]);
    assert!(low.as_f64().unwrap() < 135.0 && high.as_f64().unwrap() > 135.0);
}

#[test]
fn links_that_nothing_can_vouch_for_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let list = |name: &str, range: std::ops::Range<usize>| {
        let rows = range.map(|i| format!("192.0.2.{i},wald{i}x.local")).collect::<Vec<_>>().join("\n");
        let path = folder.path().join(name);
        std::fs::write(&path, format!("ip,ntlm_forest\n{rows}")).unwrap();
        path
    };
    let paths = vec![list("a.csv", 1..60), list("b.csv", 30..90)];
    let outcome = run(&crate::results::quick(Input::Lists(paths)), &mut Vec::new()).unwrap();
    assert_eq!(outcome.analysis.refused.unwrap().code(), "linkage_unknown");
}

#[test]
fn more_than_five_lists_are_merged_for_what_cannot_take_them() {
    // Seven lists of 300 in 1,000, drawn by a fixed rule that makes no two alike.
    let mut wide = CaptureTable::new((0..7).map(|i| format!("L{i}")).collect()).unwrap();
    for unit in 0..1_000_u64 {
        let on = |list: u64| (unit * 7_919 + list * 104_729 + unit * unit * (list + 3)) % 1_009 < 300;
        wide.add((0..7).filter(|&l| on(l)).map(|l| 1 << l).sum(), 1);
    }
    let effort = Effort { gibbs: None, replicates: Some(0), threads: 2, ..Effort::default() };
    let analysis = analyze(&wide, &BTreeMap::new(), &Context::default(), &effort);
    assert_eq!(analysis.fast.as_ref().unwrap().merged.as_ref().unwrap().width(), 5);
    assert!(analysis.checks[5].text.en.contains("--merge A+B"));
    let interval = analysis.recommended.or(analysis.withheld).unwrap();
    assert!(interval.low < 1_000.0 && interval.high > 1_000.0, "{interval:?}");
}

#[test]
fn lists_are_taken_as_one_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, "A,B,C,count\n1,0,0,40\n0,1,0,30\n0,0,1,20\n1,1,0,26\n1,0,1,9\n0,1,1,8\n1,1,1,5\n")
        .unwrap();
    let mut options = crate::results::quick(Input::Table(path));
    options.merge = vec!["A+C".to_owned()];
    let outcome = run(&options, &mut Vec::new()).unwrap();
    assert_eq!(outcome.analysis.table.lists(), ["A+C", "B"]);
    assert_eq!(outcome.analysis.table.seen(), 138);
    options.merge = vec!["A+X".to_owned()];
    let error = run(&options, &mut Vec::new()).unwrap_err().to_string();
    assert!(error.contains("no list is called \"X\"; there are A, B, C"), "{error}");
}

#[test]
fn an_interval_for_kosovo_and_none_across_time() {
    let analysis = quick(&kosovo(), &Context { claims: vec![10_356.0], ..Context::default() });
    let refused = analysis.refused.as_ref().map(Refusal::code);
    assert!(refused.is_none() || refused == Some("chains_disagree"), "{refused:?}");
    let interval = analysis.recommended.or(analysis.withheld).unwrap();
    assert!(interval.low > 6_000.0 && interval.low < 7_000.0 && interval.high > 15_000.0, "{interval:?}");
    let closed = Context { dates: Dates { together: true, ..Dates::default() }, ..Context::default() };
    // Without chains nothing is refused here, so that there is a sentence.
    let effort = Effort { gibbs: None, replicates: Some(0), ..Effort::default() };
    let dated = analyze(&kosovo(), &BTreeMap::new(), &closed, &effort);
    assert!(dated.refused.is_none(), "{:?}", dated.refused);
    let sentence = dated.sentence(&closed);
    assert!(sentence.en.contains("and nobody left between them"), "{sentence:?}");
    assert!(sentence.fr.contains("et si rien n'a disparu entre elles"), "{sentence:?}");
    let low = dated.recommended.as_ref().unwrap().low;
    assert!(low > 8_000.0 && low < 9_000.0, "{low}");
    assert_eq!(analysis.consistency.len(), 4);
    assert!(analysis.consistency.iter().all(ConsistencyRow::low_is_safe));
    assert_eq!(analysis.implied.len(), 6);
    let apart = Context {
        days_apart: Some(9.0),
        dates: Dates { half_life: Some(7.4), ..Dates::default() },
        ..Context::default()
    };
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
