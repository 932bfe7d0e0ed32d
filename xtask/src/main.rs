//! Everything the project does to itself: `cargo xtask TASK`. The house rules are its tests.
#![allow(clippy::print_stdout, reason = "a task's result is what it prints")]

mod bench;
mod corpus;
mod docs;
mod example;
mod fuzz;
mod instructions;
mod linkage;
#[cfg(test)]
mod tidy;
mod tree;

use std::path::Path;

use anyhow::{Context, bail};

/// Every task, as a person types it, and what it does.
const TASKS: &[(&str, &str)] = &[
    ("example [DIR]", "write the bundled example evidence, to examples/ unless told"),
    (
        "fleet [N] [DIR]",
        "write the evidence of N servers, each a zip, and truth.csv; 176 to examples/fleet unless told",
    ),
    ("docs", "write docs/reference/ from the code and the packs"),
    (
        "corpus [DATA] [SUITE]",
        "run over real evidence that is not in the repository, ../shared/data unless told",
    ),
    ("fuzz SECONDS [TARGET]...", "build every fuzz target; run all, or the named ones, for so long each"),
    (
        "linkage FOLDER [many]",
        "link records beside Splink (a Python environment is made in FOLDER) and write docs/linkage.md; many: a million records too",
    ),
    (
        "instructions",
        "count the instructions of small fixed inputs and compare them with the committed counts",
    ),
    (
        "bench [MEGABYTES] [ROW]",
        "time and memory on generated logs beside ripgrep, 1000 MB each unless told; every row, or the named one",
    ),
];

const BENCH_MEGABYTES: u64 = 1_000;
/// As many as Huntress found with web shells in March 2021.
const FLEET_SERVERS: usize = 176;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match *args.as_slice() {
        ["example"] => example::write(&tree::root().join("examples")),
        ["example", folder] => example::write(Path::new(folder)),
        ["fleet"] => example::fleet(FLEET_SERVERS, &tree::root().join("examples/fleet")),
        ["fleet", servers] => {
            example::fleet(servers.parse().context("how many servers")?, &tree::root().join("examples/fleet"))
        }
        ["fleet", servers, folder] => {
            example::fleet(servers.parse().context("how many servers")?, Path::new(folder))
        }
        ["docs"] => docs::write(),
        ["corpus"] => corpus::run(&tree::root().join("../shared/data"), None),
        ["corpus", data] => corpus::run(Path::new(data), None),
        ["corpus", data, suite] => corpus::run(Path::new(data), Some(suite)),
        ["fuzz", seconds, ref targets @ ..] => fuzz::run(seconds, targets),
        ["linkage", folder] => linkage::run(Path::new(folder), None),
        ["linkage", folder, many] => linkage::run(Path::new(folder), Some(many)),
        ["instructions"] => instructions::run(),
        ["bench"] => bench::run(BENCH_MEGABYTES, None),
        ["bench", megabytes, ref row @ ..] if row.len() <= 1 => {
            bench::run(megabytes.parse().context("how many MB the logs have")?, row.first().copied())
        }
        _ => bail!("usage: cargo xtask TASK\n{}", usage()),
    }
}

fn usage() -> String {
    let lines: Vec<String> = TASKS.iter().map(|(task, what)| format!("  {task:<26} {what}")).collect();
    lines.join("\n")
}
