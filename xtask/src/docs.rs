//! `docs/reference/`: pages made from the code, so that they cannot say anything else than it does.

mod logsources;

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context;
use vigie_detect::{RuleSet, Sources};
use vigie_model::coverage::Density;
use vigie_model::diagnostic::{Code, Effect};
use vigie_model::pack::{Pack, Seen};
use vigie_model::rule::RuleInfo;

use crate::tree;

const GENERATED: &str = "<!-- Written by `cargo xtask docs`; a test fails when it is stale. -->\n";

/// Writes every page.
pub(crate) fn write() -> anyhow::Result<()> {
    for (name, text) in pages()? {
        let path = tree::root().join("docs/reference").join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        println!("{}", tree::shown(&path));
    }
    Ok(())
}

/// Every page: its file name and its text.
pub(crate) fn pages() -> anyhow::Result<Vec<(&'static str, String)>> {
    let rules = RuleSet::load(&Sources::default())?;
    Ok(vec![
        ("artifacts.md", artifacts()),
        ("diagnostics.md", diagnostics()),
        ("formats.md", formats()),
        ("packs.md", packs(&rules)),
        ("sigma-logsources.md", logsources::page()),
    ])
}

fn artifacts() -> String {
    let mut page = format!("{GENERATED}# Artifacts: what Vigie reads\n\n");
    page.push_str("Files are recognised by their content; names settle only what content leaves open.\n");
    for parser in vigie_parse::PARSERS {
        let artifact = parser.artifact();
        let _ = write!(
            page,
            "\n## `{}`: {}\n\n- proves: {}\n- lies in: {}\n- writes: {}\n- described by: {}\n",
            artifact.name,
            artifact.title,
            artifact.proves,
            artifact.location,
            density(artifact.density),
            artifact.source,
        );
    }
    page
}

fn density(density: Density) -> &'static str {
    match density {
        Density::Busy => "every hour by itself, so a silent day is a gap",
        Density::Sparse => "when something happens, so silence is normal",
        Density::State => "nothing over time: it is the state of the host when it was collected",
    }
}

fn diagnostics() -> String {
    let mut page = format!("{GENERATED}# Diagnostics: what could not be read as expected\n\n");
    page.push_str("`vigie explain CODE` prints the same text. Damage lowers coverage; a note does not.\n");
    for code in Code::ALL {
        let effect = match code.effect() {
            Effect::Damage => "damage",
            Effect::Note => "note",
        };
        let _ = write!(page, "\n## {} ({effect})\n\n{}\n{}\n", code.id(), code.title(), code.help());
    }
    page
}

fn formats() -> String {
    let mut page = format!("{GENERATED}# Output: how Vigie tells it\n\n");
    page.push_str(
        "`assessment.json` and `report.html` are always written; `--format NAME` adds the others.\n\n",
    );
    page.push_str("| format | file in the output folder |\n|---|---|\n");
    for renderer in vigie_report::RENDERERS {
        let _ = writeln!(page, "| `{}` | `{}` |", renderer.name(), renderer.file_name());
    }
    page.push_str("\n`assessment.json` follows [this JSON Schema](");
    page.push_str(
        "../../crates/vigie-report/schema/assessment.schema.json). Its version is in the member `schema`: ",
    );
    let _ = writeln!(page, "`{}`.", vigie_model::assessment::SCHEMA);
    page
}

fn packs(rules: &RuleSet) -> String {
    let mut page = format!("{GENERATED}# Packs: what Vigie knows of each campaign\n");
    for pack in &rules.packs {
        campaign(&mut page, pack);
        let mine: Vec<&RuleInfo> =
            rules.rules.iter().filter(|rule| rule.pack.as_ref() == Some(&pack.id)).collect();
        let (indicators, mut sigma): (Vec<&RuleInfo>, Vec<&RuleInfo>) =
            mine.into_iter().partition(|rule| tree::has_extension(Path::new(&rule.source), "csv"));
        sigma.sort_by(|a, b| (a.stage, &a.title).cmp(&(b.stage, &b.title)));
        let _ = write!(page, "\n### Rules\n\nBesides these, {} indicators.\n\n", indicators.len());
        page.push_str("| a match proves | level | rule |\n|---|---|---|\n");
        for rule in sigma {
            let stage = rule.stage.map_or("-", vigie_model::rule::Stage::word);
            let _ = writeln!(page, "| {stage} | {} | {} |", rule.level.word(), rule.title);
        }
    }
    page
}

fn campaign(page: &mut String, pack: &Pack) {
    let _ = write!(page, "\n## `{}`: {}\n\n{}\n\n", pack.id, pack.title.en, pack.summary.en.trim());
    let _ = writeln!(page, "- as known on {}", pack.version);
    match &pack.window {
        Some(window) => {
            let _ = writeln!(page, "- window: {} to {}, fix on {}", window.from, window.until, window.fix);
            let _ = writeln!(page, "- {}", window.why.en.trim());
        }
        None => page.push_str("- no window: a verdict only when something of it is found\n"),
    }
    match pack.seen {
        Seen::OnTheServer => {}
        Seen::Elsewhere => {
            page.push_str("- its traces lie elsewhere: the server tells at most whether it was open\n");
        }
    }
    if !pack.cves.is_empty() {
        let _ = writeln!(page, "- fixed when all of these are: {}", pack.cves.join(", "));
    }
    if let Some(setting) = &pack.setting {
        let _ = writeln!(page, "- and besides the build: {}", setting.en.trim());
    }
    if !pack.uses.is_empty() {
        let _ = writeln!(page, "- uses the rules of: {}", pack.uses.join(", "));
    }
    page.push_str("\n| way in | CVE | evidence that covers a day |\n|---|---|---|\n");
    for way in &pack.way {
        let needs: Vec<String> =
            way.needs.iter().map(|streams| format!("`{}`", streams.join("` and `"))).collect();
        let _ = writeln!(page, "| `{}`: {} | {} | {} |", way.id, way.title.en, way.cve, needs.join(", or "));
    }
}
