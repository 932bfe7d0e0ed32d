//! What logs of one event a line share: blocks of lines, rows handed over in time, every byte accounted for.

use std::ops::ControlFlow;

use vigie_model::Time;
use vigie_model::diagnostic::Code;
use vigie_model::evidence::Account;

use super::lines::{Block, Line, Lines};
use super::rows::Rows;
use crate::{Input, Sink};

/// A log while it is read, line by line.
pub(crate) trait LineLog {
    /// The rows of the present header, once there is one.
    fn rows(&mut self) -> Option<&mut Rows>;

    /// Whether lines of the present header can be told by a glance at all.
    fn can_glance(&self) -> bool;

    /// The time of a line that is an event like the others and of which nothing else is needed; `None` when the line
    /// must be read in full.
    fn glance(&mut self, line: &str) -> Option<Time>;

    /// Reads a line in full. Rows of an old header are handed over, which may end the reading.
    fn read_line(
        &mut self,
        line: &Line,
        text: &mut String,
        sink: &mut dyn Sink,
    ) -> Result<ControlFlow<()>, Refusal>;

    /// Hands the rows over that were read so far.
    fn flush(&mut self, text: &mut String, sink: &mut dyn Sink) -> ControlFlow<()>;
}

/// Why a line gives no row.
pub(crate) struct Refusal {
    code: Code,
    message: String,
}

impl Refusal {
    /// Tells it, with its place and the bytes it costs.
    pub(crate) fn say(&self, place: &str, bytes: u64, sink: &mut dyn Sink) {
        sink.diagnostic(self.code, place, &self.message, bytes);
    }
}

/// A refusal.
pub(crate) fn refuse(code: Code, message: impl Into<String>) -> Refusal {
    Refusal { code, message: message.into() }
}

/// A line as a person finds it.
pub(crate) fn place(line: &Line) -> String {
    format!("line {}", line.number)
}

/// Reads a log to its end.
pub(crate) fn parse(log: &mut impl LineLog, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
    let mut account = Account::default();
    let mut lines = Lines::new();
    while let Some(mut block) = lines.next(input, sink, &mut account) {
        let flow = read_block(log, &mut block, sink, &mut account);
        lines.reuse(block);
        if flow.is_break() {
            lines.abandon(&mut account);
            break;
        }
    }
    account
}

fn read_block(
    log: &mut impl LineLog,
    block: &mut Block,
    sink: &mut dyn Sink,
    account: &mut Account,
) -> ControlFlow<()> {
    let Block { text, lines } = block;
    if log.can_glance()
        && let Some(rows) = log.rows()
    {
        rows.skim(text, sink);
    }
    let mut flow = ControlFlow::Continue(());
    for line in lines.iter() {
        let size = u64::from(line.size);
        if flow.is_break() {
            account.rejected_bytes = account.rejected_bytes.saturating_add(size);
            continue;
        }
        if is_passed(log, line, text) {
            account.parsed_bytes = account.parsed_bytes.saturating_add(size);
        } else {
            match log.read_line(line, text, sink) {
                Ok(after) => {
                    flow = after;
                    account.parsed_bytes = account.parsed_bytes.saturating_add(size);
                }
                Err(refusal) => {
                    account.rejected_bytes = account.rejected_bytes.saturating_add(size);
                    sink.diagnostic(refusal.code, &place(line), &refusal.message, size);
                }
            }
        }
        if log.rows().is_some_and(|rows| rows.is_full()) {
            flow = log.flush(text, sink);
        }
    }
    if flow.is_continue() { log.flush(text, sink) } else { flow }
}

/// Whether a line was passed over: no rule can match it, and it is an event like the others.
#[inline]
fn is_passed(log: &mut impl LineLog, line: &Line, text: &str) -> bool {
    if log.rows().is_none_or(|rows| rows.needs(line)) {
        return false;
    }
    let Some(time) = log.glance(line.of(text)) else { return false };
    if let Some(rows) = log.rows() {
        rows.pass(time);
    }
    true
}
