//! Pages that are kin, put together.

use super::{Sketch, share};

/// So much of the structure must be shared.
const STRUCTURE: f64 = 0.55;
/// Or so much, when parameters or keys are shared as well.
const STRUCTURE_WITH_NAMES: f64 = 0.25;
/// Fewer shingles than this say little: short pages are alike by nature, and need a name in common.
const ENOUGH_SHINGLES: usize = 12;

/// Pages that are kin, by their place in the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// The places, in order.
    pub members: Vec<usize>,
    /// Parameters that all of them have.
    pub parameters: Vec<String>,
    /// Keys that at least two of them have.
    pub keys: Vec<String>,
}

/// Groups pages: two are kin when their structure is, or when they share a key, or parts of structure and parameters.
/// Kinship is passed on. The order of the result is that of the first members.
pub fn cluster(sketches: &[Sketch]) -> Vec<Cluster> {
    let mut parent: Vec<usize> = (0..sketches.len()).collect();
    for (a, first) in sketches.iter().enumerate() {
        for (b, second) in sketches.iter().enumerate().skip(a + 1) {
            if are_kin(first, second) {
                let (x, y) = (root(&parent, a), root(&parent, b));
                if let Some(slot) = parent.get_mut(x.max(y)) {
                    *slot = x.min(y);
                }
            }
        }
    }
    let mut out: Vec<Cluster> = Vec::new();
    for leader in 0..sketches.len() {
        if root(&parent, leader) != leader {
            continue;
        }
        let members: Vec<usize> = (0..sketches.len()).filter(|at| root(&parent, *at) == leader).collect();
        let of = |at: &usize| sketches.get(*at);
        let parameters = sketches.get(leader).map(|first| {
            first
                .parameters
                .iter()
                .filter(|name| members.iter().filter_map(of).all(|sketch| sketch.parameters.contains(name)))
                .cloned()
                .collect()
        });
        let mut keys: Vec<String> =
            members.iter().filter_map(of).flat_map(|sketch| sketch.keys.iter().cloned()).collect();
        keys.sort();
        let shared = keys
            .windows(2)
            .filter(|pair| pair[0] == pair[1])
            .map(|pair| pair[0].clone())
            .collect::<std::collections::BTreeSet<_>>();
        out.push(Cluster {
            members,
            parameters: parameters.unwrap_or_default(),
            keys: shared.into_iter().collect(),
        });
    }
    out
}

fn root(parent: &[usize], at: usize) -> usize {
    let mut at = at;
    for _ in 0..parent.len() {
        match parent.get(at) {
            Some(next) if *next != at => at = *next,
            Some(_) | None => break,
        }
    }
    at
}

fn are_kin(a: &Sketch, b: &Sketch) -> bool {
    if a.keys.iter().any(|key| b.keys.contains(key)) {
        return true;
    }
    let structure = a.structure_likeness(b);
    let both: usize = a.parameters.iter().filter(|name| b.parameters.contains(name)).count();
    let names = share(both, a.parameters.len().max(b.parameters.len()));
    if a.shingles.min(b.shingles) < ENOUGH_SHINGLES {
        return structure >= STRUCTURE && names > 0.5;
    }
    structure >= STRUCTURE || (structure >= STRUCTURE_WITH_NAMES && names >= 0.5 && a.habits == b.habits)
}
