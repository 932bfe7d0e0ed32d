//! Many servers at a glance: one row each, sorted by what to do first, and what several of them share.

mod csv;
mod html;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::{Deserialize, Serialize};
use vigie_model::assessment::{Actor, ActorKind, Assessment, Step};
use vigie_model::coverage::CoverageSummary;
use vigie_model::exposure::ExposureState;
use vigie_model::finding::{Finding, Statement};
use vigie_model::rule::Stage;
use vigie_model::time::{Day, Time};
use vigie_model::verdict::Verdict;

use crate::escape::is_local_address;
use crate::{Style, tell};

pub use csv::csv;
pub use html::html;
pub use text::text;

/// The version of what [`json`] writes.
pub const SCHEMA: &str = "vigie-summary/1";

/// Many assessments, summed up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// [`SCHEMA`].
    pub schema: String,
    /// The strictest TLP marking of the assessments.
    pub tlp: String,
    /// How many servers have each verdict, worst first; every verdict is there.
    pub counts: Vec<VerdictCount>,
    /// One row a server, in the order of what to do first.
    pub servers: Vec<Server>,
    /// What is on more than one server, most servers first.
    pub shared: Vec<Shared>,
}

/// How many servers have a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictCount {
    /// The verdict.
    pub verdict: Verdict,
    /// Servers.
    pub servers: u64,
}

/// One server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Server {
    /// Its name.
    pub host: String,
    /// Its name for people: with the collection's where several servers have the same.
    pub name: String,
    /// The worst verdict over all packs.
    pub verdict: Verdict,
    /// The pack that gives it; empty when none was applied.
    pub pack: String,
    /// The highest step proven under that pack.
    pub stage: Stage,
    /// Coverage under that pack.
    pub coverage: CoverageSummary,
    /// Whether it was open.
    pub exposure: Option<ExposureState>,
    /// First day on which it was, or may have been, open.
    pub open_from: Option<Day>,
    /// Last such day.
    pub open_to: Option<Day>,
    /// When the fix was in place.
    pub patched_at: Option<Time>,
    /// Findings of all packs.
    pub findings: u64,
    /// The first step of its action plan.
    pub next_step: Option<Step>,
    /// The evidence that would help most, where the answer is not firm.
    pub next_evidence: Option<Statement>,
}

/// The same thing on several servers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shared {
    /// What it is.
    pub kind: SharedKind,
    /// The thing: a SHA-256, a path or page, an address.
    pub value: String,
    /// The highest step it stands for.
    pub stage: Stage,
    /// The servers, in the order of the summary.
    pub servers: Vec<String>,
}

/// What several servers share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SharedKind {
    /// The content of a file, by SHA-256.
    Payload,
    /// A planted file, page or setting, by its name.
    Object,
    /// An attacker's address or account.
    Address,
}

impl SharedKind {
    /// The word, as serialised.
    pub const fn word(self) -> &'static str {
        match self {
            SharedKind::Payload => "payload",
            SharedKind::Object => "object",
            SharedKind::Address => "address",
        }
    }
}

/// Sums up assessments, each of one server. The same server twice gives two rows.
pub fn summarize(assessments: &[Assessment]) -> Summary {
    let mut ordered: Vec<&Assessment> = assessments.iter().collect();
    ordered.sort_by(|a, b| {
        urgency(a).cmp(&urgency(b)).then_with(|| (&a.host, &a.collection).cmp(&(&b.host, &b.collection)))
    });
    let names = names(&ordered);
    let count = |verdict: Verdict| ordered.iter().filter(|one| one.verdict() == verdict).count() as u64;
    Summary {
        schema: SCHEMA.to_owned(),
        tlp: strictest_tlp(assessments),
        counts: Verdict::ALL
            .iter()
            .map(|verdict| VerdictCount { verdict: *verdict, servers: count(*verdict) })
            .collect(),
        servers: ordered.iter().zip(&names).map(|(assessment, name)| server(assessment, name)).collect(),
        shared: shared(&ordered, &names),
    }
}

/// Many servers of many owners are called MAIL01: the collection tells them apart.
fn names(ordered: &[&Assessment]) -> Vec<String> {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for assessment in ordered {
        *times.entry(&assessment.host).or_default() += 1;
    }
    let name = |assessment: &&Assessment| match times.get(assessment.host.as_str()) {
        Some(2..) => format!("{} ({})", assessment.host, assessment.collection),
        _ => assessment.host.clone(),
    };
    ordered.iter().map(name).collect()
}

/// Worst verdict first, then the highest step, then those that are still open.
fn urgency(assessment: &Assessment) -> (usize, std::cmp::Reverse<Stage>, bool) {
    let worst = assessment.worst();
    let stage = worst.map_or(Stage::NoTrace, |verdict| verdict.stage);
    let patched = worst.is_some_and(|verdict| verdict.exposure.patched_at.is_some());
    (assessment.verdict().rank(), std::cmp::Reverse(stage), patched)
}

fn server(assessment: &Assessment, name: &str) -> Server {
    let worst = assessment.worst();
    let exposure = worst.map(|verdict| &verdict.exposure);
    Server {
        host: assessment.host.clone(),
        name: name.to_owned(),
        verdict: assessment.verdict(),
        pack: worst.map(|verdict| verdict.pack.clone()).unwrap_or_default(),
        stage: worst.map(|verdict| verdict.stage).unwrap_or_default(),
        coverage: worst.map(|verdict| verdict.coverage).unwrap_or_default(),
        exposure: exposure.map(|exposure| exposure.state),
        open_from: exposure.and_then(|exposure| exposure.from),
        open_to: exposure.and_then(|exposure| exposure.to),
        patched_at: exposure.and_then(|exposure| exposure.patched_at),
        findings: assessment.findings.len() as u64,
        next_step: worst.and_then(|verdict| verdict.actions.first().cloned()),
        next_evidence: worst.and_then(|verdict| verdict.next_evidence.first().cloned()),
    }
}

/// Markings from the least to the most strict; an unknown word counts as the strictest.
const MARKINGS: &[&str] = &["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"];

fn strictest_tlp(assessments: &[Assessment]) -> String {
    let rank = |word: &str| {
        MARKINGS.iter().position(|known| known.eq_ignore_ascii_case(word)).unwrap_or(MARKINGS.len())
    };
    let strictest = assessments.iter().map(|one| one.tool.tlp.as_str()).max_by_key(|word| rank(word));
    strictest.unwrap_or("AMBER").to_uppercase()
}

/// The servers that hold each thing, by position in the summary, and the highest step it stands for.
type Holders = BTreeMap<(SharedKind, String), (Stage, BTreeSet<usize>)>;

fn shared(ordered: &[&Assessment], names: &[String]) -> Vec<Shared> {
    let mut holders = Holders::new();
    for (index, assessment) in ordered.iter().enumerate() {
        for finding in &assessment.findings {
            hold_finding(finding, index, &mut holders);
        }
        for actor in assessment.verdicts.iter().flat_map(|verdict| &verdict.actors) {
            hold_actor(actor, index, &mut holders);
        }
    }
    let mut shared: Vec<Shared> = holders
        .into_iter()
        .filter(|(_, (_, servers))| servers.len() > 1)
        .map(|((kind, value), (stage, servers))| {
            let servers = servers.iter().filter_map(|index| names.get(*index).cloned());
            Shared { kind, value, stage, servers: servers.collect() }
        })
        .collect();
    shared.sort_by_key(|one| (std::cmp::Reverse(one.servers.len()), one.kind, std::cmp::Reverse(one.stage)));
    shared
}

/// Attempts of the same kind are everywhere; what was planted is worth comparing. Of objects only files and
/// pages are: a cmdlet has the same name everywhere.
fn hold_finding(finding: &Finding, index: usize, holders: &mut Holders) {
    if finding.stage < Stage::Foothold {
        return;
    }
    if let Some(sha256) = finding.sha256.as_ref().filter(|sha256| !sha256.is_empty()) {
        hold(SharedKind::Payload, sha256, finding.stage, index, holders);
    }
    if let Some(object) = finding.object.as_ref().filter(|object| is_place(object)) {
        hold(SharedKind::Object, object, finding.stage, index, holders);
    }
}

/// Whether an object is a file or a page, and not a command.
fn is_place(object: &str) -> bool {
    object.starts_with(['/', '\\']) || object.get(1..3) == Some(":\\")
}

fn hold_actor(actor: &Actor, index: usize, holders: &mut Holders) {
    match actor.kind {
        ActorKind::Attacker if !actor.name.is_empty() && !is_local_address(&actor.name) => {
            hold(SharedKind::Address, &actor.name, actor.stage, index, holders);
        }
        ActorKind::Attacker
        | ActorKind::Attempt
        | ActorKind::Scanner
        | ActorKind::Visitor
        | ActorKind::Prober => {}
    }
}

fn hold(kind: SharedKind, value: &str, stage: Stage, index: usize, holders: &mut Holders) {
    let (highest, servers) = holders.entry((kind, value.to_owned())).or_default();
    *highest = (*highest).max(stage);
    servers.insert(index);
}

/// The summary as JSON: values raw.
pub fn json(summary: &Summary, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, summary)?;
    out.write_all(b"\n")
}

/// What a server's owner must do next, in one line, for people.
fn next_line(server: &Server, style: &Style, escape: fn(&str) -> String) -> String {
    match (&server.next_step, &server.next_evidence) {
        (Some(step), _) => escape(&tell::local(style.lang, &step.title)),
        (None, Some(statement)) => tell::statement(style.lang, statement, escape),
        (None, None) => String::new(),
    }
}

/// The share of the days at risk that was fully checked, in whole percent, rounded down; `None` without days.
fn covered_percent(coverage: CoverageSummary) -> Option<u64> {
    coverage.days_covered.saturating_mul(100).checked_div(coverage.days)
}
