//! When no number may be given, and why. A refusal still prints the floor, the bound and the checks.

use super::wording::{Text, percent};
use crate::loglinear::NoFit;
use crate::methods::latent::{LatentPosterior, MAX_R_HAT};
use crate::methods::pairs::{SMALL_OVERLAP, pairs};
use crate::methods::recommend::{Fast, Recommended};
use crate::table::CaptureTable;

/// An upper end above this many times those seen is no knowledge. (Proposed at 10; the published sets with a sound
/// answer reach 42, so it is tuned on them: see docs/estimate.md.)
pub const MAX_UPPER_RATIO: f64 = 100.0;

/// Why there is no estimate.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// Fewer than two independent lists with units.
    TooFewLists {
        /// Lists that are left.
        usable: usize,
    },
    /// Only totals: which units the lists share is not known.
    OnlyTotals,
    /// Lists name different things and nothing says which belongs to which.
    MixedUnits {
        /// What each list names.
        units: Vec<String>,
    },
    /// No unit is on two lists.
    NoOverlap,
    /// Two lists with too small an overlap.
    SmallOverlap {
        /// Units on both.
        overlap: u64,
    },
    /// The model that explains the table best has no estimate.
    NoMaximum {
        /// In the usual notation.
        model: String,
        /// Which condition fails.
        why: NoFit,
    },
    /// Three lists, and the data ask for every pair: nothing is left to test the answer with.
    SaturatedPairs,
    /// Chains of the latent-class sampler settle at different numbers.
    ChainsDisagree {
        /// Gelman and Rubin's statistic.
        r_hat: f64,
        /// Smallest and largest median of a chain.
        medians: (f64, f64),
    },
    /// No upper end, or one beyond use.
    NoUpperEnd {
        /// Upper end over those seen; `None` when there is none at all.
        ratio: Option<f64>,
    },
    /// An estimate below those seen, or negative.
    BelowFloor {
        /// Which method said so.
        method: String,
        /// What it said.
        estimate: f64,
    },
    /// Dates too far apart for one population.
    NotClosed {
        /// Days between the windows.
        days: f64,
        /// Days in which half the units leave.
        half_life: f64,
    },
}

impl Refusal {
    /// A short name that programs may rely on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooFewLists { .. } => "too_few_lists",
            Self::OnlyTotals => "only_totals",
            Self::MixedUnits { .. } => "mixed_units",
            Self::NoOverlap => "no_overlap",
            Self::SmallOverlap { .. } => "small_overlap",
            Self::NoMaximum { .. } => "no_maximum_likelihood_estimate",
            Self::SaturatedPairs => "saturated_pairs",
            Self::ChainsDisagree { .. } => "chains_disagree",
            Self::NoUpperEnd { .. } => "no_upper_end",
            Self::BelowFloor { .. } => "below_floor",
            Self::NotClosed { .. } => "not_closed",
        }
    }

    /// The reason in words.
    pub fn text(&self) -> Text {
        match self {
            Self::TooFewLists { usable } => Text::new(
                format!(
                    "an estimate needs at least two independent lists; there {} {usable}",
                    if *usable == 1 { "is" } else { "are" }
                ),
                format!("une estimation demande au moins deux listes indépendantes ; il y en a {usable}"),
            ),
            Self::OnlyTotals => Text::new(
                "only totals are known, not which units the lists share: no estimate can be made of totals",
                "seuls les totaux sont connus, pas les unités communes aux listes : on ne peut rien estimer à partir de totaux",
            ),
            Self::MixedUnits { units } => Text::new(
                format!(
                    "the lists name different things ({}) and nothing says which belongs to which",
                    units.join(", ")
                ),
                format!(
                    "les listes ne nomment pas la même chose ({}) et rien ne dit ce qui va avec quoi",
                    units.join(", ")
                ),
            ),
            Self::NoOverlap => Text::new(
                "no unit is on two lists: the number unseen could be anything",
                "aucune unité n'est sur deux listes : le nombre d'absents peut être quelconque",
            ),
            Self::SmallOverlap { overlap } => Text::new(
                format!(
                    "the two lists share only {overlap} units (fewer than {SMALL_OVERLAP}): a lower bound only"
                ),
                format!(
                    "les deux listes n'ont que {overlap} unités en commun (moins de {SMALL_OVERLAP}) : une borne inférieure seulement"
                ),
            ),
            Self::NoMaximum { model, why } => {
                let fr = match why {
                    NoFit::NotExisting => "l'estimation du maximum de vraisemblance n'existe pas",
                    NoFit::NotIdentifiable => "le modèle n'est pas identifiable",
                    NoFit::NotConverged => "l'ajustement ne converge pas",
                };
                Text::new(
                    format!("{} for {model}, the model that explains the table best", why.reason()),
                    format!("{fr} pour {model}, le modèle qui explique le mieux le tableau"),
                )
            }
            Self::SaturatedPairs => Text::new(
                "three lists, and the data ask for a dependence between every pair: no degree of freedom is left to test the answer",
                "trois listes, et les données demandent une dépendance entre chaque paire : aucun degré de liberté ne reste pour éprouver la réponse",
            ),
            Self::ChainsDisagree { .. }
            | Self::NoUpperEnd { .. }
            | Self::BelowFloor { .. }
            | Self::NotClosed { .. } => self.text_with_numbers(),
        }
    }

    fn text_with_numbers(&self) -> Text {
        match self {
            Self::ChainsDisagree { r_hat, medians: (low, high) } => Text::new(
                format!(
                    "the latent-class chains do not agree (R-hat {r_hat:.2}, above {MAX_R_HAT}): their medians run from {low:.0} to {high:.0}"
                ),
                format!(
                    "les chaînes à classes latentes ne s'accordent pas (R-hat {r_hat:.2}, au-dessus de {MAX_R_HAT}) : leurs médianes vont de {low:.0} à {high:.0}"
                ),
            ),
            Self::NoUpperEnd { ratio: Some(ratio) } => Text::new(
                format!(
                    "the upper end is {ratio:.0} times the number seen (limit {MAX_UPPER_RATIO:.0}): the data set no useful bound above"
                ),
                format!(
                    "la borne supérieure vaut {ratio:.0} fois le nombre vu (limite {MAX_UPPER_RATIO:.0}) : les données ne bornent rien par le haut"
                ),
            ),
            Self::BelowFloor { method, estimate } => Text::new(
                format!(
                    "{method} says {estimate:.0}, fewer than were seen: its assumptions do not hold here"
                ),
                format!(
                    "{method} donne {estimate:.0}, moins que le nombre vu : ses hypothèses ne tiennent pas ici"
                ),
            ),
            Self::NotClosed { days, half_life } => Text::new(
                format!(
                    "the lists are {days:.1} days apart and half the units are gone after {half_life:.1}: not one population"
                ),
                format!(
                    "les listes sont à {days:.1} jours l'une de l'autre et la moitié des unités disparaît en {half_life:.1} jours : ce n'est pas une seule population"
                ),
            ),
            _ => Text::new("the data set no upper end", "les données ne fixent pas de borne supérieure"),
        }
    }
}

/// Reasons that can be told before anything is fitted.
pub fn before_fitting(table: &CaptureTable) -> Option<Refusal> {
    let usable = (0..table.width()).filter(|&i| table.on_all(1 << i) > 0).count();
    if usable < 2 {
        return Some(Refusal::TooFewLists { usable });
    }
    let overlaps: Vec<u64> = pairs(table).iter().map(|p| p.overlap).collect();
    if overlaps.iter().all(|&m| m == 0) {
        return Some(Refusal::NoOverlap);
    }
    if usable == 2 && table.width() == 2 && overlaps[0] < SMALL_OVERLAP {
        return Some(Refusal::SmallOverlap { overlap: overlaps[0] });
    }
    None
}

/// Reasons that the fits give, the gravest first.
pub fn after_fitting(
    table: &CaptureTable,
    fast: &Fast,
    latent: Option<&LatentPosterior>,
    recommended: Option<&Recommended>,
) -> Option<Refusal> {
    if let Some(refusal) = best_without_estimate(fast) {
        return Some(refusal);
    }
    if table.width() == 3 && fast.bic.as_ref().is_some_and(|(f, _)| f.model.holds_every_pair()) {
        return Some(Refusal::SaturatedPairs);
    }
    if let Some(latent) = latent.filter(|l| l.r_hat > MAX_R_HAT) {
        let low = latent.chain_medians.iter().copied().fold(f64::INFINITY, f64::min);
        let high = latent.chain_medians.iter().copied().fold(0.0, f64::max);
        return Some(Refusal::ChainsDisagree { r_hat: latent.r_hat, medians: (low, high) });
    }
    let Some(recommended) = recommended else { return Some(Refusal::NoUpperEnd { ratio: None }) };
    let ratio = recommended.nominal_high / table.seen() as f64;
    (ratio > MAX_UPPER_RATIO).then_some(Refusal::NoUpperEnd { ratio: Some(ratio) })
}

/// A model with pairs that has no estimate and yet explains the table better than every model that has one.
fn best_without_estimate(fast: &Fast) -> Option<Refusal> {
    let pairs = fast.span.up_to_order(2);
    let best = pairs.best_bic().map_or(f64::INFINITY, |f| f.bic);
    let dropped = pairs
        .dropped
        .iter()
        .filter_map(|d| d.bic.map(|bic| (bic, d)))
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(bic, _)| *bic < best)?;
    Some(Refusal::NoMaximum { model: dropped.1.model.to_string(), why: dropped.1.why })
}

/// Says of a pair whether one list looks like a copy of the other.
pub fn looks_like_copy(overlap: u64, smaller: u64) -> Option<String> {
    let share = overlap as f64 / smaller.max(1) as f64;
    (smaller > 0 && share > 0.9).then(|| percent(share))
}
