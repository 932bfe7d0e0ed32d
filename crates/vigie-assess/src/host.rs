//! One host: from what its files gave to its assessment.

use std::collections::BTreeMap;

use vigie_model::assessment::{Assessment, NotLoaded, PackRef, PackVerdict, SCHEMA, Step, Tool};
use vigie_model::coverage::{CoverageSummary, DayState, Density, WayCoverage};
use vigie_model::diagnostic::{Diagnostic, Effect};
use vigie_model::evidence::{Fact, FactKind, ManifestEntry};
use vigie_model::exposure::{Exposure, ExposureState, Reachable};
use vigie_model::finding::{Finding, Statement};
use vigie_model::hit::EvidencePlace;
use vigie_model::pack::Pack;
use vigie_model::rule::{Confidence, Liveness, Role, RuleInfo, Stage};
use vigie_model::{Day, Hit, Time};

use crate::facts::OwnerFacts;
use crate::findings::{self, Trace};
use crate::tally::Tally;
use crate::verdict::{Coverage, decide};
use crate::{actors, asked, coverage, exposure, intrusions, lost, patches};

/// What one file gave.
#[derive(Clone, Debug)]
pub struct FileEvidence {
    /// Its row in the manifest.
    pub entry: ManifestEntry,
    /// What could not be read as expected.
    pub diagnostics: Vec<Diagnostic>,
    /// What it says of its host.
    pub facts: Vec<Fact>,
    /// Rules that matched in it.
    pub hits: Vec<Hit>,
    /// What passed by.
    pub tally: Tally,
}

impl FileEvidence {
    /// A place in this file, as proofs name it.
    pub fn place(&self, number: u64, offset: u64) -> EvidencePlace {
        place_in(&self.entry, number, offset)
    }
}

/// A place in a file, as proofs name it.
pub fn place_in(entry: &ManifestEntry, number: u64, offset: u64) -> EvidencePlace {
    let place = place_of(entry.artifact.as_deref(), number, offset);
    let sha256 = entry.sha256.clone().unwrap_or_default();
    EvidencePlace { path: entry.path.clone(), place, offset, sha256 }
}

/// Its words: `line 120`. `number` 0 stands for the whole file, or for bytes of it from an offset on.
pub fn place_of(artifact: Option<&str>, number: u64, offset: u64) -> String {
    match artifact {
        _ if number == 0 && offset == 0 => "file".to_owned(),
        _ if number == 0 => format!("offset {offset}"),
        Some("windows.evtx") => format!("record {number}"),
        Some("windows.mft") => format!("entry {number}"),
        Some("windows.registry" | "windows.usn") => format!("offset {offset}"),
        _ => format!("line {number}"),
    }
}

/// Everything about one host that the assessment is made of.
#[derive(Debug)]
pub struct HostEvidence<'a> {
    /// The host's name.
    pub host: String,
    /// Where the name comes from: `option`, `collection`, `events`, `path`.
    pub host_from: &'static str,
    /// The collection's own name.
    pub collection: String,
    /// Its files, in path order.
    pub files: Vec<FileEvidence>,
    /// What concerns the collection as a whole.
    pub diagnostics: Vec<Diagnostic>,
    /// The rules of the run; hits index them.
    pub rules: &'a [RuleInfo],
    /// The packs of the run.
    pub packs: &'a [Pack],
    /// The same, as references.
    pub pack_refs: &'a [PackRef],
    /// Rules and packs that would not load.
    pub not_loaded: &'a [NotLoaded],
    /// Whether each rule could have fired.
    pub liveness: Vec<Liveness>,
    /// The program and how it was called.
    pub tool: Tool,
    /// What part of the evidence was matched.
    pub scope: Scope,
}

/// What part of the evidence was matched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// All of it.
    #[default]
    All,
    /// The user left events out by their time: nothing that was not found is ruled out.
    Narrowed,
}

impl HostEvidence<'_> {
    /// Every build that a file tells of, with its place and the moment until which the file shows it running:
    /// a log is written by the build of its last header to its last event.
    pub fn builds(&self) -> impl Iterator<Item = (EvidencePlace, &Fact, Option<Time>)> {
        self.files.iter().flat_map(|file| {
            let builds = || file.facts.iter().filter(|fact| fact.kind.is_build());
            let newest = builds().filter_map(|fact| fact.time).max();
            builds().map(move |fact| {
                let mut place = file.place(0, 0);
                place.place.clone_from(&fact.place);
                let running = fact.kind == FactKind::BuildRunning && fact.time == newest;
                (place, fact, file.entry.last.filter(|_| running))
            })
        })
    }

    /// A moment at which a public address was still answered. Each file tells its first such request alone, so that logs
    /// need not be cut into columns for the others.
    pub fn outside_until(&self) -> Option<Time> {
        self.files.iter().filter_map(|file| file.tally.public_client.as_ref()?.time).max()
    }

    /// The first request of a public address, in path order.
    pub fn public_client(&self) -> Option<EvidencePlace> {
        self.files.iter().find_map(|file| {
            let client = file.tally.public_client.as_ref()?;
            Some(file.place(client.number, client.offset))
        })
    }
}

/// Whether a match of the rule raises the stage: its role proves something, and it is not a mere guess.
pub(crate) fn counts(rule: &RuleInfo) -> bool {
    rule.role.proves() && rule.confidence > Confidence::Low
}

/// The assessment of one host.
pub fn assess(host: HostEvidence<'_>, owner: &OwnerFacts) -> Assessment {
    let mut tally = Tally::default();
    for file in &host.files {
        tally.merge(file.tally.clone());
    }
    tally.lost.extend(lost::streams(&host));
    let traces = findings::traces(&host);
    let (findings, finding_of) = findings::findings(&host, &traces);
    let (timeline, timeline_total) = findings::timeline(&host, &traces, &findings, &finding_of);
    let ids: Vec<String> = findings.iter().map(|finding| finding.id.clone()).collect();
    let (first, last) = span(&tally);
    let view = View { last, host: &host, tally: &tally, traces: &traces, findings: &findings };
    let judged = host.packs.iter().map(|pack| {
        let exposure = exposure::expose(pack, &host, &tally, owner);
        let speaks = |trace: &Trace<'_>| asked::speaks_of(pack, &exposure, last, trace);
        let actors = actors::actors(pack, &speaks, &traces, (&finding_of, &ids));
        PackVerdict { actors, ..judge(&view, pack, exposure) }
    });
    let (verdicts, not_asked) = asked::split(host.packs, (first, last), judged.collect());
    Assessment {
        schema: SCHEMA.to_owned(),
        patches: patches::level(&host),
        intrusions: intrusions::intrusions(&verdicts, &traces, &findings),
        verdicts,
        not_asked,
        timeline,
        timeline_total,
        coverage: coverage::streams(&tally),
        packs: host.pack_refs.to_vec(),
        not_loaded: host.not_loaded.to_vec(),
        diagnostics: diagnostics(&host),
        manifest: host.files.iter().map(|file| file.entry.clone()).collect(),
        findings,
        host: host.host,
        host_from: host.host_from.to_owned(),
        collection: host.collection,
        tool: host.tool,
        rules: host.liveness,
    }
}

fn diagnostics(host: &HostEvidence<'_>) -> Vec<Diagnostic> {
    let mut all: Vec<Diagnostic> = host.diagnostics.clone();
    all.extend(host.files.iter().flat_map(|file| file.diagnostics.iter().cloned()));
    all.sort();
    all
}

/// What a verdict is made from.
struct View<'a> {
    /// The last moment that the evidence reaches.
    last: Option<Time>,
    host: &'a HostEvidence<'a>,
    tally: &'a Tally,
    traces: &'a [Trace<'a>],
    findings: &'a [Finding],
}

fn judge(view: &View<'_>, pack: &Pack, exposure: Exposure) -> PackVerdict {
    let mut stages: BTreeMap<String, Stage> = BTreeMap::new();
    let mut stage = Stage::NoTrace;
    for trace in view.traces.iter().filter(|trace| asked::speaks_of(pack, &exposure, view.last, trace)) {
        if counts(trace.rule) {
            let proven = trace.rule.stage.unwrap_or_default();
            stage = stage.max(proven);
            if let Some(way) = &trace.rule.way {
                let known = stages.entry(way.clone()).or_default();
                *known = proven.max(*known);
            }
        }
    }
    let risk = exposure.from.zip(exposure.to);
    let ways = coverage::ways(pack, view.tally, risk, &stages);
    let summary = coverage::summary(&ways, risk);
    let complete = if summary.complete { Coverage::Complete } else { Coverage::Incomplete };
    let verdict = decide(stage, exposure.state, complete);
    let actions = pack.action.iter().filter(|action| action.when.contains(&verdict));
    PackVerdict {
        pack: pack.id.clone(),
        title: pack.title.clone(),
        summary: pack.summary.clone(),
        verdict,
        stage,
        coverage: summary,
        reasons: reasons(view, pack, &Outcome { stage, exposure: &exposure, summary }),
        next_evidence: if summary.complete { Vec::new() } else { next_evidence(pack, &exposure, &ways) },
        exposure,
        ways,
        actors: Vec::new(),
        actions: actions
            .map(|action| Step {
                id: action.id.clone(),
                title: action.title.clone(),
                detail: action.detail.clone(),
            })
            .collect(),
    }
}

struct Outcome<'a> {
    stage: Stage,
    exposure: &'a Exposure,
    summary: CoverageSummary,
}

/// Why this verdict, in order of weight.
fn reasons(view: &View<'_>, pack: &Pack, outcome: &Outcome<'_>) -> Vec<Statement> {
    let mut reasons = Vec::new();
    if outcome.stage > Stage::NoTrace {
        reasons.push(Statement::new("stage_proven").with("stage", outcome.stage.word()));
    }
    seen_reasons(view, pack, outcome, &mut reasons);
    exposure_reasons(outcome.exposure, &mut reasons);
    coverage_reasons(view, outcome, &mut reasons);
    reasons
}

fn seen_reasons(view: &View<'_>, pack: &Pack, outcome: &Outcome<'_>, reasons: &mut Vec<Statement>) {
    let is_mine = |finding: &&Finding| finding.pack.as_deref().is_some_and(|owner| asked::owns(pack, owner));
    let mine = || view.findings.iter().filter(is_mine);
    let events_of = |role: Role| mine().filter(|f| f.role == role).map(|f| f.events).sum::<u64>();
    let read: u64 = view.tally.streams.values().map(|stream| stream.events).sum();
    let files = view.host.files.iter().filter(|file| file.entry.artifact.is_some()).count();
    if outcome.stage == Stage::Attempted {
        let mut actors: Vec<&str> =
            mine().filter(|f| f.role == Role::Trace).filter_map(|f| f.actor.as_deref()).collect();
        actors.sort_unstable();
        actors.dedup();
        let attempts = Statement::new("attempts_only").with("events", events_of(Role::Trace));
        reasons.push(attempts.with("actors", actors.len()));
    }
    if outcome.stage == Stage::NoTrace {
        reasons.push(Statement::new("nothing_found").with("events", read).with("files", files));
        let scanned = events_of(Role::Scanner);
        if scanned > 0 {
            reasons.push(Statement::new("scanners_only").with("events", scanned));
        }
    }
}

fn exposure_reasons(exposure: &Exposure, reasons: &mut Vec<Statement>) {
    let fixed = exposure.builds.iter().find(|build| build.fixed == Some(true));
    let open = exposure.builds.iter().rfind(|build| build.fixed == Some(false));
    let build = |seen: Option<&vigie_model::exposure::BuildSeen>| {
        seen.map_or_else(|| "?".to_owned(), |seen| seen.build.clone())
    };
    let when = |time: Option<Time>| time.map_or_else(|| "?".to_owned(), |time| time.to_string());
    let day = |day: Option<Day>| day.map_or_else(|| "?".to_owned(), |day| day.to_string());
    match exposure.state {
        ExposureState::Exposed | ExposureState::Unpatched => {
            let key =
                if exposure.state == ExposureState::Exposed { "exposed_and_unpatched" } else { "unpatched" };
            let days = Statement::new(key).with("from", day(exposure.from)).with("to", day(exposure.to));
            reasons.push(days.with("build", build(open.or(fixed))));
        }
        ExposureState::NotExposed if exposure.reachable == Reachable::No => {
            reasons.push(Statement::new("never_reachable"));
        }
        ExposureState::NotExposed => {
            let patched = Statement::new("patched_before_window").with("build", build(fixed));
            reasons.push(patched.with("when", when(exposure.patched_at)));
        }
        ExposureState::Unknown if exposure.builds.is_empty() => {
            reasons.push(Statement::new("no_build_seen"));
        }
        ExposureState::Unknown => {}
    }
    match (exposure.state, exposure.patched_at, open) {
        (ExposureState::NotExposed, _, _) | (_, None, None) => {}
        (_, Some(at), _) => {
            reasons.push(Statement::new("patched_at").with("build", build(fixed)).with("when", at));
        }
        (_, None, Some(open)) => {
            let last = when(open.to);
            reasons.push(Statement::new("not_patched").with("build", &open.build).with("last", last));
        }
    }
    if exposure.reachable == Reachable::Unknown && exposure.state != ExposureState::NotExposed {
        reasons.push(Statement::new("no_reachability"));
    }
}

fn coverage_reasons(view: &View<'_>, outcome: &Outcome<'_>, reasons: &mut Vec<Statement>) {
    if outcome.exposure.state == ExposureState::NotExposed {
        return;
    }
    if outcome.exposure.from.is_none() {
        // A pack without a window asks for no days.
        damage_reason(view, reasons);
        return;
    }
    let CoverageSummary { days, ways, days_covered, .. } = outcome.summary;
    reasons.push(if outcome.summary.complete {
        Statement::new("coverage_complete").with("days", days).with("ways", ways)
    } else {
        Statement::new("coverage_incomplete").with("days", days).with("covered", days_covered)
    });
    let (first, last) = span(view.tally);
    if let (Some(first), Some(last), Some(from), Some(to)) =
        (first, last, outcome.exposure.from, outcome.exposure.to)
    {
        if last.day() < from || first.day() > to {
            reasons.push(Statement::new("evidence_outside_window").with("first", first).with("last", last));
        } else if first.day() > from {
            reasons.push(Statement::new("logs_begin_late").with("first", first).with("window", from));
        }
    }
    if !view.tally.streams.keys().any(|id| id.starts_with("exchange.")) {
        reasons.push(Statement::new("no_exchange_evidence"));
    }
    let left_out = lost::pages_left_out(&view.host.files);
    if let Some(first) = left_out.first() {
        reasons.push(Statement::new("pages_left_out").with("pages", left_out.len()).with("first", first));
    }
    damage_reason(view, reasons);
}

/// From the first to the last event of the logs that write all the time; of the others where there is none.
/// A setup log tells of years in which nothing else was kept.
fn span(tally: &Tally) -> (Option<Time>, Option<Time>) {
    let of = |density: Density| tally.streams.values().filter(move |stream| stream.density == density);
    let density = if of(Density::Busy).next().is_some() { Density::Busy } else { Density::Sparse };
    let first = of(density).filter_map(|stream| stream.first).min();
    (first, of(density).filter_map(|stream| stream.last).max())
}

fn damage_reason(view: &View<'_>, reasons: &mut Vec<Statement>) {
    let mut files = 0_u64;
    let mut bytes = 0_u64;
    for file in &view.host.files {
        let damaged = file.diagnostics.iter().any(|d| d.code.effect() == Effect::Damage);
        if damaged {
            files += 1;
            bytes += file.entry.rejected_bytes;
        }
    }
    if files > 0 {
        reasons.push(Statement::new("parser_damage").with("files", files).with("bytes", bytes));
    }
}

/// Evidence that would make the answer firmer, cheapest first.
fn next_evidence(pack: &Pack, exposure: &Exposure, ways: &[WayCoverage]) -> Vec<Statement> {
    let mut next = Vec::new();
    if exposure.reachable == Reachable::Unknown {
        next.push(Statement::new("state_reachable"));
    }
    // Of a campaign that no build decides, a better known build says nothing new.
    let decides = exposure.builds.is_empty() || !pack.cves.is_empty();
    if decides && exposure.builds.iter().all(|build| build.fixed.is_none()) {
        next.push(Statement::new("collect_setup_log"));
    }
    let mut lacking: BTreeMap<(usize, &str), (Day, Day)> = BTreeMap::new();
    let mut before: Option<(Day, Day)> = None;
    for run in ways.iter().flat_map(|way| &way.runs).filter(|run| run.state != DayState::Covered) {
        if matches!(run.state, DayState::Before | DayState::Gap) {
            let (from, to) = before.unwrap_or((run.from, run.to));
            before = Some((from.min(run.from), to.max(run.to)));
        }
        for stream in &run.lacking {
            let days = lacking.entry((cost(stream), stream)).or_insert((run.from, run.to));
            *days = (days.0.min(run.from), days.1.max(run.to));
        }
    }
    for ((_, stream), (from, to)) in lacking {
        next.push(match (stream, stream.strip_prefix("windows.event/")) {
            ("web.root", _) => Statement::new("collect_web_root"),
            (_, Some(channel)) => Statement::new("collect_event_log").with("channel", channel),
            (_, None) => {
                Statement::new("collect_stream").with("stream", stream).with("from", from).with("to", to)
            }
        });
    }
    if let Some((from, to)) = before {
        next.push(Statement::new("collect_central_logs").with("from", from).with("to", to));
        next.push(Statement::new("collect_usn"));
    }
    next
}

/// How hard a stream is to come by: what is still on the disk and never deleted by itself comes first.
fn cost(stream: &str) -> usize {
    const CHEAPEST_FIRST: [&str; 5] = ["web.root", "iis.w3c", "exchange.httpproxy", "exchange.", "windows."];
    CHEAPEST_FIRST.iter().position(|prefix| stream.starts_with(prefix)).unwrap_or(CHEAPEST_FIRST.len())
}
