//! The interval that we stand by: low where the data force it, high where a plausible dependence would put it.
//!
//! Measured on lists whose truth is known (docs/estimate.md): nominal intervals of single methods held the truth in four
//! to six of ten cases, and nearly every miss was an upper end too low. So the lower end is that of Chao's bound, never
//! of a chosen model; the upper end is the largest of three methods that fail for different reasons, with the unseen
//! multiplied by the odds ratio that no data can rule out. Who left between the lists is in [`super::leavers`].

use super::decomposable::{GraphOptions, GraphPosterior, MAX_LISTS, average};
use super::leavers::{Dates, Lowest, lowest};
use super::pairs::{Pair, pairs};
use super::{Estimate, chao};
use crate::honesty::wording::{decimal, tame};
use crate::honesty::{Language, Text};
use crate::loglinear::{Fitted, Hierarchy, Profile, Span, fit_all, fit_stepwise, search_space};
use crate::numeric::special::median;
use crate::table::CaptureTable;

/// How many times more likely than under the model a unit may be to stay unseen, by default.
pub const DEFAULT_ODDS: f64 = 2.0;

/// What the fast methods say of a table: enough for the interval, without sampling.
#[derive(Clone, Debug)]
pub struct Fast {
    /// All models looked at.
    pub span: Span,
    /// Independence.
    pub independence: Option<(Fitted, Option<Profile>)>,
    /// Chao's bound.
    pub bound: Option<chao::Bound>,
    /// The BIC choice among models with pairs only, as most programs make it.
    pub bic: Option<(Fitted, Option<Profile>)>,
    /// The AIC choice among the same.
    pub aic: Option<(Fitted, Option<Profile>)>,
    /// Average over graphs; with more lists than it can take, over the lists merged to as many.
    pub graphs: Option<GraphPosterior>,
    /// The table with the most dependent lists taken as one, when there are more than [`MAX_LISTS`].
    pub merged: Option<CaptureTable>,
}

/// The table with lists merged until [`MAX_LISTS`] are left: always the two that agree most beyond chance.
///
/// Taking two lists as one loses no unit and no truth, only a view of how they depend; the two that depend most on
/// each other have the least to say as two.
pub fn merge_to_few(table: &CaptureTable) -> Option<CaptureTable> {
    let mut table = table.without_empty_lists()?;
    while table.width() > MAX_LISTS {
        let together = pairs(&table).into_iter().max_by(|a, b| {
            excess(a).total_cmp(&excess(b)).then_with(|| (b.first, b.second).cmp(&(a.first, a.second)))
        })?;
        table = table.merged(together.first, together.second)?;
    }
    Some(table)
}

/// How much larger an overlap is than the sizes of two lists make likely, whatever N is.
fn excess(pair: &Pair) -> f64 {
    pair.overlap as f64 / (pair.first_size as f64 * pair.second_size as f64).max(1.0)
}

/// The recommended interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Recommended {
    /// The middle of the methods.
    pub estimate: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end with the dependence folded in.
    pub high: f64,
    /// Upper end before that.
    pub nominal_high: f64,
}

/// Runs the fast methods.
pub fn fast(table: &CaptureTable, threads: usize) -> Fast {
    let span = match search_space(table.width()) {
        Some(space) => fit_all(table, &space, threads),
        None => fit_stepwise(table, threads),
    };
    let simple = span.up_to_order(2);
    let with_profile = |f: &Fitted| (f.clone(), f.profile(table).ok());
    let independent = Hierarchy::independence(table.width());
    let merged = (table.width() > MAX_LISTS).then(|| merge_to_few(table)).flatten();
    Fast {
        independence: span.models.iter().find(|f| f.model == independent).map(with_profile),
        bound: chao::lower_bound(table).ok(),
        bic: simple.best_bic().map(with_profile),
        aic: simple.best_aic().map(with_profile),
        graphs: average(merged.as_ref().unwrap_or(table), &GraphOptions::standard(table.seen())),
        merged,
        span,
    }
}

/// The lower end that is stood by, whoever left between the lists.
pub fn lowest_of(table: &CaptureTable, fast: &Fast, dates: &Dates) -> Lowest {
    lowest(table, fast.bound.as_ref().map(|b| &b.profile), dates)
}

/// The interval of a table; `None` when no method gives an upper end.
pub fn recommend(table: &CaptureTable, fast: &Fast, odds: f64, dates: &Dates) -> Option<Recommended> {
    recommend_above(lowest_of(table, fast, dates).low, table.seen(), fast, odds)
}

/// The interval above a lower end that is known already.
pub fn recommend_above(low: f64, seen: u64, fast: &Fast, odds: f64) -> Option<Recommended> {
    let seen = seen as f64;
    let bound = fast.bound.as_ref().map(|b| &b.profile);
    let choice = fast.bic.as_ref().and_then(|(_, profile)| profile.as_ref());
    let mut ends = Vec::new();
    ends.push(fast.graphs.as_ref()?.high);
    for profile in [bound, choice].into_iter().flatten() {
        ends.push(profile.interval.high?);
    }
    let nominal_high = ends.into_iter().fold(low, f64::max);
    let middle: Vec<f64> = [
        bound.map(|p| p.estimate),
        choice.map(|p| p.estimate),
        fast.span.best_bic().map(|f| f.estimate),
        fast.graphs.as_ref().map(|g| g.median),
    ]
    .into_iter()
    .flatten()
    .collect();
    let high = seen + odds.max(1.0) * (nominal_high - seen);
    Some(Recommended { estimate: median(&middle)?.clamp(low, high), low, high, nominal_high })
}

impl Recommended {
    /// Missed links make one unit look like two: the lower end gives way by their share, the upper end stays.
    pub fn allowing_for_missed_links(self, missed: f64, floor: u64) -> Self {
        let low = (self.low * (1.0 - missed)).max(floor as f64);
        Self { low, ..self }
    }
}

/// The fast methods in the common form, in the order in which they are printed.
pub fn estimates(fast: &Fast) -> Vec<Estimate> {
    let mut rows = Vec::new();
    rows.extend(fast.independence.as_ref().map(|f| {
        of_fit(
            "Mt independence",
            f,
            (
                "all lists independent, all units alike",
                "listes toutes indépendantes, unités toutes semblables",
            ),
        )
    }));
    rows.extend(fast.bound.as_ref().map(chao::as_estimate));
    rows.extend(fast.bic.as_ref().map(|f| {
        of_fit(
            "log-linear BIC",
            f,
            ("best BIC among models with pairs", "meilleur BIC parmi les modèles à paires"),
        )
    }));
    rows.extend(fast.aic.as_ref().map(|f| {
        of_fit(
            "log-linear AIC",
            f,
            ("best AIC among models with pairs", "meilleur AIC parmi les modèles à paires"),
        )
    }));
    for (method, span) in
        [("all models order<=2 range", fast.span.up_to_order(2)), ("all models range", fast.span.clone())]
    {
        // With two lists there is one model: its range would say its estimate again.
        rows.extend(span.range().filter(|_| span.models.len() > 1).map(|(low, middle, high)| Estimate {
            method: method.to_owned(),
            estimate: middle,
            low: Some(low),
            high: Some(high),
            note: Text::new(
                format!("smallest, middle and largest over {} models; not an interval", span.models.len()),
                format!(
                    "le plus petit, le médian et le plus grand de {} modèles ; pas un intervalle",
                    span.models.len()
                ),
            ),
        }));
    }
    rows.extend(fast.graphs.as_ref().map(|g| Estimate {
        method: "dga BMA".to_owned(),
        estimate: g.median,
        low: Some(g.low),
        high: Some(g.high),
        note: graph_note(g, fast.merged.as_ref()),
    }));
    rows
}

fn graph_note(g: &GraphPosterior, merged: Option<&CaptureTable>) -> Text {
    let (mut en, mut fr) = (
        format!(
            "posterior median over {} decomposable graphs, the best with weight {:.2}",
            g.graphs, g.top_weight
        ),
        format!(
            "médiane a posteriori de {} graphes décomposables, le meilleur de poids {}",
            g.graphs,
            decimal(g.top_weight, 2, Language::French)
        ),
    );
    if let Some(merged) = merged {
        let names: Vec<String> = merged.lists().iter().map(|l| tame(l)).collect();
        en = format!("{en}; over five lists after merging: {}", names.join(", "));
        fr = format!("{fr} ; sur cinq listes après fusion : {}", names.join(", "));
    }
    Text::new(en, fr)
}

fn of_fit(method: &str, (fitted, profile): &(Fitted, Option<Profile>), (en, fr): (&str, &str)) -> Estimate {
    let told = |language| {
        let number = |x: f64| decimal(x, 3, language);
        (number(fitted.aic), number(fitted.bic), profile.map(|p| number(p.estimate)))
    };
    let (aic, bic, multinomial) = told(Language::English);
    let multinomial = multinomial.map(|m| format!("; multinomial estimate {m}")).unwrap_or_default();
    let en = format!(
        "{} {en}; AIC {aic}, BIC {bic}, {} degrees of freedom{multinomial}",
        fitted.model, fitted.freedom
    );
    let (aic, bic, multinomial) = told(Language::French);
    let multinomial = multinomial.map(|m| format!(" ; estimation multinomiale {m}")).unwrap_or_default();
    let fr = format!(
        "{} {fr} ; AIC {aic}, BIC {bic}, {} degrés de liberté{multinomial}",
        fitted.model, fitted.freedom
    );
    Estimate {
        method: method.to_owned(),
        estimate: fitted.estimate,
        low: profile.map(|p| p.interval.low),
        high: profile.and_then(|p| p.interval.high),
        note: Text::new(en, fr),
    }
}
