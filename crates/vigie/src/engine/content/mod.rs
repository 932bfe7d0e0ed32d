//! Content scanners: they see a file's bytes once, whole, while its parser reads them. How to add one: CONTRIBUTING.md.
//!
//! A scanner says of each file how much of it it wants to see. The bytes that pass the parser are kept for it up to
//! that bound, it is run when the file has been read, and its hits go the way of all others. What it did not look at
//! is named. Nothing is opened or read a second time, and no scanner knows of another.

mod digests;
mod file_event;
pub mod logs;
mod watch;
pub mod webshell;
#[cfg(feature = "yara")]
pub mod yara;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use vigie_detect::{ContentRun, RuleSet, Scanner, Tally};
use vigie_model::diagnostic::Code;
use vigie_model::rule::RuleInfo;
use vigie_model::{Diagnostic, Hit};
use vigie_parse::FileReport;

pub(super) use watch::Watch;

/// The most that any scanner may ask of one file, in bytes: what a thread holds of it while it is read.
pub const CONTENT_BYTES_MAX: u64 = 64 << 20;

/// Hits of one scanner that are kept of one file.
pub const HITS_PER_FILE_MAX: usize = 1_000;

/// The stream of a scanner's hits is this and its name: `evidence.file/yara`.
pub const STREAM: &str = vigie_detect::taxonomy::EVIDENCE_FILE;

/// What is known of a file before it is read.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// The path on the host, or in the collection when that is not known.
    pub path: &'a str,
    /// Size as the collection states it, in bytes.
    pub size: u64,
    /// What its parser reads it as; `None` when no parser does.
    pub artifact: Option<&'static str>,
}

/// Rules on the bytes of files, shared by all threads.
pub trait ContentRules: Debug + Send + Sync {
    /// Its name, one lower-case word: part of the hits' stream, and said in diagnostics.
    fn name(&self) -> &'static str;
    /// Its rules. A hit names one by its place here.
    fn rules(&self) -> Vec<RuleInfo>;
    /// Up to how many bytes of this file it looks at (at most [`CONTENT_BYTES_MAX`]); `None` when it has nothing to
    /// say of it. A file that proves larger is not looked at, and named.
    fn asks(&self, file: &File<'_>, head: &[u8]) -> Option<u64>;
    /// What one thread needs to run them.
    fn scanner(&self) -> Box<dyn ContentScanner + '_>;
}

/// One thread's way to run content rules. The same bytes must give the same findings, whatever came before.
pub trait ContentScanner {
    /// Looks at all bytes of a file.
    fn scan(&mut self, file: &File<'_>, bytes: &[u8]) -> Findings;
}

/// What a scanner says of one file.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Its hits, in an order that depends on the bytes alone.
    pub hits: Vec<ContentHit>,
    /// What a reader of the report must know: a limit that was met, with figures.
    pub notes: Vec<(Code, String)>,
    /// Whether it came to its end.
    pub end: End,
}

/// Whether a scanner came to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// All rules were tried.
    #[default]
    Whole,
    /// It gave up; one of the notes says why, and the file does not count as tried.
    Stopped,
}

/// A rule that matched in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentHit {
    /// Its place in [`ContentRules::rules`].
    pub rule: u32,
    /// Where in the file, in bytes; 0 when it is the whole.
    pub offset: u64,
    /// What matched, for a reader: name and value.
    pub fields: Vec<(String, String)>,
}

/// The content scanners of a run.
#[derive(Clone, Debug, Default)]
pub struct Content {
    parts: Vec<(u32, Arc<dyn ContentRules>)>,
}

impl Content {
    /// Whether nothing looks at the bytes of files.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Adds a scanner, and its rules to those of the run.
    pub fn add(&mut self, rules: &mut RuleSet, scanner: Arc<dyn ContentRules>) {
        let first = rules.add_content_rules(scanner.rules(), &ContentRun::Here);
        self.parts.push((first, scanner));
    }
}

/// One thread's content scanners, over the files of one host.
pub(super) struct Contents<'a> {
    lanes: Vec<Lane<'a>>,
    /// The bytes of the present file; kept from file to file for its room.
    room: Vec<u8>,
    files: file_event::FileEvents,
}

/// One scanner of one thread.
struct Lane<'a> {
    rules: &'a dyn ContentRules,
    first: u32,
    scanner: Box<dyn ContentScanner + 'a>,
    scanned: u64,
    matched: BTreeMap<u32, u64>,
}

impl<'a> Contents<'a> {
    /// The scanners of a thread; `scanner` tells what the rules read of files.
    pub(super) fn new(content: &'a Content, scanner: &mut Scanner) -> Contents<'a> {
        let lane = |(first, rules): &'a (u32, Arc<dyn ContentRules>)| Lane {
            rules: rules.as_ref(),
            first: *first,
            scanner: rules.scanner(),
            scanned: 0,
            matched: BTreeMap::new(),
        };
        let lanes = content.parts.iter().map(lane).collect();
        Contents { lanes, room: Vec::new(), files: file_event::FileEvents::new(scanner) }
    }

    /// What looks on while the next file is read.
    pub(super) fn watch(&mut self) -> Watch<'_> {
        let rules: Vec<&dyn ContentRules> = self.lanes.iter().map(|lane| lane.rules).collect();
        Watch::new(rules, &mut self.room, self.files.digests())
    }

    /// Runs over a file that was read: its own event through the rules, its bytes through the scanners.
    pub(super) fn scan(
        &mut self,
        seen: &watch::Seen,
        report: &mut FileReport,
        scanner: &mut Scanner,
        hits: &mut Vec<Hit>,
    ) {
        self.files.scan(seen, report, scanner, hits);
        if seen.bytes == 0 {
            return;
        }
        for (lane, asked) in self.lanes.iter_mut().zip(&seen.asked) {
            let Some(asked) = asked else { continue };
            // Nothing was kept of a file whose collection states a size beyond the limit, whatever its true one.
            let kept = self.room.len() as u64 == seen.bytes;
            if seen.bytes > *asked || !kept {
                let (name, size) = (lane.rules.name(), seen.bytes.max(seen.stated));
                let message = format!("{name}: {size} bytes, at most {asked} are looked at");
                report.diagnostics.push(note(report, Code::ContentTooLarge, message));
                continue;
            }
            lane.scan(&seen.file(), &self.room, report, hits);
        }
    }

    /// Adds what was tried and matched to the account of the rules.
    pub(super) fn count(self, tally: &mut Tally) {
        for lane in self.lanes.iter().filter(|lane| lane.scanned > 0) {
            let stream = format!("{STREAM}/{}", lane.rules.name());
            for rule in 0..lane.rules.rules().len() {
                let rule = u32::try_from(rule).unwrap_or(u32::MAX);
                let matched = lane.matched.get(&rule).copied().unwrap_or(0);
                tally.tried(lane.first.saturating_add(rule), &stream, lane.scanned, matched);
            }
        }
    }
}

impl Lane<'_> {
    fn scan(&mut self, file: &File<'_>, bytes: &[u8], report: &mut FileReport, hits: &mut Vec<Hit>) {
        let scanned = catch_unwind(AssertUnwindSafe(|| self.scanner.scan(file, bytes)));
        let name = self.rules.name();
        let mut findings = scanned.unwrap_or_else(|_panic| {
            // What a panic left behind must not meet the next file.
            self.scanner = self.rules.scanner();
            let notes = vec![(Code::ContentScannerFailed, "stopped on an internal error".to_owned())];
            Findings { notes, end: End::Stopped, ..Findings::default() }
        });
        for (code, message) in findings.notes {
            let message = format!("{name}: {message}");
            report.diagnostics.push(note(report, code, message));
        }
        match findings.end {
            End::Whole => self.scanned += 1,
            End::Stopped => return,
        }
        let mut of_file: Vec<u32> = findings.hits.iter().map(|hit| hit.rule).collect();
        of_file.sort_unstable();
        of_file.dedup();
        for rule in of_file {
            *self.matched.entry(rule).or_default() += 1;
        }
        if findings.hits.len() > HITS_PER_FILE_MAX {
            let message = format!("{name}: {} hits, {HITS_PER_FILE_MAX} are listed", findings.hits.len());
            report.diagnostics.push(note(report, Code::ContentMatchLimit, message));
            findings.hits.truncate(HITS_PER_FILE_MAX);
        }
        for found in findings.hits {
            let hit = Hit {
                rule: self.first.saturating_add(found.rule),
                time: report.entry.modified,
                stream: format!("{STREAM}/{name}"),
                number: 0,
                offset: found.offset,
                fields: found.fields,
            };
            hits.push(of_file_itself(hit, file.path, report));
        }
    }
}

fn note(report: &FileReport, code: Code, message: String) -> Diagnostic {
    Diagnostic::once(&report.entry.path, code, String::new(), message)
}

/// The hit with the file that it is about: its path and its hash.
fn of_file_itself(mut hit: Hit, path: &str, report: &FileReport) -> Hit {
    let known = [("sha256", report.entry.sha256.as_deref()), ("TargetFilename", Some(path))];
    for (name, value) in known {
        if hit.field(name).is_none()
            && let Some(value) = value
        {
            hit.fields.insert(0, (name.to_owned(), value.to_owned()));
        }
    }
    hit
}
