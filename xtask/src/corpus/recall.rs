//! Labelled event logs under the public rules: what was found of each ATT&CK technique, and why the rest was not.
//!
//! The labels are those of the folders, `T1021.002-...`. The table is written to `docs/sigma-recall.md`; the suite fails
//! when that changes it, so that a rule or a field that is lost is seen.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, ensure};
use vigie_detect::{Bundled, RuleSet, Sources};
use vigie_model::rule::Liveness;
use vigie_parse::Limits;

use super::sigma::Hunt;
use crate::tree;

const PAGE: &str = "docs/sigma-recall.md";
/// Labelled logs of the corpus.
const LOGS: usize = 268;

/// What became of a log, the best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Found,
    OtherTechnique,
    Tried,
    NoField,
    NoRule,
    Unread,
}

const OUTCOMES: [(Outcome, &str, &str); 6] = [
    (Outcome::Found, "found", "a rule of the technique hits"),
    (
        Outcome::OtherTechnique,
        "other name",
        "rules hit, but name other techniques: seen, and called something else",
    ),
    (
        Outcome::Tried,
        "not described",
        "rules of the technique were tried on its events and describe other tools: no rule for it",
    ),
    (
        Outcome::NoField,
        "no field",
        "rules of the technique mean its events, but need fields that these do not have",
    ),
    (Outcome::NoRule, "no rule", "no rule of the technique means any of its events"),
    (Outcome::Unread, "our fault", "the log could not be read"),
];

/// Hunts in every labelled log and compares the table with the page.
pub(crate) fn run(data: &Path) -> anyhow::Result<()> {
    let sources = Sources { bundled: Bundled::None, rules: vec![data.join("sigmahq")], ..Sources::default() };
    let rules = Arc::new(RuleSet::load(&sources)?);
    let mut table: BTreeMap<String, [usize; OUTCOMES.len()]> = BTreeMap::new();
    let mut logs = 0_usize;
    for path in tree::all_files(&data.join("evtx_to_mitre"))? {
        let label = technique(&path);
        let Some(label) = label.filter(|_| tree::has_extension(&path, "evtx")) else { continue };
        logs += 1;
        let outcome = outcome(&rules, &label, &path);
        table.entry(label).or_default()[outcome as usize] += 1;
    }
    ensure!(logs == LOGS, "{logs} labelled logs, {LOGS} were expected");
    let page = page(&table, logs);
    let path = tree::root().join(PAGE);
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    let sum = |outcome: Outcome| table.values().map(|row| row[outcome as usize]).sum::<usize>();
    println!(
        "corpus recall: {} of {logs} labelled logs found, {} under another name",
        sum(Outcome::Found),
        sum(Outcome::OtherTechnique)
    );
    if before != page {
        std::fs::write(&path, page).with_context(|| PAGE.to_owned())?;
        ensure!(before.is_empty(), "{PAGE} was stale and is written anew: look at what changed");
    }
    Ok(())
}

/// The technique that a path names last, `T1021.002`.
fn technique(path: &Path) -> Option<String> {
    let shown = path.to_string_lossy();
    let digits = |text: &str, count: usize| {
        text.len() >= count && text.bytes().take(count).all(|b| b.is_ascii_digit())
    };
    let found = shown.match_indices("/T").filter_map(|(at, _)| {
        let rest = shown.get(at + 2..)?;
        let sub = rest.get(4..).and_then(|rest| rest.strip_prefix('.')).filter(|sub| digits(sub, 3));
        let length = if sub.is_some() { 8 } else { 4 };
        digits(rest, 4).then(|| format!("T{}", &rest[..length]))
    });
    found.last()
}

/// Whether a rule's technique is the label's, its parent or one below it.
fn same_technique(label: &str, of: &str) -> bool {
    let within = |outer: &str, inner: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    within(label, of) || within(of, label)
}

fn outcome(rules: &Arc<RuleSet>, label: &str, log: &Path) -> Outcome {
    let limits = Limits::default();
    let mut hunt = Hunt::new(rules);
    let mut read = false;
    for collection in vigie_parse::open(&[PathBuf::from(log)], &limits) {
        for evidence in &collection.evidence {
            read |= vigie_parse::read(evidence, &limits, &mut hunt).entry.artifact.is_some();
        }
    }
    if !read {
        return Outcome::Unread;
    }
    let of_technique = |rule: usize| rules.rules[rule].attack.iter().any(|of| same_technique(label, of));
    if hunt.hits.iter().any(|hit| of_technique(hit.rule as usize)) {
        return Outcome::Found;
    }
    if !hunt.hits.is_empty() {
        return Outcome::OtherTechnique;
    }
    let tally = hunt.scanner.into_tally();
    let liveness = rules.liveness(&tally);
    let meant: Vec<&Liveness> =
        (0..).zip(&liveness).filter(|(rule, _)| of_technique(*rule)).map(|(_, one)| one).collect();
    let lacks = |one: &&&Liveness| {
        one.cannot_fire.as_deref().is_some_and(|why| why.starts_with("the evidence has no field"))
    };
    match (meant.iter().any(|one| one.evaluated > 0), meant.iter().any(|one| lacks(&one))) {
        (true, _) => Outcome::Tried,
        (false, true) => Outcome::NoField,
        (false, false) => Outcome::NoRule,
    }
}

fn page(table: &BTreeMap<String, [usize; OUTCOMES.len()]>, logs: usize) -> String {
    let mut page = String::from("<!-- Written by `cargo xtask corpus`, which fails when it changes. -->\n");
    page.push_str("# What public rules find in labelled event logs\n\n");
    let _ = write!(
        page,
        "The {logs} logs of EVTX-to-MITRE-Attack whose folder names a technique, under the 3,754 rules of SigmaHQ. A log counts\n\
         in one column. What is not found is not lost on the way: on every event that the same rules were tried on by another\n\
         evaluator, both said the same but for what [docs/sigma.md](sigma.md) explains.\n\n| column | logs | means |\n|---|---|---|\n"
    );
    for (outcome, name, meaning) in OUTCOMES {
        let sum: usize = table.values().map(|row| row[outcome as usize]).sum();
        let _ = writeln!(page, "| {name} | {sum} | {meaning} |");
    }
    page.push_str("\n| technique | logs |");
    for (_, name, _) in OUTCOMES {
        let _ = write!(page, " {name} |");
    }
    page.push_str("\n|---|---|");
    page.push_str(&"---|".repeat(OUTCOMES.len()));
    for (technique, row) in table {
        let _ = write!(page, "\n| {technique} | {} |", row.iter().sum::<usize>());
        for (outcome, ..) in OUTCOMES {
            let count = row[outcome as usize];
            let _ = if count == 0 { write!(page, " |") } else { write!(page, " {count} |") };
        }
    }
    page.push('\n');
    page
}

#[test]
fn labels_are_read_from_paths() {
    let label = |path: &str| technique(Path::new(path));
    assert_eq!(label("TA0003-Persistence/T1543.003-Create/ID1.evtx").as_deref(), Some("T1543.003"));
    assert_eq!(label("TA0003-Persistence/T1098.xxx-Account/x.evtx").as_deref(), Some("T1098"));
    assert_eq!(label("TA0003-Persistence/x.evtx"), None);
    assert!(same_technique("T1021", "T1021.002") && same_technique("T1021.002", "T1021"));
    assert!(!same_technique("T1021.001", "T1021.002") && !same_technique("T102", "T1021"));
}
