//! `timeline.csv`: one physical line an event, which a spreadsheet opens without running anything.

use std::collections::BTreeMap;
use std::io;

use vigie_model::Assessment;
use vigie_model::assessment::TimelineEntry;
use vigie_model::finding::Finding;

use crate::escape::csv_cell;
use crate::{Renderer, Style, tell};

/// The timeline as CSV: UTF-8, comma, indicators raw, times in full.
#[derive(Clone, Copy, Debug)]
pub struct Csv;

const HEADER: &str = "time,host,stage,finding,title,level,actor,object,artifact,path,place\n";

impl Renderer for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn file_name(&self) -> &'static str {
        "timeline.csv"
    }

    fn render(&self, assessment: &Assessment, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
        let findings: BTreeMap<&str, &Finding> =
            assessment.findings.iter().map(|finding| (finding.id.as_str(), finding)).collect();
        out.write_all(HEADER.as_bytes())?;
        for entry in &assessment.timeline {
            let finding = findings.get(entry.finding.as_str()).copied();
            out.write_all(line(assessment, entry, finding, style).as_bytes())?;
        }
        Ok(())
    }
}

fn line(assessment: &Assessment, entry: &TimelineEntry, finding: Option<&Finding>, style: &Style) -> String {
    let title = finding.map(|finding| tell::finding_title(style.lang, finding)).unwrap_or_default();
    let time = entry.time.to_string();
    let cells = [
        time.as_str(),
        assessment.host.as_str(),
        entry.stage.word(),
        &entry.finding,
        &title,
        finding.map_or("", |finding| finding.level.word()),
        entry.actor.as_deref().unwrap_or(""),
        entry.object.as_deref().unwrap_or(""),
        &entry.artifact,
        &entry.path,
        &entry.place,
    ];
    let mut line = cells.map(csv_cell).join(",");
    line.push('\n');
    line
}
