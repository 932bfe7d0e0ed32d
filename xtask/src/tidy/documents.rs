//! Rules on documents: short, complete, true to the code, and no dead links.

use std::path::PathBuf;

use crate::tidy::none;
use crate::{docs, tree};

/// The most lines of a document that people are asked to read whole.
const LINES_MAX: usize = 150;

const SHORT: &[&str] = &["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md", "SECURITY.md"];

#[test]
fn documents_to_read_whole_are_short() {
    for name in SHORT {
        let lines = tree::read(&tree::root().join(name)).unwrap().lines().count();
        assert!(lines <= LINES_MAX, "{name} has {lines} lines, at most {LINES_MAX}");
    }
}

#[test]
fn reference_is_up_to_date() {
    for (name, text) in docs::pages().unwrap() {
        let path = tree::root().join("docs/reference").join(name);
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(written == text, "docs/reference/{name} is stale: run `cargo xtask docs`");
    }
}

#[test]
fn every_module_is_on_the_map() {
    let map = tree::read(&tree::root().join("ARCHITECTURE.md")).unwrap();
    let mut offences = Vec::new();
    for (section, modules) in modules_by_crate() {
        let Some(text) = section_of(&map, &section) else {
            offences.push(format!("no heading for {section}"));
            continue;
        };
        offences.extend(
            modules
                .iter()
                .filter(|name| !text.contains(&format!("`{name}`")))
                .map(|name| format!("{section}: {name}")),
        );
    }
    none("ARCHITECTURE.md has a heading for each crate that names each of its modules", &offences);
}

#[test]
fn links_lead_somewhere() {
    let mut offences = Vec::new();
    for path in documents() {
        let folder = path.parent().unwrap();
        for link in links(&tree::read(&path).unwrap()) {
            let target = link.split('#').next().unwrap_or_default();
            let outside = link.contains("://") || target.is_empty();
            if !outside && !folder.join(target).exists() {
                offences.push(format!("{}: {link}", tree::shown(&path)));
            }
        }
    }
    none("links between documents lead to a file", &offences);
}

/// The crates with their top-level modules.
fn modules_by_crate() -> Vec<(String, Vec<String>)> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for path in tree::files("crates").unwrap() {
        let shown = tree::shown(&path);
        let Some((name, below)) = shown.strip_prefix("crates/").and_then(|rest| rest.split_once("/src/"))
        else {
            continue;
        };
        let module = below.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned();
        if module == "lib" || module == "main" || !tree::has_extension(&path, "rs") {
            continue;
        }
        match found.last_mut() {
            Some((last, modules)) if last == name => {
                if !modules.contains(&module) {
                    modules.push(module);
                }
            }
            _ => found.push((name.to_owned(), vec![module])),
        }
    }
    found
}

/// The text from the heading that names a crate to the next heading.
fn section_of<'a>(map: &'a str, name: &str) -> Option<&'a str> {
    let start = map.find(&format!("### `{name}`"))?;
    let rest = &map[start + 4..];
    Some(rest.split("\n#").next().unwrap_or(rest))
}

pub(super) fn documents() -> Vec<PathBuf> {
    let mut found = tree::files("docs").unwrap();
    found.extend(tree::files("packs").unwrap());
    for entry in std::fs::read_dir(tree::root()).unwrap() {
        found.push(entry.unwrap().path());
    }
    found.retain(|path| path.extension().is_some_and(|ext| ext == "md"));
    found
}

/// The targets of a document's links, those in code left out.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        let prose: String = line.split('`').step_by(2).collect();
        for part in prose.split("](").skip(1) {
            found.extend(part.split(')').next().map(str::to_owned));
        }
    }
    found
}

#[test]
fn links_are_found_outside_code() {
    assert_eq!(links("see [a](b.md#c) and `[x](y)`\n```\n[d](e)\n```\n[f](g)"), ["b.md#c", "g"]);
}

/// The exploited flaws stand in two tables, one a directive's own: each says what its reader needs, and the days agree.
#[test]
fn both_tables_of_exploited_flaws_say_the_same_days() {
    let rows =
        |path: &str, added: usize, due: usize| -> std::collections::BTreeMap<String, (String, String)> {
            let text = tree::read(&tree::root().join(path)).unwrap();
            let lines = text.lines().filter(|line| line.starts_with("CVE-"));
            lines
                .map(|line| {
                    let cells: Vec<&str> = line.split('\t').collect();
                    (cells[0].to_owned(), (cells[added].to_owned(), cells[due].to_owned()))
                })
                .collect()
        };
    let known = rows("crates/vigie-assess/knowledge/kev.tsv", 1, 2);
    assert!(known.len() > 20);
    assert_eq!(known, rows("directives/bod-22-01.kev.tsv", 2, 3));
}
