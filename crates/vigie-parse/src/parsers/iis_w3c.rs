//! IIS logs in the W3C extended format. Specification: <https://www.w3.org/TR/WD-logfile.html>, and what IIS makes of
//! it: <https://learn.microsoft.com/en-us/windows/win32/http/w3c-logging>.

use std::borrow::Cow;
use std::ops::ControlFlow;

use memchr::memchr_iter;
use vigie_model::batch::{Position, Span};
use vigie_model::coverage::Density;
use vigie_model::diagnostic::Code;
use vigie_model::evidence::Account;
use vigie_model::time::Day;
use vigie_model::{Schema, Time};

use super::iis_repair;
use super::line_log::{self, LineLog, Refusal, place, refuse};
use super::lines::{Line, head_lines};
use super::rows::{Clock, Rows, span, time_of_day};
use crate::{Artifact, Head, Input, Parser, Sink};

/// Lines of the head in which a header is looked for.
const HEAD_LINES: usize = 64;
/// What IIS 8.5 and later write unless told otherwise; older ones lack the referrer.
const DEFAULT_FIELDS: &str = "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip \
    cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken";
const OLD_DEFAULT_FIELDS: &str = "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip \
    cs(User-Agent) sc-status sc-substatus sc-win32-status time-taken";
/// A clock without dates that goes back by more than this has passed midnight: requests end out of order by less.
const ROLLOVER_MICROS: i64 = 3_600_000_000;

/// Reads IIS and HTTP.sys logs.
pub struct IisW3c;

static ARTIFACT: Artifact = Artifact {
    name: "iis.w3c",
    title: "IIS web server log (W3C extended format)",
    density: Density::Busy,
    proves: "Every request that reached the web server and how it was answered: exploitation attempts on the front end \
             (W3SVC1), what was passed to the Exchange back end (W3SVC2), use of web shells. Request bodies are not in it.",
    location: "%SystemDrive%\\inetpub\\logs\\LogFiles\\W3SVC*\\u_ex*.log; %SystemRoot%\\System32\\LogFiles\\HTTPERR",
    source: "https://www.w3.org/TR/WD-logfile.html",
};

impl Parser for IisW3c {
    fn artifact(&self) -> &'static Artifact {
        &ARTIFACT
    }

    fn recognise(&self, head: &Head<'_>) -> bool {
        let lines = head_lines(head.bytes, HEAD_LINES);
        let header = lines.iter().find_map(|line| directive(line, "#Fields:"));
        match header {
            Some(fields) => is_web_header(fields),
            // The start is missing: the lines themselves must be of the default fields.
            None => lines.iter().take(3).any(|line| default_fields_of(line).is_some()),
        }
    }

    fn parse(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
        let mut log = State { site: site_of_path(input.path), ..State::default() };
        line_log::parse(&mut log, input, sink)
    }
}

/// The value of a header line such as `#Fields: date time`.
fn directive<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (head, value) = line.split_at_checked(name.len())?;
    head.eq_ignore_ascii_case(name).then(|| value.trim())
}

/// Whether fields are those of a web server, and not of a firewall that writes the same format.
fn is_web_header(fields: &str) -> bool {
    !fields.contains(',')
        && fields.split_ascii_whitespace().any(|field| {
            ["cs-uri-stem", "cs-uri", "cs-method", "cs-uri-query", "sc-status", "c-ip"]
                .iter()
                .any(|known| field.eq_ignore_ascii_case(known))
        })
}

/// The default field list that a line without header fits, if it fits one beyond doubt.
fn default_fields_of(line: &str) -> Option<&'static str> {
    [DEFAULT_FIELDS, OLD_DEFAULT_FIELDS].into_iter().find(|fields| {
        let names: Vec<&str> = fields.split_ascii_whitespace().collect();
        let cells: Vec<&str> = line.split(' ').collect();
        cells.len() == names.len() && iis_repair::fits(&names, &cells)
    })
}

/// `W3SVC1`, `FTPSVC2` or `HTTPERR` out of the path.
fn site_of_path(path: &str) -> Option<String> {
    let parts = path.split(['/', '\\']);
    parts.map(str::to_ascii_uppercase).find(|part| part == "HTTPERR" || is_site(part))
}

fn is_site(name: &str) -> bool {
    ["W3SVC", "FTPSVC"].iter().any(|service| {
        name.strip_prefix(service)
            .is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// What is known of a log while it is read.
#[derive(Default)]
struct State {
    site: Option<String>,
    is_http_error_log: bool,
    fields: Vec<String>,
    columns: Columns,
    rows: Option<Rows>,
    clock: Clock,
    /// The day of lines that have no date, and the last time on it in microseconds.
    derived: Option<(Day, i64)>,
    cells: Vec<Span>,
}

/// Where the fields that the parser itself needs are.
#[derive(Clone, Copy, Default)]
struct Columns {
    date: Option<usize>,
    time: Option<usize>,
    port: Option<usize>,
    site: Option<usize>,
}

impl LineLog for State {
    fn rows(&mut self) -> Option<&mut Rows> {
        self.rows.as_mut()
    }

    fn can_glance(&self) -> bool {
        (self.columns.date, self.columns.time) == (Some(0), Some(1))
    }

    fn glance(&mut self, line: &str) -> Option<Time> {
        let bytes = line.as_bytes();
        let (date, rest) = bytes.split_at_checked(10)?;
        let [b' ', rest @ ..] = rest else { return None };
        let (time, [b' ', ..]) = rest.split_at_checked(8)? else { return None };
        let is_whole = memchr_iter(b' ', bytes).count().checked_add(1) == Some(self.fields.len());
        if is_whole { self.clock.at(date, time) } else { None }
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
        read_row(self, line, text, sink).map(|()| ControlFlow::Continue(()))
    }

    fn flush(&mut self, text: &mut String, sink: &mut dyn Sink) -> ControlFlow<()> {
        let flush = |rows: &mut Rows| rows.flush(text, &mut String::new(), sink);
        self.rows.as_mut().map_or(ControlFlow::Continue(()), flush)
    }
}

fn read_directive(log: &mut State, line: &Line, text: &mut String, sink: &mut dyn Sink) -> ControlFlow<()> {
    let content = line.of(text);
    if let Some(software) = directive(content, "#Software:") {
        log.is_http_error_log = software.to_ascii_uppercase().contains("HTTP API");
    } else if let Some(date) = directive(content, "#Date:") {
        let moment = Time::parse(date.as_bytes());
        log.derived = moment.map(|moment| (moment.day(), i64::MIN));
    } else if let Some(fields) = directive(content, "#Fields:") {
        let fields: Vec<String> = fields.split_ascii_whitespace().map(str::to_owned).collect();
        return set_fields(log, fields, text, sink);
    }
    ControlFlow::Continue(())
}

/// A new header: rows of the old one are handed over first. IIS repeats the same header at each start.
fn set_fields(
    log: &mut State,
    fields: Vec<String>,
    text: &mut String,
    sink: &mut dyn Sink,
) -> ControlFlow<()> {
    if fields == log.fields {
        return ControlFlow::Continue(());
    }
    let flow = log
        .rows
        .take()
        .map_or(ControlFlow::Continue(()), |mut rows| rows.flush(text, &mut String::new(), sink));
    let column = |name: &str| fields.iter().position(|field| field.eq_ignore_ascii_case(name));
    log.columns = Columns {
        date: column("date"),
        time: column("time"),
        port: column("s-port"),
        site: column("s-sitename"),
    };
    log.fields = fields;
    flow
}

fn read_row(log: &mut State, line: &Line, text: &mut String, sink: &mut dyn Sink) -> Result<(), Refusal> {
    if log.fields.is_empty() {
        let Some(fields) = default_fields_of(line.of(text)) else {
            return Err(refuse(Code::NoHeader, "no #Fields line above, and not the default fields"));
        };
        // There are no rows yet that a flush could stop at.
        let _ = set_fields(log, fields.split_ascii_whitespace().map(str::to_owned).collect(), text, sink);
    }
    let content = line.of(text);
    let start = line.start as usize;
    log.cells.clear();
    let mut from = start;
    for at in memchr_iter(b' ', content.as_bytes()) {
        let end = start.wrapping_add(at);
        log.cells.push(span(from, end));
        from = end.wrapping_add(1);
    }
    log.cells.push(span(from, line.end as usize));
    if log.cells.len() != log.fields.len() {
        repair(log, line, text, sink)?;
    }
    let time = match time_of_row(log, line, text, sink) {
        Some(time) => Some(time),
        None if log.columns.date.is_none() && log.columns.time.is_none() => None,
        None if !has_clock(log, text) => {
            return Err(refuse(Code::BadLine, "neither date nor time can be read"));
        }
        None => {
            sink.diagnostic(Code::TimeUnreadable, &place(line), "date and time do not make a moment", 0);
            None
        }
    };
    if log.rows.is_none() {
        let schema = Schema {
            artifact: Cow::Borrowed(ARTIFACT.name),
            stream: stream_of(log, text),
            fields: log.fields.iter().cloned().map(Cow::Owned).collect(),
            ..Schema::default()
        };
        log.rows = Some(Rows::new(schema, sink));
    }
    if let Some(rows) = &mut log.rows {
        rows.push(&log.cells, time, Position { number: line.number, offset: line.offset });
    }
    Ok(())
}

/// Sorts out a line whose values are not as many as the fields.
fn repair(log: &mut State, line: &Line, text: &str, sink: &mut dyn Sink) -> Result<(), Refusal> {
    let (values, fields) = (log.cells.len(), log.fields.len());
    let message = format!("{values} values for {fields} fields");
    if !line.ended && values < fields {
        return Err(refuse(Code::TruncatedTail, message));
    }
    match iis_repair::repair(&log.fields, &log.cells, text) {
        Some(cells) => {
            log.cells = cells;
            sink.diagnostic(Code::ExtraFields, &place(line), &message, 0);
            Ok(())
        }
        None => Err(refuse(Code::BadLine, message)),
    }
}

fn cell<'a>(cells: &[Span], column: Option<usize>, text: &'a str) -> Option<&'a str> {
    let span = cells.get(column?)?;
    let start = span.start as usize;
    text.get(start..start.checked_add(span.len as usize)?)
}

fn time_of_row(log: &mut State, line: &Line, text: &str, sink: &mut dyn Sink) -> Option<Time> {
    let date = cell(&log.cells, log.columns.date, text);
    let time = cell(&log.cells, log.columns.time, text);
    match (date, time) {
        (Some(date), Some(time)) => log.clock.at(date.as_bytes(), time.as_bytes()),
        // A date alone puts the event on its day, at the day's start.
        (Some(date), None) => log.clock.day(date.as_bytes()).map(Day::start),
        (None, Some(time)) => {
            let micros = time_of_day(time.as_bytes())?;
            let (day, last) = log.derived?;
            let passed_midnight = micros.saturating_add(ROLLOVER_MICROS) < last;
            let day = if passed_midnight { day.next() } else { day };
            log.derived = Some((day, if passed_midnight { micros } else { micros.max(last) }));
            if last == i64::MIN {
                sink.diagnostic(
                    Code::TimeDerived,
                    &place(line),
                    "the date is that of the #Date line above",
                    0,
                );
            }
            day.start().plus_micros(micros)
        }
        (None, None) => None,
    }
}

/// Whether at least one of date and time looks like one.
fn has_clock(log: &mut State, text: &str) -> bool {
    let date = cell(&log.cells, log.columns.date, text);
    let time = cell(&log.cells, log.columns.time, text);
    date.is_some_and(|date| log.clock.day(date.as_bytes()).is_some())
        || time.is_some_and(|time| time_of_day(time.as_bytes()).is_some())
}

/// The stream, by the first row of a header: the path's site, the site column, or the port.
fn stream_of(log: &State, text: &str) -> String {
    if let Some(site) = &log.site {
        return site.clone();
    }
    if log.is_http_error_log {
        return "HTTPERR".to_owned();
    }
    let site = cell(&log.cells, log.columns.site, text).filter(|site| {
        site.len() <= 64 && site.len() > 1 && site.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    if let Some(site) = site {
        return site.to_ascii_uppercase();
    }
    // Exchange's back end listens on 444.
    let is_back_end = cell(&log.cells, log.columns.port, text) == Some("444");
    if is_back_end { "W3SVC2" } else { "W3SVC1" }.to_owned()
}
