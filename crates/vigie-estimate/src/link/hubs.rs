//! Keys that too many owners share: hosters' certificates, NAT and cloud addresses, wildcard names, default forests.

use crate::lists::{KeyKind, Lists};
use std::collections::BTreeMap;

/// Keys that link nobody, with the number of owners that share them.
pub type Hubs = BTreeMap<(KeyKind, u32), usize>;

/// How many different owners a key of a kind may have before it is a hub, and what counts as an owner.
fn limits(kind: KeyKind) -> &'static [(usize, KeyKind)] {
    match kind {
        KeyKind::Url => &[],
        // A shared front end serves many domains; one firm seldom has more than a handful of its own.
        KeyKind::Address | KeyKind::Certificate | KeyKind::HostName => &[(5, KeyKind::Domain)],
        // Customers of a provider under the provider's own domain; one firm seldom has so many Exchange addresses.
        KeyKind::Domain => &[(4, KeyKind::Name), (60, KeyKind::Address)],
        KeyKind::Forest => &[(3, KeyKind::Domain)],
        // `Hotel Adler, DE` exists many times.
        KeyKind::Name => &[(8, KeyKind::Domain)],
    }
}

/// All hubs of some lists.
pub fn find(lists: &Lists) -> Hubs {
    let mut shared: Vec<((KeyKind, u32), (KeyKind, u32))> = Vec::new();
    for record in &lists.records {
        for &(kind, id) in &record.keys {
            for (_, owner) in limits(kind) {
                shared.extend(record.keys.iter().filter(|k| k.0 == *owner).map(|&k| ((kind, id), k)));
            }
        }
    }
    shared.sort_unstable();
    shared.dedup();
    let mut hubs = Hubs::new();
    for owners in shared.chunk_by(|a, b| (a.0, a.1.0) == (b.0, b.1.0)) {
        let (key, (owner, _)) = owners[0];
        let most = limits(key.0).iter().find(|(_, kind)| *kind == owner).map(|(most, _)| *most);
        if most.is_some_and(|most| owners.len() > most) {
            let known = hubs.entry(key).or_insert(0);
            *known = owners.len().max(*known);
        }
    }
    hubs
}
