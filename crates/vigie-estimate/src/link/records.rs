//! Plain records of any columns (persons, products): blocked by every two columns, linked by the same learned weights.
//!
//! Lists of victims have a linker of their own, which knows what a certificate is. This one knows nothing of its columns;
//! it is how the learner is measured on public records with a known answer (`cargo xtask linkage`).

use super::blocking::MAX_BLOCK;
use super::weights::{DIFFERS, Pattern, Weights, learn};
use crate::numeric::random::Random;
use std::collections::HashMap;

/// Most columns that are compared; further ones are not read.
pub const MAX_COLUMNS: usize = 12;
/// Most pairs that are compared.
const MAX_PAIRS: usize = 50_000_000;
const RANDOM_PAIRS: usize = 200_000;
/// Before anything is learned: records of one thing mostly agree, records of two things hardly.
const USUAL_SAME: [f64; 5] = [1.0, 0.85, 0.07, 0.03, 0.05];
const USUAL_DIFFERENT: [f64; 5] = [1.0, 0.02, 0.02, 0.03, 0.93];
const USUAL_SHARE: f64 = 0.05;

/// One record: which list it is on, and its values, column by column; an empty value is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainRecord {
    /// Index of its list.
    pub list: u16,
    /// Values by column.
    pub values: Vec<String>,
}

/// Which pairs may be linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Between {
    /// Any two records: the list holds duplicates.
    All,
    /// Records of different lists only.
    Lists,
}

/// Every pair of records with its chance of being one thing, at least `least`, in order.
pub fn link_records(records: &[PlainRecord], between: Between, least: f64) -> Vec<(u32, u32, f64)> {
    let pairs = candidates(records, between);
    if pairs.is_empty() {
        return Vec::new();
    }
    let compared: Vec<Pattern<MAX_COLUMNS>> =
        pairs.iter().map(|&(a, b)| compare(&records[a as usize], &records[b as usize])).collect();
    let mut random = Random::new(0x7265_6373, 1);
    let strangers: Vec<Pattern<MAX_COLUMNS>> = (0..RANDOM_PAIRS)
        .filter_map(|_| {
            let (a, b) = (random.below(records.len()), random.below(records.len()));
            (a != b).then(|| compare(&records[a], &records[b]))
        })
        .collect();
    let start = Weights {
        same: [USUAL_SAME; MAX_COLUMNS],
        different: [USUAL_DIFFERENT; MAX_COLUMNS],
        share: USUAL_SHARE,
    };
    let weights = learn(&start, &compared, &strangers, Weights::chance);
    pairs
        .iter()
        .zip(&compared)
        .map(|(&(a, b), &pattern)| (a, b, weights.chance(pattern)))
        .filter(|&(_, _, chance)| chance >= least)
        .collect()
}

/// Pairs that agree on any two columns, each once, in order. Values that too many share propose nothing.
fn candidates(records: &[PlainRecord], between: Between) -> Vec<(u32, u32)> {
    let columns = records.iter().map(|r| r.values.len()).max().unwrap_or(0).min(MAX_COLUMNS);
    let mut found = Vec::new();
    for first in 0..columns {
        for second in first + 1..columns {
            let mut blocks: HashMap<(&str, &str), Vec<u32>> = HashMap::new();
            for (i, record) in records.iter().enumerate() {
                if let (Some(a), Some(b)) = (known(record, first), known(record, second)) {
                    blocks.entry((a, b)).or_default().push(u32::try_from(i).unwrap_or(u32::MAX));
                }
            }
            for members in blocks.values().filter(|m| m.len() <= MAX_BLOCK) {
                for (i, &a) in members.iter().enumerate() {
                    found.extend(
                        members[i + 1..]
                            .iter()
                            .filter(|&&b| may_link(records, a, b, between))
                            .map(|&b| (a, b)),
                    );
                }
            }
            found.sort_unstable();
            found.dedup();
            if found.len() > MAX_PAIRS {
                return found;
            }
        }
    }
    found
}

fn may_link(records: &[PlainRecord], a: u32, b: u32, between: Between) -> bool {
    match between {
        Between::All => true,
        Between::Lists => records[a as usize].list != records[b as usize].list,
    }
}

fn known(record: &PlainRecord, column: usize) -> Option<&str> {
    record.values.get(column).map(String::as_str).filter(|v| !v.is_empty())
}

fn compare(a: &PlainRecord, b: &PlainRecord) -> Pattern<MAX_COLUMNS> {
    let mut pattern = [0; MAX_COLUMNS];
    for (column, level) in pattern.iter_mut().enumerate() {
        if let (Some(x), Some(y)) = (known(a, column), known(b, column)) {
            *level = alike(x, y);
        }
    }
    pattern
}

/// Numbers are alike when one digit differs or two are exchanged; words by Jaro and Winkler.
fn alike(a: &str, b: &str) -> u8 {
    if a == b {
        return 1;
    }
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if digits(a) && digits(b) {
        return if strsim::osa_distance(a, b) == 1 { 2 } else { DIFFERS };
    }
    match strsim::jaro_winkler(a, b) {
        x if x >= 0.92 => 2,
        x if x >= 0.82 => 3,
        _ => DIFFERS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_twins_are_found_among_strangers() {
        let names = ["anna", "bruno", "chloe", "dario", "emil", "freya", "gustav", "hanna"];
        let towns = ["nordhof", "suedtal", "westmar", "ostburg", "mittel", "hochfeld"];
        let mut records = Vec::new();
        for i in 0..400_usize {
            let values = vec![
                names[i % 8].to_owned(),
                format!("{}{}", towns[i / 8 % 6], i % 37),
                towns[i / 5 % 6].to_owned(),
                format!("{:05}", i * 7919 % 100_000),
            ];
            records.push(PlainRecord { list: 0, values });
        }
        for i in (0..400).step_by(4) {
            let mut twin = records[i].clone();
            twin.list = 1;
            twin.values[1].push('x');
            records.push(twin);
        }
        let links = link_records(&records, Between::Lists, 0.5);
        let right = links.iter().filter(|&&(a, b, _)| (b as usize - 400) * 4 == a as usize).count();
        assert!(right >= 98 && links.len() - right <= 2, "{right} of {}", links.len());
        assert!(link_records(&[], Between::All, 0.5).is_empty());
    }
}
