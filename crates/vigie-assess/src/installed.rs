//! Which build the registry proves: a cumulative update and the updates that are installed over it.
//!
//! `Setup` tells the cumulative update alone. Taken by itself it would make a patched server look open, and the list of
//! updates by itself says nothing of a build; so both are read together, file by file, and nothing is concluded where an
//! update is in no table.

use std::collections::BTreeMap;

use vigie_model::Time;
use vigie_model::evidence::{Fact, FactKind};
use vigie_model::hit::EvidencePlace;

use crate::builds::{self, Build};
use crate::host::{FileEvidence, HostEvidence};

/// A build that was installed from one moment to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Installed {
    /// The build.
    pub(crate) build: Build,
    /// The first moment at which it is known to be there.
    pub(crate) from: Option<Time>,
    /// The last one.
    pub(crate) to: Option<Time>,
    /// Where the file says so.
    pub(crate) place: EvidencePlace,
}

/// What the registry hives of a host prove.
pub(crate) fn builds(host: &HostEvidence<'_>) -> Vec<Installed> {
    host.files.iter().flat_map(of_file).collect()
}

fn of_file(file: &FileEvidence) -> Vec<Installed> {
    let facts = |kind: FactKind| file.facts.iter().filter(move |fact| fact.kind == kind);
    let Some((base, fact)) =
        facts(FactKind::BuildBase).find_map(|fact| Some((Build::parse(&fact.value)?, fact)))
    else {
        return Vec::new();
    };
    let place = |fact: &Fact| {
        let mut place = file.place(0, 0);
        place.place.clone_from(&fact.place);
        place
    };
    let newest = newest_update(file, base, &place);
    // An update that no table holds makes a build that nobody can name: then the cumulative update is told only of the
    // moment at which its key was written, if that was before.
    let unnamed = facts(FactKind::UpdateInstalled).filter(|update| is_unnamed(base, &update.value));
    let updated = newest.iter().map(|update| update.from).chain(unnamed.map(|update| update.time)).min();
    let base = Installed {
        build: base,
        from: fact.time,
        to: if updated.is_some() { fact.time } else { file.entry.last },
        place: place(fact),
    };
    // Setup's key is written again by updates: then its time says nothing of the days before them.
    let stands = updated.is_none_or(|updated| fact.time < updated);
    stands.then_some(base).into_iter().chain(newest).collect()
}

/// The newest update over a cumulative update. It is named in several places of one hive: the earliest moment counts,
/// since each is no earlier than the truth.
fn newest_update(
    file: &FileEvidence,
    base: Build,
    place: &dyn Fn(&Fact) -> EvidencePlace,
) -> Option<Installed> {
    let updates = file.facts.iter().filter(|fact| fact.kind == FactKind::UpdateInstalled);
    let mut found: BTreeMap<Build, Installed> = BTreeMap::new();
    for update in updates {
        let Some(build) = build_of(base, &update.value).filter(|build| *build > base) else { continue };
        let one = Installed { build, from: update.time, to: file.entry.last, place: place(update) };
        let known = found.entry(build).or_insert_with(|| one.clone());
        if one.from < known.from {
            *known = one;
        }
    }
    found.pop_last().map(|(_, installed)| installed)
}

fn is_unnamed(base: Build, update: &str) -> bool {
    Build::parse(update).is_none() && build_of(base, update).is_none()
}

/// The build that an update makes of a cumulative update; `None` for one that no table holds.
fn build_of(base: Build, update: &str) -> Option<Build> {
    match Build::parse(update) {
        Some(build) => (build.update() == base.update()).then_some(build),
        None => builds::with_update(base, update),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(text: &str) -> Build {
        Build::parse(text).unwrap()
    }

    #[test]
    fn an_update_makes_the_build_that_the_table_says() {
        let base = build("15.1.2176.2");
        assert_eq!(build_of(base, "KB5000871"), Some(build("15.1.2176.9")));
        assert_eq!(build_of(base, "15.1.2176.12"), Some(build("15.1.2176.12")));
        assert_eq!(build_of(base, "15.1.2106.13"), None, "the build of another cumulative update");
        assert_eq!(build_of(base, "KB9999999"), None);
    }
}
