//! Where the time goes: the same file read again and again, each time with one stage more.

use std::io::Read as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use vigie_detect::{RuleSet, Scanner};
use vigie_model::diagnostic::Code;
use vigie_model::evidence::Fact;
use vigie_model::schema::{Skim, Wanted};
use vigie_model::{EventBatch, Hit, Schema};
use vigie_parse::{Evidence, Input, Limits, Sink};

use super::measure::{self, Cost};

const BUFFER_BYTES: usize = 1 << 16;

/// A stage and everything before it.
pub(super) struct Stage {
    pub(super) name: String,
    pub(super) cost: Cost,
}

/// Runs the stages over one log, on this thread.
pub(super) fn run(path: &Path, rules: &Arc<RuleSet>) -> anyhow::Result<Vec<Stage>> {
    let limits = Limits::default();
    let collections = vigie_parse::open(&[path.to_path_buf()], &limits);
    let evidence =
        collections.first().and_then(|collection| collection.evidence.first()).context("no evidence")?;

    let (hashed, result) = measure::here(|| hash(evidence, &limits))?;
    result?;
    let mut stages = vec![Stage { name: "read and hash".to_owned(), cost: hashed }];
    for (name, depth) in [
        ("+ lines and times", Depth::Lines),
        ("the same + every column rules read", Depth::Columns),
        ("instead: only lines rules may match", Depth::Skimmed),
        ("+ all rules", Depth::Rules),
    ] {
        let mut sink = Receiver { scanner: rules.scanner(), depth, hits: Vec::new(), rows: 0 };
        let (cost, report) = measure::here(|| vigie_parse::read(evidence, &limits, &mut sink))?;
        let rows = report.entry.events;
        let name = match depth {
            Depth::Lines => format!("{name} ({rows} events)"),
            Depth::Columns => name.to_owned(),
            Depth::Skimmed => format!("{name} ({} of them)", sink.rows),
            Depth::Rules => format!("{name} ({}, {} hits)", rules.compiled().len(), sink.hits.len()),
        };
        stages.push(Stage { name, cost });
    }
    Ok(stages)
}

/// The fields of an artifact, as far as rules are bound by them.
pub(super) fn schema_of(artifact: &str) -> Schema {
    let fields: &[&str] = match artifact {
        "iis.w3c" => &["cs-method", "cs-uri-stem", "cs-uri-query", "cs(User-Agent)", "c-ip", "sc-status"],
        _ => &["UrlHost", "UrlStem", "UrlQuery", "UserAgent", "AnchorMailbox", "HttpStatus", "GenericErrors"],
    };
    Schema {
        artifact: artifact.to_owned().into(),
        stream: if artifact == "iis.w3c" { "W3SVC1" } else { "Ecp" }.to_owned(),
        fields: fields.iter().map(|name| (*name).into()).collect(),
        ..Schema::default()
    }
}

fn hash(evidence: &Evidence, limits: &Limits) -> anyhow::Result<String> {
    let mut reader = evidence.open(limits).context("cannot open the log")?;
    let mut input = Input::new(evidence, &[], reader.as_mut());
    let mut buffer = vec![0; BUFFER_BYTES];
    while input.read(&mut buffer)? > 0 {}
    Ok(input.into_sha256())
}

/// How far events are followed.
#[derive(Clone, Copy)]
enum Depth {
    Lines,
    Columns,
    /// Only the lines that a rule may match are cut.
    Skimmed,
    Rules,
}

struct Receiver {
    scanner: Scanner,
    depth: Depth,
    hits: Vec<Hit>,
    rows: usize,
}

impl Sink for Receiver {
    fn wants(&mut self, schema: &Schema) -> Wanted {
        match self.depth {
            Depth::Lines => Wanted::Columns(Vec::new()),
            Depth::Columns | Depth::Skimmed | Depth::Rules => self.scanner.wants(schema),
        }
    }

    fn skim(&mut self, schema: &Schema, text: &str, marks: &mut Vec<u32>) -> Skim {
        match self.depth {
            Depth::Lines | Depth::Columns => Skim::ReadAll,
            Depth::Skimmed | Depth::Rules => self.scanner.skim(schema, text, marks),
        }
    }

    fn batch(&mut self, batch: &EventBatch) -> ControlFlow<()> {
        match self.depth {
            Depth::Lines | Depth::Columns | Depth::Skimmed => self.rows += batch.rows(),
            Depth::Rules => self.scanner.scan(batch, &mut self.hits),
        }
        ControlFlow::Continue(())
    }

    fn fact(&mut self, _: Fact) {}

    fn diagnostic(&mut self, _: Code, _: &str, _: &str, _: u64) {}
}
