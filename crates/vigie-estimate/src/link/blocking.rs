//! Which pairs are compared at all: blocks by words of a name and of a domain. What they lose is measured, not hoped.

use std::collections::BTreeSet;

/// A block larger than this is a common word, not a clue: it is split by what else its members share.
pub const MAX_BLOCK: usize = 100;
/// Most pairs that are compared.
const MAX_PAIRS: usize = 60_000_000;

/// What a group of records is known by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Cleaned name of the organisation.
    pub name: Option<String>,
    /// First label of its registrable domain.
    pub label: Option<String>,
    /// That domain, for a person to look at.
    pub domain: Option<String>,
    /// Country.
    pub country: Option<[u8; 2]>,
    /// First three parts of an IPv4 address.
    pub network: Option<String>,
}

/// The pairs that blocks propose, and what they could not propose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blocked {
    /// Each pair once, in order.
    pub pairs: Vec<(u32, u32)>,
    /// Blocks that stayed too large however they were split: common words, which propose nothing.
    pub too_large: usize,
    /// Whether the limit of pairs was reached and the rest was left out.
    pub cut: bool,
}

/// The blocks that a profile falls into.
pub fn keys(profile: &Profile) -> Vec<String> {
    let mut keys = BTreeSet::new();
    for text in [&profile.name, &profile.label].into_iter().flatten() {
        let joined: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        let start: String = joined.chars().take(5).collect();
        if start.len() >= 3 {
            keys.insert(format!("start {start}"));
        }
        if joined.len() >= 5 {
            keys.insert(format!("end {}", &joined[joined.len() - 5..]));
        }
        for word in text.split([' ', '-']).filter(|w| w.len() >= 4 && w.is_ascii()) {
            keys.insert(format!("word {}", &word[..word.len().min(6)]));
            keys.insert(format!("tail {}", &word[word.len().saturating_sub(6)..]));
            // Exchanged letters leave the letters as they are, a wrong vowel leaves the consonants.
            let mut letters: Vec<char> = word.chars().collect();
            let bones: String = letters.iter().filter(|c| !"aeiouy".contains(**c)).collect();
            if bones.len() >= 4 {
                keys.insert(format!("bones {bones}"));
            }
            letters.sort_unstable();
            keys.insert(format!("letters {}", letters.into_iter().collect::<String>()));
        }
    }
    keys.into_iter().collect()
}

/// Every pair of profiles that share a block.
///
/// A block that is too large is split by the second key that its members share, then by country as well.
pub fn pairs(profiles: &[Profile]) -> Blocked {
    let all: Vec<Vec<u64>> =
        profiles.iter().map(|p| keys(p).iter().map(|k| hash(k.as_bytes(), 0)).collect()).collect();
    let mut blocked = Blocked::default();
    let mut large: Vec<u64> = Vec::new();
    take(&entries(&all), &mut blocked.pairs, |key| large.push(key));
    large.sort_unstable();
    let twice: Vec<Vec<u64>> = all
        .iter()
        .map(|keys| {
            let common: Vec<u64> = keys.iter().copied().filter(|k| large.binary_search(k).is_ok()).collect();
            let mut both: Vec<u64> = Vec::new();
            for (i, &a) in common.iter().enumerate() {
                both.extend(common[i + 1..].iter().map(|&b| mix(a.min(b), a.max(b))));
            }
            both
        })
        .collect();
    let mut still = Vec::new();
    take(&entries(&twice), &mut blocked.pairs, |key| still.push(key));
    still.sort_unstable();
    let by_country: Vec<Vec<u64>> = twice
        .iter()
        .zip(profiles)
        .map(|(keys, p)| {
            let country = p.country.map_or(0, |c| hash(&c, 7));
            keys.iter().filter(|k| still.binary_search(k).is_ok()).map(|&k| mix(k, country)).collect()
        })
        .collect();
    take(&entries(&by_country), &mut blocked.pairs, |_| blocked.too_large += 1);
    blocked.pairs.sort_unstable();
    blocked.pairs.dedup();
    blocked.cut = blocked.pairs.len() >= MAX_PAIRS;
    blocked
}

fn entries(keys: &[Vec<u64>]) -> Vec<(u64, u32)> {
    let mut entries: Vec<(u64, u32)> = keys
        .iter()
        .enumerate()
        .flat_map(|(i, keys)| keys.iter().map(move |&k| (k, u32::try_from(i).unwrap_or(u32::MAX))))
        .collect();
    entries.sort_unstable();
    entries.dedup();
    entries
}

/// Adds the pairs of every block of a fitting size; the others are told by their key.
fn take(entries: &[(u64, u32)], found: &mut Vec<(u32, u32)>, mut too_large: impl FnMut(u64)) {
    for block in entries.chunk_by(|a, b| a.0 == b.0) {
        if block.len() > MAX_BLOCK {
            too_large(block[0].0);
            continue;
        }
        for (i, &(_, a)) in block.iter().enumerate() {
            found.extend(block[i + 1..].iter().map(|&(_, b)| (a, b)));
        }
        if found.len() > 2 * MAX_PAIRS {
            found.sort_unstable();
            found.dedup();
            if found.len() > MAX_PAIRS {
                found.truncate(MAX_PAIRS);
                return;
            }
        }
    }
}

/// FNV-1a: the same blocks on every machine. Two keys that collide propose a few pairs in vain.
fn hash(bytes: &[u8], seed: u64) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325 ^ seed, |h, &b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3))
}

fn mix(a: u64, b: u64) -> u64 {
    (a ^ b.rotate_left(29)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_common_word_is_split_by_what_else_is_shared() {
        let named = |name: &str| Profile { name: Some(name.to_owned()), ..Profile::default() };
        let mut profiles: Vec<Profile> = (0..=MAX_BLOCK)
            .map(|i| named(&format!("hotel {}haus", ["berg", "see", "wald"][i % 3])))
            .collect();
        profiles.push(named("hotel adlerhof"));
        profiles.push(named("hotel adlarhof"));
        let last = u32::try_from(profiles.len() - 1).unwrap();
        let blocked = pairs(&profiles);
        assert!(blocked.pairs.contains(&(last - 1, last)));
        assert!(!blocked.cut);
        assert!(keys(&profiles[last as usize]).iter().any(|k| k == "start hotel"));
    }
}
