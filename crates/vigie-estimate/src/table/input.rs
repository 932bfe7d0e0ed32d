//! What a file of counts is, by its header: captures by combination, totals by list, or how often each unit was seen.

use super::TableFile;
use super::frequencies::Frequencies;
use super::raw::{Raw, columns, delimiter_of, text_of};
use super::read::{Captured, captured};
use super::roles::{COUNT_NAMES, whole_number};
use super::totals::{Totals, read_totals};
use crate::error::Error;
use crate::honesty::Text;
use crate::honesty::wording::tame;
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
        return read_frequencies(&raw, path).map(|f| Counts::Frequencies(f, vec![how_often(&raw)]));
    }
    Ok(match captured(&raw, path)? {
        Captured::Table(file) => Counts::Captures(file),
        Captured::Often(frequencies, notes) => Counts::Frequencies(frequencies, notes),
    })
}

/// Two columns: how often, and how many. Where there is a header it must say so: days and new cases rise as well.
/// Without one the content decides: the first column rises from 0 or 1.
fn is_how_often(raw: &Raw) -> bool {
    if raw.names.len() != 2 {
        return false;
    }
    if !raw.headless {
        return TIMES.contains(&raw.names[0].to_lowercase().as_str());
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

/// How the file was understood, for a reader who meant something else.
fn how_often(raw: &Raw) -> Text {
    if raw.headless {
        return Text::new(
            "the file has no header: its first column is read as how often a unit was seen, its second as how many units were",
            "le fichier n'a pas d'en-tête : la première colonne est lue comme le nombre de fois où une unité a été vue, la seconde comme le nombre d'unités",
        );
    }
    let (times, units) = (tame(&raw.names[0]), tame(&raw.names[1]));
    Text::new(
        format!("`{times}` is read as how often a unit was seen, `{units}` as how many units were"),
        format!(
            "`{times}` est lu comme le nombre de fois où une unité a été vue, `{units}` comme le nombre d'unités"
        ),
    )
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Counts, String> {
        read_counts(text.as_bytes(), Path::new("t.csv")).map_err(|e| e.to_string())
    }

    #[test]
    fn how_often_units_were_seen_is_never_guessed_under_a_header() {
        for text in
            ["k,fk\n1,500\n2,300\n3,100\n", "times;units\n1;500\n2;300\n3;100\n", "1 500\n2 300\n3 100\n"]
        {
            let Ok(Counts::Frequencies(found, notes)) = read(text) else { panic!("{text}") };
            assert_eq!(found.0, [(1, 500), (2, 300), (3, 100)]);
            assert!(notes.len() == 1 && notes[0].en.contains("how often a unit was seen"), "{notes:?}");
        }
        // A time series, and rows with numbers: neither says how often anybody was seen.
        let error = read("day,new\n1,500\n2,300\n3,100\n").unwrap_err();
        assert!(
            error.starts_with("t.csv:3: column `day` has \"2\"")
                || error.starts_with("t.csv:2: column `new`"),
            "{error}"
        );
        let Ok(Counts::Captures(table)) = read("id,scan\n1,1\n2,0\n3,1\n") else { panic!("one list") };
        assert_eq!((table.whole.lists(), table.whole.seen()), (&["scan".to_owned()][..], 2));
    }
}
