//! Log-gamma, the normal distribution, and quantiles of a sample.

use std::sync::OnceLock;

/// Half of the 95 % point of chi-square with one degree of freedom: how far a profile likelihood may fall.
pub const PROFILE_DROP_95: f64 = 3.841_458_820_694_124 / 2.0;

/// The 97.5 % point of the standard normal distribution.
pub const NORMAL_975: f64 = 1.959_963_984_540_054;

/// ln Γ(x) for x > 0.
pub fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// ln(n!) of a count.
pub fn ln_factorial(n: f64) -> f64 {
    libm::lgamma(n + 1.0)
}

/// Below this, ln(n!) of a whole number comes from a table.
const TABLE_SIZE: usize = 1 << 16;

/// ln(n!) of a whole number that is not negative, fast: samplers ask for it millions of times.
pub fn ln_factorial_whole(n: f64) -> f64 {
    static TABLE: OnceLock<Vec<f64>> = OnceLock::new();
    let table = TABLE.get_or_init(|| (0..TABLE_SIZE).map(|k| libm::lgamma(k as f64 + 1.0)).collect());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates; large values are computed"
    )]
    table.get(n as usize).copied().unwrap_or_else(|| libm::lgamma(n + 1.0))
}

/// The standard normal distribution function.
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

/// The standard normal quantile, by bisection of the distribution function; infinite at 0 and 1.
pub fn normal_quantile(p: f64) -> f64 {
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if p >= 1.0 {
        return f64::INFINITY;
    }
    let (mut low, mut high) = (-40.0_f64, 40.0_f64);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if normal_cdf(middle) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// Quantile of a sorted sample, median-unbiased (Hyndman and Fan's type 8); `None` of an empty sample.
pub fn quantile_sorted(sorted: &[f64], p: f64) -> Option<f64> {
    let (first, last) = (*sorted.first()?, *sorted.last()?);
    let n = sorted.len() as f64;
    let position = (n + 1.0 / 3.0) * p + 1.0 / 3.0;
    if position <= 1.0 {
        return Some(first);
    }
    if position >= n {
        return Some(last);
    }
    let below = position.floor();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 and the sample's length"
    )]
    let index = below as usize;
    let (a, b) = (sorted[index - 1], sorted[index.min(sorted.len() - 1)]);
    Some(a + (position - below) * (b - a))
}

/// Sorts a copy of a sample by value; NaN sorts last.
pub fn sorted(sample: &[f64]) -> Vec<f64> {
    let mut copy = sample.to_vec();
    copy.sort_by(f64::total_cmp);
    copy
}

/// The middle value of a sample; `None` when it is empty.
pub fn median(sample: &[f64]) -> Option<f64> {
    let copy = sorted(sample);
    let n = copy.len();
    if n == 0 {
        return None;
    }
    Some(if n % 2 == 1 { copy[n / 2] } else { f64::midpoint(copy[n / 2 - 1], copy[n / 2]) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_quantile_inverts_the_distribution_function() {
        assert!((normal_quantile(0.975) - NORMAL_975).abs() < 1e-12);
        assert!((normal_cdf(normal_quantile(0.003)) - 0.003).abs() < 1e-15);
        assert!(normal_quantile(0.0).is_infinite());
    }

    #[test]
    fn quantile_of_type_eight() {
        // R: quantile(1:10, c(.025, .5, .9), type = 8) = 1.0, 5.5, 9.633333
        let sample: Vec<f64> = (1..=10).map(f64::from).collect();
        assert!((quantile_sorted(&sample, 0.025).unwrap() - 1.0).abs() < 1e-12);
        assert!((quantile_sorted(&sample, 0.5).unwrap() - 5.5).abs() < 1e-12);
        assert!((quantile_sorted(&sample, 0.9).unwrap() - 9.633_333_333_333_333).abs() < 1e-9);
        assert_eq!(quantile_sorted(&[], 0.5), None);
    }
}
