//! `vigie artifacts`: what Vigie reads, where it lies, what it proves.

use std::io::Write;

use clap::Args;
use vigie_parse::{PARSERS, collection};

use crate::exit::Exit;

/// Arguments of `vigie artifacts`.
#[derive(Debug, Args)]
pub(super) struct Artifacts {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Artifacts) -> anyhow::Result<Exit> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let artifacts = || PARSERS.iter().map(|parser| parser.artifact());
    if args.json {
        let list: Vec<_> = artifacts()
            .map(|artifact| {
                serde_json::json!({
                    "name": artifact.name, "title": artifact.title, "location": artifact.location,
                    "proves": artifact.proves, "source": artifact.source,
                })
            })
            .collect();
        serde_json::to_writer_pretty(&mut out, &list)?;
        writeln!(out)?;
    } else {
        for artifact in artifacts() {
            writeln!(out, "{}  {}", artifact.name, artifact.title)?;
            writeln!(out, "    where:  {}", artifact.location)?;
            writeln!(out, "    proves: {}\n", artifact.proves)?;
        }
        writeln!(out, "They are found in folders, and in place in:")?;
        for (name, what) in collection::CONTAINERS {
            writeln!(out, "    {name:<22} {what}")?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}
