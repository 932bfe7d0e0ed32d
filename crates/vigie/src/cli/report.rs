//! `vigie report`: an assessment told again, without its evidence.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::{Global, StyleArgs, output, summary};
use crate::exit::Exit;

/// Arguments of `vigie report`.
#[derive(Debug, Args)]
pub(super) struct Report {
    /// An assessment.json.
    assessment: PathBuf,
    /// text, html, csv, markdown or json.
    #[arg(long, default_value = "text", value_name = "NAME")]
    format: String,
    #[command(flatten)]
    style: StyleArgs,
}

pub(super) fn run(args: &Report, global: Global) -> anyhow::Result<Exit> {
    let assessment = summary::read(&args.assessment)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    output::render(&args.format, &assessment, &args.style.style(global), &mut out)?;
    out.flush()?;
    Ok(Exit::Done)
}
