//! Keys that too many owners share: hosters' certificates, NAT and cloud addresses, wildcard names, default forests.

use crate::lists::{KeyKind, Lists};
use std::collections::BTreeMap;

/// Keys that link nobody, with the number of owners that share them.
pub type Hubs = BTreeMap<(KeyKind, u32), usize>;

/// How many different owners a key of a kind may have before it is a hub, and what counts as an owner.
fn limit(kind: KeyKind) -> Option<(usize, KeyKind)> {
    match kind {
        KeyKind::Url => None,
        // A shared front end serves many domains; one firm seldom has more than a handful of its own.
        KeyKind::Address | KeyKind::Certificate | KeyKind::HostName => Some((5, KeyKind::Domain)),
        // Customers of a provider under the provider's own domain.
        KeyKind::Domain => Some((4, KeyKind::Name)),
        KeyKind::Forest => Some((3, KeyKind::Domain)),
        // `Hotel Adler, DE` exists many times.
        KeyKind::Name => Some((8, KeyKind::Domain)),
    }
}

/// All hubs of some lists.
pub fn find(lists: &Lists) -> Hubs {
    let mut shared: Vec<((KeyKind, u32), u32)> = Vec::new();
    for record in &lists.records {
        for &(kind, id) in &record.keys {
            let Some((_, owner)) = limit(kind) else { continue };
            shared.extend(record.keys.iter().filter(|k| k.0 == owner).map(|k| ((kind, id), k.1)));
        }
    }
    shared.sort_unstable();
    shared.dedup();
    shared
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|owners| limit(owners[0].0.0).is_some_and(|(most, _)| owners.len() > most))
        .map(|owners| (owners[0].0, owners.len()))
        .collect()
}
