//! The twelve checks, in the order in which they are printed, whatever the answer.

use super::wording::{Language, Text, both, decimal, share, tame, two_figures, whole};
use super::{closure, consistency::ConsistencyRow, french, refusal::looks_like_copy, sensitivity};
use crate::analysis::{Analysis, Context};
use crate::methods::{chao, pairs::Pair, pairs::SMALL_OVERLAP};

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

/// Above this share of links missed, false or never proposed, linking decides the number.
const MISSED_TOO_MANY: f64 = 0.1;
/// Above this share seen once, the number unseen hangs on very few units.
const SEEN_ONCE: f64 = 0.9;
/// Above this factor between models that explain the table about as well, the choice of a model decides the number.
const MODELS_APART: f64 = 3.0;

/// All twelve, in order.
pub fn all(analysis: &Analysis, context: &Context) -> Vec<Check> {
    vec![
        unit_and_date(context),
        lists(analysis, context),
        floor(analysis),
        pairwise(analysis),
        patterns(analysis, context),
        model_span(analysis),
        stability(analysis),
        linkage(analysis, context),
        dependence(analysis),
        strata(analysis),
        closure::check_11(analysis, context),
        sentence(analysis, context),
    ]
}

pub(super) fn check(number: u8, name: &'static str, status: Status, text: Text) -> Check {
    Check { number, name, status, text }
}

fn unit_and_date(context: &Context) -> Check {
    let missing = context.unit.is_none() || context.population.is_none();
    let unit = context.unit.as_deref().map_or_else(|| "?".to_owned(), tame);
    let unit_fr = context.level.map_or_else(
        || context.unit.as_deref().map_or_else(|| "?".to_owned(), french::unit),
        |level| level.plural().1.to_owned(),
    );
    let population = context.population.as_deref().map_or_else(|| "?".to_owned(), tame);
    let (en, fr) = if missing {
        (
            format!(
                "unit: {unit}; population: {population}. Say both (--unit, --population): a number of nothing named means nothing"
            ),
            format!(
                "unité : {unit_fr} ; population : {population}. Dites les deux (--unit, --population) : un nombre sans nom ne veut rien dire"
            ),
        )
    } else {
        (
            format!("unit: {unit}; population: {population}"),
            format!("unité : {unit_fr} ; population : {population}"),
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
    let told = |language: Language| -> String {
        let sizes = (0..table.width())
            .map(|i| format!("{} {}", tame(&table.lists()[i]), whole(table.on_all(1 << i) as f64, language)));
        sizes
            .chain(context.list_notes.iter().map(|note| tame(note.of(language))))
            .collect::<Vec<_>>()
            .join("; ")
    };
    let status = if context.derived.is_empty() { Status::Ok } else { Status::Flag };
    let (mut en, mut fr) = (
        format!("units by list: {}", told(Language::English)),
        format!("unités par liste : {}", told(Language::French)),
    );
    if !context.derived.is_empty() {
        let derived: Vec<String> = context.derived.iter().map(|d| tame(d)).collect();
        let derived = derived.join(", ");
        en = format!("{en}; made from another list, so not counted as independent: {derived}");
        fr = format!("{fr} ; tirées d'une autre liste, donc non comptées comme indépendantes : {derived}");
    }
    check(2, "lists", status, Text::new(en, fr))
}

fn floor(analysis: &Analysis) -> Check {
    let (n, fr) = (
        whole(analysis.table.seen() as f64, Language::English),
        whole(analysis.table.seen() as f64, Language::French),
    );
    let status = if analysis.table.seen() == 0 { Status::Flag } else { Status::Ok };
    check(
        3,
        "floor",
        status,
        Text::new(
            format!("{n} distinct units over all lists: no estimate is printed below it"),
            format!(
                "{fr} unités distinctes toutes listes confondues : aucune estimation n'est imprimée en dessous"
            ),
        ),
    )
}

fn pairwise(analysis: &Analysis) -> Check {
    if analysis.pairs.is_empty() {
        let text = Text::new("there is one list only", "il n'y a qu'une liste");
        return check(4, "pairs", Status::Skipped, text);
    }
    let floor = analysis.table.seen();
    let doubtful = analysis.pairs.iter().any(|p| {
        p.overlap < SMALL_OVERLAP
            || looks_like_copy(p.overlap, p.first_size.min(p.second_size)).is_some()
            || p.chapman.estimate < floor as f64
    });
    let rows = |language: Language| -> String {
        let rows: Vec<String> = analysis.pairs.iter().map(|p| pair_row(analysis, p, language)).collect();
        rows.join("; ")
    };
    let status = if doubtful { Status::Flag } else { Status::Ok };
    let text = Text::new(
        format!("units on two lists: {}", rows(Language::English)),
        format!("unités sur deux listes : {}", rows(Language::French)),
    );
    check(4, "pairs", status, text)
}

/// One pair: what both hold, how they depend, what they would say alone, and what is odd about it.
fn pair_row(analysis: &Analysis, p: &Pair, language: Language) -> String {
    let names = analysis.table.lists();
    let say = |en: &str, fr: &str| match language {
        Language::English => en.to_owned(),
        Language::French => fr.to_owned(),
    };
    let row =
        format!("{}+{} {}", tame(&names[p.first]), tame(&names[p.second]), whole(p.overlap as f64, language));
    let mut more = Vec::new();
    if let Some(odds) = p.odds_ratio {
        more.push(format!("{} {}", say("odds ratio", "rapport de cotes"), decimal(odds, 1, language)));
    }
    let alone = whole(two_figures(p.chapman.estimate), language);
    if p.chapman.estimate < analysis.table.seen() as f64 {
        more.push(format!(
            "{} {alone}: {}",
            say("alone they would say", "seules elles diraient"),
            say(
                "fewer than were seen, so they agree beyond chance",
                "moins que le nombre vu, donc elles s'accordent plus que le hasard"
            )
        ));
    } else {
        more.push(format!("{} {alone}", say("alone they would say", "seules elles diraient")));
    }
    if p.overlap < SMALL_OVERLAP {
        more.push(say("fewer than 7 shared: says little", "moins de 7 en commun : ne dit presque rien"));
    }
    if looks_like_copy(p.overlap, p.first_size.min(p.second_size)).is_some() {
        let of = p.overlap as f64 / p.first_size.min(p.second_size).max(1) as f64;
        more.push(format!(
            "{} {}",
            share(of, language),
            say(
                "of the smaller list: is one a copy of the other?",
                "de la plus petite liste : l'une copie-t-elle l'autre ?"
            )
        ));
    }
    format!("{row} ({})", more.join(", "))
}

fn patterns(analysis: &Analysis, context: &Context) -> Check {
    let table = &analysis.table;
    if let Some(repeated) = &context.frequencies {
        return repeats(repeated.at(1), repeated.at(2), table.seen());
    }
    if table.width() < 2 {
        let text = Text::new("there is one list only", "il n'y a qu'une liste");
        return check(5, "patterns", Status::Skipped, text);
    }
    let times = table.by_times_seen();
    let at = |k: usize| times.get(k).copied().unwrap_or(0);
    let (f1, f2, n) = (at(1), at(2), table.seen().max(1));
    let once = f1 as f64 / n as f64;
    let empty = table.counts().iter().skip(1).filter(|&&c| c == 0).count();
    let cells = table.counts().len() - 1;
    let status = if once > SEEN_ONCE || f2 == 0 { Status::Flag } else { Status::Ok };
    let told = |language| {
        let ratio = if f2 > 0 { decimal(f1 as f64 / f2 as f64, 1, language) } else { "∞".to_owned() };
        let covered = chao::sample_coverage(table).map_or("?".to_owned(), |c| share(c, language));
        (share(once, language), ratio, covered)
    };
    let (once, ratio, covered) = told(Language::English);
    let en = format!(
        "{empty} of {cells} combinations of lists hold nobody; {once} of the units were seen once; seen once to seen twice {ratio}; sample coverage {covered}"
    );
    let (once, ratio, covered) = told(Language::French);
    let fr = format!(
        "{empty} des {cells} combinaisons de listes sont vides ; {once} des unités vues une seule fois ; vues une fois sur vues deux fois {ratio} ; couverture {covered}"
    );
    check(5, "patterns", status, Text::new(en, fr))
}

/// One list that saw its units several times.
fn repeats(f1: u64, f2: u64, seen: u64) -> Check {
    let once = f1 as f64 / seen.max(1) as f64;
    let status = if once > SEEN_ONCE || f2 == 0 { Status::Flag } else { Status::Ok };
    let text = Text::new(
        format!(
            "one list; {} of its units were seen once: {f1} once, {f2} twice",
            share(once, Language::English)
        ),
        format!(
            "une liste ; {} de ses unités vues une seule fois : {f1} une fois, {f2} deux fois",
            share(once, Language::French)
        ),
    );
    check(5, "patterns", status, text)
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
    let apart = near.iter().copied().fold(0.0, f64::max) / near.iter().copied().fold(f64::INFINITY, f64::min);
    let best = span.best_bic();
    let poor = best.is_some_and(|b| b.freedom > 0 && b.deviance > 3.0 * b.freedom as f64);
    let status =
        if apart > MODELS_APART || !span.dropped.is_empty() || poor { Status::Flag } else { Status::Ok };
    let fit = |language| {
        best.map_or(String::new(), |b| {
            format!("{} (G² {}, df {})", b.model, decimal(b.deviance, 1, language), b.freedom)
        })
    };
    let (models, dropped) = (span.models.len(), span.dropped.len());
    let (mut en, mut fr) = (
        format!(
            "{} of how lists depend say from {} over {} to {}; {dropped} left out without an estimate; best BIC {}; those within 6 of it differ by a factor of {apart:.1}",
            if models == 1 { "1 model".to_owned() } else { format!("{models} models") },
            low.0,
            middle.0,
            high.0,
            fit(Language::English)
        ),
        format!(
            "{} de dépendance entre listes : de {} par {} à {} ; {dropped} écartés faute d'estimation ; meilleur BIC {} ; ceux à moins de 6 diffèrent d'un facteur {}",
            if models == 1 { "1 modèle".to_owned() } else { format!("{models} modèles") },
            low.1,
            middle.1,
            high.1,
            fit(Language::French),
            decimal(apart, 1, Language::French)
        ),
    );
    if analysis.fast.as_ref().is_some_and(|f| f.merged.is_some()) {
        en.push_str("; more than five lists: pairs only, added step by step (merge lists to have all models: --merge A+B)");
        fr.push_str(" ; plus de cinq listes : paires seulement, ajoutées pas à pas (fusionnez des listes pour tous les modèles : --merge A+B)");
    }
    check(6, "model_span", status, Text::new(en, fr))
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
    let held = analysis.consistency.iter().filter(|r| r.holds()).count();
    let total = analysis.consistency.len();
    let changes: Vec<f64> = analysis.variants.iter().filter_map(|v| v.estimate).collect();
    let ends = (changes.iter().copied().reduce(f64::min), changes.iter().copied().reduce(f64::max));
    let told = |language: Language| {
        let rows: Vec<String> = analysis.consistency.iter().map(|r| consistency_row(r, language)).collect();
        let spread = match ends {
            (Some(low), Some(high)) => {
                format!("{} - {}", whole(two_figures(low), language), whole(two_figures(high), language))
            }
            _ => "?".to_owned(),
        };
        (rows.join("; "), spread)
    };
    let status = if held == total { Status::Ok } else { Status::Flag };
    let (rows, spread) = told(Language::English);
    let en = format!(
        "each list, whose length is known, counted through the others: {held} of {total} intervals hold the truth ({rows}); with a list left out or two merged the middle is {spread}"
    );
    let (rows, spread) = told(Language::French);
    let fr = format!(
        "chaque liste, dont la longueur est connue, comptée par les autres : {held} intervalles sur {total} contiennent la vérité ({rows}) ; sans une liste ou deux fusionnées, le milieu est {spread}"
    );
    check(7, "stability", status, Text::new(en, fr))
}

fn consistency_row(row: &ConsistencyRow, language: Language) -> String {
    let number = |x: f64| whole(x, language);
    let high = row.high.map_or("∞".to_owned(), number);
    let (verdict, of) = match (language, row.holds()) {
        (Language::English, true) => ("holds", "has"),
        (Language::English, false) => ("misses", "has"),
        (Language::French, true) => ("contient", "compte"),
        (Language::French, false) => ("manque", "compte"),
    };
    format!("{} {of} {}: {} - {high} {verdict}", tame(&row.list), number(row.truth as f64), number(row.low))
}

fn linkage(analysis: &Analysis, context: &Context) -> Check {
    if analysis.table.width() < 2 {
        return check(
            8,
            "linkage",
            Status::Skipped,
            Text::new("there is one list only", "il n'y a qu'une liste"),
        );
    }
    let floor = analysis.table.seen();
    let middle = analysis.recommended.as_ref().or(analysis.withheld.as_ref()).map(|r| r.estimate);
    let corrected = |e: f64, language: Language| {
        middle.map_or("?".to_owned(), |m| {
            whole(two_figures(sensitivity::with_missed_links(m, e, floor)).max(floor as f64), language)
        })
    };
    let told = |language: Language| linkage_words(context, &|e| corrected(e, language), language);
    let bad = context.missed_links.is_some_and(|e| e > MISSED_TOO_MANY)
        || context.false_links.is_some_and(|e| e > MISSED_TOO_MANY)
        || context.blocking_loss.is_some_and(|e| e > MISSED_TOO_MANY);
    let status = match (context.missed_links, bad) {
        (None, _) => Status::Unknown,
        (Some(_), true) => Status::Flag,
        (Some(_), false) => Status::Ok,
    };
    check(8, "linkage", status, Text::new(told(Language::English), told(Language::French)))
}

fn linkage_words(context: &Context, corrected: &dyn Fn(f64) -> String, language: Language) -> String {
    let say = |en: &str, fr: &str| match language {
        Language::English => en.to_owned(),
        Language::French => fr.to_owned(),
    };
    let mut parts = Vec::new();
    if let Some(e) = context.missed_links {
        parts.push(format!(
            "{} {}{} {} {}",
            say("share of true links missed", "part des vrais liens manqués"),
            share(e, language),
            say(":", " :"),
            say("the middle corrected for it is", "le milieu corrigé est"),
            corrected(e)
        ));
    } else {
        let row: Vec<String> = sensitivity::MISSED
            .iter()
            .map(|&e| format!("{} -> {}", share(e, language), corrected(e)))
            .collect();
        parts.push(format!(
            "{} {}",
            say(
                "how many links were missed is not known (--missed-links); the middle would be:",
                "on ignore combien de liens ont été manqués (--missed-links) ; le milieu serait :"
            ),
            row.join(", ")
        ));
    }
    if let Some(e) = context.false_links {
        parts.push(format!(
            "{} {}",
            say("false among those made by likeness", "faux parmi ceux faits par ressemblance"),
            share(e, language)
        ));
    }
    if let Some(e) = context.blocking_loss {
        parts.push(format!(
            "{} {}",
            say("never proposed by a block", "jamais proposés par un bloc"),
            share(e, language)
        ));
    }
    let rows: Vec<String> = context
        .thresholds
        .iter()
        .map(|(at, seen, middle)| {
            let middle = middle.map_or("?".to_owned(), |m| whole(two_figures(m), language));
            format!(
                "{} -> {} {}, {} {middle}",
                decimal(*at, 2, language),
                whole(*seen as f64, language),
                say("seen", "vues"),
                say("middle", "milieu")
            )
        })
        .collect();
    if !rows.is_empty() {
        parts.push(format!(
            "{} {}",
            say("linking at a chance of", "en liant à une probabilité de"),
            rows.join("; ")
        ));
    }
    parts.join("; ")
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
    let two = analysis.table.width() == 2;
    let told = |language: Language| {
        let row: Vec<String> = row
            .iter()
            .map(|(odds, n)| {
                format!("{} -> {}", decimal(*odds, 1, language), whole(two_figures(*n), language))
            })
            .collect();
        let claims: Vec<String> = analysis
            .implied
            .iter()
            .filter(|i| i.first == names[*first] && i.second == names[*second])
            .map(|i| format!("{} -> {}", whole(i.claim, language), whole(i.implied, language)))
            .collect();
        (row.join(", "), claims.join(", "))
    };
    let shared =
        analysis.pairs.iter().find(|p| (p.first, p.second) == (*first, *second)).map_or(0, |p| p.overlap);
    let (row_en, claims) = told(Language::English);
    let mut en = format!("if {a} and {b} depend by an odds ratio of: {row_en}");
    if !claims.is_empty() {
        en = format!(
            "{en}; a claim would need {a} and {b} to share, if independent: {claims} (they share {})",
            whole(shared as f64, Language::English)
        );
    }
    let (row_fr, claims) = told(Language::French);
    let mut fr = format!("si {a} et {b} dépendent par un rapport de cotes de : {row_fr}");
    if !claims.is_empty() {
        fr = format!(
            "{fr} ; une affirmation demanderait à {a} et {b} de partager, si indépendantes : {claims} (elles en partagent {})",
            whole(shared as f64, Language::French)
        );
    }
    if two {
        en.push_str("; with two lists independence is assumed and cannot be tested");
        fr.push_str(" ; avec deux listes, l'indépendance est supposée et ne peut être éprouvée");
    }
    let status = if two { Status::Flag } else { Status::Ok };
    check(9, "dependence", status, Text::new(en, fr))
}

fn strata(analysis: &Analysis) -> Check {
    if analysis.strata.is_empty() {
        return check(10, "strata", Status::Skipped, Text::new("no strata given", "pas de strates"));
    }
    let whole_range = |m: f64, l: f64, h: f64, language: Language| {
        let number = |x: f64| whole(two_figures(x), language);
        format!("{} ({} - {})", number(m), number(l), number(h))
    };
    let rows = |language: Language| {
        let rows: Vec<String> = analysis
            .strata
            .iter()
            .map(|s| match &s.recommended {
                Some(r) => format!("{} {}", tame(&s.name), whole_range(r.estimate, r.low, r.high, language)),
                None => format!("{} ? ({})", tame(&s.name), whole(s.seen as f64, language)),
            })
            .collect();
        rows.join("; ")
    };
    let pooled = analysis.recommended.as_ref().or(analysis.withheld.as_ref());
    let (en, fr) = (rows(Language::English), rows(Language::French));
    let Some((middle, low, high)) = analysis.strata_total() else {
        let text = Text::new(
            format!("{en}; no sum: those with ? have too little data, only units seen are given"),
            format!(
                "{fr} ; pas de somme : celles marquées ? ont trop peu de données, seul le nombre vu est donné"
            ),
        );
        return check(10, "strata", Status::Flag, text);
    };
    // A sum far from the pooled middle says that strata differ in how visible they are: the sum is the better number.
    let far = pooled.is_some_and(|p| !(0.8..=1.25).contains(&(middle / p.estimate)));
    let status = if far { Status::Flag } else { Status::Ok };
    let of = |language| pooled.map_or("?".to_owned(), |p| whole(two_figures(p.estimate), language));
    let text = Text::new(
        format!(
            "{en}; sum {} against {} pooled",
            whole_range(middle, low, high, Language::English),
            of(Language::English)
        ),
        format!(
            "{fr} ; somme {} contre {} sans strates",
            whole_range(middle, low, high, Language::French),
            of(Language::French)
        ),
    );
    check(10, "strata", status, text)
}

fn sentence(analysis: &Analysis, context: &Context) -> Check {
    let status = if analysis.refused.is_some() { Status::Flag } else { Status::Ok };
    check(12, "sentence", status, analysis.sentence(context))
}
