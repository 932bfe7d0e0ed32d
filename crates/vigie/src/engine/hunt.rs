//! Plain hunting: every hit of every rule, file by file in path order, with nothing made of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use vigie_assess::FileEvidence;
use vigie_detect::{Correlated, RuleSet, Tally};
use vigie_model::evidence::{FactKind, ManifestEntry};
use vigie_model::hit::EvidencePlace;
use vigie_model::{Diagnostic, Hit};
use vigie_parse::{Collection, collection};

use super::pool::{self, FileId, Order, Work};
use super::{Config, Progress};

/// The hits of one file.
#[derive(Debug)]
pub struct Found<'a> {
    /// The file's row in the manifest.
    pub entry: &'a ManifestEntry,
    /// What could not be read as expected in it.
    pub diagnostics: &'a [Diagnostic],
    /// The host that its events name, or the collection.
    pub host: &'a str,
    /// In the order of the file.
    pub hits: &'a [Hit],
}

impl Found<'_> {
    /// Where a hit of this file was read.
    pub fn place(&self, hit: &Hit) -> EvidencePlace {
        vigie_assess::place_in(self.entry, hit.number, hit.offset)
    }
}

/// How a hunt ended.
#[derive(Debug)]
pub struct Hunted {
    /// Files in all.
    pub files: u64,
    /// Files that some parser read.
    pub files_read: u64,
    /// What concerns the collections as a whole.
    pub diagnostics: Vec<Diagnostic>,
    /// How often each rule was tried and matched, over all evidence.
    pub tally: Tally,
}

/// Hands the hits of every file to `receive`, in path order, as soon as all files before it were read.
pub fn hunt(
    paths: &[PathBuf],
    rules: &Arc<RuleSet>,
    config: &Config,
    progress: &Progress,
    receive: &mut (dyn FnMut(&Found<'_>) + Send),
) -> Hunted {
    let collections = collection::open_with(paths, &config.limits, &config.passwords);
    progress.start(&collections);
    let queue = Mutex::new(Queue::new(&collections, receive));
    let work = Work { collections: &collections, rules, config, progress, order: Order::ByPath };
    let tallies = pool::read_each(&work, &|id, mut file| {
        file.hits.sort_by_key(|hit| (hit.number, hit.offset, hit.rule));
        queue.lock().unwrap_or_else(PoisonError::into_inner).take(id, file);
    });
    let mut queue = queue.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut tally = rules.scanner().into_tally();
    for (collection, mut other) in tallies.into_iter().enumerate() {
        queue.correlated(collection, &rules.correlate(&mut other));
        tally.merge(other);
    }
    let (files, files_read) = (queue.files, queue.files_read);
    progress.finish();
    let diagnostics =
        collections.iter().flat_map(|collection| collection.diagnostics.iter().cloned()).collect();
    Hunted { files, files_read, diagnostics, tally }
}

/// Results that wait for those of earlier files.
struct Queue<'a> {
    collections: &'a [Collection],
    receive: &'a mut (dyn FnMut(&Found<'_>) + Send),
    next: FileId,
    waiting: BTreeMap<FileId, FileEvidence>,
    /// The files that were passed on, without their hits: a correlation is complete only when all were read.
    passed: BTreeMap<FileId, (ManifestEntry, String)>,
    files: u64,
    files_read: u64,
}

impl<'a> Queue<'a> {
    fn new(collections: &'a [Collection], receive: &'a mut (dyn FnMut(&Found<'_>) + Send)) -> Queue<'a> {
        let mut queue = Queue {
            collections,
            receive,
            next: (0, 0),
            waiting: BTreeMap::new(),
            passed: BTreeMap::new(),
            files: 0,
            files_read: 0,
        };
        queue.skip_empty();
        queue
    }

    fn take(&mut self, id: FileId, file: FileEvidence) {
        self.waiting.insert(id, file);
        while let Some(file) = self.waiting.remove(&self.next) {
            self.pass_on(&file);
            self.next.1 += 1;
            self.skip_empty();
        }
    }

    /// Hits over several events, told after those of single ones, at the file of the event that completed them.
    fn correlated(&mut self, collection: usize, found: &[Correlated]) {
        for correlated in found {
            let file = usize::try_from(correlated.file).unwrap_or(usize::MAX);
            let Some((entry, host)) = self.passed.get(&(collection, file)) else { continue };
            let hits = std::slice::from_ref(&correlated.hit);
            (self.receive)(&Found { entry, diagnostics: &[], host, hits });
        }
    }

    /// Moves on to the next collection where the present one has no more files.
    fn skip_empty(&mut self) {
        while self
            .collections
            .get(self.next.0)
            .is_some_and(|collection| self.next.1 >= collection.evidence.len())
        {
            self.next = (self.next.0 + 1, 0);
        }
    }

    fn pass_on(&mut self, file: &FileEvidence) {
        self.files += 1;
        self.files_read += u64::from(file.entry.artifact.is_some());
        let named =
            file.facts.iter().find(|fact| fact.kind == FactKind::HostName).map(|fact| fact.value.as_str());
        let collection = self.collections.get(self.next.0);
        let fallback = collection.map_or("", |c| c.host.as_deref().unwrap_or(&c.name));
        let host = named.unwrap_or(fallback);
        let found = Found { entry: &file.entry, diagnostics: &file.diagnostics, host, hits: &file.hits };
        (self.receive)(&found);
        self.passed.insert(self.next, (file.entry.clone(), host.to_owned()));
    }
}
