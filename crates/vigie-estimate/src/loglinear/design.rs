//! From a model and a table to the rows and columns of a regression, with the empty margins left out.

use super::model::Hierarchy;
use crate::numeric::linear::Matrix;
use crate::table::CaptureTable;

/// Why a model gives no number for a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoFit {
    /// The likelihood has no maximum (Fienberg and Rinaldo): some fitted count would have to be 0 or infinite.
    NotExisting,
    /// Different parameters fit equally well: the design has not full rank.
    NotIdentifiable,
    /// The iteration did not settle.
    NotConverged,
}

impl NoFit {
    /// What to say of it.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NotExisting => "the maximum-likelihood estimate does not exist",
            Self::NotIdentifiable => "the model is not identifiable",
            Self::NotConverged => "the fit did not converge",
        }
    }
}

/// A regression problem: the observed cells that a model can fill, and one column a free parameter.
#[derive(Clone, Debug)]
pub struct Design {
    /// Cells in use, by number.
    pub cells: Vec<usize>,
    /// Counts of these cells.
    pub counts: Vec<f64>,
    /// One row a cell; the first column is the constant, whose exponential is the number unseen.
    pub matrix: Matrix,
    /// Parameters of the model, those at minus infinity counted.
    pub parameters: usize,
}

impl Design {
    /// The regression of a hierarchical model. `margins[s]` is the number of units on all lists of `s`.
    pub fn of_hierarchy(model: &Hierarchy, counts: &[u64], margins: &[u64]) -> Self {
        let terms = model.terms();
        let empty: Vec<usize> = terms.iter().copied().filter(|&s| margins[s] == 0).collect();
        let columns: Vec<usize> = terms.iter().copied().filter(|&s| margins[s] > 0 || s == 0).collect();
        let cells: Vec<usize> =
            (1..counts.len()).filter(|&cell| !empty.iter().any(|&term| has_all(cell, term))).collect();
        let mut matrix = Matrix::zeros(cells.len(), columns.len());
        for (row, &cell) in cells.iter().enumerate() {
            for (value, &term) in matrix.row_mut(row).iter_mut().zip(&columns) {
                *value = f64::from(u8::from(cell & term == term));
            }
        }
        let used = cells.iter().map(|&cell| counts[cell] as f64).collect();
        Self { cells, counts: used, matrix, parameters: terms.len() }
    }

    /// Chao's lower bound with list effects (Rivest and Baillargeon 2007): beyond two captures, units may be of any kind.
    pub fn of_chao(table: &CaptureTable) -> Self {
        let t = table.width();
        let bends = t.saturating_sub(2);
        let cells: Vec<usize> = (1..table.counts().len()).collect();
        let mut matrix = Matrix::zeros(cells.len(), 1 + t + bends);
        for (row, &cell) in cells.iter().enumerate() {
            let seen = cell.count_ones() as usize;
            let values = matrix.row_mut(row);
            values[0] = 1.0;
            for list in 0..t {
                values[1 + list] = f64::from(u8::from(cell >> list & 1 == 1));
            }
            for bend in 0..bends {
                values[1 + t + bend] = seen.saturating_sub(bend + 2) as f64;
            }
        }
        let counts = cells.iter().map(|&cell| table.counts()[cell] as f64).collect();
        Self { cells, counts, matrix, parameters: 1 + t + bends }
    }

    /// The same regression with the unseen cell added, its count to be filled in: its row is the constant alone.
    pub fn with_unseen(&self) -> Self {
        let mut whole = self.clone();
        whole.cells.push(0);
        whole.counts.push(0.0);
        whole.matrix.rows += 1;
        whole.matrix.values.push(1.0);
        whole.matrix.values.extend(std::iter::repeat_n(0.0, self.matrix.columns - 1));
        whole
    }

    /// The same regression without one column.
    pub fn without_column(&self, column: usize) -> Self {
        Self { matrix: self.matrix.without_column(column), parameters: self.parameters - 1, ..self.clone() }
    }
}

/// Whether a cell is on every list of a set.
fn has_all(cell: usize, set: usize) -> bool {
    cell & set == set
}

/// Units on all lists of each set.
pub(crate) fn margins(counts: &[u64]) -> Vec<u64> {
    let mut sums = counts.to_vec();
    let mut bit = 1;
    while bit < sums.len() {
        for cell in 0..sums.len() {
            if cell & bit == 0 {
                sums[cell] += sums[cell | bit];
            }
        }
        bit <<= 1;
    }
    sums
}
