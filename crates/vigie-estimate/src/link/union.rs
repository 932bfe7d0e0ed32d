//! Disjoint sets: which records belong together, joined in any order with the same result.

/// Disjoint sets over `0..n`.
#[derive(Clone, Debug)]
pub struct Union {
    parent: Vec<u32>,
}

impl Union {
    /// Everybody alone.
    pub fn new(n: usize) -> Self {
        Self { parent: (0..u32::try_from(n).unwrap_or(u32::MAX)).collect() }
    }

    /// The smallest member of a set, which names it.
    pub fn root(&mut self, i: usize) -> u32 {
        let mut at = i;
        while self.parent[at] as usize != at {
            self.parent[at] = self.parent[self.parent[at] as usize];
            at = self.parent[at] as usize;
        }
        self.parent[at]
    }

    /// Joins two sets; `false` when they were one already.
    pub fn join(&mut self, a: usize, b: usize) -> bool {
        let (a, b) = (self.root(a), self.root(b));
        if a == b {
            return false;
        }
        let (low, high) = (a.min(b), a.max(b));
        self.parent[high as usize] = low;
        true
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_smallest_member_names_a_set() {
        let mut union = super::Union::new(5);
        assert!(union.join(4, 2) && union.join(2, 3) && !union.join(3, 4));
        assert_eq!((0..5).map(|i| union.root(i)).collect::<Vec<_>>(), [0, 1, 2, 2, 2]);
    }
}
