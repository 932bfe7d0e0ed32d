//! Averaging over decomposable graphs: which lists depend on which, weighed by how well each graph explains the table.
//!
//! Madigan and York 1997. With a hyper-Dirichlet prior the marginal likelihood of a graph is a ratio of gamma functions
//! over its cliques and separators, so the posterior of N is summed exactly over a grid; there is no sampling.

use crate::numeric::special::ln_gamma;
use crate::table::CaptureTable;

/// Most lists: 822 graphs with five lists, 18,154 with six.
pub const MAX_LISTS: usize = 5;

/// How the average is taken.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphOptions {
    /// Prior count a cell; `None` is 2 to the minus lists, the usual choice.
    pub delta: Option<f64>,
    /// Numbers of unseen units that are looked at, each at least 0.
    pub grid: Vec<f64>,
}

impl GraphOptions {
    /// A grid of about 8,000 numbers from 1 to 30 times those seen, with the prior 1/N.
    pub fn standard(seen: u64) -> Self {
        let step = (30 * seen / 8000).max(1);
        let last = 30 * seen;
        let grid = (0..=last / step).map(|i| 1 + i * step).filter(|&x| x <= last).map(|x| x as f64).collect();
        Self { delta: None, grid }
    }
}

/// The posterior of N.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphPosterior {
    /// Posterior median of N, on the grid.
    pub median: f64,
    /// 2.5 % point.
    pub low: f64,
    /// 97.5 % point.
    pub high: f64,
    /// Posterior mean.
    pub mean: f64,
    /// Most probable N.
    pub mode: f64,
    /// Number of graphs.
    pub graphs: usize,
    /// Weight of the most probable graph.
    pub top_weight: f64,
    /// Posterior mass of the last number on the grid: large when the grid cuts the posterior off.
    pub mass_at_end: f64,
}

/// A decomposable graph as sets of lists: cliques count once, separators minus once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    /// Maximal sets of lists that all depend on each other.
    pub cliques: Vec<usize>,
    /// What neighbouring cliques share; the empty set between unconnected parts.
    pub separators: Vec<usize>,
}

/// The posterior of N for a table of two to [`MAX_LISTS`] lists, with the prior 1/N.
pub fn average(table: &CaptureTable, options: &GraphOptions) -> Option<GraphPosterior> {
    average_with_prior(table, options, &|n| -n.ln())
}

/// The same with another prior: the logarithm of its density at N, up to a constant.
pub fn average_with_prior(
    table: &CaptureTable,
    options: &GraphOptions,
    ln_prior: &dyn Fn(f64) -> f64,
) -> Option<GraphPosterior> {
    let t = table.width();
    if !(2..=MAX_LISTS).contains(&t) || options.grid.is_empty() || table.seen() == 0 {
        return None;
    }
    let delta = options.delta.unwrap_or_else(|| 0.5_f64.powi(i32::try_from(t).unwrap_or(0)));
    let seen = table.seen() as f64;
    let parts: Vec<Vec<f64>> =
        (0..1_usize << t).map(|set| margin_terms(table, set, delta, &options.grid)).collect();
    let shared = shared_terms(seen, delta * (1_u64 << t) as f64, &options.grid, ln_prior);
    let graphs = decomposable_graphs(t);
    let rows: Vec<Vec<f64>> = graphs.iter().map(|g| graph_terms(g, &parts, &shared)).collect();
    Some(summarize(&rows, seen, &options.grid))
}

fn graph_terms(graph: &Graph, parts: &[Vec<f64>], shared: &[f64]) -> Vec<f64> {
    let mut row = shared.to_vec();
    for &clique in &graph.cliques {
        row.iter_mut().zip(&parts[clique]).for_each(|(r, v)| *r += v);
    }
    for &separator in &graph.separators {
        row.iter_mut().zip(&parts[separator]).for_each(|(r, v)| *r -= v);
    }
    row
}

/// Sum over the cells of a margin of ln Γ(count + prior) - ln Γ(prior), for each number unseen.
fn margin_terms(table: &CaptureTable, set: usize, delta: f64, grid: &[f64]) -> Vec<f64> {
    let lists: Vec<usize> = (0..table.width()).filter(|&i| set >> i & 1 == 1).collect();
    let cells = 1_usize << lists.len();
    let mut counts = vec![0_u64; cells];
    for (cell, &count) in table.counts().iter().enumerate() {
        let to: usize = lists.iter().enumerate().map(|(bit, &list)| (cell >> list & 1) << bit).sum();
        counts[to] += count;
    }
    let prior = delta * (1_u64 << (table.width() - lists.len())) as f64;
    let base = ln_gamma(prior);
    let fixed: f64 = counts[1..].iter().map(|&c| ln_gamma(c as f64 + prior) - base).sum();
    grid.iter().map(|&unseen| fixed + ln_gamma(counts[0] as f64 + unseen + prior) - base).collect()
}

/// The multinomial coefficient, the prior of N and the normalising constant of one Dirichlet.
fn shared_terms(seen: f64, total: f64, grid: &[f64], ln_prior: &dyn Fn(f64) -> f64) -> Vec<f64> {
    grid.iter()
        .map(|&unseen| {
            let n = seen + unseen;
            ln_gamma(n + 1.0) - ln_gamma(unseen + 1.0) + ln_gamma(total) - ln_gamma(n + total) + ln_prior(n)
        })
        .collect()
}

fn summarize(rows: &[Vec<f64>], seen: f64, grid: &[f64]) -> GraphPosterior {
    let top = rows.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut mass = vec![0.0; grid.len()];
    let mut weights = Vec::with_capacity(rows.len());
    for row in rows {
        let mut weight = 0.0;
        for (slot, &value) in mass.iter_mut().zip(row) {
            if value - top > -745.0 {
                let p = (value - top).exp();
                *slot += p;
                weight += p;
            }
        }
        weights.push(weight);
    }
    let total: f64 = mass.iter().sum();
    let at = |p: f64| {
        let mut sum = 0.0;
        let index = mass.iter().position(|m| {
            sum += m / total;
            sum > p
        });
        seen + grid[index.unwrap_or(grid.len() - 1)]
    };
    let mode =
        mass.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0))).map_or(0, |(i, _)| i);
    GraphPosterior {
        median: at(0.5),
        low: at(0.025),
        high: at(0.975),
        mean: seen + grid.iter().zip(&mass).map(|(g, m)| g * m / total).sum::<f64>(),
        mode: seen + grid[mode],
        graphs: rows.len(),
        top_weight: weights.iter().copied().fold(0.0, f64::max) / total,
        mass_at_end: mass.last().map_or(0.0, |m| m / total),
    }
}

/// Every decomposable (chordal) graph over `lists` labelled lists.
pub fn decomposable_graphs(lists: usize) -> Vec<Graph> {
    let pairs: Vec<(usize, usize)> = (0..lists).flat_map(|a| (a + 1..lists).map(move |b| (a, b))).collect();
    let mut graphs = Vec::new();
    for choice in 0..1_usize << pairs.len() {
        let mut neighbours = vec![0_usize; lists];
        for (i, &(a, b)) in pairs.iter().enumerate() {
            if choice >> i & 1 == 1 {
                neighbours[a] |= 1 << b;
                neighbours[b] |= 1 << a;
            }
        }
        graphs.extend(decompose(&neighbours));
    }
    graphs
}

/// Takes away lists whose neighbours all know each other; what is left over shows a graph that is not decomposable.
fn decompose(neighbours: &[usize]) -> Option<Graph> {
    let mut left = (1_usize << neighbours.len()) - 1;
    let mut candidates = Vec::new();
    while left != 0 {
        let next = (0..neighbours.len()).filter(|&v| left >> v & 1 == 1).find(|&v| {
            let around = neighbours[v] & left;
            (0..neighbours.len())
                .filter(|&u| around >> u & 1 == 1)
                .all(|u| (around & !(1 << u)) & !neighbours[u] == 0)
        })?;
        candidates.push((1 << next, neighbours[next] & left));
        left &= !(1 << next);
    }
    // Each list adds its clique and takes away what the clique shares with the rest; equal sets cancel.
    let mut cliques: Vec<usize> = candidates.iter().map(|(own, around)| own | around).collect();
    let mut separators: Vec<usize> = candidates.iter().map(|&(_, around)| around).collect();
    if let Some(place) = separators.iter().rposition(|&s| s == 0) {
        // The last list has nobody left around it: that is the end, not a separator.
        separators.remove(place);
    }
    separators.retain(|s| {
        let same = cliques.iter().position(|c| c == s);
        if let Some(place) = same {
            cliques.remove(place);
        }
        same.is_none()
    });
    Some(Graph { cliques, separators })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_graphs() {
        let numbers: Vec<usize> = (2..=5).map(|t| decomposable_graphs(t).len()).collect();
        assert_eq!(numbers, [2, 8, 61, 822]);
    }

    #[test]
    fn cliques_and_separators_of_a_chain() {
        let chain = decompose(&[0b010, 0b101, 0b010]).unwrap();
        assert_eq!((chain.cliques.len(), chain.separators), (2, vec![0b010]));
        let apart = decompose(&[0, 0]).unwrap();
        assert_eq!((apart.cliques, apart.separators), (vec![1, 2], vec![0]));
    }

    /// An example of dga's manual: spina bifida with 626 units (Madigan and York 1997), prior 1/N, 1 to 300 unseen.
    #[test]
    fn spina_bifida_of_the_manual() {
        let cells = [(4, 60), (2, 49), (6, 4), (1, 247), (5, 112), (3, 142), (7, 12)];
        let table = CaptureTable::from_cells(&["certificate", "death", "medical"], &cells).unwrap();
        assert_eq!(table.seen(), 626);
        let options = GraphOptions { delta: Some(1.0), grid: (1..=300).map(f64::from).collect() };
        let posterior = average(&table, &options).unwrap();
        assert!((posterior.mean - 733.7).abs() < 0.1, "{}", posterior.mean);
        assert_eq!((posterior.low, posterior.high, posterior.mode), (682.0, 798.0, 728.0));
    }
}
