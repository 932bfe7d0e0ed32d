//! Hits into findings: one finding is one rule, one actor, one object, with every proof of it.

use std::collections::{BTreeMap, BTreeSet};

use vigie_model::Hit;
use vigie_model::assessment::{TIMELINE_MAX, TimelineEntry};
use vigie_model::finding::{Finding, Join, PROOFS_MAX, Proof};
use vigie_model::hit::EvidencePlace;
use vigie_model::pack::TitleAndDescription;
use vigie_model::rule::RuleInfo;

use crate::host::HostEvidence;
use crate::joins::{self, Key};

/// Findings of one rule that stand apart; further actors and objects share one finding without either.
const FINDINGS_PER_RULE_MAX: usize = 200;

/// Joins kept with one finding.
const JOINS_MAX: usize = 20;

/// Findings that one shared value may join; more than that share a habit, not a story.
const JOINED_BY_ONE_MAX: usize = 30;

/// A hit with its file and who it is about.
pub(crate) struct Trace<'a> {
    /// Index of the file in the host's evidence.
    pub(crate) file: usize,
    /// The hit.
    pub(crate) hit: &'a Hit,
    /// Its rule.
    pub(crate) rule: &'a RuleInfo,
    /// Who, from the trace itself or from the one it is joined to.
    pub(crate) actor: Option<String>,
}

/// Every hit of a host, in path order, with its actor.
pub(crate) fn traces<'a>(host: &'a HostEvidence<'_>) -> Vec<Trace<'a>> {
    let clients = joins::clients(host.files.iter().flat_map(|file| &file.hits));
    let mut traces = Vec::new();
    for (file, evidence) in host.files.iter().enumerate() {
        for hit in &evidence.hits {
            let Some(rule) = host.rules.get(hit.rule as usize) else { continue };
            let actor = joins::own_actor(hit)
                .or_else(|| joins::keys(hit).iter().find_map(|key| clients.get(key).cloned()));
            traces.push(Trace { file, hit, rule, actor });
        }
    }
    traces
}

/// Groups traces into findings, ordered by first time, with ids and joins.
pub(crate) fn findings(host: &HostEvidence<'_>, traces: &[Trace<'_>]) -> (Vec<Finding>, Vec<Option<usize>>) {
    let groups = group(traces);
    let mut drafts: Vec<(Finding, Vec<usize>)> = groups
        .into_iter()
        .map(|((_, actor, object), members)| (draft(host, traces, &members, (actor, object)), members))
        .collect();
    drafts.sort_by(|(a, _), (b, _)| order(a).cmp(&order(b)));
    let mut finding_of = vec![None; traces.len()];
    for (number, (finding, members)) in drafts.iter_mut().enumerate() {
        finding.id = format!("F{}", number + 1);
        for member in members.iter() {
            if let Some(slot) = finding_of.get_mut(*member) {
                *slot = Some(number);
            }
        }
    }
    let mut findings: Vec<Finding> = drafts.into_iter().map(|(finding, _)| finding).collect();
    join(&mut findings, traces, &finding_of);
    (findings, finding_of)
}

type GroupKey = (u32, Option<String>, Option<String>);

fn group(traces: &[Trace<'_>]) -> BTreeMap<GroupKey, Vec<usize>> {
    let mut groups: BTreeMap<GroupKey, Vec<usize>> = BTreeMap::new();
    let mut per_rule: BTreeMap<u32, usize> = BTreeMap::new();
    for (index, trace) in traces.iter().enumerate() {
        let rule = trace.hit.rule;
        let mut key = (rule, trace.actor.clone(), object(trace.hit));
        if !groups.contains_key(&key) {
            let count = per_rule.entry(rule).or_default();
            if *count >= FINDINGS_PER_RULE_MAX {
                key = (rule, None, None);
            }
            *count += 1;
        }
        groups.entry(key).or_default().push(index);
    }
    groups
}

fn order(finding: &Finding) -> impl Ord + '_ {
    let rule = finding.proofs.first().map(|proof| proof.rule_id.as_str());
    (
        finding.time.is_none(),
        finding.time,
        finding.stage,
        rule,
        finding.actor.as_deref(),
        finding.object.as_deref(),
    )
}

/// What a hit is about: a file, a page, a command, a cmdlet.
pub(crate) fn object(hit: &Hit) -> Option<String> {
    let names: &[&str] = match hit.stream.split('/').next().unwrap_or_default() {
        "web.root" | "evidence.file" => &["TargetFilename"],
        "windows.event" => &["TargetFilename", "CommandLine", "Data0"],
        "iis.w3c" => &["cs-uri-stem"],
        "exchange.httpproxy" => &["UrlStem"],
        "exchange.ecp" => &["Cmd"],
        "exchange.rps" => &["Cmdlet"],
        _ => &[],
    };
    let value = names.iter().find_map(|name| hit.field(name))?;
    // Of a command with its values the cmdlet is the object; the values stand in the proof.
    let value = if hit.stream.starts_with("exchange.ecp") {
        value.split(['.', ' ']).next().unwrap_or(value)
    } else {
        value
    };
    (!value.is_empty()).then(|| value.to_owned())
}

fn draft(
    host: &HostEvidence<'_>,
    traces: &[Trace<'_>],
    members: &[usize],
    (actor, object): (Option<String>, Option<String>),
) -> Finding {
    let mut members: Vec<&Trace<'_>> = members.iter().filter_map(|member| traces.get(*member)).collect();
    members.sort_by_key(|trace| (trace.hit.time.is_none(), trace.hit.time, trace.file, trace.hit.offset));
    let empty = RuleInfo::default();
    let rule = members.first().map_or(&empty, |trace| trace.rule);
    let times = || members.iter().filter_map(|trace| trace.hit.time);
    let file_hash = || members.first().and_then(|trace| trace.hit.field("sha256")).map(str::to_owned);
    Finding {
        id: String::new(),
        pack: rule.pack.clone(),
        title: rule.title.clone(),
        description: rule.description.clone(),
        localized: localized(host, rule),
        level: rule.level,
        confidence: rule.confidence,
        stage: rule.stage.unwrap_or_default(),
        role: rule.role,
        way: rule.way.clone(),
        attack: rule.attack.clone(),
        time: times().min(),
        last: times().max(),
        actor,
        object,
        sha256: file_hash(),
        events: members.len() as u64,
        proofs: members.iter().take(PROOFS_MAX).map(|trace| proof(host, trace)).collect(),
        joined: Vec::new(),
    }
}

fn localized(host: &HostEvidence<'_>, rule: &RuleInfo) -> BTreeMap<String, TitleAndDescription> {
    let pack = host.packs.iter().find(|pack| Some(&pack.id) == rule.pack.as_ref());
    let french = pack.and_then(|pack| pack.rule.get(&rule.id)).map(|text| ("fr".to_owned(), text.fr.clone()));
    french.into_iter().collect()
}

fn proof(host: &HostEvidence<'_>, trace: &Trace<'_>) -> Proof {
    Proof {
        rule_id: trace.rule.id.clone(),
        evidence: place(host, trace),
        artifact: trace.hit.stream.clone(),
        time: trace.hit.time,
        fields: trace.hit.fields.iter().cloned().collect(),
    }
}

fn place(host: &HostEvidence<'_>, trace: &Trace<'_>) -> EvidencePlace {
    host.files.get(trace.file).map_or_else(
        || EvidencePlace { path: String::new(), place: String::new(), offset: 0, sha256: String::new() },
        |file| file.place(trace.hit.number, trace.hit.offset),
    )
}

/// Links findings that name the same request, canary, file or page.
fn join(findings: &mut [Finding], traces: &[Trace<'_>], finding_of: &[Option<usize>]) {
    let mut shared: BTreeMap<(&'static str, String), BTreeSet<usize>> = BTreeMap::new();
    for (trace, finding) in traces.iter().zip(finding_of) {
        let Some(finding) = *finding else { continue };
        for key in joins::keys(trace.hit) {
            shared.entry((key.word(), Key::value(&key).to_owned())).or_default().insert(finding);
        }
        for (word, value) in things(trace.hit) {
            shared.entry((word, value)).or_default().insert(finding);
        }
    }
    let ids: Vec<String> = findings.iter().map(|finding| finding.id.clone()).collect();
    for ((word, value), members) in shared {
        if members.len() < 2 || members.len() > JOINED_BY_ONE_MAX {
            continue;
        }
        for member in &members {
            let Some(finding) = findings.get_mut(*member) else { continue };
            for other in members.iter().filter(|other| *other != member) {
                let known =
                    finding.joined.iter().any(|j| Some(&j.finding) == ids.get(*other) && j.by == word);
                if finding.joined.len() < JOINS_MAX
                    && !known
                    && let Some(id) = ids.get(*other)
                {
                    finding.joined.push(Join {
                        finding: id.clone(),
                        by: word.to_owned(),
                        value: value.clone(),
                    });
                }
            }
        }
    }
}

/// Files and pages a hit names, in a spelling that two sources share.
fn things(hit: &Hit) -> Vec<(&'static str, String)> {
    let mut things = Vec::new();
    if let Some(path) = hit.field("TargetFilename") {
        things.push(("file", path.to_ascii_lowercase().replace('/', "\\")));
    }
    let page = match hit.stream.split('/').next().unwrap_or_default() {
        "web.root" => hit.field("Url"),
        "iis.w3c" => hit.field("cs-uri-stem"),
        _ => None,
    };
    if let Some(page) = page.filter(|page| page.contains('.')) {
        things.push(("page", page.to_ascii_lowercase()));
    }
    things
}

/// What happened, in order; and how many lines that would be without the limit, which drops low steps first.
pub(crate) fn timeline(
    host: &HostEvidence<'_>,
    traces: &[Trace<'_>],
    findings: &[Finding],
    finding_of: &[Option<usize>],
) -> (Vec<TimelineEntry>, u64) {
    let mut entries: Vec<TimelineEntry> = Vec::new();
    for (trace, finding) in traces.iter().zip(finding_of) {
        let Some(time) = trace.hit.time else { continue };
        let Some(finding) = finding.and_then(|index| findings.get(index)) else { continue };
        let evidence = place(host, trace);
        entries.push(TimelineEntry {
            time,
            finding: finding.id.clone(),
            stage: finding.stage,
            actor: trace.actor.clone(),
            object: finding.object.clone(),
            artifact: trace.hit.stream.clone(),
            path: evidence.path,
            place: evidence.place,
        });
    }
    let total = entries.len() as u64;
    let by_time = |a: &TimelineEntry, b: &TimelineEntry| {
        (a.time, a.stage, &a.path, &a.place, &a.finding)
            .cmp(&(b.time, b.stage, &b.path, &b.place, &b.finding))
    };
    entries.sort_by(by_time);
    if entries.len() > TIMELINE_MAX {
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.stage));
        entries.truncate(TIMELINE_MAX);
        entries.sort_by(by_time);
    }
    (entries, total)
}
