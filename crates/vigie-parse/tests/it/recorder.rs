//! A receiver that writes down all it is given, in a form that people can compare.

use std::fmt::Write as _;
use std::ops::ControlFlow;

use vigie_model::diagnostic::Code;
use vigie_model::evidence::Fact;
use vigie_model::schema::Wanted;
use vigie_model::{EventBatch, Schema};
use vigie_parse::{FileReport, Sink};

/// Events as text, with their schema where it changes.
#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) text: String,
    pub(crate) events: usize,
    pub(crate) diagnostics: Vec<(Code, String, u64)>,
    pub(crate) facts: Vec<Fact>,
    schema: Option<Schema>,
}

impl Sink for Recorder {
    fn wants(&mut self, _: &Schema) -> Wanted {
        Wanted::All
    }

    fn batch(&mut self, batch: &EventBatch) -> ControlFlow<()> {
        if self.schema.as_ref() != Some(&*batch.schema) {
            let schema = &batch.schema;
            let event = schema.event_id.map_or_else(String::new, |id| format!(" {} {id}", schema.provider));
            let _ = writeln!(self.text, "\n## {}{event}", schema.stream_id());
            self.schema = Some(Schema::clone(schema));
        }
        for row in 0..batch.rows() {
            let (time, position) = (batch.times[row], batch.positions[row]);
            let time = time.map_or_else(|| "no time".to_owned(), |time| time.to_string());
            let _ = writeln!(self.text, "{time} @ {} (offset {})", position.number, position.offset);
            for (column, field) in batch.schema.fields.iter().enumerate() {
                // Empty values are most of what Exchange writes; the null ones are what differs.
                if let Some(value) = batch.cell(row, column).filter(|value| !value.is_empty()) {
                    let _ = writeln!(self.text, "    {field}: {}", value.escape_debug());
                }
            }
        }
        self.events += batch.rows();
        ControlFlow::Continue(())
    }

    fn fact(&mut self, fact: Fact) {
        self.facts.push(fact);
    }

    fn diagnostic(&mut self, code: Code, place: &str, _: &str, bytes: u64) {
        self.diagnostics.push((code, place.to_owned(), bytes));
    }
}

/// The report on one file as text.
pub(crate) fn tell(report: &FileReport) -> String {
    let entry = &report.entry;
    let mut text = format!("# {}\n", entry.path);
    if let Some(path) = &entry.host_path {
        let _ = writeln!(text, "host path: {path}");
    }
    let fate = match (&entry.artifact, &entry.unread) {
        (Some(artifact), _) => artifact.clone(),
        (None, reason) => format!("unread: {}", reason.as_deref().unwrap_or("no reason")),
    };
    let _ = writeln!(text, "{fate}");
    let (parsed, rejected) = (entry.parsed_bytes, entry.rejected_bytes);
    let _ = writeln!(
        text,
        "{} bytes = {parsed} parsed + {rejected} rejected, {} events",
        entry.size, entry.events
    );
    for diagnostic in &report.diagnostics {
        let (code, place, message) = (diagnostic.code.id(), &diagnostic.place, &diagnostic.message);
        let _ =
            writeln!(text, "{code} x{} {place}: {message} ({} bytes)", diagnostic.count, diagnostic.bytes);
    }
    for fact in &report.facts {
        let time = fact.time.map_or_else(|| "no time".to_owned(), |time| time.to_string());
        let _ = writeln!(text, "{:?} {} since {time} ({})", fact.kind, fact.value, fact.place);
    }
    text
}
