//! `vigie explain`: what a diagnostic, a rule, a build or a CVE means.

use std::io::Write;

use clap::Args;
use vigie_assess::builds::{self, Build};
use vigie_model::diagnostic::Code;

use super::{RuleArgs, usage_error};
use crate::exit::Exit;

/// Arguments of `vigie explain`.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// V0201, a rule's id, a build (15.1.2176.9), or a CVE.
    code: String,
}

pub(super) fn run(args: &Explain) -> anyhow::Result<Exit> {
    let mut out = std::io::stdout().lock();
    let wanted = args.code.trim();
    if let Some(code) = Code::ALL.iter().find(|code| code.id().eq_ignore_ascii_case(wanted)) {
        writeln!(out, "{}: {}\n{}", code.id(), code.title(), code.help())?;
        return Ok(Exit::Done);
    }
    let (mut set, mut content) = RuleArgs::default().load()?;
    crate::engine::content::webshell::add(&mut set, &mut content);
    if let Some(rule) = set.rules.iter().find(|rule| rule.id.eq_ignore_ascii_case(wanted)) {
        let stage = rule.stage.map_or("-", vigie_model::rule::Stage::word);
        writeln!(out, "{}\n{}\nlevel {}, proves: {stage}", rule.title, rule.description, rule.level.word())?;
        return Ok(Exit::Done);
    }
    let cves: Vec<String> = set.packs.iter().flat_map(|pack| pack.cves.clone()).collect();
    if let Some(build) = Build::parse(wanted) {
        let name = builds::name(build);
        let name = if name.is_empty() { "not in the table".to_owned() } else { name };
        writeln!(out, "{build}: {name} (table of {})", builds::AS_OF)?;
        for cve in &cves {
            writeln!(out, "    {cve}: {}", holds(build, cve))?;
        }
        return Ok(Exit::Done);
    }
    let fixes = builds::fixed_builds(wanted);
    if fixes.is_empty() {
        return Err(usage_error(format!(
            "{wanted} is no diagnostic, rule, build or CVE that Vigie knows; see vigie rules and vigie packs"
        )));
    }
    writeln!(out, "{}: first build that holds the fix (table of {})", wanted.to_uppercase(), builds::AS_OF)?;
    for (build, name) in fixes {
        writeln!(out, "    {build:<14} {name}")?;
    }
    Ok(Exit::Done)
}

fn holds(build: Build, cve: &str) -> String {
    match builds::holds(build, cve) {
        builds::Holds::Yes => "fixed".to_owned(),
        builds::Holds::No => "open".to_owned(),
        builds::Holds::Conflict(low, high) => format!("sources disagree: fixed from {low} or from {high}"),
        builds::Holds::MarchSpecial => {
            "cannot be told: this update holds the March 2021 fixes alone".to_owned()
        }
        builds::Holds::Unknown => "not decided by the build alone".to_owned(),
    }
}
