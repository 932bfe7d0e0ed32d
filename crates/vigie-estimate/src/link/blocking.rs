//! Which pairs are compared at all: blocks by words of a name and of a domain. What they lose is measured, not hoped.

use std::collections::BTreeMap;

/// A block larger than this is a common word, not a clue.
const MAX_BLOCK: usize = 300;
/// Most pairs that are compared.
const MAX_PAIRS: usize = 20_000_000;

/// What a group of records is known by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Cleaned name of the organisation.
    pub name: Option<String>,
    /// First label of its registrable domain.
    pub label: Option<String>,
    /// Country.
    pub country: Option<[u8; 2]>,
    /// First three parts of an IPv4 address.
    pub network: Option<String>,
}

/// The blocks that a profile falls into.
pub fn keys(profile: &Profile) -> Vec<String> {
    let mut keys = Vec::new();
    for text in [&profile.name, &profile.label].into_iter().flatten() {
        let joined: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        let start: String = joined.chars().take(5).collect();
        if start.len() >= 3 {
            keys.push(format!("start {start}"));
        }
        let end: String = joined.chars().rev().take(5).collect();
        if end.len() == 5 {
            keys.push(format!("end {end}"));
        }
        keys.extend(
            text.split([' ', '-']).filter(|w| w.len() >= 4).map(|w| format!("word {}", &w[..w.len().min(6)])),
        );
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Every pair of profiles that share a block, each once, in order. Blocks that are too large propose nothing.
pub fn pairs(profiles: &[Profile]) -> Vec<(u32, u32)> {
    let mut blocks: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for (i, profile) in profiles.iter().enumerate() {
        for key in keys(profile) {
            blocks.entry(key).or_default().push(u32::try_from(i).unwrap_or(u32::MAX));
        }
    }
    let mut found = Vec::new();
    for members in blocks.values().filter(|m| m.len() <= MAX_BLOCK) {
        for (i, &a) in members.iter().enumerate() {
            found.extend(members[i + 1..].iter().map(|&b| (a, b)));
        }
        if found.len() > MAX_PAIRS {
            found.sort_unstable();
            found.dedup();
            if found.len() > MAX_PAIRS {
                break;
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}
