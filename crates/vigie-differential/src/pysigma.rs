//! Generated cases with what we say of them, for a judge that reads Sigma's YAML with its own parser: pySigma.
//!
//! `cargo run -p vigie-differential -- pysigma 1000 | python3 crates/vigie-differential/pysigma_judge.py`

use std::io::Write;

use anyhow::{Context, anyhow};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;

use crate::generate::{self, COLUMNS};
use crate::judges;

const SEED: [u8; 32] = *b"other cases, for another judge..";

/// Writes a JSON object a rule and line: its YAML, the events, and which of them we say that it matches.
///
/// # Errors
/// When it cannot write, or a rule does not load.
pub fn write(out: &mut dyn Write, cases: u32) -> anyhow::Result<()> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &SEED);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = (generate::rule(), generate::events());
    let folder = std::env::temp_dir().join(format!("vigie-pysigma-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    for _ in 0..cases {
        let case = strategy.new_tree(&mut runner).map_err(|reason| anyhow!("{reason}"))?;
        let (rule, events) = case.current();
        let document = rule.yaml("t");
        let rules = judges::ours(&folder, std::slice::from_ref(&document)).context(document.clone())?;
        let one = std::slice::from_ref(&rule);
        let rows: Vec<judges::Row> =
            events.iter().map(|row| row.iter().map(|cell| generate::filled(cell, one)).collect()).collect();
        let said: Vec<bool> =
            judges::we_say(&rules, &judges::batch(&COLUMNS, &rows)).iter().map(|row| row[0]).collect();
        writeln!(out, "{}", json!({ "rule": document, "columns": COLUMNS, "rows": rows, "said": said }))?;
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
