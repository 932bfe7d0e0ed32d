//! What a run costs before it reads a byte of evidence: the packs, and all public rules.

use std::process::Command;

use super::measure::{self, Cost};
use super::public_rules;
use crate::tree;

/// The most time from the start to the first byte of evidence with all public rules, in seconds.
const AIM_SECONDS: f64 = 0.3;
/// Runs of each, of which the quickest counts: the others waited for the machine.
const RUNS: usize = 5;

/// Measures both; the size of logs does not matter.
pub(super) fn run(_megabytes: u64) -> anyhow::Result<()> {
    let vigie = tree::release_binary()?;
    let folder = tree::scratch("bench-start")?;
    let nothing = folder.join("nothing.txt");
    std::fs::write(&nothing, "no evidence\n")?;
    println!("start: nothing to read, the quickest of {RUNS} runs");
    let packs = quickest(|| {
        let mut check = Command::new(&vigie);
        check.arg("check").arg(&nothing).args(["--quiet", "--clobber", "--output"]).arg(folder.join("out"));
        check
    })?;
    tell("vigie check, the bundled packs", &packs);
    if let Some(rules) = public_rules("") {
        let all = quickest(|| {
            let mut hunt = Command::new(&vigie);
            hunt.arg("hunt").arg(&nothing).args(["--quiet", "--rules"]).arg(&rules);
            hunt
        })?;
        tell("vigie hunt, all public rules", &all);
        let half = all.cpu_seconds / 2.0;
        println!("  two quiet cores would need {half:.2} s at least (aim {AIM_SECONDS})\n");
    }
    Ok(())
}

fn quickest(command: impl Fn() -> Command) -> anyhow::Result<Cost> {
    let mut best = measure::child(&mut command())?;
    for _ in 1..RUNS {
        let next = measure::child(&mut command())?;
        best.cpu_seconds = best.cpu_seconds.min(next.cpu_seconds);
        best.wall_seconds = best.wall_seconds.min(next.wall_seconds);
        best.peak_kib = best.peak_kib.max(next.peak_kib);
    }
    Ok(best)
}

fn tell(name: &str, cost: &Cost) {
    let (cpu, wall) = (cost.cpu_seconds, cost.wall_seconds);
    println!("  {name:<34} {cpu:>7.2} s cpu {wall:>7.2} s wall {:>6} MiB", cost.peak_mib());
}
