//! From findings to a word and a score.
//!
//! The score is not a guess: each class of evidence carries the precision that `cargo xtask corpus` measured for it, on generated
//! shapes and on the pages of public packages, with Laplace's rule for small counts. `docs/webshells.md` holds the table.

use crate::Verdict;
use crate::evidence::{Class, Finding};

/// How often a class of evidence was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calibration {
    /// Web shells in which it was found.
    pub shells: u32,
    /// Benign pages in which it was found.
    pub benign: u32,
}

impl Calibration {
    /// Laplace's estimate of the precision.
    pub fn precision(self) -> f64 {
        f64::from(self.shells + 1) / f64::from(self.shells + self.benign + 2)
    }
}

/// Measured counts by class; written by `cargo xtask corpus DATA webshells`.
const COUNTS: &str = include_str!("../data/calibration.tsv");

/// The counts of a class.
pub fn calibration(class: Class) -> Calibration {
    for line in COUNTS.lines().filter(|line| !line.starts_with('#')) {
        let mut cells = line.split('\t');
        if cells.next() == Some(class.word()) {
            let mut number = || cells.next().and_then(|cell| cell.parse().ok()).unwrap_or(0);
            return Calibration { shells: number(), benign: number() };
        }
    }
    Calibration { shells: 0, benign: 0 }
}

/// The word and the score of a page's findings.
pub(crate) fn judge(findings: &[Finding]) -> (Verdict, f64) {
    let verdict = if findings.iter().any(|found| found.class.is_proof()) {
        Verdict::WebShell
    } else if findings.is_empty() {
        Verdict::NotSeen
    } else {
        Verdict::Suspicious
    };
    let score = findings.iter().map(|found| calibration(found.class).precision()).fold(0.0, f64::max);
    (verdict, score)
}
