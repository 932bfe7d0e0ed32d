//! From paths to assessments, or to hits: open, read in parallel, name the hosts, assess.
//!
//! Files are read by a pool of threads; whatever the number of threads and the order in which they finish,
//! results are put together in path order, so the same evidence and packs give the same bytes.

pub mod content;
pub mod hosts;
pub mod hunt;
mod pool;
pub mod progress;
mod sink;
pub mod timeline;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use vigie_assess::{FileEvidence, HostEvidence, OwnerFacts, Scope};
use vigie_detect::RuleSet;
use vigie_model::assessment::Tool;
use vigie_model::diagnostic::Code;
use vigie_model::rule::{RuleInfo, Stage};
use vigie_model::{Assessment, Diagnostic, Hit, Time};
use vigie_parse::Limits;
use vigie_parse::collection::{self, Password};

pub use content::Content;
pub use hunt::{Found, hunt};
use pool::{FileId, Order, Work};
pub use progress::Progress;
pub use timeline::timeline;

/// Hits kept in detail over one collection; all of them are counted in the rules' liveness.
const HITS_MAX: usize = 200_000;

/// What a run needs beside evidence and rules.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The host's name, when the user gives it.
    pub host: Option<String>,
    /// What the owner knows.
    pub owner: OwnerFacts,
    /// Hits before this are left out.
    pub from: Option<Time>,
    /// Hits after this are left out.
    pub to: Option<Time>,
    /// How many hits are kept in detail.
    pub hits: Hits,
    /// What looks at the bytes of files.
    pub content: Content,
    /// Threads that read; 0 means one per core.
    pub threads: usize,
    /// What a collection may cost.
    pub limits: Limits,
    /// Passwords for encrypted containers, tried in turn.
    pub passwords: Vec<Password>,
    /// The program and how it was called.
    pub tool: Tool,
}

impl Config {
    fn scope(&self) -> Scope {
        if self.from.is_some() || self.to.is_some() { Scope::Narrowed } else { Scope::All }
    }
}

/// How many hits of one rule are kept in detail from one file. The rules' liveness counts all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hits {
    /// Enough to prove a finding and bounded whatever the evidence.
    #[default]
    Proofs,
    /// Every one.
    All,
}

impl Hits {
    /// The number.
    const fn per_rule_max(self) -> u64 {
        match self {
            Hits::Proofs => 1_000,
            Hits::All => u64::MAX,
        }
    }
}

/// What a run gave.
#[derive(Debug)]
pub struct Run {
    /// One per host, ordered by host name.
    pub assessments: Vec<Assessment>,
    /// Files that some parser read, over all hosts.
    pub files_read: u64,
    /// Files in all.
    pub files: u64,
}

/// Assesses everything under `paths`.
pub fn check(paths: &[PathBuf], rules: &Arc<RuleSet>, config: &Config, progress: &Progress) -> Run {
    let collections = collection::open_with(paths, &config.limits, &config.passwords);
    progress.start(&collections);
    let results: Mutex<BTreeMap<FileId, FileEvidence>> = Mutex::new(BTreeMap::new());
    let work = Work { collections: &collections, rules, config, progress, order: Order::LargestFirst };
    let mut tallies = pool::read_each(&work, &|id, file| {
        results.lock().unwrap_or_else(PoisonError::into_inner).insert(id, file);
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut run = Run { assessments: Vec::new(), files_read: 0, files: 0 };
    for (index, (collection, tally)) in collections.iter().zip(&mut tallies).enumerate() {
        let later = results.split_off(&(index + 1, 0));
        let mut files: Vec<FileEvidence> = std::mem::replace(&mut results, later).into_values().collect();
        for found in rules.correlate(tally) {
            if let Some(file) = usize::try_from(found.file).ok().and_then(|file| files.get_mut(file)) {
                file.hits.push(found.hit);
            }
        }
        cap_hits(&mut files, &rules.rules);
        run.files += files.len() as u64;
        run.files_read += files.iter().filter(|file| file.entry.artifact.is_some()).count() as u64;
        let liveness = rules.liveness(tally);
        for host in hosts::split(collection, files, config.host.as_deref()) {
            let evidence = HostEvidence {
                host: host.name,
                host_from: host.from,
                collection: collection.name.clone(),
                files: host.files,
                diagnostics: host.diagnostics,
                rules: &rules.rules,
                packs: &rules.packs,
                pack_refs: &rules.pack_refs,
                not_loaded: &rules.not_loaded,
                liveness: liveness.clone(),
                tool: config.tool.clone(),
                scope: config.scope(),
            };
            run.assessments.push(vigie_assess::assess(evidence, &config.owner));
        }
    }
    // Collections of the same name differ in what they hold.
    let first = |assessment: &Assessment| {
        assessment.manifest.first().map(|entry| (entry.path.clone(), entry.sha256.clone()))
    };
    run.assessments.sort_by_cached_key(|a| (a.host.clone(), a.collection.clone(), first(a)));
    progress.finish();
    run
}

/// Keeps the memory of hits bounded whatever the number of files: the highest steps stay, in path order. What is
/// dropped is counted in the rules' liveness and named.
fn cap_hits(files: &mut [FileEvidence], rules: &[RuleInfo]) {
    let stage = |hit: &Hit| rules.get(hit.rule as usize).and_then(|rule| rule.stage).unwrap_or_default();
    let mut left = HITS_MAX;
    let mut kept_from = None;
    for step in Stage::ALL.iter().rev() {
        let count = files.iter().flat_map(|file| &file.hits).filter(|hit| stage(hit) == *step).count();
        if count > left {
            kept_from = Some(*step);
            break;
        }
        left -= count;
    }
    let Some(kept_from) = kept_from else { return };
    for file in files {
        let before = file.hits.len();
        file.hits.retain(|hit| {
            let kept = stage(hit) > kept_from || (stage(hit) == kept_from && left > 0);
            left -= usize::from(kept && stage(hit) == kept_from);
            kept
        });
        let dropped = before - file.hits.len();
        if dropped > 0 {
            let message =
                format!("{dropped} hits of low steps beyond {HITS_MAX} of this host are counted, not listed");
            file.diagnostics.push(Diagnostic::once(
                &file.entry.path,
                Code::HitsCapped,
                String::new(),
                message,
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_low_hits_drops_no_high_one() {
        let rule = |stage| RuleInfo { stage: Some(stage), ..RuleInfo::default() };
        let rules = [rule(Stage::Attempted), rule(Stage::Foothold)];
        let hit =
            |rule| Hit { rule, time: None, stream: String::new(), number: 1, offset: 0, fields: Vec::new() };
        let file = |hits| FileEvidence {
            entry: vigie_model::evidence::ManifestEntry {
                path: "x".into(),
                host_path: None,
                size: 0,
                sha256: None,
                modified: None,
                artifact: None,
                unread: None,
                events: 0,
                parsed_bytes: 0,
                rejected_bytes: 0,
                first: None,
                last: None,
            },
            diagnostics: Vec::new(),
            facts: Vec::new(),
            hits,
            tally: vigie_assess::Tally::default(),
        };
        let mut files = [file(vec![hit(0); HITS_MAX + 5]), file(vec![hit(1)])];
        cap_hits(&mut files, &rules);
        assert_eq!(files.iter().map(|file| file.hits.len()).collect::<Vec<_>>(), [HITS_MAX - 1, 1]);
        assert_eq!(files.iter().map(|file| file.diagnostics.len()).collect::<Vec<_>>(), [1, 0]);
        let mut few = [file(vec![hit(0); 3])];
        cap_hits(&mut few, &[RuleInfo::default()]);
        assert_eq!(few[0].hits.len(), 3);
    }
}
