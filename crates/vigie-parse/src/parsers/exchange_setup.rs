//! Exchange's own setup log: which build was installed, when, and whether the installation ended well.
//!
//! No specification is published. What is read here was seen in the logs that CSS-Exchange keeps for its tests
//! (<https://github.com/microsoft/CSS-Exchange/tree/main/Setup/Tests>): `[03/13/2021 00:10:25.0820] [0] text`.
//! * The clock is UTC, not local time: those logs hold a domain controller's answer with its local time beside it,
//!   `12/18/2020 8:16:43 PM` in a line of `[12/19/2020 04:16:43.0790]` under `(UTC-08:00)`.
//! * The order is month, day, year everywhere; the separator is the one of the system's language (`11.14.2022`).
//! * The four decimals are milliseconds: the first is always 0.
//!
//! A security update (an `.msp`) does not run setup and leaves nothing here: its build is told by other logs.

use std::ops::ControlFlow;

use vigie_model::Time;
use vigie_model::batch::Position;
use vigie_model::coverage::Density;
use vigie_model::diagnostic::Code;
use vigie_model::evidence::{Account, Fact, FactKind};

use super::limit::Cuts;
use super::line_log::{Refusal, refuse};
use super::line_reader::{self, LineReader};
use super::lines::head_lines;
use super::table::{Layout, Table};
use crate::{Artifact, Head, Input, Parser, Sink};

/// Lines of the head among which the beginning of a setup must stand.
const HEAD_LINES: usize = 40;
/// Text of one message with its further lines (stack traces), in bytes; more is left out.
const MESSAGE_BYTES_MAX: usize = 64 * 1024;

static LAYOUT: Layout =
    Layout { artifact: "exchange.setup", stream: "", fields: &["DateTime", "Level", "Message"] };

/// Reads `ExchangeSetup.log`.
#[derive(Clone, Copy, Debug)]
pub struct ExchangeSetup;

static ARTIFACT: Artifact = Artifact {
    name: "exchange.setup",
    title: "Exchange setup log",
    density: Density::Sparse,
    proves: "Which build was installed and when: the start and end of the time a server was open to a flaw.",
    location: r"C:\ExchangeSetupLogs\ExchangeSetup.log",
    source: "https://github.com/microsoft/CSS-Exchange/tree/main/Setup",
};

impl Parser for ExchangeSetup {
    fn artifact(&self) -> &'static Artifact {
        &ARTIFACT
    }

    fn recognise(&self, head: &Head<'_>) -> bool {
        let lines = head_lines(head.bytes, HEAD_LINES);
        let stamped: Vec<Stamped<'_>> = lines.iter().filter_map(|line| stamped(line)).collect();
        // A log cut at its head has no banner any more: then its name tells.
        let lower = head.path.to_ascii_lowercase();
        let is_named = lower.rsplit(['\\', '/']).next().is_some_and(|name| name.starts_with("exchangesetup"));
        let is_banner = |line: &Stamped<'_>| {
            line.message.contains("Exchange Server") || line.message.starts_with("Setup version:")
        };
        stamped.iter().any(|line| is_named || is_banner(line))
    }

    fn parse(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
        let mut reading = Reading {
            table: Table::new(&LAYOUT),
            entry: None,
            run: Run::default(),
            host: String::new(),
            cuts: Cuts::default(),
        };
        let account = line_reader::read(&mut reading, input, sink);
        reading.cuts.say(sink);
        account
    }
}

struct Reading {
    table: Table,
    /// The message whose further lines may still come.
    entry: Option<Entry>,
    run: Run,
    host: String,
    cuts: Cuts,
}

struct Entry {
    stamp: String,
    time: Option<Time>,
    level: String,
    message: String,
    position: Position,
}

/// What the log has said of the setup under way.
#[derive(Debug, Default)]
struct Run {
    build: String,
    /// Whether it only prepares the directory, or removes Exchange: nothing is installed then.
    installs_nothing: bool,
}

/// A line with its stamp.
struct Stamped<'l> {
    stamp: &'l str,
    level: &'l str,
    message: &'l str,
}

/// Takes `[time] [level] message` apart.
fn stamped(line: &str) -> Option<Stamped<'_>> {
    let (stamp, rest) = line.strip_prefix('[')?.split_once("] [")?;
    let (level, message) = rest.split_once(']')?;
    let looks_right = stamp.len() >= 19
        && stamp
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'/' | b'.' | b'-' | b' ' | b':'))
        && !level.is_empty()
        && level.bytes().all(|byte| byte.is_ascii_digit());
    looks_right.then(|| Stamped { stamp, level, message: message.strip_prefix(' ').unwrap_or(message) })
}

/// `03/13/2021 00:10:25.0820`: month, day, year, and milliseconds in four digits.
fn time_of(stamp: &str) -> Option<Time> {
    let (date, clock) = stamp.split_once(' ')?;
    let mut parts = date.split(['/', '.', '-']).map(str::parse::<u32>);
    let (month, day, year) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    let (clock, millis) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut parts = clock.split(':').map(str::parse::<u32>);
    let (hour, minute, second) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = hour.checked_mul(3_600)?.checked_add(minute.checked_mul(60)?)?.checked_add(second)?;
    let micros = millis.parse::<u32>().ok()?.checked_mul(1_000)?;
    Time::from_civil(i32::try_from(year).ok()?, month, day, seconds, micros)
}

impl LineReader for Reading {
    fn line(
        &mut self,
        text: &str,
        position: Position,
        sink: &mut dyn Sink,
    ) -> Result<ControlFlow<()>, Refusal> {
        let Some(line) = stamped(text) else {
            let Some(entry) = &mut self.entry else {
                return Err(refuse(Code::NoHeader, "a line before the first one with a time"));
            };
            self.cuts.push(&mut entry.message, "\n", MESSAGE_BYTES_MAX, position.number);
            self.cuts.push(&mut entry.message, text, MESSAGE_BYTES_MAX, position.number);
            return Ok(ControlFlow::Continue(()));
        };
        let flow = flush(self, sink);
        let time = time_of(line.stamp);
        let place = format!("line {}", position.number);
        if time.is_none() {
            sink.diagnostic(Code::TimeUnreadable, &place, &format!("no time: {}", line.stamp), 0);
        }
        learn(self, line.message.trim_end(), time, &place, sink);
        self.entry = Some(Entry {
            stamp: line.stamp.to_owned(),
            time,
            level: line.level.to_owned(),
            message: line.message.to_owned(),
            position,
        });
        Ok(flow)
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        if flush(self, sink).is_continue() {
            // Nothing is left to read, whether the receiver wants more or not.
            let _stopped = self.table.finish(sink);
        }
    }
}

fn flush(reading: &mut Reading, sink: &mut dyn Sink) -> ControlFlow<()> {
    let Some(entry) = reading.entry.take() else { return ControlFlow::Continue(()) };
    let values = [entry.stamp.as_str(), entry.level.as_str(), entry.message.as_str()];
    reading.table.push(entry.time, entry.position, &values.map(Some), sink)
}

/// Takes from a message what it says of the host. A build counts as installed only when setup says that it ended
/// well, or finds it there: a failed setup must not make a server look patched.
fn learn(reading: &mut Reading, message: &str, time: Option<Time>, place: &str, sink: &mut dyn Sink) {
    let fact = |kind, value: &str| Fact { kind, value: value.to_owned(), time, place: place.to_owned() };
    if let Some(build) = message.strip_prefix("Setup version: ").and_then(build_of) {
        reading.run = Run { build: build.to_owned(), installs_nothing: false };
    } else if let Some(build) = message.strip_prefix("The locally installed version is ").and_then(build_of) {
        sink.fact(fact(FactKind::BuildInstalled, build));
    } else if let Some(parameter) = message.strip_prefix("Command Line Parameter Name='") {
        reading.run.installs_nothing |= installs_nothing(&parameter.to_ascii_lowercase());
    } else if message.starts_with("The Exchange Server setup operation completed successfully") {
        let run = std::mem::take(&mut reading.run);
        if !run.installs_nothing && !run.build.is_empty() {
            sink.fact(fact(FactKind::BuildInstalled, &run.build));
        }
    } else if let Some(name) =
        message.split_once("for the local machine with name '").and_then(|(_, rest)| rest.split('\'').next())
        && !name.is_empty()
        && name != reading.host
    {
        name.clone_into(&mut reading.host);
        sink.fact(fact(FactKind::HostName, name));
    }
}

/// Whether a parameter says that this setup installs no build: it prepares the directory, or removes.
fn installs_nothing(parameter: &str) -> bool {
    parameter.starts_with("prepare")
        || parameter.starts_with("removeserver")
        || parameter.starts_with("newprovisionedserver")
        || parameter.starts_with("removeprovisionedserver")
        || parameter.starts_with("mode', value='uninstall'")
}

/// `15.1.2176.2.` without the stop at the end.
fn build_of(text: &str) -> Option<&str> {
    let build = text.trim_end().trim_end_matches('.');
    let is_build = build.split('.').count() == 4 && build.split('.').all(|part| part.parse::<u32>().is_ok());
    is_build.then_some(build)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_every_language() {
        for stamp in ["03/13/2021 00:10:25.0820", "03.13.2021 00:10:25.0820", "03-13-2021 00:10:25.0820"] {
            assert_eq!(time_of(stamp).unwrap().to_string(), "2021-03-13T00:10:25.820000Z");
        }
        for stamp in ["13/03/2021 00:10:25.0820", "03/13/2021 24:10:25.0820", "03/13/2021", "1/2/3 4:5", ""] {
            assert_eq!(time_of(stamp), None, "{stamp}");
        }
    }

    #[test]
    fn lines_and_builds() {
        let line = stamped("[03/13/2021 00:10:25.0820] [12] [ERROR] x] y").unwrap();
        assert_eq!((line.level, line.message), ("12", "[ERROR] x] y"));
        assert!(stamped("   at Microsoft.Exchange.X()").is_none());
        assert!(stamped("[x] [0] y").is_none());
        assert_eq!(build_of("15.1.2176.2."), Some("15.1.2176.2"));
        assert_eq!(build_of("15.1.x.2."), None);
    }
}
