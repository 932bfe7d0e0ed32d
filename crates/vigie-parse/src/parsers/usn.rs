//! The change journal of an NTFS volume (`$UsnJrnl:$J`): what was created, renamed and deleted, and when.
//!
//! Format: <https://learn.microsoft.com/en-us/windows/win32/api/winioctl/ns-winioctl-usn_record_v2>. A record names its file
//! and the folder's record, not the path: that comes from the `$MFT` of the same volume where the collection has it, and
//! from folders that the journal itself saw. It proves that a page existed although nothing is left of it.

use std::borrow::Cow;
use std::io::Read;
use std::ops::ControlFlow;
use std::sync::Arc;

use vigie_model::batch::Position;
use vigie_model::coverage::Density;
use vigie_model::diagnostic::Code;
use vigie_model::evidence::Account;
use vigie_model::schema::Wanted;
use vigie_model::{BatchBuilder, Schema};

use super::little_endian::{filetime_at, slice, u16_at, u32_at, u64_at, utf16};
use super::mft::{SERVER_SIDE, extension_of};
use super::mft_paths::{self, Folders};
use super::mft_record::Reference;
use super::web_root_path;
use crate::{Artifact, Head, Input, Parser, Sink};

/// Bytes read at a time.
const BLOCK_BYTES: usize = 1 << 20;
/// Records begin at multiples of this, in bytes.
const ALIGNMENT: usize = 8;
/// A record is no longer than this: its name has at most 255 characters.
const RECORD_BYTES_MAX: usize = 1024;
/// The attribute of folders.
const FOLDER_ATTRIBUTE: u32 = 0x10;

/// Column names.
static FIELDS: [&str; 9] =
    ["TargetFilename", "FileName", "Extension", "Directory", "Reason", "Url", "ServerSide", "Entry", "Usn"];

/// Reasons by their bits, in the order of the description.
static REASONS: [(u32, &str); 22] = [
    (0x0000_0001, "DATA_OVERWRITE"),
    (0x0000_0002, "DATA_EXTEND"),
    (0x0000_0004, "DATA_TRUNCATION"),
    (0x0000_0010, "NAMED_DATA_OVERWRITE"),
    (0x0000_0020, "NAMED_DATA_EXTEND"),
    (0x0000_0040, "NAMED_DATA_TRUNCATION"),
    (CREATE, "FILE_CREATE"),
    (DELETE, "FILE_DELETE"),
    (0x0000_0400, "EA_CHANGE"),
    (0x0000_0800, "SECURITY_CHANGE"),
    (RENAME_OLD, "RENAME_OLD_NAME"),
    (RENAME_NEW, "RENAME_NEW_NAME"),
    (0x0000_4000, "INDEXABLE_CHANGE"),
    (0x0000_8000, "BASIC_INFO_CHANGE"),
    (0x0001_0000, "HARD_LINK_CHANGE"),
    (0x0002_0000, "COMPRESSION_CHANGE"),
    (0x0004_0000, "ENCRYPTION_CHANGE"),
    (0x0008_0000, "OBJECT_ID_CHANGE"),
    (0x0010_0000, "REPARSE_POINT_CHANGE"),
    (0x0020_0000, "STREAM_CHANGE"),
    (0x0040_0000, "TRANSACTED_CHANGE"),
    (0x8000_0000, "CLOSE"),
];
const CREATE: u32 = 0x0000_0100;
const DELETE: u32 = 0x0000_0200;
const RENAME_OLD: u32 = 0x0000_1000;
const RENAME_NEW: u32 = 0x0000_2000;

/// The streams, by what a record says of its file.
static STREAMS: [&str; 4] = ["Created", "Deleted", "Renamed", "Changed"];

/// Reads `$UsnJrnl:$J`.
#[derive(Clone, Copy, Debug)]
pub struct Usn;

static ARTIFACT: Artifact = Artifact {
    name: "windows.usn",
    title: "NTFS change journal ($UsnJrnl:$J)",
    density: Density::Sparse,
    proves: "Which files were created, renamed and deleted, with the time of each: a page that was planted and removed again. \
             With the $MFT beside it, their whole paths.",
    location: r"C:\$Extend\$UsnJrnl:$J",
    source: "https://learn.microsoft.com/en-us/windows/win32/api/winioctl/ns-winioctl-usn_record_v2",
};

impl Parser for Usn {
    fn artifact(&self) -> &'static Artifact {
        &ARTIFACT
    }

    fn recognise(&self, head: &Head<'_>) -> bool {
        let first = head.bytes.iter().position(|byte| *byte != 0);
        match first {
            Some(at) => {
                let start = at.saturating_sub(at % ALIGNMENT);
                record_at(head.bytes.get(start..).unwrap_or_default()).is_some()
            }
            // Only the hole where its oldest records were, which copies fill with zeroes: then the name tells.
            None => !head.bytes.is_empty() && is_named(head.path),
        }
    }

    fn parse(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
        let drive = input.path.split_once(':').filter(|(drive, _)| drive.len() == 1).map(|(drive, _)| drive);
        let drive = drive.map_or_else(String::new, |drive| format!("{drive}:"));
        let own = input.collection_path().unwrap_or(input.path);
        let table = input.neighbor(&|path| is_table_of(path, own));
        let folders = table.map(|mut table| mft_paths::of_table(table.as_mut())).unwrap_or_default();
        let mut journal = Journal { drive, folders, streams: STREAMS.map(|name| Stream::new(name, sink)) };
        let mut account = Account::default();
        let mut buffer = vec![0; BLOCK_BYTES];
        let (mut kept, mut offset) = (0_usize, 0_u64);
        let mut flow = ControlFlow::Continue(());
        loop {
            let filled = fill(input, &mut buffer, kept);
            let is_last = filled < BLOCK_BYTES;
            let until = if is_last { filled } else { filled.saturating_sub(RECORD_BYTES_MAX) };
            let block = Block { bytes: buffer.get(..filled).unwrap_or_default(), until, offset };
            let used = read_block(&block, &mut journal, &mut account, &mut flow, sink);
            offset = offset.saturating_add(used as u64);
            kept = filled.saturating_sub(used);
            buffer.copy_within(used.min(filled)..filled, 0);
            if is_last {
                break;
            }
        }
        for stream in &mut journal.streams {
            if flow.is_continue() && !stream.builder.is_empty() {
                flow = sink.batch(&stream.builder.take());
            }
        }
        account
    }
}

fn is_named(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    lower.ends_with("$j") || lower.contains("usnjrnl")
}

/// Whether a path is that of the table of the volume whose journal this is: the folder above `$Extend` is the same.
fn is_table_of(path: &str, journal: &str) -> bool {
    let journal = journal.to_ascii_lowercase();
    let root = journal.rfind("$extend").and_then(|at| journal.get(..at));
    let root = root.or_else(|| journal.rfind(['/', '\\']).and_then(|at| journal.get(..=at))).unwrap_or("");
    path.to_ascii_lowercase().strip_prefix(root).is_some_and(|rest| rest == "$mft")
}

/// Fills the buffer behind what it still holds; gives how many bytes it holds then.
fn fill(input: &mut Input<'_>, buffer: &mut [u8], kept: usize) -> usize {
    let mut filled = kept;
    while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
        // `Input` gives its end in place of errors.
        match input.read(room) {
            Ok(count) if count > 0 => filled = filled.saturating_add(count),
            _ => break,
        }
    }
    filled
}

/// Bytes of which the records that begin before a place are read.
struct Block<'a> {
    bytes: &'a [u8],
    until: usize,
    offset: u64,
}

/// What is kept while a journal is read.
struct Journal {
    drive: String,
    folders: Folders,
    streams: [Stream; 4],
}

struct Stream {
    wanted: Wanted,
    builder: BatchBuilder,
}

impl Stream {
    fn new(name: &str, sink: &mut dyn Sink) -> Stream {
        let schema = Schema {
            artifact: Cow::Borrowed(ARTIFACT.name),
            stream: name.to_owned(),
            fields: FIELDS.iter().map(|name| Cow::Borrowed(*name)).collect(),
            ..Schema::default()
        };
        Stream { wanted: sink.wants(&schema), builder: BatchBuilder::new(Arc::new(schema)) }
    }
}

/// A record of the journal.
struct Record<'a> {
    size: usize,
    own: Reference,
    parent: Reference,
    usn: u64,
    bytes: &'a [u8],
    reason: u32,
    attributes: u32,
    name: String,
}

/// Version 2, with references of 8 bytes, or 3, with 16 of which NTFS uses the first 8; 4 has no name and no reason of use.
fn record_at(bytes: &[u8]) -> Option<Record<'_>> {
    let size = u32_at(bytes, 0)? as usize;
    let major = u16_at(bytes, 4)?;
    let fits =
        (60..=RECORD_BYTES_MAX).contains(&size) && size.is_multiple_of(ALIGNMENT) && u16_at(bytes, 6)? == 0;
    let record = slice(bytes, 0, size).filter(|_| fits)?;
    let (parent, rest) = match major {
        2 => (16_usize, 24_usize),
        3 => (24, 40),
        _ => return None,
    };
    let field = |at: usize| rest.checked_add(at);
    let (length, at) = (u16_at(record, field(32)?)?, u16_at(record, field(34)?)?);
    let name = slice(record, at.into(), length.into()).filter(|name| !name.is_empty())?;
    // A time that Windows cannot have written is the mark of something else.
    filetime_at(record, field(8)?)?;
    Some(Record {
        size,
        own: Reference::of(u64_at(record, 8)?),
        parent: Reference::of(u64_at(record, parent)?),
        usn: u64_at(record, rest)?,
        bytes: record.get(field(8)?..field(16)?)?,
        reason: u32_at(record, field(16)?)?,
        attributes: u32_at(record, field(28)?)?,
        name: utf16(name),
    })
}

/// Reads the records that begin in a block; gives how many bytes they took.
fn read_block(
    block: &Block<'_>,
    journal: &mut Journal,
    account: &mut Account,
    flow: &mut ControlFlow<()>,
    sink: &mut dyn Sink,
) -> usize {
    let mut at = 0_usize;
    let mut lost: Option<(usize, usize)> = None;
    while at < block.until {
        let rest = block.bytes.get(at..).unwrap_or_default();
        let step = ALIGNMENT.min(rest.len());
        let is_gap = rest.iter().take(step).all(|byte| *byte == 0);
        let record = record_at(rest).filter(|_| flow.is_continue());
        let size = record.as_ref().map_or(step, |record| record.size);
        if flow.is_continue() && (is_gap || record.is_some()) {
            account.parsed_bytes = account.parsed_bytes.saturating_add(size as u64);
            say_lost(&mut lost, block.offset, account, sink);
        } else {
            lost = Some(lost.map_or((at, size), |(from, length)| (from, length.saturating_add(size))));
        }
        if let Some(record) = record {
            *flow = push(&record, block.offset.saturating_add(at as u64), journal, sink);
        }
        at = at.saturating_add(size);
    }
    say_lost(&mut lost, block.offset, account, sink);
    at
}

fn say_lost(lost: &mut Option<(usize, usize)>, base: u64, account: &mut Account, sink: &mut dyn Sink) {
    if let Some((from, length)) = lost.take() {
        let place = format!("offset {}", base.saturating_add(from as u64));
        account.rejected_bytes = account.rejected_bytes.saturating_add(length as u64);
        sink.diagnostic(Code::BadRecord, &place, "no record of the journal", length as u64);
    }
}

fn push(record: &Record<'_>, offset: u64, journal: &mut Journal, sink: &mut dyn Sink) -> ControlFlow<()> {
    if record.attributes & FOLDER_ATTRIBUTE != 0 {
        // The table tells what folders are called now; the journal is asked for those that it does not have.
        if !journal.folders.has(record.own.entry) {
            journal.folders.add(record.own, true, record.parent, &record.name);
        }
        return ControlFlow::Continue(());
    }
    let place = match record.reason {
        reason if reason & DELETE != 0 => 1,
        reason if reason & (RENAME_NEW | RENAME_OLD) != 0 => 2,
        reason if reason & CREATE != 0 => 0,
        _ => 3,
    };
    let Some(stream) = journal.streams.get_mut(place) else { return ControlFlow::Continue(()) };
    let mut target = String::new();
    journal.folders.path(record.parent, &mut target);
    let target = format!("{}{target}{}", journal.drive, record.name);
    let web = web_root_path::read(&target);
    let extension = extension_of(&record.name);
    let is_page = if SERVER_SIDE.contains(&extension.as_str()) { "true" } else { "false" };
    let reasons: Vec<&str> =
        REASONS.iter().filter(|(bit, _)| record.reason & bit != 0).map(|(_, name)| *name).collect();
    let entry = format!("{}-{}", record.own.entry, record.own.sequence);
    let values: [&str; 9] = [
        &target,
        &record.name,
        &extension,
        &web.directory,
        &reasons.join("|"),
        web.url.as_deref().unwrap_or_default(),
        is_page,
        &entry,
        &record.usn.to_string(),
    ];
    let wanted = &stream.wanted;
    let values = values
        .iter()
        .enumerate()
        .map(|(column, value)| Some(*value).filter(|value| !value.is_empty() && wanted.has(column)));
    let position = Position { number: record.usn, offset };
    stream.builder.push(filetime_at(record.bytes, 0), position, values);
    if stream.builder.is_full() { sink.batch(&stream.builder.take()) } else { ControlFlow::Continue(()) }
}
