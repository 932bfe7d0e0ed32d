//! Chao's lower bound with list effects (Mth): the number unseen is at least what units seen once and twice imply.
//!
//! Rivest and Baillargeon 2007: a Poisson regression with an effect a list and a bend at each number of captures above
//! two. A bend that comes out negative is taken away, the first one first, until none is left.

use super::Estimate;
use crate::honesty::Text;
use crate::loglinear::{Design, NoFit, Profile, fit_poisson, maximum_exists};
use crate::table::CaptureTable;

/// The bound as a Poisson estimate, with its profile.
#[derive(Clone, Debug)]
pub struct Bound {
    /// Poisson estimate of the bound on N.
    pub poisson: f64,
    /// Multinomial estimate and nominal 95 % interval.
    pub profile: Profile,
}

/// The bound of a table.
///
/// # Errors
/// Lists that share nobody: no bound but the floor.
pub fn lower_bound(table: &CaptureTable) -> Result<Bound, NoFit> {
    let design = Design::of_chao(table);
    let fixed = 1 + table.width();
    let (kept, beta, _) = fit_without_negative_bends(&design, &design.counts, fixed)?;
    maximum_exists(&kept)?;
    let poisson = table.seen() as f64 + beta[0].exp();
    let profile = Profile::with(&design, poisson, |full, counts, _| {
        fit_without_negative_bends(full, counts, fixed).map(|(_, beta, fitted)| (fitted, beta))
    })?;
    Ok(Bound { poisson, profile })
}

type Kept = (Design, Vec<f64>, Vec<f64>);

fn fit_without_negative_bends(design: &Design, counts: &[f64], fixed: usize) -> Result<Kept, NoFit> {
    let mut kept = design.clone();
    kept.counts = counts.to_vec();
    loop {
        // A bend on its way to minus infinity (nobody was seen that often) does not settle: it is the negative one.
        let mut drop = bend_without_data(&kept, counts, fixed);
        if drop.is_none() {
            let fit = fit_poisson(&kept, counts, None)?;
            drop = (fixed..kept.matrix.columns).find(|&c| fit.coefficients[c] < 0.0);
            if drop.is_none() {
                return Ok((kept, fit.coefficients, fit.fitted));
            }
        }
        if let Some(column) = drop {
            kept = kept.without_column(column);
        }
    }
}

/// The last bend when every cell that it touches is empty.
fn bend_without_data(design: &Design, counts: &[f64], fixed: usize) -> Option<usize> {
    (fixed..design.matrix.columns)
        .find(|&c| (0..design.matrix.rows).all(|row| counts[row] == 0.0 || design.matrix.row(row)[c] == 0.0))
}

/// The bound in the form of the other estimates.
pub fn as_estimate(bound: &Bound) -> Estimate {
    Estimate {
        method: "Mth Chao LB".to_owned(),
        estimate: bound.profile.estimate,
        low: Some(bound.profile.interval.low),
        high: bound.profile.interval.high,
        note: Text::new(
            "a lower bound on N when units differ in how visible they are; its lower end is the safest number here",
            "borne inférieure de N quand les unités sont inégalement visibles ; son extrémité basse est le nombre le plus sûr ici",
        ),
    }
}

/// Chao's bound from the numbers seen once and twice in few lists: S + ((t-1)/t) f1² / (2 f2), bias-corrected at f2 = 0.
pub fn from_frequencies(seen: u64, once: u64, twice: u64, lists: usize) -> f64 {
    let (f1, f2, t) = (once as f64, twice as f64, lists as f64);
    let unseen = if twice > 0 { f1 * f1 / (2.0 * f2) } else { f1 * (f1 - 1.0).max(0.0) / 2.0 };
    seen as f64 + (t - 1.0) / t * unseen
}

/// Sample coverage (Chao and Tsay): one less the mean share of each list's units that no other list holds.
pub fn sample_coverage(table: &CaptureTable) -> Option<f64> {
    let shares: Vec<f64> = (0..table.width())
        .filter_map(|i| {
            let size = table.on_all(1 << i);
            (size > 0).then(|| table.counts()[1 << i] as f64 / size as f64)
        })
        .collect();
    (!shares.is_empty()).then(|| 1.0 - shares.iter().sum::<f64>() / shares.len() as f64)
}
