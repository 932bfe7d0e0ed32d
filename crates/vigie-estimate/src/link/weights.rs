//! Weights of agreement learned without labels: Fellegi and Sunter 1969, fitted by EM as Winkler 1988.
//!
//! Knows nothing of what is compared: a pattern is one level of agreement for each of `N` comparisons. So the same learner
//! serves lists of victims and plain records, and is measured on both (docs/linkage.md).

/// Levels of agreement: 0 says that one side does not know, 1 is equal, 4 is different.
pub const LEVELS: usize = 5;
/// The level that says that both sides know and differ.
pub const DIFFERS: u8 = 4;
/// Most rounds of the EM.
const ROUNDS: usize = 100;
/// Most that pairs in blocks are taken to be one thing: a block proposes, it does not prove.
const MOST_SHARE: f64 = 0.9;

/// Level of agreement of each comparison.
pub type Pattern<const N: usize> = [u8; N];
/// A frequency for each level of each comparison; the level 0 counts as 1.
pub type Table<const N: usize> = [[f64; LEVELS]; N];

/// Learned weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights<const N: usize> {
    /// How often two records of one thing agree.
    pub same: Table<N>,
    /// How often records of two things agree.
    pub different: Table<N>,
    /// Share of the compared pairs that are one thing.
    pub share: f64,
}

impl<const N: usize> Weights<N> {
    /// What each comparison weighs, in bits.
    pub fn bits(&self, pattern: Pattern<N>) -> [f64; N] {
        let mut bits = [0.0; N];
        for (c, &level) in pattern.iter().enumerate().filter(|(_, l)| **l > 0) {
            bits[c] = (self.same[c][level as usize] / self.different[c][level as usize]).log2();
        }
        bits
    }

    /// Chance that a pair with this pattern is one thing, by the weights alone.
    pub fn chance(&self, pattern: Pattern<N>) -> f64 {
        let odds = self.share / (1.0 - self.share) * self.bits(pattern).iter().sum::<f64>().exp2();
        if odds.is_infinite() { 1.0 } else { odds / (1.0 + odds) }
    }
}

/// Learns from pairs that share a block and from random pairs. `chance` may be stricter than the weights alone.
///
/// What agrees by accident is taken from both: random pairs say how often strangers agree, pairs in blocks how often
/// strangers agree who were chosen for being alike. The larger of the two is believed, or alikeness would count twice.
pub fn learn<const N: usize>(
    start: &Weights<N>,
    blocked: &[Pattern<N>],
    random: &[Pattern<N>],
    chance: impl Fn(&Weights<N>, Pattern<N>) -> f64,
) -> Weights<N> {
    let mut sorted = blocked.to_vec();
    sorted.sort_unstable();
    let distinct: Vec<(Pattern<N>, f64)> =
        sorted.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as f64)).collect();
    let strangers = frequencies(random.iter().map(|&p| (p, 1.0)));
    let total: f64 = distinct.iter().map(|d| d.1).sum();
    let mut weights = Weights { different: strangers, ..start.clone() };
    for _ in 0..ROUNDS {
        let expected: Vec<f64> = distinct.iter().map(|&(p, n)| n * chance(&weights, p)).collect();
        let sum: f64 = expected.iter().sum();
        let same = frequencies(distinct.iter().zip(&expected).map(|(&(p, _), &e)| (p, e)));
        let others = frequencies(distinct.iter().zip(&expected).map(|(&(p, n), &e)| (p, (n - e).max(0.0))));
        let share = (sum / total).clamp(1e-7, MOST_SHARE);
        let change = (share - weights.share).abs();
        weights = Weights { same, different: larger(&strangers, &others), share };
        if change < 1e-9 {
            break;
        }
    }
    weights
}

/// The more frequent accident at each level of agreement; what is left differs.
fn larger<const N: usize>(a: &Table<N>, b: &Table<N>) -> Table<N> {
    let mut table = *a;
    for (row, other) in table.iter_mut().zip(b) {
        for level in 1..LEVELS - 1 {
            row[level] = row[level].max(other[level]);
        }
        let agree: f64 = row[1..LEVELS - 1].iter().sum();
        row[LEVELS - 1] = (1.0 - agree).max(1e-6);
    }
    table
}

/// Frequencies of levels among known comparisons, smoothed.
fn frequencies<const N: usize>(weighted: impl Iterator<Item = (Pattern<N>, f64)>) -> Table<N> {
    let mut counts = [[0.5_f64; LEVELS]; N];
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
