//! Names of organisations compared: what agrees, what it weighs, and which links that makes.
//!
//! The weights are learned from the lists themselves ([`super::weights`]). A link's weight is the sum of its comparisons'
//! weights in bits, so every link can be explained.

use super::blocking::{Profile, pairs};
use super::owners::Owners;
use super::union::Union;
use super::weights::{Pattern as AnyPattern, Table as AnyTable, Weights as AnyWeights, learn};
use super::{Decisions, Link};
use crate::honesty::{Language, Text};
use crate::lists::names::likeness;
use crate::lists::{KeyKind, Lists};
use crate::numeric::parallel;
use crate::numeric::random::Random;

/// At or above this chance a link is made.
pub const LINK_AT: f64 = 0.95;
/// Between this and [`LINK_AT`] a person decides.
pub const DOUBT_AT: f64 = 0.5;
/// The chances at which the number of units is counted again, to show what the threshold decides.
pub const THRESHOLDS: [f64; 3] = [0.8, LINK_AT, 0.99];
const COMPARISONS: usize = 4;
const RANDOM_PAIRS: usize = 100_000;
const LOSS_SAMPLE: usize = 100;
const PAIRS_AT_ONCE: usize = 20_000;
/// Pairs with a smaller chance add nothing to what is expected.
const LEAST_COUNTED: f64 = 1e-4;
/// About how many comparisons the sample may cost: half a minute of one core at a million records.
const LOSS_COMPARISONS: usize = 40_000_000;
/// A smaller sample than this measures nothing.
const LEAST_SAMPLE: usize = 20;

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
    /// Expected share of made links that are false, by the weights themselves.
    pub false_links: Option<f64>,
    /// Share of sampled links that no block proposes.
    pub blocking_loss: Option<f64>,
    /// Links that the sample found.
    pub blocking_sample: u32,
    /// Blocks of common words that proposed nothing.
    pub too_large: usize,
    /// Joins that each of [`THRESHOLDS`] would make: pairs of record numbers.
    pub joins: [Vec<(u32, u32)>; THRESHOLDS.len()],
}

type Pattern = AnyPattern<COMPARISONS>;
type Table = AnyTable<COMPARISONS>;
type Weights = AnyWeights<COMPARISONS>;

/// Joins groups whose names are alike enough. `exact` is how many links across lists exact keys made before; the answer
/// does not depend on `threads`.
pub fn link_by_name(
    lists: &Lists,
    (union, owners): (&mut Union, &mut Owners),
    decisions: &Decisions,
    (exact, threads): (usize, usize),
) -> ByName {
    let (profiles, members) = profiles(lists, union);
    let blocked = pairs(&profiles);
    let candidates = &blocked.pairs;
    if candidates.is_empty() {
        return ByName::default();
    }
    let patterns = compare_all(&profiles, candidates, threads);
    let enough = profiles.len() >= ENOUGH_TO_LEARN && patterns.len() >= ENOUGH_TO_LEARN;
    let weights =
        if enough { learn(&usual(), &patterns, &random_patterns(&profiles), chance) } else { usual() };
    let mut result = ByName { too_large: blocked.too_large, ..ByName::default() };
    let (mut made, mut left, mut wrong) = (exact as f64, 0.0, 0.0);
    let mut by_likeness = 0.0;
    for (chance, pair) in likeliest_first(candidates, &patterns, &weights) {
        let (a, b) = candidates[pair];
        let (pa, pb) = (&profiles[a as usize], &profiles[b as usize]);
        let ends = (members[a as usize], members[b as usize]);
        let clash = owners.clash(lists, union.root(ends.0), union.root(ends.1));
        let decision = decide((pa, pb), chance, clash, decisions);
        note_joins(&mut result.joins, ends, (chance, clash), decision);
        if decision == Some(Decision::Link) {
            (made, by_likeness, wrong) = (made + chance, by_likeness + 1.0, wrong + 1.0 - chance);
            owners.join(union, ends.0, ends.1);
        } else if union.root(ends.0) != union.root(ends.1) {
            left += chance.min(if clash { DOUBT_AT } else { 1.0 });
        }
        if let Some(decision) = decision {
            let (left, right) = (show(pa), show(pb));
            let why = explain(&weights, patterns[pair]);
            result.links.push(Link { left, right, rows: ends, why, chance, decision });
        }
    }
    result.missed = (made + left > 0.0).then(|| left / (made + left));
    result.false_links = (by_likeness > 0.0).then(|| wrong / by_likeness);
    (result.blocking_loss, result.blocking_sample) =
        blocking_loss((&profiles, candidates), &weights, threads);
    result
}

/// Pairs that may be one, the likeliest first: a row that fits two firms goes to the one that it fits better.
fn likeliest_first(candidates: &[(u32, u32)], patterns: &[Pattern], weights: &Weights) -> Vec<(f64, usize)> {
    let mut order: Vec<(f64, usize)> = patterns
        .iter()
        .enumerate()
        .map(|(pair, &pattern)| (chance(weights, pattern), pair))
        .filter(|(chance, _)| *chance >= LEAST_COUNTED)
        .collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| candidates[a.1].cmp(&candidates[b.1])));
    order
}

/// What a person decided holds at every threshold.
fn note_joins(
    joins: &mut [Vec<(u32, u32)>; THRESHOLDS.len()],
    (a, b): (usize, usize),
    (chance, clash): (f64, bool),
    decision: Option<Decision>,
) {
    let number = |i: usize| u32::try_from(i).unwrap_or(u32::MAX);
    for (threshold, joins) in THRESHOLDS.iter().zip(joins) {
        let by_hand = decision == Some(Decision::Link) && (chance < LINK_AT || clash);
        if by_hand || decision != Some(Decision::Rejected) && chance >= *threshold && !clash {
            joins.push((number(a), number(b)));
        }
    }
}

/// Names that agree do not outweigh domains that clash: that is for a person.
fn decide((a, b): (&Profile, &Profile), chance: f64, clash: bool, decisions: &Decisions) -> Option<Decision> {
    match decisions.get(&ordered(show(a), show(b))) {
        Some(true) => Some(Decision::Link),
        Some(false) => Some(Decision::Rejected),
        None if chance >= LINK_AT && !clash => Some(Decision::Link),
        None if chance >= DOUBT_AT => Some(Decision::Doubtful),
        None => None,
    }
}

/// Two names in the order in which decisions are kept.
pub fn ordered(a: String, b: String) -> (String, String) {
    if a <= b { (a, b) } else { (b, a) }
}

/// What a group is known by: its name, its domain, its country, whichever there are.
fn show(profile: &Profile) -> String {
    let country = profile.country.map(|c| format!("({})", String::from_utf8_lossy(&c)));
    let domain = profile.domain.as_deref().map(|d| format!("[{d}]"));
    let parts: Vec<String> = [profile.name.clone(), domain, country].into_iter().flatten().collect();
    parts.join(" ")
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
            add_to(&mut profile, lists, index);
        }
        if profile.name.is_some() || profile.label.is_some() {
            profiles.push(profile);
            members.push(group[0].1);
        }
    }
    (profiles, members)
}

/// What one row is known by, in the words of the review file.
pub fn describe(lists: &Lists, index: usize) -> String {
    let mut profile = Profile::default();
    add_to(&mut profile, lists, index);
    show(&profile)
}

/// Takes from a record what the profile does not know yet.
fn add_to(profile: &mut Profile, lists: &Lists, index: usize) {
    let record = &lists.records[index];
    let text = |kind| record.keys.iter().find(|k| k.0 == kind).map(|k| lists.text(k.1));
    profile.name = profile.name.take().or_else(|| record.name.map(|id| lists.text(id).to_owned()));
    if profile.label.is_none() {
        profile.domain = text(KeyKind::Domain).map(str::to_owned);
        profile.label = profile.domain.as_deref().and_then(|d| d.split('.').next()).map(str::to_owned);
    }
    profile.country = profile.country.or(record.country);
    profile.network = profile.network.take().or_else(|| {
        text(KeyKind::Address).and_then(|a| a.rsplit_once('.')).map(|(network, _)| network.to_owned())
    });
}

/// Compares every pair, a piece at a time on any number of threads.
fn compare_all(profiles: &[Profile], candidates: &[(u32, u32)], threads: usize) -> Vec<Pattern> {
    let chunks: Vec<&[(u32, u32)]> = candidates.chunks(PAIRS_AT_ONCE).collect();
    let compared = parallel::map(chunks.len(), threads, |i| {
        chunks[i]
            .iter()
            .map(|&(a, b)| compare(&profiles[a as usize], &profiles[b as usize]))
            .collect::<Vec<Pattern>>()
    });
    compared.concat()
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

/// The usual weights, for lists too small to learn from.
fn usual() -> Weights {
    Weights { same: USUAL_SAME, different: USUAL_DIFFERENT, share: 0.05 }
}

/// Chance that a pair with this pattern is one organisation.
fn chance(weights: &Weights, pattern: Pattern) -> f64 {
    // A name or a domain must speak for the link: country and network alone never make one.
    if pattern[0] == 4 && pattern[1] != 1 || pattern[0] == 0 && pattern[1] == 0 {
        return 0.0;
    }
    let chance = weights.chance(pattern);
    // `firm1.de` and `firm2.de` are alike: without names, only the same label makes a link; a likeness is for a person.
    if pattern[0] == 0 && pattern[1] != 1 { chance.min(MOST_BY_LIKE_LABELS) } else { chance }
}

/// What agreed and what did not, in words, with what it weighed in bits (each bit doubles the odds).
fn explain(weights: &Weights, pattern: Pattern) -> Text {
    const WORDS: [[(&str, &str); 4]; COMPARISONS] = [
        [
            ("same name", "même nom"),
            ("names nearly the same", "noms presque identiques"),
            ("names alike", "noms ressemblants"),
            ("names differ", "noms différents"),
        ],
        [
            ("domain fits", "domaine concordant"),
            ("domain nearly fits", "domaine presque concordant"),
            ("domain is part of it", "domaine contenu dans l'autre"),
            ("domain does not fit", "domaine discordant"),
        ],
        [("same country", "même pays"), ("", ""), ("", ""), ("other country", "autre pays")],
        [("same network", "même réseau"), ("", ""), ("", ""), ("other network", "autre réseau")],
    ];
    let bits = weights.bits(pattern);
    let told = |language: Language| {
        (0..COMPARISONS)
            .filter(|&c| pattern[c] > 0)
            .map(|c| {
                let (en, fr) = WORDS[c][usize::from(pattern[c] - 1).min(3)];
                let sign = format!("{:+.1}", bits[c]);
                match language {
                    Language::English => format!("{en} ({sign})"),
                    Language::French => format!("{fr} ({})", sign.replace('.', ",")),
                }
            })
            .collect::<Vec<_>>()
            .join("; ")
    };
    Text::new(told(Language::English), told(Language::French))
}

/// Links of a sample found by holding it against everybody, that no block proposes: their share, and how many were found.
fn blocking_loss(
    (profiles, candidates): (&[Profile], &[(u32, u32)]),
    weights: &Weights,
    threads: usize,
) -> (Option<f64>, u32) {
    let mut random = Random::new(0x7669_6769, 2);
    let sample = LOSS_SAMPLE.min(LOSS_COMPARISONS / profiles.len().max(1)).clamp(LEAST_SAMPLE, LOSS_SAMPLE);
    let chosen: Vec<usize> = (0..sample.min(profiles.len())).map(|_| random.below(profiles.len())).collect();
    let counted: Vec<(u32, u32)> = parallel::map(chosen.len(), threads, |i| {
        let a = chosen[i];
        let (mut found, mut lost) = (0, 0);
        for b in (0..profiles.len()).filter(|&b| b != a) {
            if chance(weights, compare(&profiles[a], &profiles[b])) < LINK_AT {
                continue;
            }
            let number = |i: usize| u32::try_from(i).unwrap_or(u32::MAX);
            found += 1;
            lost += u32::from(candidates.binary_search(&(number(a.min(b)), number(a.max(b)))).is_err());
        }
        (found, lost)
    });
    let (found, lost) = counted.iter().fold((0, 0), |(f, l), c| (f + c.0, l + c.1));
    ((found > 0).then(|| f64::from(lost) / f64::from(found)), found)
}
