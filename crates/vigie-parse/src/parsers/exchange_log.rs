//! Every other log that Exchange writes as comma-separated values: mail flow, agents, protocols, audit.

use vigie_model::coverage::Density;
use vigie_model::evidence::Account;

use super::exchange_csv::{self, Header, Identity, Layout, RowKind};
use crate::{Artifact, Head, Input, Parser, Sink};

/// Reads any Exchange log by the columns that it names.
pub struct ExchangeLog;

static ARTIFACT: Artifact = Artifact {
    name: "exchange.log",
    title: "Other Exchange log (message tracking, SMTP, agents, audit, ...)",
    density: Density::Sparse,
    proves: "Mail flow, protocol sessions and administration, by the log's own columns; `#Version` gives the build \
             that was running. The stream is the `#Log-type` of the file.",
    location: "%ExchangeInstallPath%\\Logging\\*; %ExchangeInstallPath%\\TransportRoles\\Logs\\*",
    source: "https://learn.microsoft.com/en-us/exchange/mail-flow/transport-logs/transport-logs",
};

static LAYOUT: Layout = Layout { artifact: &ARTIFACT, stream: stream_of, rows: RowKind::Plain };

impl Parser for ExchangeLog {
    fn artifact(&self) -> &'static Artifact {
        &ARTIFACT
    }

    fn recognise(&self, head: &Head<'_>) -> bool {
        let header = Header::of(head);
        header.is_exchange || (!header.log_type.is_empty() && header.fields.len() > 1)
    }

    fn parse(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
        exchange_csv::parse(&LAYOUT, input, sink)
    }
}

fn stream_of(identity: &Identity<'_>) -> String {
    identity.log_type.to_owned()
}
