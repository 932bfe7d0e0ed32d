//! One table taken through every method and every check: what is printed, and whether a number may be.

use crate::honesty::consistency::{self, ConsistencyRow, Premises};
use crate::honesty::refusal::{after_fitting, before_fitting, below_floor};
use crate::honesty::sensitivity::{self, ByOdds, ImpliedOverlap, Variant};
use crate::honesty::wording::{decimal, shown_high, shown_low, tame, whole};
use crate::honesty::{Check, Language, Refusal, Text, checks, french};
use crate::methods::Estimate;
use crate::methods::bootstrap::{BootstrapOptions, bca};
use crate::methods::latent::{GibbsOptions, LatentPosterior, sample};
use crate::methods::leavers::{Dates, Lowest, SLOWEST_HALF_LIFE, Timing, timing};
use crate::methods::pairs::{Pair, pairs};
use crate::methods::recommend::{self, Fast, Recommended, fast, lowest_of, recommend, recommend_above};
use crate::numeric::special::median;
use crate::options::Level;
use crate::table::CaptureTable;
use crate::table::frequencies::Frequencies;
use std::collections::BTreeMap;

/// What is known of the table beside its counts.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// What one row is: URL, address, host, organisation.
    pub unit: Option<String>,
    /// The level, when the units come from linked lists.
    pub level: Option<Level>,
    /// Which units, where and when, in words.
    pub population: Option<String>,
    /// Per list, its dates.
    pub windows: Vec<(String, String)>,
    /// Per list, rows, duplicates and rows that could not be placed.
    pub list_notes: Vec<Text>,
    /// Lists that say they come from another list.
    pub derived: Vec<String>,
    /// Share of true links that the linkage missed.
    pub missed_links: Option<f64>,
    /// When lists saw their units, and how fast these leave.
    pub dates: Dates,
    /// Days between the middles of the earliest and the latest window among the lists that have one.
    pub days_apart: Option<f64>,
    /// Lists without a date: with any, `days_apart` is the least that all of them may be apart.
    pub undated: usize,
    /// Public claims of N.
    pub claims: Vec<f64>,
    /// A reason to refuse that comes from the lists, not from the counts.
    pub refusal: Option<Refusal>,
    /// The lists were linked, and nothing tells how many links were missed.
    pub linkage_unknown: bool,
    /// Expected share of the links made by likeness that are false.
    pub false_links: Option<f64>,
    /// Share of links that blocking never proposed, on a sample.
    pub blocking_loss: Option<f64>,
    /// By chance at which a link is made: units seen, and the middle, if there is one.
    pub thresholds: Vec<(f64, u64, Option<f64>)>,
    /// What can be said where no total can be: floors, overlaps to compare.
    pub said: Vec<Text>,
    /// How often one list saw its units, when that is all that is known.
    pub frequencies: Option<Frequencies>,
    /// The sentence that may be quoted, when the counts alone do not make it.
    pub sentence: Option<Text>,
}

/// How much to compute.
#[derive(Clone, Debug)]
pub struct Effort {
    /// Seed of everything random.
    pub seed: u64,
    /// Threads; the answer does not depend on them.
    pub threads: usize,
    /// Latent classes; `None` leaves them out.
    pub gibbs: Option<GibbsOptions>,
    /// Bootstrap replicates; `None` is the published number, 0 leaves it out.
    pub replicates: Option<usize>,
    /// The odds ratio folded into the upper end.
    pub odds: f64,
}

impl Default for Effort {
    fn default() -> Self {
        let gibbs = Some(GibbsOptions::default());
        Self { seed: 1234, threads: 1, gibbs, replicates: None, odds: recommend::DEFAULT_ODDS }
    }
}

/// A stratum on its own.
#[derive(Clone, Debug)]
pub struct Stratum {
    /// Its name.
    pub name: String,
    /// Units seen.
    pub seen: u64,
    /// The interval, unless it is refused.
    pub recommended: Option<Recommended>,
}

/// Everything that is known after the work.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// The table.
    pub table: CaptureTable,
    /// Pairs of lists.
    pub pairs: Vec<Pair>,
    /// The fast methods; absent when nothing can be fitted.
    pub fast: Option<Fast>,
    /// Latent classes.
    pub latent: Option<LatentPosterior>,
    /// Every estimate, in the order of printing.
    pub estimates: Vec<Estimate>,
    /// The interval to use; absent when refused.
    pub recommended: Option<Recommended>,
    /// The interval that was computed and is withheld by the refusal.
    pub withheld: Option<Recommended>,
    /// The lower end, and which lists it leaves out; absent when nothing can be fitted.
    pub lowest: Option<Lowest>,
    /// Why there is no interval.
    pub refused: Option<Refusal>,
    /// Each list counted through the others.
    pub consistency: Vec<ConsistencyRow>,
    /// Lists left out or merged.
    pub variants: Vec<Variant>,
    /// N by odds ratio between two named lists.
    pub by_odds: Option<ByOdds>,
    /// Public claims as overlaps.
    pub implied: Vec<ImpliedOverlap>,
    /// Strata on their own.
    pub strata: Vec<Stratum>,
    /// The twelve checks.
    pub checks: Vec<Check>,
}

/// Takes a table through everything.
pub fn analyze(
    table: &CaptureTable,
    strata: &BTreeMap<String, CaptureTable>,
    context: &Context,
    effort: &Effort,
) -> Analysis {
    let table = table.without_empty_lists().unwrap_or_else(|| table.clone());
    let pairs = pairs(&table);
    let implied = sensitivity::implied(&table, &pairs, &context.claims);
    let mut analysis = Analysis {
        by_odds: sensitivity::by_odds(&table, &pairs),
        pairs,
        fast: None,
        latent: None,
        estimates: Vec::new(),
        recommended: None,
        withheld: None,
        lowest: None,
        refused: context.refusal.clone().or_else(|| before_fitting(&table)),
        consistency: Vec::new(),
        variants: Vec::new(),
        implied,
        strata: Vec::new(),
        checks: Vec::new(),
        table,
    };
    let nothing_shared = analysis.pairs.iter().all(|p| p.overlap == 0);
    if analysis.table.width() >= 2 && !nothing_shared {
        fit(&mut analysis, context, effort);
        analysis.strata = strata.iter().map(|(name, t)| stratum(name, t, context, effort)).collect();
    }
    analysis.checks = checks::all(&analysis, context);
    analysis
}

/// One list that saw its units several times: a bound, curves, and a refusal when a curve falls below those seen.
pub fn analyze_frequencies(frequencies: &Frequencies, context: &Context, effort: &Effort) -> Analysis {
    let seen = frequencies.seen();
    let table = CaptureTable::from_cells(&["the list"], &[(1, seen)]).unwrap_or_else(CaptureTable::of_nobody);
    let mut analysis = analyze(&table, &BTreeMap::new(), context, effort);
    let estimates = frequencies.estimates();
    analysis.refused = below_floor(&estimates, seen);
    analysis.estimates = estimates.into_iter().filter(|e| e.estimate >= seen as f64).collect();
    let floor = seen as f64;
    let bound = analysis.estimates.iter().find(|e| e.low.is_some());
    let low = bound.and_then(|e| e.low).unwrap_or(floor);
    let ends: Vec<f64> = analysis.estimates.iter().map(|e| e.high.unwrap_or(e.estimate)).collect();
    let middles: Vec<f64> = analysis.estimates.iter().map(|e| e.estimate).collect();
    let interval = median(&middles).filter(|_| bound.is_some()).map(|middle| {
        let nominal_high = ends.iter().copied().fold(low, f64::max);
        let high = floor + effort.odds.max(1.0) * (nominal_high - floor);
        Recommended { estimate: middle.clamp(low, high), low, high, nominal_high }
    });
    if analysis.refused.is_none() && interval.is_none() {
        analysis.refused = Some(Refusal::NoUpperEnd { ratio: None });
    }
    if analysis.refused.is_some() {
        analysis.withheld = interval;
    } else {
        analysis.recommended = interval;
    }
    analysis.checks = checks::all(&analysis, context);
    analysis
}

fn fit(analysis: &mut Analysis, context: &Context, effort: &Effort) {
    let table = analysis.table.clone();
    let fits = fast(&table, effort.threads);
    let missed = context.missed_links.unwrap_or(0.0);
    let lowest = lowest_of(&table, &fits, &context.dates);
    let recommended = recommend_above(lowest.low, table.seen(), &fits, effort.odds)
        .map(|r| r.allowing_for_missed_links(missed, table.seen()));
    analysis.estimates = recommend::estimates(&fits);
    analysis.estimates.extend(bootstrap_row(&table, &fits, effort));
    if let Some(gibbs) = effort.gibbs.filter(|_| table.width() >= 3) {
        analysis.latent = sample(&table, &gibbs, effort.seed, effort.threads);
        analysis.estimates.extend(analysis.latent.as_ref().map(latent_row));
    }
    analysis.estimates.extend(chapman_rows(&table, &analysis.pairs));
    if analysis.refused.is_none() {
        // What the lists are comes before what was computed from them.
        analysis.refused = not_closed(context)
            .or_else(|| after_fitting(&table, &fits, analysis.latent.as_ref(), recommended.as_ref()))
            .or_else(|| context.linkage_unknown.then_some(Refusal::LinkageUnknown));
    }
    let premises = Premises { odds: effort.odds, dates: &context.dates, threads: effort.threads };
    analysis.consistency = consistency::rows(&table, premises);
    analysis.lowest = Some(lowest.allowing_for_missed_links(missed, table.seen()));
    analysis.variants = sensitivity::variants(&table, effort.threads);
    analysis.fast = Some(fits);
    if analysis.refused.is_some() {
        analysis.withheld = recommended;
    } else {
        analysis.recommended = recommended;
    }
}

fn not_closed(context: &Context) -> Option<Refusal> {
    if context.dates.together {
        return None;
    }
    let days = context.days_apart?;
    let half_life = context.dates.half_life.unwrap_or(SLOWEST_HALF_LIFE);
    let measured = context.dates.half_life.is_none();
    (days > half_life / 4.0).then_some(Refusal::NotClosed { days, half_life, measured })
}

fn bootstrap_row(table: &CaptureTable, fits: &Fast, effort: &Effort) -> Option<Estimate> {
    let mut options = BootstrapOptions::standard(table.width(), effort.seed);
    options.replicates = effort.replicates.unwrap_or(options.replicates);
    if options.replicates == 0 || !(3..=5).contains(&table.width()) {
        return None;
    }
    let interval = bca(table, &fits.span, options, effort.threads)?;
    let model = fits.span.best_bic().map(|f| f.model.to_string()).unwrap_or_default();
    Some(Estimate {
        method: "MSE BIC-BCa".to_owned(),
        estimate: interval.estimate,
        low: Some(interval.low.max(table.seen() as f64)),
        high: Some(interval.high),
        note: Text::new(
            format!(
                "{model} has the best BIC over all hierarchical models; chosen again in each of {} bootstrap samples, the same in {:.0}%",
                interval.usable,
                interval.same_model * 100.0
            ),
            format!(
                "{model} a le meilleur BIC de tous les modèles hiérarchiques ; choisi à nouveau dans chacun des {} rééchantillons, le même dans {:.0} %",
                interval.usable,
                interval.same_model * 100.0
            ),
        ),
    })
}

fn latent_row(latent: &LatentPosterior) -> Estimate {
    Estimate {
        method: "LCMCR K10".to_owned(),
        estimate: latent.median,
        low: Some(latent.low),
        high: Some(latent.high),
        note: latent_note(latent),
    }
}

fn latent_note(latent: &LatentPosterior) -> Text {
    let (chains, steps) = (latent.chain_medians.len(), latent.steps);
    let (mut en, mut fr) = (
        format!("posterior median over {chains} chains of {steps} steps, R-hat {:.3}", latent.r_hat),
        format!(
            "médiane a posteriori de {chains} chaînes de {steps} pas, R-chapeau {}",
            decimal(latent.r_hat, 3, Language::French)
        ),
    );
    if latent.near_reach > 0.01 {
        en.push_str("; its upper end is set by where the prior ends, not by the data");
        fr.push_str(" ; son extrémité haute est fixée par la fin de la loi a priori, non par les données");
    }
    Text::new(en, fr)
}

/// Chapman's estimate of every pair whose lists alone do not fall below the floor.
fn chapman_rows(table: &CaptureTable, pairs: &[Pair]) -> Vec<Estimate> {
    let floor = table.seen() as f64;
    pairs
        .iter()
        .filter(|p| p.overlap > 0 && p.chapman.estimate >= floor)
        .map(|p| Estimate {
            method: format!("Chapman[{}+{}]", table.lists()[p.first], table.lists()[p.second]),
            estimate: p.chapman.estimate,
            low: Some(p.chapman.low.max(floor)),
            high: Some(p.chapman.high),
            note: Text::new(
                format!(
                    "two lists of {} and {} sharing {}, taken as independent",
                    p.first_size, p.second_size, p.overlap
                ),
                format!(
                    "deux listes de {} et {} en partageant {}, supposées indépendantes",
                    p.first_size, p.second_size, p.overlap
                ),
            ),
        })
        .collect()
}

fn stratum(name: &str, table: &CaptureTable, context: &Context, effort: &Effort) -> Stratum {
    let seen = table.seen();
    let recommended = table.without_empty_lists().filter(|t| before_fitting(t).is_none()).and_then(|t| {
        let fits = fast(&t, effort.threads);
        let interval = recommend(&t, &fits, effort.odds, &context.dates);
        if after_fitting(&t, &fits, None, interval.as_ref()).is_some() { None } else { interval }
    });
    Stratum { name: name.to_owned(), seen, recommended }
}

/// What is counted, in the plural, in both languages.
pub fn units(context: &Context) -> (String, String) {
    match (context.level, context.unit.as_deref()) {
        (Some(level), _) => {
            let (en, fr) = level.plural();
            (en.to_owned(), fr.to_owned())
        }
        (None, Some(unit)) => (tame(unit), french::unit(unit)),
        (None, None) => ("units".to_owned(), "unités".to_owned()),
    }
}

impl Analysis {
    /// The sum over strata; `None` when one of them has no interval. Ends are added, as if strata erred together.
    pub fn strata_total(&self) -> Option<(f64, f64, f64)> {
        let each: Option<Vec<&Recommended>> = self.strata.iter().map(|s| s.recommended.as_ref()).collect();
        let each = each.filter(|e| !e.is_empty())?;
        Some(each.iter().fold((0.0, 0.0, 0.0), |(m, l, h), r| (m + r.estimate, l + r.low, h + r.high)))
    }

    /// The lower end that is stood by: of Chao's bound, over the lists that may be trusted to have seen those left, or the floor.
    pub fn safe_low(&self) -> f64 {
        let bound = self.lowest.as_ref().map(|l| l.low);
        let repeated = self.estimates.iter().find(|e| e.method.starts_with("Chao ")).and_then(|e| e.low);
        bound.or(repeated).unwrap_or(0.0).max(self.table.seen() as f64)
    }

    /// What the lower end supposes of those who left between two lists.
    fn who_left(&self, context: &Context) -> Text {
        if context.frequencies.is_some() {
            return Text::new("", "");
        }
        match (timing(&self.table, &context.dates), self.table.width()) {
            (Timing::Together, _) => {
                Text::new(" and nobody left between them", " et si rien n'a disparu entre elles")
            }
            (Timing::Unknown | Timing::Apart, ..=2) => Text::new(
                " and nobody on one list was cleaned up before the other",
                " et si rien de ce que nomme l'une n'a été nettoyé avant l'autre",
            ),
            (Timing::Unknown, _) => Text::new(
                ", even if those on one list were cleaned up before the others",
                ", même si ce que nomme une liste a été nettoyé avant les autres",
            ),
            (Timing::Apart, _) => Text::new(
                ", even if those on the earlier lists were cleaned up before the later ones",
                ", même si ce que nomment les premières listes a été nettoyé avant les suivantes",
            ),
        }
    }

    /// One sentence that can be quoted without lying.
    pub fn sentence(&self, context: &Context) -> Text {
        if let Some(sentence) = &context.sentence {
            return sentence.clone();
        }
        let seen = self.table.seen();
        let (unit, unit_fr) = units(context);
        let of = context.population.as_deref().map(|p| format!(" ({})", tame(p))).unwrap_or_default();
        let lists = self.table.width();
        let n = (whole(seen as f64, Language::English), whole(seen as f64, Language::French));
        let Some(r) = &self.recommended else {
            let reason =
                self.refused.as_ref().map_or_else(|| Text::new("no data", "pas de données"), Refusal::text);
            let (over, over_fr) = if lists == 1 {
                (String::new(), String::new())
            } else {
                (format!(" over {lists} lists"), format!(" sur {lists} listes"))
            };
            return Text::new(
                format!(
                    "At least {} {unit} were seen{of}{over}; how many there are in all is not estimated, because {}.",
                    n.0, reason.en
                ),
                format!(
                    "On a vu au moins {} {unit_fr}{of}{over_fr} ; le total n'est pas estimé, car {}.",
                    n.1, reason.fr
                ),
            );
        };
        let high = (shown_high(r.high, seen, Language::English), shown_high(r.high, seen, Language::French));
        let (basis, basis_fr) = if context.frequencies.is_some() {
            (
                "how often one list saw the same ones".to_owned(),
                "le nombre de fois où une liste a revu les mêmes".to_owned(),
            )
        } else if lists == 2 {
            (
                "two lists taken as independent, which cannot be tested".to_owned(),
                "deux listes supposées indépendantes, ce qu'on ne peut éprouver".to_owned(),
            )
        } else {
            let models = self.fast.as_ref().map_or(0, |f| f.span.models.len());
            (format!("{models} models of {lists} lists"), format!("{models} modèles de {lists} listes"))
        };
        let low = (shown_low(r.low, seen, Language::English), shown_low(r.low, seen, Language::French));
        let leaving = self.who_left(context);
        Text::new(
            format!(
                "At least {} {unit} were seen{of}; there are at least {} (95%) if lists tend to miss the same ones{}, and between {} and {} by {basis}, allowing for a twofold dependence that no data can show.",
                n.0, low.0, leaving.en, low.0, high.0
            ),
            format!(
                "On a vu au moins {} {unit_fr}{of} ; il y en a au moins {} (95 %) si les listes tendent à manquer les mêmes{}, et entre {} et {} d'après {basis_fr}, en admettant une dépendance du simple au double qu'aucune donnée ne peut montrer.",
                n.1, low.1, leaving.fr, low.1, high.1
            ),
        )
    }
}
