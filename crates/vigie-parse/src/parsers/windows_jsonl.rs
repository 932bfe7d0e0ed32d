//! Windows events that a log shipper wrote as JSON: one object a line, an array, or objects over several lines.
//!
//! There is no one specification; the shapes read are those of winlogbeat
//! (<https://www.elastic.co/guide/en/beats/winlogbeat/current/exported-fields-winlog.html>), `NXLog`
//! (<https://docs.nxlog.co/refman/current/im/msvistalog.html>), the Mordor / OTRF Security-Datasets, `evtx_dump` and
//! Velociraptor, and `Get-WinEvent | ConvertTo-Json`. A file is one of them by its first object: it names an event id
//! and a channel or provider.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use vigie_model::batch::Position;
use vigie_model::coverage::Density;
use vigie_model::diagnostic::Code;
use vigie_model::evidence::Account;

use super::lines::{Block, Line, Lines, head_lines};
use super::windows_event::Writer;
use super::windows_jsonl_clock::{Samples, Shift};
use super::windows_jsonl_names::Event;
use super::windows_jsonl_scan::{Malformed, object};
use crate::{Artifact, Head, Input, Parser, Sink};

/// How much of a file is read ahead to compare its clocks, in bytes.
const SAMPLE_BYTES: usize = 4 << 20;
/// An object over several lines; Windows itself holds events to 64 KiB.
const OBJECT_BYTES_MAX: usize = 8 << 20;
/// Lines of the head in which the first object must begin and end.
const HEAD_LINES: usize = 4_096;

/// Reads Windows events as JSON.
#[derive(Clone, Copy, Debug)]
pub struct WindowsJsonl;

static ARTIFACT: Artifact = Artifact {
    name: "windows.jsonl",
    title: "Windows events as JSON",
    density: Density::Sparse,
    proves: "What the Windows event log proves, where only a log shipper's copy was kept.",
    location: "wherever winlogbeat, NXLog, evtx_dump, Velociraptor or a SIEM export put it",
    source: "https://www.elastic.co/guide/en/beats/winlogbeat/current/exported-fields-winlog.html",
};

/// How objects lie in the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// Whole objects in each line.
    Lines,
    /// Objects run over several lines.
    Spread,
}

impl Parser for WindowsJsonl {
    fn artifact(&self) -> &'static Artifact {
        &ARTIFACT
    }

    fn recognise(&self, head: &Head<'_>) -> bool {
        let mut event = Event::default();
        first_object(head.bytes, &mut event).is_some() && event.is_event()
    }

    fn parse(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
        let mut account = Account::default();
        let mut lines = Lines::new();
        let mut ahead = VecDeque::new();
        let mut held = 0_usize;
        while held < SAMPLE_BYTES
            && let Some(block) = lines.next(input, sink, &mut account)
        {
            held = held.saturating_add(block.text.len());
            ahead.push_back(block);
        }
        let layout = layout_of(&ahead);
        let shift = sample(&ahead, layout);
        if let Some(shift) = shift {
            sink.diagnostic(Code::ClockShifted, "", &shift.message(), 0);
        }
        let mut reading = Reading {
            account,
            shift,
            event: Event::default(),
            writer: Writer::new(),
            objects: Objects::new(layout),
        };
        let mut flow = ControlFlow::Continue(());
        while let Some(block) = ahead.pop_front().or_else(|| lines.next(input, sink, &mut reading.account)) {
            if flow.is_continue() {
                flow = read_block(&mut reading, &block, sink);
            } else {
                reject(&mut reading.account, block.lines.iter().map(|line| u64::from(line.size)).sum());
            }
            lines.reuse(block);
            if flow.is_break() && ahead.is_empty() {
                lines.abandon(&mut reading.account);
                break;
            }
        }
        finish(reading, flow, sink)
    }
}

struct Reading {
    account: Account,
    shift: Option<Shift>,
    event: Event,
    writer: Writer,
    objects: Objects,
}

/// Collects lines until an object ends.
struct Objects {
    layout: Layout,
    /// Lines of an object that has not ended, with the first one's place and their bytes in the file.
    pending: String,
    first: Option<Line>,
    bytes: u64,
    depth: usize,
    in_string: bool,
}

impl Objects {
    fn new(layout: Layout) -> Objects {
        Objects { layout, pending: String::new(), first: None, bytes: 0, depth: 0, in_string: false }
    }

    /// Adds a line; whether objects and brackets are all closed behind it.
    fn add(&mut self, line: &Line, text: &str) -> bool {
        self.first.get_or_insert(*line);
        self.bytes = self.bytes.saturating_add(u64::from(line.size));
        self.pending.push_str(text);
        self.pending.push('\n');
        if self.layout == Layout::Lines {
            return true;
        }
        let mut escaped = false;
        for byte in text.bytes() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if self.in_string => escaped = true,
                b'"' => self.in_string = !self.in_string,
                b'{' if !self.in_string => self.depth = self.depth.saturating_add(1),
                b'}' if !self.in_string => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
        self.depth == 0 || self.pending.len() > OBJECT_BYTES_MAX
    }

    /// Whether this line begins an object while another one has not ended: the one before is broken.
    fn is_new_start(&self, text: &str) -> bool {
        self.layout == Layout::Spread && self.first.is_some() && text.starts_with('{')
    }

    fn clear(&mut self) {
        self.pending.clear();
        self.first = None;
        self.bytes = 0;
        self.depth = 0;
        self.in_string = false;
    }
}

fn read_block(reading: &mut Reading, block: &Block, sink: &mut dyn Sink) -> ControlFlow<()> {
    let mut flow = ControlFlow::Continue(());
    for line in &block.lines {
        if flow.is_break() {
            reject(&mut reading.account, u64::from(line.size));
            continue;
        }
        let text = line.of(&block.text);
        if reading.objects.is_new_start(text) {
            flow = take_pending(reading, sink);
        }
        if flow.is_break() {
            reject(&mut reading.account, u64::from(line.size));
        } else if reading.objects.add(line, text) {
            flow = take_pending(reading, sink);
        }
    }
    flow
}

/// Reads the objects in the lines collected so far, and accounts for them.
fn take_pending(reading: &mut Reading, sink: &mut dyn Sink) -> ControlFlow<()> {
    let Some(first) = reading.objects.first else { return ControlFlow::Continue(()) };
    let text = std::mem::take(&mut reading.objects.pending);
    let bytes = reading.objects.bytes;
    reading.objects.clear();
    let mut at = 0;
    let mut problem = None;
    let (mut given, mut foreign) = (0_usize, 0_usize);
    let mut flow = ControlFlow::Continue(());
    // Each turn takes an object from the text.
    while let Some(start) = next_object(&text, at) {
        reading.event.clear();
        let end = start.and_then(|start| object(&text, start, &mut reading.event));
        match end {
            Ok(end) => at = end,
            Err(malformed) => {
                problem =
                    Some(format!("{} at byte {} of the object's line", malformed.what, malformed.offset));
                break;
            }
        }
        reading.event.finish();
        if !reading.event.is_event() {
            foreign = foreign.saturating_add(1);
            continue;
        }
        given = given.saturating_add(1);
        flow = add_event(reading, &first, sink);
        if flow.is_break() {
            break;
        }
    }
    if foreign > 0 {
        let message = format!("{foreign} objects here have no event id and channel");
        if given == 0 {
            problem.get_or_insert(message);
        } else {
            sink.diagnostic(Code::BadLine, &format!("line {}", first.number), &message, 0);
        }
    }
    if let Some(problem) = problem {
        reject(&mut reading.account, bytes);
        let code = if first.ended || at > 0 { Code::BadLine } else { Code::TruncatedTail };
        sink.diagnostic(code, &format!("line {}", first.number), &problem, bytes);
    } else {
        reading.account.parsed_bytes = reading.account.parsed_bytes.saturating_add(bytes);
    }
    reading.objects.pending = text;
    reading.objects.pending.clear();
    flow
}

/// Where the next object begins; `None` at the end, an error at what is neither object nor the frame of an array.
fn next_object(text: &str, from: usize) -> Option<Result<usize, Malformed>> {
    let rest = text.get(from..)?;
    let skipped = rest.find(|mark: char| !mark.is_whitespace() && !matches!(mark, '[' | ']' | ','))?;
    let start = from.saturating_add(skipped);
    let is_object = rest.get(skipped..).is_some_and(|rest| rest.starts_with('{'));
    Some(if is_object { Ok(start) } else { Err(Malformed { what: "no object", offset: start }) })
}

fn add_event(reading: &mut Reading, line: &Line, sink: &mut dyn Sink) -> ControlFlow<()> {
    let place = || format!("line {}", line.number);
    let event = &mut reading.event;
    if event.record.dropped > 0 {
        let message = format!("{} values beyond the bounds of one event", event.record.dropped);
        sink.diagnostic(Code::ExtraFields, &place(), &message, 0);
    }
    if let Some(shift) = reading.shift {
        event.record.time = shift.apply(event);
    }
    if event.record.time.is_none() {
        let message = if event.time_unreadable { "a time that is none" } else { "no time" };
        sink.diagnostic(Code::TimeUnreadable, &place(), message, 0);
    }
    let position = Position { number: line.number, offset: line.offset };
    reading.writer.add(&mut event.record, position, sink)
}

fn finish(mut reading: Reading, flow: ControlFlow<()>, sink: &mut dyn Sink) -> Account {
    if flow.is_continue() {
        // What is still open was cut off by the end of the file.
        if let Some(first) = reading.objects.first.as_mut() {
            first.ended = false;
        }
        let _stopped = take_pending(&mut reading, sink);
    } else {
        reject(&mut reading.account, reading.objects.bytes);
    }
    // Whether the receiver wants to stop no longer matters: nothing is left to read.
    let _stopped = reading.writer.finish(sink);
    reading.account
}

fn reject(account: &mut Account, bytes: u64) {
    account.rejected_bytes = account.rejected_bytes.saturating_add(bytes);
}

/// Reads the first object of a file's head; it may be cut there. Whether it lies in one line.
fn first_object(head: &[u8], event: &mut Event) -> Option<Layout> {
    // Most files are no JSON: a look at the first bytes spares decoding the head.
    let first = head
        .iter()
        .find(|byte| !byte.is_ascii_whitespace() && !matches!(byte, 0 | 0xEF | 0xBB | 0xBF | 0xFE | 0xFF));
    if !matches!(first, Some(b'{' | b'[')) {
        return None;
    }
    let lines = head_lines(head, HEAD_LINES);
    let first = lines.first()?.trim_start();
    if !first.starts_with(['{', '[']) {
        return None;
    }
    let layout = layout_of_lines(lines.iter().map(String::as_str))?;
    let text = if layout == Layout::Lines {
        lines.into_iter().find(|line| line.contains('{'))?
    } else {
        lines.join("\n")
    };
    let start = text.find('{')?;
    // An object that the head cuts has still told what it is.
    let _cut = object(&text, start, event);
    event.finish();
    Some(layout)
}

fn layout_of(blocks: &VecDeque<Block>) -> Layout {
    let lines = blocks.iter().flat_map(|block| block.lines.iter().map(|line| line.of(&block.text)));
    layout_of_lines(lines).unwrap_or(Layout::Lines)
}

/// By the first line that holds an object's beginning: whether the object goes on behind its end.
fn layout_of_lines<'l>(mut lines: impl Iterator<Item = &'l str>) -> Option<Layout> {
    let line = lines.find(|line| line.contains('{'))?;
    let start = line.find('{')?;
    let mut nothing = Event::default();
    let whole = object(line, start, &mut nothing).is_ok();
    let more = line.get(start..).is_some_and(|rest| rest.contains("\":"));
    // The first line of a file of lines may be broken, or cut by the head: it still holds members.
    Some(if whole || (more && line.len() > 1_000) { Layout::Lines } else { Layout::Spread })
}

/// Compares the clocks of the events that were read ahead.
fn sample(blocks: &VecDeque<Block>, layout: Layout) -> Option<Shift> {
    let mut objects = Objects::new(layout);
    let mut event = Event::default();
    let mut samples = Samples::default();
    for block in blocks {
        for line in &block.lines {
            let text = line.of(&block.text);
            if objects.is_new_start(text) {
                objects.clear();
            }
            if !objects.add(line, text) {
                continue;
            }
            let mut at = 0;
            while let Some(Ok(start)) = next_object(&objects.pending, at) {
                event.clear();
                let Ok(end) = object(&objects.pending, start, &mut event) else { break };
                at = end;
                samples.add(&event);
            }
            objects.clear();
        }
    }
    samples.shift()
}
