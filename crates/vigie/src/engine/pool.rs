//! Threads that read files: one queue over all collections, every file's result handed to one receiver.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use vigie_assess::FileEvidence;
use vigie_detect::{RuleSet, Scanner, Tally};
use vigie_parse::{Collection, Evidence};

use super::Config;
use super::content::Contents;
use super::progress::Progress;
use super::sink::FileSink;

/// A file by its collection and its place in it.
pub(super) type FileId = (usize, usize);

/// In which order files are begun. Results come in the order in which files end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The largest of a collection first, so that no thread is left alone with it at the end.
    LargestFirst,
    /// By path, so that results can be passed on in that order while others are still read.
    ByPath,
}

/// What all threads work on.
pub(super) struct Work<'a> {
    /// The evidence.
    pub(super) collections: &'a [Collection],
    /// The rules.
    pub(super) rules: &'a Arc<RuleSet>,
    /// How to read.
    pub(super) config: &'a Config,
    /// Who is told.
    pub(super) progress: &'a Progress,
    /// In which order.
    pub(super) order: Order,
}

/// Reads every file of every collection; returns how often each rule was tried and matched, by collection.
pub(super) fn read_each(work: &Work<'_>, receive: &(dyn Fn(FileId, FileEvidence) + Sync)) -> Vec<Tally> {
    let jobs = jobs(work.collections, work.order);
    let next = AtomicUsize::new(0);
    let tallies: Mutex<BTreeMap<usize, Tally>> = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..threads(work.config, jobs.len()) {
            scope.spawn(|| {
                let take = || jobs.get(next.fetch_add(1, Ordering::Relaxed)).copied();
                read_some(work, &take, receive, &tallies);
            });
        }
    });
    let mut tallies = tallies.into_inner().unwrap_or_else(PoisonError::into_inner);
    let untried = || work.rules.scanner().into_tally();
    (0..work.collections.len()).map(|index| tallies.remove(&index).unwrap_or_else(untried)).collect()
}

/// Collection by collection, so that a thread keeps one scanner for all its files of a host.
pub(super) fn jobs(collections: &[Collection], order: Order) -> Vec<FileId> {
    let mut jobs = Vec::new();
    for (index, collection) in collections.iter().enumerate() {
        let mut files: Vec<usize> = (0..collection.evidence.len()).collect();
        let of = |file: &usize| collection.evidence.get(*file);
        if order == Order::LargestFirst {
            files.sort_by_key(|file| std::cmp::Reverse(of(file).map_or(0, |e| e.size)));
        }
        // Files that share a compressed stream come first and in its order, whatever the order of the others: out of
        // turn each would cost a pass over the stream.
        files.sort_by_key(|file| of(file).and_then(Evidence::turn).map_or((1, 0, 0), |(of, at)| (0, of, at)));
        jobs.extend(files.into_iter().map(|file| (index, file)));
    }
    jobs
}

/// How many threads read so many files.
pub(super) fn threads(config: &Config, jobs: usize) -> usize {
    let asked = match config.threads {
        0 => std::thread::available_parallelism().map_or(1, NonZero::get),
        asked => asked,
    };
    asked.min(jobs).max(1)
}

/// One thread's share.
fn read_some(
    work: &Work<'_>,
    take: &dyn Fn() -> Option<FileId>,
    receive: &(dyn Fn(FileId, FileEvidence) + Sync),
    tallies: &Mutex<BTreeMap<usize, Tally>>,
) {
    let mut share: Option<Share<'_>> = None;
    while let Some((host, file)) = take() {
        let Some(collection) = work.collections.get(host) else { continue };
        let Some(evidence) = collection.evidence.get(file) else { continue };
        if let Some(done) = share.take_if(|share| share.host != host) {
            deposit(done, tallies);
        }
        let share = share.get_or_insert_with(|| Share::new(host, work));
        share.scanner.set_file(file as u64);
        work.progress.reading(&evidence.path);
        let sink = FileSink::new(&mut share.scanner, work.config, work.progress);
        let read = sink.read((evidence, collection), work.config, &mut share.contents);
        work.progress.done(evidence.size);
        receive((host, file), read);
    }
    if let Some(share) = share {
        deposit(share, tallies);
    }
}

/// What a thread keeps for all its files of a host.
struct Share<'a> {
    host: usize,
    scanner: Scanner,
    contents: Contents<'a>,
}

impl<'a> Share<'a> {
    fn new(host: usize, work: &Work<'a>) -> Share<'a> {
        let mut scanner = work.rules.scanner();
        let contents = Contents::new(&work.config.content, &mut scanner);
        Share { host, scanner, contents }
    }
}

fn deposit(share: Share<'_>, tallies: &Mutex<BTreeMap<usize, Tally>>) {
    let mut tally = share.scanner.into_tally();
    share.contents.count(&mut tally);
    let host = share.host;
    let mut tallies = tallies.lock().unwrap_or_else(PoisonError::into_inner);
    match tallies.get_mut(&host) {
        Some(known) => known.merge(tally),
        None => {
            tallies.insert(host, tally);
        }
    }
}
