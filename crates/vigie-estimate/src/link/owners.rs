//! Which domains a group of rows is known by: two unlike domains are two owners until something ties them.
//!
//! An address and a name are weak ties: firms share a proxy, a provider or a name. A certificate, a host name, a domain
//! and a directory forest are strong ones.

use super::union::Union;
use crate::lists::{KeyKind, Lists};

/// Labels less alike than this are two owners'.
const SAME_LABEL: f64 = 0.88;
/// Most domains of a group that are held against another group's.
const MOST_DOMAINS: usize = 16;

/// Domains by group.
#[derive(Clone, Debug)]
pub struct Owners {
    domains: Vec<Vec<u32>>,
}

impl Owners {
    /// The domains of the groups that there are.
    pub fn of(lists: &Lists, union: &mut Union) -> Self {
        let mut domains = vec![Vec::new(); lists.records.len()];
        for (i, record) in lists.records.iter().enumerate() {
            let root = union.root(i) as usize;
            for &(_, domain) in record.keys.iter().filter(|k| k.0 == KeyKind::Domain) {
                let known: &mut Vec<u32> = &mut domains[root];
                if known.len() < MOST_DOMAINS && !known.contains(&domain) {
                    known.push(domain);
                }
            }
        }
        Self { domains }
    }

    /// Whether two groups are known by domains of which none is like one of the other's.
    pub fn clash(&self, lists: &Lists, a: u32, b: u32) -> bool {
        let (a, b) = (&self.domains[a as usize], &self.domains[b as usize]);
        let alike = |x: &u32, y: &u32| x == y || like(label(lists.text(*x)), label(lists.text(*y)));
        !a.is_empty() && !b.is_empty() && !a.iter().any(|x| b.iter().any(|y| alike(x, y)))
    }

    /// Joins two groups, here and in the union; `false` when they were one already.
    pub fn join(&mut self, union: &mut Union, a: usize, b: usize) -> bool {
        let (a, b) = (union.root(a), union.root(b));
        if !union.join(a as usize, b as usize) {
            return false;
        }
        let moved = std::mem::take(&mut self.domains[a.max(b) as usize]);
        let kept = &mut self.domains[a.min(b) as usize];
        for domain in moved {
            if kept.len() < MOST_DOMAINS && !kept.contains(&domain) {
                kept.push(domain);
            }
        }
        true
    }
}

fn label(domain: &str) -> &str {
    domain.split('.').next().unwrap_or(domain)
}

fn like(a: &str, b: &str) -> bool {
    let inside = |long: &str, short: &str| short.len() >= 4 && long.contains(short);
    inside(a, b) || inside(b, a) || strsim::jaro_winkler(a, b) >= SAME_LABEL
}

#[cfg(test)]
mod tests {
    #[test]
    fn labels_of_one_owner_and_of_two() {
        assert!(super::like("firma", "firma-holding") && super::like("kappelhoff", "kapelhoff"));
        assert!(!super::like("adler", "nordwind"));
    }
}
