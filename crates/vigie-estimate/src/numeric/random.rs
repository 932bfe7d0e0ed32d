//! Random numbers with the same stream on every platform: xoshiro256++, and the samplers that the methods need.
//!
//! Own code rather than a crate, because an estimate must give the same digits after an update of dependencies.

use super::special::ln_factorial_whole;

/// A generator, seeded from a number and a stream, so that parallel work never shares one.
#[derive(Clone, Debug)]
pub struct Random {
    state: [u64; 4],
    spare: Option<f64>,
}

impl Random {
    /// The generator of one stream of a seed.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut mix = seed ^ stream.wrapping_mul(0xd134_2543_de82_ef95).rotate_left(17);
        let mut next = || {
            mix = mix.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = mix;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        Self { state: [next(), next(), next(), next()], spare: None }
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Uniform in the open interval (0, 1).
    pub fn uniform(&mut self) -> f64 {
        ((self.bits() >> 12) as f64 + 0.5) * (1.0 / 4_503_599_627_370_496.0)
    }

    /// A whole number below `bound`; 0 when the bound is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        if bound == 0 {
            return 0;
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the high half of a product with a usize is below it"
        )]
        let scaled = ((u128::from(self.bits()) * bound as u128) >> 64) as usize;
        scaled
    }

    /// Standard normal (polar method).
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (u, v) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let s = u * u + v * v;
            if s > 0.0 && s < 1.0 {
                let scale = (-2.0 * s.ln() / s).sqrt();
                self.spare = Some(v * scale);
                return u * scale;
            }
        }
    }

    /// Exponential with mean 1.
    pub fn exponential(&mut self) -> f64 {
        -self.uniform().ln()
    }

    /// Gamma with the given shape and scale 1 (Marsaglia and Tsang).
    pub fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            return self.gamma(shape + 1.0) * self.uniform().powf(1.0 / shape);
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = 1.0 + c * x;
            if v <= 0.0 {
                continue;
            }
            let v = v * v * v;
            let u = self.uniform();
            if u < 1.0 - 0.0331 * (x * x) * (x * x) || u.ln() < 0.5 * x * x + d * (1.0 - v + v.ln()) {
                return d * v;
            }
        }
    }

    /// ln of a gamma variate: exact for shapes so small that the variate itself would underflow.
    pub fn ln_gamma_variate(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            let boosted = self.gamma(shape + 1.0).ln();
            return boosted - self.exponential() / shape;
        }
        self.gamma(shape).ln()
    }

    /// Beta.
    pub fn beta(&mut self, a: f64, b: f64) -> f64 {
        let x = self.gamma(a);
        x / (x + self.gamma(b))
    }

    /// Poisson.
    pub fn poisson(&mut self, mean: f64) -> u64 {
        if mean <= 0.0 {
            return 0;
        }
        if mean < 10.0 { self.poisson_small(mean) } else { self.poisson_large(mean) }
    }

    fn poisson_small(&mut self, mean: f64) -> u64 {
        let limit = (-mean).exp();
        let mut product = self.uniform();
        let mut count = 0;
        while product > limit {
            product *= self.uniform();
            count += 1;
        }
        count
    }

    /// Hörmann's transformed rejection (PTRS).
    fn poisson_large(&mut self, mean: f64) -> u64 {
        let ln_mean = mean.ln();
        let b = 0.931 + 2.53 * mean.sqrt();
        let a = -0.059 + 0.02483 * b;
        let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
        let v_r = 0.9277 - 3.6224 / (b - 2.0);
        loop {
            let u = self.uniform() - 0.5;
            let v = self.uniform();
            let us = 0.5 - u.abs();
            let k = ((2.0 * a / us + b) * u + mean + 0.43).floor();
            if us >= 0.07 && v <= v_r {
                return whole(k);
            }
            if k < 0.0 || (us < 0.013 && v > us) {
                continue;
            }
            if (v * inverse_alpha / (a / (us * us) + b)).ln() <= k * ln_mean - mean - ln_factorial_whole(k) {
                return whole(k);
            }
        }
    }

    /// Binomial.
    pub fn binomial(&mut self, n: u64, p: f64) -> u64 {
        if n == 0 || p <= 0.0 {
            return 0;
        }
        if p >= 1.0 {
            return n;
        }
        if p > 0.5 {
            return n - self.binomial(n, 1.0 - p);
        }
        if n as f64 * p < 10.0 { self.binomial_small(n, p) } else { self.binomial_large(n as f64, p) }
    }

    /// Waiting times between successes.
    fn binomial_small(&mut self, n: u64, p: f64) -> u64 {
        let first = self.uniform();
        // (1 - p)^n >= 1 - n p, so most draws of a rare success end here without a logarithm.
        if first < 1.0 - n as f64 * p {
            return 0;
        }
        let scale = 1.0 / (-p).ln_1p();
        let (mut left, mut count) = (n as f64, 0);
        let mut u = first;
        loop {
            left -= (u.ln() * scale).floor() + 1.0;
            if left < 0.0 {
                return count;
            }
            count += 1;
            u = self.uniform();
        }
    }

    /// Hörmann's transformed rejection (BTRS).
    fn binomial_large(&mut self, n: f64, p: f64) -> u64 {
        let spread = (n * p * (1.0 - p)).sqrt();
        let b = 1.15 + 2.53 * spread;
        let a = -0.0873 + 0.0248 * b + 0.01 * p;
        let c = n * p + 0.5;
        let v_r = 0.92 - 4.2 / b;
        let alpha = (2.83 + 5.1 / b) * spread;
        let mode = ((n + 1.0) * p).floor();
        let ln_odds = (p / (1.0 - p)).ln();
        let height = ln_factorial_whole(mode) + ln_factorial_whole(n - mode);
        loop {
            let u = self.uniform() - 0.5;
            let v = self.uniform();
            let us = 0.5 - u.abs();
            let k = ((2.0 * a / us + b) * u + c).floor();
            if k < 0.0 || k > n {
                continue;
            }
            if us >= 0.07 && v <= v_r {
                return whole(k);
            }
            let bound = height - ln_factorial_whole(k) - ln_factorial_whole(n - k) + (k - mode) * ln_odds;
            if (v * alpha / (a / (us * us) + b)).ln() <= bound {
                return whole(k);
            }
        }
    }

    /// Failures before `successes` successes of probability `p` (a Poisson with a gamma mean).
    pub fn negative_binomial(&mut self, p: f64, successes: f64) -> u64 {
        let mean = self.gamma(successes) * (1.0 - p) / p;
        self.poisson(mean.min(1e15))
    }

    /// Spreads `n` over classes in proportion to `weights`, adding to `into`.
    pub fn multinomial(&mut self, n: u64, weights: &[f64], into: &mut [u64]) {
        let mut left = n;
        let mut mass: f64 = weights.iter().sum();
        for (i, (&w, slot)) in weights.iter().zip(into.iter_mut()).enumerate() {
            if left == 0 {
                return;
            }
            let drawn =
                if i + 1 == weights.len() || w >= mass { left } else { self.binomial(left, w / mass) };
            *slot += drawn;
            left -= drawn;
            mass -= w;
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a floored count that is not negative"
)]
fn whole(x: f64) -> u64 {
    x.max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments<F: FnMut(&mut Random) -> f64>(mut draw: F) -> (f64, f64) {
        let mut random = Random::new(7, 1);
        let values: Vec<f64> = (0..40_000).map(|_| draw(&mut random)).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        (mean, values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64)
    }

    #[test]
    fn samplers_have_their_moments() {
        let cases: [(&str, (f64, f64), f64, f64); 8] = [
            ("rare binomial", moments(|r| r.binomial(40, 0.005) as f64), 0.2, 0.199),
            ("gamma", moments(|r| r.gamma(3.5)), 3.5, 3.5),
            ("small gamma", moments(|r| r.gamma(0.3)), 0.3, 0.3),
            ("poisson", moments(|r| r.poisson(40.0) as f64), 40.0, 40.0),
            ("small poisson", moments(|r| r.poisson(2.5) as f64), 2.5, 2.5),
            ("binomial", moments(|r| r.binomial(500, 0.7) as f64), 350.0, 105.0),
            ("small binomial", moments(|r| r.binomial(50, 0.05) as f64), 2.5, 2.375),
            ("negative binomial", moments(|r| r.negative_binomial(0.5, 30.0) as f64), 30.0, 60.0),
        ];
        for (name, (mean, variance), true_mean, true_variance) in cases {
            assert!((mean / true_mean - 1.0).abs() < 0.02, "{name}: mean {mean}");
            assert!((variance / true_variance - 1.0).abs() < 0.06, "{name}: variance {variance}");
        }
    }

    #[test]
    fn multinomial_keeps_the_total_and_streams_differ() {
        let mut random = Random::new(1, 0);
        let mut counts = [0; 4];
        random.multinomial(1000, &[0.1, 0.0, 0.5, 0.4], &mut counts);
        assert_eq!(counts.iter().sum::<u64>(), 1000);
        assert_eq!(counts[1], 0);
        assert_ne!(Random::new(1, 1).bits(), Random::new(1, 2).bits());
    }
}
