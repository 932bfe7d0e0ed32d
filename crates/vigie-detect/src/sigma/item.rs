//! One line of a detection, `Field|modifiers: values`, to an expression.

use rsigma_parser::{DetectionItem, Modifier, SigmaValue};

use super::Placeholders;
use super::value::{self, Op};
use crate::error::LoadError;
use crate::ir::{Expr, Predicate, Test};
use crate::place::Text;

/// What values are read with.
pub(crate) struct Values<'a> {
    /// The document, for the places of errors.
    pub document: &'a Text<'a>,
    /// Values for `expand`.
    pub placeholders: &'a Placeholders,
}

/// A field with its values: alternatives, or all of them with `all`.
pub(super) fn item_to_expr(
    values: &Values<'_>,
    item: &DetectionItem,
    unfilled: &mut Vec<String>,
) -> Result<Expr, Box<LoadError>> {
    let modifiers = &item.field.modifiers;
    let fail = |message: String, hint: &str| Box::new(error_on_item(values, item, message, hint));
    let op = Op::resolve(modifiers, item.field.name.is_none()).map_err(|message| fail(message, ""))?;
    if let Op::Exists = op {
        return exists(item).ok_or_else(|| fail("`exists` takes true or false".into(), ""));
    }
    let mut parts = Vec::new();
    for value in &item.values {
        for value in filled(values, modifiers, value, unfilled) {
            let predicates = value::predicates(op, modifiers, &value)
                .map_err(|mistake| Box::new(error_on_value(values, item, &value, &mistake)))?;
            let tests = predicates.into_iter().map(|predicate| test(item.field.name.clone(), predicate));
            parts.push(join(tests.collect(), Expr::Or));
        }
    }
    // `all` over one value says the same as without it; pySigma refuses it, the public rules do not use it.
    let all = modifiers.contains(&Modifier::All);
    let expr = join(parts, if all { Expr::And } else { Expr::Or });
    Ok(if modifiers.contains(&Modifier::Neq) { Expr::Not(Box::new(expr)) } else { expr })
}

/// A list without fields: any of its words, in any field.
pub(super) fn keywords_to_expr(values: &Values<'_>, keywords: &[SigmaValue]) -> Result<Expr, Box<LoadError>> {
    let mut parts = Vec::new();
    for keyword in keywords {
        let predicates = value::predicates(Op::Contains, &[], keyword).map_err(|mistake| {
            Box::new(values.document.error_on(&shown(keyword), mistake.message, mistake.hint))
        })?;
        parts.extend(predicates.into_iter().map(|predicate| test(None, predicate)));
    }
    Ok(join(parts, Expr::Or))
}

fn test(field: Option<String>, predicate: Predicate) -> Expr {
    Expr::Test(Test { field, predicate })
}

/// One part alone, or the parts joined; nothing never holds (a placeholder without values).
fn join(mut parts: Vec<Expr>, how: fn(Vec<Expr>) -> Expr) -> Expr {
    match parts.len() {
        0 => Expr::Const(false),
        1 => parts.remove(0),
        _ => how(parts),
    }
}

fn exists(item: &DetectionItem) -> Option<Expr> {
    let wanted = match item.values.first()? {
        SigmaValue::Bool(wanted) => *wanted,
        SigmaValue::String(text) => match text.original.as_str() {
            "true" | "yes" => true,
            "false" | "no" => false,
            _ => return None,
        },
        SigmaValue::Integer(_) | SigmaValue::Float(_) | SigmaValue::Null => return None,
    };
    Some(test(item.field.name.clone(), Predicate::Exists(wanted)))
}

/// The value with its `%placeholders%` filled in: one value for each combination.
fn filled(
    values: &Values<'_>,
    modifiers: &[Modifier],
    value: &SigmaValue,
    unfilled: &mut Vec<String>,
) -> Vec<SigmaValue> {
    let SigmaValue::String(text) = value else { return vec![value.clone()] };
    if !modifiers.contains(&Modifier::Expand) {
        return vec![value.clone()];
    }
    let mut texts = vec![text.original.clone()];
    for name in text.original.split('%').skip(1).step_by(2) {
        let Some(known) = values.placeholders.get(name) else {
            unfilled.push(name.to_owned());
            return Vec::new();
        };
        let holder = format!("%{name}%");
        texts = texts
            .iter()
            .flat_map(|text| known.iter().map(|filling| text.replacen(&holder, filling, 1)))
            .collect();
    }
    texts.into_iter().map(|text| SigmaValue::String(rsigma_parser::SigmaString::new(&text))).collect()
}

fn key_of(item: &DetectionItem) -> String {
    item.field.name.clone().unwrap_or_default()
}

fn error_on_item(values: &Values<'_>, item: &DetectionItem, message: String, hint: &str) -> LoadError {
    let name = key_of(item);
    let found = |line: &str| {
        let start = line.len() - line.trim_start_matches([' ', '-', '\'', '"']).len();
        line.get(start..)?.strip_prefix(name.as_str())?.starts_with('|').then_some(start)
    };
    values.document.error_where(found, message, hint)
}

fn error_on_value(
    values: &Values<'_>,
    item: &DetectionItem,
    value: &SigmaValue,
    mistake: &value::Mistake,
) -> LoadError {
    let shown = shown(value);
    if !shown.is_empty() && values.document.body.contains(&shown) {
        return values.document.error_on(&shown, mistake.message.clone(), mistake.hint);
    }
    error_on_item(values, item, mistake.message.clone(), mistake.hint)
}

fn shown(value: &SigmaValue) -> String {
    value.to_string()
}
