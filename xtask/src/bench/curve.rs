//! What one more rule costs: the same event log under ever more of the public rules.

use std::path::{Path, PathBuf};

use super::{MEGABYTE, MEMORY_MIB_AIM, generated, hunt, measure, public_rules};
use crate::tree;

/// How many rules are loaded; the last stands for all of them.
const STEPS: &[usize] = &[10, 100, 1_000, usize::MAX];
/// Event logs are slow to generate and need not be as large as text.
const MEGABYTES_MAX: u64 = 100;

/// Measures the curve over an event log of this size, 100 MB at most.
pub(super) fn run(megabytes: u64) -> anyhow::Result<()> {
    let Some(folder) = public_rules("") else { return Ok(()) };
    let vigie = tree::release_binary()?;
    let bytes = megabytes.min(MEGABYTES_MAX) * MEGABYTE;
    let evidence = generated("windows.evtx", "Sysmon.evtx", bytes, |out, bytes, seed| {
        vigie_example::bulk::evtx(out, bytes, seed)
    })?;
    let nothing = tree::scratch("bench-curve")?.join("nothing.txt");
    std::fs::write(&nothing, "no evidence\n")?;
    let rules: Vec<PathBuf> = tree::all_files(&folder)?.into_iter().filter(|path| is_rule(path)).collect();
    println!("rules: {} MB of events, {}", evidence.metadata()?.len() / MEGABYTE, evidence.display());
    let mut first = None;
    for step in STEPS {
        // Spread over all folders, so that every kind of rule is there from the beginning.
        let count = rules.len().min(*step);
        let some: Vec<PathBuf> = (0..count).map(|n| rules[n * rules.len() / count].clone()).collect();
        let start = measure::child(&mut hunt(&vigie, &nothing, &some))?;
        let whole = measure::child(&mut hunt(&vigie, &evidence, &some))?;
        let cost = whole.cpu_seconds - start.cpu_seconds;
        let over = cost / *first.get_or_insert(cost);
        println!(
            "  {count:>5} rules {:>7.2} s to start {cost:>7.2} s cpu over the events, {over:.2} of the first; {} MiB (aim \
             {MEMORY_MIB_AIM})",
            start.cpu_seconds,
            whole.peak_mib()
        );
    }
    println!();
    Ok(())
}

fn is_rule(path: &Path) -> bool {
    tree::has_extension(path, "yml")
}
