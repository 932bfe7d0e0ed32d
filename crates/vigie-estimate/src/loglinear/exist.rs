//! Does the maximum-likelihood estimate exist, and is it the only one? Fienberg and Rinaldo 2012.
//!
//! A fitted table must have the observed margins and no zero cell. Parameters that the filled cells do not pin down are
//! the only way out, so the test runs in their space (mostly empty, so mostly free): by Stiemke's lemma a positive table
//! exists unless some direction leaves the filled cells alone and moves the empty ones one way only.

use super::design::{Design, NoFit};
use super::fit::fit_poisson;
use crate::numeric::linear::{dot, independent_columns, nonnegative_residual, null_space, rank};

/// `Ok` when the estimate exists and is unique.
///
/// # Errors
/// Which of the two conditions fails.
pub fn maximum_exists(design: &Design) -> Result<(), NoFit> {
    let filled: Vec<usize> = (0..design.cells.len()).filter(|&i| design.counts[i] > 0.0).collect();
    let free = null_space(&design.matrix.select_rows(&filled));
    if free.is_empty() {
        return Ok(());
    }
    if !positive_table_exists(design, &free) {
        return Err(NoFit::NotExisting);
    }
    if rank(&design.matrix) < design.matrix.columns {
        return Err(NoFit::NotIdentifiable);
    }
    Ok(())
}

fn positive_table_exists(design: &Design, free: &[Vec<f64>]) -> bool {
    let empty: Vec<usize> = (0..design.cells.len()).filter(|&i| design.counts[i] == 0.0).collect();
    emptied_cells(design, free, &empty).is_empty()
}

/// Of the `empty` rows, some that every table with the observed margins leaves at 0; none when a positive one exists.
fn emptied_cells(design: &Design, free: &[Vec<f64>], empty: &[usize]) -> Vec<usize> {
    let moves: Vec<Vec<f64>> = empty
        .iter()
        .map(|&i| free.iter().map(|direction| dot(design.matrix.row(i), direction)).collect())
        .collect();
    let mut target = vec![0.0; free.len()];
    for row in &moves {
        target.iter_mut().zip(row).for_each(|(t, v)| *t -= v);
    }
    // What is left over is a direction along which no empty cell grows and some shrink: they have to be 0.
    let direction = nonnegative_residual(&moves, &target);
    if dot(&direction, &direction) < 1e-12 {
        return Vec::new();
    }
    empty.iter().zip(&moves).filter(|(_, row)| dot(row, &direction) < -1e-9).map(|(&i, _)| i).collect()
}

/// The log-likelihood that a model comes arbitrarily near to, whether or not it has a maximum.
///
/// A model without an estimate may still be the one that explains the table best; then no other model's number stands.
pub fn likelihood_supremum(design: &Design) -> Option<f64> {
    let mut rows: Vec<usize> = (0..design.cells.len()).collect();
    let filled: Vec<usize> = rows.iter().copied().filter(|&i| design.counts[i] > 0.0).collect();
    let free = null_space(&design.matrix.select_rows(&filled));
    for _ in 0..design.cells.len() {
        let empty: Vec<usize> = rows.iter().copied().filter(|&i| design.counts[i] == 0.0).collect();
        let forced = if free.is_empty() { Vec::new() } else { emptied_cells(design, &free, &empty) };
        if forced.is_empty() {
            break;
        }
        rows.retain(|row| !forced.contains(row));
    }
    let matrix = design.matrix.select_rows(&rows);
    let matrix = matrix.select_columns(&independent_columns(&matrix));
    let counts: Vec<f64> = rows.iter().map(|&i| design.counts[i]).collect();
    let cells = rows.iter().map(|&i| design.cells[i]).collect();
    let face = Design { cells, counts, matrix, parameters: design.parameters };
    fit_poisson(&face, &face.counts, None).ok().map(|fit| fit.ln_likelihood)
}

#[cfg(test)]
mod tests {
    use super::super::design::margins;
    use super::super::model::Hierarchy;
    use super::*;
    use crate::table::CaptureTable;

    /// Chan, Silverman and Vincent 2021, Table 2: a made-up table that breaks models with the pair of lists 1 and 2.
    fn artificial() -> CaptureTable {
        CaptureTable::from_cells(&["A", "B", "C"], &[(1, 40), (2, 30), (4, 20), (3, 6)]).unwrap()
    }

    fn check(interactions: &[usize]) -> Result<(), NoFit> {
        let table = artificial();
        let model = Hierarchy::new(3, interactions);
        maximum_exists(&Design::of_hierarchy(&model, table.counts(), &margins(table.counts())))
    }

    #[test]
    fn the_published_verdicts_on_the_artificial_table() {
        assert_eq!(check(&[]), Ok(()));
        assert_eq!(check(&[0b011]), Err(NoFit::NotExisting));
        assert_eq!(check(&[0b101, 0b110]), Ok(()));
        assert_eq!(check(&[0b011, 0b101, 0b110]), Err(NoFit::NotIdentifiable));
    }

    #[test]
    fn likelihood_without_a_maximum() {
        // R's regression runs towards it: AIC 29.275 with five parameters for [12;3].
        let table = artificial();
        let model = Hierarchy::new(3, &[0b011]);
        let design = Design::of_hierarchy(&model, table.counts(), &margins(table.counts()));
        let supremum = likelihood_supremum(&design).unwrap();
        assert!((10.0 - 2.0 * supremum - 29.275).abs() < 1e-3, "{supremum}");
    }
}
