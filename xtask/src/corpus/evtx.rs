//! Every record of every event log, read by Vigie and by the `evtx` crate: the same fields with the same values.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, ensure};
use evtx::{EvtxChunk, EvtxChunkData, ParserSettings};
use vigie_model::diagnostic::Code;
use vigie_model::evidence::Fact;
use vigie_model::schema::Wanted;
use vigie_model::{EventBatch, Schema, Time};
use vigie_parse::parsers::evtx::Evtx;
use vigie_parse::{Sink, parse_bytes};

use super::evtx_oracle::{self, Record};

const FILE_HEADER_BYTES: usize = 4096;
const CHUNK_BYTES: usize = 65_536;
/// Bytes of a record before its binary XML.
const RECORD_HEADER_BYTES: u64 = 24;
/// Differences that are shown in full.
const SHOWN: usize = 10;

type Columns = Vec<(String, Option<String>)>;

/// What both readers say of some logs.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    /// Records that both read, all fields the same.
    pub(crate) same: u64,
    /// Records that only Vigie read, with where they lay.
    pub(crate) salvaged: u64,
    /// Records that the crate turned down and Vigie read.
    pub(crate) only_ours: u64,
    /// Each difference: the place, and what each said.
    pub(crate) differences: Vec<String>,
}

/// Compares over every log of the corpus.
pub(crate) fn run(data: &Path) -> anyhow::Result<()> {
    let mut files = Vec::new();
    event_logs(data, &mut files)?;
    files.sort();
    ensure!(!files.is_empty(), "no event logs in {}", data.display());
    let mut compared = Compared::default();
    for file in &files {
        let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        compare(&file.to_string_lossy(), &bytes, &mut compared);
    }
    println!(
        "  {} logs: {} records read the same by the evtx crate, {} salvaged, {} that the crate turns down",
        files.len(),
        compared.same,
        compared.salvaged,
        compared.only_ours
    );
    let shown = compared.differences.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("\n");
    ensure!(compared.differences.is_empty(), "{} differences:\n{shown}", compared.differences.len());
    Ok(())
}

/// Adds every event log below a folder.
pub(crate) fn event_logs(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            event_logs(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("evtx")) {
            files.push(path);
        }
    }
    Ok(())
}

/// Compares over one log.
pub(crate) fn compare(name: &str, bytes: &[u8], compared: &mut Compared) {
    let mut ours = Rows::default();
    parse_bytes(&Evtx, name, bytes, &mut ours);
    let theirs = crate_rows(bytes);
    for (offset, theirs) in &theirs {
        let place = format!("{name} at offset {offset}");
        match (ours.rows.remove(offset), theirs) {
            (Some(ours), Ok(theirs)) => match difference(&ours, theirs) {
                None => compared.same += 1,
                Some(difference) => compared.differences.push(format!("{place}: {difference}")),
            },
            (None, Ok(_)) => compared.differences.push(format!("{place}: only the crate reads it")),
            (Some(_), Err(_)) => compared.only_ours += 1,
            (None, Err(_)) => {}
        }
    }
    for (offset, (columns, _)) in ours.rows {
        if columns.iter().any(|(name, _)| name == "Salvaged") {
            compared.salvaged += 1;
        } else {
            compared
                .differences
                .push(format!("{name} at offset {offset}: only Vigie reads it, and not as salvaged"));
        }
    }
}

fn difference(ours: &(Columns, Option<Time>), theirs: &Record) -> Option<String> {
    let (mut columns, time) = (ours.0.clone(), ours.1);
    columns.retain(|(name, _)| name != "Salvaged");
    let expected = theirs.columns();
    if theirs.time.is_some() && time != theirs.time {
        return Some(format!("time {time:?}, theirs {:?}", theirs.time));
    }
    if columns.len() != expected.len() {
        let names =
            |columns: &Columns| columns.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>().join(" ");
        return Some(format!("columns {}\n    theirs {}", names(&columns), names(&expected)));
    }
    let differs = columns.iter().zip(&expected).find(|(ours, theirs)| ours != theirs);
    differs.map(|(ours, theirs)| format!("{ours:?}\n    theirs {theirs:?}"))
}

/// Vigie's rows, by their offset in the file.
#[derive(Default)]
struct Rows {
    rows: BTreeMap<u64, (Columns, Option<Time>)>,
}

impl Sink for Rows {
    fn wants(&mut self, _: &Schema) -> Wanted {
        Wanted::All
    }

    fn batch(&mut self, batch: &EventBatch) -> ControlFlow<()> {
        for row in 0..batch.rows() {
            let fields = batch.schema.fields.iter().enumerate();
            let columns =
                fields.map(|(column, name)| (name.to_string(), batch.cell(row, column).map(str::to_owned)));
            self.rows.insert(batch.positions[row].offset, (columns.collect(), batch.times[row]));
        }
        ControlFlow::Continue(())
    }

    fn fact(&mut self, _: Fact) {}

    fn diagnostic(&mut self, _: Code, _: &str, _: &str, _: u64) {}
}

/// The crate's records, by their offset in the file.
fn crate_rows(bytes: &[u8]) -> BTreeMap<u64, Result<Record, String>> {
    let settings = Arc::new(ParserSettings::default().indent(false));
    let mut rows = BTreeMap::new();
    let chunks = bytes.get(FILE_HEADER_BYTES..).unwrap_or_default().chunks(CHUNK_BYTES);
    for (index, chunk) in chunks.enumerate() {
        let start = (FILE_HEADER_BYTES + index * CHUNK_BYTES) as u64;
        let taken = chunk.len() as u64;
        let mut chunk = chunk.to_vec();
        chunk.resize(CHUNK_BYTES, 0);
        let Ok(data) = EvtxChunkData::new(chunk, false) else { continue };
        let Ok(mut chunk) = EvtxChunk::new(&data.data, &data.header, Arc::clone(&settings)) else { continue };
        for record in chunk.iter().flatten() {
            let offset = record.binxml_offset - RECORD_HEADER_BYTES;
            if record.binxml_offset + u64::from(record.binxml_size) + 4 > taken {
                continue;
            }
            let rendered = record.into_xml().map_err(|error| error.to_string());
            rows.insert(start + offset, rendered.and_then(|record| flattened(&record.data)));
        }
    }
    rows
}

fn flattened(xml: &str) -> Result<Record, String> {
    let mut record = Record::default();
    match evtx_oracle::flatten(xml, &mut record) {
        Ok(()) => Ok(record),
        Err(malformed) => Err(format!("{} at byte {}", malformed.what, malformed.offset)),
    }
}

#[test]
fn a_generated_log_is_read_as_the_evtx_crate_reads_it() {
    let mut log = std::io::Cursor::new(Vec::new());
    vigie_example::bulk::evtx(&mut log, 500_000, 7).unwrap();
    let mut compared = Compared::default();
    compare("generated", log.get_ref(), &mut compared);
    assert!(compared.differences.is_empty(), "{:#?}", compared.differences);
    assert!(compared.same > 300, "{} records", compared.same);
    assert_eq!((compared.salvaged, compared.only_ours), (0, 0));
}
