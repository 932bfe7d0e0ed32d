//! Every event of every file, in the order of time, with bounded memory.
//!
//! Threads read files and write the rows of each event at once; the rows wait in sorted runs (`sort`) until all files
//! are read, when the files' hashes and hosts are known. Rows of the same moment come in the order of their files, and
//! within a file by place: the same bytes for any number of threads and any memory.

mod sort;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use vigie_assess::{FileEvidence, Tally};
use vigie_model::coverage::Density;
use vigie_model::diagnostic::Code;
use vigie_model::evidence::{Fact, ManifestEntry};
use vigie_model::schema::Wanted;
use vigie_model::{Diagnostic, EventBatch, Schema};
use vigie_parse::{Among, Collection, FileReport, Nobody, Sink, collection};
use vigie_report::timeline::{Event, Format, Row, Scratch, SourceCells};

use super::pool::{self, FileId, Order};
use super::sink::density;
use super::{Config, Progress, hosts};
use sort::{Buffer, Key, Sorter};

/// A field of pages that says nothing of when: the whole text of a file.
const CONTENT_FIELD: &str = "Content";

/// How a timeline is made.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// How it is written.
    pub format: Format,
    /// Where rows wait that do not fit into memory.
    pub spill: &'a Path,
    /// How many bytes of rows are held in memory.
    pub memory: usize,
}

/// What a timeline holds, and what not.
#[derive(Debug, Default)]
pub struct Timed {
    /// Files in all.
    pub files: u64,
    /// Files that some parser read.
    pub files_read: u64,
    /// Events that were read.
    pub events: u64,
    /// Rows that were written.
    pub rows: u64,
    /// Rows before or after what was asked for.
    pub outside: u64,
    /// Sorted parts that waited on disk.
    pub spilled: usize,
    /// Events without a time that the format can hold, by file, in the order of files.
    pub untimed: Vec<(String, u64)>,
    /// What could not be read as expected.
    pub diagnostics: Vec<Diagnostic>,
}

/// Writes the timeline of everything under `paths`.
///
/// # Errors
/// What cannot be written: the timeline itself, or the rows that wait.
pub fn timeline(
    paths: &[PathBuf],
    settings: &Settings<'_>,
    config: &Config,
    progress: &Progress,
    out: &mut dyn Write,
) -> io::Result<Timed> {
    let collections = collection::open_with(paths, &config.limits, &config.passwords);
    progress.start(&collections);
    let sorter = Sorter::new(settings.spill, settings.memory);
    let mut timed = Timed::default();
    let read = read_all(&collections, settings.format, (&sorter, config), progress);
    progress.finish();
    timed.spilled = sorter.spilled();
    let files = settle(&collections, read, settings.format, config, &mut timed);
    out.write_all(settings.format.head().as_bytes())?;
    let mut line = String::new();
    sorter.merge(&mut |key, row| {
        let Some((cells, artifact)) = files.get(key.file as usize) else { return Ok(()) };
        line.clear();
        let place = vigie_assess::place_of(artifact.as_deref(), key.number, key.offset);
        settings.format.join(row, cells, &place, &mut line);
        timed.rows += 1;
        out.write_all(line.as_bytes())
    })?;
    out.flush()?;
    Ok(timed)
}

/// What became of one file.
struct ReadFile {
    report: FileReport,
    untimed: u64,
    outside: u64,
}

fn read_all(
    collections: &[Collection],
    format: Format,
    (sorter, config): (&Sorter, &Config),
    progress: &Progress,
) -> BTreeMap<FileId, ReadFile> {
    // In the order of files, so that the runs lie apart in time as the logs of days do.
    let jobs = pool::jobs(collections, Order::ByPath);
    let threads = pool::threads(config, jobs.len());
    let first = firsts(collections);
    let next = AtomicUsize::new(0);
    let results: Mutex<BTreeMap<FileId, ReadFile>> = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut buffer = sorter.buffer(threads);
                while let Some((host, file)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)).copied() {
                    let Some(collection) = collections.get(host) else { continue };
                    let Some(evidence) = collection.evidence.get(file) else { continue };
                    if sorter.has_failed() {
                        break;
                    }
                    progress.reading(&evidence.path);
                    let number = first.get(host).map_or(0, |first| first + file);
                    let mut rows = Rows {
                        format,
                        config,
                        progress,
                        file: u32::try_from(number).unwrap_or(u32::MAX),
                        row: 0,
                        untimed: 0,
                        outside: 0,
                        buffer: &mut buffer,
                        scratch: Scratch::default(),
                    };
                    let among = Among { collection: Some(collection), tap: &mut Nobody };
                    let report = vigie_parse::read_among(evidence, &config.limits, among, &mut rows);
                    let read = ReadFile { report, untimed: rows.untimed, outside: rows.outside };
                    progress.done(evidence.size);
                    results.lock().unwrap_or_else(PoisonError::into_inner).insert((host, file), read);
                }
                buffer.finish();
            });
        }
    });
    results.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The number of each collection's first file over all of them.
fn firsts(collections: &[Collection]) -> Vec<usize> {
    let mut first = 0;
    let mut next = |collection: &Collection| {
        let this = first;
        first += collection.evidence.len();
        this
    };
    collections.iter().map(&mut next).collect()
}

/// What the rows of each file share, with its artifact, in the order of their numbers; and what was counted.
fn settle(
    collections: &[Collection],
    mut read: BTreeMap<FileId, ReadFile>,
    format: Format,
    config: &Config,
    timed: &mut Timed,
) -> Vec<(SourceCells, Option<String>)> {
    let mut cells = Vec::new();
    for (index, collection) in collections.iter().enumerate() {
        let later = read.split_off(&(index + 1, 0));
        let mut files = Vec::new();
        timed.diagnostics.extend(collection.diagnostics.iter().cloned());
        for file in std::mem::replace(&mut read, later).into_values() {
            let ReadFile { report, untimed, outside } = file;
            let entry = &report.entry;
            timed.files += 1;
            timed.files_read += u64::from(entry.artifact.is_some());
            timed.events += entry.events;
            timed.outside += outside;
            if untimed > 0 {
                timed.untimed.push((entry.path.clone(), untimed));
            }
            timed.diagnostics.extend(report.diagnostics);
            let FileReport { entry, facts, .. } = FileReport { diagnostics: Vec::new(), ..report };
            let (hits, tally, diagnostics) = (Vec::new(), Tally::default(), Vec::new());
            files.push(FileEvidence { entry, diagnostics, facts, hits, tally });
        }
        let entries: Vec<ManifestEntry> = files.iter().map(|file| file.entry.clone()).collect();
        let hosts = hosts::split(collection, files, config.host.as_deref());
        let owner: BTreeMap<&str, &str> = hosts
            .iter()
            .flat_map(|host| host.files.iter().map(|file| (file.entry.path.as_str(), host.name.as_str())))
            .collect();
        for entry in entries {
            let host = owner.get(entry.path.as_str()).copied().unwrap_or(&collection.name);
            let sha256 = entry.sha256.as_deref().unwrap_or_default();
            cells.push((format.source(host, &entry.path, sha256), entry.artifact));
        }
    }
    cells
}

/// The receiver of one file's events.
struct Rows<'a, 'b> {
    format: Format,
    config: &'a Config,
    progress: &'a Progress,
    file: u32,
    row: u64,
    untimed: u64,
    outside: u64,
    buffer: &'a mut Buffer<'b>,
    scratch: Scratch,
}

impl Rows<'_, '_> {
    fn add(&mut self, batch: &EventBatch, density: Density, row: usize, fields: &[(&str, &str)]) {
        let position = batch.positions.get(row).copied().unwrap_or_default();
        let time = batch.times.get(row).copied().flatten();
        let event = Event { schema: &batch.schema, density, time, number: position.number, fields };
        let Rows { config, buffer, outside, row: count, file, .. } = self;
        let rows = self.format.rows(&event, &mut self.scratch, &mut |row: Row<'_>| {
            *count += 1;
            if config.from.is_some_and(|from| row.time < from) || config.to.is_some_and(|to| row.time > to) {
                *outside += 1;
                return;
            }
            let (number, offset) = (position.number, position.offset);
            buffer.push(Key { time: row.time, file: *file, number, offset, row: *count }, &row);
        });
        self.untimed += u64::from(rows == 0);
    }
}

impl Sink for Rows<'_, '_> {
    fn wants(&mut self, schema: &Schema) -> Wanted {
        match (schema.column(CONTENT_FIELD), density(schema)) {
            (Some(content), Density::State) => {
                Wanted::Columns((0..schema.fields.len()).map(|column| column != content).collect())
            }
            (_, Density::State | Density::Busy | Density::Sparse) => Wanted::All,
        }
    }

    fn batch(&mut self, batch: &EventBatch) -> ControlFlow<()> {
        let density = density(&batch.schema);
        let names: Vec<&str> = batch.schema.fields.iter().map(AsRef::as_ref).collect();
        let mut fields: Vec<(&str, &str)> = Vec::with_capacity(names.len());
        for row in 0..batch.rows() {
            fields.clear();
            for (column, name) in names.iter().enumerate() {
                let value = batch.cell(row, column).filter(|value| !value.is_empty() && *value != "-");
                fields.extend(value.map(|value| (*name, value)));
            }
            self.add(batch, density, row, &fields);
        }
        self.progress.passed(batch.text.len() as u64);
        if self.buffer.has_failed() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn fact(&mut self, _fact: Fact) {
        // `vigie_parse::read` keeps facts in its report.
    }

    fn diagnostic(&mut self, _code: Code, _place: &str, _message: &str, _bytes: u64) {
        // And diagnostics.
    }
}
