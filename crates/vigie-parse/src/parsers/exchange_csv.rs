//! What all Exchange logs share: comma-separated values below `#Software`, `#Version`, `#Log-type`, `#Date` and
//! `#Fields` lines, quoted only where needed, one record a line.
//!
//! Columns are found by the names in the file, never by position: the lists differ between builds. Described by
//! <https://learn.microsoft.com/en-us/exchange/mail-flow/transport-logs/message-tracking> and by real files.

use std::borrow::Cow;
use std::ops::ControlFlow;

use memchr::memmem::Finder;
use memchr::{memchr, memchr_iter};
use vigie_model::batch::{Position, Span};
use vigie_model::diagnostic::Code;
use vigie_model::evidence::{Account, Fact, FactKind};
use vigie_model::{Schema, Time};

use super::exchange_csv_cells::{split, value};
use super::line_log::{self, LineLog, Refusal, place, refuse};
use super::lines::{Line, head_lines};
use super::rows::{Clock, Rows, span};
use super::{exchange_ecp, exchange_oabgenerator, exchange_testproxylogon};
use crate::{Artifact, Head, Input, Sink};

/// Lines of the head in which a header is looked for.
const HEAD_LINES: usize = 16;
/// Different host names taken from one file.
const HOSTS_MAX: usize = 64;
/// Fields that a header may name.
const FIELDS_MAX: usize = 1_024;
/// The longest name of a stream, in bytes.
const STREAM_BYTES_MAX: usize = 64;
/// Names of the time column.
const TIME_FIELDS: &[&str] = &["DateTime", "TimeStamp", "date-time"];
/// Names of the column that tells the server which wrote the log.
const HOST_FIELDS: &[&str] = &["ServerHostName", "ServerName"];

/// What tells one Exchange log from another.
pub(crate) struct Layout {
    pub(crate) artifact: &'static Artifact,
    /// The stream, out of what the file says.
    pub(crate) stream: fn(&Identity<'_>) -> String,
    /// How a row becomes an event.
    pub(crate) rows: RowKind,
}

/// How a row becomes an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowKind {
    /// Its columns as they are.
    Plain,
    /// ECP: `EventData` is taken apart as well.
    Ecp,
    /// OABGenerator: the whole line as `Message` as well; lines without a header are messages too.
    Oab,
    /// Results of Test-ProxyLogon: as they are, below a header of names only; those that begin with the server's have no
    /// time.
    Results,
}

/// What a file says of its stream.
pub(crate) struct Identity<'a> {
    pub(crate) path: &'a str,
    pub(crate) log_type: &'a str,
    pub(crate) fields: &'a [String],
    /// The value of the `Protocol` column in the first row.
    pub(crate) protocol: &'a str,
}

impl Identity<'_> {
    pub(crate) fn has_field(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.eq_ignore_ascii_case(name))
    }
}

/// What the head of an Exchange log says.
#[derive(Debug, Default)]
pub(crate) struct Header {
    /// `#Software` names Exchange.
    pub(crate) is_exchange: bool,
    pub(crate) log_type: String,
    pub(crate) fields: Vec<String>,
    /// The first line that is no header.
    pub(crate) first_row: String,
}

impl Header {
    /// Reads the head of a file.
    pub(crate) fn of(head: &Head<'_>) -> Header {
        let mut header = Header::default();
        for line in head_lines(head.bytes, HEAD_LINES) {
            if let Some(software) = directive(&line, "#Software:") {
                header.is_exchange |= starts_with(software, "Microsoft Exchange");
            } else if let Some(log_type) = directive(&line, "#Log-type:") {
                log_type.clone_into(&mut header.log_type);
            } else if let Some(fields) = directive(&line, "#Fields:") {
                header.fields = fields.split(',').map(|field| field.trim().to_owned()).collect();
            } else if !line.starts_with('#') && header.first_row.is_empty() {
                if header.fields.is_empty() && is_bare_header(&line) {
                    header.fields = line.split(',').map(|field| field.trim_matches('"').to_owned()).collect();
                }
                header.first_row = line;
            }
        }
        header
    }

    pub(crate) fn has(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.fields.iter().any(|field| field.eq_ignore_ascii_case(name)))
    }

    pub(crate) fn log_type_starts(&self, start: &str) -> bool {
        starts_with(&self.log_type, start)
    }
}

/// Whether a folder of this name is in the path.
pub(crate) fn path_has(path: &str, folder: &str) -> bool {
    path.split(['/', '\\']).any(|part| part.eq_ignore_ascii_case(folder))
}

fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

/// The value of a header line such as `#Version: 15.01.2375.007`.
fn directive<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (head, value) = line.split_at_checked(name.len())?;
    head.eq_ignore_ascii_case(name).then(|| value.trim())
}

/// The first column of those results of Test-ProxyLogon that have no time: the server.
const UNTIMED_FIRST: &str = "ComputerName";

/// Whether a line repeats the names of the fields without `#Fields:`, as some builds write.
fn is_bare_header(line: &str) -> bool {
    let first = line.split(',').next().unwrap_or_default().trim_matches('"');
    line.contains(',') && TIME_FIELDS.iter().any(|name| first.eq_ignore_ascii_case(name))
}

/// Whether a line begins as the rows of these logs do: a time and a comma.
pub(crate) fn starts_with_time(line: &str) -> bool {
    line.split_once(',').is_some_and(|(first, _)| Time::parse(first.trim_matches('"').as_bytes()).is_some())
}

/// `15.1.2375.7` for `15.01.2375.007`; `None` for what is no build, such as the `15.0.0.0` that several logs write.
pub(crate) fn normal_build(text: &str) -> Option<String> {
    let parts: Vec<u32> = text.trim().split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    match *parts.as_slice() {
        [major @ 6..=99, minor, build, revision] if (build, revision) != (0, 0) => {
            Some(format!("{major}.{minor}.{build}.{revision}"))
        }
        _ => None,
    }
}

/// A name fit for a stream: what is written in the file, without what could break a report.
pub(crate) fn stream_name(text: &str) -> String {
    let clean = text.trim().chars().filter(|character| !character.is_control() && *character != '/');
    let mut name = String::new();
    for character in clean {
        if name.len().saturating_add(character.len_utf8()) > STREAM_BYTES_MAX {
            break;
        }
        name.push(character);
    }
    name
}

/// Reads a log to its end.
pub(crate) fn parse(layout: &Layout, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
    let mut log = State::new(layout, input.path);
    let account = line_log::parse(&mut log, input, sink);
    state_build(&mut log, sink);
    if layout.rows == RowKind::Results
        && log.hosts.is_empty()
        && let Some(host) = exchange_testproxylogon::host_of(input.path)
    {
        let value = host.to_owned();
        sink.fact(Fact { kind: FactKind::HostName, value, time: None, place: "file name".to_owned() });
    }
    account
}

/// What is known of a log while it is read.
struct State<'a> {
    layout: &'a Layout,
    path: String,
    log_type: String,
    date: Option<Time>,
    /// A build that the header names, until its date is known.
    pending_build: Option<(String, String)>,
    build: String,
    fields: Vec<String>,
    columns: Columns,
    rows: Option<Rows>,
    clock: Clock,
    hosts: Vec<String>,
    /// Finds the host noted last between its commas.
    last_host: Option<Finder<'static>>,
    /// Values of the last row: some builds write fewer than they name fields, always the same number.
    usual_values: usize,
    cells: Vec<Span>,
    /// Values that had to be unescaped; they lie behind the block's text.
    extra: String,
}

/// Where the fields that the parser itself needs are.
#[derive(Clone, Copy, Default)]
struct Columns {
    time: Option<usize>,
    host: Option<usize>,
    protocol: Option<usize>,
    event_data: Option<usize>,
}

impl<'a> State<'a> {
    fn new(layout: &'a Layout, path: &str) -> State<'a> {
        State {
            layout,
            path: path.to_owned(),
            log_type: String::new(),
            date: None,
            pending_build: None,
            build: String::new(),
            fields: Vec::new(),
            columns: Columns::default(),
            rows: None,
            clock: Clock::default(),
            hosts: Vec::new(),
            last_host: None,
            usual_values: usize::MAX,
            cells: Vec::new(),
            extra: String::new(),
        }
    }
}

impl State<'_> {
    /// How many values a line without quotes has, when the server that it names is the one noted last: then nothing
    /// else has to be read of it. Most lines name it once, so it is looked for before commas are counted.
    fn values_with_host(&self, line: &[u8], column: usize) -> Option<usize> {
        let at = self.last_host.as_ref()?.find(line)?.saturating_add(1);
        let (before, rest) = line.split_at_checked(at)?;
        let is_there = memchr_iter(b',', before).count() == column;
        is_there.then(|| column.saturating_add(memchr_iter(b',', rest).count()).saturating_add(1))
    }
}

impl LineLog for State<'_> {
    fn rows(&mut self) -> Option<&mut Rows> {
        self.rows.as_mut()
    }

    fn can_glance(&self) -> bool {
        matches!(self.layout.rows, RowKind::Plain | RowKind::Results) && self.columns.time == Some(0)
    }

    fn glance(&mut self, line: &str) -> Option<Time> {
        let bytes = line.as_bytes();
        if bytes.first() == Some(&b'#') || memchr(b'"', bytes).is_some() {
            return None;
        }
        let first = memchr(b',', bytes)?;
        let values = match self.columns.host {
            Some(column) => self.values_with_host(bytes, column)?,
            None => memchr_iter(b',', bytes).count().saturating_add(1),
        };
        let is_padded = values == self.fields.len().saturating_add(1) && bytes.last() == Some(&b',');
        if values != self.fields.len() && !is_padded {
            return None;
        }
        let time = self.clock.stamp(bytes.get(..first)?)?;
        self.usual_values = values;
        Some(time)
    }

    fn read_line(
        &mut self,
        line: &Line,
        text: &mut String,
        sink: &mut dyn Sink,
    ) -> Result<ControlFlow<()>, Refusal> {
        if line.of(text).starts_with('#') {
            return Ok(read_directive(self, line, text, sink));
        }
        Ok(match read_row(self, line, text, sink)? {
            Some(fields) => set_fields(self, fields, text, sink),
            None => ControlFlow::Continue(()),
        })
    }

    fn flush(&mut self, text: &mut String, sink: &mut dyn Sink) -> ControlFlow<()> {
        let flow = match &mut self.rows {
            Some(rows) => rows.flush(text, &mut self.extra, sink),
            None => ControlFlow::Continue(()),
        };
        // What refused lines left behind has no row.
        self.extra.clear();
        flow
    }
}

fn read_directive(
    log: &mut State<'_>,
    line: &Line,
    text: &mut String,
    sink: &mut dyn Sink,
) -> ControlFlow<()> {
    let content = line.of(text);
    if let Some(version) = directive(content, "#Version:") {
        let version = version.to_owned();
        state_build(log, sink);
        log.date = None;
        log.pending_build = normal_build(&version).map(|build| (build, place(line)));
    } else if let Some(log_type) = directive(content, "#Log-type:") {
        log.log_type = stream_name(log_type);
    } else if let Some(date) = directive(content, "#Date:") {
        log.date = Time::parse(date.as_bytes());
    } else if let Some(fields) = directive(content, "#Fields:") {
        let fields = fields.split(',').take(FIELDS_MAX).map(|field| field.trim().to_owned()).collect();
        state_build(log, sink);
        return set_fields(log, fields, text, sink);
    }
    ControlFlow::Continue(())
}

/// States the build that the header named, once each time it changes.
fn state_build(log: &mut State<'_>, sink: &mut dyn Sink) {
    if let Some((build, place)) = log.pending_build.take() {
        note_build(log, (&build, log.date, &place), sink);
    }
}

fn note_build(log: &mut State<'_>, seen: (&str, Option<Time>, &str), sink: &mut dyn Sink) {
    let (build, time, place) = seen;
    if log.build != build {
        build.clone_into(&mut log.build);
        let (value, place) = (build.to_owned(), place.to_owned());
        sink.fact(Fact { kind: FactKind::BuildRunning, value, time, place });
    }
}

/// A new header: rows of the old one are handed over first.
fn set_fields(
    log: &mut State<'_>,
    fields: Vec<String>,
    text: &mut String,
    sink: &mut dyn Sink,
) -> ControlFlow<()> {
    if fields == log.fields {
        return ControlFlow::Continue(());
    }
    let flow = log.flush(text, sink);
    log.rows = None;
    log.usual_values = usize::MAX;
    let column = |names: &[&str]| {
        fields.iter().position(|field| names.iter().any(|name| field.eq_ignore_ascii_case(name)))
    };
    let of_results = column(&[UNTIMED_FIRST]).filter(|_| log.layout.rows == RowKind::Results);
    log.columns = Columns {
        // Where no column is called a time, it is the first, but for results that have none.
        time: column(TIME_FIELDS).or(Some(0).filter(|_| of_results != Some(0))),
        host: column(HOST_FIELDS).or(of_results),
        protocol: column(&["Protocol"]),
        event_data: column(&["EventData"]),
    };
    log.fields = fields;
    flow
}

/// Reads a line that is no comment. `Some` when it is a bare header that gives the fields.
fn read_row(
    log: &mut State<'_>,
    line: &Line,
    text: &str,
    sink: &mut dyn Sink,
) -> Result<Option<Vec<String>>, Refusal> {
    if log.fields.is_empty() && log.layout.rows == RowKind::Oab && !is_bare_header(line.of(text)) {
        push_message(log, line, text, sink);
        return Ok(None);
    }
    log.cells.clear();
    let start = line.start as usize;
    if !split(line.of(text), (start, text.len()), &mut log.extra, &mut log.cells) {
        let code = if line.ended { Code::BadLine } else { Code::TruncatedTail };
        return Err(refuse(code, "a quote is opened and never closed"));
    }
    let first = value(log.cells.first(), text, &log.extra);
    let is_untimed = log.layout.rows == RowKind::Results
        && log.fields.is_empty()
        && first.eq_ignore_ascii_case(UNTIMED_FIRST);
    if is_untimed || TIME_FIELDS.iter().any(|name| first.eq_ignore_ascii_case(name)) {
        let names = log.cells.iter().take(FIELDS_MAX);
        let fields = names.map(|cell| value(Some(cell), text, &log.extra).trim().to_owned()).collect();
        return Ok(log.fields.is_empty().then_some(fields));
    }
    if log.fields.is_empty() {
        return Err(refuse(Code::NoHeader, "no #Fields line above"));
    }
    let (values, fields) = (log.cells.len(), log.fields.len());
    let surplus = values.saturating_sub(fields);
    if !line.ended && values < fields.min(log.usual_values) {
        return Err(refuse(Code::TruncatedTail, format!("{values} values for {fields} fields")));
    }
    let stamp = log.columns.time.and_then(|column| log.cells.get(column));
    let time = log.clock.stamp(value(stamp, text, &log.extra).as_bytes());
    // A comma at the end of a line makes an empty value that no field is for.
    let is_padded = surplus == 1 && log.cells.last().is_some_and(|cell| cell.len == 0);
    if values != fields && !is_padded {
        let message = format!("{values} values for {fields} fields");
        if time.is_none() {
            return Err(refuse(Code::BadLine, message));
        }
        sink.diagnostic(Code::ExtraFields, &place(line), &message, 0);
    } else if time.is_none() && log.columns.time.is_some() {
        sink.diagnostic(Code::TimeUnreadable, &place(line), "not an ISO 8601 time", 0);
    }
    log.usual_values = values;
    finish_row(log, line, (text, time), sink);
    Ok(None)
}

/// Takes what the row says of its host, derives columns, and adds it.
fn finish_row(log: &mut State<'_>, line: &Line, row: (&str, Option<Time>), sink: &mut dyn Sink) {
    let (text, time) = row;
    note_host(log, line, row, sink);
    let fields = log.fields.len();
    match log.layout.rows {
        RowKind::Plain | RowKind::Results => {}
        RowKind::Ecp => {
            if let Some(column) = log.columns.event_data {
                // EventData is the last column: commas that nobody quoted belong to it.
                if let Some(cell) = log.cells.get_mut(column).filter(|_| column.saturating_add(1) == fields) {
                    let is_in_place = (cell.start as usize) < text.len();
                    if is_in_place
                        && text.as_bytes().get((cell.start as usize).wrapping_sub(1)) != Some(&b'"')
                    {
                        *cell = span(cell.start as usize, line.end as usize);
                    }
                }
                log.cells.resize(fields, Span::NULL);
                let build = exchange_ecp::take_apart(&mut log.cells, column, (text, &mut log.extra));
                if let Some(build) =
                    build.and_then(|build| normal_build(value(Some(&build), text, &log.extra)))
                {
                    note_build(log, (&build, time, &place(line)), sink);
                }
            }
        }
        RowKind::Oab => {
            log.cells.resize(fields, Span::NULL);
            log.cells.push(span(line.start as usize, line.end as usize));
        }
    }
    push(log, line, row, sink);
}

fn push(log: &mut State<'_>, line: &Line, row: (&str, Option<Time>), sink: &mut dyn Sink) {
    let (text, time) = row;
    if log.rows.is_none() {
        let protocol = log.columns.protocol.and_then(|column| log.cells.get(column));
        let identity = Identity {
            path: &log.path,
            log_type: &log.log_type,
            fields: &log.fields,
            protocol: value(protocol, text, &log.extra),
        };
        let derived: &[&'static str] = match log.layout.rows {
            RowKind::Plain | RowKind::Results => &[],
            RowKind::Ecp if log.columns.event_data.is_none() => &[],
            RowKind::Ecp => exchange_ecp::DERIVED_FIELDS,
            RowKind::Oab => exchange_oabgenerator::DERIVED_FIELDS,
        };
        let own = log.fields.iter().cloned().map(Cow::Owned);
        let schema = Schema {
            artifact: Cow::Borrowed(log.layout.artifact.name),
            stream: stream_name(&(log.layout.stream)(&identity)),
            fields: own.chain(derived.iter().copied().map(Cow::Borrowed)).collect(),
            ..Schema::default()
        };
        log.rows = Some(Rows::new(schema, sink));
    }
    if let Some(rows) = &mut log.rows {
        rows.push(&log.cells, time, Position { number: line.number, offset: line.offset });
    }
}

/// A line of a log that has no columns.
fn push_message(log: &mut State<'_>, line: &Line, text: &str, sink: &mut dyn Sink) {
    log.cells.clear();
    log.cells.push(span(line.start as usize, line.end as usize));
    let time = exchange_oabgenerator::time_of(line.of(text));
    push(log, line, (text, time), sink);
}

/// States the server's name, once for each distinct one.
fn note_host(log: &mut State<'_>, line: &Line, row: (&str, Option<Time>), sink: &mut dyn Sink) {
    let (text, time) = row;
    let host = value(log.columns.host.and_then(|column| log.cells.get(column)), text, &log.extra);
    // Results are of one server; the first is who they are known by.
    let max = if log.layout.rows == RowKind::Results { 1 } else { HOSTS_MAX };
    if host.is_empty() || log.hosts.len() >= max || log.hosts.iter().any(|known| known == host) {
        return;
    }
    log.last_host = Some(Finder::new(&format!(",{host},")).into_owned());
    log.hosts.push(host.to_owned());
    sink.fact(Fact { kind: FactKind::HostName, value: host.to_owned(), time, place: place(line) });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_lose_their_zeros() {
        assert_eq!(normal_build("15.01.2375.007").as_deref(), Some("15.1.2375.7"));
        assert_eq!(normal_build("15.0.0.0"), None);
        assert_eq!(normal_build("15.1"), None);
    }
}
