//! Every build and every flaw of the tables: the answer against a slow, plain reading of the same tables.
//!
//! The reading here compares no build numbers. It ranks cumulative updates by the day on which they came out, and updates
//! within one by theirs, and follows HealthChecker's sentences with these days. Where numbers say more than days, the
//! reason is a trap that is named here.

use std::collections::BTreeMap;

use vigie_assess::builds::{Build, Holds, holds};
use vigie_assess::knowledge::bundled_text;

type Row = BTreeMap<String, String>;

fn table(file: &str) -> Vec<Row> {
    let text = bundled_text(file).unwrap();
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let names: Vec<&str> = lines.next().unwrap().split('\t').collect();
    lines
        .map(|line| {
            names.iter().zip(line.split('\t')).map(|(n, c)| ((*n).to_owned(), c.to_owned())).collect()
        })
        .collect()
}

/// The day on which a cumulative update came out: that of its first build.
fn day_of_cu<'t>(builds: &'t [Row], product: &str, cu: &str) -> &'t str {
    let rows = builds.iter().filter(|row| row["product"] == product && row["cu"] == cu);
    rows.map(|row| row["date"].as_str()).min().unwrap()
}

/// A first fixed build by days: its cumulative update, and the day of the update that brought the fix.
struct First {
    cu: String,
    day: String,
    /// Whether this very number is meant where two sources give two of one day: all but the last are not certain.
    number: String,
}

/// What the fix rows of a product say, without a look at how large a number is.
fn firsts(fixes: &[Row], builds: &[Row], product: &str) -> Vec<First> {
    let mut found = Vec::new();
    let first =
        |row: &Row| First { cu: row["cu"].clone(), day: row["date"].clone(), number: row["build"].clone() };
    for fix in fixes.iter().filter(|row| row["product"].split('/').any(|one| one == product)) {
        let mine = |row: &&Row| row["product"] == product;
        let exact: Vec<&Row> =
            builds.iter().filter(mine).filter(|row| row["build"] == fix["build"]).collect();
        if !exact.is_empty() {
            found.extend(exact.into_iter().map(first));
            continue;
        }
        // Known by the name of the update: on one cumulative update, or on all of them.
        let update = fix["fixed_in"].trim_end_matches("-or-later");
        let named = builds.iter().filter(mine).filter(|row| row["su"] == update);
        found.extend(named.filter(|row| fix["cu"] == "-" || row["cu"] == fix["cu"]).map(first));
    }
    found
}

/// The naive program: what the fix rows of a product say of a build.
fn naive(build: &Row, firsts: &[First], fixes: &[Row], builds: &[Row]) -> &'static str {
    let product = &build["product"];
    let speaks = |row: &&Row| row["product"] == "any" || row["product"].split('/').any(|p| p == product);
    if fixes.iter().all(|row| row["product"] == "any") {
        return "unknown";
    }
    if firsts.is_empty() {
        let published = fixes.iter().map(|row| row["date"].as_str()).filter(|day| day.len() == 10).min();
        let ended = match product.as_str() {
            "2013" => "2023-04-11",
            "2016" | "2019" => "2025-10-14",
            _ => "9999-12-31",
        };
        return match product.as_str() {
            _ if fixes.iter().any(|row| speaks(&row)) => "unknown",
            "2010" => "unknown",
            _ if published.is_some_and(|day| day > ended) => "unsupported",
            _ => "yes",
        };
    }
    let same: Vec<&First> = firsts.iter().filter(|first| first.cu == build["cu"]).collect();
    let day = build["date"].as_str();
    if let (Some(low), Some(high)) =
        (same.iter().map(|first| first.day.as_str()).min(), same.iter().map(|first| first.day.as_str()).max())
    {
        // Trap: two numbers of one day. Only the one that comes last in the table is certain.
        let twins: Vec<&str> =
            same.iter().filter(|first| first.day == day).map(|first| first.number.as_str()).collect();
        let is_doubted =
            twins.contains(&build["build"].as_str()) && twins.last() != Some(&build["build"].as_str());
        return match () {
            () if is_doubted || (day >= low && day < high) => "conflict",
            () if day >= low => "yes",
            () => "no",
        };
    }
    let came_out = day_of_cu(builds, product, &build["cu"]);
    let newer = firsts.iter().all(|first| came_out > day_of_cu(builds, product, &first.cu));
    if newer { "yes" } else { "no" }
}

/// Whether the number alone would claim a fix that the March update of an old cumulative update does not bring: one
/// that came to that cumulative update as an update of its own, before March.
fn claims_too_much(build: &Row, fixes: &[Row], builds: &[Row]) -> bool {
    let march = fixes.iter().any(|row| row["fixed_in"] == "Mar21SU");
    let same_line =
        |row: &Row| row["product"] == build["product"] && row["build"].len() > 1 && row["cu"] == build["cu"];
    let by_update = |row: &Row| !builds.iter().any(|b| b["build"] == row["build"] && b["su"].is_empty());
    march_special(build) && !march && fixes.iter().any(|row| same_line(row) && by_update(row))
}

/// KB5000871 on a cumulative update that was out of support: its number says nothing of earlier fixes.
fn march_special(build: &Row) -> bool {
    let old: &[&str] = match build["product"].as_str() {
        "2013" => &["CU21", "CU22"],
        "2016" => &["CU8", "CU9", "CU10", "CU11", "CU12", "CU13", "CU14", "CU15", "CU16", "CU17"],
        "2019" => &["CU1", "CU2", "CU3", "CU4", "CU5", "CU6"],
        _ => &[],
    };
    build["su"] == "Mar21SU" && old.contains(&build["cu"].as_str())
}

#[test]
fn every_build_and_every_flaw_is_answered_as_a_naive_reading_does() {
    let (builds, fixes) = (table("builds.tsv"), table("fixes.tsv"));
    let mut by_cve: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in fixes {
        by_cve.entry(row["cve"].clone()).or_default().push(row);
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (cve, rows) in &by_cve {
        let mut of_product: BTreeMap<&str, Vec<First>> = BTreeMap::new();
        for build in &builds {
            let product = build["product"].as_str();
            let firsts = of_product.entry(product).or_insert_with(|| firsts(rows, &builds, product));
            let number = Build::parse(&build["build"]).unwrap();
            let ours = match holds(number, cve) {
                Holds::Yes => "yes",
                Holds::No => "no",
                Holds::Conflict(..) => "conflict",
                Holds::MarchSpecial => "march special",
                Holds::Unsupported => "unsupported",
                Holds::Unknown => "unknown",
            };
            let theirs = if claims_too_much(build, rows, &builds) {
                "march special"
            } else {
                naive(build, firsts, rows, &builds)
            };
            assert_eq!(ours, theirs, "{} ({product} {} {}) {cve}", number, build["cu"], build["su"]);
            *counts.entry(ours).or_default() += 1;
        }
    }
    // Each answer is given somewhere: a comparison of two programs that always say no would be worth nothing.
    for answer in ["yes", "no", "conflict", "march special", "unsupported", "unknown"] {
        assert!(counts.get(answer).is_some_and(|n| *n >= 2), "{answer}: {counts:?}");
    }
    assert_eq!(counts.values().sum::<usize>(), builds.len() * by_cve.len());
}

#[test]
fn the_traps_by_name() {
    let held = |build: &str, cve: &str| holds(Build::parse(build).unwrap(), cve);
    // KB5000871 on a cumulative update out of support: higher than earlier updates, and without their fixes.
    assert_eq!(held("15.1.1847.12", "CVE-2020-0688"), Holds::MarchSpecial);
    // On one that never got the earlier fix it cannot be there at all.
    assert_eq!(held("15.1.1713.10", "CVE-2020-0688"), Holds::No);
    // A cumulative update that never got an update, older than the newest patched one.
    assert_eq!(held("15.1.1034.26", "CVE-2021-26855"), Holds::No);
    // Two sources, two numbers.
    assert!(matches!(held("15.1.1466.13", "CVE-2021-26855"), Holds::Conflict(..)));
    // Microsoft's own two tools disagree on June or July 2026.
    assert!(matches!(held("15.2.2562.43", "CVE-2026-42897"), Holds::Conflict(..)));
    assert_eq!(held("15.2.2562.45", "CVE-2026-42897"), Holds::Yes);
    // ProxyShell: fixed in April 2021, published in July, in no table of HealthChecker.
    assert_eq!(held("15.2.858.9", "CVE-2021-34473"), Holds::No);
    assert_eq!(held("15.2.858.10", "CVE-2021-34473"), Holds::Yes);
    // Released twice: the second is the whole fix.
    assert!(matches!(held("15.1.2507.21", "CVE-2023-21707"), Holds::Conflict(..)));
    // Flaws of Windows that the server's build says nothing of.
    assert_eq!(held("15.2.1748.49", "CVE-2023-36434"), Holds::Unknown);
    // Published after the product's last update.
    assert_eq!(held("15.0.1497.48", "CVE-2025-53786"), Holds::Unsupported);
}
