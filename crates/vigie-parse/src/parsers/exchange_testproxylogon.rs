//! What Microsoft's `Test-ProxyLogon.ps1` found: CSV files named `<host>-Cve-2021-26855.csv` and the like.
//!
//! Columns after the script: <https://github.com/microsoft/CSS-Exchange/blob/main/Security/src/Test-ProxyLogon.ps1>. The rows of the first two flaws are
//! rows of the HttpProxy logs, in fewer columns: where the logs are gone, these are what is left of them. Exports of PowerShell may begin with
//! a line that names a type.

use vigie_model::coverage::Density;
use vigie_model::evidence::Account;

use super::exchange_csv::{self, Header, Identity, Layout, RowKind};
use super::lines::head_lines;
use super::text_file::name_of;
use crate::{Artifact, Head, Input, Parser, Sink};

/// Reads the result files of `Test-ProxyLogon.ps1`.
#[derive(Clone, Copy, Debug)]
pub struct TestProxyLogon;

static ARTIFACT: Artifact = Artifact {
    name: "exchange.testproxylogon",
    title: "Results of Microsoft's Test-ProxyLogon script",
    density: Density::Sparse,
    proves: "Requests that abused CVE-2021-26855 and CVE-2021-27065, by the rows of logs that may be gone since; archives and memory \
             dumps that lay on the server.",
    location: r"<HOST>-Cve-2021-*.csv, <HOST>-other.csv, where the script was run",
    source: "https://github.com/microsoft/CSS-Exchange/blob/main/docs/Security/Test-ProxyLogon.md",
};

static LAYOUT: Layout = Layout { artifact: &ARTIFACT, stream: stream_of, rows: RowKind::Results };

/// Kinds of results, by columns that all of a kind have.
static KINDS: &[(&str, &[&str])] = &[
    ("HttpProxy", &["DateTime", "AnchorMailbox", "UrlStem", "HttpStatus"]),
    ("Suspicious", &["ComputerName", "Type", "Path", "Name", "LastWrite"]),
];

impl Parser for TestProxyLogon {
    fn artifact(&self) -> &'static Artifact {
        &ARTIFACT
    }

    fn recognise(&self, head: &Head<'_>) -> bool {
        let name = name_of(head.path);
        let is_named = host_bytes(&name).is_some();
        let lines = head_lines(head.bytes, 2);
        let header = lines.iter().find(|line| !line.starts_with('#'));
        let header = header.map(|line| line.replace('"', "")).unwrap_or_default();
        let columns: Vec<&str> = header.split(',').map(str::trim).collect();
        let has = |wanted: &[&str]| {
            wanted.iter().all(|name| columns.iter().any(|column| column.eq_ignore_ascii_case(name)))
        };
        // A whole HttpProxy log has some seventy columns, and says what it is.
        is_named
            && columns.len() < 20
            && KINDS.iter().any(|(_, columns)| has(columns))
            && !Header::of(head).is_exchange
    }

    fn parse(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
        exchange_csv::parse(&LAYOUT, input, sink)
    }
}

/// The kind, by the name of the file: every kind has its own.
fn stream_of(identity: &Identity<'_>) -> String {
    let name = name_of(identity.path);
    let kind = if name.ends_with("-other.csv") { "Suspicious" } else { "HttpProxy" };
    kind.to_owned()
}

/// How many bytes of a file's name, in lower case, are the server's; `None` of a name that the script does not give.
fn host_bytes(name: &str) -> Option<usize> {
    name.find("-cve-2021-2").or_else(|| name.strip_suffix("-other.csv").map(str::len))
}

/// The server by the name of a file: the script puts it first.
pub(super) fn host_of(path: &str) -> Option<&str> {
    let name = path.rsplit(['\\', '/']).next()?;
    name.get(..host_bytes(&name_of(path))?).map(str::trim).filter(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::host_of;

    #[test]
    fn the_server_in_the_name() {
        assert_eq!(host_of(r"C:\out\MAIL01-Cve-2021-26855.csv"), Some("MAIL01"));
        assert_eq!(host_of("out/ex-mail-2.corp.example-other.csv"), Some("ex-mail-2.corp.example"));
        assert_eq!((host_of("-Cve-2021-27065.csv"), host_of("x-other.csv.txt")), (None, None));
    }
}
