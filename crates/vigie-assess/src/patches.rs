//! Am I patched: for every known flaw, from when to when this server was seen open to it.
//!
//! A build that lacks a fix was open at every moment at which it was seen, and, since builds only go up, at every earlier
//! one since it was installed. Between the last sight of an open build and the first of a fixed one nobody knows: both
//! ends are told, each with its proof.

use vigie_model::patches::{CveExposure, CveState, Exploited, PatchLevel, Seen};
use vigie_model::time::Time;

use crate::builds::{self, Build, Holds};
use crate::host::HostEvidence;
use crate::knowledge;
use crate::sightings::{self, Sighting};

/// The patch level of a host; `None` when no evidence tells of a build.
pub(crate) fn level(host: &HostEvidence<'_>) -> Option<PatchLevel> {
    let sightings = sightings::of(host);
    let current = current(&sightings)?;
    let product = current.build.product();
    let mut fixed_throughout = 0;
    let mut cves = Vec::new();
    for cve in knowledge::current().cves() {
        match of_cve(cve, &sightings, current) {
            Some(exposure) => cves.push(exposure),
            None => fixed_throughout += 1,
        }
    }
    cves.sort_by_key(CveExposure::weight);
    Some(PatchLevel {
        build: current.told(None),
        seen_last: current.last.0,
        seen_last_proof: current.last.1.clone(),
        supported_until: builds::supported_until(product),
        knowledge: knowledge::current().as_of,
        cves,
        fixed_throughout,
    })
}

/// The build that was seen last: the newest where several end at the same moment, or none has a time.
fn current(sightings: &[Sighting]) -> Option<&Sighting> {
    sightings.iter().max_by_key(|seen| (seen.last.0, seen.build))
}

/// One flaw; `None` when every build seen holds its fix and it needs nothing else.
fn of_cve(cve: &str, sightings: &[Sighting], current: &Sighting) -> Option<CveExposure> {
    let lacking: Vec<&Sighting> =
        sightings.iter().filter(|seen| builds::holds(seen.build, cve) == Holds::No).collect();
    let conditions = builds::conditions(current.build.product(), cve);
    let state = match (builds::holds(current.build, cve), conditions.is_empty()) {
        (Holds::No, _) => CveState::Open,
        (Holds::Yes, true) => CveState::Fixed,
        (Holds::Yes | Holds::Unknown, false) => CveState::NeedsSetting,
        (Holds::Conflict(..), _) => CveState::SourcesDisagree,
        (Holds::Unsupported, _) => CveState::Unsupported,
        (Holds::MarchSpecial, _) | (Holds::Unknown, true) => CveState::Unknown,
    };
    if state == CveState::Fixed && lacking.is_empty() {
        return None;
    }
    let open_last =
        lacking.iter().max_by_key(|seen| (seen.last.0, seen.build)).map(|seen| told(seen.build, &seen.last));
    let open_until = open_last.as_ref().and_then(|seen| seen.time);
    Some(CveExposure {
        cve: cve.to_owned(),
        state,
        fix_published: builds::fix_published(cve),
        exploited: builds::exploited(cve).map(|known| Exploited {
            listed: known.added,
            due: known.due,
            ransomware: known.ransomware,
        }),
        open_first: lacking
            .iter()
            .min_by_key(|seen| (seen.first.0, seen.build))
            .map(|seen| told(seen.build, &seen.first)),
        open_last,
        fixed_first: first_fixed(cve, sightings, open_until),
        conditions,
    })
}

/// The first sight of a build with the fix after the last one without: updates can be uninstalled.
fn first_fixed(cve: &str, sightings: &[Sighting], open_until: Option<Time>) -> Option<Seen> {
    let fixed = sightings.iter().filter(|seen| builds::holds(seen.build, cve) == Holds::Yes);
    let after = |time: &Option<Time>| time.is_some_and(|time| open_until.is_none_or(|open| time > open));
    fixed
        .flat_map(|seen| [(seen.build, &seen.first), (seen.build, &seen.last)])
        .filter(|(_, (time, _))| after(time))
        .min_by_key(|(_, (time, _))| *time)
        .map(|(build, end)| told(build, end))
}

fn told(build: Build, (time, proof): &(Option<Time>, vigie_model::hit::EvidencePlace)) -> Seen {
    Seen { build: build.to_string(), time: *time, proof: proof.clone() }
}
