//! The worked example of March 2021: what the public counts of HAFNIUM victims allow to say, and what they do not.
//!
//! No overlap between two lists was ever published, so the total cannot be estimated. What can be said: floors, each with
//! its unit and day; how fast servers left; a ratio with its assumption; and the one number that two holders of lists
//! should compare.

use super::wording::{Language, Text, two_figures, whole};
use crate::methods::decay::{Decay, decay};
use crate::methods::pairs::implied_overlap;
use crate::numeric::special::NORMAL_975;

/// Counts as published, one a line, each with its source.
pub const COUNTS: &str = include_str!("../../data/hafnium.csv");

/// One published count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicCount {
    /// Day that it speaks of.
    pub day: String,
    /// The number.
    pub count: u64,
    /// How it was put: exact, at least, about.
    pub bound: String,
    /// What was counted.
    pub unit: String,
    /// In what state: compromised, vulnerable.
    pub state: String,
    /// Where.
    pub scope: String,
    /// Who said so, and where it can be read.
    pub source: String,
}

/// The published counts.
pub fn counts() -> Vec<PublicCount> {
    let mut reader = csv::Reader::from_reader(COUNTS.as_bytes());
    reader
        .records()
        .filter_map(Result::ok)
        .filter_map(|r| {
            let text = |i: usize| r.get(i).unwrap_or("").to_owned();
            let count = r.get(1)?.parse().ok()?;
            Some(PublicCount {
                day: text(0),
                count,
                bound: text(2),
                unit: text(3),
                state: text(4),
                scope: text(5),
                source: text(6),
            })
        })
        .collect()
}

/// A share with Wilson's 95 % interval.
pub fn wilson(hits: f64, total: f64) -> (f64, f64, f64) {
    let (p, z2) = (hits / total, NORMAL_975 * NORMAL_975);
    let middle = (p + z2 / (2.0 * total)) / (1.0 + z2 / total);
    let half = NORMAL_975 / (1.0 + z2 / total) * (p * (1.0 - p) / total + z2 / (4.0 * total * total)).sqrt();
    (p, middle - half, middle + half)
}

/// Two lists that could be compared: ESET's telemetry to 9 March, and Shadowserver's web shells of 12 March.
pub const COMPARABLE: (u64, u64) = (5_000, 5_818);
/// Totals that were said in public.
pub const CLAIMS: [f64; 4] = [20_000.0, 60_000.0, 100_000.0, 250_000.0];

/// How fast exposed servers left, from two counts of one source.
pub fn exposed_decay() -> Option<Decay> {
    decay(&[(10.0, 92_072.0), (22.0, 29_966.0)])
}

/// The statements, in the order in which they should be read.
pub fn statements() -> Vec<Text> {
    let mut said = vec![Text::new(
        "Not estimated: only totals were published, no overlap between two lists; totals of different units, states and days cannot be put together.",
        "Non estimé : seuls des totaux ont été publiés, aucun recouvrement entre deux listes ; des totaux d'unités, d'états et de jours différents ne s'additionnent pas.",
    )];
    for c in counts().iter().filter(|c| c.state == "compromised" && c.bound == "exact") {
        let (en, fr) = (whole(c.count as f64, Language::English), whole(c.count as f64, Language::French));
        said.push(Text::new(
            format!("Floor: {en} {} {} ({}, {}; {}).", c.unit, c.state, c.scope, c.day, c.source),
            format!("Plancher : {fr} {} {} ({}, {} ; {}).", c.unit, c.state, c.scope, c.day, c.source),
        ));
    }
    said.push(overlap_to_compare());
    said.push(ratio());
    if let Some(d) = exposed_decay() {
        said.push(Text::new(
            format!("Exposed servers halved in {:.1} days: lists more than {:.1} days apart are not one population.", d.half_life, d.half_life / 4.0),
            format!("Les serveurs exposés ont diminué de moitié en {:.1} jours : des listes à plus de {:.1} jours ne décrivent pas une même population.", d.half_life, d.half_life / 4.0),
        ));
    }
    said
}

fn overlap_to_compare() -> Text {
    let row = |language| {
        CLAIMS
            .iter()
            .map(|&n| {
                format!(
                    "{} -> {}",
                    whole(n, language),
                    whole(implied_overlap(COMPARABLE.0, COMPARABLE.1, n), language)
                )
            })
            .collect::<Vec<_>>()
            .join(", ")
    };
    Text::new(
        format!(
            "The one number to compare: how many of ESET's 5,000 servers (to 9 March) are among Shadowserver's 5,818 addresses (12 March). If independent, total -> shared: {}.",
            row(Language::English)
        ),
        format!(
            "Le seul nombre à comparer : combien des 5 000 serveurs d'ESET (au 9 mars) sont parmi les 5 818 adresses de Shadowserver (12 mars). Si indépendants, total -> communs : {}.",
            row(Language::French)
        ),
    )
}

fn ratio() -> Text {
    let (p, low, high) = wilson(200.0, 2_000.0);
    let all = 400_000.0;
    let (from, to) = (two_figures(low * all), two_figures(high * all));
    Text::new(
        format!(
            "Ratio: {:.0}% of some 2,000 partner servers on 3 March ({:.1}-{:.1}%); on 400,000 servers that is {from:.0} to {to:.0}, if small US firms were like the world and nothing came after 3 March. Neither is true.",
            p * 100.0,
            low * 100.0,
            high * 100.0
        ),
        format!(
            "Ratio : {:.0} % d'environ 2 000 serveurs partenaires le 3 mars ({:.1}-{:.1} %) ; sur 400 000 serveurs, {from:.0} à {to:.0}, si de petites entreprises américaines ressemblaient au monde et si rien ne suivait le 3 mars. Ni l'un ni l'autre n'est vrai.",
            p * 100.0,
            low * 100.0,
            high * 100.0
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_refuses_and_names_the_number_to_compare() {
        let said = statements();
        assert!(said[0].en.starts_with("Not estimated: only totals"));
        assert!(said.iter().any(|s| s.en.contains("60,000 -> 485")));
        assert!(said.iter().any(|s| s.en.contains("(8.8-11.4%)") && s.en.contains("35000 to 46000")));
        assert!(said.iter().any(|s| s.en.contains("halved in 7.4 days")));
        assert!(counts().len() >= 20 && counts().iter().all(|c| !c.source.is_empty()));
    }
}
