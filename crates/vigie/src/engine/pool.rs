//! Threads that read files: one queue over all hosts, results by file.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use vigie_assess::FileEvidence;
use vigie_detect::{RuleSet, Scanner, Tally};
use vigie_parse::Collection;

use super::Config;
use super::progress::Progress;
use super::sink::FileSink;

/// Hits kept in detail over one collection; all of them are counted in the rules' liveness.
const HITS_MAX: usize = 200_000;

/// What the files of one collection gave.
pub(super) struct Read {
    /// In path order.
    pub(super) files: Vec<FileEvidence>,
    /// How often each rule was tried and matched.
    pub(super) tally: Tally,
}

/// Reads every file of every collection.
pub(super) fn read_all(
    collections: &[Collection],
    rules: &Arc<RuleSet>,
    config: &Config,
    progress: &Progress,
) -> Vec<Read> {
    let jobs = jobs(collections);
    let next = AtomicUsize::new(0);
    let results: Mutex<BTreeMap<(usize, usize), FileEvidence>> = Mutex::new(BTreeMap::new());
    let tallies: Mutex<BTreeMap<usize, Tally>> = Mutex::new(BTreeMap::new());
    let context = Context { collections, jobs: &jobs, next: &next, rules, config, progress };
    std::thread::scope(|scope| {
        for _ in 0..threads(config, jobs.len()) {
            scope.spawn(|| work(&context, &results, &tallies));
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut tallies = tallies.into_inner().unwrap_or_else(PoisonError::into_inner);
    let collect = |index: usize| {
        let keys: Vec<_> = results.range((index, 0)..(index + 1, 0)).map(|(key, _)| *key).collect();
        let mut files: Vec<FileEvidence> = keys.iter().filter_map(|key| results.remove(key)).collect();
        cap_hits(&mut files);
        Read { files, tally: tallies.remove(&index).unwrap_or_else(|| rules.scanner().into_tally()) }
    };
    (0..collections.len()).map(collect).collect()
}

/// Every file, collection by collection so that a thread keeps one host's scanner, the largest first so that
/// no thread is left alone with it at the end.
fn jobs(collections: &[Collection]) -> Vec<(usize, usize)> {
    let mut jobs = Vec::new();
    for (index, collection) in collections.iter().enumerate() {
        let mut files: Vec<usize> = (0..collection.evidence.len()).collect();
        files.sort_by_key(|file| std::cmp::Reverse(collection.evidence.get(*file).map_or(0, |e| e.size)));
        jobs.extend(files.into_iter().map(|file| (index, file)));
    }
    jobs
}

fn threads(config: &Config, jobs: usize) -> usize {
    let asked = match config.threads {
        0 => std::thread::available_parallelism().map_or(1, NonZero::get),
        asked => asked,
    };
    asked.min(jobs).max(1)
}

struct Context<'a> {
    collections: &'a [Collection],
    jobs: &'a [(usize, usize)],
    next: &'a AtomicUsize,
    rules: &'a Arc<RuleSet>,
    config: &'a Config,
    progress: &'a Progress,
}

fn work(
    context: &Context<'_>,
    results: &Mutex<BTreeMap<(usize, usize), FileEvidence>>,
    tallies: &Mutex<BTreeMap<usize, Tally>>,
) {
    let mut scanner: Option<(usize, Scanner)> = None;
    while let Some((host, file)) = context.jobs.get(context.next.fetch_add(1, Ordering::Relaxed)).copied() {
        let Some(evidence) = context.collections.get(host).and_then(|c| c.evidence.get(file)) else { continue };
        if let Some((before, done)) = scanner.take_if(|(of, _)| *of != host) {
            deposit(before, done, tallies);
        }
        let (_, scanner) = scanner.get_or_insert_with(|| (host, context.rules.scanner()));
        context.progress.reading(&evidence.path);
        let read = FileSink::new(scanner, context.config, context.progress).read(evidence, context.config);
        results.lock().unwrap_or_else(PoisonError::into_inner).insert((host, file), read);
        context.progress.done(evidence.size);
    }
    if let Some((host, scanner)) = scanner {
        deposit(host, scanner, tallies);
    }
}

fn deposit(host: usize, scanner: Scanner, tallies: &Mutex<BTreeMap<usize, Tally>>) {
    let mut tallies = tallies.lock().unwrap_or_else(PoisonError::into_inner);
    match tallies.get_mut(&host) {
        Some(tally) => tally.merge(scanner.into_tally()),
        None => {
            tallies.insert(host, scanner.into_tally());
        }
    }
}

/// Keeps the memory of hits bounded whatever the number of files: the first ones in path order stay.
fn cap_hits(files: &mut [FileEvidence]) {
    let mut left = HITS_MAX;
    for file in files {
        file.hits.truncate(left);
        left -= file.hits.len();
    }
}
