//! What organisations declare: a CSV file, read strictly. A list that an authority acts on must not be half read.
//!
//! Columns, in any order: `organisation`, `host` (empty: every server), `action` (`patch`, or `ed-21-02/patch` where two
//! directives have one), `declared` (yes, no, exempt), `date` (a day, or a time with its zone), `note`. Separated by
//! commas, or by semicolons as spreadsheets of many countries write them.

use std::collections::BTreeMap;

use vigie_model::directive::Directive;
use vigie_model::{Day, Time};

use crate::error::{Mistake, Mistakes};
use crate::zone;

/// Bytes of a list at most.
pub const BYTES_MAX: usize = 64 << 20;
/// Lines read at most.
const ROWS_MAX: usize = 1_000_000;
/// Characters of a value at most.
const CELL_MAX: usize = 2_000;

const COLUMNS: &[&str] = &["organisation", "host", "action", "declared", "date", "note"];
const HINT: &str = "columns: organisation, host, action, declared (yes, no, exempt), date (2021-03-05, or with time and zone), note";

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// The file and line, `declarations.csv:12`.
    pub source: String,
    /// The line, from 1.
    pub line: u64,
    /// Who.
    pub organisation: String,
    /// Of which server; empty for every one.
    pub host: String,
    /// The directive.
    pub directive: String,
    /// The action.
    pub action: String,
    /// What is declared.
    pub answer: Answer,
    /// When; of a day without an hour its end.
    pub time: Time,
    /// Whether only the day is known.
    pub day_only: bool,
    /// In the organisation's own words.
    pub note: String,
}

/// What is declared of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Done; of a result: nothing was found.
    Yes,
    /// Not done; of a result: signs were found.
    No,
    /// It does not bind here.
    Exempt,
}

/// Reads a list. An action without its directive's id is one of the `asked` directives where one of these has it.
///
/// # Errors
/// Every mistake with its line.
pub fn read(
    path: &str,
    bytes: &[u8],
    directives: &[Directive],
    asked: &[String],
) -> Result<Vec<Declaration>, Mistakes> {
    let mut rows = Vec::new();
    let mut mistakes = Vec::new();
    for row in rows_of(path, bytes, COLUMNS, &["host", "note"])? {
        match declaration(path, &row, &|action| named(action, directives, asked)) {
            Ok(declaration) => rows.push(declaration),
            Err((message, hint)) => mistakes.push(Mistake::on_line(path, row.line, message, &hint)),
        }
    }
    if mistakes.is_empty() { Ok(rows) } else { Err(Mistakes(mistakes)) }
}

/// What is wrong and what to do about it.
type Wrong = (String, String);
/// A directive and an action of it.
type Named = (String, String);

fn declaration(
    path: &str,
    row: &Row,
    named: &dyn Fn(&str) -> Result<Named, Wrong>,
) -> Result<Declaration, Wrong> {
    let hint = |message: String| (message, HINT.to_owned());
    let organisation = row.get("organisation");
    if organisation.is_empty() {
        return Err(hint("no organisation".to_owned()));
    }
    let (directive, action) = named(row.get("action"))?;
    let answer = match row.get("declared").to_lowercase().as_str() {
        "yes" | "oui" => Answer::Yes,
        "no" | "non" => Answer::No,
        "exempt" => Answer::Exempt,
        other => return Err(hint(format!("`{other}` is neither yes nor no nor exempt"))),
    };
    let (time, day_only) = declared_at(row.get("date")).map_err(hint)?;
    Ok(Declaration {
        source: format!("{path}:{}", row.line),
        line: row.line,
        organisation: organisation.to_owned(),
        host: row.get("host").to_owned(),
        directive,
        action,
        answer,
        time,
        day_only,
        note: row.get("note").to_owned(),
    })
}

/// The moment, and whether only its day is known: a day without an hour counts from its end, for nobody can say that it
/// was known earlier.
fn declared_at(text: &str) -> Result<(Time, bool), String> {
    match Day::parse(text).filter(|_| text.len() == 10) {
        Some(day) => Ok((day.end(), true)),
        None => Ok((zone::with_zone(text)?, false)),
    }
}

/// The directive and the action of a name, `patch` or `ed-21-02/patch`.
fn named(text: &str, directives: &[Directive], asked: &[String]) -> Result<Named, Wrong> {
    let (of, action) = text.split_once('/').map_or((None, text), |(of, action)| (Some(of), action));
    let has = |directive: &&Directive| {
        of.is_none_or(|of| directive.id.eq_ignore_ascii_case(of))
            && directive.actions.iter().any(|known| known.id.eq_ignore_ascii_case(action))
    };
    let mut found: Vec<&Directive> = directives.iter().filter(has).collect();
    if found.iter().any(|one| asked.contains(&one.id)) {
        found.retain(|one| asked.contains(&one.id));
    }
    match found.as_slice() {
        [one] => Ok((one.id.clone(), action.to_ascii_lowercase())),
        [] => {
            let names = directives.iter().filter(|one| of.is_none_or(|of| one.id == of)).take(1);
            let known: Vec<&str> =
                names.flat_map(|one| &one.actions).take(12).map(|action| action.id.as_str()).collect();
            let hint = format!("`vigie directive show ID` lists the actions, such as {}", known.join(", "));
            Err((format!("no action is called `{text}`"), hint))
        }
        [first, ..] => {
            let hint = format!("write {}/{action}", first.id);
            Err((format!("several directives have an action `{text}`"), hint))
        }
    }
}

/// One line of a CSV file, by the names of its columns.
pub(crate) struct Row {
    pub(crate) line: u64,
    cells: BTreeMap<&'static str, String>,
}

impl Row {
    pub(crate) fn get(&self, column: &str) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }
}

/// The lines of a CSV file whose columns are known; `optional` ones may lack.
pub(crate) fn rows_of(
    path: &str,
    bytes: &[u8],
    columns: &[&'static str],
    optional: &[&str],
) -> Result<Vec<Row>, Mistakes> {
    if bytes.len() > BYTES_MAX {
        return Err(Mistake::on_line(path, 0, format!("larger than {BYTES_MAX} bytes"), "").into());
    }
    let text =
        std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).map_err(|error| {
            let line =
                bytes.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count() as u64 + 1;
            Mistake::on_line(path, line, "not UTF-8", "save it as CSV UTF-8")
        })?;
    let head = text.lines().next().unwrap_or_default();
    let delimiter = if head.contains(';') && !head.contains(',') { b';' } else { b',' };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(text.as_bytes());
    let unreadable = |error: &csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        Mistake::on_line(path, line, told(error), "as many values as columns, and quotes in pairs")
    };
    let names = reader.headers().map_err(|error| unreadable(&error))?.clone();
    let places = places(path, &names, columns, optional)?;
    let mut rows = Vec::new();
    for record in reader.into_records() {
        let record = record.map_err(|error| unreadable(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        if rows.len() >= ROWS_MAX {
            return Err(Mistake::on_line(path, line, format!("more than {ROWS_MAX} lines"), "").into());
        }
        if record.iter().any(|cell| cell.chars().count() > CELL_MAX) {
            let message = format!("a value of more than {CELL_MAX} characters");
            return Err(Mistake::on_line(path, line, message, "is a quote left open?").into());
        }
        let cell = |(name, index): &(&'static str, usize)| {
            (*name, record.get(*index).unwrap_or_default().to_owned())
        };
        rows.push(Row { line, cells: places.iter().map(cell).collect() });
    }
    Ok(rows)
}

fn told(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} values for {expected_len} columns")
        }
        _ => error.to_string(),
    }
}

/// Where each known column stands.
fn places(
    path: &str,
    names: &csv::StringRecord,
    columns: &[&'static str],
    optional: &[&str],
) -> Result<Vec<(&'static str, usize)>, Mistakes> {
    let hint = format!("columns: {}", columns.join(", "));
    let mut places: Vec<(&'static str, usize)> = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let name = name.to_lowercase().replace("organization", "organisation");
        let Some(known) = columns.iter().find(|known| **known == name) else {
            return Err(Mistake::on_line(path, 1, format!("no column is called `{name}`"), &hint).into());
        };
        if places.iter().any(|(taken, _)| taken == known) {
            return Err(Mistake::on_line(path, 1, format!("two columns are called `{name}`"), &hint).into());
        }
        places.push((known, index));
    }
    let lacks = columns
        .iter()
        .find(|name| !optional.contains(name) && !places.iter().any(|(taken, _)| taken == *name));
    match lacks {
        Some(name) => Err(Mistake::on_line(path, 1, format!("the column `{name}` is missing"), &hint).into()),
        None => Ok(places),
    }
}
