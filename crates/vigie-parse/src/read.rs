//! One evidence file from its bytes to events, hash and account: recognise, parse, drain, check the sum.

use std::any::Any;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use vigie_model::diagnostic::Code;
use vigie_model::evidence::{Account, Fact, ManifestEntry};
use vigie_model::schema::{Skim, Wanted};
use vigie_model::{Diagnostic, EventBatch, Schema, Time};

use crate::collection::{Collection, Evidence, Limits, Stop};
use crate::deadline::Deadline;
use crate::input::{HEAD_BYTES, read_or_stop};
use crate::parsers::text_file::name_of;
use crate::parsers::{iis_config, web_root_path};
use crate::{Head, Input, PARSERS, Parser, Sink, Tap, formats};

/// Facts of one file that are kept; a file that states more is not telling of its host.
const FACTS_MAX: usize = 1_000;
/// What a file named `.evtx` should be.
const EVENT_LOG_ARTIFACT: &str = "windows.evtx";
/// Bytes read at a time when nobody parses them.
const DRAIN_BYTES: usize = 1 << 18;

/// What became of one file.
#[derive(Clone, Debug)]
pub struct FileReport {
    /// Its row in the manifest.
    pub entry: ManifestEntry,
    /// What could not be read as expected, merged by code.
    pub diagnostics: Vec<Diagnostic>,
    /// What it says of its host.
    pub facts: Vec<Fact>,
}

/// Reads one file: recognises it by content, parses it under `catch_unwind`, hashes every byte.
///
/// Batches go to `sink`; facts and diagnostics are collected into the report, diagnostics merged by code and
/// passed on as well, in their order among the batches.
/// `parsed_bytes + rejected_bytes == size` in every report.
pub fn read(evidence: &Evidence, limits: &Limits, sink: &mut dyn Sink) -> FileReport {
    read_among(evidence, limits, Among { collection: None, tap: &mut Nobody }, sink)
}

/// What a file is read among.
pub struct Among<'a> {
    /// The collection it lies in: formats that are spread over several files (a registry hive and its transaction
    /// logs) are read together. Nothing where there is only the file.
    pub collection: Option<&'a Collection>,
    /// Who sees its bytes beside the parser.
    pub tap: &'a mut dyn Tap,
}

/// Nobody looks on: takes all that a parser gives, shows it to no one, and looks at no bytes.
#[derive(Clone, Copy, Debug)]
pub struct Nobody;

impl Tap for Nobody {
    fn begin(&mut self, _head: &Head<'_>, _artifact: Option<&'static str>) {}

    fn bytes(&mut self, _bytes: &[u8]) {}
}

impl Sink for Nobody {
    fn wants(&mut self, _schema: &Schema) -> Wanted {
        Wanted::All
    }

    fn batch(&mut self, _batch: &EventBatch) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn fact(&mut self, _fact: Fact) {}

    fn diagnostic(&mut self, _code: Code, _place: &str, _message: &str, _bytes: u64) {}
}

/// As [`read`], for a file of a collection, with every byte shown to a tap as well, once, while it is read.
pub fn read_among(evidence: &Evidence, limits: &Limits, among: Among<'_>, sink: &mut dyn Sink) -> FileReport {
    let Among { collection, tap } = among;
    let deadline = Deadline::from_now(limits);
    let mut collector = Collector { deadline, ..Collector::new(sink, &evidence.path) };
    let mut entry = blank_entry(evidence);
    match evidence.open(limits) {
        Ok(mut reader) => {
            let place = Place { evidence, neighbors: collection.map(|collection| (collection, limits)), tap };
            read_bytes(place, reader.as_mut(), &mut collector, &mut entry);
        }
        Err(error) => {
            let stop = Stop::of(&error);
            collector.diagnostic(stop.code, "", &stop.message, evidence.size);
            entry.rejected_bytes = evidence.size;
            entry.unread = Some(stop.message);
        }
    }
    entry.events = collector.events;
    entry.first = collector.first;
    entry.last = collector.last;
    collector.diagnostics.sort();
    FileReport { entry, diagnostics: collector.diagnostics, facts: collector.facts }
}

/// Parses bytes in memory with one parser, without recognising them first. The account includes what the parser
/// left, as rejected, so it sums to the length of `bytes`.
pub fn parse_bytes(parser: &dyn Parser, path: &str, bytes: &[u8], sink: &mut dyn Sink) -> Account {
    let mut nothing = io::empty();
    let mut input = Input::of_bytes(path, bytes, &mut nothing);
    let mut account = parser.parse(&mut input, sink);
    let left = (bytes.len() as u64).saturating_sub(input.taken());
    account.rejected_bytes = account.rejected_bytes.saturating_add(left);
    account
}

/// Who may read a file that the web server would run or obey.
const PAGE_PARSERS: [&str; 3] = ["iis.config", "windows.pe", "web.root"];
/// Who else may read a file of these names: transport's lists end as the web server's files do, and it obeys none of them.
const AGENT_LISTS: (&str, [&str; 2]) = ("exchange.agents", ["agents.config", "fetagents.config"]);

/// The parser that takes a file as its own, if one does.
pub fn recognise(head: &Head<'_>) -> Option<&'static dyn Parser> {
    let name = name_of(head.path);
    // A page runs, and a configuration is in force, whatever its first lines look like: it must not pass for a log or a
    // report.
    let is_bound = web_root_path::read(head.path).is_page() || iis_config::NAMES.contains(&name.as_str());
    let (agents, lists) = AGENT_LISTS;
    let may = |artifact: &str| {
        !is_bound
            || PAGE_PARSERS.contains(&artifact)
            || (artifact == agents && lists.contains(&name.as_str()))
    };
    PARSERS.iter().copied().filter(|parser| may(parser.artifact().name)).find(|parser| parser.recognise(head))
}

fn blank_entry(evidence: &Evidence) -> ManifestEntry {
    ManifestEntry {
        path: evidence.path.clone(),
        host_path: evidence.host_path.clone(),
        size: evidence.size,
        sha256: None,
        modified: evidence.times.modified,
        artifact: None,
        unread: None,
        events: 0,
        parsed_bytes: 0,
        rejected_bytes: 0,
        first: None,
        last: None,
    }
}

/// A file, the collection it lies in, and who looks on.
struct Place<'a> {
    evidence: &'a Evidence,
    neighbors: Option<(&'a Collection, &'a Limits)>,
    tap: &'a mut dyn Tap,
}

fn read_bytes(
    place: Place<'_>,
    reader: &mut dyn Read,
    collector: &mut Collector<'_>,
    entry: &mut ManifestEntry,
) {
    let Place { evidence, neighbors, tap } = place;
    let mut stop = None;
    let head = read_head(reader, &mut stop);
    let mut stopped = io::empty();
    // A head that ended on an error must not be read on.
    let reader = if stop.is_some() { &mut stopped as &mut dyn Read } else { reader };
    let view = Head { path: evidence.best_path(), bytes: &head, size: evidence.size };
    let parser = if head.is_empty() { None } else { recognise(&view) };
    tap.begin(&view, parser.map(|parser| parser.artifact().name));
    let mut input = Input::new(evidence, &head, reader).tapped(tap).until(collector.deadline);
    if let Some((collection, limits)) = neighbors {
        input = input.among(collection, evidence, limits);
    }
    note_wrong_content(&view, parser, collector);
    let account = match parser {
        Some(parser) => {
            entry.artifact = Some(parser.artifact().name.to_owned());
            parse_guarded(parser, &mut input, collector)
        }
        None => None,
    };
    let parsed_to = input.taken();
    if account.is_none() && evidence.is_on_demand() {
        // Nobody asks for it: of a disk no more is read than that, and a part has no hash.
        let (code, reason) = formats::name_of(&view);
        collector.diagnostic(code, "", &reason, evidence.size);
        entry.rejected_bytes = evidence.size;
        entry.unread = Some(format!("{reason}; in a disk image the rest is neither read nor hashed"));
        return;
    }
    drain(&mut input);
    let stop = stop.or_else(|| input.stop().cloned());
    let taken = input.taken();
    entry.sha256 = Some(input.into_sha256()).filter(|_| stop.is_none());
    entry.size = if stop.is_some() && evidence.states_size() { taken.max(evidence.size) } else { taken };
    match (parser, account) {
        (Some(_), Some(account)) => settle(entry, account, (parsed_to, taken), collector),
        (Some(_), None) => entry.rejected_bytes = taken,
        (None, _) => {
            entry.rejected_bytes = taken;
            entry.unread = Some(unread_reason(&view, taken, stop.as_ref(), collector));
        }
    }
    if let Some(late) = collector.late.take().filter(|_| stop.is_none()) {
        settle_late(entry, &late, collector);
    }
    let stated = if evidence.states_size() { evidence.size } else { taken };
    finish_account(entry, stated, stop, collector);
}

/// Says when a name that people trust (an event log's) stands over another content.
fn note_wrong_content(head: &Head<'_>, parser: Option<&dyn Parser>, collector: &mut Collector<'_>) {
    let artifact = parser.map_or("unread", |parser| parser.artifact().name);
    let is_event_log = head.path.to_ascii_lowercase().ends_with(".evtx");
    if is_event_log && artifact != EVENT_LOG_ARTIFACT && !head.bytes.is_empty() {
        collector.diagnostic(
            Code::WrongContent,
            "",
            &format!("named as an event log, read as: {artifact}"),
            0,
        );
    }
}

/// What the file's end means for its account: bytes that could not be read, a size that is not as stated.
fn finish_account(entry: &mut ManifestEntry, stated: u64, stop: Option<Stop>, collector: &mut Collector<'_>) {
    let spent = entry.parsed_bytes.saturating_add(entry.rejected_bytes);
    let lost = entry.size.saturating_sub(spent);
    entry.rejected_bytes = entry.rejected_bytes.saturating_add(lost);
    if let Some(stop) = stop {
        collector.diagnostic(stop.code, &format!("offset {spent}"), &stop.message, lost);
        if entry.artifact.is_none() {
            entry.unread = Some(stop.message);
        }
    } else if entry.size != stated {
        let message = format!("{} bytes were read where the collection states {stated}", entry.size);
        collector.diagnostic(Code::ChangedWhileRead, "", &message, 0);
    }
}

/// Takes over a parser's account, and holds it to the bytes that it took.
fn settle(entry: &mut ManifestEntry, account: Account, bytes: (u64, u64), collector: &mut Collector<'_>) {
    let (parsed_to, taken) = bytes;
    let claimed = account.parsed_bytes.saturating_add(account.rejected_bytes);
    if claimed == parsed_to {
        entry.parsed_bytes = account.parsed_bytes;
        entry.rejected_bytes = account.rejected_bytes;
    } else {
        let message = format!("the parser accounts for {claimed} bytes of {parsed_to}");
        collector.diagnostic(Code::ParserPanicked, "", &message, parsed_to);
        entry.rejected_bytes = parsed_to;
    }
    let left = taken.saturating_sub(parsed_to);
    if left > 0 {
        let message =
            if collector.broken { "stopped on request" } else { "bytes after the end of the format" };
        let code = if collector.broken { Code::LimitReached } else { Code::BadRecord };
        collector.diagnostic(code, &format!("offset {parsed_to}"), message, left);
        entry.rejected_bytes = entry.rejected_bytes.saturating_add(left);
    }
}

/// The time was over when all bytes had been taken, while their events were given: how many bytes stand for those that were
/// not is not known, so all are given up.
fn settle_late(entry: &mut ManifestEntry, late: &Stop, collector: &mut Collector<'_>) {
    let bytes = std::mem::take(&mut entry.parsed_bytes);
    entry.rejected_bytes = entry.rejected_bytes.saturating_add(bytes);
    let message = format!("{}, when {} of its events were given", late.message, collector.events);
    collector.diagnostic(late.code, "", &message, bytes);
}

fn parse_guarded(
    parser: &dyn Parser,
    input: &mut Input<'_>,
    collector: &mut Collector<'_>,
) -> Option<Account> {
    match catch_unwind(AssertUnwindSafe(|| parser.parse(input, collector))) {
        Ok(account) => Some(account),
        Err(payload) => {
            let place = format!("offset {}", input.taken());
            let message = format!("{}: {}", parser.artifact().name, panic_message(payload.as_ref()));
            drain(input);
            collector.diagnostic(Code::ParserPanicked, &place, &message, input.taken());
            None
        }
    }
}

fn panic_message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

fn read_head(reader: &mut dyn Read, stop: &mut Option<Stop>) -> Vec<u8> {
    let mut head = vec![0; HEAD_BYTES];
    let mut filled = 0_usize;
    while let Some(room) = head.get_mut(filled..).filter(|room| !room.is_empty()) {
        let count = read_or_stop(reader, room, stop);
        if count == 0 {
            break;
        }
        filled = filled.saturating_add(count);
    }
    head.truncate(filled);
    head
}

/// Hashes what is left.
fn drain(input: &mut Input<'_>) {
    let mut buffer = vec![0; DRAIN_BYTES];
    while matches!(input.read(&mut buffer), Ok(count) if count > 0) {}
}

/// Says why nobody read a file.
fn unread_reason(head: &Head<'_>, taken: u64, stop: Option<&Stop>, collector: &mut Collector<'_>) -> String {
    if taken == 0 {
        if stop.is_none() {
            collector.diagnostic(Code::Empty, "", "0 bytes", 0);
        }
        return "empty".to_owned();
    }
    let (code, reason) = formats::name_of(head);
    collector.diagnostic(code, "", &reason, taken);
    reason
}

/// Passes batches on; counts events, merges diagnostics, keeps facts.
struct Collector<'a> {
    sink: &'a mut dyn Sink,
    path: &'a str,
    events: u64,
    first: Option<Time>,
    last: Option<Time>,
    broken: bool,
    deadline: Deadline,
    /// The time was over at the end of a batch.
    late: Option<Stop>,
    diagnostics: Vec<Diagnostic>,
    facts: Vec<Fact>,
}

impl<'a> Collector<'a> {
    fn new(sink: &'a mut dyn Sink, path: &'a str) -> Collector<'a> {
        Collector {
            sink,
            path,
            events: 0,
            first: None,
            last: None,
            broken: false,
            deadline: Deadline::default(),
            late: None,
            diagnostics: Vec::new(),
            facts: Vec::new(),
        }
    }
}

impl Sink for Collector<'_> {
    fn wants(&mut self, schema: &Schema) -> Wanted {
        self.sink.wants(schema)
    }

    fn skim(&mut self, schema: &Schema, text: &str, marks: &mut Vec<u32>) -> Skim {
        self.sink.skim(schema, text, marks)
    }

    fn batch(&mut self, batch: &EventBatch) -> ControlFlow<()> {
        self.events = self.events.saturating_add(batch.events() as u64);
        let times = batch.all_times().flatten();
        let (low, high) = times.fold((None, None), |(low, high): (Option<Time>, Option<Time>), time| {
            (Some(low.map_or(time, |low| low.min(time))), Some(high.map_or(time, |high| high.max(time))))
        });
        self.first = self.first.into_iter().chain(low).min();
        self.last = self.last.max(high);
        let flow = self.sink.batch(batch);
        self.late = self.deadline.passed();
        let flow = if self.late.is_some() { ControlFlow::Break(()) } else { flow };
        self.broken |= flow.is_break();
        flow
    }

    fn fact(&mut self, fact: Fact) {
        if self.facts.len() < FACTS_MAX {
            self.facts.push(fact);
        }
    }

    fn diagnostic(&mut self, code: Code, place: &str, message: &str, bytes: u64) {
        // Passed on too: between which batches something was lost tells on which days.
        self.sink.diagnostic(code, place, message, bytes);
        if let Some(known) = self.diagnostics.iter_mut().find(|known| known.code == code) {
            known.count = known.count.saturating_add(1);
            known.bytes = known.bytes.saturating_add(bytes);
            return;
        }
        let (path, place, message) = (self.path.to_owned(), place.to_owned(), message.to_owned());
        self.diagnostics.push(Diagnostic { path, code, place, message, count: 1, bytes });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use vigie_model::BatchBuilder;
    use vigie_model::batch::Position;

    use super::*;
    use crate::collection::{FileTimes, Source};

    fn evidence(size: u64) -> Evidence {
        let source = Source::Unreadable(Code::CannotOpen, String::new());
        Evidence { path: "u_ex.log".into(), host_path: None, size, times: FileTimes::default(), source }
    }

    fn read_within(bytes: &[u8], limits: &Limits) -> FileReport {
        let evidence = evidence(bytes.len() as u64);
        let mut nobody = Nobody;
        let deadline = Deadline::from_now(limits);
        let mut collector = Collector { deadline, ..Collector::new(&mut nobody, "u_ex.log") };
        let mut entry = blank_entry(&evidence);
        let (mut reader, mut tap) = (bytes, Nobody);
        let place = Place { evidence: &evidence, neighbors: None, tap: &mut tap };
        read_bytes(place, &mut reader, &mut collector, &mut entry);
        entry.events = collector.events;
        FileReport { entry, diagnostics: collector.diagnostics, facts: collector.facts }
    }

    #[test]
    fn a_file_whose_time_is_over_is_rejected_from_there_on() {
        let log = b"#Fields: date time cs-method cs-uri-stem\n2021-03-01 00:00:01 GET /a\n";
        let late = Limits { file_time_max: Some(Duration::ZERO), ..Limits::default() };
        let report = read_within(log, &late);
        let FileReport { entry, diagnostics, .. } = report;
        let size = log.len() as u64;
        assert_eq!((entry.parsed_bytes, entry.rejected_bytes, entry.size), (0, size, size));
        assert_eq!((entry.events, entry.sha256), (0, None));
        let found: Vec<_> = diagnostics.iter().map(|found| (found.code, found.bytes)).collect();
        assert_eq!(found, [(Code::DeadlineReached, size)]);
        let in_time = read_within(log, &Limits::default());
        assert_eq!((in_time.entry.parsed_bytes, in_time.entry.events), (size, 1));
        // Nothing of an empty file is late.
        let codes =
            |report: FileReport| report.diagnostics.iter().map(|found| found.code).collect::<Vec<_>>();
        assert_eq!(codes(read_within(b"", &late)), [Code::Empty]);
    }

    #[test]
    fn a_batch_at_whose_end_the_time_is_over_is_the_last() {
        let limits = Limits { file_time_max: Some(Duration::ZERO), ..Limits::default() };
        let mut nobody = Nobody;
        let deadline = Deadline::from_now(&limits);
        let mut collector = Collector { deadline, ..Collector::new(&mut nobody, "SYSTEM") };
        let mut builder = BatchBuilder::new(Arc::new(Schema::default()));
        builder.push(None, Position::default(), []);
        assert!(collector.batch(&builder.take()).is_break());
        let late = collector.late.take().unwrap();
        let mut entry = ManifestEntry { parsed_bytes: 7, rejected_bytes: 1, ..blank_entry(&evidence(8)) };
        settle_late(&mut entry, &late, &mut collector);
        assert_eq!((entry.parsed_bytes, entry.rejected_bytes), (0, 8));
        let found: Vec<_> = collector.diagnostics.iter().map(|found| (found.code, found.bytes)).collect();
        assert_eq!(found, [(Code::DeadlineReached, 7)]);
    }
}
