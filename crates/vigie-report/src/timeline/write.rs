//! The text of rows, format by format: what attackers wrote is escaped for each.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use vigie_model::Time;
use vigie_model::coverage::Density;

use super::moments::Moment;
use super::{Event, Format, Owner, Row, Scratch, SourceCells, message};
use crate::escape::{acts_unseen, csv_cell, visible};

/// A value is cut at this many bytes, with what was cut said in its place: Timesketch's index takes no more than 32,766 of one.
pub const FIELD_BYTES_MAX: usize = 8_192;

/// Names that Timesketch gives a meaning of its own.
static RESERVED: [&str; 12] = [
    "message",
    "datetime",
    "timestamp",
    "timestamp_desc",
    "tag",
    "label",
    "comment",
    "hostname",
    "path",
    "sha256",
    "place",
    "artifact",
];

/// The number of the second field of a name.
const FIRST_NUMBER: usize = 2;

/// What plaso calls the data of some artifacts: Timesketch's analyzers look for these names.
static DATA_TYPES: [(&str, &str); 5] = [
    ("windows.event", "windows:evtx:record"),
    ("iis.w3c", "iis:log:line"),
    ("windows.mft", "fs:stat:ntfs"),
    ("windows.usn", "fs:ntfs:usn_change"),
    ("windows.registry", "windows:registry:key_value"),
];

/// What a row says beside its event's fields.
pub(super) struct Cells<'a> {
    pub(super) time: Time,
    pub(super) description: &'a str,
    pub(super) message: &'a str,
}

/// Writes a row of any format but the body file.
pub(super) fn row(format: Format, event: &Event<'_>, cells: &Cells<'_>, scratch: &mut Scratch) {
    scratch.before.clear();
    scratch.after.clear();
    scratch.owner.clear();
    let computer = event.field("Computer").filter(|_| event.schema.artifact == "windows.event");
    match format {
        Format::Csv => {
            csv_row(event, cells, scratch);
            scratch.owner.extend(computer.map(csv_cell));
        }
        Format::Jsonl | Format::Timesketch | Format::Bodyfile => {
            json_row(format, event, cells, scratch);
            scratch.owner.extend(computer.map(json));
        }
    }
}

/// What the rows of a file share.
pub(super) fn source(format: Format, host: &str, path: &str, sha256: &str) -> SourceCells {
    match format {
        Format::Csv => SourceCells { host: csv_cell(host), rest: format!(",{},{sha256},", csv_cell(path)) },
        Format::Jsonl | Format::Timesketch => {
            let rest = format!(",\"path\":{},\"sha256\":\"{sha256}\",\"place\":", json(path));
            SourceCells { host: json(host), rest }
        }
        Format::Bodyfile => SourceCells { host: body_text(host), rest: format!(" {} ", body_text(path)) },
    }
}

/// The place in the file: words of ours, which need no escaping.
pub(super) fn place(format: Format, place: &str, out: &mut String) {
    match format {
        Format::Csv | Format::Bodyfile => out.push_str(place),
        Format::Jsonl | Format::Timesketch => out.extend(["\"", place, "\""]),
    }
}

fn csv_row(event: &Event<'_>, cells: &Cells<'_>, scratch: &mut Scratch) {
    let Cells { time, description, message } = cells;
    let message = csv_cell(message);
    // Writing to a string cannot fail.
    let _ = write!(scratch.before, "{time},{},{description},{message},", time.micros());
    let mut fields = String::new();
    for (name, value) in event.fields {
        if !fields.is_empty() {
            fields.push_str("; ");
        }
        fields.push_str(name);
        fields.push('=');
        push_cut(value, &mut fields);
    }
    let _ = writeln!(scratch.after, ",{},{}", csv_cell(&event.schema.stream_id()), csv_cell(&fields));
}

fn json_row(format: Format, event: &Event<'_>, cells: &Cells<'_>, scratch: &mut Scratch) {
    let Cells { time, description, message } = cells;
    let is_flat = format == Format::Timesketch;
    let host = if is_flat { "hostname" } else { "host" };
    let _ = write!(
        scratch.before,
        "{{\"datetime\":\"{time}\",\"timestamp\":{},\"timestamp_desc\":\"{description}\",\"message\":{},\"{host}\":",
        time.micros(),
        json(message)
    );
    let after = &mut scratch.after;
    let _ = write!(after, ",\"artifact\":{}", json(&event.schema.stream_id()));
    if is_flat {
        push_of_plaso(event, after);
    } else {
        after.push_str(",\"fields\":{");
    }
    let mut names = BTreeMap::new();
    for (name, value) in event.fields {
        let name = if is_flat { flat_name(name) } else { (*name).to_owned() };
        let name = unlike(name, &mut names);
        if is_flat || !names.is_empty() {
            after.push(',');
        }
        let mut text = String::new();
        push_cut(value, &mut text);
        let _ = write!(after, "{}:{}", json(&name), json(&text));
        names.insert(name, FIRST_NUMBER);
    }
    after.push_str(if is_flat { "}\n" } else { "}}\n" });
}

/// The names by which Timesketch's analyzers find events.
fn push_of_plaso(event: &Event<'_>, out: &mut String) {
    let artifact = event.schema.artifact.as_ref();
    let known = DATA_TYPES.iter().find(|(name, _)| *name == artifact).map(|(_, data_type)| *data_type);
    let _ = write!(out, ",\"data_type\":{}", json(known.unwrap_or(artifact)));
    if artifact != "windows.event" {
        return;
    }
    if let Some(id) = event.schema.event_id {
        let _ = write!(out, ",\"event_identifier\":{id}");
    }
    for (field, name) in [("Provider_Name", "source_name"), ("Computer", "computer_name")] {
        if let Some(value) = event.field(field) {
            let _ = write!(out, ",\"{name}\":{}", json(value));
        }
    }
}

/// A name for an index: dots would make objects of it, and names with a meaning stay Timesketch's.
fn flat_name(name: &str) -> String {
    let plain: String =
        name.chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '_' }).collect();
    let plain = plain.trim_matches('_');
    let is_taken = plain.is_empty()
        || RESERVED.iter().any(|reserved| plain.eq_ignore_ascii_case(reserved))
        || ["data_type", "event_identifier", "source_name", "computer_name"].contains(&plain);
    if is_taken { format!("field_{plain}") } else { plain.to_owned() }
}

/// The name, numbered when the event has it already: an object holds a name once. `names` are those that it has, each
/// with the number to try next, so that no number is tried twice.
fn unlike(name: String, names: &mut BTreeMap<String, usize>) -> String {
    let Some(next) = names.get(&name).copied() else { return name };
    // Of so many numbers one is free.
    let numbers = next..=next.saturating_add(names.len());
    let free = numbers.map(|number| (number, format!("{name}_{number}")));
    let Some((number, other)) = free.into_iter().find(|(_, other)| !names.contains_key(other)) else {
        return name;
    };
    names.insert(name, number.saturating_add(1));
    other
}

/// Text as JSON, in which characters that act on a terminal or on the eye are written as their numbers.
fn json(text: &str) -> String {
    let plain = serde_json::Value::from(text).to_string();
    let is_acting = |char: char| char == '\u{7f}' || acts_unseen(char);
    if !plain.contains(is_acting) {
        return plain;
    }
    let mut out = String::with_capacity(plain.len() + 8);
    for char in plain.chars() {
        if is_acting(char) {
            for unit in char.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(char);
        }
    }
    out
}

fn push_cut(value: &str, out: &mut String) {
    if value.len() <= FIELD_BYTES_MAX {
        out.push_str(value);
        return;
    }
    let end = (0..=FIELD_BYTES_MAX).rev().find(|at| value.is_char_boundary(*at)).unwrap_or(0);
    out.push_str(value.get(..end).unwrap_or_default());
    let _ = write!(out, "… ({} bytes cut)", value.len() - end);
}

/// Text in a body file, where a bar ends a field.
fn body_text(text: &str) -> String {
    visible(text).replace('|', "\\u{7c}")
}

/// Writes the lines of an event in a body file: one for each set of times that it has.
pub(super) fn bodyfile(
    event: &Event<'_>,
    moments: &[(Moment, Time)],
    scratch: &mut Scratch,
    give: &mut dyn FnMut(Row<'_>),
) -> usize {
    let is_file = event.density == Density::State && event.field("TargetFilename").is_some();
    let mut rows = 0;
    for of_name in [false, true] {
        let set = || moments.iter().filter(|(moment, _)| moment.is_of_name() == of_name);
        // Zero stands for no time there.
        let seconds = |time: &Time| time.micros().div_euclid(1_000_000).max(0);
        let Some(first) = set().filter(|(_, time)| seconds(time) > 0).map(|(_, time)| *time).min() else {
            continue;
        };
        let at = |wanted: &[Moment]| {
            set().find(|(moment, _)| wanted.contains(moment)).map_or(0, |(_, time)| seconds(time))
        };
        let times = [
            at(&[Moment::Accessed]),
            at(&[Moment::Modified, Moment::Recorded, Moment::NameModified]),
            at(&[Moment::Changed]),
            at(&[Moment::Created, Moment::NameCreated]),
        ];
        body_line(event, is_file, of_name, scratch);
        let [accessed, modified, changed, created] = times;
        let _ = writeln!(scratch.after, "|{accessed}|{modified}|{changed}|{created}");
        let owner = if is_file { Owner::Unnamed } else { Owner::File };
        give(Row { time: first, before: &scratch.before, owner, after: &scratch.after });
        rows += 1;
    }
    rows
}

fn body_line(event: &Event<'_>, is_file: bool, of_name: bool, scratch: &mut Scratch) {
    scratch.before.clear();
    scratch.after.clear();
    let _ = write!(scratch.before, "0|");
    if is_file {
        let name = body_text(event.field("TargetFilename").unwrap_or_default());
        let set = if of_name { " ($FILE_NAME)" } else { "" };
        let gone = if event.field("Deleted") == Some("true") { " (deleted)" } else { "" };
        let _ = write!(scratch.before, "{name}{set}{gone}");
        let size = event.field("Size").and_then(|size| size.parse::<u64>().ok()).unwrap_or(0);
        let _ = write!(scratch.after, "|{}|r/rrwxrwxrwx|0|0|{size}", event.number);
    } else {
        let message = body_text(&message::of(event));
        let _ = write!(scratch.before, "[{}] {message} (", body_text(&event.schema.stream_id()));
        let _ = write!(scratch.after, ")|0|----------|0|0|0");
    }
}
