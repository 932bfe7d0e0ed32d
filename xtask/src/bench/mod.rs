//! How fast, and in how much memory: generated logs of a busy server under all rules, beside ripgrep on the same bytes.
//!
//! Never a test: what it prints depends on the machine. Both sides run in the same minute on the same file, one thread
//! each, and are compared by the processor time they took.

mod engines;
mod evtx;
mod measure;
mod patterns;
mod stages;

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::tree;
use measure::Cost;

const MEGABYTE: u64 = 1_000_000;
const SEED: u64 = 20_210_302;

/// The most memory that a check may take, in MiB: the aim of the design, for evidence of any size.
const MEMORY_MIB_AIM: u64 = 256;
/// The most processor time a check may take over that of ripgrep: the aim of the design.
const RATIO_AIM: f64 = 1.3;

/// A kind of log to measure.
struct Log {
    artifact: &'static str,
    file_name: &'static str,
    write: fn(&mut BufWriter<File>, u64, u64) -> std::io::Result<u64>,
}

const LOGS: &[Log] = &[
    Log { artifact: "iis.w3c", file_name: "u_ex210228.log", write: vigie_example::bulk::iis },
    Log {
        artifact: "exchange.httpproxy",
        file_name: "HttpProxy_2021022800-1.LOG",
        write: vigie_example::bulk::httpproxy,
    },
];

/// Measures every kind of log at this size.
pub(crate) fn run(megabytes: u64) -> anyhow::Result<()> {
    if cfg!(debug_assertions) {
        return in_release(megabytes);
    }
    let vigie = tree::release_binary()?;
    for log in LOGS {
        let path = generated(log, megabytes * MEGABYTE)?;
        one(log, &path, &vigie)?;
    }
    engines::run()
}

/// Measures event logs at this size, beside `evtx_dump`.
pub(crate) fn event_logs(megabytes: u64) -> anyhow::Result<()> {
    evtx::run(megabytes, &tree::release_binary()?, &tree::root().join("../shared/data"))
}

/// The stages are measured inside this program, so it must be built as users build.
fn in_release(megabytes: u64) -> anyhow::Result<()> {
    let run = Command::new(env!("CARGO"))
        .args(["run", "--release", "--quiet", "--package", "xtask", "--", "bench", &megabytes.to_string()])
        .current_dir(tree::root())
        .status()
        .context("cannot start cargo")?;
    ensure!(run.success(), "the benchmark failed");
    Ok(())
}

/// The log, written once and kept.
fn generated(log: &Log, bytes: u64) -> anyhow::Result<PathBuf> {
    let folder = tree::cache()?.join("bench").join(format!("{}-{bytes}", log.artifact));
    let path = folder.join(log.file_name);
    if path.metadata().is_ok_and(|metadata| metadata.len() >= bytes) {
        return Ok(path);
    }
    std::fs::create_dir_all(&folder)?;
    let mut out = BufWriter::new(File::create(&path)?);
    (log.write)(&mut out, bytes, SEED).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

fn one(log: &Log, path: &Path, vigie: &Path) -> anyhow::Result<()> {
    let bytes = path.metadata()?.len();
    println!("{}: {} MB, {}", log.artifact, bytes / MEGABYTE, path.display());
    for stage in stages::run(path)? {
        line(&stage.name, bytes, &stage.cost);
    }
    let output = tree::scratch("bench")?.join("output");
    let mut check = Command::new(vigie);
    check
        .arg("check")
        .arg(path)
        .args(["--threads", "1", "--quiet", "--host", "BENCH", "--output"])
        .arg(&output);
    let check = measure::child(&mut check)?;
    line("vigie check, 1 thread", bytes, &check);

    let patterns = patterns::write(log.artifact, &tree::scratch("bench-patterns")?.join("patterns"))?;
    let mut rg = Command::new("rg");
    rg.args(["-c", "-F", "-i", "-j", "1", "--no-config", "-f"]).arg(&patterns.path).arg(path);
    let rg =
        measure::child(&mut rg).context("ripgrep is what it is compared with: apt-get install ripgrep")?;
    line(&format!("rg -c -F -i, {} patterns", patterns.count), bytes, &rg);

    let ratio = check.cpu_seconds / rg.cpu_seconds;
    println!(
        "  time over rg: {ratio:.2} (aim {RATIO_AIM}); memory {} MiB (aim {MEMORY_MIB_AIM})\n",
        check.peak_mib()
    );
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "a size in MB, for people")]
fn line(name: &str, bytes: u64, cost: &Cost) {
    let rate = bytes as f64 / MEGABYTE as f64 / cost.cpu_seconds;
    let peak = if cost.peak_kib == 0 { String::new() } else { format!("{:>6} MiB", cost.peak_mib()) };
    println!("  {name:<34} {:>7.2} s cpu {rate:>8.0} MB/s/core{peak}", cost.cpu_seconds);
}
