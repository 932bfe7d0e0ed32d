//! `assessment.json`: the assessment itself, under the JSON Schema that ships with Vigie.

use std::io;

use vigie_model::Assessment;

use crate::{Renderer, Style};

/// The assessment as JSON: values raw, as the evidence spells them.
#[derive(Clone, Copy, Debug)]
pub struct Json;

impl Renderer for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn file_name(&self) -> &'static str {
        "assessment.json"
    }

    fn render(&self, assessment: &Assessment, _style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, assessment)?;
        out.write_all(b"\n")
    }
}
