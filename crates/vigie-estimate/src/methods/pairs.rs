//! Two lists: Lincoln-Petersen, Chapman's correction, the odds ratio, and what overlap a claim would imply.

use crate::numeric::special::NORMAL_975;
use crate::table::CaptureTable;

/// Below this overlap Chapman's estimate is biased and only a lower bound is worth printing.
pub const SMALL_OVERLAP: u64 = 7;

/// What two lists of a table say of each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Index of the first list.
    pub first: usize,
    /// Index of the second list.
    pub second: usize,
    /// Units on the first.
    pub first_size: u64,
    /// Units on the second.
    pub second_size: u64,
    /// Units on both.
    pub overlap: u64,
    /// Odds ratio among the units that a third list holds; `None` with two lists or empty cells.
    pub odds_ratio: Option<f64>,
    /// Chapman's estimate with its interval.
    pub chapman: Chapman,
}

/// Chapman's estimate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chapman {
    /// N.
    pub estimate: f64,
    /// Standard error after Seber.
    pub error: f64,
    /// Lower end of a 95 % interval that is symmetric in the logarithm of the unseen.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Chapman's estimate for two lists of sizes `first` and `second` that share `overlap` units.
pub fn chapman(first: u64, second: u64, overlap: u64) -> Chapman {
    let (n1, n2, m) = (first as f64, second as f64, overlap as f64);
    let estimate = (n1 + 1.0) * (n2 + 1.0) / (m + 1.0) - 1.0;
    let variance = (n1 + 1.0) * (n2 + 1.0) * (n1 - m) * (n2 - m) / ((m + 1.0) * (m + 1.0) * (m + 2.0));
    let seen = n1 + n2 - m;
    let unseen = (estimate - seen).max(0.0);
    let (low, high) = if unseen > 0.0 {
        // Chao 1987, formula 12: never below those seen.
        let c = (NORMAL_975 * (1.0 + variance / (unseen * unseen)).ln().sqrt()).exp();
        (seen + unseen / c, seen + unseen * c)
    } else {
        (seen, seen)
    };
    Chapman { estimate, error: variance.max(0.0).sqrt(), low, high }
}

/// Every pair of lists of a table.
pub fn pairs(table: &CaptureTable) -> Vec<Pair> {
    let mut found = Vec::new();
    for first in 0..table.width() {
        for second in first + 1..table.width() {
            let (a, b) = (table.on_all(1 << first), table.on_all(1 << second));
            let overlap = table.on_all(1 << first | 1 << second);
            found.push(Pair {
                first,
                second,
                first_size: a,
                second_size: b,
                overlap,
                odds_ratio: odds_ratio(table, first, second),
                chapman: chapman(a, b, overlap),
            });
        }
    }
    found
}

/// The odds ratio of two lists among units on at least one other list: there, units on neither are counted too.
fn odds_ratio(table: &CaptureTable, first: usize, second: usize) -> Option<f64> {
    let mut cells = [0_u64; 4];
    let others = !(1_usize << first | 1 << second);
    for (cell, &count) in table.counts().iter().enumerate().filter(|(cell, _)| cell & others != 0) {
        cells[(cell >> first & 1) << 1 | (cell >> second & 1)] += count;
    }
    if cells.contains(&0) {
        return None;
    }
    let [neither, b, a, both] = cells.map(|c| c as f64);
    Some(both * neither / (a * b))
}

/// The overlap of two lists of these sizes that `total` units would imply, if the lists are independent.
pub fn implied_overlap(first: u64, second: u64, total: f64) -> f64 {
    first as f64 * second as f64 / total
}

/// N from two lists when the odds of being on both are `odds_ratio` times those under independence.
///
/// With a and b on one list only and m on both, the unseen are `odds_ratio * a * b / m`.
pub fn with_odds_ratio(first: u64, second: u64, overlap: u64, odds_ratio: f64) -> Option<f64> {
    if overlap == 0 {
        return None;
    }
    let (a, b, m) = ((first - overlap) as f64, (second - overlap) as f64, overlap as f64);
    Some(a + b + m + odds_ratio * a * b / m)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chapman_by_hand() {
        // Kosovo, EXH and ABA: 1,910 and 1,528 with 403 on both (Ball et al. 2002).
        let c = chapman(1910, 1528, 403);
        assert!((c.estimate - 7_231.472_772).abs() < 1e-5 && (c.error - 273.752_5).abs() < 1e-3);
        assert!(c.low > 3035.0 && c.low < 6800.0 && c.high > 7700.0);
    }

    #[test]
    fn implied_overlap_of_the_hafnium_claims() {
        // ESET's 5,000 servers and Shadowserver's 5,818 addresses.
        let implied: Vec<f64> =
            [20e3, 60e3, 100e3, 250e3].iter().map(|&n| implied_overlap(5000, 5818, n).round()).collect();
        assert_eq!(implied, [1455.0, 485.0, 291.0, 116.0]);
    }

    #[test]
    fn dependence_moves_the_unseen_in_proportion() {
        let independent = with_odds_ratio(100, 100, 50, 1.0).unwrap();
        assert!((independent - 200.0).abs() < 1e-12);
        assert!((with_odds_ratio(100, 100, 50, 2.0).unwrap() - 250.0).abs() < 1e-12);
        assert_eq!(with_odds_ratio(100, 100, 0, 2.0), None);
    }
}
