//! A capture table: how many units were seen by each combination of lists.

pub(crate) mod bounded;
pub mod frequencies;
mod input;
mod raw;
mod read;
mod roles;
pub mod totals;

pub use input::{Counts, read_counts};
pub(crate) use raw::{delimiter_of, text_of};
pub use read::{TableFile, read_table};

/// Most lists that a table may have: the table has two to that power cells.
pub const MAX_LISTS: usize = 12;

/// Counts of units by the set of lists that hold them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureTable {
    lists: Vec<String>,
    counts: Vec<u64>,
}

impl CaptureTable {
    /// An empty table over named lists; `None` when there are none or more than [`MAX_LISTS`].
    pub fn new(lists: Vec<String>) -> Option<Self> {
        if lists.is_empty() || lists.len() > MAX_LISTS {
            return None;
        }
        let counts = vec![0; 1 << lists.len()];
        Some(Self { lists, counts })
    }

    /// One list that holds nobody: what is left when no list names anything of a level.
    pub fn of_nobody() -> Self {
        Self { lists: vec!["-".to_owned()], counts: vec![0; 2] }
    }

    /// A table from counts in the order of the cells: bit `i` of a cell's number says that list `i` holds the unit.
    pub fn from_cells(lists: &[&str], cells: &[(usize, u64)]) -> Option<Self> {
        let mut table = Self::new(lists.iter().map(|&s| s.to_owned()).collect())?;
        for &(cell, count) in cells {
            table.add(cell, count);
        }
        Some(table)
    }

    /// Adds units to a cell. The cell of no list and cells that do not exist are ignored: nobody saw those units.
    pub fn add(&mut self, cell: usize, count: u64) {
        if cell > 0
            && let Some(slot) = self.counts.get_mut(cell)
        {
            *slot = slot.saturating_add(count);
        }
    }

    /// Names of the lists.
    pub fn lists(&self) -> &[String] {
        &self.lists
    }

    /// Number of lists.
    pub fn width(&self) -> usize {
        self.lists.len()
    }

    /// Counts by cell; cell 0 is always 0.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Distinct units over all lists: the floor that no estimate may go below.
    pub fn seen(&self) -> u64 {
        self.counts.iter().fold(0, |sum, &c| sum.saturating_add(c))
    }

    /// Units that are on every list of the set `lists` (bits), whatever else they are on.
    pub fn on_all(&self, lists: usize) -> u64 {
        self.counts.iter().enumerate().filter(|(cell, _)| cell & lists == lists).map(|(_, &c)| c).sum()
    }

    /// Units seen by exactly `k` lists, for k from 0 to the number of lists.
    pub fn by_times_seen(&self) -> Vec<u64> {
        let mut times = vec![0; self.width() + 1];
        for (cell, &count) in self.counts.iter().enumerate() {
            times[cell.count_ones() as usize] += count;
        }
        times
    }

    /// The table of the lists in `keep` (indices), of the units that these lists hold.
    pub fn project(&self, keep: &[usize]) -> Option<Self> {
        let mut table = Self::new(keep.iter().map(|&i| self.lists[i].clone()).collect())?;
        for (cell, &count) in self.counts.iter().enumerate() {
            table.add(project_cell(cell, keep), count);
        }
        Some(table)
    }

    /// Units of one list, as the other lists see them: the only truth that a user has is that list's length.
    pub fn given(&self, list: usize) -> Option<Self> {
        let keep: Vec<usize> = (0..self.width()).filter(|&i| i != list).collect();
        let mut table = Self::new(keep.iter().map(|&i| self.lists[i].clone()).collect())?;
        for (cell, &count) in self.counts.iter().enumerate().filter(|(cell, _)| cell >> list & 1 == 1) {
            table.add(project_cell(cell, &keep), count);
        }
        Some(table)
    }

    /// Two lists taken as one.
    pub fn merged(&self, first: usize, second: usize) -> Option<Self> {
        let keep: Vec<usize> = (0..self.width()).filter(|&i| i != second).collect();
        let mut names: Vec<String> = keep.iter().map(|&i| self.lists[i].clone()).collect();
        let place = keep.iter().position(|&i| i == first)?;
        names[place] = format!("{}+{}", self.lists[first], self.lists[second]);
        let mut table = Self::new(names)?;
        for (cell, &count) in self.counts.iter().enumerate() {
            let joined = if cell >> second & 1 == 1 { cell | 1 << first } else { cell };
            table.add(project_cell(joined, &keep), count);
        }
        Some(table)
    }

    /// Only the lists that hold anybody: an empty list says nothing and breaks every model.
    pub fn without_empty_lists(&self) -> Option<Self> {
        let keep: Vec<usize> = (0..self.width()).filter(|&i| self.on_all(1 << i) > 0).collect();
        self.project(&keep)
    }

    /// The same lists with other counts.
    pub fn with_counts(&self, counts: Vec<u64>) -> Self {
        debug_assert_eq!(counts.len(), self.counts.len());
        Self { lists: self.lists.clone(), counts }
    }
}

fn project_cell(cell: usize, keep: &[usize]) -> usize {
    keep.iter().enumerate().map(|(to, &from)| (cell >> from & 1) << to).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> CaptureTable {
        CaptureTable::from_cells(&["a", "b", "c"], &[(1, 10), (2, 5), (3, 4), (4, 7), (7, 2), (0, 99)])
            .unwrap()
    }

    #[test]
    fn counts_and_projections() {
        let t = table();
        assert_eq!((t.seen(), t.on_all(1), t.on_all(3)), (28, 16, 6));
        assert_eq!(t.by_times_seen(), [0, 22, 4, 2]);
        let given = t.given(0).unwrap();
        assert_eq!((given.lists().len(), given.seen(), given.on_all(1)), (2, 6, 6));
        let merged = t.merged(0, 1).unwrap();
        assert_eq!((merged.lists()[0].as_str(), merged.on_all(1), merged.on_all(2)), ("a+b", 21, 9));
        assert_eq!(t.project(&[2]).unwrap().seen(), 9);
    }
}
