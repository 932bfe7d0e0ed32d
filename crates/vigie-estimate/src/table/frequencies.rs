//! One list that saw its units several times: how many were seen once, twice, and so on (`k,fk`).
//!
//! Nothing else is known, so how unequal the units are is the whole question. Chao 1984 and 1987 give a lower bound; the
//! Poisson and geometric curves and Chao and Bunge 2002 each take a shape for granted.

use crate::honesty::Text;
use crate::methods::Estimate;
use crate::numeric::search::root;
use crate::numeric::special::NORMAL_975;

/// Units by how often they were seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frequencies(pub Vec<(u64, u64)>);

impl Frequencies {
    /// Distinct units.
    pub fn seen(&self) -> u64 {
        self.0.iter().fold(0, |sum, &(_, f)| sum.saturating_add(f))
    }

    /// Units seen exactly `k` times.
    pub fn at(&self, k: u64) -> u64 {
        self.0.iter().filter(|&&(times, _)| times == k).map(|&(_, f)| f).sum()
    }

    /// The sum of k to a power over all units.
    fn moment(&self, power: i32) -> f64 {
        self.0.iter().map(|&(k, f)| (k as f64).powi(power) * f as f64).sum()
    }

    /// Every estimate; one that falls below those seen is here all the same, so that it can be refused.
    pub fn estimates(&self) -> Vec<Estimate> {
        let rows = [chao(self), poisson(self), geometric(self), chao_bunge(self)];
        rows.into_iter().flatten().collect()
    }
}

fn estimate(method: &str, n: f64, ends: (Option<f64>, Option<f64>), note: Text) -> Estimate {
    Estimate { method: method.to_owned(), estimate: n, low: ends.0, high: ends.1, note }
}

/// Chao's bound with the interval that is symmetric in the logarithm of the unseen.
fn chao(f: &Frequencies) -> Option<Estimate> {
    let (s, f1, f2) = (f.seen() as f64, f.at(1) as f64, f.at(2) as f64);
    if f2 == 0.0 {
        return None;
    }
    let unseen = f1 * f1 / (2.0 * f2);
    let r = f1 / f2;
    let variance = f2 * (r.powi(4) / 4.0 + r.powi(3) + r * r / 2.0);
    let c = (NORMAL_975 * (1.0 + variance / (unseen * unseen).max(1e-9)).ln().sqrt()).exp();
    let note = Text::new(
        "a lower bound on N, whatever the shape: from those seen once and twice",
        "borne inférieure de N, quelle que soit la loi : d'après les unités vues une et deux fois",
    );
    Some(estimate("Chao 1984", s + unseen, (Some(s + unseen / c), Some(s + unseen * c)), note))
}

/// All units equally visible: a Poisson curve without its zero.
fn poisson(f: &Frequencies) -> Option<Estimate> {
    let mean = f.moment(1) / f.seen() as f64;
    let rate = root(|l| l / (1.0 - (-l).exp()) - mean, 1e-9, mean.max(1.0) + 1.0, 1e-12)?;
    let note = Text::new(
        "all units equally visible (Poisson): too low when they are not",
        "unités toutes également visibles (Poisson) : trop bas si elles ne le sont pas",
    );
    Some(estimate("zero-truncated Poisson", f.seen() as f64 / (1.0 - (-rate).exp()), (None, None), note))
}

/// Very unequal units: a geometric curve without its zero.
fn geometric(f: &Frequencies) -> Option<Estimate> {
    let p = f.seen() as f64 / f.moment(1);
    let note = Text::new("very unequal units (geometric curve)", "unités très inégales (loi géométrique)");
    (p < 1.0).then(|| estimate("zero-truncated geometric", f.seen() as f64 / (1.0 - p), (None, None), note))
}

/// Chao and Bunge: a gamma mixture; its duplicate-coverage estimate is negative when the mixture does not fit.
fn chao_bunge(f: &Frequencies) -> Option<Estimate> {
    let several = f.0.iter().filter(|&&(k, _)| k >= 2).map(|&(_, f)| f as f64).sum::<f64>();
    let covered = 1.0 - f.at(1) as f64 * f.moment(2) / f.moment(1).powi(2);
    let note = Text::new(
        "visibility as a gamma curve, by the coverage of those seen again",
        "visibilité en loi gamma, par la couverture des unités revues",
    );
    (covered != 0.0 && several > 0.0).then(|| estimate("Chao-Bunge", several / covered, (None, None), note))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traffic_accidents_as_other_programs_have_them() {
        // Simar 1976: 9,461 insured, 1,621 of them with accidents. SPECIES 1.2.0 gives 5,250 (4,684 to 5,919) and -21,023.
        let f = Frequencies(vec![(1, 1317), (2, 239), (3, 42), (4, 14), (5, 4), (6, 4), (7, 1)]);
        let rows = f.estimates();
        let near = |method: &str, expected: f64| {
            let row = rows.iter().find(|e| e.method == method).unwrap();
            assert!((row.estimate / expected - 1.0).abs() < 1e-3, "{method} {}", row.estimate);
        };
        near("Chao 1984", 5_250.0);
        near("zero-truncated Poisson", 4_351.127_687);
        near("zero-truncated geometric", 8_077.120_393);
        near("Chao-Bunge", -21_023.0);
        assert!(
            (rows[0].low.unwrap() - 4_684.0).abs() < 2.0 && (rows[0].high.unwrap() - 5_919.0).abs() < 2.0
        );
    }
}
