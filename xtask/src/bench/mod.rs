//! How fast, and in how much memory: generated logs of a busy server under all rules, beside ripgrep on the same bytes.
//!
//! Never a test: what it prints depends on the machine. Both sides run in the same minute on the same file, one thread
//! each, and are compared by the processor time they took.

mod curve;
mod engines;
mod evtx;
mod measure;
mod patterns;
mod stages;
mod start;
mod text;

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::tree;
use measure::Cost;

const MEGABYTE: u64 = 1_000_000;
const SEED: u64 = 20_210_302;

/// The most memory that a run may take, in MiB: the aim of the design, for evidence of any size.
const MEMORY_MIB_AIM: u64 = 256;

/// Measures one thing over so many megabytes of logs.
type Measure = fn(u64) -> anyhow::Result<()>;

/// What is measured, each in a file of its own: its name, and how.
const ROWS: &[(&str, Measure)] = &[
    ("text", text::check),
    ("web", text::web_rules),
    ("start", start::run),
    ("curve", curve::run),
    ("evtx", evtx::run),
    ("engines", |_| engines::run()),
];

/// Measures everything, or the row of this name, with logs of this size.
pub(crate) fn run(megabytes: u64, row: Option<&str>) -> anyhow::Result<()> {
    if cfg!(debug_assertions) {
        return in_release(megabytes, row);
    }
    let chosen: Vec<_> = ROWS.iter().filter(|(name, _)| row.is_none_or(|row| row == *name)).collect();
    let known: Vec<&str> = ROWS.iter().map(|(name, _)| *name).collect();
    ensure!(!chosen.is_empty(), "rows are {}", known.join(", "));
    chosen.into_iter().try_for_each(|(_, measure)| measure(megabytes))
}

/// The stages are measured inside this program, so it must be built as users build.
fn in_release(megabytes: u64, row: Option<&str>) -> anyhow::Result<()> {
    let run = Command::new(env!("CARGO"))
        .args(["run", "--release", "--quiet", "--package", "xtask", "--", "bench", &megabytes.to_string()])
        .args(row)
        .current_dir(tree::root())
        .status()
        .context("cannot start cargo")?;
    ensure!(run.success(), "the benchmark failed");
    Ok(())
}

/// Writes a log of so many bytes.
type Write = fn(&mut BufWriter<File>, u64, u64) -> std::io::Result<u64>;

/// A generated log, written once and kept.
fn generated(artifact: &str, file_name: &str, bytes: u64, write: Write) -> anyhow::Result<PathBuf> {
    let folder = tree::cache()?.join("bench").join(format!("{artifact}-{bytes}"));
    let path = folder.join(file_name);
    if path.metadata().is_ok_and(|metadata| metadata.len() >= bytes) {
        return Ok(path);
    }
    std::fs::create_dir_all(&folder)?;
    let mut out = BufWriter::new(File::create(&path)?);
    write(&mut out, bytes, SEED).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// The public rules, which are not in the repository; `None`, and a word, without them.
fn public_rules(below: &str) -> Option<PathBuf> {
    let rules = tree::root().join("../shared/data/sigmahq").join(below);
    if !rules.is_dir() {
        println!("no {} beside the clone: skipped\n", rules.display());
        return None;
    }
    Some(rules)
}

/// A hunt on one thread that tells nothing but its hits.
fn hunt(vigie: &Path, evidence: &Path, rules: &[PathBuf]) -> Command {
    let mut command = Command::new(vigie);
    command.arg("hunt").arg(evidence).args(["--threads", "1", "--quiet"]);
    for path in rules {
        command.arg("--rules").arg(path);
    }
    command
}

#[allow(clippy::cast_precision_loss, reason = "a size in MB, for people")]
fn line(name: &str, bytes: u64, cost: &Cost) {
    let rate = bytes as f64 / MEGABYTE as f64 / cost.cpu_seconds;
    let peak = if cost.peak_kib == 0 { String::new() } else { format!("{:>6} MiB", cost.peak_mib()) };
    println!("  {name:<34} {:>7.2} s cpu {rate:>8.0} MB/s/core{peak}", cost.cpu_seconds);
}
