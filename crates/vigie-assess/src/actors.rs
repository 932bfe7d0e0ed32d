//! Who did what: attackers, attempts, scanners and those who probe for other people's web shells, apart.

use std::collections::{BTreeMap, BTreeSet};

use vigie_model::Time;
use vigie_model::assessment::{Actor, ActorKind};
use vigie_model::pack::Pack;
use vigie_model::rule::{Role, Stage};

use crate::findings::Trace;
use crate::host::counts;

/// Actors that are listed; the rest is in the findings.
const ACTORS_MAX: usize = 500;

#[derive(Default)]
struct Draft {
    stage: Stage,
    entry_mark: bool,
    probed: bool,
    found: bool,
    first: Option<Time>,
    last: Option<Time>,
    events: u64,
    findings: BTreeSet<usize>,
}

/// The actors of a pack, highest stage first; `speaks` tells which traces count for it.
pub(crate) fn actors(
    pack: &Pack,
    speaks: &dyn Fn(&Trace<'_>) -> bool,
    traces: &[Trace<'_>],
    (finding_of, ids): (&[Option<usize>], &[String]),
) -> Vec<Actor> {
    let mut drafts: BTreeMap<&str, Draft> = BTreeMap::new();
    for (trace, finding) in traces.iter().zip(finding_of) {
        let Some(actor) = trace.actor.as_deref() else { continue };
        if speaks(trace) {
            note(drafts.entry(actor).or_default(), pack, trace, *finding);
        }
    }
    let mut actors: Vec<Actor> = drafts
        .into_iter()
        .map(|(name, draft)| Actor {
            name: name.to_owned(),
            kind: kind(&draft),
            stage: draft.stage,
            first: draft.first,
            last: draft.last,
            events: draft.events,
            findings: draft.findings.iter().filter_map(|index| ids.get(*index).cloned()).collect(),
        })
        .collect();
    actors.sort_by(|a, b| (b.stage, a.kind, a.first, &a.name).cmp(&(a.stage, b.kind, b.first, &b.name)));
    actors.truncate(ACTORS_MAX);
    actors
}

fn note(draft: &mut Draft, pack: &Pack, trace: &Trace<'_>, finding: Option<usize>) {
    let entry = trace
        .rule
        .way
        .as_ref()
        .and_then(|id| pack.way.iter().find(|way| way.id == *id))
        .is_none_or(|way| !way.cve.is_empty());
    match trace.rule.role {
        Role::Trace if counts(trace.rule) => {
            draft.stage = draft.stage.max(trace.rule.stage.unwrap_or_default());
        }
        Role::Scanner if entry => draft.entry_mark = true,
        Role::Scanner => draft.probed = true,
        Role::Witness => draft.found = true,
        Role::Trace | Role::Context => {}
    }
    draft.events += 1;
    if let Some(time) = trace.hit.time {
        draft.first = Some(draft.first.map_or(time, |first| first.min(time)));
        draft.last = Some(draft.last.map_or(time, |last| last.max(time)));
    }
    if let Some(finding) = finding {
        draft.findings.insert(finding);
    }
}

fn kind(draft: &Draft) -> ActorKind {
    match draft.stage {
        Stage::Reached | Stage::Foothold | Stage::Used | Stage::Impact => ActorKind::Attacker,
        Stage::NoTrace | Stage::Attempted if draft.found => ActorKind::Visitor,
        Stage::NoTrace | Stage::Attempted if draft.entry_mark => ActorKind::Scanner,
        Stage::NoTrace if draft.probed => ActorKind::Prober,
        Stage::NoTrace | Stage::Attempted => ActorKind::Attempt,
    }
}
