//! What was typed into PowerShell: `ConsoleHost_history.txt`, one file a user, no times.
//!
//! Written by `PSReadLine` (<https://learn.microsoft.com/en-us/powershell/module/psreadline/about/about_psreadline>): a command a line; in one of
//! several lines each but the last ends with a backtick. Nothing in such a file says what it is but its name.

use std::ops::ControlFlow;

use vigie_model::batch::Position;
use vigie_model::coverage::Density;
use vigie_model::evidence::Account;

use super::limit::Cuts;
use super::line_log::Refusal;
use super::line_reader::{self, LineReader};
use super::table::{Layout, Table};
use super::text_file::name_of;
use crate::{Artifact, Head, Input, Parser, Sink};

/// Bytes of one command that are kept.
const COMMAND_BYTES_MAX: usize = 256 * 1024;

/// Reads the history of PowerShell.
#[derive(Clone, Copy, Debug)]
pub struct PowerShellHistory;

static ARTIFACT: Artifact = Artifact {
    name: "powershell.history",
    title: "PowerShell history (ConsoleHost_history.txt)",
    density: Density::State,
    proves: "Commands that were typed by a user, in order and without times: those of an intruder who worked in a console.",
    location: r"C:\Users\*\AppData\Roaming\Microsoft\Windows\PowerShell\PSReadLine\ConsoleHost_history.txt",
    source: "https://learn.microsoft.com/en-us/powershell/module/psreadline/about/about_psreadline",
};

static LAYOUT: Layout =
    Layout { artifact: "powershell.history", stream: "", fields: &["CommandLine", "User"] };

impl Parser for PowerShellHistory {
    fn artifact(&self) -> &'static Artifact {
        &ARTIFACT
    }

    fn recognise(&self, head: &Head<'_>) -> bool {
        let name = name_of(head.path);
        let is_text = !head.bytes.contains(&0) || head.bytes.starts_with(&[0xff, 0xfe]);
        name.ends_with("_history.txt")
            && (name.contains("host") || head.path.to_ascii_lowercase().contains("psreadline"))
            && is_text
    }

    fn parse(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
        let user = user_of(input.path);
        let mut history = History { table: Table::new(&LAYOUT), user, open: None, cuts: Cuts::default() };
        let account = line_reader::read(&mut history, input, sink);
        history.cuts.say(sink);
        account
    }
}

/// The user in whose profile a file lies.
fn user_of(path: &str) -> String {
    let parts: Vec<&str> = path.split(['\\', '/']).collect();
    let at = parts.iter().position(|part| part.eq_ignore_ascii_case("users"));
    let user = at.and_then(|at| parts.get(at.checked_add(1)?));
    user.map_or_else(String::new, |user| (*user).to_owned())
}

struct History {
    table: Table,
    user: String,
    /// A command that goes on.
    open: Option<(String, Position)>,
    cuts: Cuts,
}

impl LineReader for History {
    fn line(
        &mut self,
        line: &str,
        position: Position,
        sink: &mut dyn Sink,
    ) -> Result<ControlFlow<()>, Refusal> {
        let (mut command, position) = self.open.take().unwrap_or((String::new(), position));
        let goes_on = line.ends_with('`');
        let piece = line.strip_suffix('`').unwrap_or(line);
        self.cuts.push(&mut command, piece, COMMAND_BYTES_MAX, position.number);
        if goes_on {
            self.cuts.push(&mut command, "\n", COMMAND_BYTES_MAX, position.number);
            self.open = Some((command, position));
            return Ok(ControlFlow::Continue(()));
        }
        Ok(self.give(&command, position, sink))
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        let flow = match self.open.take() {
            Some((command, position)) => self.give(&command, position, sink),
            None => ControlFlow::Continue(()),
        };
        // Nothing is left to read, whether the receiver wants more or not.
        let _stopped = flow.is_continue().then(|| self.table.finish(sink));
    }
}

impl History {
    fn give(&mut self, command: &str, position: Position, sink: &mut dyn Sink) -> ControlFlow<()> {
        self.table.push(None, position, &[Some(command), Some(&self.user)], sink)
    }
}
