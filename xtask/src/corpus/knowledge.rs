//! The tables of builds, fixes and exploited flaws hold every row of the collected facts, and rows of their own only where
//! one is named here.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, ensure};
use vigie_assess::knowledge::bundled_text;

/// Rows that are ours: what a source says only in a remark of the facts.
const OURS: &[&str] = &["CVE-2026-42897\tJul26SU\t2016/2019/SE\t-\t2026-07-14"];

/// A table of facts, ours, and the columns that both have, by their places there and here.
type Pair = (&'static str, &'static str, &'static [usize], &'static [usize]);

const PAIRS: &[Pair] = &[
    ("exchange_builds.tsv", "builds.tsv", &[0, 1, 2, 3, 4, 5, 6], &[0, 1, 2, 3, 4, 5, 6]),
    ("exchange_cves.tsv", "fixes.tsv", &[0, 1, 2, 4, 5], &[0, 1, 2, 4, 5]),
    ("exchange_kev.tsv", "kev.tsv", &[0, 2, 3], &[0, 1, 2]),
];

pub(crate) fn run(data: &Path) -> anyhow::Result<()> {
    let facts = data.parent().context("the data has no folder around it")?.join("facts");
    for (theirs, ours, their_columns, our_columns) in PAIRS {
        let text = std::fs::read_to_string(facts.join(theirs)).with_context(|| format!("no {theirs}"))?;
        let wanted = rows(&text, their_columns);
        let held = rows(bundled_text(ours).with_context(|| format!("no {ours}"))?, our_columns);
        let missing: Vec<&String> = wanted.difference(&held).collect();
        ensure!(missing.is_empty(), "{ours} lacks {} rows of {theirs}: {:?}", missing.len(), missing.first());
        let more: Vec<&String> =
            held.difference(&wanted).filter(|row| !OURS.contains(&row.as_str())).collect();
        ensure!(more.is_empty(), "{ours} has {} rows that {theirs} has not: {:?}", more.len(), more.first());
        println!("corpus knowledge: {ours}: all {} rows of {theirs}", wanted.len());
    }
    Ok(())
}

/// The chosen cells of each row, without comments and names.
fn rows(text: &str, columns: &[usize]) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            columns
                .iter()
                .map(|column| cells.get(*column).copied().unwrap_or(""))
                .collect::<Vec<_>>()
                .join("\t")
        })
        .collect()
}
