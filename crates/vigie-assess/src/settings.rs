//! What the configuration of IIS and Microsoft's own checker say of a flaw beside the build: mitigations in front of the
//! server and whether their patterns hold, Extended Protection, flaws that were found open.
//!
//! Notes only: a configuration tells how things stood on the day of the collection, not since when, and a mitigation is no fix.
//! Patterns after Microsoft's tools (<https://github.com/microsoft/CSS-Exchange/tree/main/Security/src>) and the shape that HealthChecker
//! asks of a rule.

use std::collections::{BTreeMap, BTreeSet};

use vigie_model::evidence::FactKind;
use vigie_model::finding::Statement;
use vigie_model::pack::Pack;

use crate::builds;
use crate::host::{FileEvidence, HostEvidence};
use crate::knowledge::Condition;

/// A mitigation by a rule of URL Rewrite.
struct Mitigation {
    cve: &'static str,
    direction: &'static str,
    /// Words of the condition, or of the variable of an outbound rule, by which such a rule is known; lower case.
    marks: &'static [&'static str],
    /// A word of the rule's name, lower case, without which it is another rule; empty where the marks are enough.
    named: &'static str,
    /// Conditions that hold, lower case and without blanks; empty when the marks are enough.
    holds: &'static [&'static str],
}

static MITIGATIONS: &[Mitigation] = &[
    Mitigation {
        cve: "CVE-2021-26855",
        direction: "inbound",
        marks: &["x-anonresource-backend"],
        named: "",
        holds: &["{http_cookie}~(.*)x-anonresource-backend(.*)"],
    },
    Mitigation {
        cve: "CVE-2021-26855",
        direction: "inbound",
        marks: &["x-beresource"],
        named: "",
        holds: &["{http_cookie}~(.*)x-beresource=(.+)/(.+)~(.+)"],
    },
    // The patterns before these wanted an @ or read the address before it was decoded: both were got around within days.
    Mitigation {
        cve: "CVE-2022-41040",
        direction: "inbound",
        marks: &["autodiscover", "powershell"],
        named: "",
        holds: &["{urldecode:{request_uri}}~(?=.*autodiscover)(?=.*powershell)"],
    },
    Mitigation {
        cve: "CVE-2026-42897",
        direction: "outbound",
        marks: &["content-security-policy"],
        // Setting this header is common hardening too.
        named: "eomt",
        holds: &[],
    },
];

/// What Extended Protection must be for each place, by Microsoft's own check; `Allow` and `None` may be stricter. Not asked of
/// the back end of EWS, which an address filter may guard instead.
static TOKENS: &[(&str, &str)] = &[
    ("default web site/api", "require"),
    ("default web site/ecp", "require"),
    ("default web site/ews", "allow"),
    ("default web site/microsoft-server-activesync", "allow"),
    ("default web site/oab", "allow"),
    ("default web site/owa", "require"),
    ("default web site/rpc", "require"),
    ("default web site/mapi", "require"),
    ("exchange back end/api", "require"),
    ("exchange back end/ecp", "require"),
    ("exchange back end/microsoft-server-activesync", "require"),
    ("exchange back end/oab", "require"),
    ("exchange back end/powershell", "require"),
    ("exchange back end/owa", "require"),
    ("exchange back end/rpc", "require"),
    ("exchange back end/pushnotifications", "require"),
    ("exchange back end/rpcwithcert", "require"),
    ("exchange back end/mapi/emsmdb", "require"),
    ("exchange back end/mapi/nspi", "require"),
];

/// Places that must be right before it is said that all are: one configuration holds about twenty.
const TOKEN_PLACES_MIN: usize = 8;

/// What is to be said of a pack's flaws.
pub(crate) fn notes(pack: &Pack, host: &HostEvidence<'_>) -> Vec<Statement> {
    let mut notes = mitigations(pack, host);
    if pack.cves.iter().any(|cve| builds::needs(Condition::ExtendedProtection, cve)) {
        notes.extend(tokens(host));
    }
    notes.extend(checker(pack, host));
    notes
}

/// A rewrite rule as its parser tells it, its parts between tabs.
struct Rule<'a> {
    location: &'a str,
    direction: &'a str,
    change: &'a str,
    name: &'a str,
    enabled: &'a str,
    syntax: &'a str,
    url: &'a str,
    conditions: &'a str,
    action: &'a str,
    variable: &'a str,
}

impl<'a> Rule<'a> {
    fn read(value: &'a str) -> Option<Rule<'a>> {
        let mut parts = value.split('\t');
        let mut next = || parts.next();
        let location = next()?;
        let (direction, change, name, enabled, syntax) = (next()?, next()?, next()?, next()?, next()?);
        let (_stops, url, conditions, action, variable) = (next()?, next()?, next()?, next()?, next()?);
        Some(Rule { location, direction, change, name, enabled, syntax, url, conditions, action, variable })
    }

    fn is_on(&self) -> bool {
        self.enabled.eq_ignore_ascii_case("true")
    }

    /// Whether it stops every request that fits, or changes every answer.
    fn acts(&self) -> bool {
        let stops = ["abortrequest", "customresponse"].contains(&self.action.to_ascii_lowercase().as_str());
        self.is_on()
            && !self.syntax.eq_ignore_ascii_case("wildcard")
            && self.url == ".*"
            && (stops || (self.direction == "outbound" && self.action.eq_ignore_ascii_case("rewrite")))
    }
}

fn mitigations(pack: &Pack, host: &HostEvidence<'_>) -> Vec<Statement> {
    // The best that any rule does for each of a flaw's doors, with the names of the rules.
    let mut best: BTreeMap<(usize, &str), (State, &str)> = BTreeMap::new();
    for (index, mitigation) in MITIGATIONS.iter().enumerate() {
        if !pack.cves.iter().any(|cve| cve == mitigation.cve) {
            continue;
        }
        for rule in rules(host).filter(|rule| rule.change == "add" && is_for(mitigation, rule)) {
            let state = if is_undone(host, rule.name) { State::Off } else { state_of(mitigation, &rule) };
            let entry = best.entry((index, mitigation.cve)).or_insert((state, rule.name));
            if state > entry.0 {
                *entry = (state, rule.name);
            }
        }
    }
    best.into_iter()
        .map(|((_, cve), (state, name))| {
            let kind = match state {
                State::Off => "mitigation_off",
                State::Passes => "mitigation_passes",
                State::Holds => "mitigation_holds",
            };
            Statement::new(kind).with("cve", cve).with("rule", name)
        })
        .collect()
}

/// What a rule does for the server, from nothing up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Off,
    /// Known variants of the request get by.
    Passes,
    Holds,
}

/// Files in force: IIS keeps old configurations beside its own, and an upgrade keeps the old system.
fn in_force<'a>(host: &'a HostEvidence<'_>) -> impl Iterator<Item = (String, &'a FileEvidence)> {
    let named = host.files.iter().map(|file| (file.entry.path.to_ascii_lowercase().replace('\\', "/"), file));
    named.filter(|(path, _)| !path.contains("inetpub/history/") && !path.contains("windows.old/"))
}

fn of_kind(file: &FileEvidence, kind: FactKind) -> impl Iterator<Item = &str> {
    file.facts.iter().filter(move |fact| fact.kind == kind).map(|fact| fact.value.as_str())
}

/// Rules that stand before the whole site of Exchange's front end: of the server's configuration, or of the site's root.
fn rules<'a>(host: &'a HostEvidence<'_>) -> impl Iterator<Item = Rule<'a>> {
    let whole = |(path, _): &(String, &FileEvidence)| {
        path.ends_with("applicationhost.config")
            || path.ends_with("wwwroot/web.config")
            || !path.contains('/')
    };
    let found = in_force(host).filter(whole).flat_map(|(_, file)| of_kind(file, FactKind::RewriteRule));
    found
        .filter_map(Rule::read)
        .filter(|rule| rule.location.is_empty() || rule.location.eq_ignore_ascii_case("Default Web Site"))
}

fn is_for(mitigation: &Mitigation, rule: &Rule<'_>) -> bool {
    let text = format!("{} {}", rule.conditions, rule.variable).to_ascii_lowercase().replace('_', "-");
    let named = rule.name.to_ascii_lowercase().contains(mitigation.named);
    named && rule.direction == mitigation.direction && mitigation.marks.iter().all(|mark| text.contains(mark))
}

fn state_of(mitigation: &Mitigation, rule: &Rule<'_>) -> State {
    if !rule.is_on() {
        return State::Off;
    }
    let condition = rule.conditions.to_ascii_lowercase().replace(' ', "");
    // With a second condition the rule may ask for more than the attack brings.
    let fits = mitigation.holds.is_empty() || mitigation.holds.contains(&condition.as_str());
    if fits && rule.acts() { State::Holds } else { State::Passes }
}

/// Whether a configuration below the site takes the inherited rule away again.
fn is_undone(host: &HostEvidence<'_>, name: &str) -> bool {
    in_force(host).any(|(path, file)| {
        let rules = of_kind(file, FactKind::RewriteRule).filter_map(Rule::read);
        let below = |rule: &Rule<'_>| {
            path.contains("httpproxy") || rule.location.to_ascii_lowercase().starts_with("default web site/")
        };
        rules
            .filter(|rule| rule.direction == "inbound" && below(rule))
            .any(|rule| rule.change == "clear" || (rule.change == "remove" && rule.name == name))
    })
}

fn tokens(host: &HostEvidence<'_>) -> Option<Statement> {
    let facts = in_force(host).flat_map(|(_, file)| of_kind(file, FactKind::TokenChecking));
    let mut weak: BTreeSet<String> = BTreeSet::new();
    let mut right: BTreeSet<String> = BTreeSet::new();
    for fact in facts {
        let Some((place, checking)) = fact.split_once('\t') else { continue };
        let lower = place.to_ascii_lowercase();
        let Some((_, wanted)) = TOKENS.iter().find(|(name, _)| *name == lower) else { continue };
        if strictness(checking) < strictness(wanted) {
            weak.insert(format!("{place} ({checking})"));
        } else {
            right.insert(lower);
        }
    }
    if !weak.is_empty() {
        let places = weak.into_iter().collect::<Vec<_>>().join(", ");
        return Some(Statement::new("tokens_unchecked").with("places", places));
    }
    (right.len() >= TOKEN_PLACES_MIN).then(|| Statement::new("tokens_checked").with("count", right.len()))
}

fn strictness(checking: &str) -> u8 {
    match checking.to_ascii_lowercase().as_str() {
        "require" => 2,
        "allow" => 1,
        _ => 0,
    }
}

/// Flaws of the pack that Microsoft's HealthChecker found open, by the last day on which it did.
fn checker(pack: &Pack, host: &HostEvidence<'_>) -> Vec<Statement> {
    let mut last = BTreeMap::new();
    for fact in host.files.iter().flat_map(|file| &file.facts) {
        if fact.kind == FactKind::OpenFlaw && pack.cves.contains(&fact.value) {
            let known = last.entry(fact.value.as_str()).or_insert(fact.time);
            *known = (*known).max(fact.time);
        }
    }
    let tell = |(cve, time): (&str, Option<vigie_model::Time>)| {
        let when = time.map_or_else(|| "?".to_owned(), |time| time.day().to_string());
        Statement::new("checker_found_open").with("cve", cve).with("when", when)
    };
    last.into_iter().map(tell).collect()
}
