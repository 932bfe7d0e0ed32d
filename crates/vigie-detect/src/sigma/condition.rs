//! A rule's `detection` to one expression: selectors such as `1 of selection_*` are written out.

use std::collections::BTreeMap;

use rsigma_parser::{ConditionExpr, Detection, Detections, Quantifier, SelectorPattern};

use super::item::{Values, item_to_expr, keywords_to_expr};
use crate::error::LoadError;
use crate::ir::Expr;

/// The whole of `detection`: several conditions are alternatives.
pub(crate) fn detections_to_expr(
    values: &Values<'_>,
    detections: &Detections,
    unfilled: &mut Vec<String>,
) -> Result<Expr, Box<LoadError>> {
    let mut named = BTreeMap::new();
    // The parser's own map has no order.
    let sorted: BTreeMap<_, _> = detections.named.iter().collect();
    for (name, detection) in sorted {
        named.insert(name.as_str(), detection_to_expr(values, detection, unfilled)?);
    }
    let mut alternatives = Vec::new();
    for condition in &detections.conditions {
        alternatives.push(condition_to_expr(values, condition, &named)?);
    }
    Ok(one_or(alternatives, Expr::Or))
}

fn one_or(mut parts: Vec<Expr>, join: fn(Vec<Expr>) -> Expr) -> Expr {
    if parts.len() == 1 { parts.remove(0) } else { join(parts) }
}

fn detection_to_expr(
    values: &Values<'_>,
    detection: &Detection,
    unfilled: &mut Vec<String>,
) -> Result<Expr, Box<LoadError>> {
    let mut all = |parts: &[Detection], join: fn(Vec<Expr>) -> Expr| {
        let parts: Result<Vec<Expr>, _> =
            parts.iter().map(|part| detection_to_expr(values, part, unfilled)).collect();
        Ok(one_or(parts?, join))
    };
    match detection {
        Detection::AnyOf(parts) => all(parts, Expr::Or),
        Detection::And(parts) => all(parts, Expr::And),
        Detection::AllOf(items) => {
            let parts: Result<Vec<Expr>, _> =
                items.iter().map(|item| item_to_expr(values, item, unfilled)).collect();
            Ok(one_or(parts?, Expr::And))
        }
        Detection::Keywords(keywords) => keywords_to_expr(values, keywords),
        Detection::ArrayMatch { field, .. } => Err(Box::new(values.document.error_on(
            field,
            "matching inside arrays is a proposal for Sigma 3 and is not supported",
            "remove `sigma-version: 3` or the `[...]` selector",
        ))),
        Detection::Conditional { .. } => Err(Box::new(values.document.error_on_key(
            "detection",
            "a condition inside a detection is a proposal for Sigma 3 and is not supported",
            "name the parts and join them in `condition`",
        ))),
    }
}

fn condition_to_expr(
    values: &Values<'_>,
    condition: &ConditionExpr,
    named: &BTreeMap<&str, Expr>,
) -> Result<Expr, Box<LoadError>> {
    let list = |parts: &[ConditionExpr]| -> Result<Vec<Expr>, Box<LoadError>> {
        parts.iter().map(|part| condition_to_expr(values, part, named)).collect()
    };
    match condition {
        ConditionExpr::And(parts) => Ok(Expr::And(list(parts)?)),
        ConditionExpr::Or(parts) => Ok(Expr::Or(list(parts)?)),
        ConditionExpr::Not(inner) => Ok(Expr::Not(Box::new(condition_to_expr(values, inner, named)?))),
        ConditionExpr::Identifier(name) => named.get(name.as_str()).cloned().ok_or_else(|| {
            let known: Vec<&str> = named.keys().copied().collect();
            let hint = format!("this rule has {}", known.join(", "));
            let message = format!("the condition names `{name}`, which is not in `detection`");
            Box::new(error_in_condition(values, name, message, &hint))
        }),
        ConditionExpr::Selector { quantifier, pattern } => select(values, quantifier, pattern, named),
    }
}

fn select(
    values: &Values<'_>,
    quantifier: &Quantifier,
    pattern: &SelectorPattern,
    named: &BTreeMap<&str, Expr>,
) -> Result<Expr, Box<LoadError>> {
    let chosen: Vec<Expr> = named
        .iter()
        .filter(|(name, _)| pattern.matches_detection_name(name))
        .map(|(_, expr)| expr.clone())
        .collect();
    if chosen.is_empty() {
        let message = format!("`{quantifier} of {pattern}` stands for no detection");
        let hint = "a name in `detection` must fit the pattern";
        return Err(Box::new(error_in_condition(values, &pattern.to_string(), message, hint)));
    }
    match quantifier {
        Quantifier::Any | Quantifier::Count(1) => Ok(one_or(chosen, Expr::Or)),
        Quantifier::All => Ok(one_or(chosen, Expr::And)),
        Quantifier::Count(count) => Ok(Expr::AtLeast(usize::try_from(*count).unwrap_or(usize::MAX), chosen)),
    }
}

fn error_in_condition(values: &Values<'_>, name: &str, message: String, hint: &str) -> LoadError {
    let Some((index, byte)) = values.document.value_of_key("condition") else {
        return values.document.error_on_key("detection", message, hint);
    };
    let line = values.document.body.lines().nth(index).unwrap_or_default();
    let at = line.get(byte..).and_then(|rest| rest.find(name)).unwrap_or(0);
    values.document.error_at(index, byte + at, message, hint)
}
