//! Check 11: whether the lists saw one population, and what the lower end gives up for those who may have left between them.

use super::checks::{Check, Status, check};
use super::wording::{Language, Text, decimal, share, shown_low, tame};
use crate::analysis::{Analysis, Context};
use crate::methods::leavers::{Lowest, SLOWEST_HALF_LIFE, Timing, timing};

/// Which lists the lower end leaves out, and what it would be had nobody left.
fn who_left(analysis: &Analysis, context: &Context) -> Text {
    let Some(lowest) = analysis.lowest.as_ref() else { return Text::new("", "") };
    if context.frequencies.is_some() {
        return Text::new("", "");
    }
    let stays = gives_way(lowest);
    if lowest.without.is_empty() && lowest.stays < 1.0 {
        return stays;
    }
    if lowest.without.is_empty() {
        return match timing(&analysis.table, &context.dates) {
            Timing::Together => Text::new("", ""),
            Timing::Unknown | Timing::Apart if analysis.table.width() < 3 => Text::new(
                "; whoever one list had cleaned up before the other puts every number here too high",
                " ; celles qu'une liste a fait nettoyer avant l'autre rendent tout nombre ici trop haut",
            ),
            Timing::Unknown | Timing::Apart => Text::new(
                "; whoever one list had cleaned up before the others, the lower end stays",
                " ; quelle que soit la liste nettoyée avant les autres, le bas ne change pas",
            ),
        };
    }
    let names: Vec<String> = lowest.without.iter().map(|l| tame(l)).collect();
    let names = names.join(", ");
    let floor = analysis.table.seen();
    let low = |x: f64, language| shown_low(x, floor, language);
    let (en, fr) = (Language::English, Language::French);
    Text::new(
        format!(
            "; if those on {names} were cleaned up before the others, too many are missed, so the lower end is that of the other lists: {} instead of {}{}",
            low(lowest.low, en),
            low(lowest.over_all, en),
            stays.en
        ),
        format!(
            " ; si celles de {names} ont été nettoyées avant les autres, trop semblent manquées : le bas est donc celui des autres listes, {} au lieu de {}{}",
            low(lowest.low, fr),
            low(lowest.over_all, fr),
            stays.fr
        ),
    )
}

/// What the lower end gives way by for those who left between the last two lists.
fn gives_way(lowest: &Lowest) -> Text {
    if lowest.stays >= 1.0 {
        return Text::new("", "");
    }
    let left = 1.0 - lowest.stays;
    Text::new(
        format!(
            "; between the last two dates {} may have left, and the lower end gives way by as much",
            share(left, Language::English)
        ),
        format!(
            " ; entre les deux dernières dates {} ont pu disparaître, et le bas cède d'autant",
            share(left, Language::French)
        ),
    )
}

pub(super) fn check_11(analysis: &Analysis, context: &Context) -> Check {
    if analysis.table.width() < 2 {
        return check(
            11,
            "closure",
            Status::Skipped,
            Text::new("there is one list only", "il n'y a qu'une liste"),
        );
    }
    if context.dates.together {
        let text = Text::new(
            "said to be one population: nobody left between the lists (--closed)",
            "une seule population, dit-on : aucune unité n'a disparu entre les listes (--closed)",
        );
        return check(11, "closure", Status::Ok, text);
    }
    let told = who_left(analysis, context);
    let days = context.days_apart;
    match (days.filter(|_| context.undated == 0), context.dates.half_life) {
        (Some(days), Some(half)) => {
            let status = if days > half / 4.0 { Status::Flag } else { Status::Ok };
            check(
                11,
                "closure",
                status,
                Text::new(
                    format!(
                        "windows {days:.1} days apart, half-life {half:.1} days (limit: a quarter of it){}",
                        told.en
                    ),
                    format!(
                        "fenêtres à {} jours, demi-vie {} jours (limite : un quart){}",
                        decimal(days, 1, Language::French),
                        decimal(half, 1, Language::French),
                        told.fr
                    ),
                ),
            )
        }
        (Some(days), None) => check(
            11,
            "closure",
            if days > SLOWEST_HALF_LIFE / 4.0 { Status::Flag } else { Status::Unknown },
            Text::new(
                format!(
                    "windows {days:.1} days apart; how fast units leave is not given (--half-life){}",
                    told.en
                ),
                format!(
                    "fenêtres à {} jours ; on ignore à quelle vitesse les unités disparaissent (--half-life){}",
                    decimal(days, 1, Language::French),
                    told.fr
                ),
            ),
        ),
        (None, _) => check(11, "closure", undated_status(days, context), undated(days, &told)),
    }
}

/// A list without a date can only make the lists further apart than those with one are.
fn undated_status(days: Option<f64>, context: &Context) -> Status {
    let half_life = context.dates.half_life.unwrap_or(SLOWEST_HALF_LIFE);
    if days.is_some_and(|days| days > half_life / 4.0) { Status::Flag } else { Status::Unknown }
}

fn undated(days: Option<f64>, told: &Text) -> Text {
    let (least, least_fr) = days.map_or_else(Default::default, |days| {
        (
            format!(" (those with one are {days:.1} days apart)"),
            format!(" (celles qui le sont : à {} jours)", decimal(days, 1, Language::French)),
        )
    });
    Text::new(
        format!(
            "not every list has a date{least}: whether they saw one and the same population is not known{}",
            told.en
        ),
        format!(
            "toutes les listes ne sont pas datées{least_fr} : on ignore si elles ont vu une seule et même population{}",
            told.fr
        ),
    )
}
