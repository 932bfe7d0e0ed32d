//! `vigie summary`: many assessments at a glance.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use vigie_model::Assessment;

use super::{Global, StyleArgs, assessments, say, usage_error};
use crate::exit::Exit;

/// Arguments of `vigie summary`.
#[derive(Debug, Args)]
pub(super) struct SummaryArgs {
    /// assessment.json files, or folders that hold them at any depth.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// text, html, csv or json.
    #[arg(long, default_value = "text", value_parser = ["text", "html", "csv", "json"], value_name = "NAME")]
    format: String,
    #[command(flatten)]
    style: StyleArgs,
}

pub(super) fn run(args: &SummaryArgs, global: Global) -> anyhow::Result<Exit> {
    let found = assessments::find(&args.paths)?;
    // A summary has no place to name what it lacks.
    if let Some(one) = found.passed_over.first() {
        bail!("cannot read {}: {}", one.path.display(), one.why);
    }
    if found.files.is_empty() {
        return Err(usage_error("no assessment.json there; `vigie check --output DIR` writes them"));
    }
    let all = found.files.iter().map(|file| read(&file.path)).collect::<anyhow::Result<Vec<_>>>()?;
    say(global, &format!("{} assessments", all.len()));
    let summary = vigie_report::summary::summarize(&all);
    let style = args.style.style(global);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    match args.format.as_str() {
        "html" => vigie_report::summary::html(&summary, &style, &mut out)?,
        "csv" => vigie_report::summary::csv(&summary, &style, &mut out)?,
        "json" => vigie_report::summary::json(&summary, &mut out)?,
        _ => vigie_report::summary::text(&summary, &style, &mut out)?,
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// Reads an assessment that an earlier run wrote.
pub(super) fn read(path: &Path) -> anyhow::Result<Assessment> {
    serde_json::from_slice(&assessments::read(path)?)
        .with_context(|| format!("{} is not an assessment of this version", path.display()))
}
