//! OABGenerator logs. Their layout is not described in public: lines are kept whole, and by column where a header
//! names columns. What is known is the sentence that Microsoft's own check looks for in them:
//! <https://github.com/microsoft/CSS-Exchange/blob/main/Security/src/Test-ProxyLogon.ps1>.

use vigie_model::Time;
use vigie_model::coverage::Density;
use vigie_model::evidence::Account;

use super::exchange_csv::{self, Header, Identity, Layout, RowKind, path_has};
use crate::{Artifact, Head, Input, Parser, Sink};

/// The whole line.
pub(crate) const DERIVED_FIELDS: &[&str] = &["Message"];

/// Reads OABGenerator logs.
pub struct OabGenerator;

static ARTIFACT: Artifact = Artifact {
    name: "exchange.oabgenerator",
    title: "Exchange offline address book generator log",
    density: Density::Sparse,
    proves: "Files downloaded to unusual places (CVE-2021-26858).",
    location: "%ExchangeInstallPath%\\Logging\\OABGeneratorLog\\*.log",
    source: "https://github.com/microsoft/CSS-Exchange/blob/main/Security/src/Test-ProxyLogon.ps1",
};

static LAYOUT: Layout = Layout { artifact: &ARTIFACT, stream: stream_of, rows: RowKind::Oab };

impl Parser for OabGenerator {
    fn artifact(&self) -> &'static Artifact {
        &ARTIFACT
    }

    fn recognise(&self, head: &Head<'_>) -> bool {
        let header = Header::of(head);
        let in_folder = path_has(head.path, "OABGeneratorLog");
        header.log_type.to_ascii_uppercase().contains("OAB") || (in_folder && is_text(head.bytes))
    }

    fn parse(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
        exchange_csv::parse(&LAYOUT, input, sink)
    }
}

fn stream_of(_: &Identity<'_>) -> String {
    String::new()
}

/// Whether the head holds lines of text in any of the encodings that are read.
fn is_text(head: &[u8]) -> bool {
    let sample = head.get(..1_024).unwrap_or(head);
    let controls =
        sample.iter().filter(|byte| **byte < 0x20 && !matches!(**byte, b'\t' | b'\n' | b'\r' | 0)).count();
    let is_wide = matches!(sample, [0xff, 0xfe, ..] | [0xfe, 0xff, ..])
        || matches!(sample, [first, 0, ..] if *first >= 0x20);
    controls == 0 && (is_wide || !sample.contains(&0)) && !sample.is_empty()
}

/// The time that a line begins with, if it does.
pub(crate) fn time_of(line: &str) -> Option<Time> {
    let line = line.trim_start_matches(['"', '[', ' ']);
    let token = line.split([',', '\t', ']', '"', ';']).next().unwrap_or_default().trim_end();
    let short = line.get(..19);
    Time::parse(token.as_bytes()).or_else(|| {
        let word = token.split(' ').next().unwrap_or_default();
        Time::parse(word.as_bytes()).or_else(|| Time::parse(short?.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_at_the_beginning_of_a_line() {
        let expected = Time::parse(b"2021-03-03T05:12:44Z");
        for line in [
            "2021-03-03T05:12:44Z,MAIL01,text",
            "2021-03-03T05:12:44.000Z text",
            "[2021-03-03 05:12:44] text",
            "2021-03-03 05:12:44 text",
            "\"2021-03-03T05:12:44\",x",
        ] {
            assert_eq!(time_of(line), expected, "{line}");
        }
        assert_eq!(time_of("text 2021-03-03T05:12:44Z"), None);
    }
}
