//! `vigie explain`: what a diagnostic, a rule, a build or a CVE means.

use std::io::Write;

use clap::Args;
use vigie_assess::builds::{self, Build, Holds};
use vigie_assess::knowledge;
use vigie_model::diagnostic::Code;
use vigie_model::finding::Statement;
use vigie_model::pack::Pack;
use vigie_report::Lang;

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
    if let Some(build) = Build::parse(wanted) {
        return explain_build(build, &mut out);
    }
    explain_cve(&wanted.to_uppercase(), &set.packs, &mut out)
}

/// A build: what it is called, and every known flaw of its product that it does not certainly hold the fix of.
fn explain_build(build: Build, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let name = builds::name(build);
    let name = if name.is_empty() { "not in the table".to_owned() } else { name };
    writeln!(out, "{build}: {name}")?;
    let product = build.product();
    if let Some(ended) = builds::supported_until(product) {
        writeln!(
            out,
            "    Exchange {product} has had no updates from Microsoft since {ended}, but paid ones"
        )?;
    }
    if builds::is_march_special(build) {
        writeln!(out, "    the special update of March 2021: it holds the fixes of March alone")?;
    }
    let mut fixed = 0;
    for cve in knowledge::current().cves() {
        let answer = builds::holds(build, cve);
        let conditions = builds::conditions(product, cve);
        if answer == Holds::Yes && !builds::needs_more(product, cve) {
            fixed += 1;
            continue;
        }
        let exploited = if builds::exploited(cve).is_some() { "  known exploited" } else { "" };
        writeln!(out, "    {cve}: {}{exploited}", holds(answer))?;
        write_conditions(&conditions, out)?;
    }
    writeln!(out, "    of {fixed} other known flaws it is free")?;
    write_age(out)?;
    Ok(Exit::Done)
}

/// A flaw: which builds are the first without it, who says so, what its fix needs besides, and who used it.
fn explain_cve(cve: &str, packs: &[Pack], out: &mut dyn Write) -> anyhow::Result<Exit> {
    let fixes = builds::first_fixes(cve);
    let exploited = builds::exploited(cve);
    let speaks =
        |pack: &&Pack| pack.cves.iter().chain(pack.way.iter().map(|way| &way.cve)).any(|known| known == cve);
    let of_pack: Vec<&Pack> = packs.iter().filter(speaks).collect();
    if fixes.is_empty() && exploited.is_none() && of_pack.is_empty() {
        return Err(usage_error(format!(
            "{cve} is no diagnostic, rule, build or CVE that Vigie knows; see vigie rules and vigie packs"
        )));
    }
    let published = builds::fix_published(cve).map_or_else(String::new, |day| format!(", published {day}"));
    writeln!(out, "{cve}: first builds that hold the fix{published}")?;
    for fix in &fixes {
        let build = fix.build.map_or_else(|| "any build of".to_owned(), |build| build.to_string());
        writeln!(out, "    {build:<14} {:<28} {}", fix.name, fix.source)?;
    }
    if fixes.is_empty() {
        writeln!(out, "    none that the tables of Exchange know")?;
    }
    let mut products: Vec<(Vec<Statement>, Vec<&str>)> = Vec::new();
    for product in ["2010", "2013", "2016", "2019", "SE"] {
        let conditions = builds::conditions(product, cve);
        match products.last_mut() {
            Some((same, named)) if *same == conditions => named.push(product),
            _ => products.push((conditions, vec![product])),
        }
    }
    for (conditions, named) in products.iter().filter(|(conditions, _)| !conditions.is_empty()) {
        writeln!(out, "    Exchange {}:", named.join(", "))?;
        write_conditions(conditions, out)?;
    }
    if let Some(known) = exploited {
        let ransomware = if known.ransomware { ", by ransomware too" } else { "" };
        let (added, due) = (known.added, known.due);
        writeln!(
            out,
            "    known exploited{ransomware}: listed by CISA on {added}, due {due} ({})",
            known.source
        )?;
    }
    for pack in of_pack {
        writeln!(out, "    campaign: {} ({})", pack.id, pack.title.en)?;
    }
    write_age(out)?;
    Ok(Exit::Done)
}

fn write_conditions(conditions: &[Statement], out: &mut dyn Write) -> std::io::Result<()> {
    for condition in conditions {
        writeln!(out, "        {}", vigie_report::say(Lang::En, condition))?;
    }
    Ok(())
}

fn write_age(out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "Builds and fixes are known up to {}.", knowledge::current().as_of)
}

fn holds(answer: Holds) -> String {
    match answer {
        Holds::Yes => "the build holds the fix, a setting decides".to_owned(),
        Holds::No => "open".to_owned(),
        Holds::Conflict(low, high) => format!("sources disagree: fixed from {low} or from {high}"),
        Holds::MarchSpecial => "cannot be told: this update holds the March 2021 fixes alone".to_owned(),
        Holds::Unsupported => "nothing is published for this version any more".to_owned(),
        Holds::Unknown => "not decided by the build alone".to_owned(),
    }
}
