//! Rows of `vigie timeline`: an event at a moment, as CSV, JSON lines, for Timesketch, or as a body file.
//!
//! A row is written while its file is read, when neither the file's hash nor its host is known yet. So it comes in two
//! parts, and what all rows of a file share ([`SourceCells`]) is put between them at the end.
//!
//! Timesketch: <https://timesketch.org/guides/user/import-from-json-csv/>, which asks for `message`, `datetime` and
//! `timestamp_desc`. Body file: <https://wiki.sleuthkit.org/Body-file>, the form of The Sleuth Kit 3.

mod message;
mod moments;
mod write;

use vigie_model::coverage::Density;
use vigie_model::{Schema, Time};

pub use write::FIELD_BYTES_MAX;

/// How a timeline is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One row an event and moment, with all its fields in the last cell.
    Csv,
    /// One JSON object an event and moment.
    Jsonl,
    /// The same flat, with the names that Timesketch and its analyzers read.
    Timesketch,
    /// The Sleuth Kit's body file: one line a file or event, times in whole seconds.
    Bodyfile,
}

/// An event on its way to a timeline.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// What it is.
    pub schema: &'a Schema,
    /// How its artifact writes: the rows of a state hold several times each.
    pub density: Density,
    /// When it happened.
    pub time: Option<Time>,
    /// Line, record or entry.
    pub number: u64,
    /// Its fields that have a value, in the order of the evidence.
    pub fields: &'a [(&'a str, &'a str)],
}

impl Event<'_> {
    fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }
}

/// A row without what all rows of its file share.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The moment by which it is ordered.
    pub time: Time,
    /// The text before the file's cells.
    pub before: &'a str,
    /// Whose row it is.
    pub owner: Owner<'a>,
    /// The text after them, with the end of the line.
    pub after: &'a str,
}

/// Whose row it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner<'a> {
    /// Nobody's: the row names no evidence (lines of a body file that are files).
    Unnamed,
    /// The host of the evidence.
    File,
    /// The computer that the event itself names, as it is written in this format.
    Event(&'a str),
}

/// What all rows of one evidence file share, as it is written in one format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceCells {
    host: String,
    rest: String,
}

/// Text that is written again and again.
#[derive(Debug, Default)]
pub struct Scratch {
    before: String,
    after: String,
    owner: String,
}

impl Format {
    /// The first line; empty in a format without one.
    pub const fn head(self) -> &'static str {
        match self {
            Format::Csv => {
                "datetime,timestamp,timestamp_desc,message,host,path,sha256,place,artifact,fields\n"
            }
            Format::Jsonl | Format::Timesketch | Format::Bodyfile => "",
        }
    }

    /// Gives the rows of an event: one for each distinct moment; in a body file one for each set of times. Gives how
    /// many: none when the event has no time, or none that the format can hold (a body file begins in 1970).
    pub fn rows(self, event: &Event<'_>, scratch: &mut Scratch, give: &mut dyn FnMut(Row<'_>)) -> usize {
        let moments = moments::of(event);
        match self {
            Format::Bodyfile => write::bodyfile(event, &moments, scratch, give),
            Format::Csv | Format::Jsonl | Format::Timesketch => {
                let message = message::of(event);
                let together = moments::together(&moments);
                for (time, description) in &together {
                    let cells = write::Cells { time: *time, description, message: &message };
                    write::row(self, event, &cells, scratch);
                    let owner =
                        if scratch.owner.is_empty() { Owner::File } else { Owner::Event(&scratch.owner) };
                    give(Row { time: *time, before: &scratch.before, owner, after: &scratch.after });
                }
                together.len()
            }
        }
    }

    /// What the rows of a file share.
    pub fn source(self, host: &str, path: &str, sha256: &str) -> SourceCells {
        write::source(self, host, path, sha256)
    }

    /// The whole line.
    pub fn join(self, row: &Row<'_>, source: &SourceCells, place: &str, out: &mut String) {
        out.push_str(row.before);
        let host = match row.owner {
            Owner::Unnamed => None,
            Owner::File => Some(source.host.as_str()),
            Owner::Event(computer) => Some(computer),
        };
        if let Some(host) = host {
            out.extend([host, &source.rest]);
            write::place(self, place, out);
        }
        out.push_str(row.after);
    }
}

#[cfg(test)]
mod tests;
