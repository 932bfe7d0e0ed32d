//! Text that is read line by line, whatever it is: every byte accounted for, a line that means nothing named.

use std::ops::ControlFlow;

use vigie_model::batch::Position;
use vigie_model::evidence::Account;

use super::line_log::Refusal;
use super::lines::Lines;
use crate::{Input, Sink};

/// Takes the lines of a file in order.
pub(crate) trait LineReader {
    /// A line, without its end; an error when it fits nothing.
    fn line(
        &mut self,
        line: &str,
        position: Position,
        sink: &mut dyn Sink,
    ) -> Result<ControlFlow<()>, Refusal>;

    /// All lines were given: hands over what is left.
    fn end(&mut self, sink: &mut dyn Sink);
}

/// Gives a file to a reader, to its end or until the receiver wants no more.
pub(crate) fn read(reader: &mut dyn LineReader, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
    let mut account = Account::default();
    let mut lines = Lines::new();
    let mut flow = ControlFlow::Continue(());
    while let Some(block) = lines.next(input, sink, &mut account) {
        for line in &block.lines {
            let size = u64::from(line.size);
            if flow.is_break() {
                account.rejected_bytes = account.rejected_bytes.saturating_add(size);
                continue;
            }
            let position = Position { number: line.number, offset: line.offset };
            match reader.line(line.of(&block.text), position, sink) {
                Ok(next) => {
                    flow = next;
                    account.parsed_bytes = account.parsed_bytes.saturating_add(size);
                }
                Err(refusal) => {
                    account.rejected_bytes = account.rejected_bytes.saturating_add(size);
                    refusal.say(&format!("line {}", line.number), size, sink);
                }
            }
        }
        lines.reuse(block);
        if flow.is_break() {
            lines.abandon(&mut account);
            return account;
        }
    }
    reader.end(sink);
    account
}
