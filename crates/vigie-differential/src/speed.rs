//! Both engines on the same decoded events: ours on batches in memory, the other on JSON values in memory.
//!
//! The other side is given what it likes best: its own index over all rules, and for each event the one log source that it
//! belongs to, so that it leaves out the rules of others. Processor time of one thread, one after the other.

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use rsigma_eval::Engine;
use rsigma_eval::event::JsonEvent;
use rsigma_parser::{LogSource, SigmaCollection, parse_sigma_yaml};
use serde_json::Value;
use vigie_detect::taxonomy::WINDOWS;
use vigie_detect::{Bundled, RuleSet, Sources, bind};
use vigie_model::{EventBatch, Schema};

use crate::logs;

/// The aim: how many times faster than the other side.
const AIM: f64 = 10.0;
/// Rounds over all events; the fastest counts, since others use the machine too.
const ROUNDS: usize = 3;

/// Measures with the Windows rules of a folder; gives what to print.
///
/// # Errors
/// When the rules do not load, or there is nothing to measure.
pub fn run(rules: &Path, logs: &[&str]) -> anyhow::Result<String> {
    let mut batches: Vec<EventBatch> = Vec::new();
    logs::batches(logs, &mut |batch| {
        if batch.schema.artifact == "windows.event" {
            batches.push(batch.clone());
        }
    });
    let events: usize = batches.iter().map(EventBatch::rows).sum();
    ensure!(events > 0, "no Windows events in {logs:?}");
    let folder = std::env::temp_dir().join(format!("vigie-speed-{}", std::process::id()));
    let (set, engine) = both(rules, &folder)?;
    std::fs::remove_dir_all(&folder)?;
    let json: Vec<(Value, LogSource)> = batches.iter().flat_map(rows).collect();
    let (ours, hits) = fastest(|| scan(&set, &batches))?;
    let (theirs, _) = fastest(|| {
        let found = json
            .iter()
            .map(|(event, source)| engine.evaluate_with_logsource(&JsonEvent::borrow(event), source).len());
        found.sum::<usize>()
    })?;
    let mut text = String::new();
    let count = set.rules.len();
    let rate = |seconds: f64| per_second(events, seconds);
    let _ = writeln!(text, "{count} Windows rules on {events} decoded events, one thread ({hits} hits)");
    let _ =
        writeln!(text, "  vigie-detect, batches in memory      {ours:>8.3} s cpu {:>9} events/s", rate(ours));
    let _ = writeln!(
        text,
        "  rsigma-eval, JSON values in memory   {theirs:>8.3} s cpu {:>9} events/s",
        rate(theirs)
    );
    let _ = writeln!(text, "  times faster: {:.1} (aim {AIM})", theirs / ours);
    Ok(text)
}

#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate, for people"
)]
fn per_second(events: usize, seconds: f64) -> u64 {
    (events as f64 / seconds) as u64
}

/// The Windows rules, by each side; copied to a folder of their own, which is made.
fn both(rules: &Path, folder: &Path) -> anyhow::Result<(Arc<RuleSet>, Engine)> {
    std::fs::create_dir_all(folder)?;
    // One collection for all: the other side builds its index anew with every one that it is given.
    let mut all = SigmaCollection::default();
    for (number, path) in logs::rule_files(rules)?.into_iter().enumerate() {
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let collection = parse_sigma_yaml(&text)?;
        let windows = |rule: &rsigma_parser::SigmaRule| rule.logsource.product.as_deref() == Some("windows");
        if collection.rules.iter().any(windows) {
            all.rules.extend(collection.rules);
            all.filters.extend(collection.filters);
            std::fs::write(folder.join(format!("{number}.yml")), text)?;
        }
    }
    let mut engine = Engine::new();
    engine.add_collection(&all)?;
    let sources = Sources { bundled: Bundled::None, rules: vec![folder.to_path_buf()], ..Sources::default() };
    Ok((Arc::new(RuleSet::load(&sources)?), engine))
}

/// One pass, with a scanner that has seen nothing: binding rules to schemas is part of the time.
fn scan(set: &Arc<RuleSet>, batches: &[EventBatch]) -> usize {
    let (mut scanner, mut hits) = (set.scanner(), Vec::new());
    for batch in batches {
        scanner.scan(batch, &mut hits);
    }
    hits.len()
}

fn fastest(mut work: impl FnMut() -> usize) -> anyhow::Result<(f64, usize)> {
    let mut best = (f64::INFINITY, 0);
    for _ in 0..ROUNDS {
        let before = cpu_seconds()?;
        let result = black_box(work());
        let took = cpu_seconds()? - before;
        if took < best.0 {
            best = (took, result);
        }
    }
    Ok(best)
}

/// Processor time of this thread, as Linux counts it in nanoseconds.
fn cpu_seconds() -> anyhow::Result<f64> {
    let text =
        std::fs::read_to_string("/proc/thread-self/schedstat").context("only Linux tells this time")?;
    let nanoseconds: f64 = text.split(' ').next().unwrap_or_default().parse()?;
    Ok(nanoseconds / 1e9)
}

/// The events of a batch with their fields as rules name them, each with its log source.
fn rows(batch: &EventBatch) -> Vec<(Value, LogSource)> {
    let schema = &batch.schema;
    let source = log_source(schema);
    let one = |row: usize| {
        let constant = |field: &str| bind::slots_of(field, &vigie_detect::taxonomy::NATIVE_SOURCE, schema);
        let mut event = logs::whole(batch, row);
        for field in ["EventID", "Channel", "Provider_Name"] {
            if let Some(bind::Slot::Constant(text)) = constant(field).first() {
                event[field] = Value::from(text.as_str());
            }
        }
        (event, source.clone())
    };
    (0..batch.rows()).map(one).collect()
}

/// The first category that the events are of, or their service.
fn log_source(schema: &Schema) -> LogSource {
    let meant = |category: bool| {
        let mut rows = WINDOWS.iter().filter(|row| row.category.is_empty() != category);
        rows.find(|row| {
            let source = vigie_detect::ir::LogSource {
                category: row.category.into(),
                product: "windows".into(),
                service: row.service.into(),
                indicator: false,
            };
            !(row.category.is_empty() && row.service.is_empty())
                && bind::source_for(&source, schema).is_some()
        })
    };
    let row = meant(true).or_else(|| meant(false));
    let part = |text: &'static str| (!text.is_empty()).then(|| text.to_owned());
    LogSource {
        category: row.and_then(|row| part(row.category)),
        product: Some("windows".into()),
        service: row.filter(|row| row.category.is_empty()).and_then(|row| part(row.service)),
        ..LogSource::default()
    }
}
