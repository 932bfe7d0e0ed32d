//! The twelve checks, in the order in which they are printed, whatever the answer.

use super::wording::{Text, both, percent, tame, two_figures};
use super::{consistency::ConsistencyRow, refusal::looks_like_copy, sensitivity};
use crate::analysis::{Analysis, Context};
use crate::methods::{chao, pairs::SMALL_OVERLAP};

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nothing to worry about.
    Ok,
    /// Read this before you use the number.
    Flag,
    /// Nobody told, so it cannot be known.
    Unknown,
    /// Does not apply here.
    Skipped,
}

impl Status {
    /// The word in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Flag => "flag",
            Self::Unknown => "unknown",
            Self::Skipped => "skipped",
        }
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// 1 to 12.
    pub number: u8,
    /// A name that programs may rely on.
    pub name: &'static str,
    /// What it found.
    pub status: Status,
    /// In words.
    pub text: Text,
}

/// All twelve, in order.
pub fn all(analysis: &Analysis, context: &Context) -> Vec<Check> {
    vec![
        unit_and_date(context),
        lists(analysis, context),
        floor(analysis),
        pairwise(analysis),
        patterns(analysis),
        model_span(analysis),
        stability(analysis),
        linkage(analysis, context),
        dependence(analysis),
        strata(analysis),
        closure(context),
        sentence(analysis, context),
    ]
}

fn check(number: u8, name: &'static str, status: Status, text: Text) -> Check {
    Check { number, name, status, text }
}

fn unit_and_date(context: &Context) -> Check {
    let missing = context.unit.is_none() || context.population.is_none();
    let unit = context.unit.as_deref().map_or_else(|| "?".to_owned(), tame);
    let population = context.population.as_deref().map_or_else(|| "?".to_owned(), tame);
    let (en, fr) = if missing {
        (
            format!(
                "unit: {unit}; population: {population}. Say both (--unit, --population): a number of nothing named means nothing"
            ),
            format!(
                "unité : {unit} ; population : {population}. Dites les deux (--unit, --population) : un nombre sans nom ne veut rien dire"
            ),
        )
    } else {
        (
            format!("unit: {unit}; population: {population}"),
            format!("unité : {unit} ; population : {population}"),
        )
    };
    let windows: Vec<String> =
        context.windows.iter().map(|(list, window)| format!("{} {}", tame(list), tame(window))).collect();
    let tail = if windows.is_empty() { String::new() } else { format!("; {}", windows.join(", ")) };
    let status = if missing { Status::Unknown } else { Status::Ok };
    check(1, "unit_and_date", status, Text::new(format!("{en}{tail}"), format!("{fr}{tail}")))
}

fn lists(analysis: &Analysis, context: &Context) -> Check {
    let table = &analysis.table;
    let sizes: Vec<String> = (0..table.width())
        .map(|i| format!("{} {}", tame(&table.lists()[i]), table.on_all(1 << i)))
        .chain(context.list_notes.iter().map(|note| tame(note)))
        .collect();
    let status = if context.derived.is_empty() { Status::Ok } else { Status::Flag };
    let derived: Vec<String> = context.derived.iter().map(|d| tame(d)).collect();
    let (mut en, mut fr) =
        (format!("units by list: {}", sizes.join(", ")), format!("unités par liste : {}", sizes.join(", ")));
    if !derived.is_empty() {
        en =
            format!("{en}; derived from another list and not counted as independent: {}", derived.join(", "));
        fr = format!(
            "{fr} ; dérivées d'une autre liste et non comptées comme indépendantes : {}",
            derived.join(", ")
        );
    }
    check(2, "lists", status, Text::new(en, fr))
}

fn floor(analysis: &Analysis) -> Check {
    let n = analysis.table.seen();
    check(
        3,
        "floor",
        Status::Ok,
        Text::new(
            format!("{n} distinct units over all lists: no estimate is printed below it"),
            format!(
                "{n} unités distinctes toutes listes confondues : aucune estimation n'est imprimée en dessous"
            ),
        ),
    )
}

fn pairwise(analysis: &Analysis) -> Check {
    let names = analysis.table.lists();
    let mut status = Status::Ok;
    let rows: Vec<String> = analysis
        .pairs
        .iter()
        .map(|p| {
            let smaller = p.first_size.min(p.second_size);
            let mut flags = String::new();
            if p.overlap < SMALL_OVERLAP {
                flags.push_str(" [<7]");
            }
            if let Some(share) = looks_like_copy(p.overlap, smaller) {
                flags = format!("{flags} [copy? {share}]");
            }
            if !flags.is_empty() {
                status = Status::Flag;
            }
            let odds = p.odds_ratio.map_or(String::new(), |o| format!(", OR {o:.2}"));
            let chapman = two_figures(p.chapman.estimate);
            format!(
                "{}+{}: {}{odds}, Chapman {chapman:.0}{flags}",
                tame(&names[p.first]),
                tame(&names[p.second]),
                p.overlap
            )
        })
        .collect();
    let rows = rows.join("; ");
    check(4, "pairs", status, Text::new(format!("overlaps: {rows}"), format!("recouvrements : {rows}")))
}

fn patterns(analysis: &Analysis) -> Check {
    let table = &analysis.table;
    let times = table.by_times_seen();
    let (f1, f2, n) =
        (times.get(1).copied().unwrap_or(0), times.get(2).copied().unwrap_or(0), table.seen().max(1));
    let share = f1 as f64 / n as f64;
    let empty = table.counts().iter().skip(1).filter(|&&c| c == 0).count();
    let coverage = chao::sample_coverage(table).map_or("?".to_owned(), percent);
    let status = if share > 0.9 { Status::Flag } else { Status::Ok };
    let ratio = if f2 > 0 { format!("{:.1}", f1 as f64 / f2 as f64) } else { "∞".to_owned() };
    let once = percent(share);
    let cells = table.counts().len() - 1;
    check(
        5,
        "patterns",
        status,
        Text::new(
            format!(
                "{empty} of {cells} combinations empty; {once} of the units seen once; f1/f2 {ratio}; sample coverage {coverage}"
            ),
            format!(
                "{empty} combinaisons vides sur {cells} ; {once} des unités vues une seule fois ; f1/f2 {ratio} ; couverture {coverage}"
            ),
        ),
    )
}

fn model_span(analysis: &Analysis) -> Check {
    let Some((span, range)) = analysis.fast.as_ref().and_then(|f| f.span.range().map(|r| (&f.span, r)))
    else {
        return check(
            6,
            "model_span",
            Status::Skipped,
            Text::new("no model has an estimate", "aucun modèle n'a d'estimation"),
        );
    };
    let floor = analysis.table.seen();
    let (low, middle, high) = (both(range.0, floor), both(range.1, floor), both(range.2, floor));
    let near: Vec<f64> = span.within_bic(6.0).map(|f| f.estimate).collect();
    let near_ratio =
        near.iter().copied().fold(0.0, f64::max) / near.iter().copied().fold(f64::INFINITY, f64::min);
    let status = if near_ratio > 3.0 || !span.dropped.is_empty() { Status::Flag } else { Status::Ok };
    let fit = span
        .best_bic()
        .map_or(String::new(), |b| format!("{} (G² {:.1}, df {})", b.model, b.deviance, b.freedom));
    let (models, dropped) = (span.models.len(), span.dropped.len());
    check(
        6,
        "model_span",
        status,
        Text::new(
            format!(
                "{models} models from {} over {} to {}; {dropped} left out without an estimate; best BIC {fit}; models within 6 of it differ by a factor of {near_ratio:.1}",
                low.0, middle.0, high.0
            ),
            format!(
                "{models} modèles, de {} par {} à {} ; {dropped} écartés faute d'estimation ; meilleur BIC {fit} ; les modèles à moins de 6 diffèrent d'un facteur {near_ratio:.1}",
                low.1, middle.1, high.1
            ),
        ),
    )
}

fn stability(analysis: &Analysis) -> Check {
    if analysis.consistency.is_empty() {
        return check(
            7,
            "stability",
            Status::Skipped,
            Text::new(
                "too few lists or units to count one list through the others",
                "trop peu de listes ou d'unités pour compter une liste par les autres",
            ),
        );
    }
    let rows: Vec<String> = analysis.consistency.iter().map(consistency_row).collect();
    let held = analysis.consistency.iter().filter(|r| r.holds()).count();
    let total = analysis.consistency.len();
    let changes: Vec<f64> = analysis.variants.iter().filter_map(|v| v.estimate).collect();
    let spread = match (changes.iter().copied().reduce(f64::min), changes.iter().copied().reduce(f64::max)) {
        (Some(low), Some(high)) => format!("{:.0}-{:.0}", two_figures(low), two_figures(high)),
        _ => "?".to_owned(),
    };
    let status = if held == total { Status::Ok } else { Status::Flag };
    let rows = rows.join("; ");
    check(
        7,
        "stability",
        status,
        Text::new(
            format!(
                "each list counted through the others: {held} of {total} intervals hold the truth ({rows}); with a list left out or two merged the middle is {spread}"
            ),
            format!(
                "chaque liste comptée par les autres : {held} intervalles sur {total} contiennent la vérité ({rows}) ; sans une liste ou deux fusionnées, le milieu est {spread}"
            ),
        ),
    )
}

fn consistency_row(row: &ConsistencyRow) -> String {
    let high = row.high.map_or("∞".to_owned(), |h| format!("{h:.0}"));
    let verdict = if row.holds() { "=" } else { "!" };
    format!("{} {} {verdict} {:.0}-{high}", tame(&row.list), row.truth, row.low)
}

fn linkage(analysis: &Analysis, context: &Context) -> Check {
    let floor = analysis.table.seen();
    let middle = analysis.recommended.as_ref().or(analysis.withheld.as_ref()).map(|r| r.estimate);
    let corrected = |e: f64| {
        middle.map_or("?".to_owned(), |m| {
            format!("{:.0}", two_figures(sensitivity::with_missed_links(m, e, floor)).max(floor as f64))
        })
    };
    if let Some(e) = context.missed_links {
        let text = Text::new(
            format!("share of links missed {}: the middle corrected for it is {}", percent(e), corrected(e)),
            format!("part des liens manqués {} : le milieu corrigé est {}", percent(e), corrected(e)),
        );
        return check(8, "linkage", Status::Ok, text);
    }
    let row: Vec<String> =
        sensitivity::MISSED.iter().map(|&e| format!("{} -> {}", percent(e), corrected(e))).collect();
    let row = row.join(", ");
    let text = Text::new(
        format!("how many links were missed is not known (--missed-links); the middle would be: {row}"),
        format!("on ignore combien de liens ont été manqués (--missed-links) ; le milieu serait : {row}"),
    );
    check(8, "linkage", Status::Unknown, text)
}

fn dependence(analysis: &Analysis) -> Check {
    let Some((first, second, row)) = &analysis.by_odds else {
        return check(
            9,
            "dependence",
            Status::Skipped,
            Text::new("no pair of lists overlaps", "aucune paire de listes ne se recouvre"),
        );
    };
    let names = analysis.table.lists();
    let (a, b) = (tame(&names[*first]), tame(&names[*second]));
    let row: Vec<String> = row.iter().map(|(odds, n)| format!("{odds} -> {:.0}", two_figures(*n))).collect();
    let row = row.join(", ");
    let claims: Vec<String> = analysis
        .implied
        .iter()
        .filter(|i| i.first == names[*first] && i.second == names[*second])
        .map(|i| format!("{:.0}: {:.0} ({})", i.claim, i.implied, i.observed))
        .collect();
    let claims = if claims.is_empty() { String::new() } else { claims.join(", ") };
    let (mut en, mut fr) = (
        format!("odds ratio between {a} and {b}: {row}"),
        format!("rapport de cotes entre {a} et {b} : {row}"),
    );
    if !claims.is_empty() {
        en = format!("{en}; overlap that a claim would imply (seen): {claims}");
        fr = format!("{fr} ; recouvrement qu'une affirmation impliquerait (vu) : {claims}");
    }
    if analysis.table.width() == 2 {
        en.push_str("; with two lists independence is assumed and cannot be tested");
        fr.push_str(" ; avec deux listes, l'indépendance est supposée et ne peut être éprouvée");
    }
    let status = if analysis.table.width() == 2 { Status::Flag } else { Status::Ok };
    check(9, "dependence", status, Text::new(en, fr))
}

fn strata(analysis: &Analysis) -> Check {
    if analysis.strata.is_empty() {
        return check(10, "strata", Status::Skipped, Text::new("no strata given", "pas de strates"));
    }
    let rows: Vec<String> = analysis
        .strata
        .iter()
        .map(|s| match &s.recommended {
            Some(r) => format!(
                "{} {:.0} ({:.0}-{:.0})",
                tame(&s.name),
                two_figures(r.estimate),
                two_figures(r.low),
                two_figures(r.high)
            ),
            None => format!("{} ? ({})", tame(&s.name), s.seen),
        })
        .collect();
    let rows = rows.join("; ");
    let (status, en, fr) = match analysis.strata_total() {
        Some((middle, low, high)) => (
            Status::Ok,
            format!("sum {:.0} ({:.0}-{:.0})", two_figures(middle), two_figures(low), two_figures(high)),
            format!("somme {:.0} ({:.0}-{:.0})", two_figures(middle), two_figures(low), two_figures(high)),
        ),
        None => (
            Status::Flag,
            "no sum: some strata have too little data (?)".to_owned(),
            "pas de somme : certaines strates ont trop peu de données (?)".to_owned(),
        ),
    };
    check(10, "strata", status, Text::new(format!("{rows}; {en}"), format!("{rows} ; {fr}")))
}

fn closure(context: &Context) -> Check {
    match (context.days_apart, context.half_life) {
        (Some(days), Some(half)) => {
            let status = if days > half / 4.0 { Status::Flag } else { Status::Ok };
            check(
                11,
                "closure",
                status,
                Text::new(
                    format!(
                        "windows {days:.1} days apart, half-life {half:.1} days (limit: a quarter of it)"
                    ),
                    format!("fenêtres à {days:.1} jours, demi-vie {half:.1} jours (limite : un quart)"),
                ),
            )
        }
        _ => check(
            11,
            "closure",
            Status::Unknown,
            Text::new(
                "dates or half-life not given: whether the lists saw one and the same population is not known",
                "dates ou demi-vie non données : on ignore si les listes ont vu une seule et même population",
            ),
        ),
    }
}

fn sentence(analysis: &Analysis, context: &Context) -> Check {
    check(12, "sentence", Status::Ok, analysis.sentence(context))
}
