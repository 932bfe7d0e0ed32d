//! When no number may be given, and why. A refusal still prints the floor, the bound and the checks.

use super::wording::{Language, Text, decimal, percent, two_figures, whole};
use crate::loglinear::{Fitted, NoFit};
use crate::methods::Estimate;
use crate::methods::latent::{LatentPosterior, MAX_R_HAT};
use crate::methods::pairs::{SMALL_OVERLAP, pairs};
use crate::methods::recommend::{Fast, Recommended};
use crate::table::CaptureTable;

const EN: Language = Language::English;
const FR: Language = Language::French;

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
    /// Nothing tells how many true links were missed, and every missed link makes one unit look like two.
    LinkageUnknown,
    /// Dates too far apart for one population.
    NotClosed {
        /// Days between the windows.
        days: f64,
        /// Days in which half the units leave.
        half_life: f64,
        /// Nobody said how fast these units leave: it is the slowest that was measured in March 2021.
        measured: bool,
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
            Self::LinkageUnknown => "linkage_unknown",
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
                "three lists, and the model that the data ask for has as many parameters as there are combinations that hold anybody: nothing is left to test the answer",
                "trois listes, et le modèle que demandent les données a autant de paramètres que de combinaisons non vides : rien ne reste pour éprouver la réponse",
            ),
            Self::LinkageUnknown => Text::new(
                "nothing tells how many true links between the lists were missed (no two rows could be compared by name or domain; say --missed-links)",
                "rien ne dit combien de vrais liens entre les listes ont été manqués (aucune paire de lignes comparable par nom ou domaine ; dites --missed-links)",
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
                    "the latent-class chains do not agree (R-hat {r_hat:.2}, above {MAX_R_HAT}): their medians run from {} to {}",
                    whole(two_figures(*low), EN),
                    whole(two_figures(*high), EN)
                ),
                format!(
                    "les chaînes à classes latentes ne s'accordent pas (R-chapeau {}, au-dessus de {}) : leurs médianes vont de {} à {}",
                    decimal(*r_hat, 2, FR),
                    decimal(MAX_R_HAT, 2, FR),
                    whole(two_figures(*low), FR),
                    whole(two_figures(*high), FR)
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
                    "{method} says {}, fewer than were seen: its assumptions do not hold here",
                    whole(*estimate, EN)
                ),
                format!(
                    "{method} donne {}, moins que le nombre vu : ses hypothèses ne tiennent pas ici",
                    whole(*estimate, FR)
                ),
            ),
            Self::NotClosed { days, half_life, measured } => {
                let (en, fr) = if *measured {
                    (
                        " at the slowest rate measured in March 2021 (--half-life)",
                        " au rythme le plus lent mesuré en mars 2021 (--half-life)",
                    )
                } else {
                    ("", "")
                };
                Text::new(
                    format!(
                        "the lists are {days:.1} days apart and half the units are gone after {half_life:.1}{en}: not one population"
                    ),
                    format!(
                        "les listes sont à {} jours l'une de l'autre et la moitié des unités disparaît en {} jours{fr} : ce n'est pas une seule population",
                        decimal(*days, 1, FR),
                        decimal(*half_life, 1, FR)
                    ),
                )
            }
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
    if table.width() == 3 && fast.bic.as_ref().is_some_and(|(f, _)| leaves_nothing(table, f)) {
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

/// Every combination that holds anybody has a parameter of its own (an empty one can test nothing but an interaction's
/// absence): hepatitis A with all seven filled and three pairs, Korea with six filled and two pairs.
fn leaves_nothing(table: &CaptureTable, fitted: &Fitted) -> bool {
    let filled = table.counts().iter().filter(|&&c| c > 0).count();
    let unfilled_used = fitted.cells.saturating_sub(filled);
    fitted.model.holds_every_pair() || fitted.freedom <= unfilled_used
}

/// An estimate that says fewer than were seen. Its assumptions are refuted, and with them what else rests on the same.
pub fn below_floor(estimates: &[Estimate], seen: u64) -> Option<Refusal> {
    let wrong = estimates.iter().find(|e| e.estimate < seen as f64)?;
    Some(Refusal::BelowFloor { method: wrong.method.clone(), estimate: wrong.estimate })
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
