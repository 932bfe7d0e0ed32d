//! Which evidence a rule speaks of, and what its fields are called there: one declarative table.
//!
//! A rule's `logsource` chooses rows of [`SOURCES`]; a row names the artifact and, for Windows events, channel,
//! provider and event ids. Rules are chosen by the schema of each record, never by file, so forwarded events,
//! merged exports and mixed files get the rules of each event. Names follow the Sigma taxonomy
//! (<https://sigmahq.io/docs/basics/log-sources.html>); the services of product `exchange` and the service
//! `web-root` are ours, documented in [`crate::pack`]. `docs/reference/sigma-logsources.md` is made from this table.

mod aliases;
pub(crate) mod forwarded;
pub mod twins;
mod windows;

use aliases::{ANTIVIRUS, ANTIVIRUS_TEXT, HTTPPROXY_WEB, IIS_WEB, NATIVE, TYPED};
pub use windows::WINDOWS;

/// The files of a collection themselves, one event each: for indicators, no `logsource` means them.
pub const EVIDENCE_FILE: &str = "evidence.file";

/// One kind of evidence that a `logsource` may mean. Empty parts of a rule's logsource fit any row.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// Sigma's category; empty when the row has none.
    pub category: &'static str,
    /// Sigma's product.
    pub product: &'static str,
    /// Sigma's service.
    pub service: &'static str,
    /// The artifact, `iis.w3c`.
    pub artifact: &'static str,
    /// Streams (for Windows events: channels), compared without case; empty for any.
    pub streams: &'static [&'static str],
    /// Windows events: the provider; empty for any.
    pub provider: &'static str,
    /// Windows events: the ids; empty for any.
    pub event_ids: &'static [u32],
    /// What the rule's fields are called in the evidence.
    pub fields: &'static [Alias],
}

/// A field of rules and where its value lies in the evidence.
#[derive(Clone, Copy, Debug)]
pub struct Alias {
    /// The name in rules, compared without case.
    pub rule: &'static str,
    /// Where to look. A test holds when it holds for one of them; absence is asked of the first.
    pub evidence: &'static [Place],
}

/// Where a value lies in the evidence.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// A field of the schema.
    Field(&'static str),
    /// Two fields and what stands between them: `stem?query`, `DOMAIN\user`.
    Joined(&'static str, Joint, &'static str),
}

/// What stands between two joined fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Joint {
    /// `stem?query`: a query that is absent, empty or `-` adds nothing; one that brings its own `?` gets no other.
    /// An alias with this place must also have the query's own field: the engine counts on it.
    Query,
    /// `left\right`: nothing without both.
    Backslash,
}

const fn exchange(service: &'static str, artifact: &'static str) -> Source {
    Source {
        category: "",
        product: "exchange",
        service,
        artifact,
        streams: &[],
        provider: "",
        event_ids: &[],
        fields: NATIVE,
    }
}

const fn web(category: &'static str, artifact: &'static str, fields: &'static [Alias]) -> Source {
    Source {
        category,
        product: "",
        service: "",
        artifact,
        streams: &[],
        provider: "",
        event_ids: &[],
        fields,
    }
}

/// Files of a Windows server that are no event logs.
const fn state(service: &'static str, artifact: &'static str, streams: &'static [&'static str]) -> Source {
    Source { product: "windows", streams, ..exchange(service, artifact) }
}

/// Every log source but those of Windows events, which are in [`WINDOWS`].
pub static SOURCES: &[Source] = &[
    web("webserver", "iis.w3c", IIS_WEB),
    web("webserver", "exchange.httpproxy", HTTPPROXY_WEB),
    web("proxy", "iis.w3c", IIS_WEB),
    web("proxy", "exchange.httpproxy", HTTPPROXY_WEB),
    Source { category: "webserver", product: "windows", service: "iis", ..web("", "iis.w3c", IIS_WEB) },
    exchange("httpproxy", "exchange.httpproxy"),
    Source { streams: &["Server"], ..exchange("ecp", "exchange.ecp") },
    Source { streams: &["Activity"], ..exchange("ecp-activity", "exchange.ecp") },
    exchange("ews", "exchange.ews"),
    Source { streams: &["Cmdlet"], ..exchange("rps-cmdlet", "exchange.rps") },
    Source { streams: &["Http"], ..exchange("rps-http", "exchange.rps") },
    exchange("oabgenerator", "exchange.oabgenerator"),
    exchange("setup", "exchange.setup"),
    Source { product: "windows", ..exchange("web-root", "web.root") },
    Source { product: "windows", ..exchange("web-root", "windows.mft") },
    state("iis-rewrite-rule", "iis.config", &["RewriteRule"]),
    state("iis-module", "iis.config", &["Module"]),
    state("iis-handler", "iis.config", &["Handler"]),
    state("iis-virtual-directory", "iis.config", &["VirtualDirectory"]),
    state("iis-authentication", "iis.config", &["Authentication"]),
    state("iis-setting", "iis.config", &["Setting"]),
    exchange("eomt", "exchange.eomt"),
    state("safety-scanner", "defender.scanner", &[]),
    state("defender-log", "defender.log", &[]),
    state("powershell-history", "powershell.history", &[]),
    state("powershell-transcript", "powershell.transcript", &[]),
    state("scheduled-task", "windows.task", &[]),
    state("error-report", "windows.wer", &[]),
    state("program", "windows.pe", &[]),
    exchange("transport-agents", "exchange.agents"),
    exchange("healthchecker", "exchange.healthchecker"),
    // Rows of a log that may be gone: rules for the log are tried on them as well.
    Source { streams: &["HttpProxy"], ..exchange("httpproxy", "exchange.testproxylogon") },
    Source { streams: &["HttpProxy"], ..web("webserver", "exchange.testproxylogon", HTTPPROXY_WEB) },
    Source { streams: &["Suspicious"], ..exchange("test-proxylogon", "exchange.testproxylogon") },
    Source { streams: &["Message Tracking Log"], ..exchange("message-tracking", "exchange.log") },
    Source { streams: &["SMTP Receive Protocol Log"], ..exchange("smtp-receive", "exchange.log") },
    Source { streams: &["SMTP Send Protocol Log"], ..exchange("smtp-send", "exchange.log") },
    Source { streams: &["Agent Log"], ..exchange("agent-log", "exchange.log") },
    Source { streams: &["audit"], ..exchange("audit", "exchange.log") },
    // What was typed is what a script block would hold, on servers that do not log script blocks.
    Source { category: "ps_script", fields: TYPED, ..state("", "powershell.history", &[]) },
    Source { category: "ps_script", fields: TYPED, ..state("", "powershell.transcript", &[]) },
];

/// What antivirus programs found, as Windows events and in Microsoft's text logs.
pub static ANTIVIRUS_SOURCES: &[Source] = &[
    Source {
        category: "antivirus",
        product: "windows",
        service: "windefend",
        artifact: "windows.event",
        streams: &["Microsoft-Windows-Windows Defender/Operational"],
        provider: "",
        event_ids: &[1006, 1007, 1008, 1009, 1010, 1011, 1012, 1015, 1116, 1117, 1118, 1119],
        fields: ANTIVIRUS,
    },
    text_antivirus("safety-scanner", "defender.scanner"),
    text_antivirus("defender-log", "defender.log"),
];

const fn text_antivirus(service: &'static str, artifact: &'static str) -> Source {
    Source { category: "antivirus", fields: ANTIVIRUS_TEXT, ..state(service, artifact, &["Detection"]) }
}

/// Fields by the names of the evidence, whatever the artifact.
pub static NATIVE_SOURCE: Source = Source {
    category: "",
    product: "",
    service: "",
    artifact: "",
    streams: &[],
    provider: "",
    event_ids: &[],
    fields: NATIVE,
};

/// Every row, in the order of the docs.
pub fn sources() -> impl Iterator<Item = &'static Source> {
    SOURCES.iter().chain(ANTIVIRUS_SOURCES).chain(WINDOWS)
}
