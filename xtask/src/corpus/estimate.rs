//! Capture tables with the answers of other programs, and lists whose length is known: `data/estimate`.
//!
//! Exact methods must give the recorded digits; sampled ones must come near. Then each list is counted through the others,
//! and the share of intervals that hold the truth is printed.

use std::collections::BTreeMap;
use std::fs::File;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, ensure};
use vigie_estimate::honesty::consistency::{self, Premises};
use vigie_estimate::loglinear::{all_hierarchies, fit_all};
use vigie_estimate::methods::bootstrap::{BootstrapOptions, bca};
use vigie_estimate::methods::decomposable::{GraphOptions, average};
use vigie_estimate::methods::latent::{GibbsOptions, sample};
use vigie_estimate::methods::leavers::Dates;
use vigie_estimate::methods::recommend::{DEFAULT_ODDS, fast, recommend};
use vigie_estimate::table::{CaptureTable, read_table};
use vigie_estimate::{Effort, analyze};

const THREADS: usize = 2;
/// Our name of a method, the recorded one, and how far a point and its ends may be off, relatively.
const EXACT: &[(&str, &str, f64)] = &[
    ("Mt independence", "Rcapture:Mt", 1e-6),
    ("log-linear BIC", "Rcapture:MS-BIC#1", 1e-6),
    ("log-linear AIC", "Rcapture:MS-AIC#1", 1e-6),
    ("all models order<=2 range", "Rcapture:MS-range-allmodels", 1e-6),
    ("dga BMA", "dga:BMA(delta=2^-t,prior 1/N)", 0.0),
];
/// Ends of profiles.
const PROFILES: &[(&str, &str)] = &[
    ("Mt independence", "Rcapture-profileCI:Mt"),
    ("Mth Chao LB", "Rcapture-profileCI:MthChao"),
    ("log-linear BIC", "Rcapture-profileCI:MS-BIC#1"),
    ("log-linear AIC", "Rcapture-profileCI:MS-AIC#1"),
];
const SAMPLED: &[(&str, &str)] =
    &[("LCMCR K10", "LCMCR:K10"), ("MSE BIC-BCa", "MultipleSystemsEstimation:BIC-BCa95")];

type Reference = BTreeMap<(String, String), [Option<f64>; 3]>;

pub(super) fn run(data: &Path) -> anyhow::Result<()> {
    let folder = data.join("estimate");
    if !folder.is_dir() {
        println!("no tables at {}", folder.display());
        return Ok(());
    }
    let reference = references(&folder.join("reference/ALL.tsv"))?;
    let seconds = seconds(&folder.join("reference/ALL.tsv"))?;
    let mut wrong = Vec::new();
    let mut times = vec![
        "| table | all pair models | Rcapture | graphs | dga | bootstrap | MSE | chains | LCMCR |".to_owned(),
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |".to_owned(),
    ];
    for path in tables(&folder)? {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if reference.keys().any(|(set, _)| *set == name) {
            let table = read(&path)?.0;
            compare(&name, &table, &reference, &mut wrong);
            if (3..=5).contains(&table.width()) {
                times.push(timed(&name, &table, &seconds));
            }
        }
    }
    println!(
        "seconds on one thread, beside those recorded for R on this kind of machine:\n{}",
        times.join("\n")
    );
    coverage(&folder.join("internal"))?;
    ensure!(wrong.is_empty(), "differ from the recorded answers:\n{}", wrong.join("\n"));
    Ok(())
}

fn tables(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(folder)?.filter_map(Result::ok).map(|entry| entry.path()).collect();
    found.retain(|path| path.extension().is_some_and(|ext| ext == "csv"));
    found.sort();
    Ok(found)
}

fn read(path: &Path) -> anyhow::Result<(CaptureTable, Option<u64>)> {
    let file = File::open(path).with_context(|| path.display().to_string())?;
    let table = read_table(file, path)?;
    Ok((table.whole, table.truth))
}

fn references(path: &Path) -> anyhow::Result<Reference> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let number = |text: Option<&&str>| text.and_then(|t| t.parse::<f64>().ok());
    Ok(text
        .lines()
        .skip(1)
        .map(|line| line.split('\t').collect::<Vec<&str>>())
        .filter(|f| f.len() >= 7)
        .map(|f| ((f[0].to_owned(), f[3].to_owned()), [number(f.get(4)), number(f.get(5)), number(f.get(6))]))
        .collect())
}

/// Seconds that a recorded method took, by table and method.
fn seconds(path: &Path) -> anyhow::Result<BTreeMap<(String, String), f64>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    Ok(text
        .lines()
        .skip(1)
        .map(|line| line.split('\t').collect::<Vec<&str>>())
        .filter_map(|f| Some(((f.first()?.to_string(), f.get(3)?.to_string()), f.get(8)?.parse().ok()?)))
        .collect())
}

/// One row of the table of times.
fn timed(name: &str, table: &CaptureTable, recorded: &BTreeMap<(String, String), f64>) -> String {
    let space = all_hierarchies(table.width(), 2);
    let full = all_hierarchies(table.width(), 3);
    let span = fit_all(table, &full, THREADS);
    let bootstrap = BootstrapOptions::standard(table.width(), 1);
    let gibbs = GibbsOptions::default();
    let clock = |work: &dyn Fn()| {
        let started = Instant::now();
        work();
        started.elapsed().as_secs_f64()
    };
    let ours = [
        clock(&|| _ = black_box(fit_all(table, &space, 1))),
        clock(&|| _ = black_box(average(table, &GraphOptions::standard(table.seen())))),
        clock(&|| _ = black_box(bca(table, &span, bootstrap, 1))),
        clock(&|| _ = black_box(sample(table, &gibbs, 1, 1))),
    ];
    let theirs = [
        "Rcapture:MS-AIC#1",
        "dga:BMA(delta=2^-t,prior 1/N)",
        "MultipleSystemsEstimation:BIC-BCa95",
        "LCMCR:K10",
    ];
    let cells = ours.iter().zip(theirs).map(|(own, method)| {
        let other = recorded.get(&(name.to_owned(), method.to_owned()));
        format!("{own:.3} | {}", other.map_or_else(|| "-".to_owned(), |s| format!("{s:.2}")))
    });
    format!("| {name} ({} models) | {} |", space.len(), cells.collect::<Vec<_>>().join(" | "))
}

fn compare(name: &str, table: &CaptureTable, reference: &Reference, wrong: &mut Vec<String>) {
    let effort = Effort { threads: THREADS, ..Effort::default() };
    let analysis = analyze(table, &BTreeMap::new(), &vigie_estimate::Context::default(), &effort);
    let refusal = analysis.refused.as_ref().map_or("", |r| r.code());
    let off = |ours: Option<f64>, theirs: Option<f64>| match (ours, theirs) {
        (Some(a), Some(b)) => (a / b - 1.0).abs(),
        (None, Some(_)) => f64::INFINITY,
        (Some(_) | None, None) => 0.0,
    };
    let ours = |method: &str| {
        let row = analysis.estimates.iter().find(|e| e.method == method);
        [row.map(|e| e.estimate), row.and_then(|e| e.low), row.and_then(|e| e.high)]
    };
    let theirs = |method: &str| reference.get(&(name.to_owned(), method.to_owned())).copied();
    let mut notes = Vec::new();
    for &(method, recorded, tolerance) in EXACT {
        let Some(answer) = theirs(recorded) else { continue };
        let worst = ours(method).into_iter().zip(answer).take(if recorded.contains('#') { 1 } else { 3 });
        let worst = worst.map(|(a, b)| off(a, b)).fold(0.0, f64::max);
        // R iterates towards infinity where we say that no estimate exists.
        if worst > tolerance && refusal != "no_maximum_likelihood_estimate" {
            wrong.push(format!("{name} {method}: off by {worst:.1e}"));
        }
    }
    for &(method, recorded) in PROFILES {
        let Some(answer) = theirs(recorded) else { continue };
        let worst = (1..3).map(|i| off(ours(method)[i], answer[i])).fold(0.0, f64::max);
        if worst > 1e-3 && refusal != "no_maximum_likelihood_estimate" {
            wrong.push(format!("{name} {method}: ends off by {worst:.1e}"));
        }
    }
    for &(method, recorded) in SAMPLED {
        let Some(answer) = theirs(recorded) else { continue };
        let shares: Vec<String> = ours(method)
            .into_iter()
            .zip(answer)
            .filter_map(|(a, b)| Some(format!("{:+.1}%", (a? / b? - 1.0) * 100.0)))
            .collect();
        notes.push(format!("{method} {}", shares.join(" ")));
    }
    println!("{name}: {} {}", notes.join("; "), if refusal.is_empty() { "" } else { refusal });
}

/// Counts each list through the others with the recommended interval, beside single methods.
fn coverage(folder: &Path) -> anyhow::Result<()> {
    let (mut total, mut held, mut safe, mut nominal) = (0, 0, 0, 0);
    let (mut widths, mut errors) = (Vec::new(), Vec::new());
    for path in tables(folder)? {
        let (table, truth) = read(&path)?;
        let truth = truth.context("no truth column")?;
        #[allow(clippy::cast_precision_loss, reason = "counts of people, far below 2^52")]
        let real = truth as f64;
        let Some(table) =
            table.without_empty_lists().filter(|t| t.width() >= 3 && t.seen() >= consistency::MIN_UNITS)
        else {
            continue;
        };
        let premises = Premises { odds: DEFAULT_ODDS, dates: &Dates::default(), threads: THREADS };
        let row = consistency::row(&table, "", truth, premises);
        total += 1;
        held += usize::from(row.holds());
        safe += usize::from(row.low_is_safe());
        let interval = recommend(&table, &fast(&table, THREADS), 1.0, &Dates::default());
        nominal += usize::from(interval.is_some_and(|r| r.low <= real && real <= r.high));
        widths.extend(row.high.map(|high| (high / row.low).ln()));
        errors.extend(row.estimate.map(|e| (e / real).ln()));
        if !row.holds() {
            println!("missed: {} truth {truth}, {:.0} to {:.0?}", path.display(), row.low, row.high);
        }
    }
    println!(
        "lists counted through the others: {held} of {total} intervals hold the truth ({nominal} without the odds ratio), \
         lower end safe in {safe}, median log width {:.2}, median log error {:.2}",
        middle(&mut widths),
        middle(&mut errors)
    );
    ensure!(safe == total, "a lower end lies above the truth");
    ensure!(held * 100 >= total * 85, "only {held} of {total} intervals hold the truth");
    Ok(())
}

fn middle(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
