//! The result as JSON: what `vigie estimate --json` writes, described by `schema/estimate.schema.json`.

use crate::analysis::{Analysis, Context};
use crate::honesty::sensitivity::Change;
use crate::honesty::{Language, Refusal};
use crate::methods::Estimate;
use serde_json::{Map, Value, json};

/// The JSON Schema of the result.
pub const SCHEMA: &str = include_str!("../../schema/estimate.schema.json");

/// One object. Numbers are unrounded: rounding is for people.
pub fn render(analysis: &Analysis, context: &Context, language: Language) -> Value {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put("schema", json!("vigie-estimate/1"));
    put("unit", json!(context.unit));
    put("population", json!(context.population));
    put("lists", lists(analysis));
    put("n_seen", json!(analysis.table.seen()));
    put("floor", json!(analysis.table.seen()));
    put("lower_bound", number(analysis.safe_low()));
    put("refused", json!(analysis.refused.as_ref().map(|r| r.text().of(language).to_owned())));
    put("refusal_code", json!(analysis.refused.as_ref().map(Refusal::code)));
    put("estimates", analysis.estimates.iter().map(|e| estimate(e, language)).collect());
    put("recommended", recommended(analysis));
    put("checks", checks(analysis, language));
    put("consistency", consistency(analysis));
    put("implied_overlaps", implied(analysis));
    put("strata", strata(analysis));
    put("sensitivity", sensitivity(analysis, context));
    put("statements", context.said.iter().map(|t| t.of(language)).collect());
    put("sentence", json!(analysis.sentence(context).of(language)));
    Value::Object(object)
}

fn lists(analysis: &Analysis) -> Value {
    let table = &analysis.table;
    (0..table.width()).map(|i| json!({"name": table.lists()[i], "units": table.on_all(1 << i)})).collect()
}

/// JSON has no infinity: what is not finite is null.
fn number(x: f64) -> Value {
    if x.is_finite() { json!(x) } else { Value::Null }
}

fn optional(x: Option<f64>) -> Value {
    x.map_or(Value::Null, number)
}

fn estimate(e: &Estimate, language: Language) -> Value {
    json!({"method": e.method, "estimate": number(e.estimate), "low": optional(e.low), "high": optional(e.high), "note": e.note.of(language)})
}

fn recommended(analysis: &Analysis) -> Value {
    analysis.recommended.as_ref().map_or(Value::Null, |r| {
        json!({
            "method": "lower end of Chao's bound; largest of three upper ends with the unseen doubled",
            "estimate": number(r.estimate),
            "low": number(r.low),
            "high": number(r.high),
            "high_without_dependence": number(r.nominal_high),
        })
    })
}

fn checks(analysis: &Analysis, language: Language) -> Value {
    analysis
        .checks
        .iter()
        .map(|c| json!({"number": c.number, "name": c.name, "status": c.status.code(), "text": c.text.of(language)}))
        .collect()
}

fn consistency(analysis: &Analysis) -> Value {
    analysis
        .consistency
        .iter()
        .map(|r| {
            json!({
                "list": r.list, "truth": r.truth, "n_seen": r.seen, "estimate": optional(r.estimate),
                "low": number(r.low), "high": optional(r.high), "holds": r.holds(),
            })
        })
        .collect()
}

fn implied(analysis: &Analysis) -> Value {
    analysis
        .implied
        .iter()
        .map(|i| json!({"lists": [i.first, i.second], "claim": i.claim, "implied": number(i.implied), "observed": i.observed}))
        .collect()
}

/// How the middle moves with the threshold of linking, with an odds ratio, and with a list left out or merged.
fn sensitivity(analysis: &Analysis, context: &Context) -> Value {
    let thresholds: Vec<Value> = context
        .thresholds
        .iter()
        .map(|(at, seen, middle)| json!({"link_at": at, "n_seen": seen, "estimate": optional(*middle)}))
        .collect();
    let odds = analysis.by_odds.as_ref().map_or(Value::Null, |(a, b, row)| {
        let lists = analysis.table.lists();
        let row: Vec<Value> =
            row.iter().map(|(o, n)| json!({"odds_ratio": o, "estimate": number(*n)})).collect();
        json!({"lists": [lists[*a], lists[*b]], "by_odds_ratio": row})
    });
    let variants: Vec<Value> = analysis
        .variants
        .iter()
        .map(|v| {
            let (change, what) = match &v.change {
                Change::Without(list) => ("without", list),
                Change::Merged(lists) => ("merged", lists),
            };
            json!({"change": change, "lists": what, "estimate": optional(v.estimate)})
        })
        .collect();
    json!({"link_thresholds": thresholds, "dependence": odds, "variants": variants})
}

fn strata(analysis: &Analysis) -> Value {
    analysis
        .strata
        .iter()
        .map(|s| {
            let r = s.recommended.as_ref();
            json!({
                "name": s.name, "n_seen": s.seen, "estimate": optional(r.map(|r| r.estimate)),
                "low": optional(r.map(|r| r.low)), "high": optional(r.map(|r| r.high)),
            })
        })
        .collect()
}
