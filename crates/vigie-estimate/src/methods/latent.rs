//! Latent classes: units fall into classes of different visibility, lists are independent within a class.
//!
//! Manrique-Vallier 2016: a truncated stick-breaking prior over classes, sampled by Gibbs steps on the counts of cells.
//! Several chains, because the posterior can have two modes: R-hat on ln N says whether the chains agree.

use crate::numeric::special::{quantile_sorted, sorted};
use crate::numeric::{parallel, random::Random};
use crate::table::CaptureTable;

/// Above this the chains do not agree and no number may be printed.
pub const MAX_R_HAT: f64 = 1.05;
/// Below this they agree so well that longer chains would not change the number.
const GOOD_R_HAT: f64 = 1.01;
const WARM_UP: usize = 500;
/// How often the number unseen is drawn again when it falls beyond the prior's reach, before the end itself is taken.
const MOST_REDRAWS: usize = 1_000;

/// How long and how often the sampler runs.
///
/// Chains run until they agree well or their length is reached, doubling each time; the first fifth is thrown away.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GibbsOptions {
    /// Most classes.
    pub classes: usize,
    /// Shape of the gamma prior of the stick-breaking parameter.
    pub shape: f64,
    /// Rate of the same prior.
    pub rate: f64,
    /// Independent chains.
    pub chains: usize,
    /// Steps of each chain before the chains are first compared.
    pub first_steps: usize,
    /// Most steps of each chain.
    pub most_steps: usize,
    /// Steps between two draws that are kept.
    pub thin: usize,
    /// Most units unseen, as a multiple of those seen: where the prior of N ends.
    pub reach: u64,
}

impl Default for GibbsOptions {
    fn default() -> Self {
        Self {
            classes: 10,
            shape: 0.25,
            rate: 0.25,
            chains: 10,
            first_steps: 60_000,
            most_steps: 240_000,
            thin: 20,
            // LCMCR ends its prior there too; without an end the upper tail of sparse tables is all prior.
            reach: 20,
        }
    }
}

impl GibbsOptions {
    /// A short run for checks that are repeated many times, such as internal consistency.
    pub fn short() -> Self {
        Self { chains: 4, first_steps: 5_000, most_steps: 20_000, thin: 10, ..Self::default() }
    }
}

/// What the chains say.
#[derive(Clone, Debug, PartialEq)]
pub struct LatentPosterior {
    /// Median of N over all chains.
    pub median: f64,
    /// 2.5 % point.
    pub low: f64,
    /// 97.5 % point.
    pub high: f64,
    /// Mean of N.
    pub mean: f64,
    /// Median of N of each chain.
    pub chain_medians: Vec<f64>,
    /// Gelman and Rubin's R-hat of ln N over the halves of the chains.
    pub r_hat: f64,
    /// Share of the draws in the last tenth before the prior ends: when it is large, the upper end is the prior's.
    pub near_reach: f64,
    /// Steps that each chain took.
    pub steps: usize,
}

/// Runs the chains; the same seed gives the same draws on any number of threads. `None` without units or lists.
pub fn sample(
    table: &CaptureTable,
    options: &GibbsOptions,
    seed: u64,
    threads: usize,
) -> Option<LatentPosterior> {
    let empty = options.chains == 0
        || options.first_steps < options.thin
        || options.thin == 0
        || options.classes == 0;
    if table.seen() == 0 || table.width() < 2 || empty {
        return None;
    }
    let mut chains: Vec<Chain> = (0..options.chains)
        .map(|chain| Chain::new(table, options, Random::new(seed, 0x4c43_0000 + chain as u64)))
        .collect();
    let mut steps = 0;
    let mut target = options.first_steps;
    loop {
        chains = parallel::map(chains.len(), threads, |i| {
            let mut chain = chains[i].clone();
            chain.run(options, target - steps);
            chain
        });
        steps = target;
        let kept: Vec<Vec<f64>> = chains.iter().map(|c| c.draws[c.draws.len() / 5..].to_vec()).collect();
        if split_r_hat(&kept) <= GOOD_R_HAT || steps >= options.most_steps {
            return Some(summarize(&kept, steps, table.seen() as f64 * (1.0 + 0.9 * options.reach as f64)));
        }
        target = (steps * 2).min(options.most_steps);
    }
}

fn summarize(chains: &[Vec<f64>], steps: usize, far: f64) -> LatentPosterior {
    let all: Vec<f64> = chains.iter().flatten().copied().collect();
    let ordered = sorted(&all);
    let at = |p| quantile_sorted(&ordered, p).unwrap_or(f64::NAN);
    let chain_medians = chains.iter().map(|c| quantile_sorted(&sorted(c), 0.5).unwrap_or(f64::NAN)).collect();
    LatentPosterior {
        median: at(0.5),
        low: at(0.025),
        high: at(0.975),
        mean: all.iter().sum::<f64>() / all.len() as f64,
        chain_medians,
        r_hat: split_r_hat(chains),
        near_reach: all.iter().filter(|&&n| n > far).count() as f64 / all.len() as f64,
        steps,
    }
}

/// R-hat over both halves of every chain: a chain that still wanders disagrees with itself.
pub fn split_r_hat(chains: &[Vec<f64>]) -> f64 {
    let halves: Vec<Vec<f64>> = chains
        .iter()
        .flat_map(|c| {
            let half = c.len() / 2;
            [c[..half].to_vec(), c[c.len() - half..].to_vec()]
        })
        .collect();
    r_hat(&halves)
}

/// Gelman and Rubin's R-hat of the logarithm of the draws; 1 for a single chain.
pub fn r_hat(chains: &[Vec<f64>]) -> f64 {
    let m = chains.len() as f64;
    let n = chains.first().map_or(0, Vec::len) as f64;
    if m < 2.0 || n < 2.0 {
        return 1.0;
    }
    let logs: Vec<Vec<f64>> = chains.iter().map(|c| c.iter().map(|x| x.ln()).collect()).collect();
    let means: Vec<f64> = logs.iter().map(|c| c.iter().sum::<f64>() / n).collect();
    let grand = means.iter().sum::<f64>() / m;
    let between = n / (m - 1.0) * means.iter().map(|x| (x - grand).powi(2)).sum::<f64>();
    let within = logs
        .iter()
        .zip(&means)
        .map(|(c, mean)| c.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0))
        .sum::<f64>()
        / m;
    if within <= 0.0 {
        return if between > 0.0 { f64::INFINITY } else { 1.0 };
    }
    (((n - 1.0) / n * within + between / n) / within).sqrt()
}

#[derive(Clone)]
struct Chain {
    cells: Vec<(usize, u64)>,
    lists: usize,
    classes: usize,
    seen: f64,
    alpha: f64,
    /// Weight of each class.
    nu: Vec<f64>,
    ln_last_nu: f64,
    /// Chance of class k to be on list j, at `k * lists + j`.
    lambda: Vec<f64>,
    /// Units by class: seen and unseen.
    in_class: Vec<u64>,
    unseen_in_class: Vec<u64>,
    /// Of the units of class k, those on list j.
    on_list: Vec<u64>,
    unseen: u64,
    /// Most units unseen.
    most_unseen: u64,
    weights: Vec<f64>,
    drawn: Vec<u64>,
    draws: Vec<f64>,
    steps: usize,
    random: Random,
}

impl Chain {
    fn new(table: &CaptureTable, options: &GibbsOptions, random: Random) -> Self {
        let (k, t) = (options.classes, table.width());
        let cells = table.counts().iter().copied().enumerate().filter(|&(_, c)| c > 0).collect();
        let seen = table.seen() as f64;
        let margin: Vec<f64> =
            (0..t).map(|j| (table.on_all(1 << j) as f64 / seen).clamp(1e-6, 1.0 - 1e-6)).collect();
        let heavy = k.min(4);
        let light = if k > heavy { 0.1 / (k - heavy) as f64 } else { 0.0 };
        Self {
            cells,
            lists: t,
            classes: k,
            seen,
            alpha: 0.3 / k as f64,
            nu: (0..k).map(|i| if i < heavy { 0.9 / heavy as f64 } else { light }).collect(),
            ln_last_nu: 0.0,
            lambda: (0..k).flat_map(|_| margin.iter().copied()).collect(),
            in_class: vec![0; k],
            unseen_in_class: vec![0; k],
            on_list: vec![0; k * t],
            unseen: 0,
            most_unseen: table.seen().saturating_mul(options.reach),
            weights: vec![0.0; k],
            drawn: vec![0; k],
            draws: Vec::new(),
            steps: 0,
            random,
        }
    }

    /// Goes on for a number of steps; a new chain first warms up without its stick-breaking parameter.
    fn run(&mut self, options: &GibbsOptions, steps: usize) {
        if self.steps == 0 {
            for _ in 0..WARM_UP {
                self.step();
            }
            self.order_classes();
        }
        for _ in 0..steps {
            self.step();
            self.draw_alpha(options);
            self.steps += 1;
            if self.steps.is_multiple_of(options.thin) {
                self.draws.push(self.seen + self.unseen as f64);
            }
        }
    }

    fn step(&mut self) {
        self.draw_classes();
        self.draw_visibility();
        self.draw_weights();
        self.draw_unseen();
    }

    /// Spreads the units of each cell over the classes.
    fn draw_classes(&mut self) {
        self.in_class.copy_from_slice(&self.unseen_in_class);
        self.on_list.fill(0);
        for index in 0..self.cells.len() {
            let (cell, count) = self.cells[index];
            for (k, weight) in self.weights.iter_mut().enumerate() {
                let chances = &self.lambda[k * self.lists..(k + 1) * self.lists];
                *weight = chances
                    .iter()
                    .enumerate()
                    .fold(self.nu[k], |p, (j, &l)| p * if cell >> j & 1 == 1 { l } else { 1.0 - l });
            }
            if self.weights.iter().sum::<f64>() <= 0.0 {
                self.weights.copy_from_slice(&self.nu);
            }
            self.drawn.fill(0);
            self.random.multinomial(count, &self.weights, &mut self.drawn);
            for (k, &d) in self.drawn.iter().enumerate().filter(|(_, d)| **d > 0) {
                self.in_class[k] += d;
                for j in (0..self.lists).filter(|j| cell >> j & 1 == 1) {
                    self.on_list[k * self.lists + j] += d;
                }
            }
        }
    }

    fn draw_visibility(&mut self) {
        for k in 0..self.classes {
            let total = self.in_class[k];
            for j in 0..self.lists {
                let slot = k * self.lists + j;
                let on = self.on_list[slot];
                self.lambda[slot] = if total == 0 {
                    self.random.uniform()
                } else {
                    self.random.beta(1.0 + on as f64, 1.0 + (total - on) as f64)
                };
            }
        }
    }

    fn draw_weights(&mut self) {
        let mut rest = self.in_class.iter().sum::<u64>() as f64;
        let mut ln_left = 0.0;
        for k in 0..self.classes - 1 {
            let own = self.in_class[k] as f64;
            rest -= own;
            let a = self.random.ln_gamma_variate(1.0 + own);
            let b = self.random.ln_gamma_variate(self.alpha + rest.max(0.0));
            let top = a.max(b);
            let ln_sum = top + ((a - top).exp() + (b - top).exp()).ln();
            self.nu[k] = (a - ln_sum + ln_left).exp();
            ln_left += b - ln_sum;
        }
        self.ln_last_nu = ln_left;
        self.nu[self.classes - 1] = ln_left.exp();
    }

    /// How many units no list holds, and of which classes they are.
    fn draw_unseen(&mut self) {
        let mut none = 0.0;
        for (k, weight) in self.weights.iter_mut().enumerate() {
            let chances = &self.lambda[k * self.lists..(k + 1) * self.lists];
            *weight = chances.iter().fold(self.nu[k], |p, l| p * (1.0 - l));
            none += *weight;
        }
        let none = none.min(1.0 - 1e-12);
        for _ in 0..MOST_REDRAWS {
            self.unseen = self.random.negative_binomial(1.0 - none, self.seen);
            if self.unseen <= self.most_unseen {
                break;
            }
        }
        self.unseen = self.unseen.min(self.most_unseen);
        self.unseen_in_class.fill(0);
        self.random.multinomial(self.unseen, &self.weights, &mut self.unseen_in_class);
    }

    fn draw_alpha(&mut self, options: &GibbsOptions) {
        let rate = options.rate - self.ln_last_nu;
        self.alpha = self.random.gamma(options.shape + self.classes as f64 - 1.0) / rate;
    }

    /// Heaviest class first, which is what the stick-breaking prior expects.
    fn order_classes(&mut self) {
        let mut order: Vec<usize> = (0..self.classes).collect();
        order.sort_by(|&a, &b| self.nu[b].total_cmp(&self.nu[a]));
        self.nu = order.iter().map(|&k| self.nu[k]).collect();
        let lambda = &self.lambda;
        let t = self.lists;
        self.lambda = order.iter().flat_map(|&k| lambda[k * t..(k + 1) * t].iter().copied()).collect();
        self.unseen_in_class = order.iter().map(|&k| self.unseen_in_class[k]).collect();
        self.ln_last_nu = self.nu[self.classes - 1].max(f64::MIN_POSITIVE).ln();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_draws_on_any_number_of_threads() {
        let table =
            CaptureTable::from_cells(&["a", "b", "c"], &[(1, 40), (2, 30), (4, 50), (3, 20), (5, 9), (7, 8)])
                .unwrap();
        let options =
            GibbsOptions { chains: 3, first_steps: 80, most_steps: 160, thin: 2, ..GibbsOptions::default() };
        let one = sample(&table, &options, 5, 1).unwrap();
        assert_eq!(one, sample(&table, &options, 5, 3).unwrap());
        assert_ne!(one, sample(&table, &options, 6, 3).unwrap());
        assert!(one.median > 157.0 && one.median < 600.0);
        let near = sample(&table, &GibbsOptions { reach: 1, ..options }, 5, 1).unwrap();
        assert!(near.high <= 2.0 * 157.0, "the prior ends at twice those seen");
    }

    #[test]
    fn r_hat_of_chains_that_disagree() {
        let near: Vec<Vec<f64>> =
            (0..2).map(|_| (1..=50).map(|i| 100.0 + f64::from(i % 7)).collect()).collect();
        assert!(r_hat(&near) < 1.01);
        let far = vec![near[0].clone(), near[0].iter().map(|x| x * 3.0).collect()];
        assert!(r_hat(&far) > 2.0);
        let rising: Vec<Vec<f64>> = (0..2).map(|_| (1..=50).map(f64::from).collect()).collect();
        assert!(r_hat(&rising) < 1.01 && split_r_hat(&rising) > 1.5, "both wander, and alike");
    }
}
