//! `vigie summary`: many assessments at a glance.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use vigie_model::Assessment;

use super::{Global, StyleArgs, say, usage_error};
use crate::exit::Exit;

/// Folders below a given one that are looked into for assessments.
const DEPTH_MAX: usize = 8;

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
    let mut files = Vec::new();
    for path in &args.paths {
        find(path, 0, &mut files)?;
    }
    files.sort();
    files.dedup();
    if files.is_empty() {
        return Err(usage_error("no assessment.json there; `vigie check --output DIR` writes them"));
    }
    let mut assessments = Vec::new();
    for file in &files {
        assessments.push(read(file)?);
    }
    say(global, &format!("{} assessments", assessments.len()));
    let summary = vigie_report::summary::summarize(&assessments);
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
    let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text)
        .with_context(|| format!("{} is not an assessment of this version", path.display()))
}

fn find(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    if depth > DEPTH_MAX || path.is_symlink() {
        return Ok(());
    }
    let entries = fs::read_dir(path).map_err(|error| usage_error(format!("{}: {error}", path.display())))?;
    for entry in entries {
        let entry = entry?.path();
        let is_assessment = entry.file_name().is_some_and(|name| name == "assessment.json");
        if is_assessment || entry.is_dir() {
            find(&entry, depth + 1, files)?;
        }
    }
    Ok(())
}
