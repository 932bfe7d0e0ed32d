//! Remote PowerShell logs of Exchange: cmdlets with their parameters, and the requests that carried them.

use vigie_model::coverage::Density;
use vigie_model::evidence::Account;

use super::exchange_csv::{self, Header, Identity, Layout, RowKind};
use crate::{Artifact, Head, Input, Parser, Sink};

/// Fields by which the cmdlet log is known.
const CMDLET_FIELDS: &[&str] = &["Cmdlet", "Parameters", "ExecutionResult"];
/// Fields by which the request log is known.
const HTTP_FIELDS: &[&str] = &["ShellId", "CommandName", "FailFast"];

/// Reads `Rps_Cmdlet` and `Rps_Http` logs.
pub struct Rps;

static ARTIFACT: Artifact = Artifact {
    name: "exchange.rps",
    title: "Exchange remote PowerShell log (Cmdlet, Http)",
    density: Density::Sparse,
    proves: "Exchange cmdlets with parameters, user and process: mailbox exports, virtual directories set, roles granted.",
    location: "%ExchangeInstallPath%\\Logging\\CmdletInfra\\{Powershell-Proxy,LocalPowerShell}\\{Cmdlet,Http}\\Rps_*.LOG",
    source: "https://github.com/CrowdStrike/OWASSRF",
};

static LAYOUT: Layout = Layout { artifact: &ARTIFACT, stream: stream_of, rows: RowKind::Plain };

impl Parser for Rps {
    fn artifact(&self) -> &'static Artifact {
        &ARTIFACT
    }

    fn recognise(&self, head: &Head<'_>) -> bool {
        let header = Header::of(head);
        header.log_type_starts("Rps") || header.has(CMDLET_FIELDS) || header.has(HTTP_FIELDS)
    }

    fn parse(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
        exchange_csv::parse(&LAYOUT, input, sink)
    }
}

fn stream_of(identity: &Identity<'_>) -> String {
    let is_http =
        !identity.has_field("Cmdlet") && (identity.has_field("ShellId") || identity.has_field("UrlStem"));
    if is_http { "Http" } else { "Cmdlet" }.to_owned()
}
