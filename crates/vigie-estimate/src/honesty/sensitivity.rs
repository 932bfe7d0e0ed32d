//! How the number moves when the assumptions do: dependence, a list left out, two lists as one, links missed.

use crate::methods::leavers::Dates;
use crate::methods::pairs::{Pair, implied_overlap, with_odds_ratio};
use crate::methods::recommend::{fast, recommend};
use crate::table::CaptureTable;

/// Odds ratios between two lists that are tried.
pub const ODDS: [f64; 4] = [0.5, 1.0, 2.0, 4.0];
/// Shares of missed links that are tried when nothing is known of the linkage.
pub const MISSED: [f64; 3] = [0.02, 0.05, 0.10];

/// Two lists by index, and N for each odds ratio between them.
pub type ByOdds = (usize, usize, Vec<(f64, f64)>);

/// N for each of [`ODDS`] between the two lists with the largest overlap.
pub fn by_odds(table: &CaptureTable, pairs: &[Pair]) -> Option<ByOdds> {
    let pair = pairs.iter().max_by_key(|p| (p.overlap, std::cmp::Reverse((p.first, p.second))))?;
    let floor = table.seen() as f64;
    let row: Option<Vec<(f64, f64)>> = ODDS
        .iter()
        .map(|&odds| {
            with_odds_ratio(pair.first_size, pair.second_size, pair.overlap, odds)
                .map(|n| (odds, n.max(floor)))
        })
        .collect();
    Some((pair.first, pair.second, row?))
}

/// The middle of the recommended interval with something changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// What was changed.
    pub change: Change,
    /// The middle then.
    pub estimate: Option<f64>,
}

/// A change of the lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A list left out.
    Without(String),
    /// Two lists taken as one.
    Merged(String),
}

/// Each list left out, then each pair taken as one.
pub fn variants(table: &CaptureTable, threads: usize) -> Vec<Variant> {
    let t = table.width();
    if !(3..=6).contains(&t) {
        return Vec::new();
    }
    let middle = |sub: Option<CaptureTable>| {
        let sub = sub?.without_empty_lists().filter(|s| s.width() >= 2)?;
        recommend(&sub, &fast(&sub, threads), 1.0, &Dates::default()).map(|r| r.estimate)
    };
    let mut found: Vec<Variant> = (0..t)
        .map(|i| {
            let keep: Vec<usize> = (0..t).filter(|&j| j != i).collect();
            Variant {
                change: Change::Without(table.lists()[i].clone()),
                estimate: middle(table.project(&keep)),
            }
        })
        .collect();
    for first in 0..t {
        for second in first + 1..t {
            let merged = table.merged(first, second);
            let name = format!("{}+{}", table.lists()[first], table.lists()[second]);
            found.push(Variant { change: Change::Merged(name), estimate: middle(merged) });
        }
    }
    found
}

/// First-order correction of two lists for a share of missed links: N (1 - e).
pub fn with_missed_links(estimate: f64, missed: f64, floor: u64) -> f64 {
    (estimate * (1.0 - missed)).max(floor as f64)
}

/// A public claim against two lists: which overlap would make it true.
#[derive(Clone, Debug, PartialEq)]
pub struct ImpliedOverlap {
    /// First list.
    pub first: String,
    /// Second list.
    pub second: String,
    /// The claim.
    pub claim: f64,
    /// Units that both lists would hold.
    pub implied: f64,
    /// Units that both do hold.
    pub observed: u64,
}

/// Every claim against every pair of lists.
pub fn implied(table: &CaptureTable, pairs: &[Pair], claims: &[f64]) -> Vec<ImpliedOverlap> {
    pairs
        .iter()
        .flat_map(|p| {
            claims.iter().map(|&claim| ImpliedOverlap {
                first: table.lists()[p.first].clone(),
                second: table.lists()[p.second].clone(),
                claim,
                implied: implied_overlap(p.first_size, p.second_size, claim),
                observed: p.overlap,
            })
        })
        .collect()
}
