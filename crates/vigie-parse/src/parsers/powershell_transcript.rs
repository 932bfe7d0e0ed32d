//! Transcripts of PowerShell sessions: who ran what on which computer, and what it printed.
//!
//! Described at <https://learn.microsoft.com/en-us/powershell/module/microsoft.powershell.host/start-transcript>. The header is in the language of
//! the system; what is read of it by its English names is told by its place elsewhere. Times are local, without a zone.

use std::ops::ControlFlow;

use vigie_model::Time;
use vigie_model::batch::Position;
use vigie_model::coverage::Density;
use vigie_model::evidence::Account;

use super::limit::Cuts;
use super::line_log::Refusal;
use super::line_reader::{self, LineReader};
use super::lines::head_lines;
use super::local_time;
use super::table::{Layout, Table};
use super::text_file::name_of;
use crate::{Artifact, Head, Input, Parser, Sink};

/// Bytes of what a command printed that are kept.
const OUTPUT_BYTES_MAX: usize = 64 * 1024;
/// Stars that frame a header, at least.
const STARS_MIN: usize = 15;

/// Reads transcripts.
#[derive(Clone, Copy, Debug)]
pub struct PowerShellTranscript;

static ARTIFACT: Artifact = Artifact {
    name: "powershell.transcript",
    title: "PowerShell transcript",
    density: Density::Sparse,
    proves: "Commands of a session with what they printed, the user and the program that ran them.",
    location: r"PowerShell_transcript.*.txt, in Documents or where policy puts them",
    source: "https://learn.microsoft.com/en-us/powershell/module/microsoft.powershell.host/start-transcript",
};

static LAYOUT: Layout = Layout {
    artifact: "powershell.transcript",
    stream: "",
    fields: &["CommandLine", "Output", "User", "RunAsUser", "Machine", "HostApplication"],
};

impl Parser for PowerShellTranscript {
    fn artifact(&self) -> &'static Artifact {
        &ARTIFACT
    }

    fn recognise(&self, head: &Head<'_>) -> bool {
        let lines = head_lines(head.bytes, 4);
        let is_framed = lines.first().is_some_and(|line| is_frame(line));
        let title = lines.get(1).map(|line| line.to_ascii_lowercase()).unwrap_or_default();
        let is_titled = title.contains("transcript") || title.contains("powershell");
        is_framed && (is_titled || name_of(head.path).starts_with("powershell_transcript"))
    }

    fn parse(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
        let mut session = Session {
            table: Table::new(&LAYOUT),
            place: Place::Text,
            header: Header::default(),
            time: None,
            command: None,
            cuts: Cuts::default(),
        };
        let account = line_reader::read(&mut session, input, sink);
        session.cuts.say(sink);
        account
    }
}

fn is_frame(line: &str) -> bool {
    let line = line.trim();
    line.len() >= STARS_MIN && line.bytes().all(|byte| byte == b'*')
}

/// Where in a transcript a line stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Header,
    Text,
}

/// What the header says.
#[derive(Default)]
struct Header {
    user: String,
    run_as: String,
    machine: String,
    application: String,
    /// Lines of it that were read.
    lines: usize,
}

struct Command {
    line: String,
    output: String,
    time: Option<Time>,
    position: Position,
}

struct Session {
    table: Table,
    place: Place,
    header: Header,
    /// When the next command began, or else the session.
    time: Option<Time>,
    command: Option<Command>,
    cuts: Cuts,
}

impl LineReader for Session {
    fn line(
        &mut self,
        line: &str,
        position: Position,
        sink: &mut dyn Sink,
    ) -> Result<ControlFlow<()>, Refusal> {
        if is_frame(line) {
            // Between two frames stands the header, the time of a command, or the end.
            let flow = self.flush(sink);
            self.place = if self.place == Place::Text { Place::Header } else { Place::Text };
            if self.place == Place::Header {
                self.header.lines = 0;
            }
            return Ok(flow);
        }
        if self.place == Place::Header {
            self.read_header(line, position, sink);
            return Ok(ControlFlow::Continue(()));
        }
        if let Some(command) = command_of(line) {
            let flow = self.flush(sink);
            let line = command.to_owned();
            self.command = Some(Command { line, output: String::new(), time: self.time, position });
            return Ok(flow);
        }
        if let Some(command) = &mut self.command {
            self.cuts.push(&mut command.output, line, OUTPUT_BYTES_MAX, position.number);
            self.cuts.push(&mut command.output, "\n", OUTPUT_BYTES_MAX, position.number);
        }
        Ok(ControlFlow::Continue(()))
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        // Nothing is left to read, whether the receiver wants more or not.
        let _stopped = self.flush(sink).is_continue().then(|| self.table.finish(sink));
    }
}

/// What was typed behind a prompt: `PS C:\> whoami`, or `PS>whoami` of a session without a console.
fn command_of(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("PS").or_else(|| {
        let (host, rest) = line.strip_prefix('[')?.split_once("]: PS")?;
        (!host.is_empty()).then_some(rest)
    })?;
    let (place, command) = rest.split_once('>')?;
    let is_prompt = place.is_empty() || place.starts_with(' ');
    let command = command.trim_start_matches('>').trim();
    (is_prompt && !command.is_empty()).then_some(command)
}

impl Session {
    /// A line of a header: `Name: value`. The times have fourteen digits in every language.
    fn read_header(&mut self, line: &str, position: Position, sink: &mut dyn Sink) {
        let Some((name, value)) = line.split_once(':') else { return };
        let value = value.trim();
        if value.len() == 14 && value.bytes().all(|byte| byte.is_ascii_digit()) {
            self.time = local_time::of_digits(value).or(self.time);
            local_time::say(&format!("line {}", position.number), sink);
            return;
        }
        // Behind the time come user, run-as user, configuration name, machine, and the program, in this order.
        self.header.lines = self.header.lines.saturating_add(1);
        // It stands in the event of each command.
        let kept = self.cuts.context(value, position.number);
        let mut is_program = false;
        match name.trim().to_ascii_lowercase().as_str() {
            "username" => self.header.user = kept,
            "runas user" => self.header.run_as = kept,
            "machine" => self.header.machine = kept,
            "host application" => (is_program, self.header.application) = (true, kept),
            _ => match self.header.lines {
                1 if value.contains('\\') => self.header.user = kept,
                2 if value.contains('\\') => self.header.run_as = kept,
                _ if value.contains("(Microsoft Windows NT") => self.header.machine = kept,
                _ if value.to_ascii_lowercase().contains(".exe") => {
                    (is_program, self.header.application) = (true, kept);
                }
                _ => {}
            },
        }
        if is_program && !value.is_empty() {
            // The program's own command line is a command as well: it may hold all of it, encoded.
            self.command =
                Some(Command { line: value.to_owned(), output: String::new(), time: self.time, position });
        }
    }

    fn flush(&mut self, sink: &mut dyn Sink) -> ControlFlow<()> {
        let Some(command) = self.command.take() else { return ControlFlow::Continue(()) };
        let header = &self.header;
        let values = [
            Some(command.line.as_str()),
            Some(command.output.as_str()),
            Some(header.user.as_str()),
            Some(header.run_as.as_str()),
            Some(header.machine.as_str()),
            Some(header.application.as_str()),
        ];
        self.table.push(command.time, command.position, &values, sink)
    }
}
