//! EWS logs: what Exchange Web Services did for whom.

use vigie_model::coverage::Density;
use vigie_model::evidence::Account;

use super::exchange_csv::{self, Header, Identity, Layout, RowKind};
use crate::{Artifact, Head, Input, Parser, Sink};

/// Reads EWS logs.
pub struct Ews;

static ARTIFACT: Artifact = Artifact {
    name: "exchange.ews",
    title: "Exchange Web Services log",
    density: Density::Sparse,
    proves: "Mailbox access through web services: the SOAP action, the user who acted and the one impersonated.",
    location: "%ExchangeInstallPath%\\Logging\\Ews\\Ews_*.LOG",
    source: "https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/ews-operations-in-exchange",
};

static LAYOUT: Layout = Layout { artifact: &ARTIFACT, stream: stream_of, rows: RowKind::Plain };

impl Parser for Ews {
    fn artifact(&self) -> &'static Artifact {
        &ARTIFACT
    }

    fn recognise(&self, head: &Head<'_>) -> bool {
        let header = Header::of(head);
        if !header.log_type.is_empty() {
            return header.log_type_starts("EWS");
        }
        header.has(&["SoapAction", "ImpersonatedUser", "ActAsUser"])
    }

    fn parse(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
        exchange_csv::parse(&LAYOUT, input, sink)
    }
}

fn stream_of(_: &Identity<'_>) -> String {
    String::new()
}
