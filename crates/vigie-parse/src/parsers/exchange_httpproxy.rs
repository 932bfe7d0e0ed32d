//! Exchange HttpProxy logs: the front end's own account of each request, one folder a protocol.

use vigie_model::coverage::Density;
use vigie_model::evidence::Account;

use super::exchange_csv::{self, Header, Identity, Layout, RowKind, path_has};
use crate::{Artifact, Head, Input, Parser, Sink};

/// The protocols, spelled as their folders.
const PROTOCOLS: &[&str] = &[
    "Autodiscover",
    "Eas",
    "Ecp",
    "Ews",
    "Mapi",
    "Oab",
    "Owa",
    "OwaCalendar",
    "PowerShell",
    "Rest",
    "RpcHttp",
    "PushNotifications",
    "ReportingWebService",
    "Sts",
    "Compliance",
];

/// Reads HttpProxy logs of every protocol.
pub struct HttpProxy;

static ARTIFACT: Artifact = Artifact {
    name: "exchange.httpproxy",
    title: "Exchange HttpProxy log",
    density: Density::Busy,
    proves: "What the front end did with a request: the user it took it for, the back end it was sent to \
             (AnchorMailbox, TargetServer), both answers. Forged routing, as in CVE-2021-26855, shows here. \
             `#Version` gives the build that was running.",
    location: "%ExchangeInstallPath%\\Logging\\HttpProxy\\<Protocol>\\HttpProxy_*.LOG",
    source: "https://learn.microsoft.com/en-us/exchange/architecture/client-access/load-balancing",
};

static LAYOUT: Layout = Layout { artifact: &ARTIFACT, stream: stream_of, rows: RowKind::Plain };

impl Parser for HttpProxy {
    fn artifact(&self) -> &'static Artifact {
        &ARTIFACT
    }

    fn recognise(&self, head: &Head<'_>) -> bool {
        let header = Header::of(head);
        if !header.log_type.is_empty() {
            return header.log_type_starts("HttpProxy");
        }
        if !header.fields.is_empty() {
            return header.has(&["UrlStem", "AnchorMailbox", "ProxyAction"]);
        }
        // The start is missing: only the folder can tell, when the lines look right.
        path_has(head.path, "HttpProxy") && exchange_csv::starts_with_time(&header.first_row)
    }

    fn parse(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
        exchange_csv::parse(&LAYOUT, input, sink)
    }
}

/// The protocol, by the first row or else by the folder; spelled as the folder.
fn stream_of(identity: &Identity<'_>) -> String {
    let known = |name: &str| PROTOCOLS.iter().find(|protocol| protocol.eq_ignore_ascii_case(name));
    if !identity.protocol.is_empty() {
        return known(identity.protocol)
            .map_or_else(|| identity.protocol.to_owned(), |name| (*name).to_owned());
    }
    let mut parts = identity.path.rsplit(['/', '\\']).skip(1);
    parts.find_map(known).map_or_else(String::new, |name| (*name).to_owned())
}
