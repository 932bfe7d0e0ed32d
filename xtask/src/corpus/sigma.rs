//! The public Sigma rules: every one loads, and each labelled event log fires the rule it was made for.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use vigie_detect::{Bundled, RuleSet, Scanner, Sources};
use vigie_model::diagnostic::Code;
use vigie_model::evidence::Fact;
use vigie_model::schema::Wanted;
use vigie_model::{EventBatch, Hit, Schema};
use vigie_parse::{Limits, Sink};

/// Rules of the corpus's `sigmahq` folder.
const RULES: usize = 3754;

/// Logs whose label counts fewer records than match the rule, by rule; each was read by hand.
const LABELLED_TOO_LOW: &[(&str, u64, &str)] = &[
    ("0b9ad457-2554-44c1-82c2-d56a99c42377", 3, "three files of the folder, the label names one"),
    ("8fbf3271-1ef6-4e94-8210-03c2317947f6", 3, "three dump tools were dropped"),
    ("45e112d0-7759-4c2a-aa36-9f8fb79d3393", 3, "three protocols of the zone were set"),
    ("c7dcacd0-cc59-4004-b0a4-1d6cdebe6f3e", 2, "both the server's and the workstation's share"),
];

/// Loads all rules strictly and hunts with them in every labelled log.
pub(crate) fn run(data: &Path) -> anyhow::Result<()> {
    let sources = Sources { bundled: Bundled::None, rules: vec![data.join("sigmahq")], ..Sources::default() };
    let rules = Arc::new(RuleSet::load(&sources)?);
    ensure!(rules.rules.len() == RULES, "{} rules loaded, {RULES} were expected", rules.rules.len());
    ensure!(rules.not_loaded.is_empty(), "not loaded: {:?}", rules.not_loaded);
    let labels = std::fs::read_to_string(data.join("sigma_regression/labels.tsv")).context("labels.tsv")?;
    let mut wrong = Vec::new();
    let mut logs = 0_usize;
    for line in labels.lines().skip(1) {
        let [id, title, count, log] = line.split('\t').collect::<Vec<_>>()[..] else {
            bail!("labels.tsv: not four columns: {line}");
        };
        logs += 1;
        let found = hits_of(&rules, id, &data.join("sigma_regression").join(log))?;
        let known = LABELLED_TOO_LOW.iter().find(|(rule, ..)| *rule == id).map(|(_, count, _)| *count);
        let expected = known.or_else(|| count.parse().ok());
        if found == 0 || expected.is_some_and(|expected| expected != found) {
            wrong.push(format!("{title}: {found} hits, expected {expected:?}: {log}"));
        }
    }
    println!(
        "corpus sigma: {RULES} rules loaded; {} of {logs} labelled logs as expected",
        logs - wrong.len()
    );
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// How often a rule hits in a log.
fn hits_of(rules: &Arc<RuleSet>, id: &str, log: &Path) -> anyhow::Result<u64> {
    let limits = Limits::default();
    let mut hunt = Hunt::new(rules);
    for collection in vigie_parse::open(&[PathBuf::from(log)], &limits) {
        for evidence in &collection.evidence {
            let report = vigie_parse::read(evidence, &limits, &mut hunt);
            ensure!(report.entry.artifact.is_some(), "{}: {:?}", log.display(), report.entry.unread);
        }
    }
    let mut by_rule: BTreeMap<&str, u64> = BTreeMap::new();
    // The labels count what the log itself does: an export leaves older records in the free space of its chunks.
    for hit in hunt.hits.iter().filter(|hit| hit.field("Salvaged").is_none()) {
        let rule = rules.rules.get(hit.rule as usize).context("a hit of no rule")?;
        *by_rule.entry(rule.id.as_str()).or_default() += 1;
    }
    Ok(by_rule.get(id).copied().unwrap_or(0))
}

/// Rules over everything that is read.
pub(super) struct Hunt {
    pub(super) scanner: Scanner,
    pub(super) hits: Vec<Hit>,
}

impl Hunt {
    pub(super) fn new(rules: &Arc<RuleSet>) -> Hunt {
        Hunt { scanner: rules.scanner(), hits: Vec::new() }
    }
}

impl Sink for Hunt {
    fn wants(&mut self, schema: &Schema) -> Wanted {
        self.scanner.wants(schema)
    }

    fn batch(&mut self, batch: &EventBatch) -> ControlFlow<()> {
        self.scanner.scan(batch, &mut self.hits);
        ControlFlow::Continue(())
    }

    fn fact(&mut self, _fact: Fact) {}

    fn diagnostic(&mut self, _code: Code, _place: &str, _message: &str, _bytes: u64) {}
}
