//! The two sides, asked the same: which of the rules match which of the events.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use rsigma_eval::event::JsonEvent;
use rsigma_eval::{CompiledRule, compile_rule, evaluate_rule};
use rsigma_parser::parse_sigma_yaml;
use serde_json::{Map, Value};
use vigie_detect::{Bundled, RuleSet, Sources};
use vigie_model::batch::Position;
use vigie_model::{BatchBuilder, EventBatch, Schema};

/// A row of texts, by column.
pub type Row = Vec<Option<String>>;

/// The rules of some YAML documents, as we load them, in the order of the documents. They lie in `folder`, which must be
/// empty.
///
/// # Errors
/// When a rule does not load.
pub fn ours(folder: &Path, documents: &[String]) -> anyhow::Result<Arc<RuleSet>> {
    let path = folder.join("rules.yml");
    std::fs::write(&path, documents.join("---\n"))?;
    let sources = Sources { bundled: Bundled::None, rules: vec![path], ..Sources::default() };
    Ok(Arc::new(RuleSet::load(&sources)?))
}

/// Rows as a batch of an artifact that no log source means.
pub fn batch(columns: &[&str], rows: &[Row]) -> EventBatch {
    let schema = Schema {
        artifact: "test".into(),
        fields: columns.iter().map(|name| (*name).to_owned().into()).collect(),
        ..Schema::default()
    };
    let mut builder = BatchBuilder::new(Arc::new(schema));
    for (number, row) in (0..).zip(rows) {
        builder.push(None, Position { number, offset: 0 }, row.iter().map(Option::as_deref));
    }
    builder.take()
}

/// Which rules match which rows: by row, then by rule.
pub fn we_say(rules: &Arc<RuleSet>, batch: &EventBatch) -> Vec<Vec<bool>> {
    let mut hits = Vec::new();
    rules.scanner().scan(batch, &mut hits);
    let mut said = vec![vec![false; rules.rules.len()]; batch.rows()];
    for hit in hits {
        let row = usize::try_from(hit.number).ok().and_then(|row| said.get_mut(row));
        if let Some(cell) = row.and_then(|row| row.get_mut(hit.rule as usize)) {
            *cell = true;
        }
    }
    said
}

/// The rules of a YAML document, as the other side compiles them.
///
/// # Errors
/// When it does not take one.
pub fn theirs(document: &str) -> anyhow::Result<Vec<CompiledRule>> {
    let collection = parse_sigma_yaml(document).map_err(|error| anyhow!("{error}"))?;
    let rules = collection.rules.iter();
    rules.map(|rule| compile_rule(rule).map_err(|error| anyhow!("{error}"))).collect()
}

/// The one rule of a document, likewise.
///
/// # Errors
/// When there is none, or it is not taken.
pub fn their_rule(document: &str) -> anyhow::Result<CompiledRule> {
    theirs(document)?.pop().context("a document without a rule")
}

/// An event as the other side takes it: an absent value is `null`, which it tells from an empty one as we do.
pub fn json<'a>(fields: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> Value {
    let mut map = Map::new();
    for (name, value) in fields {
        map.entry(name.to_owned()).or_insert_with(|| value.map_or(Value::Null, Value::from));
    }
    Value::Object(map)
}

/// Whether a rule matches, as the other side says.
pub fn they_say(rule: &CompiledRule, event: &Value) -> bool {
    evaluate_rule(rule, &JsonEvent::borrow(event)).is_some()
}
