//! What a file of counts is, by its header: captures by combination, totals by list, or how often each unit was seen.

use super::TableFile;
use super::bounded::{BoundedRows, MAX_ROW};
use super::frequencies::Frequencies;
use super::read::{COUNT_NAMES, csv_error, read_table, whole_number};
use super::totals::{Totals, read_totals};
use crate::error::Error;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Most rows of a file of frequencies.
const MAX_FREQUENCIES: usize = 100_000;
/// Columns that name who counted: with them a file holds totals, not combinations of lists.
const LABELS: [&str; 5] = ["source", "list", "who", "what", "published_by"];
const TIMES: [&str; 3] = ["k", "times", "times_seen"];
const UNITS_SEEN: [&str; 4] = ["fk", "f", "units", "count"];

/// A file of counts.
#[derive(Clone, Debug)]
pub enum Counts {
    /// A 0/1 column for each list.
    Captures(TableFile),
    /// One number a list, nothing of what they share.
    Totals(Totals),
    /// Units by how often one list saw them.
    Frequencies(Frequencies),
}

/// Reads a file of counts of any kind.
///
/// # Errors
/// As [`read_table`]; a header that is longer than a row may be.
pub fn read_counts(input: impl Read, path: &Path) -> Result<Counts, Error> {
    let mut reader = BufReader::new(input);
    let mut header = Vec::new();
    let read = reader.by_ref().take(MAX_ROW).read_until(b'\n', &mut header);
    let length = read.map_err(|source| Error::Read { path: path.to_owned(), source })? as u64;
    if length >= MAX_ROW {
        let message = format!("the header is longer than {} MiB", MAX_ROW >> 20);
        return Err(Error::Line { path: path.to_owned(), line: 1, message });
    }
    let text = String::from_utf8_lossy(&header).to_lowercase();
    let delimiter = if text.contains('\t') { b'\t' } else { b',' };
    let names: Vec<&str> = text
        .trim_start_matches('\u{feff}')
        .split(char::from(delimiter))
        .map(|n| n.trim().trim_matches('"'))
        .collect();
    let has = |wanted: &[&str]| names.iter().any(|n| wanted.contains(n));
    let whole = std::io::Cursor::new(header.clone()).chain(reader);
    if names.len() == 2 && TIMES.contains(&names[0]) && UNITS_SEEN.contains(&names[1]) {
        return read_frequencies(whole, path).map(Counts::Frequencies);
    }
    if has(&LABELS) && (has(&COUNT_NAMES) || has(&["total"])) {
        return read_totals(whole, path, delimiter).map(Counts::Totals);
    }
    read_table(whole, path).map(Counts::Captures)
}

fn read_frequencies(input: impl Read, path: &Path) -> Result<Frequencies, Error> {
    let (rows, meter) = BoundedRows::new(input);
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(rows);
    let mut found = Vec::new();
    for record in reader.records().take(MAX_FREQUENCIES) {
        let record = record.map_err(|e| csv_error(path, &e))?;
        meter.row_ended();
        let line = record.position().map_or(0, csv::Position::line);
        let number = |i: usize| record.get(i).and_then(whole_number);
        match (number(0), number(1)) {
            (Some(k), Some(units)) if (1..=1_000_000).contains(&k) => found.push((k, units)),
            _ => {
                let message =
                    "expected how often (1 or more) and how many units, both whole numbers".to_owned();
                return Err(Error::Line { path: path.to_owned(), line, message });
            }
        }
    }
    let found = Frequencies(found);
    if found.seen() == 0 {
        return Err(Error::Input { path: path.to_owned(), message: "no units below the header".to_owned() });
    }
    Ok(found)
}
