//! What do these bytes say? Collections, containers and artifact parsers.
//!
//! Parsing never fails, never panics, always ends, and never forgets what it could not read: every byte of an
//! evidence file is in exactly one of parsed or rejected with a reason.
#![deny(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used
)]

pub mod collection;
mod deadline;
mod formats;
pub mod input;
pub mod parsers;
pub mod read;

use std::ops::ControlFlow;

use vigie_model::coverage::Density;
use vigie_model::diagnostic::Code;
use vigie_model::evidence::{Account, Fact};
use vigie_model::schema::{Skim, Wanted};
use vigie_model::{EventBatch, Schema};

pub use collection::{Collection, Evidence, Limits, open};
pub use input::{Head, Input};
pub use read::{Among, FileReport, Nobody, parse_bytes, read, read_among, recognise};

/// Every parser, in the order in which they are asked whether a file is theirs: a static slice, so that the
/// order is visible and tests can walk it. To add one, write `parsers/<name>.rs` and a line here.
pub static PARSERS: &[&dyn Parser] = &[
    &parsers::evtx::Evtx,
    &parsers::registry::Registry,
    &parsers::mft::Mft,
    &parsers::usn::Usn,
    &parsers::windows_jsonl::WindowsJsonl,
    &parsers::exchange_setup::ExchangeSetup,
    &parsers::exchange_testproxylogon::TestProxyLogon,
    &parsers::exchange_healthchecker::HealthChecker,
    &parsers::exchange_httpproxy::HttpProxy,
    &parsers::exchange_ecp::Ecp,
    &parsers::exchange_ews::Ews,
    &parsers::exchange_rps::Rps,
    &parsers::exchange_oabgenerator::OabGenerator,
    &parsers::exchange_log::ExchangeLog,
    &parsers::iis_w3c::IisW3c,
    &parsers::exchange_agents::TransportAgents,
    &parsers::iis_config::IisConfig,
    &parsers::windows_task::ScheduledTask,
    &parsers::windows_wer::ErrorReport,
    &parsers::windows_pe::Program,
    &parsers::exchange_eomt::Eomt,
    &parsers::defender_scanner::DefenderScanner,
    &parsers::defender_mplog::DefenderLog,
    &parsers::powershell_transcript::PowerShellTranscript,
    &parsers::powershell_history::PowerShellHistory,
    // Last: a web directory takes whatever lies in it that no log parser knows.
    &parsers::web_root::WebRoot,
];

/// Reads one artifact.
pub trait Parser: Sync {
    /// What it reads.
    fn artifact(&self) -> &'static Artifact;
    /// Whether a file is this artifact: by content; the path may only settle what content leaves open.
    fn recognise(&self, head: &Head<'_>) -> bool;
    /// Reads it to the end. Never fails: what cannot be read goes to `sink.diagnostic`. The sum of the account
    /// is what it took from `input`; the caller accounts for bytes that it left.
    fn parse(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account;
}

/// A kind of evidence, as `vigie artifacts` and `docs/reference/artifacts.md` tell it.
#[derive(Clone, Copy, Debug)]
pub struct Artifact {
    /// Dotted and lower case: `iis.w3c`.
    pub name: &'static str,
    /// A short title.
    pub title: &'static str,
    /// How often it writes by itself.
    pub density: Density,
    /// What it proves.
    pub proves: &'static str,
    /// Where it lies on the host.
    pub location: &'static str,
    /// The specification or description the parser follows.
    pub source: &'static str,
}

/// Takes what a parser gives.
pub trait Sink {
    /// Which columns of a schema are read; asked once per schema, before its first batch.
    fn wants(&mut self, schema: &Schema) -> Wanted;
    /// Asked by parsers of text before they cut it: puts into `marks` a byte offset in every line of the text that a
    /// rule may match, in ascending order. The other events are then given by their times only, in
    /// [`EventBatch::passed`]. A receiver that reads all events needs not say so.
    fn skim(&mut self, _schema: &Schema, _text: &str, _marks: &mut Vec<u32>) -> Skim {
        Skim::ReadAll
    }
    /// Events. `Break` asks the parser to stop; it then accounts for the rest as rejected.
    fn batch(&mut self, batch: &EventBatch) -> ControlFlow<()>;
    /// Something the file says of its host.
    fn fact(&mut self, fact: Fact);
    /// Something that could not be read as expected, at a place (`line 12`), and the bytes it cost. Calls with
    /// the same code are merged by the receiver: the first place and message are kept, counts and bytes add up.
    fn diagnostic(&mut self, code: Code, place: &str, message: &str, bytes: u64);
}

/// Sees the bytes of a file as they pass on their way to its parser, so that nothing is opened or read twice.
pub trait Tap {
    /// A file begins: what is known of it, and the artifact that it was recognised as. Not called for a file that
    /// could not be opened.
    fn begin(&mut self, head: &Head<'_>, artifact: Option<&'static str>);
    /// The next bytes of it, in order and without a gap, whoever reads them.
    fn bytes(&mut self, bytes: &[u8]);
}
