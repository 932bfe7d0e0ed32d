//! What the events of one batch have in common: the artifact, the stream, and the names of the fields.

use std::borrow::Cow;

/// The shape of the events of a batch. Rules are bound to a schema once, never to single events.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Schema {
    /// The artifact, dotted and lower case: `iis.w3c`, `exchange.httpproxy`, `windows.event`.
    pub artifact: Cow<'static, str>,
    /// Which of the artifact's streams: `Ecp` of `exchange.httpproxy`, `W3SVC1` of `iis.w3c`, the channel
    /// of `windows.event`; empty when the artifact has only one.
    pub stream: String,
    /// Windows events: who wrote it (`Microsoft-Windows-Sysmon`); empty elsewhere.
    pub provider: String,
    /// Windows events: the event id without its qualifiers.
    pub event_id: Option<u32>,
    /// Field names in column order, as the evidence spells them.
    pub fields: Vec<Cow<'static, str>>,
}

impl Schema {
    /// The column of a field, compared without case; the first where a header repeats a name.
    pub fn column(&self, field: &str) -> Option<usize> {
        self.fields.iter().position(|name| name.eq_ignore_ascii_case(field))
    }

    /// The name of the stream in coverage: `exchange.httpproxy/Ecp`, or the artifact alone.
    pub fn stream_id(&self) -> String {
        if self.stream.is_empty() {
            self.artifact.to_string()
        } else {
            format!("{}/{}", self.artifact, self.stream)
        }
    }
}

/// Columns of a Windows event that say where it stands, not what happened: its `System` element, in the order of the
/// batch. `Execution_` sets the writer's process apart from the `ProcessId` that an event tells about another one.
pub const WINDOWS_SYSTEM_FIELDS: [&str; 12] = [
    "EventID",
    "Provider_Name",
    "Channel",
    "Computer",
    "Level",
    "Task",
    "Opcode",
    "Keywords",
    "EventRecordID",
    "UserID",
    "Execution_ProcessID",
    "Execution_ThreadID",
];

/// Which columns of a schema the receiver reads; a parser may leave the others null.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Every column.
    All,
    /// The columns whose flag is set; flags past the end count as unset.
    Columns(Vec<bool>),
}

/// What a receiver says of a text before it is cut into values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skim {
    /// Every event must be given.
    ReadAll,
    /// Only the lines in which something was marked: of the others the receiver needs the times alone.
    ReadMarked,
}

impl Wanted {
    /// Whether column `index` is read.
    pub fn has(&self, index: usize) -> bool {
        match self {
            Wanted::All => true,
            Wanted::Columns(flags) => flags.get(index).copied().unwrap_or(false),
        }
    }
}
