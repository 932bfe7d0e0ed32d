//! The engine beside another one on the same decoded events: a program of its own, since that one takes minutes to build.

use std::process::Command;

use anyhow::{Context, ensure};

use crate::tree;

/// Real event logs of the corpus, below its folder.
const LOGS: &[&str] = &["evtx_to_mitre", "sigma_regression"];

/// Prints the comparison; nothing to compare on without the corpus.
pub(super) fn run() -> anyhow::Result<()> {
    let data = tree::root().join("../shared/data");
    if !data.is_dir() {
        println!("rules on decoded events: no corpus at {}, not measured\n", data.display());
        return Ok(());
    }
    let mut measure = Command::new(env!("CARGO"));
    measure.args(["run", "--release", "--quiet", "--package", "vigie-differential", "--", "speed"]);
    measure.arg(data.join("sigmahq")).args(LOGS.iter().map(|log| data.join(log)));
    let run = measure.current_dir(tree::root()).status().context("cannot start cargo")?;
    ensure!(run.success(), "the engines were not compared");
    println!();
    Ok(())
}
