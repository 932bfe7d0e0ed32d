//! Rules from text, events from pairs.

use std::sync::Arc;

use vigie_detect::{Bundled, RuleSet, Sources};
use vigie_model::batch::Position;
use vigie_model::{BatchBuilder, EventBatch, Hit, Schema};

/// Loads Sigma files given as text; they are named `0.yml`, `1.yml`, ...
pub(crate) fn load(files: &[&str]) -> Result<RuleSet, String> {
    let folder = tempfile::tempdir().unwrap();
    for (index, file) in files.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{index}.yml")), file).unwrap();
    }
    let sources =
        Sources { bundled: Bundled::None, rules: vec![folder.path().to_path_buf()], ..Sources::default() };
    let shown = format!("{}/", folder.path().display());
    RuleSet::load(&sources).map_err(|errors| errors.to_string().replace(&shown, ""))
}

/// A rule without restrictions on its log source, with this detection.
pub(crate) fn rule(detection: &str) -> String {
    let indented = detection.lines().fold(String::new(), |text, line| text + "  " + line + "\n");
    format!("title: T\nid: t\nlevel: high\nlogsource: {{}}\ndetection:\n{indented}")
}

/// A schema with these fields.
pub(crate) fn schema(fields: &[&str]) -> Schema {
    Schema {
        artifact: "test".into(),
        fields: fields.iter().map(|f| (*f).to_owned().into()).collect(),
        ..Schema::default()
    }
}

/// A Windows event's schema.
pub(crate) fn windows(channel: &str, provider: &str, event_id: u32, fields: &[&str]) -> Schema {
    Schema {
        artifact: "windows.event".into(),
        stream: channel.into(),
        provider: provider.into(),
        event_id: Some(event_id),
        ..schema(fields)
    }
}

/// Rows of a schema as a batch.
pub(crate) fn batch(schema: &Schema, rows: &[Vec<Option<String>>]) -> EventBatch {
    let mut builder = BatchBuilder::new(Arc::new(schema.clone()));
    for (number, row) in (1..).zip(rows) {
        builder.push(None, Position { number, offset: 0 }, row.iter().map(Option::as_deref));
    }
    builder.take()
}

/// One event of text fields.
pub(crate) fn event(schema: &Schema, values: &[&str]) -> EventBatch {
    batch(schema, &[values.iter().map(|value| Some((*value).to_owned())).collect()])
}

/// All hits of the rules on batches.
pub(crate) fn hits(rules: &Arc<RuleSet>, batches: &[EventBatch]) -> Vec<Hit> {
    let mut scanner = rules.scanner();
    let mut hits = Vec::new();
    for batch in batches {
        scanner.scan(batch, &mut hits);
    }
    hits
}

/// Whether a detection matches an event with these fields.
pub(crate) fn matches(detection: &str, fields: &[(&str, Option<&str>)]) -> bool {
    let rules = Arc::new(load(&[&rule(detection)]).unwrap());
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let values = fields.iter().map(|(_, value)| value.map(str::to_owned)).collect();
    let batch = batch(&schema(&names), &[values]);
    let by_engine = !hits(&rules, std::slice::from_ref(&batch)).is_empty();
    let plainly = vigie_detect::naive::matches(&rules.compiled()[0], &batch, 0);
    assert_eq!(by_engine, plainly, "the engine and the plain evaluator differ on {detection} {fields:?}");
    by_engine
}
