//! The engine beside another evaluator, over real logs: built only here, since the other one takes minutes.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

use crate::tree;

/// Compares over every labelled log; the crate `vigie-differential` says what may differ.
pub(crate) fn run(data: &Path) -> anyhow::Result<()> {
    let run = Command::new(env!("CARGO"))
        .args(["run", "--release", "--quiet", "--package", "vigie-differential", "--", "corpus"])
        .arg(data.join("sigmahq"))
        .arg(data.join("evtx_to_mitre"))
        .arg(data.join("sigma_regression"))
        .current_dir(tree::root())
        .status()
        .context("cannot start cargo")?;
    ensure!(run.success(), "the evaluators differ");
    Ok(())
}
