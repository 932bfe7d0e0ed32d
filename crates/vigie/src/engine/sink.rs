//! What one file's events go through: rules, coverage tally, the bounds on hits.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use vigie_assess::tally::CLIENT_FIELDS;
use vigie_assess::{FileEvidence, Tally};
use vigie_detect::Scanner;
use vigie_model::coverage::Density;
use vigie_model::diagnostic::{Code, Effect};
use vigie_model::evidence::Fact;
use vigie_model::schema::{Skim, Wanted};
use vigie_model::{Diagnostic, EventBatch, Hit, Schema, Time};
use vigie_parse::{Among, Collection, Evidence, PARSERS, Sink};

use super::Config;
use super::content::Contents;
use super::progress::Progress;

/// The receiver of one file's events.
pub(super) struct FileSink<'a> {
    scanner: &'a mut Scanner,
    progress: &'a Progress,
    from: Option<Time>,
    to: Option<Time>,
    per_rule_max: u64,
    tally: Tally,
    hits: Vec<Hit>,
    kept: BTreeMap<u32, u64>,
    fresh: Vec<Hit>,
    /// The stream and last moment before the present batch.
    last: Option<(String, Option<Time>)>,
    /// Bytes were lost since `last`: their days end where the next batch begins.
    lost: bool,
}

impl<'a> FileSink<'a> {
    /// A sink over a thread's scanner.
    pub(super) fn new(scanner: &'a mut Scanner, config: &Config, progress: &'a Progress) -> FileSink<'a> {
        FileSink {
            scanner,
            progress,
            from: config.from,
            to: config.to,
            per_rule_max: config.hits.per_rule_max(),
            tally: Tally::default(),
            hits: Vec::new(),
            kept: BTreeMap::new(),
            fresh: Vec::new(),
            last: None,
            lost: false,
        }
    }

    /// Reads a file to its end.
    pub(super) fn read(
        mut self,
        (evidence, collection): (&Evidence, &Collection),
        config: &Config,
        contents: &mut Contents<'_>,
    ) -> FileEvidence {
        let mut watch = contents.watch();
        let mut report = vigie_parse::read_among(
            evidence,
            &config.limits,
            Among { collection: Some(collection), tap: &mut watch },
            &mut self,
        );
        let seen = watch.end();
        self.close_damage(None);
        contents.scan(&seen, &mut report, self.scanner, &mut self.fresh);
        self.keep_hits();
        let mut diagnostics = report.diagnostics;
        let capped: u64 = self.kept.values().map(|count| count.saturating_sub(self.per_rule_max)).sum();
        if capped > 0 {
            let message =
                format!("{capped} hits beyond {} per rule are counted, not listed", self.per_rule_max);
            diagnostics.push(Diagnostic::once(&evidence.path, Code::HitsCapped, String::new(), message));
        }
        FileEvidence {
            entry: report.entry,
            diagnostics,
            facts: report.facts,
            hits: self.hits,
            tally: self.tally,
        }
    }

    fn keep_hits(&mut self) {
        for hit in self.fresh.drain(..) {
            let early = self.from.zip(hit.time).is_some_and(|(from, time)| time < from);
            let late = self.to.zip(hit.time).is_some_and(|(to, time)| time > to);
            if early || late {
                continue;
            }
            let count = self.kept.entry(hit.rule).or_default();
            *count += 1;
            if *count <= self.per_rule_max {
                self.hits.push(hit);
            }
        }
    }

    /// Ends a loss at the first moment of what was read after it.
    fn close_damage(&mut self, next: Option<(&str, Option<Time>)>) {
        if !std::mem::take(&mut self.lost) {
            return;
        }
        let before = self.last.as_ref().map(|(stream, time)| (stream.as_str(), *time));
        let Some((stream, _)) = next.or(before) else { return };
        let from = before.and_then(|(_, time)| time);
        let to = next.and_then(|(_, time)| time);
        let stream = stream.to_owned();
        self.tally.damage(&stream, from, to);
    }
}

impl Sink for FileSink<'_> {
    fn wants(&mut self, schema: &Schema) -> Wanted {
        let wanted = self.scanner.wants(schema);
        with_client_columns(wanted, schema)
    }

    fn skim(&mut self, schema: &Schema, text: &str, marks: &mut Vec<u32>) -> Skim {
        if self.tally.looks_for_clients(schema) {
            return Skim::ReadAll;
        }
        self.scanner.skim(schema, text, marks)
    }

    fn batch(&mut self, batch: &EventBatch) -> ControlFlow<()> {
        self.tally.observe(batch, density(&batch.schema));
        let times = || batch.all_times().flatten();
        let stream = batch.schema.stream_id();
        // The rows of a batch that has lost bytes in its middle may lie on either side of the loss.
        self.close_damage(Some((&stream, times().max())));
        self.last = Some((stream, times().min()));
        self.scanner.scan(batch, &mut self.fresh);
        self.keep_hits();
        self.progress.passed(batch.text.len() as u64);
        ControlFlow::Continue(())
    }

    fn fact(&mut self, _fact: Fact) {
        // `vigie_parse::read` keeps facts in its report.
    }

    fn diagnostic(&mut self, code: Code, _place: &str, _message: &str, _bytes: u64) {
        self.lost |= code.effect() == Effect::Damage;
    }
}

/// Exposure needs the clients' addresses whether or not a rule reads them.
fn with_client_columns(wanted: Wanted, schema: &Schema) -> Wanted {
    match wanted {
        Wanted::All => Wanted::All,
        Wanted::Columns(mut flags) => {
            flags.resize(schema.fields.len(), false);
            for (flag, field) in flags.iter_mut().zip(&schema.fields) {
                *flag |= CLIENT_FIELDS.iter().any(|name| field.eq_ignore_ascii_case(name));
            }
            Wanted::Columns(flags)
        }
    }
}

/// How often the artifact of these events writes by itself. Events of Windows come from two parsers.
pub(super) fn density(schema: &Schema) -> Density {
    PARSERS
        .iter()
        .map(|parser| parser.artifact())
        .find(|artifact| artifact.name == schema.artifact)
        .map_or(Density::Sparse, |artifact| artifact.density)
}
