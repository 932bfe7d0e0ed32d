//! Maximum likelihood of a Poisson regression with a logarithmic link: Newton's method with step halving.

use super::design::{Design, NoFit};
use crate::numeric::linear::{dot, factor, substitute};
use crate::numeric::special::ln_factorial;

const MAX_STEPS: usize = 200;
/// Beyond this a linear predictor is an estimate on its way to infinity.
const MAX_PREDICTOR: f64 = 80.0;

/// Below this expected gain in log-likelihood, Newton's step is exact to rounding.
const SMALL_GAIN: f64 = 1e-9;

/// A fitted regression.
#[derive(Clone, Debug)]
pub struct PoissonFit {
    /// One coefficient a column; the first is the logarithm of the number unseen.
    pub coefficients: Vec<f64>,
    /// Fitted counts.
    pub fitted: Vec<f64>,
    /// Log-likelihood, constants included.
    pub ln_likelihood: f64,
    /// Variance of the first coefficient.
    pub constant_variance: f64,
}

/// Fits counts (those of the design, or others for the same rows) from a starting point.
///
/// # Errors
/// The iteration did not settle, or the design is singular at the solution.
pub fn fit_poisson(design: &Design, counts: &[f64], start: Option<&[f64]>) -> Result<PoissonFit, NoFit> {
    let p = design.matrix.columns;
    let mut beta = match start {
        Some(start) => start.to_vec(),
        None => first_guess(design, counts)?,
    };
    let mut information = vec![0.0; p * p];
    let mut fitted = predict(design, &beta);
    let mut value = ln_likelihood_kernel(counts, &fitted);
    let total: f64 = counts.iter().sum::<f64>().max(1.0);
    for _ in 0..MAX_STEPS {
        let mut step = score(design, counts, &fitted);
        let largest = step.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        if !information_factor(design, &fitted, &mut information) {
            return Err(NoFit::NotConverged);
        }
        if largest <= 1e-11 * total {
            return Ok(finish(counts, beta, fitted, &information));
        }
        let slope = step.clone();
        substitute(&information, &mut step);
        if dot(&slope, &step) < SMALL_GAIN {
            // Too near the top for the likelihood's digits to tell: the last step is taken on trust.
            let last: Vec<f64> = beta.iter().zip(&step).map(|(b, s)| b + s).collect();
            let fitted = predict(design, &last);
            return Ok(finish(counts, last, fitted, &information));
        }
        let Some((next, next_fitted, next_value)) = advance(design, counts, (&beta, &step), value) else {
            // No smaller step climbs: the likelihood is flat to the last digit.
            return if largest <= 1e-6 * total {
                Ok(finish(counts, beta, fitted, &information))
            } else {
                Err(NoFit::NotConverged)
            };
        };
        (beta, fitted, value) = (next, next_fitted, next_value);
    }
    Err(NoFit::NotConverged)
}

fn finish(counts: &[f64], beta: Vec<f64>, fitted: Vec<f64>, information: &[f64]) -> PoissonFit {
    let mut unit = vec![0.0; beta.len()];
    unit[0] = 1.0;
    substitute(information, &mut unit);
    let constants: f64 = counts.iter().map(|&y| ln_factorial(y)).sum();
    let ln_likelihood = ln_likelihood_kernel(counts, &fitted) - constants;
    PoissonFit { coefficients: beta, fitted, ln_likelihood, constant_variance: unit[0] }
}

type Position = (Vec<f64>, Vec<f64>, f64);

fn advance(design: &Design, counts: &[f64], from: (&[f64], &[f64]), value: f64) -> Option<Position> {
    let (beta, step) = from;
    let mut scale = 1.0;
    for _ in 0..60 {
        let next: Vec<f64> = beta.iter().zip(step).map(|(b, s)| b + scale * s).collect();
        let fitted = predict(design, &next);
        let next_value = ln_likelihood_kernel(counts, &fitted);
        if next_value.is_finite() && next_value > value {
            return Some((next, fitted, next_value));
        }
        scale *= 0.5;
    }
    None
}

/// Weighted least squares of the logarithms, as the first step of the usual algorithm.
fn first_guess(design: &Design, counts: &[f64]) -> Result<Vec<f64>, NoFit> {
    let p = design.matrix.columns;
    let weights: Vec<f64> = counts.iter().map(|y| y + 0.1).collect();
    let mut normal = vec![0.0; p * p];
    if !information_factor(design, &weights, &mut normal) {
        return Err(NoFit::NotIdentifiable);
    }
    let mut beta = vec![0.0; p];
    for (row, (&y, w)) in counts.iter().zip(&weights).enumerate() {
        let working = w.ln() + (y - w) / w;
        for (b, x) in beta.iter_mut().zip(design.matrix.row(row)) {
            *b += w * x * working;
        }
    }
    substitute(&normal, &mut beta);
    Ok(beta)
}

fn predict(design: &Design, beta: &[f64]) -> Vec<f64> {
    (0..design.matrix.rows)
        .map(|i| dot(design.matrix.row(i), beta).clamp(-MAX_PREDICTOR, MAX_PREDICTOR).exp())
        .collect()
}

fn ln_likelihood_kernel(counts: &[f64], fitted: &[f64]) -> f64 {
    counts.iter().zip(fitted).map(|(&y, &m)| if y > 0.0 { y * m.ln() - m } else { -m }).sum()
}

fn score(design: &Design, counts: &[f64], fitted: &[f64]) -> Vec<f64> {
    let mut score = vec![0.0; design.matrix.columns];
    for (row, (y, m)) in counts.iter().zip(fitted).enumerate() {
        for (s, x) in score.iter_mut().zip(design.matrix.row(row)) {
            *s += x * (y - m);
        }
    }
    score
}

fn information_factor(design: &Design, weights: &[f64], into: &mut [f64]) -> bool {
    let p = design.matrix.columns;
    into.fill(0.0);
    for (row, &w) in weights.iter().enumerate() {
        let x = design.matrix.row(row);
        for (i, &xi) in x.iter().enumerate() {
            if xi != 0.0 {
                let wx = w * xi;
                for (slot, xj) in into[i * p..=i * p + i].iter_mut().zip(x) {
                    *slot += wx * xj;
                }
            }
        }
    }
    factor(into, p)
}
