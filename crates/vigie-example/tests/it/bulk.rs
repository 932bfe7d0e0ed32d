//! Streams for benchmarks: as long as asked, well formed, with values that repeat as in real logs.

use std::collections::BTreeSet;
use std::io::Cursor;

use vigie_example::bulk;

use crate::text::{between, exchange_rows, iis_rows};

const BYTES: u64 = 3_000_000;

#[test]
fn iis_rows_repeat_everything_but_their_ids() {
    let mut text = Vec::new();
    let written = bulk::iis(&mut text, BYTES, 1).unwrap();
    assert_eq!(written, text.len() as u64);
    assert!((BYTES..BYTES + 2_000).contains(&written));
    let rows = iis_rows(&text);
    let distinct = |name: &str| rows.iter().map(|row| row[name].as_str()).collect::<BTreeSet<_>>().len();
    let ids: BTreeSet<_> =
        rows.iter().filter_map(|row| between(&row["cs-uri-query"], "cafeReqId=", ";")).collect();
    assert_eq!(ids.len(), rows.len());
    assert!(distinct("cs(User-Agent)") < rows.len() / 4);
    assert!(distinct("cs-uri-stem") > 100);
}

#[test]
fn httpproxy_rows_are_whole() {
    let mut text = Vec::new();
    let written = bulk::httpproxy(&mut text, BYTES, 1).unwrap();
    assert_eq!(written, text.len() as u64);
    let rows = exchange_rows(&text);
    assert!(rows.len() > 2_000);
    let probes = rows.iter().filter(|row| row["UserAgent"].starts_with("AMProbe")).count();
    assert!((80..92).contains(&(probes * 100 / rows.len())));
}

#[test]
fn event_logs_are_whole() {
    let mut out = Cursor::new(Vec::new());
    let written = bulk::evtx(&mut out, 400_000, 1).unwrap();
    let bytes = out.into_inner();
    assert_eq!((written, (bytes.len() - 4096) % 65_536), (bytes.len() as u64, 0));
    let mut parser = ::evtx::EvtxParser::from_buffer(bytes).unwrap();
    let records: Vec<_> = parser.records_json_value().map(|record| record.unwrap()).collect();
    assert!(records.len() > 200);
}
