//! Text logs that no fixture could hold: too long, too large, in every encoding, cut by a receiver.

use std::ops::ControlFlow;

use vigie_model::diagnostic::Code;
use vigie_model::evidence::Fact;
use vigie_model::schema::Wanted;
use vigie_model::{EventBatch, Schema};
use vigie_parse::parsers::exchange_log::ExchangeLog;
use vigie_parse::parsers::exchange_testproxylogon::TestProxyLogon;
use vigie_parse::parsers::iis_w3c::IisW3c;
use vigie_parse::{Parser, Sink, parse_bytes};

use crate::recorder::Recorder;

const HEADER: &str = "#Software: Microsoft Internet Information Services 10.0\r\n#Fields: date time cs-uri-stem cs(User-Agent) sc-status\r\n";

fn log(rows: usize) -> String {
    let row = |index: usize| {
        format!("2021-03-03 05:{:02}:{:02} /owa/é{index} UA 200\r\n", index / 60 % 60, index % 60)
    };
    HEADER.to_owned() + &(0..rows).map(row).collect::<String>()
}

#[test]
fn every_encoding_gives_the_same_events() {
    let text = log(500);
    let mut expected = Recorder::default();
    parse_bytes(&IisW3c, "x", text.as_bytes(), &mut expected);
    assert_eq!(expected.events, 500);
    let units = |from: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(from).collect::<Vec<u8>>();
    let encodings: [(&str, Vec<u8>); 6] = [
        ("UTF-8 with BOM", [b"\xef\xbb\xbf", text.as_bytes()].concat()),
        ("UTF-16LE with BOM", [&b"\xff\xfe"[..], &units(u16::to_le_bytes)].concat()),
        ("UTF-16BE with BOM", [&b"\xfe\xff"[..], &units(u16::to_be_bytes)].concat()),
        ("UTF-16LE", units(u16::to_le_bytes)),
        ("UTF-16BE", units(u16::to_be_bytes)),
        ("Windows-1252", text.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect()),
    ];
    let values = |recorder: &Recorder| {
        let lines = recorder.text.lines().filter(|line| !line.contains(" @ "));
        lines.map(str::to_owned).collect::<Vec<String>>()
    };
    for (name, bytes) in encodings {
        let mut recorder = Recorder::default();
        let account = parse_bytes(&IisW3c, "x", &bytes, &mut recorder);
        assert_eq!(values(&recorder), values(&expected), "{name}");
        assert_eq!((account.parsed_bytes, account.rejected_bytes), (bytes.len() as u64, 0), "{name}");
    }
}

#[test]
fn a_line_of_100_mb_costs_only_itself() {
    let (before, after) = (log(3), "2021-03-03 06:00:00 /after UA 200\r\n");
    let mut bytes = before.into_bytes();
    let long = 100 << 20;
    bytes.resize(bytes.len() + long, b'A');
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(after.as_bytes());
    let mut recorder = Recorder::default();
    let account = parse_bytes(&IisW3c, "x", &bytes, &mut recorder);
    assert_eq!(recorder.events, 4);
    assert_eq!(recorder.diagnostics, [(Code::LineTooLong, "line 6".to_owned(), long as u64 + 2)]);
    assert_eq!(account.rejected_bytes, long as u64 + 2);
    assert!(recorder.text.contains("/after"));
    assert!(recorder.text.contains("@ 7 "));
}

#[test]
fn nul_runs_cost_only_themselves() {
    let mut bytes = log(3).into_bytes();
    bytes.resize(bytes.len() + (3 << 20), 0);
    bytes.extend_from_slice(b"2021-03-03 06:00:00 /after UA 200\r\n\0");
    let mut recorder = Recorder::default();
    let account = parse_bytes(&IisW3c, "x", &bytes, &mut recorder);
    assert_eq!(recorder.events, 4);
    assert_eq!(account.rejected_bytes, (3 << 20) + 1);
    assert!(recorder.diagnostics.iter().all(|(code, _, _)| *code == Code::NulBytes));
}

#[test]
fn lines_across_blocks_are_whole_and_numbered() {
    let text = log(100_000);
    let mut recorder = Recorder::default();
    let account = parse_bytes(&IisW3c, "x", text.as_bytes(), &mut recorder);
    assert_eq!((recorder.events, account.rejected_bytes), (100_000, 0));
    let last = text.len() - "2021-03-03 05:46:39 /owa/é99999 UA 200\r\n".len();
    assert!(recorder.text.contains(&format!("@ 100002 (offset {last})")));
    assert!(
        recorder.text.ends_with("cs-uri-stem: /owa/é99999\n    cs(User-Agent): UA\n    sc-status: 200\n")
    );
}

#[test]
fn only_wanted_columns_are_filled() {
    struct Stems(Vec<String>);
    impl Sink for Stems {
        fn wants(&mut self, schema: &Schema) -> Wanted {
            Wanted::Columns(schema.fields.iter().map(|field| field == "cs-uri-stem").collect())
        }
        fn batch(&mut self, batch: &EventBatch) -> ControlFlow<()> {
            self.0.extend((0..batch.rows()).filter_map(|row| batch.cell(row, 2)).map(str::to_owned));
            assert_eq!(batch.cell(0, 3), None);
            ControlFlow::Continue(())
        }
        fn fact(&mut self, _: Fact) {}
        fn diagnostic(&mut self, _: Code, _: &str, _: &str, _: u64) {}
    }
    let mut stems = Stems(Vec::new());
    parse_bytes(&IisW3c, "x", log(2).as_bytes(), &mut stems);
    assert_eq!(stems.0, ["/owa/é0", "/owa/é1"]);
}

#[test]
fn a_receiver_that_breaks_leaves_every_byte_accounted_for() {
    struct Once;
    impl Sink for Once {
        fn wants(&mut self, _: &Schema) -> Wanted {
            Wanted::All
        }
        fn batch(&mut self, _: &EventBatch) -> ControlFlow<()> {
            ControlFlow::Break(())
        }
        fn fact(&mut self, _: Fact) {}
        fn diagnostic(&mut self, _: Code, _: &str, _: &str, _: u64) {}
    }
    let text = log(100_000);
    let account = parse_bytes(&IisW3c, "x", text.as_bytes(), &mut Once);
    assert_eq!(account.parsed_bytes + account.rejected_bytes, text.len() as u64);
    assert!(account.rejected_bytes > 0);
}

/// Only results of a script may have no time: in a log it would be a way to take its rows off every day.
#[test]
fn a_log_whose_first_column_is_a_server_still_misses_its_times() {
    let read = |parser: &dyn Parser, path: &str, text: &str| {
        let mut recorder = Recorder::default();
        parse_bytes(parser, path, text.as_bytes(), &mut recorder);
        let codes: Vec<Code> = recorder.diagnostics.iter().map(|(code, ..)| *code).collect();
        (recorder.events, codes)
    };
    let rows = "ComputerName,Type,Path,Name,LastWrite\r\nMAIL01,a,b,c,d\r\n";
    let log = format!("#Software: Microsoft Exchange Server\r\n#Fields: {rows}");
    assert_eq!(read(&ExchangeLog, "x.log", &log), (1, vec![Code::TimeUnreadable]));
    assert_eq!(read(&ExchangeLog, "x.log", rows), (0, vec![Code::NoHeader; 2]));
    assert_eq!(read(&TestProxyLogon, "MAIL01-other.csv", rows), (1, Vec::new()));
}

#[test]
fn results_name_their_server_by_their_first_row_or_else_their_file() {
    let host = |path: &str, text: &str| {
        let mut recorder = Recorder::default();
        parse_bytes(&TestProxyLogon, path, text.as_bytes(), &mut recorder);
        recorder.facts.into_iter().map(|fact| fact.value).collect::<Vec<_>>()
    };
    let rows = "ComputerName,Type,Path,Name,LastWrite\r\nMAIL02,a,b,c,d\r\nMAIL03,a,b,c,d\r\n";
    assert_eq!(host("out/MAIL01-other.csv", rows), ["MAIL02"]);
    let requests = "DateTime,AnchorMailbox,UrlStem,HttpStatus\r\n2021-03-03T05:12:44Z,a,/ecp/y.js,200\r\n";
    assert_eq!(host("out/MAIL01-Cve-2021-26855.csv", requests), ["MAIL01"]);
}
