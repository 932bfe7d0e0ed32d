//! The profile of the multinomial likelihood over N: the point and its 95 % interval (Cormack 1992).
//!
//! For each N the unseen cell holds N minus those seen, the model is fitted to the full table, and the multinomial
//! likelihood is read off. The interval ends where it has fallen by half the 95 % point of chi-square.

use super::design::{Design, NoFit};
use super::fit::fit_poisson;
use crate::numeric::search::{maximum, root};
use crate::numeric::special::{PROFILE_DROP_95, ln_gamma};

/// How far above the estimate an upper end is looked for before it is called infinite.
const REACH: f64 = 1e4;

/// An interval; no upper end means that none was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end, `None` when the data set no bound.
    pub high: Option<f64>,
}

/// A multinomial profile: its maximum and its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Profile {
    /// N with the largest likelihood.
    pub estimate: f64,
    /// Nominal 95 % interval.
    pub interval: Interval,
}

impl Profile {
    /// The profile of a design. `poisson` is the Poisson estimate of N, near which the maximum lies.
    ///
    /// # Errors
    /// The fit fails even near the estimate.
    pub fn of(design: &Design, poisson: f64) -> Result<Self, NoFit> {
        Self::with(design, poisson, |full, counts, start| {
            fit_poisson(full, counts, start).map(|fit| (fit.fitted, fit.coefficients))
        })
    }

    /// The same with another way to fit the full table, such as the bound that drops negative terms.
    pub(crate) fn with<F>(design: &Design, poisson: f64, mut refit: F) -> Result<Self, NoFit>
    where
        F: FnMut(&Design, &[f64], Option<&[f64]>) -> Result<(Vec<f64>, Vec<f64>), NoFit>,
    {
        let full = design.with_unseen();
        let seen: f64 = design.counts.iter().sum();
        let mut counts = full.counts.clone();
        let last = counts.len() - 1;
        let mut warm: Option<Vec<f64>> = None;
        let mut height = |n: f64| -> f64 {
            counts[last] = (n - seen).max(0.0);
            let Ok((fitted, beta)) =
                refit(&full, &counts, warm.as_deref()).or_else(|_| refit(&full, &counts, None))
            else {
                return f64::NEG_INFINITY;
            };
            let value = multinomial(&counts, &fitted, n);
            warm = Some(beta);
            value
        };
        let floor = seen + 1e-4;
        let (estimate, best) = maximum(&mut height, floor, (poisson * 1.2).max(seen * 1.05 + 5.0), 1e-8);
        if !best.is_finite() {
            return Err(NoFit::NotConverged);
        }
        let mut drop = |n: f64| height(n) - best + PROFILE_DROP_95;
        let low =
            if drop(floor) >= 0.0 { seen } else { root(&mut drop, floor, estimate, 1e-8).unwrap_or(seen) };
        let mut reach = (estimate - seen).max(1.0);
        let mut high = None;
        while reach < REACH * poisson {
            if drop(estimate + reach) < 0.0 {
                high = root(&mut drop, estimate, estimate + reach, 1e-8);
                break;
            }
            reach *= 2.0;
        }
        Ok(Self { estimate, interval: Interval { low, high } })
    }
}

fn multinomial(counts: &[f64], fitted: &[f64], n: f64) -> f64 {
    let unseen = counts[counts.len() - 1];
    let total: f64 = fitted.iter().sum();
    let cells: f64 =
        counts.iter().zip(fitted).filter(|(y, _)| **y > 0.0).map(|(&y, &m)| y * (m / total).ln()).sum();
    cells + ln_gamma(n + 1.0) - ln_gamma(unseen + 1.0)
}
