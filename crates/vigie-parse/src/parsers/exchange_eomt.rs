//! What Microsoft's mitigation tools for Exchange wrote: `EOMT.log`, `EOMTv2.log` and their summaries.
//!
//! Layout after the tools' own source, `yyyy-MM-dd HH:mm:ss Level: text` in local time:
//! <https://github.com/microsoft/CSS-Exchange/blob/main/Security/src/EOMTv2.ps1>. A summary has no times.

use std::ops::ControlFlow;

use vigie_model::Time;
use vigie_model::batch::Position;
use vigie_model::coverage::Density;
use vigie_model::diagnostic::Code;
use vigie_model::evidence::{Account, Fact, FactKind};

use super::line_log::{Refusal, refuse};
use super::line_reader::{self, LineReader};
use super::lines::head_lines;
use super::local_time;
use super::table::{Layout, Table};
use super::text_file::name_of;
use crate::{Artifact, Head, Input, Parser, Sink};

/// Lines of the head among which the tool names itself.
const HEAD_LINES: usize = 60;

/// Reads the logs of EOMT.
#[derive(Clone, Copy, Debug)]
pub struct Eomt;

static ARTIFACT: Artifact = Artifact {
    name: "exchange.eomt",
    title: "Log and summary of Microsoft's mitigation tool (EOMT, EOMTv2)",
    density: Density::Sparse,
    proves: "That the tool was run and when, whether its mitigation was put in place or failed, and what its scan removed.",
    location: r"%TEMP%\EOMTv2\EOMTv2.log, %TEMP%\msert\EOMT.log, C:\EOMTSummary.txt, C:\EOMTv2Summary.txt",
    source: "https://github.com/microsoft/CSS-Exchange/tree/main/Security/src",
};

static LAYOUT: Layout =
    Layout { artifact: "exchange.eomt", stream: "", fields: &["Level", "Message", "Tool"] };

impl Parser for Eomt {
    fn artifact(&self) -> &'static Artifact {
        &ARTIFACT
    }

    fn recognise(&self, head: &Head<'_>) -> bool {
        let lines = head_lines(head.bytes, HEAD_LINES);
        let names_it = lines.iter().any(|line| line.contains("EOMT"));
        let is_summary = lines.first().is_some_and(|line| line.trim().ends_with("mitigation summary"));
        let is_named = name_of(head.path).starts_with("eomt");
        (names_it || is_named) && (is_summary || lines.iter().any(|line| stamped(line).is_some()))
    }

    fn parse(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
        let mut log = Log { table: Table::new(&LAYOUT), tool: "EOMT", is_summary: false, runs: 0, lines: 0 };
        line_reader::read(&mut log, input, sink)
    }
}

struct Log {
    table: Table,
    tool: &'static str,
    /// Whether the file is a summary: text without times.
    is_summary: bool,
    /// Runs that were told of.
    runs: usize,
    /// Events since the run was told of.
    lines: usize,
}

/// Runs of the tool that are told of in one file.
const RUNS_MAX: usize = 100;
/// Steps that the tool logs before it says that it starts: it looks for a newer version of itself.
const STEPS_BEFORE_START: usize = 8;

/// `2021-03-15 10:11:12 Info: text`.
fn stamped(line: &str) -> Option<(Time, &str, &str)> {
    let (stamp, rest) = line.split_at_checked(19)?;
    let time = Time::parse(stamp.as_bytes()).filter(|_| stamp.contains(' '))?;
    let (level, message) = rest.strip_prefix(' ')?.split_once(':')?;
    let is_level = matches!(level, "Info" | "Notice" | "Error" | "Warning" | "Verbose");
    is_level.then(|| (time, level, message.trim()))
}

impl LineReader for Log {
    fn line(
        &mut self,
        line: &str,
        position: Position,
        sink: &mut dyn Sink,
    ) -> Result<ControlFlow<()>, Refusal> {
        let place = format!("line {}", position.number);
        if line.contains("EOMTv2") {
            self.tool = "EOMTv2";
        }
        if line.trim().ends_with("mitigation summary") {
            self.is_summary = true;
            self.run(None, &place, sink);
        }
        let stamp = stamped(line);
        if stamp.is_none() && !self.is_summary {
            // Exceptions go over several lines; what stands before any event does not belong here.
            return if self.runs > 0 {
                Ok(self.table.push(None, position, &[None, Some(line.trim()), Some(self.tool)], sink))
            } else {
                Err(refuse(Code::NoHeader, "a line before the first one with a time"))
            };
        }
        let Some((time, level, message)) = stamp else {
            return Ok(self.table.push(None, position, &[None, Some(line.trim()), Some(self.tool)], sink));
        };
        // A log begins before the line that says so; what came first is the run itself.
        if self.runs == 0 || (message.starts_with("Starting EOMT") && self.lines > STEPS_BEFORE_START) {
            self.lines = 0;
            local_time::say(&place, sink);
            self.run(Some(time), &place, sink);
        }
        self.lines = self.lines.saturating_add(1);
        Ok(self.table.push(Some(time), position, &[Some(level), Some(message), Some(self.tool)], sink))
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        let _stopped = self.table.finish(sink);
    }
}

impl Log {
    fn run(&mut self, time: Option<Time>, place: &str, sink: &mut dyn Sink) {
        self.runs = self.runs.saturating_add(1);
        if self.runs <= RUNS_MAX {
            sink.fact(Fact {
                kind: FactKind::ToolRun,
                value: self.tool.to_owned(),
                time,
                place: place.to_owned(),
            });
        } else if self.runs == RUNS_MAX.saturating_add(1) {
            let message = format!("more than the {RUNS_MAX} runs that are told of");
            sink.diagnostic(Code::LimitReached, place, &message, 0);
        }
    }
}
