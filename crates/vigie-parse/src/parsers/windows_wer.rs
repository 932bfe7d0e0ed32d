//! Windows Error Reporting: `Report.wer`, what a program was when it crashed or hung.
//!
//! Not described by Microsoft; lines of `name=value` in UTF-16, as <https://artefacts.help/windows_wer.html> tells. One event for a file. The
//! modules that were loaded are in it: code that was injected into the web server, or a module that was removed since, can stand there.

use std::ops::ControlFlow;

use vigie_model::Time;
use vigie_model::batch::Position;
use vigie_model::coverage::Density;
use vigie_model::evidence::Account;

use super::limit::Cuts;
use super::line_log::Refusal;
use super::line_reader::{self, LineReader};
use super::lines::head_lines;
use super::little_endian::filetime;
use super::table::{Layout, Table};
use crate::{Artifact, Head, Input, Parser, Sink};

/// Lines of the head among which the type of the event must stand.
const HEAD_LINES: usize = 8;
/// Parts of the signature that are kept; Windows writes ten.
const SIGNATURE_MAX: usize = 32;
/// Modules of one report that are kept.
const MODULES_MAX: usize = 2_000;

/// Reads crash reports.
#[derive(Clone, Copy, Debug)]
pub struct ErrorReport;

static ARTIFACT: Artifact = Artifact {
    name: "windows.wer",
    title: "Windows error report (Report.wer)",
    density: Density::Sparse,
    proves: "That a program crashed or hung, when, and which modules it had loaded: attacks on a service often crash it once, and a \
             module that was removed since can stand there.",
    location: r"C:\ProgramData\Microsoft\Windows\WER\ReportArchive\*\Report.wer, ReportQueue",
    source: "https://learn.microsoft.com/en-us/windows/win32/wer/windows-error-reporting",
};

static LAYOUT: Layout = Layout {
    artifact: "windows.wer",
    stream: "",
    fields: &["EventType", "AppName", "AppPath", "OriginalFilename", "Signature", "Module"],
};

impl Parser for ErrorReport {
    fn artifact(&self) -> &'static Artifact {
        &ARTIFACT
    }

    fn recognise(&self, head: &Head<'_>) -> bool {
        let lines = head_lines(head.bytes, HEAD_LINES);
        let has = |name: &str| lines.iter().any(|line| line.starts_with(name));
        has("Version=") && has("EventType=")
    }

    fn parse(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
        let mut report = Report::new();
        let account = line_reader::read(&mut report, input, sink);
        report.cuts.say(sink);
        account
    }
}

struct Report {
    table: Table,
    time: Option<Time>,
    kind: String,
    name: String,
    path: String,
    original: String,
    signature: Vec<String>,
    modules: Vec<(String, Position)>,
    position: Position,
    cuts: Cuts,
}

impl Report {
    fn new() -> Report {
        Report {
            table: Table::new(&LAYOUT),
            time: None,
            kind: String::new(),
            name: String::new(),
            path: String::new(),
            original: String::new(),
            signature: Vec::new(),
            modules: Vec::new(),
            position: Position { number: 1, offset: 0 },
            cuts: Cuts::default(),
        }
    }

    fn row<'r>(&'r self, signature: &'r str, module: Option<&'r str>) -> [Option<&'r str>; 6] {
        let some = |text: &'r str| Some(text).filter(|text| !text.is_empty());
        [some(&self.kind), some(&self.name), some(&self.path), some(&self.original), some(signature), module]
    }
}

impl LineReader for Report {
    fn line(
        &mut self,
        line: &str,
        position: Position,
        _sink: &mut dyn Sink,
    ) -> Result<ControlFlow<()>, Refusal> {
        let Some((name, value)) = line.split_once('=') else { return Ok(ControlFlow::Continue(())) };
        let field = match name {
            "EventTime" => {
                self.time = value.parse().ok().and_then(filetime);
                return Ok(ControlFlow::Continue(()));
            }
            "EventType" => &mut self.kind,
            "AppName" => &mut self.name,
            "AppPath" => &mut self.path,
            "OriginalFilename" => &mut self.original,
            _ => {
                let at = position.number;
                if name.starts_with("LoadedModule[")
                    && self.cuts.has_room(self.modules.len(), MODULES_MAX, at)
                {
                    self.modules.push((self.cuts.context(value, at), position));
                } else if name.starts_with("Sig[")
                    && name.ends_with(".Value")
                    && self.cuts.has_room(self.signature.len(), SIGNATURE_MAX, at)
                {
                    self.signature.push(self.cuts.context(value, at));
                }
                return Ok(ControlFlow::Continue(()));
            }
        };
        *field = self.cuts.context(value, position.number);
        Ok(ControlFlow::Continue(()))
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        let mut table = std::mem::replace(&mut self.table, Table::new(&LAYOUT));
        let signature = self.signature.join(", ");
        let mut flow = table.push(self.time, self.position, &self.row(&signature, None), sink);
        for (module, position) in &self.modules {
            if flow.is_continue() {
                flow = table.push(self.time, *position, &self.row("", Some(module)), sink);
            }
        }
        // Nothing is left to read, whether the receiver wants more or not.
        let _stopped = flow.is_continue().then(|| table.finish(sink));
    }
}
