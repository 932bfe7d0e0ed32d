//! How well lists are linked, beside Splink in one run: public records of persons with a known answer, and made lists of firms.
//!
//! Needs Python and the package registry once: a virtual environment is made in the folder that is named. Writes
//! docs/linkage.md.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, ensure};
use vigie_estimate::link::records::{Between, PlainRecord, link_records};
use vigie_estimate::link::simulate::{Made, World, make, pairwise};
use vigie_estimate::link::{Decisions, link};
use vigie_estimate::lists::KeyKind;

use crate::tree;

const SCRIPT: &str = include_str!("splink_run.py");
/// Versions that the figures of docs/linkage.md were made with.
const PACKAGES: [&str; 2] = ["splink==5.0.0", "recordlinkage==0.16"];
const LINK_AT: f64 = 0.95;
const MADE_FIRMS: usize = 10_000;
/// Large enough for about a million records.
const MANY_FIRMS: usize = 725_000;

/// Precision, recall, true pairs, seconds.
#[derive(Clone, Copy, Debug)]
struct Score {
    precision: f64,
    recall: f64,
    seconds: f64,
}

/// Runs both linkers and writes the page. `many` adds the world of a million records.
pub(crate) fn run(folder: &Path, many: Option<&str>) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    let python = environment(folder)?;
    let world = World::hard(MADE_FIRMS, 1);
    let made = make(&world);
    std::fs::write(folder.join("made.csv"), as_csv(&made))?;
    let script = folder.join("splink_run.py");
    std::fs::write(&script, SCRIPT)?;
    println!("Splink runs ...");
    let output = Command::new(python).arg(&script).arg(folder).output().context("cannot run Python")?;
    ensure!(output.status.success(), "Splink failed:\n{}", String::from_utf8_lossy(&output.stderr));
    let theirs = scores(&output.stdout)?;
    let mut rows = Vec::new();
    for (name, file, between) in
        [("febrl3", "febrl3.csv", Between::All), ("febrl4", "febrl4.csv", Between::Lists)]
    {
        rows.push((name, persons(&folder.join(file), between)?));
    }
    rows.push(("made", firms(&made)));
    let mut page = page(&rows, &theirs, made.lists.records.len());
    if many.is_some() {
        page.push_str(&large());
    }
    print!("{page}");
    std::fs::write(tree::root().join("docs/linkage.md"), page)?;
    Ok(())
}

/// A virtual environment with the packages, made once.
fn environment(folder: &Path) -> anyhow::Result<PathBuf> {
    let home = folder.join("venv");
    let python = home.join("bin/python");
    if !python.exists() {
        let made =
            Command::new("python3").args(["-m", "venv"]).arg(&home).status().context("python3 is needed")?;
        ensure!(made.success(), "cannot make a virtual environment in {}", home.display());
    }
    let wanted = Command::new(&python).args(["-m", "pip", "install", "-q"]).args(PACKAGES).status()?;
    ensure!(wanted.success(), "cannot install {PACKAGES:?}");
    Ok(python)
}

fn scores(json: &[u8]) -> anyhow::Result<BTreeMap<String, Score>> {
    let value: serde_json::Value = serde_json::from_slice(json).context("Splink's run printed no JSON")?;
    let object = value.as_object().context("Splink's run printed no object")?;
    let number = |v: &serde_json::Value, key: &str| v[key].as_f64().context("a figure is missing");
    object
        .iter()
        .map(|(name, v)| {
            let (precision, recall) = (number(v, "precision")?, number(v, "recall")?);
            Ok((name.clone(), Score { precision, recall, seconds: number(v, "seconds")? }))
        })
        .collect()
}

/// Links persons with the plain linker: every column but the answer, nothing told of what a column is.
fn persons(path: &Path, between: Between) -> anyhow::Result<Score> {
    let mut reader = csv::Reader::from_path(path)?;
    let headers = reader.headers()?.clone();
    let place = |name: &str| headers.iter().position(|h| h == name).context("a column is missing");
    let (entity, list) = (place("entity")?, place("list")?);
    let not_told = [entity, list, place("unique_id")?];
    let (mut records, mut truth) = (Vec::new(), Vec::new());
    for row in reader.records() {
        let row = row?;
        let values = (0..row.len()).filter(|i| !not_told.contains(i)).map(|i| row[i].to_owned()).collect();
        records.push(PlainRecord { list: u16::from(&row[list] == "b"), values });
        truth.push(row[entity].to_owned());
    }
    let started = Instant::now();
    let links = link_records(&records, between, LINK_AT);
    let seconds = started.elapsed().as_secs_f64();
    let right = links.iter().filter(|&&(a, b, _)| truth[a as usize] == truth[b as usize]).count();
    Ok(score(right, links.len(), true_pairs(&records, &truth, between), seconds))
}

fn true_pairs(records: &[PlainRecord], truth: &[String], between: Between) -> usize {
    let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, entity) in truth.iter().enumerate() {
        members.entry(entity).or_default().push(i);
    }
    let may = |a: usize, b: usize| between == Between::All || records[a].list != records[b].list;
    members
        .values()
        .map(|m| {
            (0..m.len())
                .flat_map(|i| (i + 1..m.len()).map(move |j| (i, j)))
                .filter(|&(i, j)| may(m[i], m[j]))
                .count()
        })
        .sum()
}

#[allow(clippy::cast_precision_loss, reason = "counts of pairs, far below 2^52")]
fn score(right: usize, linked: usize, all: usize, seconds: f64) -> Score {
    Score {
        precision: right as f64 / linked.max(1) as f64,
        recall: right as f64 / all.max(1) as f64,
        seconds,
    }
}

fn firms(made: &Made) -> Score {
    let started = Instant::now();
    let linked = link(&made.lists, &Decisions::new());
    let seconds = started.elapsed().as_secs_f64();
    let (precision, recall) = pairwise(&linked.groups["organisation"], &made.owners);
    Score { precision, recall, seconds }
}

/// The made records as columns, for a linker that reads tables. Rows that name no owner are left out, as our score does.
fn as_csv(made: &Made) -> String {
    let mut text = String::from("name,domain,label,host,address,certificate,country,list,entity\n");
    for (record, owner) in made.lists.records.iter().zip(&made.owners) {
        let value = |kind| record.keys.iter().find(|k| k.0 == kind).map_or("", |k| made.lists.text(k.1));
        let domain = value(KeyKind::Domain);
        let name = record.name.map_or("", |id| made.lists.text(id));
        if domain.is_empty() && name.is_empty() {
            continue;
        }
        let country = record.country.map_or(String::new(), |c| String::from_utf8_lossy(&c).into_owned());
        // A name without spaces is what a domain's label is made of: the only bridge between the two.
        let label = domain.split('.').next().filter(|l| !l.is_empty());
        let label = label.unwrap_or_else(|| name.rsplit(' ').next().unwrap_or(""));
        let _ = writeln!(
            text,
            "{name},{domain},{label},{},{},{},{country},{},{owner}",
            value(KeyKind::HostName),
            value(KeyKind::Address),
            value(KeyKind::Certificate),
            record.list
        );
    }
    text
}

/// A number with commas between thousands.
fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|g| std::str::from_utf8(g).ok()).collect();
    groups.join(",")
}

fn page(rows: &[(&str, Score)], theirs: &BTreeMap<String, Score>, made: usize) -> String {
    let titles = [
        ("febrl3", "FEBRL3: 5,000 persons with duplicates, 6,538 pairs".to_owned()),
        ("febrl4", "FEBRL4: 5,000 against 5,000 persons, 5,000 links".to_owned()),
        ("made", format!("made lists of firms: {} records of {} firms", grouped(made), grouped(MADE_FIRMS))),
    ];
    let mut text = String::from(HEAD);
    for (name, ours) in rows {
        let title = titles.iter().find(|(n, _)| n == name).map_or(*name, |(_, t)| t.as_str());
        let show = |s: &Score| format!("{:.4} | {:.4} | {:.1}", s.precision, s.recall, s.seconds);
        let other = theirs.get(*name).map_or_else(|| "| | ".to_owned(), show);
        let _ = writeln!(text, "| {title} | {} | {other} |", show(ours));
    }
    text.push_str(TAIL);
    text
}

const HEAD: &str = "# How well lists are linked\n
Written by `cargo xtask linkage`, which runs Splink 5.0.0 (PyPI, on DuckDB) and Vigie's linkers one after the other on the same
machine and the same records. Both learn their weights without labels and link at a chance of 0.95.\n
| records | precision | recall | s | Splink precision | recall | s |
| --- | --- | --- | --- | --- | --- | --- |\n";

const TAIL: &str = "
What can be compared, and what cannot:

* FEBRL are made-up persons. Vigie links them with `link::records`, which is told nothing of what a column is: the same
  learner of weights as for firms, but another blocking (any two columns that agree). FEBRL is nearly solved by every
  linker, so a good figure there shows that the learner is sound, and little else.
* The made lists are what Vigie's linker is for: scan, telemetry, web shells and names, over hosters, shared addresses,
  several addresses a firm, renamed firms, namesakes, misspellings and legal forms of ten languages (`link::simulate`). Splink gets the
  names already cleaned of legal forms and the registrable domains already cut out, and pairs are scored as predicted; Vigie
  scores the groups that it made, in which one false link makes several false pairs. Splink has no guard
  against keys that many share but term frequencies, and nobody here tuned it: read its row as what a careful first try gives.
* Renamed firms whose new and old name share no key cannot be found by anybody; they are in the recall of both.
* Seconds are of one run on a machine that others used too; Splink's include starting DuckDB, and were 6.4 and 10.5 for FEBRL3 and FEBRL4
  on a freer machine.

On the made lists precision was 0.940 while an address, a certificate and a name joined rows whose domains speak against it, 0.982 with
certificates alone allowed to, and is 0.992 with none: those pairs go to a person.
";

/// The world of a million records: linked once, told beside the small one.
fn large() -> String {
    let made = make(&World::hard(MANY_FIRMS, 1));
    let started = Instant::now();
    let linked = link(&made.lists, &Decisions::new());
    let seconds = started.elapsed().as_secs_f64();
    let (precision, recall) = pairwise(&linked.groups["organisation"], &made.owners);
    let lost = linked.blocking_loss.map_or_else(
        || "what blocking lost could not be measured on the sample".to_owned(),
        |loss| {
            let links = linked.blocking_sample;
            format!("of {links} links found by holding a sample against everybody, blocking had not proposed {:.2} %", loss * 100.0)
        },
    );
    format!(
        "\n{} records of {} firms: precision {precision:.4}, recall {recall:.4}, {seconds:.0} s; {}; {} blocks of common words proposed nothing.\n",
        grouped(made.lists.records.len()),
        grouped(MANY_FIRMS),
        lost,
        linked.too_large
    )
}
