//! Which builds a host was seen to run, from when to when, with the proof of each end.

use std::collections::BTreeMap;

use vigie_model::Time;
use vigie_model::evidence::FactKind;
use vigie_model::exposure::BuildSeen;
use vigie_model::hit::EvidencePlace;

use crate::builds::{self, Build};
use crate::host::HostEvidence;
use crate::installed::{self, Installed};

/// A build and when evidence saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sighting {
    pub(crate) build: Build,
    /// The first time, and the place that proves it; a place without a time where no record has one.
    pub(crate) first: (Option<Time>, EvidencePlace),
    /// The last one.
    pub(crate) last: (Option<Time>, EvidencePlace),
    /// Whether the server's own installation says so, and not only the headers of its logs.
    pub(crate) proven: bool,
}

/// The builds of a host, in the order of first time; those without any come first.
pub(crate) fn of(host: &HostEvidence<'_>) -> Vec<Sighting> {
    let mut found: BTreeMap<Build, Sighting> = BTreeMap::new();
    for (place, fact, until) in host.builds() {
        let Some(build) = Build::parse(&fact.value) else { continue };
        let proven = fact.kind == FactKind::BuildInstalled;
        add(&mut found, build, proven, &[fact.time, until], &place);
    }
    for Installed { build, from, to, place } in installed::builds(host) {
        add(&mut found, build, true, &[from, to], &place);
    }
    let mut all: Vec<Sighting> = found.into_values().collect();
    all.sort_by_key(|seen| seen.first.0);
    all
}

fn add(
    found: &mut BTreeMap<Build, Sighting>,
    build: Build,
    proven: bool,
    times: &[Option<Time>],
    place: &EvidencePlace,
) {
    let nowhen = (None, place.clone());
    let seen =
        found.entry(build).or_insert_with(|| Sighting { build, first: nowhen.clone(), last: nowhen, proven });
    seen.proven |= proven;
    for time in times.iter().copied().flatten() {
        if seen.first.0.is_none_or(|first| time < first) {
            seen.first = (Some(time), place.clone());
        }
        if seen.last.0.is_none_or(|last| time > last) {
            seen.last = (Some(time), place.clone());
        }
    }
}

impl Sighting {
    /// As reports tell it.
    pub(crate) fn told(&self, fixed: Option<bool>) -> BuildSeen {
        BuildSeen {
            build: self.build.to_string(),
            name: builds::name(self.build),
            from: self.first.0,
            to: self.last.0,
            fixed,
            proof: self.first.1.clone(),
        }
    }
}
