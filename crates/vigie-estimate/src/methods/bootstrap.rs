//! Bias-corrected and accelerated bootstrap of the BIC choice, with the choice made again in every replicate.
//!
//! Silverman, Chan and Vincent 2024: intervals that take the chosen model for granted are too narrow. Replicates look at
//! the best models of the original table only, which is what makes it affordable.

use crate::loglinear::internal::{CountFit, fit_estimate_and_bic, margins};
use crate::loglinear::{Hierarchy, Span};
use crate::numeric::special::{normal_cdf, normal_quantile, quantile_sorted, sorted};
use crate::numeric::{parallel, random::Random};
use crate::table::CaptureTable;

/// How often and over how many models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BootstrapOptions {
    /// Replicates.
    pub replicates: usize,
    /// Best models of the original table that each replicate chooses among.
    pub models: usize,
    /// Seed.
    pub seed: u64,
}

impl BootstrapOptions {
    /// The published choice of models: all with three lists, 20 with four, 100 with five and more. Ends of an interval are
    /// quantiles far out, which a few hundred replicates leave uncertain by several percent.
    pub fn standard(lists: usize, seed: u64) -> Self {
        match lists {
            0..=3 => Self { replicates: 5000, models: usize::MAX, seed },
            4 => Self { replicates: 5000, models: 20, seed },
            _ => Self { replicates: 1000, models: 100, seed },
        }
    }
}

/// A bootstrap interval.
#[derive(Clone, Debug, PartialEq)]
pub struct BcaInterval {
    /// The BIC choice on the original table.
    pub estimate: f64,
    /// 2.5 % end.
    pub low: f64,
    /// 97.5 % end.
    pub high: f64,
    /// Replicates with an estimate.
    pub usable: usize,
    /// Share of the replicates that chose the model of the original table.
    pub same_model: f64,
}

/// The interval of the best model of a span; `None` when no model fits or the acceleration is not defined.
pub fn bca(
    table: &CaptureTable,
    span: &Span,
    options: BootstrapOptions,
    threads: usize,
) -> Option<BcaInterval> {
    let best = span.best_bic()?;
    let models: Vec<&Hierarchy> = span.models.iter().take(options.models).map(|f| &f.model).collect();
    let weights: Vec<f64> = table.counts().iter().map(|&c| c as f64).collect();
    let replicates = parallel::map(options.replicates, threads, |i| {
        let mut random = Random::new(options.seed, 0x4243_0000 + i as u64);
        let mut counts = vec![0; weights.len()];
        random.multinomial(table.seen(), &weights, &mut counts);
        choose(&counts, &models)
    });
    let usable: Vec<(usize, f64)> = replicates.into_iter().flatten().collect();
    if usable.len() * 2 < options.replicates {
        return None;
    }
    let acceleration = acceleration(table, &models, threads)?;
    let estimates: Vec<f64> = usable.iter().map(|&(_, n)| n).collect();
    let below = estimates.iter().filter(|&&n| n < best.estimate).count() as f64 / estimates.len() as f64;
    let bias = normal_quantile(below.clamp(0.5 / estimates.len() as f64, 1.0 - 0.5 / estimates.len() as f64));
    let ordered = sorted(&estimates);
    let end = |p: f64| {
        let shifted = normal_quantile(p) + bias;
        quantile_sorted(&ordered, normal_cdf(bias + shifted / (1.0 - acceleration * shifted)))
    };
    Some(BcaInterval {
        estimate: best.estimate,
        low: end(0.025)?,
        high: end(0.975)?,
        usable: estimates.len(),
        same_model: usable.iter().filter(|&&(m, _)| m == 0).count() as f64 / usable.len() as f64,
    })
}

/// The model with the smallest BIC for these counts, and its estimate.
fn choose(counts: &[u64], models: &[&Hierarchy]) -> Option<(usize, f64)> {
    let sums = margins(counts);
    let mut best: Option<(usize, CountFit)> = None;
    for (index, model) in models.iter().enumerate() {
        if let Ok(fit) = fit_estimate_and_bic(counts, &sums, model)
            && best.as_ref().is_none_or(|(_, b)| fit.bic < b.bic)
        {
            best = Some((index, fit));
        }
    }
    best.map(|(index, fit)| (index, fit.estimate))
}

/// Efron's acceleration from the estimates with one unit left out, once for each filled cell.
fn acceleration(table: &CaptureTable, models: &[&Hierarchy], threads: usize) -> Option<f64> {
    let filled: Vec<usize> = (1..table.counts().len()).filter(|&c| table.counts()[c] > 0).collect();
    let left_out = parallel::map(filled.len(), threads, |i| {
        let mut counts = table.counts().to_vec();
        counts[filled[i]] -= 1;
        choose(&counts, models).map(|(_, n)| n)
    });
    let estimates: Vec<f64> = left_out.into_iter().collect::<Option<_>>()?;
    let weights: Vec<f64> = filled.iter().map(|&c| table.counts()[c] as f64).collect();
    let total: f64 = weights.iter().sum();
    let mean = estimates.iter().zip(&weights).map(|(e, w)| e * w).sum::<f64>() / total;
    let power = |k: i32| estimates.iter().zip(&weights).map(|(e, w)| w * (mean - e).powi(k)).sum::<f64>();
    let spread = power(2);
    (spread > 0.0 && spread.is_finite()).then(|| power(3) / (6.0 * spread.powf(1.5)))
}
