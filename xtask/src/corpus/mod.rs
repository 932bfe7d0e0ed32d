//! Runs over real evidence that nobody here wrote and that is not in the repository.
//!
//! Each module says what must come out of one kind of data, and fails with what came out instead.

mod containers;
mod differential;
mod estimate;
mod evidence;
pub(crate) mod evtx;
mod evtx_oracle;
mod indicators;
mod knowledge;
mod recall;
mod sigma;
mod webshells;
mod windows;

use std::path::Path;

use anyhow::{Context, ensure};

pub(crate) use evtx::event_logs;

type Suite = fn(&Path) -> anyhow::Result<()>;

/// Every suite, by name. To add one, write `corpus/<name>.rs` and a line here.
const SUITES: &[(&str, Suite)] = &[
    ("containers", containers::run),
    ("estimate", estimate::run),
    ("evidence", evidence::run),
    ("evtx", evtx::run),
    ("indicators", indicators::run),
    ("knowledge", knowledge::run),
    ("sigma", sigma::run),
    ("webshells", webshells::run),
    ("recall", recall::run),
    ("differential", differential::run),
    ("windows", windows::run),
];

/// Runs every suite, or the named one, over a copy of the data; all of them run, even after one failed.
pub(crate) fn run(data: &Path, only: Option<&str>) -> anyhow::Result<()> {
    ensure!(data.is_dir(), "no corpus at {}: give its folder", data.display());
    let data = data.canonicalize().context("cannot resolve the folder of the corpus")?;
    let mut failed = 0_usize;
    let chosen = SUITES.iter().filter(|(name, _)| only.is_none_or(|only| only == *name));
    ensure!(chosen.clone().count() > 0, "no suite of this name");
    for (name, suite) in chosen {
        match suite(&data) {
            Ok(()) => println!("corpus {name}: ok"),
            Err(error) => {
                failed += 1;
                println!("corpus {name}: FAILED\n{error:?}");
            }
        }
    }
    ensure!(failed == 0, "{failed} of {} corpus suites failed", SUITES.len());
    Ok(())
}
