//! The result as text for people: the answer first, then the methods, then the checks, then the sentence.

use crate::analysis::{Analysis, Context, units};
use crate::honesty::wording::{method_label, shown, shown_high, shown_low, whole};
use crate::honesty::{Language, Status};
use std::fmt::Write as _;

/// The whole text.
pub fn render(analysis: &Analysis, context: &Context, language: Language) -> String {
    let mut out = String::new();
    let floor = analysis.table.seen();
    let words = words(language);
    let (unit, unit_fr) = units(context);
    let unit = if language == Language::English { unit } else { unit_fr };
    let _ = writeln!(out, "{}{}{} {}", words.seen, words.colon, whole(floor as f64, language), unit);
    // Where there is no bound the floor is all, and saying it twice would make it look like two findings.
    if analysis.safe_low() > floor as f64 {
        let _ = writeln!(
            out,
            "{}{}{}",
            words.at_least,
            words.colon,
            shown_low(analysis.safe_low(), floor, language)
        );
    }
    match (&analysis.recommended, &analysis.refused) {
        (Some(r), _) => {
            let (low, high) = (shown_low(r.low, floor, language), shown_high(r.high, floor, language));
            let _ = writeln!(out, "{}{}{low} - {high}", words.between, words.colon);
            let _ = writeln!(out, "{}{}{}", words.middle, words.colon, shown(r.estimate, floor, language));
        }
        (None, Some(refusal)) => {
            let _ = writeln!(out, "{}{}{}", words.refused, words.colon, refusal.text().of(language));
        }
        (None, None) => {}
    }
    if !context.said.is_empty() {
        let _ = writeln!(out, "\n{}", words.said);
    }
    for text in &context.said {
        let _ = writeln!(out, "  {}", text.of(language));
    }
    if !analysis.estimates.is_empty() {
        let _ = writeln!(out, "\n{}", words.methods);
    }
    for e in &analysis.estimates {
        let show = |x: Option<f64>| x.map_or_else(|| "∞".to_owned(), |x| shown(x, floor, language));
        let _ = writeln!(
            out,
            "  {:<28} {:>12}  {}  {}",
            method_label(&e.method, language),
            shown(e.estimate, floor, language),
            if e.low.is_none() && e.high.is_none() {
                words.no_interval.to_owned()
            } else {
                format!("({} - {})", show(e.low), show(e.high))
            },
            e.note.of(language)
        );
    }
    let _ = writeln!(out, "\n{}", words.checks);
    for c in &analysis.checks {
        let mark = match c.status {
            Status::Ok => " ",
            Status::Flag => "!",
            Status::Unknown => "?",
            Status::Skipped => "-",
        };
        let _ = writeln!(out, "{mark} {:>2}. {}", c.number, c.text.of(language));
    }
    let _ = writeln!(out, "\n{}", analysis.sentence(context).of(language));
    out
}

struct Words {
    colon: &'static str,
    seen: &'static str,
    at_least: &'static str,
    between: &'static str,
    middle: &'static str,
    refused: &'static str,
    said: &'static str,
    no_interval: &'static str,
    methods: &'static str,
    checks: &'static str,
}

fn words(language: Language) -> Words {
    match language {
        Language::English => Words {
            colon: ": ",
            seen: "Seen (floor)",
            at_least: "At least (95%)",
            between: "Between",
            middle: "Middle of the methods",
            refused: "Not estimated",
            said: "What can be said",
            no_interval: "(no interval)",
            methods: "Methods (two significant figures; nominal 95%)",
            checks: "Checks (! read this, ? not known, - does not apply)",
        },
        Language::French => Words {
            colon: " : ",
            seen: "Vu (plancher)",
            at_least: "Au moins (95 %)",
            between: "Entre",
            middle: "Milieu des méthodes",
            refused: "Non estimé",
            said: "Ce qu'on peut dire",
            no_interval: "(sans intervalle)",
            methods: "Méthodes (deux chiffres significatifs ; 95 % nominal)",
            checks: "Contrôles (! à lire, ? inconnu, - sans objet)",
        },
    }
}
