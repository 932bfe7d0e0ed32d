//! The summary as CSV: one line a server, values raw, no formula for a spreadsheet.

use std::io;

use super::{Server, Summary, next_line};
use crate::escape::csv_cell;
use crate::{Style, tell};

const HEADER: &str = "host,verdict,stage,pack,days_at_risk,days_checked,coverage_complete,exposure,open_from,open_to,patched_at,findings,next\n";

/// Writes it.
pub fn csv(summary: &Summary, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(HEADER.as_bytes())?;
    for server in &summary.servers {
        out.write_all(line(server, style).as_bytes())?;
    }
    Ok(())
}

fn line(server: &Server, style: &Style) -> String {
    let cells = [
        server.name.clone(),
        server.verdict.word().to_owned(),
        server.stage.word().to_owned(),
        server.pack.clone(),
        server.coverage.days.to_string(),
        server.coverage.days_covered.to_string(),
        server.coverage.complete.to_string(),
        server.exposure.map(tell::exposure_key).unwrap_or_default().to_owned(),
        server.open_from.map(|day| day.to_string()).unwrap_or_default(),
        server.open_to.map(|day| day.to_string()).unwrap_or_default(),
        server.patched_at.map(|time| time.to_string()).unwrap_or_default(),
        server.findings.to_string(),
        next_line(server, style, str::to_owned),
    ];
    let mut line = cells.map(|cell| csv_cell(&cell)).join(",");
    line.push('\n');
    line
}
