//! How fast units disappear between dated counts: the rate a day, and the days in which half are gone.

/// An exponential decay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decay {
    /// Share that leaves a day.
    pub daily: f64,
    /// Days in which half leave.
    pub half_life: f64,
}

/// The decay of counts at given days, by least squares of their logarithms; `None` when they do not fall.
pub fn decay(counts: &[(f64, f64)]) -> Option<Decay> {
    let points: Vec<(f64, f64)> =
        counts.iter().filter(|(_, n)| *n > 0.0).map(|&(d, n)| (d, n.ln())).collect();
    let n = points.len() as f64;
    if n < 2.0 {
        return None;
    }
    let (mean_day, mean_log) =
        (points.iter().map(|p| p.0).sum::<f64>() / n, points.iter().map(|p| p.1).sum::<f64>() / n);
    let spread: f64 = points.iter().map(|p| (p.0 - mean_day).powi(2)).sum();
    let slope = points.iter().map(|p| (p.0 - mean_day) * (p.1 - mean_log)).sum::<f64>() / spread;
    (spread > 0.0 && slope < 0.0)
        .then(|| Decay { daily: 1.0 - slope.exp(), half_life: std::f64::consts::LN_2 / -slope })
}

#[cfg(test)]
mod tests {
    use super::decay;

    #[test]
    fn the_published_counts_of_march_2021() {
        // RiskIQ, servers still exposed: 92,072 on 10 March, 29,966 on 22 March. Fortgale, Italy: 346, then 245 after 12 days.
        let exposed = decay(&[(10.0, 92_072.0), (22.0, 29_966.0)]).unwrap();
        assert!((exposed.half_life - 7.4).abs() < 0.05 && (exposed.daily - 0.0893).abs() < 1e-3);
        let compromised = decay(&[(0.0, 346.0), (12.0, 245.0)]).unwrap();
        assert!((compromised.half_life - 24.1).abs() < 0.1);
        assert_eq!(decay(&[(0.0, 10.0), (1.0, 20.0)]), None);
    }
}
