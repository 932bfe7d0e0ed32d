//! Every model of a space fitted to one table: the picks of AIC and BIC, and how far apart the models are.

use super::design::{Design, NoFit, margins};
use super::exist::{likelihood_supremum, maximum_exists};
use super::fit::{PoissonFit, fit_poisson};
use super::model::Hierarchy;
use super::profile::Profile;
use crate::numeric::{parallel, special};
use crate::table::CaptureTable;

/// A model that fits a table.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The model.
    pub model: Hierarchy,
    /// Poisson estimate of N: those seen and the fitted unseen.
    pub estimate: f64,
    /// Akaike's criterion.
    pub aic: f64,
    /// Schwarz's criterion, with the number of units seen as the sample size.
    pub bic: f64,
    /// Twice the log-likelihood lost against the table itself.
    pub deviance: f64,
    /// Cells that the model can fill.
    pub cells: usize,
    /// Cells less parameters.
    pub freedom: usize,
    /// Delta-method variance of the estimate.
    pub variance: f64,
}

/// What a whole space of models says of a table.
#[derive(Clone, Debug)]
pub struct Span {
    /// Models with an estimate, best BIC first.
    pub models: Vec<Fitted>,
    /// Models left out.
    pub dropped: Vec<Dropped>,
}

/// A model without an estimate.
#[derive(Clone, Debug)]
pub struct Dropped {
    /// The model.
    pub model: Hierarchy,
    /// Why it has none.
    pub why: NoFit,
    /// The BIC that it comes near to all the same; `None` when not even that is known.
    pub bic: Option<f64>,
}

impl Span {
    /// The model with the smallest AIC.
    pub fn best_aic(&self) -> Option<&Fitted> {
        self.models.iter().min_by(|a, b| a.aic.total_cmp(&b.aic))
    }

    /// The model with the smallest BIC.
    pub fn best_bic(&self) -> Option<&Fitted> {
        self.models.first()
    }

    /// Only the models up to interactions of `order` lists.
    pub fn up_to_order(&self, order: u32) -> Self {
        let models = self.models.iter().filter(|f| f.model.order() <= order).cloned().collect();
        let dropped = self.dropped.iter().filter(|d| d.model.order() <= order).cloned().collect();
        Self { models, dropped }
    }

    /// Smallest, middle and largest estimate.
    pub fn range(&self) -> Option<(f64, f64, f64)> {
        let estimates: Vec<f64> = self.models.iter().map(|f| f.estimate).collect();
        let sorted = special::sorted(&estimates);
        Some((*sorted.first()?, special::median(&sorted)?, *sorted.last()?))
    }

    /// Models whose BIC is within `delta` of the best.
    pub fn within_bic(&self, delta: f64) -> impl Iterator<Item = &Fitted> {
        let limit = self.best_bic().map_or(f64::NEG_INFINITY, |best| best.bic + delta);
        self.models.iter().take_while(move |f| f.bic <= limit)
    }
}

/// Fits one model.
///
/// # Errors
/// Why it has no estimate.
pub fn fit_hierarchy(table: &CaptureTable, model: &Hierarchy) -> Result<Fitted, NoFit> {
    fit_counts(table.counts(), &margins(table.counts()), model)
}

/// Estimate and BIC of a model on bare counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CountFit {
    /// N.
    pub(crate) estimate: f64,
    /// Schwarz's criterion.
    pub(crate) bic: f64,
}

pub(crate) fn fit_estimate_and_bic(
    counts: &[u64],
    margins: &[u64],
    model: &Hierarchy,
) -> Result<CountFit, NoFit> {
    fit_counts(counts, margins, model).map(|f| CountFit { estimate: f.estimate, bic: f.bic })
}

fn fit_counts(counts: &[u64], margins: &[u64], model: &Hierarchy) -> Result<Fitted, NoFit> {
    let design = Design::of_hierarchy(model, counts, margins);
    maximum_exists(&design)?;
    let fit = fit_poisson(&design, &design.counts, None)?;
    Ok(summarize(model, &design, &fit))
}

fn summarize(model: &Hierarchy, design: &Design, fit: &PoissonFit) -> Fitted {
    let seen: f64 = design.counts.iter().sum();
    let unseen = fit.coefficients[0].exp();
    let parameters = design.parameters as f64;
    let perfect: f64 = design
        .counts
        .iter()
        .map(|&y| if y > 0.0 { y * y.ln() - y } else { 0.0 } - special::ln_factorial(y))
        .sum();
    Fitted {
        model: model.clone(),
        estimate: seen + unseen,
        aic: 2.0 * parameters - 2.0 * fit.ln_likelihood,
        bic: parameters * seen.ln() - 2.0 * fit.ln_likelihood,
        deviance: (2.0 * (perfect - fit.ln_likelihood)).max(0.0),
        cells: design.cells.len(),
        freedom: design.cells.len().saturating_sub(design.matrix.columns),
        variance: unseen + unseen * unseen * fit.constant_variance,
    }
}

/// Fits every model of a space on up to `threads` threads.
pub fn fit_all(table: &CaptureTable, space: &[Hierarchy], threads: usize) -> Span {
    let sums = margins(table.counts());
    let results = parallel::map(space.len(), threads, |i| fit_counts(table.counts(), &sums, &space[i]));
    let mut span = Span { models: Vec::new(), dropped: Vec::new() };
    for (model, result) in space.iter().zip(results) {
        match result {
            Ok(fitted) => span.models.push(fitted),
            Err(why) => span.dropped.push(drop_model(table.counts(), &sums, model, why)),
        }
    }
    sort(&mut span);
    span
}

fn drop_model(counts: &[u64], margins: &[u64], model: &Hierarchy, why: NoFit) -> Dropped {
    let design = Design::of_hierarchy(model, counts, margins);
    let seen: f64 = design.counts.iter().sum();
    let bic = likelihood_supremum(&design).map(|l| design.parameters as f64 * seen.ln() - 2.0 * l);
    Dropped { model: model.clone(), why, bic }
}

fn sort(span: &mut Span) {
    span.models.sort_by(|a, b| a.bic.total_cmp(&b.bic).then_with(|| a.model.cmp(&b.model)));
}

/// Most pairs that a stepwise search adds: tables of many lists have thousands of cells.
const MAX_PAIRS_ADDED: usize = 12;

/// For more lists than can be searched in full: pairs are added while BIC falls, and every model on the way is kept.
pub fn fit_stepwise(table: &CaptureTable, threads: usize) -> Span {
    let t = table.width();
    let pairs: Vec<usize> = (0..t).flat_map(|a| (a + 1..t).map(move |b| 1 << a | 1 << b)).collect();
    let mut span = fit_all(table, &[Hierarchy::independence(t)], threads);
    let mut current: Vec<usize> = Vec::new();
    let Some(mut best) = span.best_bic().map(|f| f.bic) else { return span };
    for _ in 0..pairs.len().min(MAX_PAIRS_ADDED) {
        let space: Vec<Hierarchy> = pairs
            .iter()
            .filter(|p| !current.contains(p))
            .map(|&p| Hierarchy::new(t, &[current.as_slice(), &[p]].concat()))
            .collect();
        let step = fit_all(table, &space, threads);
        let next = step.best_bic().map(|f| (f.bic, f.model.interactions().to_vec()));
        span.models.extend(step.models);
        span.dropped.extend(step.dropped);
        match next {
            Some((bic, model)) if bic < best => (best, current) = (bic, model),
            _ => break,
        }
    }
    sort(&mut span);
    span
}

impl Fitted {
    /// The multinomial profile of this model on the table it was fitted to.
    ///
    /// # Errors
    /// The full table cannot be fitted near the estimate.
    pub fn profile(&self, table: &CaptureTable) -> Result<Profile, NoFit> {
        let design = Design::of_hierarchy(&self.model, table.counts(), &margins(table.counts()));
        Profile::of(&design, self.estimate)
    }
}
