//! What the fuzz targets share: a parser over bytes in memory, its promises asserted.

pub mod collection;
pub mod estimate;
pub mod report;
pub mod rules;

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::PathBuf;

use vigie_model::batch::Span;
use vigie_model::diagnostic::Code;
use vigie_model::evidence::Fact;
use vigie_model::schema::Wanted;
use vigie_model::{EventBatch, Schema};
use vigie_parse::input::HEAD_BYTES;
use vigie_parse::{Head, PARSERS, Sink};

/// Runs the parser of an artifact over bytes as if a collection held them.
///
/// # Panics
/// When the parser does, or breaks a promise of `vigie_parse::Parser`.
pub fn parse(artifact: &str, data: &[u8]) {
    let parser = PARSERS.iter().find(|parser| parser.artifact().name == artifact);
    let parser = parser.unwrap_or_else(|| panic!("no parser reads {artifact}"));
    // A web shell's path, so that the parser of web roots has something to tell.
    let path = r"C:\inetpub\wwwroot\aspnet_client\x.aspx";
    let head = &data[..data.len().min(HEAD_BYTES)];
    let _ = parser.recognise(&Head { path, bytes: head, size: data.len() as u64 });
    // One input in four also tries a receiver that has had enough.
    let mut sink = Checks { stop_after: (data.len() % 4 == 3).then_some(1), ..Checks::default() };
    let account = vigie_parse::parse_bytes(*parser, path, data, &mut sink);
    assert_eq!(account.parsed_bytes + account.rejected_bytes, data.len() as u64, "bytes unaccounted for");
    assert!(
        sink.stopped || account.rejected_bytes == sink.rejected,
        "{} rejected, {} with a reason",
        account.rejected_bytes,
        sink.rejected
    );
}

/// A receiver that asserts what parsers promise.
#[derive(Default)]
pub(crate) struct Checks {
    asked: HashSet<Schema>,
    rejected: u64,
    stop_after: Option<u64>,
    batches: u64,
    stopped: bool,
}

impl Sink for Checks {
    fn wants(&mut self, schema: &Schema) -> Wanted {
        self.asked.insert(schema.clone());
        Wanted::All
    }

    fn batch(&mut self, batch: &EventBatch) -> ControlFlow<()> {
        assert!(!self.stopped, "a batch after Break");
        assert!(self.asked.contains(batch.schema.as_ref()), "a batch of a schema that was not announced");
        assert_eq!(batch.columns.len(), batch.schema.fields.len());
        assert_eq!(batch.times.len(), batch.rows());
        for (index, column) in batch.columns.iter().enumerate() {
            assert!(
                column.is_empty() || column.len() == batch.rows(),
                "column {index} has {} rows",
                column.len()
            );
            for span in column {
                assert!(
                    *span == Span::NULL || batch.span(*span).is_some(),
                    "a span outside the text: {span:?}"
                );
            }
        }
        self.batches += 1;
        if self.stop_after.is_some_and(|limit| self.batches >= limit) {
            self.stopped = true;
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn fact(&mut self, fact: Fact) {
        assert!(!fact.value.is_empty(), "a fact without a value: {fact:?}");
    }

    fn diagnostic(&mut self, _: Code, _: &str, message: &str, bytes: u64) {
        assert!(!message.is_empty(), "a diagnostic that says nothing");
        self.rejected += bytes;
    }
}

/// A folder of this process, in memory where the system has such a place: loaders take paths only.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    let base = if memory.is_dir() { memory } else { std::env::temp_dir() };
    let folder = base.join(format!("vigie-fuzz-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a scratch folder");
    folder
}
