//! What a file of counts is, by its header: captures by combination, totals by list, or how often each unit was seen.

use super::TableFile;
use super::frequencies::Frequencies;
use super::raw::{Raw, columns, delimiter_of, text_of};
use super::read::{Captured, captured};
use super::roles::{COUNT_NAMES, whole_number};
use super::totals::{Totals, read_totals};
use crate::error::Error;
use crate::honesty::Text;
use std::io::Read;
use std::path::Path;

/// Most rows of a file of frequencies.
const MAX_FREQUENCIES: usize = 100_000;
/// Most often that one unit may have been seen.
const MOST_TIMES: u64 = 1_000_000;
/// Columns that name who counted: with them a file holds totals, not combinations of lists.
const LABELS: [&str; 5] = ["source", "list", "who", "what", "published_by"];
const TIMES: [&str; 6] = ["k", "times", "times_seen", "captures", "i", "nb_capt"];

/// A file of counts.
#[derive(Clone, Debug)]
pub enum Counts {
    /// A 0/1 column for each list.
    Captures(TableFile),
    /// One number a list, nothing of what they share.
    Totals(Totals),
    /// Units by how often one list saw them.
    Frequencies(Frequencies, Vec<Text>),
}

/// Reads a file of counts of any kind.
///
/// # Errors
/// As [`super::read_table`]; a file that is longer than a file of counts may be.
pub fn read_counts(input: impl Read, path: &Path) -> Result<Counts, Error> {
    let text = text_of(input, path)?;
    let header = text.lines().next().unwrap_or("").to_lowercase();
    let delimiter = delimiter_of(&header);
    let names: Vec<&str> = header.split(char::from(delimiter)).map(|n| n.trim().trim_matches('"')).collect();
    let has = |wanted: &[&str]| names.iter().any(|n| wanted.contains(n));
    if delimiter != b' ' && has(&LABELS) && (has(&COUNT_NAMES) || has(&["total"])) {
        return read_totals(text.as_bytes(), path, delimiter).map(Counts::Totals);
    }
    let raw = columns(&text, path)?;
    if is_how_often(&raw) {
        return read_frequencies(&raw, path).map(|f| Counts::Frequencies(f, Vec::new()));
    }
    Ok(match captured(&raw, path)? {
        Captured::Table(file) => Counts::Captures(file),
        Captured::Often(frequencies, notes) => Counts::Frequencies(frequencies, notes),
    })
}

/// Two columns: how often, rising, and how many, whatever they are called.
fn is_how_often(raw: &Raw) -> bool {
    if raw.names.len() != 2 {
        return false;
    }
    if TIMES.contains(&raw.names[0].to_lowercase().as_str()) {
        return true;
    }
    let times: Option<Vec<u64>> = raw
        .rows
        .iter()
        .map(|(_, r)| r.get(0).and_then(whole_number).filter(|_| r.get(0).is_some_and(|c| c.len() < 8)))
        .collect();
    let numbers = raw.rows.iter().all(|(_, r)| r.get(1).and_then(whole_number).is_some());
    times.is_some_and(|t| {
        numbers
            && t.windows(2).all(|w| w[0] < w[1])
            && t.first().is_some_and(|&first| first <= 1)
            && t.last().is_some_and(|&last| last >= 2)
    })
}

fn read_frequencies(raw: &Raw, path: &Path) -> Result<Frequencies, Error> {
    let mut found = Vec::new();
    for (line, record) in raw.rows.iter().take(MAX_FREQUENCIES) {
        let number = |i: usize| record.get(i).and_then(whole_number);
        match (number(0), number(1)) {
            // Nobody knows those seen never: a file that states them states a guess.
            (Some(0), Some(0)) => {}
            (Some(k), Some(units)) if (1..=MOST_TIMES).contains(&k) => found.push((k, units)),
            _ => {
                let message =
                    "expected how often (1 or more) and how many units, both whole numbers".to_owned();
                return Err(Error::Line { path: path.to_owned(), line: *line, message });
            }
        }
    }
    let found = Frequencies(found);
    if found.seen() == 0 {
        return Err(Error::Input { path: path.to_owned(), message: "no units below the header".to_owned() });
    }
    Ok(found)
}
