//! Rows of text logs on their way into a batch: cells are spans of the block they were read from.

use std::ops::ControlFlow;
use std::sync::Arc;

use vigie_model::batch::{BATCH_ROWS, Position, Span};
use vigie_model::schema::Skim;
use vigie_model::time::Day;
use vigie_model::{EventBatch, Schema, Time};

use super::lines::Line;
use crate::Sink;

/// Rows of one schema, over the text of one block.
#[derive(Debug)]
pub(crate) struct Rows {
    batch: EventBatch,
    wanted: Vec<usize>,
    skim: Skim,
    /// Where something was marked in the block, ascending.
    marks: Vec<u32>,
    /// The first mark that no line was asked about yet.
    next_mark: usize,
}

/// Smaller blocks are not skimmed: most files of a collection are small, and preparing costs more than it saves.
const SKIM_BYTES_MIN: usize = 64 << 10;

impl Rows {
    /// No rows yet; asks the receiver which columns it reads.
    pub(crate) fn new(schema: Schema, sink: &mut dyn Sink) -> Rows {
        let wants = sink.wants(&schema);
        let count = schema.fields.len();
        let batch = EventBatch {
            schema: Arc::new(schema),
            text: String::new(),
            columns: vec![Vec::new(); count],
            times: Vec::new(),
            positions: Vec::new(),
            passed: Vec::new(),
        };
        let wanted = (0..count).filter(|index| wants.has(*index)).collect();
        Rows { batch, wanted, skim: Skim::ReadAll, marks: Vec::new(), next_mark: 0 }
    }

    /// Asks the receiver in which lines of a block it may see something.
    pub(crate) fn skim(&mut self, text: &str, sink: &mut dyn Sink) {
        self.marks.clear();
        self.next_mark = 0;
        self.skim = if text.len() < SKIM_BYTES_MIN {
            Skim::ReadAll
        } else {
            sink.skim(&self.batch.schema, text, &mut self.marks)
        };
    }

    /// Whether the receiver needs a line's values; lines are asked about in order.
    #[inline]
    pub(crate) fn needs(&mut self, line: &Line) -> bool {
        if self.skim == Skim::ReadAll {
            return true;
        }
        while self.marks.get(self.next_mark).is_some_and(|mark| *mark < line.start) {
            self.next_mark = self.next_mark.saturating_add(1);
        }
        self.marks.get(self.next_mark).is_some_and(|mark| *mark < line.end)
    }

    /// Passes over an event of which the receiver needs the time alone.
    #[inline]
    pub(crate) fn pass(&mut self, time: Time) {
        self.batch.passed.push(Some(time));
    }

    /// Adds a row; cells beyond the schema's fields are dropped, missing ones are null.
    pub(crate) fn push(&mut self, cells: &[Span], time: Option<Time>, position: Position) {
        for index in &self.wanted {
            if let Some(column) = self.batch.columns.get_mut(*index) {
                column.push(cells.get(*index).copied().unwrap_or(Span::NULL));
            }
        }
        self.batch.times.push(time);
        self.batch.positions.push(position);
    }

    /// Whether it is time to hand over.
    pub(crate) fn is_full(&self) -> bool {
        self.batch.events() >= BATCH_ROWS
    }

    /// Hands the rows over with the text they lie in, which is given back as it was; what had to be unescaped is
    /// put behind it, and taken out of `extra`.
    pub(crate) fn flush(
        &mut self,
        text: &mut String,
        extra: &mut String,
        sink: &mut dyn Sink,
    ) -> ControlFlow<()> {
        if self.batch.events() == 0 {
            return ControlFlow::Continue(());
        }
        let length = text.len();
        text.push_str(extra);
        self.batch.text = std::mem::take(text);
        let flow = sink.batch(&self.batch);
        *text = std::mem::take(&mut self.batch.text);
        text.truncate(length);
        extra.clear();
        self.batch.columns.iter_mut().for_each(Vec::clear);
        self.batch.times.clear();
        self.batch.positions.clear();
        self.batch.passed.clear();
        flow
    }
}

/// A span from two offsets into a text.
#[inline]
pub(crate) fn span(start: usize, end: usize) -> Span {
    match (u32::try_from(start), u32::try_from(end.saturating_sub(start))) {
        (Ok(start), Ok(len)) => Span { start, len },
        _ => Span::NULL,
    }
}

/// Reads times of lines that mostly share their date.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    date: [u8; 10],
    start: Option<Day>,
}

impl Clock {
    /// The day of `2021-03-03`.
    #[inline]
    pub(crate) fn day(&mut self, date: &[u8]) -> Option<Day> {
        if self.start.is_some() && date == self.date {
            return self.start;
        }
        let fixed: [u8; 10] = date.try_into().ok()?;
        self.start = std::str::from_utf8(&fixed)
            .ok()
            .filter(|text| text.as_bytes().get(4) == Some(&b'-'))
            .and_then(Day::parse);
        self.date = fixed;
        self.start
    }

    /// The moment of a date and a time of day (`05:12:44` or `05:12:44.123`).
    #[inline]
    pub(crate) fn at(&mut self, date: &[u8], time: &[u8]) -> Option<Time> {
        let micros = time_of_day(time)?;
        self.day(date)?.start().plus_micros(micros)
    }

    /// The moment of `2021-03-03T05:12:44.123Z`, or of anything else that [`Time::parse`] reads.
    #[inline]
    pub(crate) fn stamp(&mut self, text: &[u8]) -> Option<Time> {
        let fast = match text.split_at_checked(10) {
            Some((date, [b'T' | b' ', time @ .., b'Z'])) => self.at(date, time),
            _ => None,
        };
        fast.or_else(|| Time::parse(text))
    }
}

/// Microseconds of the day.
#[inline]
pub(crate) fn time_of_day(text: &[u8]) -> Option<i64> {
    let (head, decimals) = text.split_at_checked(8)?;
    let [h0, h1, b':', m0, m1, b':', s0, s1] = *head else { return None };
    let (hour, minute, second) = (two(h0, h1)?, two(m0, m1)?, two(s0, s1)?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let micros = match decimals {
        [] => 0,
        [b'.' | b',', digits @ ..] if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => {
            let padded = digits.iter().chain(std::iter::repeat(&b'0')).take(6);
            padded.fold(0_i64, |sum, digit| {
                sum.wrapping_mul(10).wrapping_add(i64::from(digit.wrapping_sub(b'0')))
            })
        }
        _ => return None,
    };
    let seconds = hour.wrapping_mul(3600).wrapping_add(minute.wrapping_mul(60)).wrapping_add(second.min(59));
    Some(seconds.wrapping_mul(1_000_000).wrapping_add(micros))
}

#[inline]
fn two(tens: u8, ones: u8) -> Option<i64> {
    let digits = tens.is_ascii_digit() && ones.is_ascii_digit();
    let value =
        i64::from(tens.wrapping_sub(b'0')).wrapping_mul(10).wrapping_add(i64::from(ones.wrapping_sub(b'0')));
    digits.then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_times_as_the_model_does() {
        let mut clock = Clock::default();
        for text in [
            "2021-03-03T05:12:44.123Z",
            "2021-03-03T05:12:44Z",
            "2021-03-03T23:59:60.1234567Z",
            "2021-03-04 05:12:44.5Z",
            "2021-03-03T05:12:44.1+01:00",
            "2021-02-30T05:12:44Z",
            "2021-03-03T24:12:44Z",
            "DateTime",
            "",
        ] {
            assert_eq!(clock.stamp(text.as_bytes()), Time::parse(text.as_bytes()), "{text}");
        }
    }
}
