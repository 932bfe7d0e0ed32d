//! Totals as they are published: one number a source, with its day, unit and state, and nothing of what the lists share.
//!
//! Columns by header: `count` or `total`; `source`, `list` or `who`; and where there are any `as_of` or `day`, `unit`,
//! `state` or `what`, `scope` or `where`, `bound`. A bound that is empty or `exact` is a count, anything else hearsay.

use super::bounded::BoundedRows;
use super::read::csv_error;
use super::roles::whole_number;
use crate::error::Error;
use std::io::Read;
use std::path::Path;

/// Most rows that are read.
const MAX_TOTALS: usize = 10_000;

/// What state the counted units were in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Broken into.
    Compromised,
    /// Open to it.
    Exposed,
    /// All there are.
    Existing,
    /// Anything else, or not said.
    Other,
}

/// What kind of thing was counted, as far as the words tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Web shells, URLs, paths: several on one server.
    Url,
    /// IP addresses.
    Address,
    /// Servers, systems, computers.
    Server,
    /// Organisations, companies, victims.
    Organisation,
    /// Something else.
    Other,
}

/// One published number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Total {
    /// Day or days, as written.
    pub day: String,
    /// The number.
    pub count: u64,
    /// Whether it was put as a count, not as `about` or `at least`.
    pub exact: bool,
    /// What was counted, as written.
    pub unit: String,
    /// In what state.
    pub state: State,
    /// Where.
    pub scope: String,
    /// Who said so.
    pub source: String,
}

/// All totals of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// In the order of the file.
    pub rows: Vec<Total>,
    /// Rows that state no number of units: words, percentages, rates.
    pub without_number: usize,
}

impl Total {
    /// What kind of thing was counted.
    pub fn kind(&self) -> Kind {
        let unit = self.unit.to_lowercase();
        let any = |words: &[&str]| words.iter().any(|w| unit.contains(w));
        if any(&["url", "path", "shell"]) {
            Kind::Url
        } else if any(&["ip", "address"]) && !any(&["recip"]) {
            Kind::Address
        } else if any(&["server", "system", "machine", "computer", "host"]) && !any(&["business"]) {
            Kind::Server
        } else if any(&["organi", "compan", "business", "victim", "firm", "agenc", "customer"]) {
            Kind::Organisation
        } else {
            Kind::Other
        }
    }

    /// Whether it speaks of the world, not of one country or one firm's customers.
    pub fn is_wide(&self) -> bool {
        let scope = self.scope.to_lowercase();
        scope.is_empty() || ["global", "world", "countries"].iter().any(|w| scope.contains(w))
    }

    /// Its source without the page and the intermediary.
    pub fn who(&self) -> &str {
        let cuts = [" (", " http", " via ", " with ", " / ", ","];
        cuts.iter().fold(self.source.as_str(), |text, cut| text.split(cut).next().unwrap_or(text)).trim()
    }

    /// The number of its first day since 1970.
    pub fn first_day(&self) -> Option<i32> {
        crate::lists::day_of(&self.day)
    }
}

/// Reads totals.
///
/// # Errors
/// The file cannot be read, or states no number.
pub fn read_totals(input: impl Read, path: &Path, delimiter: u8) -> Result<Totals, Error> {
    let (rows, meter) = BoundedRows::new(input);
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .delimiter(delimiter)
        .quoting(delimiter == b',')
        .trim(csv::Trim::All)
        .from_reader(rows);
    let header = reader.headers().map_err(|e| csv_error(path, &e))?.clone();
    meter.row_ended();
    let column = |names: &[&str]| {
        names.iter().find_map(|n| {
            header.iter().position(|h| h.trim_start_matches('\u{feff}').eq_ignore_ascii_case(n))
        })
    };
    let columns = [
        column(&["count", "total", "n"]),
        column(&["as_of", "day", "date"]),
        column(&["bound"]),
        column(&["unit"]),
        column(&["state", "what"]),
        column(&["scope", "where", "country"]),
        column(&["source", "list", "who", "published_by"]),
    ];
    let mut totals = Totals::default();
    for record in reader.records().take(MAX_TOTALS) {
        let record = record.map_err(|e| csv_error(path, &e))?;
        meter.row_ended();
        let text = |i: usize| {
            columns[i].and_then(|c| record.get(c)).unwrap_or("").chars().take(200).collect::<String>()
        };
        let (bound, unit) = (text(2).to_lowercase(), text(3));
        let rate = ["percent", "per day", "%"].iter().any(|w| bound.contains(w) || unit.contains(w));
        match whole_number(&text(0)).filter(|n| *n > 0 && !rate) {
            None => totals.without_number += 1,
            Some(count) => totals.rows.push(Total {
                day: text(1),
                count,
                exact: bound.is_empty() || bound == "exact",
                unit,
                state: state_of(&text(4)),
                scope: text(5),
                source: text(6),
            }),
        }
    }
    if totals.rows.is_empty() {
        return Err(Error::Input {
            path: path.to_owned(),
            message: "no row states a number of units".to_owned(),
        });
    }
    Ok(totals)
}

fn state_of(words: &str) -> State {
    let words = words.to_lowercase();
    let any = |list: &[&str]| list.iter().any(|w| words.contains(w));
    if any(&["existing", "universe", "denominator"]) {
        State::Existing
    } else if any(&["potential", "vulnerable", "unpatched", "exposed", "unsecured", "attackable"]) {
        State::Exposed
    } else if any(&["removed", "two or more", "most distinct", "per day", "possibly"]) {
        State::Other
    } else if any(&["compromis", "web shell", "hacked", "backdoor", "infected", "victim"]) {
        State::Compromised
    } else {
        State::Other
    }
}
