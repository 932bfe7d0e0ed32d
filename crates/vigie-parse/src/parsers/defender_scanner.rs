//! The log of Microsoft's Safety Scanner (`msert.log`) and Malicious Software Removal Tool (`mrt.log`): what each scan found.
//!
//! Described at <https://learn.microsoft.com/en-us/defender-endpoint/safety-scanner-download>. Runs are appended to one file. Its clock is local
//! time without a zone; a threat has the time at which its scan began.

use std::ops::ControlFlow;

use vigie_model::Time;
use vigie_model::batch::Position;
use vigie_model::coverage::Density;
use vigie_model::evidence::{Account, Fact, FactKind};

use super::limit::Cuts;
use super::line_log::Refusal;
use super::line_reader::{self, LineReader};
use super::lines::head_lines;
use super::local_time;
use super::table::{Layout, Table};
use crate::{Artifact, Head, Input, Parser, Sink};

/// Lines of the head among which a scan must begin.
const HEAD_LINES: usize = 12;
/// What the programs call themselves.
const PROGRAMS: &[(&str, &str)] = &[
    ("Microsoft Safety Scanner", "MSERT"),
    ("Microsoft Windows Malicious Software Removal Tool", "MRT"),
    ("Windows Malicious Software Removal Tool", "MRT"),
];
/// Ways in which a resource is written; `file://` and the like.
const SCHEME: &str = "://";

/// Reads `msert.log`.
#[derive(Clone, Copy, Debug)]
pub struct DefenderScanner;

static ARTIFACT: Artifact = Artifact {
    name: "defender.scanner",
    title: "Log of Microsoft Safety Scanner (MSERT) and MRT",
    density: Density::Sparse,
    proves: "That the server was scanned, when, and what was found: web shells by name and path, even those that were \
             removed since. A scan without a find proves little.",
    location: r"C:\Windows\debug\msert.log, msert.old.log, mrt.log",
    source: "https://learn.microsoft.com/en-us/defender-endpoint/safety-scanner-download",
};

static DETECTIONS: Layout = Layout {
    artifact: "defender.scanner",
    stream: "Detection",
    fields: &["ThreatName", "Path", "Action", "Outcome", "Tool"],
};
static SCANS: Layout = Layout {
    artifact: "defender.scanner",
    stream: "Scan",
    fields: &["Tool", "Version", "Signatures", "RunMode", "Result", "ReturnCode"],
};

impl Parser for DefenderScanner {
    fn artifact(&self) -> &'static Artifact {
        &ARTIFACT
    }

    fn recognise(&self, head: &Head<'_>) -> bool {
        let lines = head_lines(head.bytes, HEAD_LINES);
        lines.iter().any(|line| tool_of(line).is_some())
            && lines.iter().any(|line| line.trim_start().starts_with("Started On "))
    }

    fn parse(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
        let mut scans = Scans {
            detections: Table::new(&DETECTIONS),
            runs: Table::new(&SCANS),
            scan: Scan::default(),
            threat: None,
            cuts: Cuts::default(),
        };
        let account = line_reader::read(&mut scans, input, sink);
        scans.cuts.say(sink);
        account
    }
}

/// `Microsoft Safety Scanner v1.333, (build 1.333.600.0)`: tool and version.
fn tool_of(line: &str) -> Option<(&'static str, &str)> {
    let line = line.trim_start();
    PROGRAMS.iter().find_map(|(name, tool)| {
        let rest = line.strip_prefix(name)?.trim_start();
        Some((*tool, rest.strip_prefix('v')?.split(',').next()?.trim()))
    })
}

struct Scans {
    detections: Table,
    runs: Table,
    scan: Scan,
    threat: Option<Threat>,
    cuts: Cuts,
}

/// A scan as far as it was read.
#[derive(Default)]
struct Scan {
    position: Position,
    time: Option<Time>,
    tool: &'static str,
    version: String,
    signatures: String,
    mode: String,
    result: Vec<String>,
    in_summary: bool,
}

/// Lines of a summary that are kept.
const SUMMARY_LINES_MAX: usize = 200;

/// A threat whose files follow.
struct Threat {
    name: String,
    outcome: String,
    action: String,
    position: Position,
    has_path: bool,
}

impl LineReader for Scans {
    fn line(
        &mut self,
        line: &str,
        position: Position,
        sink: &mut dyn Sink,
    ) -> Result<ControlFlow<()>, Refusal> {
        let text = line.trim();
        let mut flow = ControlFlow::Continue(());
        if let Some((tool, version)) = tool_of(text) {
            flow = self.close_scan("", sink);
            self.scan = Scan { position, tool, version: version.to_owned(), ..Scan::default() };
        } else if let Some(rest) = text.strip_prefix("Started On ") {
            self.scan.time = local_time::of_words(rest);
            local_time::say(&format!("line {}", position.number), sink);
        } else if let Some(rest) = text.strip_prefix("Signatures: ") {
            rest.clone_into(&mut self.scan.signatures);
        } else if let Some(rest) = text.strip_prefix("Run Mode: ") {
            rest.clone_into(&mut self.scan.mode);
        } else if let Some(rest) = strip_prefix_any_case(text, "threat detected: ") {
            flow = self.close_threat(sink);
            self.threat = Some(threat(rest, position, &mut self.cuts));
        } else if text.starts_with("Results Summary") {
            flow = self.close_threat(sink);
            self.scan.in_summary = true;
        } else if let Some(code) = text.strip_prefix("Return code: ") {
            flow = self.close_scan(code, sink);
        } else if self.threat.is_some() {
            flow = self.add(text, sink);
        } else if self.scan.in_summary
            && !text.starts_with("---")
            && self.cuts.has_room(self.scan.result.len(), SUMMARY_LINES_MAX, position.number)
        {
            self.scan.result.push(self.cuts.context(text, position.number));
        }
        Ok(flow)
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        // Nothing is left to read, whether the receiver wants more or not.
        let _stopped = self.finish(sink);
    }
}

fn strip_prefix_any_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// `Exploit:ASP/CVE-2021-27065.B!dha, partially removed.`
fn threat(text: &str, position: Position, cuts: &mut Cuts) -> Threat {
    let (name, outcome) = text.split_once(',').unwrap_or((text, ""));
    Threat {
        // Each of its files is an event that holds them.
        name: cuts.context(name.trim(), position.number),
        outcome: cuts.context(outcome.trim().trim_end_matches('.'), position.number),
        action: String::new(),
        position,
        has_path: false,
    }
}

/// `file://C:\inetpub\wwwroot\x.aspx`: the path of a resource.
fn resource_of(text: &str) -> Option<&str> {
    let (scheme, path) = text.split_once(SCHEME)?;
    let is_scheme = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_scheme.then_some(path)
}

impl Scans {
    fn finish(&mut self, sink: &mut dyn Sink) -> ControlFlow<()> {
        self.close_scan("", sink)?;
        self.detections.finish(sink)?;
        self.runs.finish(sink)
    }

    /// A line below a threat: one of its resources, or what was done about those that follow.
    fn add(&mut self, text: &str, sink: &mut dyn Sink) -> ControlFlow<()> {
        if let Some(path) = resource_of(text) {
            return self.give_threat(path, sink);
        }
        if let (Some(action), Some(threat)) = (text.strip_prefix("Action: "), &mut self.threat) {
            threat.action = self.cuts.context(action, threat.position.number);
        }
        ControlFlow::Continue(())
    }

    fn give_threat(&mut self, path: &str, sink: &mut dyn Sink) -> ControlFlow<()> {
        let Some(threat) = &mut self.threat else { return ControlFlow::Continue(()) };
        threat.has_path = true;
        let values = [
            Some(threat.name.as_str()),
            Some(path).filter(|path| !path.is_empty()),
            Some(threat.action.as_str()),
            Some(threat.outcome.as_str()),
            Some(self.scan.tool),
        ];
        self.detections.push(self.scan.time, threat.position, &values, sink)
    }

    /// A threat of which no file was named is an event all the same.
    fn close_threat(&mut self, sink: &mut dyn Sink) -> ControlFlow<()> {
        let flow = match &self.threat {
            Some(threat) if !threat.has_path => self.give_threat("", sink),
            Some(_) | None => ControlFlow::Continue(()),
        };
        self.threat = None;
        flow
    }

    fn close_scan(&mut self, code: &str, sink: &mut dyn Sink) -> ControlFlow<()> {
        let flow = self.close_threat(sink);
        let scan = std::mem::take(&mut self.scan);
        if scan.tool.is_empty() || flow.is_break() {
            return flow;
        }
        if scan.tool == "MSERT" {
            let place = format!("line {}", scan.position.number);
            sink.fact(Fact { kind: FactKind::ToolRun, value: scan.tool.to_owned(), time: scan.time, place });
        }
        let result = scan.result.join("; ");
        let values = [
            Some(scan.tool),
            Some(scan.version.as_str()),
            Some(scan.signatures.as_str()),
            Some(scan.mode.as_str()),
            Some(result.as_str()),
            Some(code).filter(|code| !code.is_empty()),
        ];
        self.runs.push(scan.time, scan.position, &values, sink)
    }
}
