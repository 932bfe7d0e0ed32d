//! `docs/reference/`: pages made from the code, so that they cannot say anything else than it does.

use std::fmt::Write as _;

use anyhow::Context;
use vigie_model::coverage::Density;
use vigie_model::diagnostic::{Code, Effect};

use crate::tree;

const GENERATED: &str = "<!-- Written by `cargo xtask docs`; a test fails when it is stale. -->\n";

/// Writes every page.
pub(crate) fn write() -> anyhow::Result<()> {
    for (name, text) in pages() {
        let path = tree::root().join("docs/reference").join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        println!("{}", tree::shown(&path));
    }
    Ok(())
}

/// Every page: its file name and its text.
pub(crate) fn pages() -> Vec<(&'static str, String)> {
    vec![("artifacts.md", artifacts()), ("diagnostics.md", diagnostics())]
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
