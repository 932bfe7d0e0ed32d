//! All that leaves the engine about one host: renderers and the fleet read this and nothing else.

use serde::{Deserialize, Serialize};

use crate::coverage::{CoverageSummary, StreamCoverage, WayCoverage};
use crate::diagnostic::Diagnostic;
use crate::evidence::ManifestEntry;
use crate::exposure::Exposure;
use crate::finding::{Finding, Statement};
use crate::intrusion::Intrusion;
use crate::pack::Text;
use crate::patches::PatchLevel;
use crate::rule::{Liveness, Stage};
use crate::time::{Day, Time};
use crate::verdict::Verdict;

/// The version of the JSON Schema that this serialises to.
pub const SCHEMA: &str = "vigie-assessment/1";

/// One host, one run. Holds no clock and no thread count: the same evidence and packs give the same bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// [`SCHEMA`].
    pub schema: String,
    /// The host's name.
    pub host: String,
    /// Where its name comes from: `option`, `collection`, `events`, `path`.
    pub host_from: String,
    /// The collection's own name (a folder, an archive): many servers of many owners are called MAIL01.
    pub collection: String,
    /// What wrote this.
    pub tool: Tool,
    /// Packs that were applied.
    pub packs: Vec<PackRef>,
    /// One per pack that was asked, worst first.
    pub verdicts: Vec<PackVerdict>,
    /// Packs whose rules ran, and whose question this evidence does not raise.
    #[serde(default)]
    pub not_asked: Vec<NotAsked>,
    /// Which known flaws it has and had; `None` when no evidence tells of a build.
    #[serde(default)]
    pub patches: Option<PatchLevel>,
    /// Attackers that belong together, in the order of their first traces.
    #[serde(default)]
    pub intrusions: Vec<Intrusion>,
    /// In order of first time.
    pub findings: Vec<Finding>,
    /// What happened, in order; at most [`TIMELINE_MAX`] entries.
    pub timeline: Vec<TimelineEntry>,
    /// How many entries the timeline would have without its limit.
    pub timeline_total: u64,
    /// What each stream of evidence held.
    pub coverage: Vec<StreamCoverage>,
    /// Every file.
    pub manifest: Vec<ManifestEntry>,
    /// What could not be read as expected.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether each rule could have fired.
    pub rules: Vec<Liveness>,
    /// Rules and packs that would not load, when the user asked to go on: never silent.
    pub not_loaded: Vec<NotLoaded>,
}

/// Entries kept in the timeline of an assessment.
pub const TIMELINE_MAX: usize = 5_000;

impl Assessment {
    /// The worst verdict over all packs; insufficient evidence when no pack was applied.
    pub fn verdict(&self) -> Verdict {
        self.verdicts
            .iter()
            .map(|verdict| verdict.verdict)
            .min_by_key(|verdict| verdict.rank())
            .unwrap_or(Verdict::InsufficientEvidence)
    }

    /// The verdict on one pack that decides [`Assessment::verdict`].
    pub fn worst(&self) -> Option<&PackVerdict> {
        self.by_rank().first().copied()
    }

    /// Packs' verdicts in the order of [`PackVerdict::weight`]; in the order of the packs where equal.
    pub fn by_rank(&self) -> Vec<&PackVerdict> {
        let mut verdicts: Vec<&PackVerdict> = self.verdicts.iter().collect();
        verdicts.sort_by_key(|verdict| verdict.weight());
        verdicts
    }
}

/// The program and how it was called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// `vigie`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The command as given, without the options that cannot change the result (threads, output).
    pub command: String,
    /// The TLP marking the owner gave, `AMBER` unless told.
    pub tlp: String,
}

/// A pack that was applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackRef {
    /// Its id.
    pub id: String,
    /// The date of what it knows.
    pub version: Day,
    /// SHA-256 over its files, names and content in order.
    pub sha256: String,
    /// Rules it loaded.
    pub rules: u64,
    /// Indicators it loaded.
    pub indicators: u64,
}

/// A pack without a verdict here, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotAsked {
    /// The pack.
    pub pack: String,
    /// The campaign's name.
    pub title: Text,
    /// Why it was not asked.
    pub reason: Statement,
}

/// The answer for one pack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PackVerdict {
    /// The pack.
    pub pack: String,
    /// The campaign's name.
    pub title: Text,
    /// One paragraph on the campaign.
    pub summary: Text,
    /// The answer.
    pub verdict: Verdict,
    /// The highest step proven.
    pub stage: Stage,
    /// Coverage in figures.
    pub coverage: CoverageSummary,
    /// Exposure.
    pub exposure: Exposure,
    /// Why this verdict, in order of weight.
    pub reasons: Vec<Statement>,
    /// Coverage per way in.
    pub ways: Vec<WayCoverage>,
    /// Who did what, each with its highest stage.
    pub actors: Vec<Actor>,
    /// What to do, in order.
    pub actions: Vec<Step>,
    /// Evidence that would make the answer firmer, cheapest first.
    pub next_evidence: Vec<Statement>,
}

impl PackVerdict {
    /// What puts verdicts in order: the worst first, the higher stage first among them, campaigns before what belongs to
    /// none.
    pub fn weight(&self) -> (usize, std::cmp::Reverse<Stage>, bool) {
        (self.verdict.rank(), std::cmp::Reverse(self.stage), self.exposure.from.is_none())
    }
}

/// A step to take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The action's id in its pack.
    pub id: String,
    /// What to do.
    pub title: Text,
    /// Why and how.
    pub detail: Text,
}

/// Somebody who left traces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Address or account.
    pub name: String,
    /// What they are.
    pub kind: ActorKind,
    /// The highest step proven for them.
    pub stage: Stage,
    /// First trace.
    pub first: Option<Time>,
    /// Last trace.
    pub last: Option<Time>,
    /// Traces.
    pub events: u64,
    /// The findings they stand in.
    pub findings: Vec<String>,
}

/// Who somebody is, by what they did and what answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActorKind {
    /// Climbed to reached or higher.
    Attacker,
    /// Tried, and nothing shows success.
    Attempt,
    /// Left the mark of a scanner and climbed no higher than an attempt.
    Scanner,
    /// Found a web shell that somebody else had planted, and did nothing through it.
    Visitor,
    /// Only asked for names of known web shells that are not there.
    Prober,
}

/// One line of what happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineEntry {
    /// When.
    pub time: Time,
    /// The finding it belongs to.
    pub finding: String,
    /// The step it proves.
    pub stage: Stage,
    /// Who.
    pub actor: Option<String>,
    /// To what.
    pub object: Option<String>,
    /// The artifact and stream.
    pub artifact: String,
    /// The file.
    pub path: String,
    /// The place in it.
    pub place: String,
}

/// A rule or pack that would not load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotLoaded {
    /// The file.
    pub source: String,
    /// Why, with line and column where known.
    pub reason: String,
}
