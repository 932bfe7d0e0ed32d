//! One file of a collection, what became of it, and what it says of its host.

use serde::{Deserialize, Serialize};

use crate::time::Time;

/// A row of the manifest: a file of the collection and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestEntry {
    /// The path in the collection, as a person finds it again: `hotel.zip!/C/inetpub/...`.
    pub path: String,
    /// The path on the host it came from, where the collection tells it: `C:\inetpub\...`.
    pub host_path: Option<String>,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 in lower-case hexadecimal; `None` when the content could not be read.
    pub sha256: Option<String>,
    /// Last modification as the collection tells it.
    pub modified: Option<Time>,
    /// The artifact it was read as; `None` when it was not read, with the reason in `unread`.
    pub artifact: Option<String>,
    /// Why it was not read; `None` when it was.
    pub unread: Option<String>,
    /// Events it gave.
    pub events: u64,
    /// Bytes that became events or are known structure (headers, padding that the format allows).
    pub parsed_bytes: u64,
    /// Bytes that were given up, each with a diagnostic. `parsed_bytes + rejected_bytes == size`.
    pub rejected_bytes: u64,
    /// The first event's time.
    pub first: Option<Time>,
    /// The last event's time.
    pub last: Option<Time>,
}

/// How the bytes of a file were spent: their sum is the file's size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Bytes that became events or are known structure.
    pub parsed_bytes: u64,
    /// Bytes given up, each with a diagnostic.
    pub rejected_bytes: u64,
}

/// Something a file says of its host beside events: read by exposure and naming, never by rules.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fact {
    /// What it is about.
    pub kind: FactKind,
    /// The value, as `15.1.2176.9` or `MAIL01`.
    pub value: String,
    /// When it was true, where the file says so.
    pub time: Option<Time>,
    /// Where in the file: `line 2`, `record 14`.
    pub place: String,
}

/// The kinds of [`Fact`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactKind {
    /// The host's own name.
    HostName,
    /// An Exchange build that was running when this was written (log headers, `S:BLD`).
    BuildRunning,
    /// An Exchange build that was installed at this time (setup log, ExSetup.exe).
    BuildInstalled,
    /// The build of the cumulative update that is installed; updates over it may be, and then the build is theirs.
    BuildBase,
    /// An update of Exchange that is installed over the cumulative update: `KB5000871`, or its build.
    UpdateInstalled,
    /// A clean-up tool of Microsoft that was run: `EOMT`.
    ToolRun,
    /// The path of a server-side page that the volume holds in a web folder, by its file table.
    WebPage,
    /// A rule of IIS's URL Rewrite module: location, direction, change, name, enabled, syntax, whether it stops, pattern,
    /// conditions, action, variable and target, between tabs.
    RewriteRule,
    /// How Extended Protection is set for a place of IIS: `Default Web Site/EWS`, a tab, `Require`.
    TokenChecking,
    /// A flaw that Microsoft's HealthChecker found open: `CVE-2021-26855`.
    OpenFlaw,
}

impl FactKind {
    /// Whether its value is a build that stands for itself.
    pub const fn is_build(self) -> bool {
        match self {
            FactKind::BuildRunning | FactKind::BuildInstalled => true,
            FactKind::HostName
            | FactKind::BuildBase
            | FactKind::UpdateInstalled
            | FactKind::ToolRun
            | FactKind::WebPage
            | FactKind::RewriteRule
            | FactKind::TokenChecking
            | FactKind::OpenFlaw => false,
        }
    }
}
