//! Hierarchical models: sets of interactions that contain every smaller interaction of their lists.

use std::fmt;

/// A hierarchical model over some lists: every list has its own effect; interactions are sets of lists (bits).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hierarchy {
    lists: usize,
    interactions: Vec<usize>,
}

impl Hierarchy {
    /// Independence of all lists.
    pub fn independence(lists: usize) -> Self {
        Self { lists, interactions: Vec::new() }
    }

    /// A model from its interactions of two and more lists; those that they imply are added.
    pub fn new(lists: usize, interactions: &[usize]) -> Self {
        let mut all: Vec<usize> = (1..1_usize << lists)
            .filter(|&s| s.count_ones() >= 2 && interactions.iter().any(|&top| top & s == s))
            .collect();
        all.sort_unstable_by_key(|&s| (s.count_ones(), s));
        Self { lists, interactions: all }
    }

    /// Number of lists.
    pub fn lists(&self) -> usize {
        self.lists
    }

    /// The interactions of two and more lists.
    pub fn interactions(&self) -> &[usize] {
        &self.interactions
    }

    /// All parameters: the constant (0), each list, each interaction.
    pub fn terms(&self) -> Vec<usize> {
        let mut terms = vec![0];
        terms.extend((0..self.lists).map(|i| 1 << i));
        terms.extend(&self.interactions);
        terms
    }

    /// Whether every pair of lists interacts: with three lists nothing is left over to test the model with.
    pub fn holds_every_pair(&self) -> bool {
        let pairs = self.interactions.iter().filter(|s| s.count_ones() == 2).count();
        pairs == self.lists * (self.lists - 1) / 2
    }

    /// The largest number of lists in one interaction.
    pub fn order(&self) -> u32 {
        self.interactions.iter().map(|s| s.count_ones()).max().unwrap_or(1)
    }

    fn tops(&self) -> Vec<usize> {
        let mut tops: Vec<usize> = self
            .terms()
            .into_iter()
            .filter(|&s| s != 0 && !self.terms().iter().any(|&other| other != s && other & s == s))
            .collect();
        tops.sort_by_key(|&s| (std::cmp::Reverse(s.count_ones()), digits(s)));
        tops
    }
}

/// The usual notation, lists by number: `[123;14;5]`.
impl fmt::Display for Hierarchy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tops: Vec<String> = self.tops().into_iter().map(digits).collect();
        write!(f, "[{}]", tops.join(";"))
    }
}

fn digits(set: usize) -> String {
    let members: Vec<usize> =
        (0..usize::BITS as usize).filter(|&i| set >> i & 1 == 1).map(|i| i + 1).collect();
    let joint = if members.iter().any(|&m| m > 9) { "," } else { "" };
    members.iter().map(usize::to_string).collect::<Vec<_>>().join(joint)
}

/// Every hierarchical model up to interactions of `order` lists. Without the interaction of all lists at once, which
/// no data can tell from the number unseen.
pub fn all_hierarchies(lists: usize, order: u32) -> Vec<Hierarchy> {
    let top = order.min(u32::try_from(lists).unwrap_or(u32::MAX).saturating_sub(1));
    let mut models = vec![Vec::new()];
    for size in 2..=top {
        let candidates: Vec<usize> = (1..1_usize << lists).filter(|s| s.count_ones() == size).collect();
        models = models.into_iter().flat_map(|base| extensions(&base, &candidates)).collect();
    }
    let mut models: Vec<Hierarchy> =
        models.into_iter().map(|interactions| Hierarchy { lists, interactions }).collect();
    models.sort_by(|a, b| {
        (a.interactions.len(), &a.interactions).cmp(&(b.interactions.len(), &b.interactions))
    });
    models
}

/// A model with every choice of the candidates whose smaller interactions it already holds.
fn extensions(base: &[usize], candidates: &[usize]) -> Vec<Vec<usize>> {
    let allowed: Vec<usize> = candidates.iter().copied().filter(|&c| faces_present(c, base)).collect();
    (0..1_usize << allowed.len())
        .map(|choice| {
            let mut model = base.to_vec();
            model.extend(allowed.iter().enumerate().filter(|(i, _)| choice >> i & 1 == 1).map(|(_, &c)| c));
            model
        })
        .collect()
}

fn faces_present(set: usize, model: &[usize]) -> bool {
    set.count_ones() == 2
        || (0..usize::BITS as usize).filter(|i| set >> i & 1 == 1).all(|i| model.contains(&(set & !(1 << i))))
}

/// The models that are looked at for a table: all of them up to three-way terms with five lists or fewer.
///
/// Above five lists there are too many; `None` says that pairs are added step by step.
pub fn search_space(lists: usize) -> Option<Vec<Hierarchy>> {
    match lists {
        0 | 1 => Some(Vec::new()),
        2..=5 => Some(all_hierarchies(lists, 3)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_models() {
        assert_eq!(all_hierarchies(3, 2).len(), 8);
        assert_eq!(all_hierarchies(4, 2).len(), 64);
        assert_eq!(all_hierarchies(5, 2).len(), 1024);
        assert_eq!(all_hierarchies(4, 3).len(), 113);
        assert_eq!(all_hierarchies(2, 3).len(), 1);
        let five = all_hierarchies(5, 3);
        assert!(five.windows(2).all(|w| w[0] != w[1]));
        assert!(five.len() > 6000 && five.len() < 7000, "{}", five.len());
    }

    #[test]
    fn notation() {
        assert_eq!(Hierarchy::independence(3).to_string(), "[1;2;3]");
        assert_eq!(Hierarchy::new(4, &[0b0111, 0b1001]).to_string(), "[123;14]");
        assert_eq!(Hierarchy::new(5, &[0b10100]).to_string(), "[35;1;2;4]");
    }
}
