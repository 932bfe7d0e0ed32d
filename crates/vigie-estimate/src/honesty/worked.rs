//! What published totals allow to say, and what they do not: the worked example of March 2021, and any file like it.
//!
//! Without an overlap between two lists no total can be estimated. What can be said: floors, each with its unit and day;
//! the one number that two holders of lists should compare; a share with its assumption; how fast units left.

use super::french;
use super::wording::{Language, Text, decimal, tame, two_figures, whole};
use crate::methods::decay::decay;
use crate::methods::pairs::implied_overlap;
use crate::numeric::special::NORMAL_975;
use crate::table::totals::{Kind, State, Total, Totals, read_totals};
use std::path::Path;

/// Counts of March 2021 as published, one a line, each with its source.
pub const COUNTS: &str = include_str!("../../data/hafnium.csv");
/// Most floors that are listed.
const MOST_FLOORS: usize = 8;
/// Two totals further apart are not lists of one population.
const MOST_DAYS_APART: i32 = 7;

/// The published counts of March 2021.
///
/// # Errors
/// Never in a build whose tests pass.
pub fn counts() -> Result<Totals, crate::Error> {
    read_totals(COUNTS.as_bytes(), Path::new("hafnium.csv"), b',')
}

/// A share with Wilson's 95 % interval.
pub fn wilson(hits: f64, total: f64) -> (f64, f64, f64) {
    let (p, z2) = (hits / total, NORMAL_975 * NORMAL_975);
    let middle = (p + z2 / (2.0 * total)) / (1.0 + z2 / total);
    let half = NORMAL_975 / (1.0 + z2 / total) * (p * (1.0 - p) / total + z2 / (4.0 * total * total)).sqrt();
    (p, middle - half, middle + half)
}

/// The largest number of units that was counted, not only said: the floor.
pub fn floor(totals: &Totals) -> Option<&Total> {
    let counted: Vec<&Total> = totals.rows.iter().filter(|t| t.exact).collect();
    let broken: Vec<&Total> = counted.iter().copied().filter(|t| t.state == State::Compromised).collect();
    let rows = if broken.is_empty() { counted } else { broken };
    rows.into_iter().max_by_key(|t| (t.count, std::cmp::Reverse(t.day.clone())))
}

/// The statements, in the order in which they should be read. `claims` are totals to hold against the lists.
pub fn statements(totals: &Totals, claims: &[f64]) -> Vec<Text> {
    let mut said = vec![Text::new(
        "Not estimated: only totals are known, no overlap between two lists; totals of different units, states and days cannot be put together.",
        "Non estimé : seuls des totaux sont connus, aucun recouvrement entre deux listes ; des totaux d'unités, d'états et de jours différents ne s'additionnent pas.",
    )];
    said.extend(floors(totals));
    said.extend(comparable(totals).map(|(a, b)| overlap_to_compare(totals, (a, b), claims)));
    said.extend(shares(totals));
    said.extend(decays(totals));
    if totals.without_number > 0 {
        let n = totals.without_number;
        said.push(Text::new(
            format!("Not used: {n} rows that state no number of units (words, percentages, rates)."),
            format!("Non utilisées : {n} lignes sans nombre d'unités (mots, pourcentages, cadences)."),
        ));
    }
    said
}

fn both(x: f64) -> (String, String) {
    (whole(x, Language::English), whole(x, Language::French))
}

fn floors(totals: &Totals) -> Vec<Text> {
    let mut rows: Vec<&Total> =
        totals.rows.iter().filter(|t| t.exact && t.state == State::Compromised).collect();
    rows.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.day.cmp(&b.day)));
    rows.truncate(MOST_FLOORS);
    rows.iter()
        .map(|t| {
            let (en, fr) = both(t.count as f64);
            let (unit, scope, day, source) = (tame(&t.unit), tame(&t.scope), tame(&t.day), tame(&t.source));
            Text::new(
                format!("Floor: {en} {unit}, compromised ({scope}, {day}; {source})."),
                format!(
                    "Plancher : {fr} {}, {} ({}, {day} ; {source}).",
                    french::unit(&t.unit),
                    french::compromised(&t.unit),
                    french::place(&t.scope)
                ),
            )
        })
        .collect()
}

/// Two totals of compromised addresses or servers, of different sources and near days: the largest such pair.
fn comparable(totals: &Totals) -> Option<(&Total, &Total)> {
    let machines = |t: &&Total| {
        t.state == State::Compromised && t.is_wide() && matches!(t.kind(), Kind::Address | Kind::Server)
    };
    let rows: Vec<&Total> = totals.rows.iter().filter(machines).collect();
    let mut best: Option<(&Total, &Total)> = None;
    for (i, a) in rows.iter().enumerate() {
        for b in &rows[i + 1..] {
            let near = match (a.first_day(), b.first_day()) {
                (Some(x), Some(y)) => (x - y).abs() <= MOST_DAYS_APART,
                (Some(_) | None, None) | (None, Some(_)) => false,
            };
            let smaller = |pair: (&Total, &Total)| pair.0.count.min(pair.1.count);
            if near && a.who() != b.who() && best.is_none_or(|old| smaller((a, b)) > smaller(old)) {
                best = Some((a, b));
            }
        }
    }
    best
}

/// Totals to hold against a pair: those asked for, else those of the file and some round numbers.
fn claims_for(totals: &Totals, (a, b): (&Total, &Total), asked: &[f64]) -> Vec<f64> {
    let least = a.count.max(b.count) as f64;
    let mut claims = asked.to_vec();
    if claims.is_empty() {
        let said =
            |t: &&Total| t.state == State::Compromised && t.is_wide() && t.kind() == Kind::Organisation;
        claims.extend(totals.rows.iter().filter(said).map(|t| t.count as f64));
        let scale = 10_f64.powf(least.log10().floor());
        claims.extend([2.0, 5.0, 10.0, 25.0].map(|m| m * scale * 10.0));
    }
    claims.retain(|&n| n > least);
    claims.sort_by(f64::total_cmp);
    claims.dedup();
    claims
}

fn overlap_to_compare(totals: &Totals, (a, b): (&Total, &Total), asked: &[f64]) -> Text {
    let claims = claims_for(totals, (a, b), asked);
    let row = |language| {
        claims
            .iter()
            .map(|&n| {
                format!("{} -> {}", whole(n, language), whole(implied_overlap(a.count, b.count, n), language))
            })
            .collect::<Vec<_>>()
            .join(", ")
    };
    let told = |t: &Total, language| {
        let unit = match language {
            Language::English => tame(&t.unit),
            Language::French => french::unit(&t.unit),
        };
        format!("{} {unit} ({}, {})", whole(t.count as f64, language), tame(t.who()), tame(&t.day))
    };
    let (en, fr) = (Language::English, Language::French);
    Text::new(
        format!(
            "The one number to compare: how many of the {} are among the {}. If the two are independent, total -> shared: {}.",
            told(a, en),
            told(b, en),
            row(en)
        ),
        format!(
            "Le seul nombre à comparer : combien des {} sont parmi les {}. Si les deux sont indépendantes, total -> communs : {}.",
            told(a, fr),
            told(b, fr),
            row(fr)
        ),
    )
}

/// Where one source tells both how many it looked at and how many of them were compromised.
fn shares(totals: &Totals) -> Vec<Text> {
    let world =
        totals.rows.iter().filter(|t| t.state == State::Existing && t.is_wide()).max_by_key(|t| t.count);
    let of = |whole: &Total| {
        totals
            .rows
            .iter()
            .filter(|t| {
                t.state == State::Compromised
                    && (t.who(), &t.day, &t.scope) == (whole.who(), &whole.day, &whole.scope)
                    && t.count < whole.count
            })
            .max_by_key(|t| t.count)
    };
    totals
        .rows
        .iter()
        .filter(|t| t.state == State::Existing && !t.is_wide())
        .filter_map(|t| Some(share_text(of(t)?, t, world)))
        .collect()
}

fn share_text(hits: &Total, all: &Total, world: Option<&Total>) -> Text {
    let (p, low, high) = wilson(hits.count as f64, all.count as f64);
    let told = |language| {
        let percent = |x: f64| decimal(x * 100.0, 1, language);
        (
            whole(hits.count as f64, language),
            whole(all.count as f64, language),
            percent(p),
            format!("{}-{}", percent(low), percent(high)),
        )
    };
    let (scope, day) = (tame(&all.scope), tame(&all.day));
    let (h, n, p, ends) = told(Language::English);
    let mut en = format!("Share: {h} of {n} ({scope}, {day}) is {p}% (95% {ends}%)");
    let (h, n, p, ends) = told(Language::French);
    let mut fr =
        format!("Part : {h} sur {n} ({}, {day}), soit {p} % (95 % : {ends} %)", french::place(&all.scope));
    if let Some(world) = world {
        let n = both(world.count as f64);
        let (from, to) =
            (both(two_figures(low * world.count as f64)), both(two_figures(high * world.count as f64)));
        en = format!(
            "{en}; on {} {} that would be {} to {}, but only if {scope} were like the world and nothing came after {day}. Neither was shown",
            n.0,
            tame(&world.unit),
            from.0,
            to.0
        );
        fr = format!(
            "{fr} ; sur {} {} cela ferait {} à {}, mais seulement si ce périmètre ressemblait au monde et si rien n'est venu après le {day}. Ni l'un ni l'autre n'est établi",
            n.1,
            french::unit(&world.unit),
            from.1,
            to.1
        );
    }
    Text::new(format!("{en}."), format!("{fr}."))
}

/// How fast counts of one source, unit, state and place fell between its first and last day.
fn decays(totals: &Totals) -> Vec<Text> {
    let mut rows: Vec<&Total> = totals
        .rows
        .iter()
        .filter(|t| {
            t.exact && matches!(t.state, State::Compromised | State::Exposed) && t.first_day().is_some()
        })
        .collect();
    let key = |t: &Total| (t.who().to_owned(), t.unit.clone(), t.state, t.scope.clone());
    rows.sort_by_key(|t| (key(t), t.first_day(), t.count));
    rows.chunk_by(|a, b| key(a) == key(b))
        .filter_map(|same| {
            let (first, last) = (same.first()?, same.last()?);
            let point = |t: &Total| Some((f64::from(t.first_day()?), t.count as f64));
            let d = decay(&[point(first)?, point(last)?])?;
            let state = match first.state {
                State::Compromised => ("compromised", "compromis"),
                State::Exposed => ("exposed", "exposé"),
                State::Existing | State::Other => ("", ""),
            };
            let (a, b) = (both(first.count as f64), both(last.count as f64));
            let days = |language| (decimal(d.half_life, 1, language), decimal(d.half_life / 4.0, 1, language));
            let (half, quarter) = days(Language::English);
            let (half_fr, quarter_fr) = days(Language::French);
            let (unit, scope, who) = (tame(&first.unit), tame(&first.scope), tame(first.who()));
            let (from, to) = (tame(&first.day), tame(&last.day));
            Some(Text::new(
                format!("Closure: {} {unit} ({scope}, {who}) fell from {} on {from} to {} on {to}: halved in {half} days, so lists more than {quarter} days apart are not one population.", state.0, a.0, b.0),
                format!("Fermeture : {} : état « {} » ({}, {who}) : de {} le {from} à {} le {to}, soit deux fois moins en {half_fr} jours ; des listes à plus de {quarter_fr} jours d'écart ne décrivent pas une même population.", french::unit(&first.unit), state.1, french::place(&first.scope), a.1, b.1),
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_refuses_and_names_the_number_to_compare() {
        let totals = counts().unwrap();
        assert!(totals.rows.len() >= 20 && totals.rows.iter().all(|t| !t.source.is_empty()));
        let said = statements(&totals, &[20e3, 60e3, 100e3, 250e3]);
        let english: Vec<&str> = said.iter().map(|s| s.en.as_str()).collect();
        let has = |what: &str| english.iter().any(|s| s.contains(what));
        assert!(english[0].starts_with("Not estimated: only totals"));
        assert!(
            has("5,000 unique servers (ESET, 2021-03-09) are among the 5,818 unique IP addresses"),
            "{english:#?}"
        );
        assert!(has("20,000 -> 1,454, 60,000 -> 485, 100,000 -> 291, 250,000 -> 116"), "{english:#?}");
        assert!(has("(95% 8.8-11.4%)") && has("35,000 to 46,000"), "{english:#?}");
        assert!(has("halved in 7.4 days") && has("halved in 24.1 days"), "{english:#?}");
        assert!(has("Floor: 21,248 servers"));
        assert_eq!(floor(&totals).unwrap().count, 21_248);
        assert!(said.iter().any(|s| s.fr.contains("deux fois moins en 7,4 jours")));
    }
}
