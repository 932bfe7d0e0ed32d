//! Reports of Microsoft's HealthChecker: `HealthChecker-<server>-<stamp>.xml` and `HealthChecker-VulnerabilityReport-<stamp>.json`.
//!
//! The first is what PowerShell's Export-Clixml writes two levels deep (<https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-psrp/>):
//! typed values with a name, and below that depth objects as text. So every named value is an event, whatever the script's
//! version calls it, and what is read of them is what all versions write: a pair of a name and its detail. The script:
//! <https://github.com/microsoft/CSS-Exchange/tree/main/Diagnostics/HealthChecker>. The second lists the flaws of all servers.

use std::ops::ControlFlow;

use serde_json::Value;
use vigie_model::Time;
use vigie_model::batch::Position;
use vigie_model::build::Build;
use vigie_model::coverage::Density;
use vigie_model::diagnostic::Code;
use vigie_model::evidence::{Account, Fact, FactKind};

use super::encoding::head_text;
use super::limit::{CONTEXT_BYTES_MAX, Cuts};
use super::local_time;
use super::table::{self, Layout, Table};
use super::text_file::{TextFile, name_of};
use super::xml::{self, Element, Visit};
use crate::{Artifact, Head, Input, Parser, Sink};

/// Bytes of one value that are kept.
const VALUE_BYTES_MAX: usize = 16 * 1024;
/// Bytes of a name that are kept: each value has those of all that enclose it.
const NAME_BYTES_MAX: usize = 1024;
/// Bytes of a report on all servers; a tree of JSON takes many times its text in memory.
const JSON_BYTES_MAX: usize = 4 << 20;
/// Servers of one report, and flaws of one server, that are kept.
const LIST_MAX: usize = 10_000;
/// Flaws of one report that become facts.
const FLAWS_MAX: usize = 500;

/// Reads HealthChecker's reports.
#[derive(Clone, Copy, Debug)]
pub struct HealthChecker;

static ARTIFACT: Artifact = Artifact {
    name: "exchange.healthchecker",
    title: "Report of Microsoft's HealthChecker",
    density: Density::State,
    proves: "The build of ExSetup.exe on the day of the report, which flaws Microsoft's own check found open, and settings: \
             Extended Protection, AMSI, the emergency mitigation service.",
    location: r"HealthChecker-<server>-*.xml, HealthChecker-VulnerabilityReport-*.json, where the script was run",
    source: "https://microsoft.github.io/CSS-Exchange/Diagnostics/HealthChecker/",
};

static LAYOUTS: [Layout; 2] = [
    Layout {
        artifact: "exchange.healthchecker",
        stream: "Setting",
        fields: &["Server", "Name", "Value", "Path"],
    },
    Layout {
        artifact: "exchange.healthchecker",
        stream: "Vulnerability",
        fields: &["Server", "BuildVersion", "Vulnerability", "HasVulnerability", "Online"],
    },
];

impl Parser for HealthChecker {
    fn artifact(&self) -> &'static Artifact {
        &ARTIFACT
    }

    fn recognise(&self, head: &Head<'_>) -> bool {
        let text = head_text(head.bytes);
        let is_named = name_of(head.path).starts_with("healthchecker-");
        let is_export = xml::root_of(&text) == "Objs"
            && (text.contains("HealthCheckerExchangeServer") || (is_named && text.contains("<Props")));
        let is_json = text.trim_start_matches('\u{feff}').trim_start().starts_with('{');
        is_export || (is_json && text.contains("\"VersionReport\"") && text.contains("\"Servers\""))
    }

    fn parse(&self, input: &mut Input<'_>, sink: &mut dyn Sink) -> Account {
        let stamp = stamp_of(&name_of(input.path));
        let mut file = TextFile::read(input, sink);
        let mut report = Report {
            tables: LAYOUTS.each_ref().map(Table::new),
            time: None,
            stamp,
            server: String::new(),
            build: None,
            flaws: Vec::new(),
            names: Vec::new(),
            text: String::new(),
            label: String::new(),
            position: Position::default(),
            cuts: Cuts::default(),
        };
        let mut flow = if file.text.trim_start().starts_with('<') {
            xml::read(&mut file, &mut report, sink)
        } else {
            read_json(&mut file, &mut report, sink)
        };
        if flow.is_continue() {
            flow = report.conclude(sink);
        }
        report.cuts.say(sink);
        // Nothing is left to read, whether the receiver wants more or not.
        let _stopped = flow.is_continue().then(|| table::finish(&mut report.tables, sink));
        file.account()
    }
}

/// The local time that a report's name ends with: `healthchecker-mail01-20260403122715.xml`.
fn stamp_of(name: &str) -> Option<Time> {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let digits: String = stem.chars().filter(char::is_ascii_digit).collect();
    let last = digits.len().checked_sub(14).and_then(|from| digits.get(from..))?;
    local_time::of_digits(last)
}

struct Report {
    tables: [Table; 2],
    /// When the script says that it ran, with its zone.
    time: Option<Time>,
    /// When its name says so, in local time.
    stamp: Option<Time>,
    server: String,
    /// The build, and where it stands.
    build: Option<(String, u64)>,
    flaws: Vec<(String, u64)>,
    /// Names of the values around the place; empty for those without.
    names: Vec<String>,
    text: String,
    /// The last value called `Name`, whose detail comes next.
    label: String,
    position: Position,
    cuts: Cuts,
}

impl Visit for Report {
    fn open(&mut self, element: &Element<'_>, _sink: &mut dyn Sink) -> ControlFlow<()> {
        let name = element.get("N").unwrap_or_default();
        self.names.push(self.cuts.head(name, NAME_BYTES_MAX, element.line));
        self.text.clear();
        self.position = element.position();
        ControlFlow::Continue(())
    }

    fn text(&mut self, _path: &[String], text: &str) {
        self.cuts.push(&mut self.text, text, VALUE_BYTES_MAX, self.position.number);
    }

    fn close(&mut self, path: &[String], sink: &mut dyn Sink) -> ControlFlow<()> {
        let own = self.names.pop().unwrap_or_default();
        let value = unescaped(std::mem::take(&mut self.text).trim());
        // Lists and dictionaries hold values and are none; what PowerShell tells of types is nothing of the server.
        let is_value = path.last().is_some_and(|tag| !matches!(tag.as_str(), "T" | "TN" | "TNRef"));
        if value.is_empty() || !is_value {
            return ControlFlow::Continue(());
        }
        let dotted = self.path_of(&own);
        self.note(&own, &value);
        let label = match own.as_str() {
            "DetailValue" | "Details" | "DisplayValue" | "TestingValue" | "OutColumns" => self.label.as_str(),
            _ => own.as_str(),
        };
        let values = [Some(self.server.as_str()), Some(label), Some(value.as_str()), Some(dotted.as_str())];
        let [settings, _] = &mut self.tables;
        settings.push(self.time.or(self.stamp), self.position, &values, sink)
    }
}

impl Report {
    /// The names of a value and of all that encloses it, `Outer.Inner.Own`.
    fn path_of(&mut self, own: &str) -> String {
        let mut dotted = String::new();
        for name in self.names.iter().map(String::as_str).chain([own]).filter(|name| !name.is_empty()) {
            if !dotted.is_empty() {
                self.cuts.push(&mut dotted, ".", CONTEXT_BYTES_MAX, self.position.number);
            }
            self.cuts.push(&mut dotted, name, CONTEXT_BYTES_MAX, self.position.number);
        }
        dotted
    }

    /// Looks at a value for what the whole report is about.
    fn note(&mut self, own: &str, value: &str) {
        let line = self.position.number;
        match own {
            "ServerName" if self.server.is_empty() => {
                self.server = self.cuts.head(value, NAME_BYTES_MAX, line);
            }
            "GenerationTime" => self.time = self.time.or_else(|| Time::parse(value.as_bytes())),
            // `Security Vulnerability`, `Build Number`: the label of the detail that follows.
            "Name" => self.label = self.cuts.head(value, NAME_BYTES_MAX, line),
            _ => {}
        }
        let label = format!("{} {own}", self.label).to_ascii_lowercase();
        if self.build.is_none() && (label.contains("build") || label.contains("exsetup")) && own != "Name" {
            self.build = build_in(value).map(|build| (build, self.position.number));
        }
        if label.contains("vulnerab") {
            for flaw in flaws_in(value) {
                if !self.flaws.iter().any(|(known, _)| *known == flaw)
                    && self.cuts.has_room(self.flaws.len(), FLAWS_MAX, line)
                {
                    self.flaws.push((flaw, line));
                }
            }
        }
    }

    /// The facts of a report on all servers that tells of one only.
    fn tell_only(&mut self, server: &Value, sink: &mut dyn Sink) {
        let time = self.stamp;
        let mut fact = |kind, value: &str| {
            sink.fact(Fact { kind, value: value.to_owned(), time, place: "server 1".to_owned() });
        };
        let text = |name: &str| server.get(name).map(plain).unwrap_or_default();
        let name = self.cuts.head(&text("Name"), NAME_BYTES_MAX, 1);
        let name = name.split('.').next().unwrap_or_default();
        if !name.is_empty() {
            fact(FactKind::HostName, name);
        }
        if let Some(build) = build_in(&text("BuildVersion")) {
            fact(FactKind::BuildInstalled, &build);
        }
        let mut told = 0_usize;
        for flaw in found_of(server).iter().map(plain) {
            for flaw in flaws_in(&flaw) {
                if !self.cuts.has_room(told, FLAWS_MAX, 1) {
                    return;
                }
                fact(FactKind::OpenFlaw, &flaw);
                told = told.saturating_add(1);
            }
        }
    }

    /// What the report on all servers says of one.
    fn give_server(&mut self, server: &Value, number: u64, sink: &mut dyn Sink) -> ControlFlow<()> {
        let cuts = &mut self.cuts;
        let mut text = |name: &str| {
            let value = server.get(name).map(plain).unwrap_or_default();
            cuts.head(&value, NAME_BYTES_MAX, 1)
        };
        let (name, has, online) = (text("Name"), text("HasVulnerability"), text("Online"));
        let build = build_in(&text("BuildVersion"));
        let found = found_of(server);
        let none = [Value::String(String::new())];
        let listed = if found.is_empty() { none.as_slice() } else { found };
        let position = Position { number, offset: 0 };
        for (index, flaw) in listed.iter().enumerate() {
            if !self.cuts.has_room(index, LIST_MAX, 1) {
                break;
            }
            let flaw = self.cuts.head(&plain(flaw), VALUE_BYTES_MAX, 1);
            let values =
                [Some(name.as_str()), build.as_deref(), Some(flaw.as_str()), Some(&has), Some(&online)];
            let values = values.map(|value| value.filter(|value| !value.is_empty()));
            let [_, flaws] = &mut self.tables;
            flaws.push(self.stamp, position, &values, sink)?;
        }
        ControlFlow::Continue(())
    }

    /// The facts of a report on one server, and an event for each flaw.
    fn conclude(&mut self, sink: &mut dyn Sink) -> ControlFlow<()> {
        if self.time.is_none() && self.stamp.is_some() {
            local_time::say("", sink);
        }
        let time = self.time.or(self.stamp);
        let mut fact = |kind, value: &str, line: u64| {
            sink.fact(Fact { kind, value: value.to_owned(), time, place: format!("line {line}") });
        };
        let name = self.server.split('.').next().unwrap_or_default();
        if !name.is_empty() {
            fact(FactKind::HostName, name, 1);
        }
        if let Some((build, line)) = &self.build {
            fact(FactKind::BuildInstalled, build, *line);
        }
        for (flaw, line) in &self.flaws {
            fact(FactKind::OpenFlaw, flaw, *line);
        }
        let build = self.build.as_ref().map(|(build, _)| build.as_str());
        let [_, flaws] = &mut self.tables;
        for (flaw, line) in &self.flaws {
            let values = [Some(self.server.as_str()), build, Some(flaw.as_str()), Some("True"), None];
            let position = Position { number: *line, offset: 0 };
            flaws.push(time, position, &values, sink)?;
        }
        ControlFlow::Continue(())
    }
}

/// `_x000A_`, by which PowerShell writes characters that XML does not take, as a blank.
fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("_x") {
        plain.push_str(before);
        let is_escape = after.len() > 4
            && after.as_bytes().get(4) == Some(&b'_')
            && after.bytes().take(4).all(|byte| byte.is_ascii_hexdigit());
        plain.push_str(if is_escape { " " } else { "_x" });
        rest = if is_escape { after.get(5..).unwrap_or_default() } else { after };
    }
    plain.push_str(rest);
    plain
}

/// The first build of Exchange in a text, `15.2.1118.15`, whatever its padding.
fn build_in(text: &str) -> Option<String> {
    let words = text.split(|c: char| !c.is_ascii_digit() && c != '.');
    let mut builds = words.filter_map(|word| Build::parse(word.trim_matches('.')));
    // The checker knows no Exchange 2007: an 8 in front is another program's.
    builds.find(|build| build.0[0] >= 14).map(|build| build.to_string())
}

/// Every `CVE-2021-26855` in a text.
fn flaws_in(text: &str) -> impl Iterator<Item = String> + '_ {
    text.match_indices("CVE-").filter_map(|(at, _)| {
        let rest = text.get(at.checked_add(4)?..)?;
        let (year, rest) = rest.split_once('-')?;
        let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let is_year = year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit());
        (is_year && number.len() >= 4).then(|| format!("CVE-{year}-{number}"))
    })
}

/// The report on all servers. A damaged one is given up as a whole: half a list of flaws would look like a good one.
fn read_json(file: &mut TextFile, report: &mut Report, sink: &mut dyn Sink) -> ControlFlow<()> {
    if file.text.len() > JSON_BYTES_MAX {
        let message =
            format!("more than the {JSON_BYTES_MAX} bytes that are read of a report on all servers");
        file.reject(0, file.text.len(), (Code::LimitReached, &message), sink);
        return ControlFlow::Continue(());
    }
    let parsed = serde_json::from_str::<Value>(file.text.trim_start_matches('\u{feff}'));
    let value = match parsed {
        Ok(value) => value,
        Err(error) => {
            let end = file.text.len();
            file.reject(0, end, (Code::BadRecord, &format!("no whole JSON text: {error}")), sink);
            return ControlFlow::Continue(());
        }
    };
    let servers = value.get("Servers");
    let one = servers.filter(|servers| servers.is_object()).map(std::slice::from_ref);
    let servers = servers.and_then(Value::as_array).map(Vec::as_slice).or(one).unwrap_or_default();
    // Facts are about the host whose evidence this lies in: of several servers nobody knows which that is.
    if let [server] = servers {
        report.tell_only(server, sink);
    }
    for (index, server) in servers.iter().enumerate() {
        if !report.cuts.has_room(index, LIST_MAX, 1) {
            break;
        }
        let number = (index as u64).saturating_add(1);
        report.give_server(server, number, sink)?;
    }
    ControlFlow::Continue(())
}

/// The flaws of a server, as a list or one by itself.
fn found_of(server: &Value) -> &[Value] {
    match server.get("Vulnerabilities") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(other) if !other.is_null() => std::slice::from_ref(other),
        _ => &[],
    }
}

/// A value of JSON as a person reads it.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_and_flaws_in_text() {
        assert_eq!(build_in("Version 15.02.1118.015 (x)").as_deref(), Some("15.2.1118.15"));
        assert_eq!((build_in("15.2"), build_in("4.8.04161.0")), (None, None));
        assert_eq!(build_in("8.3.83.6, then 14.3.513.0.").as_deref(), Some("14.3.513.0"));
        let flaws: Vec<String> = flaws_in("CVE-2021-26855, see CVE-2022-41040: CVE-20-1 CVE-").collect();
        assert_eq!(flaws, ["CVE-2021-26855", "CVE-2022-41040"]);
    }

    #[test]
    fn the_time_in_a_name() {
        let time = stamp_of("healthchecker-mail01-20260403122715.xml").unwrap();
        assert_eq!(time.to_string(), "2026-04-03T12:27:15.000000Z");
        assert_eq!(stamp_of("healthchecker.xml"), None);
    }
}
