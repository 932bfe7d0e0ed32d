//! Everything the project does to itself: `cargo xtask TASK`. The house rules are its tests.
#![allow(clippy::print_stdout, reason = "a task's result is what it prints")]

mod corpus;
mod docs;
mod fuzz;
#[cfg(test)]
mod tidy;
mod tree;

use std::path::Path;

use anyhow::bail;

const USAGE: &str = "\
usage: cargo xtask TASK
  docs              write docs/reference/ from the code and the packs
  fuzz SECONDS [TARGET]...   build every fuzz target; run them, or the named ones, for so long each
  corpus [DATA]     run over real evidence that is not in the repository (default: ../shared/data)";

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match *args.as_slice() {
        ["docs"] => docs::write(),
        ["fuzz", seconds, ref targets @ ..] => fuzz::run(seconds, targets),
        ["corpus"] => corpus::run(&tree::root().join("../shared/data")),
        ["corpus", data] => corpus::run(Path::new(data)),
        _ => bail!("{USAGE}"),
    }
}
