//! From paths to assessments: open, read in parallel, name the hosts, assess.
//!
//! Files are read by a pool of threads; whatever the number of threads and the order in which they finish,
//! results are put together in path order, so the same evidence and packs give the same bytes.

pub mod hosts;
pub mod progress;
mod pool;
mod sink;

use std::path::PathBuf;
use std::sync::Arc;

use vigie_assess::{HostEvidence, OwnerFacts};
use vigie_detect::RuleSet;
use vigie_model::assessment::Tool;
use vigie_model::{Assessment, Time};
use vigie_parse::{Limits, collection};

pub use progress::Progress;

/// What a run needs beside evidence and rules.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The host's name, when the user gives it.
    pub host: Option<String>,
    /// What the owner knows.
    pub owner: OwnerFacts,
    /// Events before this are not matched.
    pub from: Option<Time>,
    /// Events after this are not matched.
    pub to: Option<Time>,
    /// Threads that read; 0 means one per core.
    pub threads: usize,
    /// What a collection may cost.
    pub limits: Limits,
    /// The program and how it was called.
    pub tool: Tool,
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
    let collections = collection::open(paths, &config.limits);
    progress.start(&collections);
    let read = pool::read_all(&collections, rules, config, progress);
    let mut assessments = Vec::new();
    let (mut files_read, mut files) = (0, 0);
    for (collection, read) in collections.iter().zip(read) {
        files += read.files.len() as u64;
        files_read += read.files.iter().filter(|file| file.entry.artifact.is_some()).count() as u64;
        let liveness = rules.liveness(&read.tally);
        for host in hosts::split(collection, read.files, config.host.as_deref()) {
            let evidence = HostEvidence {
                host: host.name,
                host_from: host.from,
                files: host.files,
                diagnostics: host.diagnostics,
                rules: &rules.rules,
                packs: &rules.packs,
                pack_refs: &rules.pack_refs,
                not_loaded: &rules.not_loaded,
                liveness: liveness.clone(),
                tool: config.tool.clone(),
            };
            assessments.push(vigie_assess::assess(evidence, &config.owner));
        }
    }
    assessments.sort_by(|a, b| a.host.cmp(&b.host));
    progress.finish();
    Run { assessments, files_read, files }
}
