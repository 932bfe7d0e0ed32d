//! Progress for a person: bytes, files, the current file, on standard error and only on a terminal.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use vigie_parse::Collection;

/// How often the line is written again.
const EVERY: Duration = Duration::from_millis(200);

/// The state of a run; shared by all threads.
#[derive(Debug)]
pub struct Progress {
    shown: bool,
    begun: Instant,
    files: AtomicU64,
    files_done: AtomicU64,
    bytes: AtomicU64,
    bytes_done: AtomicU64,
    written: Mutex<Option<Instant>>,
    any: AtomicBool,
}

impl Progress {
    /// Progress that is shown when standard error is a terminal.
    pub fn on_terminal() -> Progress {
        Progress::new(std::io::stderr().is_terminal())
    }

    /// Progress that nobody sees.
    pub fn hidden() -> Progress {
        Progress::new(false)
    }

    fn new(shown: bool) -> Progress {
        Progress {
            shown,
            begun: Instant::now(),
            files: AtomicU64::new(0),
            files_done: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            bytes_done: AtomicU64::new(0),
            written: Mutex::new(None),
            any: AtomicBool::new(false),
        }
    }

    pub(super) fn start(&self, collections: &[Collection]) {
        let evidence = || collections.iter().flat_map(|collection| &collection.evidence);
        self.files.store(evidence().count() as u64, Ordering::Relaxed);
        self.bytes
            .store(evidence().map(|evidence| evidence.size).fold(0, u64::saturating_add), Ordering::Relaxed);
    }

    pub(super) fn reading(&self, path: &str) {
        if !self.shown {
            return;
        }
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.is_some_and(|last| last.elapsed() < EVERY) {
            return;
        }
        *written = Some(Instant::now());
        self.any.store(true, Ordering::Relaxed);
        let (done, all) = (self.bytes_done.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed));
        let (files, of) = (self.files_done.load(Ordering::Relaxed), self.files.load(Ordering::Relaxed));
        let eta = eta(self.begun.elapsed(), done, all);
        let name: String = path.chars().filter(|c| !c.is_control()).collect();
        let tail: String = name.chars().skip(name.chars().count().saturating_sub(40)).collect();
        let line = format!("{} / {}  file {files} of {of}  {eta}  {tail}", size(done), size(all));
        // Progress is for a person: where it cannot be written, nothing is lost.
        let _ = write!(std::io::stderr(), "\r\x1b[2K{line}");
    }

    pub(super) fn passed(&self, _bytes: u64) {
        if self.shown {
            self.reading("");
        }
    }

    pub(super) fn done(&self, bytes: u64) {
        self.files_done.fetch_add(1, Ordering::Relaxed);
        self.bytes_done.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn finish(&self) {
        if self.any.load(Ordering::Relaxed) {
            let _ = write!(std::io::stderr(), "\r\x1b[2K");
        }
    }
}

fn eta(spent: Duration, done: u64, all: u64) -> String {
    if done == 0 || all <= done {
        return String::new();
    }
    let left = spent.as_secs().saturating_mul(all - done) / done;
    format!("{}:{:02} left", left / 60, left % 60)
}

fn size(bytes: u64) -> String {
    const STEPS: [(u64, &str); 3] = [(1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB")];
    STEPS
        .iter()
        .find(|(step, _)| bytes >= *step)
        .map_or_else(|| format!("{bytes} B"), |(step, unit)| format!("{} {unit}", bytes / step))
}
