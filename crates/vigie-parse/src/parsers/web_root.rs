//! A web directory: one event for each file, its text for the rules that know web shells.
//!
//! This is no log but the state of the host when it was collected. A file is one of a web directory by where it lies,
//! or, wherever it lies, by being a server-side page: an investigator's folder of samples counts as well. Asked after
//! all logs, so that it never takes one.

use std::borrow::Cow;
use std::io::Read;
use std::ops::ControlFlow;
use std::sync::Arc;

use vigie_model::batch::Position;
use vigie_model::coverage::Density;
use vigie_model::diagnostic::Code;
use vigie_model::evidence::Account;
use vigie_model::{BatchBuilder, Schema};

use super::web_root_content::{CONTENT_BYTES_MAX, Mark, find_mark, text_of};
use super::web_root_path::{self, WebPath};
use crate::{Artifact, Head, Input, Parser, Sink};

/// How much of a file is looked at for a page, in bytes; what follows is hashed only.
const LOOKED_AT_MAX: u64 = 16 << 20;
/// Bytes read at a time behind that.
const BLOCK_BYTES: usize = 1 << 18;
/// A dump of a virtual directory outside of a web directory is no larger.
const DUMP_BYTES_MAX: u64 = 1 << 20;

/// Column names, in order.
pub(super) static FIELDS: [&str; 11] = [
    "TargetFilename",
    "FileName",
    "Extension",
    "Directory",
    "Size",
    "sha256",
    "Content",
    "Modified",
    "Created",
    "Url",
    "ServerSide",
];

/// Reads the files of a web directory.
#[derive(Clone, Copy, Debug)]
pub struct WebRoot;

static ARTIFACT: Artifact = Artifact {
    name: "web.root",
    title: "Files of a web directory",
    density: Density::State,
    proves: "Which pages the server served when it was collected, and what is in them: web shells that are still there.",
    location: r"C:\inetpub\wwwroot, <Exchange>\FrontEnd\HttpProxy, <Exchange>\ClientAccess, Temporary ASP.NET Files",
    source: "https://learn.microsoft.com/en-us/previous-versions/dotnet/netframework-4.0/t8syafc7(v=vs.100)",
};

impl Parser for WebRoot {
    fn artifact(&self) -> &'static Artifact {
        &ARTIFACT
    }

    fn recognise(&self, head: &Head<'_>) -> bool {
        let path = web_root_path::read(head.path);
        path.is_web || is_page_elsewhere(head, &path)
    }

    fn parse(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
        let mut bytes = Vec::new();
        // `Input` gives its end in place of errors, and the caller reports them.
        let _read = input.take(LOOKED_AT_MAX).read_to_end(&mut bytes);
        let mut block = vec![0; BLOCK_BYTES];
        while matches!(input.read(&mut block), Ok(count) if count > 0) {}
        let mark = find_mark(&bytes);
        let size = input.taken();
        if mark.is_some() && size > CONTENT_BYTES_MAX as u64 {
            let message = format!("rules read 1 MiB of the {size} bytes of this page");
            sink.diagnostic(Code::LimitReached, &format!("offset {CONTENT_BYTES_MAX}"), &message, 0);
        }
        // There is nothing more to give, whether the receiver wants it or not.
        let _stopped = give(input, &bytes, mark, sink);
        Account { parsed_bytes: size, rejected_bytes: 0 }
    }
}

/// The mark of a page in some bytes.
pub(super) fn mark_of(bytes: &[u8]) -> Option<Mark> {
    find_mark(bytes)
}

/// Gives the file's one event.
pub(super) fn give(
    input: &Input<'_>,
    bytes: &[u8],
    mark: Option<Mark>,
    sink: &mut dyn Sink,
) -> ControlFlow<()> {
    let path = web_root_path::read(input.path);
    let schema = Schema {
        artifact: Cow::Borrowed(ARTIFACT.name),
        fields: FIELDS.iter().map(|name| Cow::Borrowed(*name)).collect(),
        ..Schema::default()
    };
    let wanted = sink.wants(&schema);
    let size = input.taken().to_string();
    let sha256 = input.sha256_so_far();
    let content = text_of(bytes, mark);
    let modified = input.times.modified.map(|time| time.to_string());
    let created = input.times.created.map(|time| time.to_string());
    let values = [
        Some(input.path),
        Some(path.name.as_str()),
        Some(path.extension.as_str()),
        Some(path.directory.as_str()),
        Some(size.as_str()),
        Some(sha256.as_str()),
        content.as_deref(),
        modified.as_deref(),
        created.as_deref(),
        path.url.as_deref(),
        Some(if mark.is_some() { "true" } else { "false" }),
    ];
    let values = values.into_iter().enumerate().map(|(column, value)| value.filter(|_| wanted.has(column)));
    let mut builder = BatchBuilder::new(Arc::new(schema));
    builder.push(input.times.modified, Position::default(), values);
    sink.batch(&builder.take())
}

/// Kinds of files that quote pages without being one: reports, rules, logs nobody could read.
static QUOTING: &[&str] = &[
    ".log", ".csv", ".json", ".jsonl", ".ndjson", ".xml", ".yml", ".yaml", ".yar", ".yara", ".md", ".rst",
    ".tsv", ".evtx", ".eml", ".msg", ".pcap", ".ps1", ".py", ".rs", ".html", ".pdf", ".docx", ".mem", ".dmp",
    ".vmem", ".raw", ".sys", ".ost",
];
/// Names that only the server runs.
static SERVER_SIDE: &[&str] =
    &[".aspx", ".ashx", ".asmx", ".ascx", ".asax", ".asp", ".cer", ".asa", ".svc", ".cshtml", ".soap"];

/// Whether a file outside of any web directory is a page by its content.
fn is_page_elsewhere(head: &Head<'_>, path: &WebPath) -> bool {
    let Some(mark) = find_mark(head.bytes) else { return false };
    let extension = path.extension.as_str();
    if SERVER_SIDE.contains(&extension) {
        return true;
    }
    if QUOTING.contains(&extension) {
        return false;
    }
    let before = head.bytes.get(..mark.at).unwrap_or_default();
    let opens_with_it = before
        .iter()
        .all(|byte| byte.is_ascii_whitespace() || matches!(byte, 0 | 0xEF | 0xBB | 0xBF | 0xFF | 0xFE));
    let in_header = before.starts_with(b"!BDN") || before.starts_with(&[0x30, 0x82]);
    opens_with_it || in_header || (head.size <= DUMP_BYTES_MAX && is_directory_dump(head.bytes))
}

/// The text that resetting a virtual directory writes: names of its settings, which no other text has together.
fn is_directory_dump(bytes: &[u8]) -> bool {
    let lower = String::from_utf8_lossy(bytes).replace('\0', "").to_ascii_lowercase();
    ["externalurl", "internalauthenticationmethods", "extendedprotectiontokenchecking"]
        .iter()
        .all(|name| lower.contains(name))
}
