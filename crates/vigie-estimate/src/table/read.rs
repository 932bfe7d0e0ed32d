//! Reads a capture table from CSV: a 0/1 column a list, `count`, and perhaps `stratum`.

use super::bounded::BoundedRows;
use super::{CaptureTable, MAX_LISTS};
use crate::error::Error;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// Most rows that are read of a table: far above every combination of lists and strata.
const MAX_ROWS: u64 = 5_000_000;
/// Most strata: each is a table of its own, and is estimated on its own.
const MAX_STRATA: usize = 500;
pub(super) const COUNT_NAMES: [&str; 5] = ["count", "n", "freq", "frequency", "counts"];
const STRATUM_NAMES: [&str; 4] = ["stratum", "strata", "group", "country"];
/// A column that says the known answer; read by tests of the method, never by the method.
const TRUTH_NAME: &str = "truth";

/// A table as read: the whole, and by stratum when the file has such a column.
#[derive(Clone, Debug)]
pub struct TableFile {
    /// All strata together.
    pub whole: CaptureTable,
    /// By value of the `stratum` column, in order of the values; empty without such a column.
    pub strata: BTreeMap<String, CaptureTable>,
    /// The known answer, when the file states one (`truth`).
    pub truth: Option<u64>,
}

struct Columns {
    lists: Vec<(usize, String)>,
    count: Option<usize>,
    stratum: Option<usize>,
    truth: Option<usize>,
}

/// Reads a capture table.
///
/// # Errors
/// The line and what is wrong with it: a value that is not 0 or 1, a count that is not whole, units on no list.
pub fn read_table(input: impl Read, path: &Path) -> Result<TableFile, Error> {
    let (rows_in, meter) = BoundedRows::new(input);
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(rows_in);
    let header = reader.headers().map_err(|e| csv_error(path, &e))?.clone();
    meter.row_ended();
    let columns = columns_of(&header, path)?;
    let names: Vec<String> = columns.lists.iter().map(|(_, name)| name.clone()).collect();
    let wrong = |message: &str| Error::Input { path: path.to_owned(), message: message.to_owned() };
    let empty = CaptureTable::new(names).ok_or_else(|| {
        wrong(&format!("a capture table needs 1 to {MAX_LISTS} columns of 0 and 1 beside `count`"))
    })?;
    let mut file = TableFile { whole: empty.clone(), strata: BTreeMap::new(), truth: None };
    let mut rows = 0_u64;
    for record in reader.records() {
        let record = record.map_err(|e| csv_error(path, &e))?;
        meter.row_ended();
        let line = record.position().map_or(0, csv::Position::line);
        let at = |message: String| Error::Line { path: path.to_owned(), line, message };
        rows += 1;
        if rows > MAX_ROWS {
            return Err(at(format!(
                "more than {MAX_ROWS} rows: this is not a table of counts by combination"
            )));
        }
        let (cell, count) = read_row(&record, &columns).map_err(at)?;
        file.whole.add(cell, count);
        if file.strata.len() >= MAX_STRATA {
            return Err(at(format!("more than {MAX_STRATA} strata: is this column a stratum?")));
        }
        if let Some(stratum) = columns.stratum.and_then(|i| record.get(i)) {
            file.strata.entry(stratum.to_owned()).or_insert_with(|| empty.clone()).add(cell, count);
        }
        if let Some(truth) = columns.truth.and_then(|i| record.get(i)) {
            file.truth = truth.parse().ok();
        }
    }
    if rows == 0 {
        return Err(wrong("no rows below the header"));
    }
    Ok(file)
}

fn read_row(record: &csv::StringRecord, columns: &Columns) -> Result<(usize, u64), String> {
    let mut cell = 0;
    for (bit, (index, name)) in columns.lists.iter().enumerate() {
        match record.get(*index) {
            Some("1") => cell |= 1 << bit,
            Some("0") => {}
            Some(other) => {
                let shown: String = other.chars().take(40).collect();
                return Err(format!("column `{name}` has {shown:?}: a list column holds only 0 and 1"));
            }
            None => return Err(format!("column `{name}` is missing on this line")),
        }
    }
    let count = match columns.count.map(|i| record.get(i).unwrap_or("")) {
        None => 1,
        Some(text) => whole_number(text).ok_or_else(|| {
            format!("count {:?} is not a whole number", text.chars().take(40).collect::<String>())
        })?,
    };
    if cell == 0 && count > 0 {
        return Err(
            "units that are on no list cannot be counted: a row of zeros must have count 0".to_owned()
        );
    }
    Ok((cell, count))
}

/// `12`, and also `12.0` as spreadsheets write it.
pub(super) fn whole_number(text: &str) -> Option<u64> {
    let digits = text.strip_suffix(".0").unwrap_or(text);
    digits.parse().ok().filter(|&n: &u64| n < 1 << 48)
}

fn columns_of(header: &csv::StringRecord, path: &Path) -> Result<Columns, Error> {
    let mut columns = Columns { lists: Vec::new(), count: None, stratum: None, truth: None };
    for (index, raw) in header.iter().enumerate() {
        let name = raw.trim_start_matches('\u{feff}');
        let lower = name.to_lowercase();
        if columns.count.is_none() && COUNT_NAMES.contains(&lower.as_str()) {
            columns.count = Some(index);
        } else if STRATUM_NAMES.contains(&lower.as_str()) {
            columns.stratum = Some(index);
        } else if lower == TRUTH_NAME {
            columns.truth = Some(index);
        } else if name.is_empty() {
            let message = format!("column {} has no name", index + 1);
            return Err(Error::Line { path: path.to_owned(), line: 1, message });
        } else if columns.lists.iter().any(|(_, other)| other == name) {
            let message = format!("two columns are called {name:?}");
            return Err(Error::Line { path: path.to_owned(), line: 1, message });
        } else if columns.lists.len() >= MAX_LISTS {
            let message = format!(
                "more than {MAX_LISTS} columns beside `count`: a capture table has a column of 0 and 1 for each list; merge lists first"
            );
            return Err(Error::Line { path: path.to_owned(), line: 1, message });
        } else {
            columns.lists.push((index, name.to_owned()));
        }
    }
    Ok(columns)
}

pub(super) fn csv_error(path: &Path, error: &csv::Error) -> Error {
    let line = error.position().map_or(0, csv::Position::line);
    Error::Line { path: path.to_owned(), line, message: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<TableFile, Error> {
        read_table(text.as_bytes(), Path::new("t.csv"))
    }

    #[test]
    fn patterns_add_up_and_strata_are_kept() {
        let file = read("A,B,stratum,count\n1,0,x,3\n1,0,y,4\n1,1,x,2\n0,0,x,0\n").unwrap();
        assert_eq!(file.whole.counts(), [0, 7, 0, 2]);
        assert_eq!(file.strata["x"].counts(), [0, 3, 0, 2]);
    }

    #[test]
    fn wrong_lines_are_named() {
        for (text, expected) in [
            ("A,B,count\n1,2,3\n", "t.csv:2: column `B` has \"2\""),
            ("A,B,count\n1,1,-3\n", "t.csv:2: count \"-3\" is not a whole number"),
            ("A,B,count\n0,0,3\n", "t.csv:2: units that are on no list"),
            ("A,A,count\n0,1,3\n", "t.csv:1: two columns are called \"A\""),
            ("A,B,count\n", "t.csv: no rows"),
            ("count\n3\n", "t.csv: a capture table needs 1 to 12"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
