//! The text logs of Microsoft Defender: `MPLog-*.log` and `MPDetection-*.log`.
//!
//! Not described by Microsoft; what is read was seen described at
//! <https://artefacts.help/windows_defender_support_logs.html> and <https://www.crowdstrike.com/en-us/blog/how-to-use-microsoft-protection-logging-for-forensic-investigations/>.
//! Lines that begin with a time in UTC are events; what stands under one without a time belongs to it. The logs reach back for
//! years and tell of files and commands long after the event log has rolled over.

use std::ops::ControlFlow;

use vigie_model::Time;
use vigie_model::batch::Position;
use vigie_model::coverage::Density;
use vigie_model::evidence::Account;

use super::limit::Cuts;
use super::line_log::Refusal;
use super::line_reader::{self, LineReader};
use super::lines::head_lines;
use super::table::{Layout, Table};
use super::text_file::name_of;
use crate::{Artifact, Head, Input, Parser, Sink};

/// Lines of the head that are looked at.
const HEAD_LINES: usize = 40;
/// Bytes of the lines that belong to one event and are kept.
const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// Words by which a line tells of something that was found.
const DETECTIONS: &[&str] = &["DETECTION_ADD", "DETECTIONEVENT", "DETECTION_CLEANEVENT", "DETECTION"];
/// Words that stand in these logs and in no other.
const MARKS: &[&str] =
    &["DETECTION_ADD", "DETECTIONEVENT", "Product Version: 4.", "Engine Version: 1.", "MpEngine", "MPLog"];

/// Reads Defender's text logs.
#[derive(Clone, Copy, Debug)]
pub struct DefenderLog;

static ARTIFACT: Artifact = Artifact {
    name: "defender.log",
    title: "Microsoft Defender's own log (MPLog, MPDetection)",
    density: Density::Sparse,
    proves: "What Defender found, with name, path and time in UTC, years back; which exclusions it was given.",
    location: r"C:\ProgramData\Microsoft\Windows Defender\Support\MPLog-*.log, MPDetection-*.log",
    source: "https://artefacts.help/windows_defender_support_logs.html",
};

static FOUND: Layout = Layout {
    artifact: "defender.log",
    stream: "Detection",
    fields: &["ThreatName", "Path", "Kind", "Message"],
};
static OTHER: Layout = Layout { artifact: "defender.log", stream: "Message", fields: &["Message"] };

impl Parser for DefenderLog {
    fn artifact(&self) -> &'static Artifact {
        &ARTIFACT
    }

    fn recognise(&self, head: &Head<'_>) -> bool {
        let lines = head_lines(head.bytes, HEAD_LINES);
        let name = name_of(head.path);
        let is_named = name.starts_with("mplog-") || name.starts_with("mpdetection-");
        let timed = lines.iter().filter(|line| time_of(line).is_some()).count();
        timed > 0
            && (is_named
                || lines.iter().any(|line| MARKS.iter().any(|mark| line.contains(mark))) && has_found(&lines))
    }

    fn parse(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
        let (found, other) = (Table::new(&FOUND), Table::new(&OTHER));
        let mut log = Log { found, other, entry: None, cuts: Cuts::default() };
        let account = line_reader::read(&mut log, input, sink);
        log.cuts.say(sink);
        account
    }
}

fn has_found(lines: &[String]) -> bool {
    lines.iter().any(|line| time_of(line).is_some() && kind_of(line).is_some())
}

struct Log {
    found: Table,
    other: Table,
    entry: Option<Entry>,
    cuts: Cuts,
}

struct Entry {
    time: Option<Time>,
    position: Position,
    text: String,
}

/// `2021-03-03T05:12:44.123Z text`.
fn time_of(line: &str) -> Option<(Time, &str)> {
    let (stamp, rest) = line.split_once([' ', '\t'])?;
    (stamp.len() >= 20 && stamp.ends_with('Z')).then_some(())?;
    Some((Time::parse(stamp.as_bytes())?, rest.trim()))
}

/// The word by which a line tells of a find.
fn kind_of(text: &str) -> Option<&'static str> {
    DETECTIONS.iter().copied().find(|word| text.contains(word))
}

impl LineReader for Log {
    fn line(
        &mut self,
        line: &str,
        position: Position,
        sink: &mut dyn Sink,
    ) -> Result<ControlFlow<()>, Refusal> {
        if let Some((time, rest)) = time_of(line) {
            let flow = self.flush(sink);
            self.entry = Some(Entry { time: Some(time), position, text: rest.to_owned() });
            return Ok(flow);
        }
        let is_exclusion = line.contains("xclusion");
        match &mut self.entry {
            Some(entry) if !is_exclusion => {
                self.cuts.push(&mut entry.text, "\n", MESSAGE_BYTES_MAX, position.number);
                self.cuts.push(&mut entry.text, line, MESSAGE_BYTES_MAX, position.number);
                Ok(ControlFlow::Continue(()))
            }
            Some(_) | None => {
                let flow = self.flush(sink);
                self.entry = Some(Entry { time: None, position, text: line.to_owned() });
                Ok(flow)
            }
        }
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        // Nothing is left to read, whether the receiver wants more or not.
        let _stopped = self.finish(sink);
    }
}

impl Log {
    fn finish(&mut self, sink: &mut dyn Sink) -> ControlFlow<()> {
        self.flush(sink)?;
        self.found.finish(sink)?;
        self.other.finish(sink)
    }

    fn flush(&mut self, sink: &mut dyn Sink) -> ControlFlow<()> {
        let Some(Entry { time, position, text }) = self.entry.take() else {
            return ControlFlow::Continue(());
        };
        let Some(kind) = kind_of(&text) else {
            return self.other.push(time, position, &[Some(&text)], sink);
        };
        let (name, path) = threat_of(&text);
        let values = [name, path, Some(kind), Some(text.as_str())];
        self.found.push(time, position, &values, sink)
    }
}

/// The name of the threat, `Backdoor:ASP/Chopper.F!dha`, and the resource behind it.
fn threat_of(text: &str) -> (Option<&str>, Option<&str>) {
    let mut rest = text;
    while let Some((word, after)) = rest.split_once([' ', '\n']) {
        if is_threat(word) {
            let path = after.trim().lines().next().unwrap_or_default();
            let path =
                path.strip_prefix("file:").or_else(|| path.strip_prefix("containerfile:")).unwrap_or(path);
            return (Some(word), Some(path.trim_start_matches('_')).filter(|path| !path.is_empty()));
        }
        rest = after;
    }
    (Some(rest).filter(|word| is_threat(word)), None)
}

/// `Type:Platform/Family`, as Microsoft names what it finds.
fn is_threat(word: &str) -> bool {
    word.split_once(':').is_some_and(|(kind, rest)| {
        !kind.is_empty()
            && kind.bytes().all(|byte| byte.is_ascii_alphabetic())
            && rest.split_once('/').is_some_and(|(platform, family)| {
                !platform.is_empty()
                    && !family.is_empty()
                    && platform.bytes().all(|byte| byte.is_ascii_alphanumeric())
            })
    })
}
