//! Weights of agreement learned without labels: Fellegi and Sunter 1969, fitted by EM as Winkler 1988.
//!
//! How often unrelated groups agree comes from random pairs; how often the same organisation agrees comes from the pairs
//! in blocks, by EM. A link's weight is the sum of its comparisons' weights in bits, so every link can be explained.

use super::blocking::{Profile, pairs};
use super::union::Union;
use super::{Decisions, Link};
use crate::lists::names::likeness;
use crate::lists::{KeyKind, Lists};
use crate::numeric::random::Random;

/// At or above this chance a link is made.
pub const LINK_AT: f64 = 0.95;
/// Between this and [`LINK_AT`] a person decides.
pub const DOUBT_AT: f64 = 0.5;
const COMPARISONS: usize = 4;
const LEVELS: usize = 5;
const ROUNDS: usize = 100;
const RANDOM_PAIRS: usize = 100_000;
const LOSS_SAMPLE: usize = 100;
/// Most groups that a sample is held against by brute force.
const LOSS_AGAINST: usize = 20_000;

/// The most that domains that are merely alike can say.
const MOST_BY_LIKE_LABELS: f64 = 0.9;
/// Fewer groups or pairs teach nothing: usual weights are taken.
const ENOUGH_TO_LEARN: usize = 50;
/// How often two records of one organisation agree, before anything is learned.
const USUAL_SAME: Table = [
    [1.0, 0.80, 0.12, 0.05, 0.03],
    [1.0, 0.60, 0.10, 0.10, 0.20],
    [1.0, 0.95, 0.0001, 0.0001, 0.05],
    [1.0, 0.30, 0.0001, 0.0001, 0.70],
];
/// The same for two organisations.
const USUAL_DIFFERENT: Table = [
    [1.0, 0.001, 0.002, 0.01, 0.987],
    [1.0, 0.001, 0.002, 0.02, 0.977],
    [1.0, 0.2, 0.0001, 0.0001, 0.8],
    [1.0, 0.01, 0.0001, 0.0001, 0.99],
];

/// What became of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Made.
    Link,
    /// Left for a person.
    Doubtful,
    /// A person said no.
    Rejected,
}

impl Decision {
    /// The word in the review file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Doubtful => "?",
            Self::Rejected => "no",
        }
    }
}

/// What the comparison of names gave.
#[derive(Clone, Debug, Default)]
pub struct ByName {
    /// Made, doubtful and rejected links.
    pub links: Vec<Link>,
    /// Expected share of true links not made.
    pub missed: Option<f64>,
    /// Share of sampled links that no block proposes.
    pub blocking_loss: Option<f64>,
}

type Pattern = [u8; COMPARISONS];
type Table = [[f64; LEVELS]; COMPARISONS];

/// Learned weights.
#[derive(Clone, Debug)]
pub struct Weights {
    same: Table,
    different: Table,
    /// Share of the compared pairs that are one organisation.
    pub share: f64,
}

/// Joins groups whose names are alike enough.
pub fn link_by_name(lists: &Lists, union: &mut Union, decisions: &Decisions) -> ByName {
    let (profiles, members) = profiles(lists, union);
    let candidates = pairs(&profiles);
    if candidates.is_empty() {
        return ByName::default();
    }
    let patterns: Vec<Pattern> =
        candidates.iter().map(|&(a, b)| compare(&profiles[a as usize], &profiles[b as usize])).collect();
    let enough = profiles.len() >= ENOUGH_TO_LEARN && patterns.len() >= ENOUGH_TO_LEARN;
    let weights = if enough { learn(&patterns, &random_patterns(&profiles)) } else { Weights::unlearned() };
    let mut result = ByName::default();
    let (mut made, mut left) = (0.0, 0.0);
    for (&(a, b), pattern) in candidates.iter().zip(&patterns) {
        let chance = weights.chance(*pattern);
        let (pa, pb) = (&profiles[a as usize], &profiles[b as usize]);
        let decision = decide(pa, pb, chance, decisions);
        if decision == Some(Decision::Link) {
            made += chance;
            union.join(members[a as usize], members[b as usize]);
        } else {
            left += chance;
        }
        if let Some(decision) = decision {
            result.links.push(Link {
                left: show(pa),
                right: show(pb),
                why: weights.explain(*pattern),
                chance,
                decision,
            });
        }
    }
    result.missed = (made + left > 0.0).then(|| left / (made + left));
    result.blocking_loss = blocking_loss(&profiles, &candidates, &weights);
    result
}

fn decide(a: &Profile, b: &Profile, chance: f64, decisions: &Decisions) -> Option<Decision> {
    let key = ordered(show(a), show(b));
    match decisions.get(&key) {
        Some(true) => Some(Decision::Link),
        Some(false) => Some(Decision::Rejected),
        None if chance >= LINK_AT => Some(Decision::Link),
        None if chance >= DOUBT_AT => Some(Decision::Doubtful),
        None => None,
    }
}

/// Two names in the order in which decisions are kept.
pub fn ordered(a: String, b: String) -> (String, String) {
    if a <= b { (a, b) } else { (b, a) }
}

fn show(profile: &Profile) -> String {
    let country = profile.country.map_or(String::new(), |c| format!(" ({})", String::from_utf8_lossy(&c)));
    let label = profile.label.as_deref().map_or(String::new(), |l| format!(" [{l}]"));
    format!("{}{label}{country}", profile.name.as_deref().unwrap_or("-"))
}

/// One profile a group, from its first record that tells each thing; and a member of the group.
fn profiles(lists: &Lists, union: &mut Union) -> (Vec<Profile>, Vec<usize>) {
    let mut order: Vec<(u32, usize)> = (0..lists.records.len()).map(|i| (union.root(i), i)).collect();
    order.sort_unstable();
    let mut profiles = Vec::new();
    let mut members = Vec::new();
    for group in order.chunk_by(|a, b| a.0 == b.0) {
        let mut profile = Profile::default();
        for &(_, index) in group {
            let record = &lists.records[index];
            let text = |kind| record.keys.iter().find(|k| k.0 == kind).map(|k| lists.text(k.1));
            profile.name = profile.name.or_else(|| record.name.map(|id| lists.text(id).to_owned()));
            profile.label = profile
                .label
                .or_else(|| text(KeyKind::Domain).and_then(|d| d.split('.').next()).map(str::to_owned));
            profile.country = profile.country.or(record.country);
            profile.network = profile.network.or_else(|| {
                text(KeyKind::Address).and_then(|a| a.rsplit_once('.')).map(|(network, _)| network.to_owned())
            });
        }
        if profile.name.is_some() || profile.label.is_some() {
            profiles.push(profile);
            members.push(group[0].1);
        }
    }
    (profiles, members)
}

/// Level of agreement of each comparison; 0 says that one side does not know.
fn compare(a: &Profile, b: &Profile) -> Pattern {
    [
        names(a, b),
        labels(a, b),
        exact(a.country.as_ref(), b.country.as_ref()),
        exact(a.network.as_ref(), b.network.as_ref()),
    ]
}

fn exact<T: PartialEq>(a: Option<&T>, b: Option<&T>) -> u8 {
    match (a, b) {
        (Some(a), Some(b)) => {
            if a == b {
                1
            } else {
                4
            }
        }
        (Some(_) | None, None) | (None, Some(_)) => 0,
    }
}

fn names(a: &Profile, b: &Profile) -> u8 {
    let (Some(a), Some(b)) = (&a.name, &b.name) else { return 0 };
    let likeness = likeness(a, b);
    if likeness >= 0.99 {
        1
    } else if likeness >= 0.94 {
        2
    } else if likeness >= 0.88 {
        3
    } else {
        4
    }
}

/// The domain's label against the other side's label or name, the better of all.
fn labels(a: &Profile, b: &Profile) -> u8 {
    let sides = [(&a.label, &b.label), (&a.label, &b.name), (&b.label, &a.name)];
    let best = sides.into_iter().filter_map(|(x, y)| Some(label_level(x.as_ref()?, y.as_ref()?))).min();
    best.unwrap_or(0)
}

/// A label is often one word of a name, or all its words without spaces.
fn label_level(label: &str, other: &str) -> u8 {
    let squeezed = other.replace([' ', '-'], "");
    let flat = label.replace('-', "");
    if flat == squeezed || (flat.len() >= 5 && other.split(' ').any(|word| word == flat)) {
        1
    } else if strsim::jaro_winkler(&flat, &squeezed) >= 0.92 {
        2
    } else if flat.len() >= 5 && (squeezed.contains(&flat) || flat.contains(&squeezed) && squeezed.len() >= 5)
    {
        3
    } else {
        4
    }
}

fn random_patterns(profiles: &[Profile]) -> Vec<Pattern> {
    let mut random = Random::new(0x7669_6769, 1);
    (0..RANDOM_PAIRS.min(profiles.len() * profiles.len()))
        .filter_map(|_| {
            let (a, b) = (random.below(profiles.len()), random.below(profiles.len()));
            (a != b).then(|| compare(&profiles[a], &profiles[b]))
        })
        .collect()
}

/// Frequencies of levels among known comparisons, smoothed.
fn frequencies(weighted: impl Iterator<Item = (Pattern, f64)>) -> Table {
    let mut counts = [[0.5_f64; LEVELS]; COMPARISONS];
    for (pattern, weight) in weighted {
        for (row, &level) in counts.iter_mut().zip(&pattern) {
            row[level as usize] += weight;
        }
    }
    for row in &mut counts {
        let known: f64 = row[1..].iter().sum();
        for count in row.iter_mut() {
            *count /= known;
        }
        row[0] = 1.0;
    }
    counts
}

/// Learns the weights by EM: unrelated pairs from random ones, related pairs from the blocks.
pub fn learn(patterns: &[Pattern], random: &[Pattern]) -> Weights {
    let mut distinct: Vec<(Pattern, f64)> = Vec::new();
    let mut sorted = patterns.to_vec();
    sorted.sort_unstable();
    distinct.extend(sorted.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as f64)));
    let different = frequencies(random.iter().map(|&p| (p, 1.0)));
    let mut weights = Weights { different, ..Weights::unlearned() };
    let total: f64 = distinct.iter().map(|d| d.1).sum();
    for _ in 0..ROUNDS {
        let expected: Vec<f64> = distinct.iter().map(|(p, n)| n * weights.chance(*p)).collect();
        let sum: f64 = expected.iter().sum();
        let next = frequencies(distinct.iter().zip(&expected).map(|(&(p, _), &e)| (p, e)));
        let share = (sum / total).clamp(1e-6, 0.9);
        let change = (share - weights.share).abs();
        weights = Weights { same: next, share, different: weights.different };
        if change < 1e-9 {
            break;
        }
    }
    weights
}

impl Weights {
    /// The usual weights, for lists too small to learn from.
    pub fn unlearned() -> Self {
        Self { same: USUAL_SAME, different: USUAL_DIFFERENT, share: 0.05 }
    }

    fn bits(&self, pattern: Pattern) -> [f64; COMPARISONS] {
        let mut bits = [0.0; COMPARISONS];
        for (c, &level) in pattern.iter().enumerate().filter(|(_, l)| **l > 0) {
            bits[c] = (self.same[c][level as usize] / self.different[c][level as usize]).log2();
        }
        bits
    }

    /// Chance that a pair with this pattern is one organisation.
    pub fn chance(&self, pattern: Pattern) -> f64 {
        // A name or a domain must speak for the link: country and network alone never make one.
        if pattern[0] == 4 && pattern[1] != 1 || pattern[0] == 0 && pattern[1] == 0 {
            return 0.0;
        }
        let odds = self.share / (1.0 - self.share) * self.bits(pattern).iter().sum::<f64>().exp2();
        let chance = odds / (1.0 + odds);
        // `firm1.de` and `firm2.de` are alike: without names, only the same label makes a link; a likeness is for a person.
        if pattern[0] == 0 && pattern[1] != 1 { chance.min(MOST_BY_LIKE_LABELS) } else { chance }
    }

    fn explain(&self, pattern: Pattern) -> String {
        let names = ["name", "domain", "country", "network"];
        let levels = ["?", "same", "close", "near", "differs"];
        let bits = self.bits(pattern);
        (0..COMPARISONS)
            .filter(|&c| pattern[c] > 0)
            .map(|c| format!("{} {} {:+.1}", names[c], levels[pattern[c] as usize], bits[c]))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// Links of a sample found by holding it against everybody, that no block proposes.
fn blocking_loss(profiles: &[Profile], candidates: &[(u32, u32)], weights: &Weights) -> Option<f64> {
    let mut random = Random::new(0x7669_6769, 2);
    let (mut found, mut lost) = (0_u32, 0_u32);
    for _ in 0..LOSS_SAMPLE.min(profiles.len()) {
        let a = random.below(profiles.len());
        // A start at random and steps of one: everybody, or a contiguous part when there are too many.
        let start = random.below(profiles.len());
        for step in 0..LOSS_AGAINST.min(profiles.len()) {
            let b = (start + step) % profiles.len();
            if a == b || weights.chance(compare(&profiles[a], &profiles[b])) < LINK_AT {
                continue;
            }
            found += 1;
            let key = (u32::try_from(a.min(b)).ok()?, u32::try_from(a.max(b)).ok()?);
            lost += u32::from(candidates.binary_search(&key).is_err());
        }
    }
    (found > 0).then(|| f64::from(lost) / f64::from(found))
}
