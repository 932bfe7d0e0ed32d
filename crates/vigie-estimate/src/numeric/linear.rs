//! Small dense linear algebra: designs have at most a few hundred rows, so plain loops are enough.

/// Below this share of the largest pivot, a pivot counts as zero. Designs are made of small integers.
const PIVOT_TOLERANCE: f64 = 1e-9;

/// A matrix by rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// `rows * columns` values, row after row.
    pub values: Vec<f64>,
}

impl Matrix {
    /// A matrix of zeros.
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Self { rows, columns, values: vec![0.0; rows * columns] }
    }

    /// One row.
    pub fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.columns..(row + 1) * self.columns]
    }

    /// One row, to write to.
    pub fn row_mut(&mut self, row: usize) -> &mut [f64] {
        &mut self.values[row * self.columns..(row + 1) * self.columns]
    }

    /// The rows whose index is in `keep`, in that order.
    pub fn select_rows(&self, keep: &[usize]) -> Self {
        let values = keep.iter().flat_map(|&row| self.row(row).iter().copied()).collect();
        Self { rows: keep.len(), columns: self.columns, values }
    }

    /// The columns whose index is in `keep`, in that order.
    pub fn select_columns(&self, keep: &[usize]) -> Self {
        let values = (0..self.rows).flat_map(|row| keep.iter().map(move |&c| self.row(row)[c])).collect();
        Self { rows: self.rows, columns: keep.len(), values }
    }

    /// The matrix without one column.
    pub fn without_column(&self, column: usize) -> Self {
        let values = self
            .values
            .iter()
            .enumerate()
            .filter(|(i, _)| i % self.columns != column)
            .map(|(_, &v)| v)
            .collect();
        Self { rows: self.rows, columns: self.columns - 1, values }
    }
}

/// Solves `a x = b` in place for a symmetric positive definite `a` (lower triangle read); `false` when it is not.
pub fn solve_positive(a: &mut [f64], b: &mut [f64]) -> bool {
    if !factor(a, b.len()) {
        return false;
    }
    substitute(a, b);
    true
}

/// Cholesky factor in place (lower triangle); `false` when the matrix is not positive definite.
pub fn factor(a: &mut [f64], p: usize) -> bool {
    for j in 0..p {
        let (done, rest) = a.split_at_mut(j * p);
        let row_j = &mut rest[..=j];
        for i in 0..j {
            let row_i = &done[i * p..=i * p + i];
            let sum: f64 = row_j[..i].iter().zip(&row_i[..i]).map(|(x, y)| x * y).sum();
            row_j[i] = (row_j[i] - sum) / row_i[i];
        }
        let square: f64 = row_j[..j].iter().map(|x| x * x).sum();
        let pivot = row_j[j] - square;
        if pivot <= row_j[j].abs() * 1e-14 || !pivot.is_finite() {
            return false;
        }
        row_j[j] = pivot.sqrt();
    }
    true
}

/// Solves with a factor made by [`factor`].
pub fn substitute(a: &[f64], b: &mut [f64]) {
    let p = b.len();
    for i in 0..p {
        let sum: f64 = (0..i).map(|k| a[i * p + k] * b[k]).sum();
        b[i] = (b[i] - sum) / a[i * p + i];
    }
    for i in (0..p).rev() {
        let sum: f64 = (i + 1..p).map(|k| a[k * p + i] * b[k]).sum();
        b[i] = (b[i] - sum) / a[i * p + i];
    }
}

/// Reduces to row echelon form in place and returns the pivot columns.
fn reduce(m: &mut Matrix) -> Vec<usize> {
    let scale = m.values.iter().fold(0.0_f64, |s, v| s.max(v.abs())).max(1e-300);
    let mut pivots = Vec::new();
    for column in 0..m.columns {
        let top = pivots.len();
        if top == m.rows {
            break;
        }
        let best = (top..m.rows).max_by(|&a, &b| m.row(a)[column].abs().total_cmp(&m.row(b)[column].abs()));
        let Some(best) = best else { break };
        if m.row(best)[column].abs() <= PIVOT_TOLERANCE * scale {
            continue;
        }
        for k in 0..m.columns {
            m.values.swap(top * m.columns + k, best * m.columns + k);
        }
        let pivot = m.row(top)[column];
        m.row_mut(top).iter_mut().for_each(|v| *v /= pivot);
        let pivot_row = m.row(top).to_vec();
        for other in (0..m.rows).filter(|&r| r != top) {
            let f = m.row(other)[column];
            if f != 0.0 {
                m.row_mut(other).iter_mut().zip(&pivot_row).for_each(|(v, p)| *v -= f * p);
            }
        }
        pivots.push(column);
    }
    pivots
}

/// Columns that span the others.
pub fn independent_columns(matrix: &Matrix) -> Vec<usize> {
    reduce(&mut matrix.clone())
}

/// Rank of a matrix.
pub fn rank(matrix: &Matrix) -> usize {
    reduce(&mut matrix.clone()).len()
}

/// A basis of the vectors `z` with `matrix z = 0`.
pub fn null_space(matrix: &Matrix) -> Vec<Vec<f64>> {
    let mut reduced = matrix.clone();
    let pivots = reduce(&mut reduced);
    let mut basis = Vec::new();
    for free in (0..matrix.columns).filter(|c| !pivots.contains(c)) {
        let mut vector = vec![0.0; matrix.columns];
        vector[free] = 1.0;
        for (row, &pivot) in pivots.iter().enumerate() {
            vector[pivot] = -reduced.row(row)[free];
        }
        basis.push(vector);
    }
    basis
}

/// What is left of `target` after the nearest combination of `columns` with weights that are not negative.
///
/// Lawson and Hanson's active set method; the number of rounds is bounded by the columns.
pub fn nonnegative_residual(columns: &[Vec<f64>], target: &[f64]) -> Vec<f64> {
    let n = columns.len();
    let mut weights = vec![0.0; n];
    let mut active: Vec<usize> = Vec::new();
    for _ in 0..(3 * n + 10) {
        let residual = residual_of(columns, &weights, target);
        let gains: Vec<f64> = columns.iter().map(|c| dot(c, &residual)).collect();
        let best = (0..n).filter(|i| !active.contains(i)).max_by(|&a, &b| gains[a].total_cmp(&gains[b]));
        let Some(best) = best.filter(|&b| gains[b] > 1e-10) else { break };
        active.push(best);
        for _ in 0..=n {
            let Some(proposal) = least_squares(columns, &active, target) else {
                active.retain(|&i| i != best);
                break;
            };
            if proposal.iter().all(|&w| w > 1e-12) {
                weights.fill(0.0);
                active.iter().zip(&proposal).for_each(|(&i, &w)| weights[i] = w);
                break;
            }
            step_back(&mut weights, &mut active, &proposal);
        }
    }
    residual_of(columns, &weights, target)
}

fn step_back(weights: &mut [f64], active: &mut Vec<usize>, proposal: &[f64]) {
    let step = active
        .iter()
        .zip(proposal)
        .filter(|&(_, &w)| w <= 1e-12)
        .map(|(&i, &w)| weights[i] / (weights[i] - w).max(1e-300))
        .fold(1.0_f64, f64::min);
    for (&i, &w) in active.iter().zip(proposal) {
        weights[i] += step * (w - weights[i]);
    }
    active.retain(|&i| weights[i] > 1e-12);
    for (i, weight) in weights.iter_mut().enumerate() {
        if !active.contains(&i) {
            *weight = 0.0;
        }
    }
}

fn least_squares(columns: &[Vec<f64>], active: &[usize], target: &[f64]) -> Option<Vec<f64>> {
    let p = active.len();
    let mut normal = vec![0.0; p * p];
    for (a, &i) in active.iter().enumerate() {
        for (b, &j) in active.iter().enumerate() {
            normal[a * p + b] = dot(&columns[i], &columns[j]);
        }
    }
    let mut right: Vec<f64> = active.iter().map(|&i| dot(&columns[i], target)).collect();
    solve_positive(&mut normal, &mut right).then_some(right)
}

fn residual_of(columns: &[Vec<f64>], weights: &[f64], target: &[f64]) -> Vec<f64> {
    let mut residual = target.to_vec();
    for (column, &w) in columns.iter().zip(weights) {
        residual.iter_mut().zip(column).for_each(|(r, c)| *r -= w * c);
    }
    residual
}

/// Inner product.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rank_and_null_space_of_a_deficient_matrix() {
        let matrix = Matrix { rows: 2, columns: 3, values: vec![1.0, 0.0, 1.0, 2.0, 0.0, 2.0] };
        assert_eq!(rank(&matrix), 1);
        for vector in null_space(&matrix) {
            assert!(dot(matrix.row(0), &vector).abs() < 1e-12);
        }
        assert_eq!(null_space(&matrix).len(), 2);
    }

    #[test]
    fn positive_system_is_solved() {
        let mut a = vec![4.0, 0.0, 2.0, 3.0];
        let mut b = vec![10.0, 11.0];
        assert!(solve_positive(&mut a, &mut b));
        assert!(
            (4.0 * b[0] + 2.0 * b[1] - 10.0).abs() < 1e-12 && (2.0 * b[0] + 3.0 * b[1] - 11.0).abs() < 1e-12
        );
        assert!(!solve_positive(&mut [1.0, 0.0, 2.0, 1.0], &mut [1.0, 1.0]));
    }

    #[test]
    fn distance_to_a_cone() {
        let columns = vec![vec![1.0, 0.0], vec![0.0, 1.0]];
        assert!(nonnegative_residual(&columns, &[3.0, 2.0]).iter().all(|r| r.abs() < 1e-9));
        let outside = nonnegative_residual(&columns, &[3.0, -2.0]);
        assert!(outside[0].abs() < 1e-9 && (outside[1] + 2.0).abs() < 1e-9);
    }
}
