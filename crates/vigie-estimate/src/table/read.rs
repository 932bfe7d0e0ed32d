//! Reads a capture table: a column a list, how many units, perhaps strata; one row a combination or one row a unit.

use super::frequencies::Frequencies;
use super::raw::{Raw, columns, text_of};
use super::roles::{Role, is_history, is_missing, on_list, roles, whole_number};
use super::{CaptureTable, MAX_LISTS};
use crate::error::Error;
use crate::honesty::Text;
use crate::honesty::wording::tame;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// Most strata: each is a table of its own, and is estimated on its own.
const MAX_STRATA: usize = 500;

/// A table as read: the whole, and by stratum when the file has such a column.
#[derive(Clone, Debug)]
pub struct TableFile {
    /// All strata together.
    pub whole: CaptureTable,
    /// By value of the columns that hold strata, in order of the values; empty without such a column.
    pub strata: BTreeMap<String, CaptureTable>,
    /// The known answer, when the file states one (`truth`).
    pub truth: Option<u64>,
    /// What of the file was not used, and what was supposed of it.
    pub notes: Vec<Text>,
}

/// What a file of captures comes to: combinations of lists, or, with more lists than those can be told for, how often each unit was seen.
#[derive(Clone, Debug)]
pub(super) enum Captured {
    Table(TableFile),
    Often(Frequencies, Vec<Text>),
}

/// Reads a capture table.
///
/// # Errors
/// The line and what is wrong with it: a value that is not 0 or 1, a count that is not whole, units on no list, more lists
/// than combinations can be told for.
pub fn read_table(input: impl Read, path: &Path) -> Result<TableFile, Error> {
    match captured(&columns(&text_of(input, path)?, path)?, path)? {
        Captured::Table(file) => Ok(file),
        Captured::Often(..) => Err(Error::Line {
            path: path.to_owned(),
            line: 1,
            message: format!(
                "more than {MAX_LISTS} lists: their combinations are too many; merge lists first"
            ),
        }),
    }
}

/// A file in columns as what it comes to.
pub(super) fn captured(raw: &Raw, path: &Path) -> Result<Captured, Error> {
    let at = |line: u64, message: String| Error::Line { path: path.to_owned(), line, message };
    let roles = roles(raw).map_err(|message| at(1, message))?;
    let lists = list_names(raw, &roles);
    let wrong = |message: String| Error::Input { path: path.to_owned(), message };
    if lists.is_empty() {
        return Err(wrong(format!(
            "a capture table needs 1 to {MAX_LISTS} columns of 0 and 1 beside `count`"
        )));
    }
    if raw.rows.is_empty() {
        return Err(wrong("no rows below the header".to_owned()));
    }
    let mut notes = notes_on(raw, &roles, &lists);
    let counted = roles.contains(&Role::Count);
    let rows = raw.rows.iter().map(|(line, record)| {
        read_row(record, raw, &roles).map(|row| (*line, record, row)).map_err(|message| at(*line, message))
    });
    if lists.len() > MAX_LISTS {
        notes.extend(roles.contains(&Role::Stratum).then(|| without_strata(raw, &roles)));
        return often(rows, counted, (lists.len(), notes), &at);
    }
    let empty = CaptureTable::new(lists).ok_or_else(|| wrong("no lists".to_owned()))?;
    let mut file =
        TableFile { whole: empty.clone(), strata: BTreeMap::new(), truth: None, notes: Vec::new() };
    let mut on_none = 0_u64;
    for row in rows {
        let (line, record, (on, count)) = row?;
        if on.is_empty() && count > 0 {
            if counted {
                return Err(at(line, ON_NO_LIST.to_owned()));
            }
            on_none += 1;
            continue;
        }
        let cell = on.iter().fold(0, |cell, &bit| cell | 1 << bit);
        file.whole.add(cell, count);
        if file.strata.len() >= MAX_STRATA {
            return Err(at(line, format!("more than {MAX_STRATA} strata: is this column a stratum?")));
        }
        let stratum = words_of(record, &roles, Role::Stratum).join(" / ");
        if roles.contains(&Role::Stratum) {
            file.strata.entry(stratum).or_insert_with(|| empty.clone()).add(cell, count);
        }
        file.truth =
            words_of(record, &roles, Role::Truth).first().and_then(|t| t.parse().ok()).or(file.truth);
    }
    notes.extend(without_any(on_none));
    file.notes = notes;
    Ok(Captured::Table(file))
}

const ON_NO_LIST: &str = "units that are on no list cannot be counted: a row of zeros must have count 0";

/// With more lists than combinations can be told for: how often each unit was seen.
fn often<'a>(
    rows: impl Iterator<Item = Result<(u64, &'a csv::StringRecord, (Vec<usize>, u64)), Error>>,
    counted: bool,
    (lists, mut notes): (usize, Vec<Text>),
    at: &dyn Fn(u64, String) -> Error,
) -> Result<Captured, Error> {
    let mut times: BTreeMap<u64, u64> = BTreeMap::new();
    let mut on_none = 0;
    for row in rows {
        let (line, _, (on, count)) = row?;
        if on.is_empty() && count > 0 {
            if counted {
                return Err(at(line, ON_NO_LIST.to_owned()));
            }
            on_none += 1;
        } else if count > 0 {
            *times.entry(on.len() as u64).or_insert(0) += count;
        }
    }
    notes.extend(without_any(on_none));
    notes.push(Text::new(
        format!("{lists} lists are more than {MAX_LISTS}: only how often each unit was seen is used, not by which (--merge has no effect)"),
        format!("{lists} listes, plus de {MAX_LISTS} : on n'utilise que le nombre de fois où chaque unité a été vue, non par laquelle (--merge est sans effet)"),
    ));
    Ok(Captured::Often(Frequencies(times.into_iter().collect()), notes))
}

/// How often each unit was seen is counted over all strata together.
fn without_strata(raw: &Raw, roles: &[Role]) -> Text {
    let called = raw.names.iter().zip(roles).filter(|(_, role)| **role == Role::Stratum);
    let names = called.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    Text::new(
        format!("strata not told apart, since only how often each unit was seen is used: {names}"),
        format!(
            "strates non distinguées, faute de plus que le nombre de fois où chaque unité a été vue : {names}"
        ),
    )
}

fn without_any(on_none: u64) -> Option<Text> {
    (on_none > 0).then(|| {
        Text::new(
            format!("{on_none} rows on no list, not counted"),
            format!("{on_none} lignes sur aucune liste, non comptées"),
        )
    })
}

/// Names of the lists: their columns, or the places of a history.
fn list_names(raw: &Raw, roles: &[Role]) -> Vec<String> {
    let history = roles.iter().position(|r| *r == Role::History);
    if let Some(length) = history.and_then(|i| raw.rows.first()?.1.get(i).map(str::len)) {
        return (1..=length).map(|i| format!("L{i}")).collect();
    }
    raw.names.iter().zip(roles).filter(|(_, r)| **r == Role::List).map(|(n, _)| n.clone()).collect()
}

/// What a reader of the answer should know of how the file was understood.
fn notes_on(raw: &Raw, roles: &[Role], lists: &[String]) -> Vec<Text> {
    let mut notes = Vec::new();
    let called = |role: Role| -> Vec<&str> {
        raw.names.iter().zip(roles).filter(|(_, r)| **r == role).map(|(n, _)| n.as_str()).collect()
    };
    if raw.headless {
        notes.push(Text::new("the file has no header", "le fichier n'a pas d'en-tête"));
    }
    let ignored: Vec<&str> = called(Role::Ignored).into_iter().filter(|n| !n.is_empty()).collect();
    if !ignored.is_empty() {
        let names = ignored.join(", ");
        notes.push(Text::new(
            format!("columns not used: {names}"),
            format!("colonnes non utilisées : {names}"),
        ));
    }
    if !roles.contains(&Role::Count) && !lists.is_empty() {
        notes.push(Text::new(
            "no column of counts: each row is one unit",
            "pas de colonne d'effectifs : une ligne, une unité",
        ));
    }
    notes
}

fn words_of<'a>(record: &'a csv::StringRecord, roles: &[Role], role: Role) -> Vec<&'a str> {
    record.iter().zip(roles).filter(|(_, r)| **r == role).map(|(word, _)| word).collect()
}

/// The lists that hold the units of a row, and how many units these are.
fn read_row(record: &csv::StringRecord, raw: &Raw, roles: &[Role]) -> Result<(Vec<usize>, u64), String> {
    let mut on = Vec::new();
    let mut count = (!roles.contains(&Role::Count)).then_some(1);
    let mut bit = 0;
    for (i, role) in roles.iter().enumerate() {
        let name = tame(&raw.names[i].chars().take(40).collect::<String>());
        let cell = record.get(i);
        let shown = || cell.unwrap_or("").chars().take(40).collect::<String>();
        match role {
            Role::List => {
                let cell = cell.ok_or_else(|| format!("column `{name}` is missing on this line"))?;
                let holds = on_list(cell).ok_or_else(|| {
                    format!("column `{name}` has {:?}: a list column holds only 0 and 1", shown())
                })?;
                on.extend(holds.then_some(bit));
                bit += 1;
            }
            Role::History => {
                let cell = cell
                    .filter(|c| is_history(c))
                    .ok_or_else(|| format!("{:?} is no history of 0 and 1", shown()))?;
                on.extend(cell.bytes().enumerate().filter(|(_, b)| *b == b'1').map(|(place, _)| place));
            }
            Role::Count => {
                count = whole_number(cell.unwrap_or(""));
                if count.is_none() && !is_missing(cell.unwrap_or("")) {
                    return Err(format!("count {:?} is not a whole number", shown()));
                }
            }
            Role::Stratum | Role::Truth | Role::Ignored => {}
        }
    }
    // R writes NA for those on no list: nobody knows them. Any other combination must be told.
    match count {
        Some(count) => Ok((on, count)),
        None if on.is_empty() => Ok((on, 0)),
        None => Err("no count for this combination: a combination that nobody is in has count 0".to_owned()),
    }
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

    fn cells(text: &str) -> Vec<u64> {
        read(text).unwrap().whole.counts().to_vec()
    }

    #[test]
    fn tables_as_others_write_them() {
        let expected = [0, 10, 12, 9];
        for text in [
            "A,B,count\n1,0,10\n0,1,12\n1,1,9\n",
            "A;B;Freq\n1;0;10\n0;1;12\n1;1;9\n",
            "\"\",\"A\",\"B\",\"Freq\"\n\"1\",1,0,10\n\"2\",0,1,12\n\"3\",1,1,9\n",
            "A B Freq\n1 1 0 10\n2 0 1 12\n3 1 1 9\n",
            "y,A,B\n10,1,0\n12,0,1\n9,1,1\nNA,0,0\n",
            "A,B,animals\n1,0,10\n0,1,12\n1,1,9\n",
            "A,B,count\nTRUE,FALSE,10\nFALSE,TRUE,12\nTRUE,TRUE,9\n",
            "A,B,count\nobs,un,10.0\nun,obs,1.2e1\nobs,obs,9\n",
            "history,freq\n10,10\n01,12\n11,9\n",
            "ch,n\n10,10\n01,12\n11,9\n",
            "1,0,10\n0,1,12\n1,1,9\n",
        ] {
            assert_eq!(cells(text), expected, "{text}");
        }
        assert_eq!(cells("A,B,count\n1,0,\"1,204\"\n0,1,3\n1,1,8\n"), [0, 1_204, 3, 8]);
        // One row a unit, with names of rows; a row on no list is told, not counted.
        let units = read("id,A,B\nu1,1,0\nu2,1,1\nu3,0,0\nu4,0,1\n").unwrap();
        assert_eq!(units.whole.counts(), [0, 1, 1, 1]);
        let notes: Vec<&str> = units.notes.iter().map(|n| n.en.as_str()).collect();
        assert_eq!(
            notes,
            [
                "columns not used: id",
                "no column of counts: each row is one unit",
                "1 rows on no list, not counted"
            ]
        );
    }

    #[test]
    fn a_list_may_be_called_like_a_count() {
        for names in ["cases,deaths,count", "size,total,count", "number,observed,Count", "n,y,freq"] {
            let text = format!("{names}\n1,0,10\n0,1,12\n1,1,9\n");
            let table = read(&text).unwrap().whole;
            assert_eq!(table.counts(), [0, 10, 12, 9], "{names}");
            assert_eq!(table.lists().join(","), names.rsplit_once(',').unwrap().0);
        }
        // A count of ones and zeros is one where it is called `count`.
        assert_eq!(cells("A,B,count\n1,0,1\n0,1,1\n1,1,0\n"), [0, 1, 1, 0]);
    }

    #[test]
    fn several_strata_are_one_each_by_their_combination() {
        let text =
            "S1,S2,Region,Age,y\n1,0,north,old,3\n0,1,north,old,4\n1,1,south,young,2\n1,0,south,young,5\n";
        let file = read(text).unwrap();
        assert_eq!(file.strata.keys().collect::<Vec<_>>(), ["north / old", "south / young"]);
        assert_eq!(file.whole.counts(), [0, 8, 4, 2]);
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
            ("A,B,count\n1,1,NA\n", "t.csv:2: no count for this combination"),
            ("A,B,old,new\n1,1,4,5\n0,1,7,8\n", "t.csv:1: which column is the count? `old`, `new`"),
            ("A,B,count\n1,x,3\n0,1,2\n", "t.csv:2: column `B` has \"x\""),
            ("A,B,count\n1,1,8.5\n", "t.csv:2: count \"8.5\" is not a whole number"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
