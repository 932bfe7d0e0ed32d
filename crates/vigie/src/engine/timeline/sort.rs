//! Puts rows in order that do not fit into memory: sorted runs in one spill file, merged at the end.
//!
//! Our own, and not a library: a row is a few bytes of key and some text, and the libraries for this keep each as an
//! object of its own, with its own allocation and serialisation. The spill file has no name (it is deleted as soon as it
//! is open), so nothing of it stays, however the program ends.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use vigie_model::Time;
use vigie_report::timeline::{Owner, Row};

/// Runs that are merged at a time; more are merged into longer ones first.
const FAN_IN: usize = 256;
/// The least that is read of a run at a time, in bytes.
const WINDOW_BYTES_MIN: usize = 4 << 10;
/// The most.
const WINDOW_BYTES_MAX: usize = 1 << 20;
/// Bytes of a record before its text.
const HEAD_BYTES: usize = 8 + 4 + 8 + 8 + 8 + 1 + 3 * 4;

/// What rows are ordered by: time, then file and place. No two rows have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// When.
    pub(super) time: Time,
    /// The file, by its number over all collections.
    pub(super) file: u32,
    /// Line or record.
    pub(super) number: u64,
    /// Byte offset.
    pub(super) offset: u64,
    /// Which row of its file it is, as they came.
    pub(super) row: u64,
}

/// What all threads share: the spill file and the runs.
#[derive(Debug)]
pub(super) struct Sorter {
    folder: PathBuf,
    memory: usize,
    file: Mutex<Option<File>>,
    runs: Mutex<Vec<Run>>,
    failed: Mutex<Option<io::Error>>,
}

/// Sorted rows.
#[derive(Debug)]
enum Run {
    /// In memory.
    Held(Vec<u8>),
    /// In the spill file.
    Spilled { start: u64, size: u64 },
}

impl Sorter {
    /// A sorter that holds at most `memory` bytes of rows and spills into `folder`.
    pub(super) fn new(folder: &Path, memory: usize) -> Sorter {
        Sorter {
            folder: folder.to_owned(),
            memory,
            file: Mutex::new(None),
            runs: Mutex::new(Vec::new()),
            failed: Mutex::new(None),
        }
    }

    /// The share of one of `threads` threads.
    pub(super) fn buffer(&self, threads: usize) -> Buffer<'_> {
        Buffer { sorter: self, room: self.memory / threads.max(1), order: Vec::new(), bytes: Vec::new() }
    }

    /// Whether something could not be written: then reading on is of no use.
    pub(super) fn has_failed(&self) -> bool {
        lock(&self.failed).is_some()
    }

    /// How many runs went to the spill file.
    pub(super) fn spilled(&self) -> usize {
        lock(&self.runs).iter().filter(|run| matches!(run, Run::Spilled { .. })).count()
    }

    /// Hands over all rows in order.
    pub(super) fn merge(self, receive: &mut dyn FnMut(&Key, &Row<'_>) -> io::Result<()>) -> io::Result<()> {
        if let Some(error) = lock(&self.failed).take() {
            return Err(error);
        }
        let mut runs = std::mem::take(&mut *lock(&self.runs));
        while runs.len() > FAN_IN {
            let some: Vec<Run> = runs.drain(..FAN_IN).collect();
            runs.push(self.longer(&some)?);
        }
        self.merge_runs(&runs, &mut |record| {
            let (key, row) = decode(record);
            receive(&key, &row)
        })
    }

    /// Merges runs into one at the end of the spill file.
    fn longer(&self, runs: &[Run]) -> io::Result<Run> {
        let mut end = self.write(&[])?.0;
        let start = end;
        let mut waiting = Vec::new();
        self.merge_runs(runs, &mut |record| {
            waiting.extend_from_slice(record);
            if waiting.len() >= WINDOW_BYTES_MAX {
                end = self.write(&waiting)?.1;
                waiting.clear();
            }
            Ok(())
        })?;
        end = if waiting.is_empty() { end } else { self.write(&waiting)?.1 };
        Ok(Run::Spilled { start, size: end - start })
    }

    fn merge_runs(&self, runs: &[Run], each: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let window = (self.memory / runs.len().max(1)).clamp(WINDOW_BYTES_MIN, WINDOW_BYTES_MAX);
        let mut readers: Vec<Reader<'_>> = runs.iter().map(|run| Reader::new(run, self, window)).collect();
        let mut next: BinaryHeap<Reverse<(Key, usize)>> = BinaryHeap::new();
        for (index, reader) in readers.iter_mut().enumerate() {
            next.extend(reader.key()?.map(|key| Reverse((key, index))));
        }
        while let Some(Reverse((_, index))) = next.pop() {
            let Some(reader) = readers.get_mut(index) else { continue };
            each(reader.record()?)?;
            next.extend(reader.key()?.map(|key| Reverse((key, index))));
        }
        Ok(())
    }

    /// Writes behind all that was written; gives where it begins and ends.
    fn write(&self, bytes: &[u8]) -> io::Result<(u64, u64)> {
        let mut file = lock(&self.file);
        let file = opened(&mut file, &self.folder)?;
        let start = file.seek(SeekFrom::End(0))?;
        file.write_all(bytes)?;
        Ok((start, start + bytes.len() as u64))
    }

    fn read(&self, at: u64, room: &mut [u8]) -> io::Result<()> {
        let mut file = lock(&self.file);
        let file = opened(&mut file, &self.folder)?;
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(room)
    }

    /// Writes a buffer's rows in order.
    fn spill(&self, buffer: &Buffer<'_>) -> io::Result<()> {
        let mut file = lock(&self.file);
        let file = opened(&mut file, &self.folder)?;
        let start = file.seek(SeekFrom::End(0))?;
        let mut out = BufWriter::with_capacity(WINDOW_BYTES_MAX, file);
        for (_, at) in &buffer.order {
            out.write_all(record_at(&buffer.bytes, *at))?;
        }
        out.flush()?;
        lock(&self.runs).push(Run::Spilled { start, size: buffer.bytes.len() as u64 });
        Ok(())
    }
}

/// The spill file, made when it is first needed.
fn opened<'a>(file: &'a mut Option<File>, folder: &Path) -> io::Result<&'a mut File> {
    if file.is_none() {
        *file = Some(tempfile::tempfile_in(folder)?);
    }
    file.as_mut().ok_or_else(|| io::Error::other("no spill file"))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One thread's rows before they are sorted.
#[derive(Debug)]
pub(super) struct Buffer<'a> {
    sorter: &'a Sorter,
    room: usize,
    order: Vec<(Key, usize)>,
    bytes: Vec<u8>,
}

impl Buffer<'_> {
    /// Adds a row.
    pub(super) fn push(&mut self, key: Key, row: &Row<'_>) {
        self.order.push((key, self.bytes.len()));
        encode(&key, row, &mut self.bytes);
        if self.bytes.len() + self.order.len() * size_of::<(Key, usize)>() >= self.room {
            self.order.sort_unstable();
            if let Err(error) = self.sorter.spill(self) {
                lock(&self.sorter.failed).get_or_insert(error);
            }
            self.order.clear();
            self.bytes.clear();
        }
    }

    /// Whether reading on is of no use.
    pub(super) fn has_failed(&self) -> bool {
        self.sorter.has_failed()
    }

    /// Keeps what is left, in order, in memory.
    pub(super) fn finish(mut self) {
        self.order.sort_unstable();
        let mut sorted = Vec::with_capacity(self.bytes.len());
        for (_, at) in &self.order {
            sorted.extend_from_slice(record_at(&self.bytes, *at));
        }
        lock(&self.sorter.runs).push(Run::Held(sorted));
    }
}

fn encode(key: &Key, row: &Row<'_>, out: &mut Vec<u8>) {
    let (kind, owner) = match row.owner {
        Owner::Unnamed => (0, ""),
        Owner::File => (1, ""),
        Owner::Event(computer) => (2, computer),
    };
    out.extend_from_slice(&key.time.micros().to_le_bytes());
    out.extend_from_slice(&key.file.to_le_bytes());
    for number in [key.number, key.offset, key.row] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    out.push(kind);
    for text in [row.before, owner, row.after] {
        // A row is some kilobytes for each of at most some hundred fields.
        out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    }
    for text in [row.before, owner, row.after] {
        out.extend_from_slice(text.as_bytes());
    }
}

fn number<const N: usize>(record: &[u8], at: usize) -> [u8; N] {
    record.get(at..at + N).and_then(|bytes| bytes.try_into().ok()).unwrap_or([0; N])
}

fn key_of(record: &[u8]) -> Key {
    let time = Time::from_micros(i64::from_le_bytes(number(record, 0))).unwrap_or(Time::MIN);
    let long = |at| u64::from_le_bytes(number(record, at));
    Key {
        time,
        file: u32::from_le_bytes(number(record, 8)),
        number: long(12),
        offset: long(20),
        row: long(28),
    }
}

fn lengths(record: &[u8]) -> [usize; 3] {
    [37, 41, 45].map(|at| u32::from_le_bytes(number(record, at)) as usize)
}

fn size_of_record(record: &[u8]) -> usize {
    HEAD_BYTES + lengths(record).iter().sum::<usize>()
}

fn record_at(bytes: &[u8], at: usize) -> &[u8] {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.get(..size_of_record(rest)).unwrap_or(rest)
}

fn decode(record: &[u8]) -> (Key, Row<'_>) {
    let key = key_of(record);
    let [before, owner, after] = lengths(record);
    let mut at = HEAD_BYTES;
    let mut text = |length: usize| {
        let bytes = record.get(at..at + length).unwrap_or_default();
        at += length;
        std::str::from_utf8(bytes).unwrap_or_default()
    };
    let (before, computer, after) = (text(before), text(owner), text(after));
    let owner = match record.get(36) {
        Some(0) => Owner::Unnamed,
        Some(2) => Owner::Event(computer),
        _ => Owner::File,
    };
    (key, Row { time: key.time, before, owner, after })
}

/// The records of a run, one after the other.
struct Reader<'a> {
    sorter: &'a Sorter,
    window: usize,
    /// What is not read yet of the spill file.
    at: u64,
    left: u64,
    held: Option<&'a [u8]>,
    buffer: Vec<u8>,
    used: usize,
}

impl<'a> Reader<'a> {
    fn new(run: &'a Run, sorter: &'a Sorter, window: usize) -> Reader<'a> {
        let (held, at, left) = match run {
            Run::Held(bytes) => (Some(bytes.as_slice()), 0, 0),
            Run::Spilled { start, size } => (None, *start, *size),
        };
        Reader { sorter, window, at, left, held, buffer: Vec::new(), used: 0 }
    }

    fn rest(&self) -> &[u8] {
        self.held.unwrap_or(&self.buffer).get(self.used..).unwrap_or_default()
    }

    /// Sees to it that `wanted` bytes of the run are in memory, if it has that many.
    fn fill(&mut self, wanted: usize) -> io::Result<()> {
        if self.rest().len() >= wanted || self.left == 0 {
            return Ok(());
        }
        self.buffer.drain(..self.used);
        self.used = 0;
        let more = self.window.max(wanted - self.buffer.len());
        let more = usize::try_from(self.left).unwrap_or(usize::MAX).min(more);
        let filled = self.buffer.len();
        self.buffer.resize(filled + more, 0);
        self.sorter.read(self.at, self.buffer.get_mut(filled..).unwrap_or_default())?;
        self.at += more as u64;
        self.left -= more as u64;
        Ok(())
    }

    /// The key of the next record, none at the end.
    fn key(&mut self) -> io::Result<Option<Key>> {
        self.fill(HEAD_BYTES)?;
        Ok(Some(self.rest()).filter(|rest| !rest.is_empty()).map(key_of))
    }

    /// The next record.
    fn record(&mut self) -> io::Result<&[u8]> {
        self.fill(HEAD_BYTES)?;
        let size = size_of_record(self.rest());
        self.fill(size)?;
        let start = self.used;
        self.used += size;
        Ok(self.held.unwrap_or(&self.buffer).get(start..start + size).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows in an order of no pattern, sorted with this much memory by two threads' buffers in turn.
    fn sorted(rows: u64, memory: usize) -> (usize, Vec<(u64, String)>) {
        let folder = tempfile::tempdir().unwrap();
        let sorter = Sorter::new(folder.path(), memory);
        let mut buffers = [sorter.buffer(2), sorter.buffer(2)];
        for row in 0..rows {
            let mixed = row.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let time = Time::from_micros(i64::try_from(mixed >> 60).unwrap()).unwrap();
            let key = Key { time, file: u32::from(mixed & 1 == 0), number: mixed & 0xff, offset: 0, row };
            let before = "x".repeat(usize::try_from(row % 90).unwrap());
            let owner = if row % 3 == 0 { Owner::Event("Ö") } else { Owner::File };
            let row = Row { time, before: &before, owner, after: "\n" };
            buffers[usize::try_from(mixed >> 63).unwrap()].push(key, &row);
        }
        buffers.into_iter().for_each(Buffer::finish);
        let spilled = sorter.spilled();
        let (mut found, mut last) = (Vec::new(), None);
        sorter
            .merge(&mut |key, row| {
                assert!(last.is_none_or(|last| last < *key), "{last:?} before {key:?}");
                last = Some(*key);
                found.push((key.row, format!("{}{:?}{}", row.before, row.owner, row.after)));
                Ok(())
            })
            .unwrap();
        // The spill file has no name: nothing lies in the folder while it is used.
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        (spilled, found)
    }

    #[test]
    fn no_spill_some_and_more_than_are_merged_at_once_give_the_same() {
        let (none, in_memory) = sorted(6_000, 1 << 30);
        let (some, few_runs) = sorted(6_000, 200_000);
        let (many, many_runs) = sorted(6_000, 1_000);
        assert_eq!((none, in_memory.len()), (0, 6_000));
        assert!(some > 2 && many > FAN_IN, "{some} {many}");
        assert!(in_memory == few_runs && in_memory == many_runs);
    }

    #[test]
    fn a_folder_that_takes_no_file_is_told() {
        let sorter = Sorter::new(Path::new("/nonexistent/folder"), 10);
        let time = Time::from_micros(0).unwrap();
        let key = Key { time, file: 0, number: 0, offset: 0, row: 0 };
        let mut buffer = sorter.buffer(1);
        buffer.push(key, &Row { time, before: "", owner: Owner::File, after: "" });
        assert!(buffer.has_failed());
        buffer.finish();
        assert!(sorter.merge(&mut |_, _| Ok(())).is_err());
    }
}
