//! `vigie packs`: the campaigns Vigie knows.

use std::io::Write;

use clap::Args;

use super::RuleArgs;
use crate::exit::Exit;

/// Arguments of `vigie packs`.
#[derive(Debug, Args)]
pub(super) struct Packs {
    #[command(flatten)]
    rules: RuleArgs,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Packs) -> anyhow::Result<Exit> {
    let (set, _content) = args.rules.load()?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    if args.json {
        serde_json::to_writer_pretty(&mut out, &set.packs)?;
        writeln!(out)?;
    } else {
        for pack in &set.packs {
            let rules = set.rules.iter().filter(|rule| rule.pack.as_deref() == Some(&pack.id)).count();
            writeln!(out, "{}  {} (knowledge of {})", pack.id, pack.title.en, pack.version)?;
            match &pack.window {
                Some(window) => {
                    writeln!(out, "    {}", pack.cves.join(", "))?;
                    writeln!(out, "    window {} to {}, fix of {}", window.from, window.until, window.fix)?;
                }
                None => writeln!(out, "    no campaign: a verdict only when something is found")?,
            }
            for way in &pack.way {
                writeln!(out, "    way in: {} {} {}", way.id, way.cve, way.title.en)?;
            }
            writeln!(out, "    {rules} rules and indicators\n")?;
        }
        writeln!(out, "Exchange builds and fixes known as of {}", vigie_assess::knowledge::current().as_of)?;
    }
    out.flush()?;
    Ok(Exit::Done)
}
