//! Real logs for both sides: their events in memory, and as the other side's JSON under the names that rules use.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::Value;
use vigie_detect::bind::{self, Slot};
use vigie_detect::naive;
use vigie_detect::taxonomy::Source;
use vigie_model::diagnostic::Code;
use vigie_model::evidence::Fact;
use vigie_model::schema::Wanted;
use vigie_model::{EventBatch, Schema};
use vigie_parse::{Limits, Sink};

use crate::judges;

/// Folders in folders that are searched for rules.
const DEPTH_MAX: usize = 16;

/// Every Sigma file in a folder and below, sorted.
///
/// # Errors
/// When a folder cannot be read.
pub fn rule_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let (mut found, mut waiting) = (Vec::new(), vec![(folder.to_path_buf(), 0)]);
    while let Some((folder, depth)) = waiting.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() && depth < DEPTH_MAX {
                waiting.push((path, depth + 1));
            } else if path.extension().is_some_and(|extension| extension == "yml") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Calls `each` with every batch of events of files and folders.
pub fn batches(logs: &[&str], each: &mut dyn FnMut(&EventBatch)) {
    let limits = Limits::default();
    let mut sink = Each(each);
    let paths: Vec<PathBuf> = logs.iter().map(PathBuf::from).collect();
    for collection in vigie_parse::open(&paths, &limits) {
        for evidence in &collection.evidence {
            vigie_parse::read(evidence, &limits, &mut sink);
        }
    }
}

struct Each<'a>(&'a mut dyn FnMut(&EventBatch));

impl Sink for Each<'_> {
    fn wants(&mut self, _schema: &Schema) -> Wanted {
        Wanted::All
    }

    fn batch(&mut self, batch: &EventBatch) -> ControlFlow<()> {
        (self.0)(batch);
        ControlFlow::Continue(())
    }

    fn fact(&mut self, _fact: Fact) {}

    fn diagnostic(&mut self, _code: Code, _place: &str, _message: &str, _bytes: u64) {}
}

/// Where the fields of some rules lie in a schema, each in one place.
#[derive(Debug, Default)]
pub struct Names(BTreeMap<String, Option<Slot>>);

impl Names {
    /// Adds a field; `false` when its value may lie in several places, which one JSON event cannot say.
    pub fn add(&mut self, field: &str, source: &Source, schema: &Schema) -> bool {
        let mut slots = bind::slots_of(field, source, schema);
        if slots.len() > 1 {
            return false;
        }
        self.0.insert(field.to_owned(), slots.pop());
        true
    }

    /// A row under these names.
    pub fn event(&self, batch: &EventBatch, row: usize) -> Value {
        let texts: Vec<Option<String>> =
            self.0.values().map(|slot| slot.as_ref().and_then(|slot| text(batch, row, slot))).collect();
        judges::json(self.0.keys().map(String::as_str).zip(texts.iter().map(Option::as_deref)))
    }
}

fn text(batch: &EventBatch, row: usize, slot: &Slot) -> Option<String> {
    let cell = |column: usize| batch.cell(row, column);
    match slot {
        Slot::Column(column) => cell(*column).map(str::to_owned),
        Slot::Constant(text) => Some(text.clone()),
        Slot::Joined(left, joint, right) => naive::join(cell(*left), *joint, cell(*right)),
    }
}

/// A row under the names of its own columns: where words without a field are looked for.
pub fn whole(batch: &EventBatch, row: usize) -> Value {
    let fields = batch.schema.fields.iter().enumerate();
    judges::json(fields.map(|(column, name)| (&**name, batch.cell(row, column))))
}
