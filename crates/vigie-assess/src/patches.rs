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

/// The build that was seen last: the newest where several end at the same moment, or none has a time. A newer one that
/// the installation proves without a time came after the logs: builds only go up.
fn current(sightings: &[Sighting]) -> Option<&Sighting> {
    let dated = sightings.iter().max_by_key(|seen| (seen.last.0, seen.build))?;
    let undated = sightings.iter().filter(|seen| seen.proven && seen.last.0.is_none());
    Some(undated.max_by_key(|seen| seen.build).filter(|seen| seen.build > dated.build).unwrap_or(dated))
}

/// One flaw; `None` when every build seen holds its fix and it needs nothing else.
fn of_cve(cve: &str, sightings: &[Sighting], current: &Sighting) -> Option<CveExposure> {
    let lacking: Vec<&Sighting> =
        sightings.iter().filter(|seen| builds::holds(seen.build, cve) == Holds::No).collect();
    let product = current.build.product();
    let state = match (builds::holds(current.build, cve), builds::needs_more(product, cve)) {
        (Holds::No, _) => CveState::Open,
        (Holds::Yes, false) => CveState::Fixed,
        (Holds::Yes | Holds::Unknown, true) => CveState::NeedsSetting,
        (Holds::Conflict(..), _) => CveState::SourcesDisagree,
        (Holds::Unsupported, _) => CveState::Unsupported,
        (Holds::MarchSpecial, _) | (Holds::Unknown, false) => CveState::Unknown,
    };
    let always = sightings.iter().all(|seen| builds::holds(seen.build, cve) == Holds::Yes);
    if state == CveState::Fixed && always {
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
        fixed_first: first_fixed(cve, sightings, open_until)
            .or_else(|| (state == CveState::Fixed).then(|| told(current.build, &current.last))),
        conditions: builds::conditions(product, cve),
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

#[cfg(test)]
mod tests {
    use super::*;
    use vigie_model::hit::EvidencePlace;

    fn seen(build: &str, time: Option<&str>, proven: bool) -> Sighting {
        let place = EvidencePlace {
            path: build.to_owned(),
            place: "file".to_owned(),
            offset: 0,
            sha256: String::new(),
        };
        let time = time.map(|time| Time::parse(time.as_bytes()).unwrap());
        let end = (time, place);
        Sighting { build: Build::parse(build).unwrap(), first: end.clone(), last: end, proven }
    }

    #[test]
    fn what_the_installation_proves_without_a_time_came_after_older_logs() {
        let logs = seen("15.1.2176.2", Some("2021-03-01T00:00:00Z"), false);
        let patched = seen("15.1.2176.9", None, true);
        let both = [logs.clone(), patched];
        let now = current(&both).unwrap();
        assert_eq!(now.build.to_string(), "15.1.2176.9");
        let flaw = of_cve("CVE-2021-26855", &both, now).unwrap();
        assert_eq!((flaw.state, flaw.fixed_first.unwrap().time), (CveState::Fixed, None));
        // A header alone, or a lower build, does not outweigh what has a time.
        let older = [logs.clone(), seen("15.1.2106.2", None, true)];
        assert_eq!(current(&older).unwrap().build, logs.build);
        let header = [logs.clone(), seen("15.1.2176.9", None, false)];
        assert_eq!(current(&header).unwrap().build, logs.build);
    }

    #[test]
    fn a_build_on_which_sources_disagree_is_not_called_free_of_a_flaw() {
        let between = seen("15.1.1415.8", Some("2021-03-10T00:00:00Z"), true);
        let after = seen("15.1.2242.4", Some("2021-04-10T00:00:00Z"), true);
        let both = [between, after];
        let flaw = of_cve("CVE-2021-26855", &both, current(&both).unwrap()).unwrap();
        assert_eq!((flaw.state, flaw.open_first), (CveState::Fixed, None));
    }
}
