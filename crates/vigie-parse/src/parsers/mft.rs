//! The master file table of an NTFS volume: every file that is there, and those that are not any more.
//!
//! Format: <https://flatcap.github.io/linux-ntfs/ntfs/files/mft.html>. A row is a file by one of its names, or an
//! alternate stream. Two sets of times are told: those that programs show and can set, and those that Windows keeps with
//! the name. Small files lie in the table itself, so that of a small page even the content is there, also of a deleted one.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::Arc;

use vigie_model::batch::Position;
use vigie_model::coverage::Density;
use vigie_model::diagnostic::Code;
use vigie_model::evidence::{Account, Fact, FactKind};
use vigie_model::schema::Wanted;
use vigie_model::{BatchBuilder, Schema, Time};

use super::little_endian::filetime;
use super::mft_paths::{Folders, Records};
use super::mft_record::{self, Record, Reference};
use super::web_root_content::{find_mark, text_of};
use super::web_root_path;
use crate::{Artifact, Head, Input, Parser, Sink};

/// Files that wait for the folders above them; past it, rows are given with the folders known so far.
const WAITING_MAX: usize = 1_500_000;
/// Bytes of their names and contents that wait.
const WAITING_BYTES_MAX: usize = 96 << 20;
/// Times that lie closer than this are the same, in ticks: two seconds, which is what FAT and zip keep.
const SAME_TICKS: u64 = 20_000_000;
/// Ticks in a second.
const SECOND_TICKS: u64 = 10_000_000;

/// Column names: those of `web.root` first, so that rules for pages are asked of the table as well.
static FIELDS: [&str; 17] = [
    "TargetFilename",
    "FileName",
    "Extension",
    "Directory",
    "Size",
    "Content",
    "Modified",
    "Created",
    "Url",
    "ServerSide",
    "Deleted",
    "CreatedByName",
    "ModifiedByName",
    "Changed",
    "TimeHints",
    "Stream",
    "Entry",
];

/// Endings of what IIS compiles.
pub(super) static SERVER_SIDE: [&str; 9] =
    [".aspx", ".ashx", ".asmx", ".asax", ".ascx", ".asp", ".cer", ".cshtml", ".svc"];
/// Endings of what it obeys: their content is kept as well.
static OBEYED: [&str; 2] = [".config", ".compiled"];

/// Reads `$MFT`.
#[derive(Clone, Copy, Debug)]
pub struct Mft;

static ARTIFACT: Artifact = Artifact {
    name: "windows.mft",
    title: "NTFS master file table ($MFT)",
    density: Density::State,
    proves: "Which files the volume holds and held: pages in web folders with both sets of times, deleted ones while their \
             record is not used again, the content of small ones, alternate streams. Which pages a collection left out.",
    location: r"C:\$MFT",
    source: "https://flatcap.github.io/linux-ntfs/ntfs/files/mft.html",
};

impl Parser for Mft {
    fn artifact(&self) -> &'static Artifact {
        &ARTIFACT
    }

    fn recognise(&self, head: &Head<'_>) -> bool {
        mft_record::record_bytes(head.bytes).is_some()
    }

    fn parse(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
        let schema = Schema {
            artifact: Cow::Borrowed(ARTIFACT.name),
            fields: FIELDS.iter().map(|name| Cow::Borrowed(*name)).collect(),
            ..Schema::default()
        };
        let drive = input.path.split_once(':').filter(|(drive, _)| drive.len() == 1).map(|(drive, _)| drive);
        let mut table = Table {
            wanted: sink.wants(&schema),
            builder: BatchBuilder::new(Arc::new(schema)),
            drive: drive.map_or_else(String::new, |drive| format!("{drive}:")),
            folders: Folders::default(),
            waiting: Vec::new(),
            text: String::new(),
            record_bytes: 1024,
        };
        let mut account = Account::default();
        let mut records = Records::default();
        let mut flow = ControlFlow::Continue(());
        while let Some((entry, bytes)) = records.next(input) {
            let size = bytes.len() as u64;
            let place = || format!("entry {entry}");
            match judge(bytes) {
                Ok(record) => {
                    account.parsed_bytes = account.parsed_bytes.saturating_add(size);
                    if let Some(record) = &record {
                        table.add(entry, record);
                    }
                }
                Err((message, record)) => {
                    account.rejected_bytes = account.rejected_bytes.saturating_add(size);
                    sink.diagnostic(Code::BadRecord, &place(), message, size);
                    if let Some(record) = &record {
                        table.add(entry, record);
                    }
                }
            }
            table.record_bytes = size;
            if table.waiting.len() >= WAITING_MAX || table.text.len() >= WAITING_BYTES_MAX {
                let message = "more files than are kept: those before this one have the folders known so far";
                sink.diagnostic(Code::LimitReached, &place(), message, 0);
                flow = table.give(sink);
                if flow.is_break() {
                    break;
                }
            }
        }
        let rest = records.rest() as u64;
        if rest > 0 {
            account.rejected_bytes = account.rejected_bytes.saturating_add(rest);
            let message =
                if flow.is_break() { "stopped on request" } else { "the table ends within a record" };
            sink.diagnostic(Code::TruncatedTail, &format!("offset {}", account.parsed_bytes), message, rest);
        }
        if flow.is_continue() && table.give(sink).is_continue() && !table.builder.is_empty() {
            // Nothing is left to read, whether the receiver wants more or not.
            let _stopped = sink.batch(&table.builder.take());
        }
        account
    }
}

/// A sound record, none where there never was one, or what is wrong with it and what it says all the same.
fn judge(bytes: &mut [u8]) -> Result<Option<Record>, (&'static str, Option<Record>)> {
    if bytes.starts_with(b"FILE") {
        let is_whole = mft_record::put_right(bytes);
        return match (is_whole, mft_record::read(bytes)) {
            (true, Some(record)) => Ok(Some(record)),
            (_, record) => Err(("a sector of the record is of another write", record)),
        };
    }
    if bytes.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    Err((if bytes.starts_with(b"BAAD") { "marked as bad by Windows" } else { "no record" }, None))
}

/// A file that waits for the folders above it.
#[derive(Clone, Copy)]
struct Waiting {
    own: Reference,
    parent: Reference,
    /// Created, modified, changed; created and modified as kept with the name.
    times: [u64; 5],
    size: u64,
    /// Where its name begins in the text; its stream's name and its content follow.
    start: u32,
    name: u16,
    stream: u16,
    content: u16,
    in_use: bool,
    /// From a record that continues another: whether that is a folder is known at the end.
    continued: bool,
}

struct Table {
    wanted: Wanted,
    builder: BatchBuilder,
    drive: String,
    folders: Folders,
    waiting: Vec<Waiting>,
    text: String,
    record_bytes: u64,
}

impl Table {
    fn add(&mut self, entry: u64, record: &Record) {
        self.folders.add_record(entry, record);
        for name in &record.names {
            let own = record.base.unwrap_or(Reference { entry, sequence: record.sequence });
            let [created, modified, changed] = record.times;
            let [name_created, name_modified] = name.times;
            let waiting = Waiting {
                own,
                parent: name.parent,
                times: [created, modified, changed, name_created, name_modified],
                size: 0,
                start: 0,
                name: 0,
                stream: 0,
                content: 0,
                in_use: record.in_use,
                continued: record.base.is_some(),
            };
            let plain = record.streams.iter().find(|stream| stream.name.is_empty());
            if !record.is_folder {
                let content =
                    plain.and_then(|stream| stream.resident.as_deref()).filter(|_| is_page(&name.text));
                let size = plain.map_or(0, |stream| stream.size);
                self.wait(Waiting { size, ..waiting }, &name.text, "", content);
            }
            for stream in record.streams.iter().filter(|stream| !stream.name.is_empty()) {
                let content = stream.resident.as_deref().filter(|_| stream.name == "Zone.Identifier");
                let waiting = Waiting { size: stream.size, ..waiting };
                self.wait(waiting, &name.text, &stream.name, content);
            }
        }
    }

    fn wait(&mut self, waiting: Waiting, name: &str, stream: &str, content: Option<&[u8]>) {
        let content = content.map(page_text).unwrap_or_default();
        let lengths = [name, stream, &content].map(|text| u16::try_from(text.len()));
        let (Ok(start), [Ok(name_length), Ok(stream_length), Ok(content_length)]) =
            (u32::try_from(self.text.len()), lengths)
        else {
            return;
        };
        for text in [name, stream, &content] {
            self.text.push_str(text);
        }
        let (name, stream, content) = (name_length, stream_length, content_length);
        self.waiting.push(Waiting { start, name, stream, content, ..waiting });
    }

    /// Gives all that waits.
    fn give(&mut self, sink: &mut dyn Sink) -> ControlFlow<()> {
        let waiting = std::mem::take(&mut self.waiting);
        let text = std::mem::take(&mut self.text);
        let mut path = String::new();
        let mut folder = None;
        for file in &waiting {
            if file.continued && self.folders.has(file.own.entry) {
                continue;
            }
            if folder != Some(file.parent) {
                self.folders.path(file.parent, &mut path);
                folder = Some(file.parent);
            }
            self.push(file, &path, &text, sink);
            if self.builder.is_full() {
                sink.batch(&self.builder.take())?;
            }
        }
        ControlFlow::Continue(())
    }

    fn push(&mut self, file: &Waiting, folder: &str, text: &str, sink: &mut dyn Sink) {
        let mut at = file.start as usize;
        let mut next = |length: u16| {
            let start = at;
            at = at.saturating_add(length.into());
            text.get(start..at).unwrap_or_default()
        };
        let (name, stream, content) = (next(file.name), next(file.stream), next(file.content));
        let mark = if stream.is_empty() { "" } else { ":" };
        let target = format!("{}{folder}{name}{mark}{stream}", self.drive);
        let [created, modified, changed, name_created, name_modified] = file.times.map(filetime);
        let position =
            Position { number: file.own.entry, offset: file.own.entry.saturating_mul(self.record_bytes) };
        let web = web_root_path::read(&target);
        let extension = extension_of(name);
        let is_page = SERVER_SIDE.contains(&extension.as_str());
        if web.is_web && is_page && file.in_use && stream.is_empty() && web.url.is_some() {
            let place = format!("entry {}", file.own.entry);
            sink.fact(Fact {
                kind: FactKind::WebPage,
                value: target.clone(),
                time: name_created.or(created),
                place,
            });
        }
        let shown = |time: Option<Time>| time.map(|time| time.to_string()).unwrap_or_default();
        let truth = |is: bool| if is { "true" } else { "false" }.to_owned();
        let values: [String; 17] = [
            target,
            name.to_owned(),
            extension,
            web.directory,
            file.size.to_string(),
            content.to_owned(),
            shown(modified),
            shown(created),
            web.url.unwrap_or_default(),
            truth(is_page),
            truth(!file.in_use),
            shown(name_created),
            shown(name_modified),
            shown(changed),
            time_hints(&file.times),
            stream.to_owned(),
            format!("{}-{}", file.own.entry, file.own.sequence),
        ];
        let wanted = &self.wanted;
        let values = values.iter().enumerate().map(|(column, value)| {
            Some(value.as_str()).filter(|value| !value.is_empty() && wanted.has(column))
        });
        self.builder.push(name_created.or(created), position, values);
    }
}

/// Whether a file of this name is one whose content is kept.
fn is_page(name: &str) -> bool {
    let extension = extension_of(name);
    SERVER_SIDE.iter().chain(&OBEYED).any(|known| *known == extension)
}

/// `.aspx`, lower case; empty without one.
pub(super) fn extension_of(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((_, extension)) if !extension.is_empty() => format!(".{}", extension.to_ascii_lowercase()),
        _ => String::new(),
    }
}

fn page_text(content: &[u8]) -> String {
    text_of(content, find_mark(content)).unwrap_or_default()
}

/// What two sets of times say when they disagree: signs, each with harmless explanations (copied, unpacked, installed).
fn time_hints(times: &[u64; 5]) -> String {
    let [created, modified, _, name_created, _] = *times;
    let mut hints = Vec::new();
    if created > 0 && name_created > 0 && created.saturating_add(SAME_TICKS) < name_created {
        hints.push("created before its name");
    }
    let is_whole = |time: u64| time > 0 && time.is_multiple_of(SECOND_TICKS);
    if is_whole(created) && is_whole(modified) && !is_whole(name_created) {
        hints.push("times without fractions");
    }
    hints.join(", ")
}

#[cfg(test)]
mod tests {
    use super::time_hints;

    #[test]
    fn times_that_disagree_are_told() {
        let (old, new) = (132_000_000_000_000_000, 132_592_219_642_512_345);
        assert_eq!(
            time_hints(&[old, old, new, new, new]),
            "created before its name, times without fractions"
        );
        assert_eq!(time_hints(&[new, new, new, new, new]), "");
        assert_eq!(time_hints(&[0, 0, 0, new, new]), "");
    }
}
