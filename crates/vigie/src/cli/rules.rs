//! `vigie rules`: what Vigie runs.

use std::io::Write;

use clap::Args;

use super::RuleArgs;
use crate::exit::Exit;

/// Arguments of `vigie rules`.
#[derive(Debug, Args)]
pub(super) struct Rules {
    #[command(flatten)]
    rules: RuleArgs,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Rules) -> anyhow::Result<Exit> {
    let (set, _content) = args.rules.load()?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    if args.json {
        serde_json::to_writer_pretty(&mut out, &set.rules)?;
        writeln!(out)?;
    } else {
        for rule in &set.rules {
            let pack = rule.pack.as_deref().unwrap_or("-");
            let stage = rule.stage.map_or("-", vigie_model::rule::Stage::word);
            writeln!(out, "{:<13} {:<9} {:<10} {}  {}", rule.level.word(), stage, pack, rule.id, rule.title)?;
        }
        for missing in &set.not_loaded {
            writeln!(out, "not loaded    {}: {}", missing.source, missing.reason)?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}
