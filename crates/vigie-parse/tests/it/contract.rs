//! What every parser owes: it is documented, has a fixture, and whatever is done to its input it ends, does not
//! panic, and accounts for every byte.

use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use vigie_model::diagnostic::Code;
use vigie_model::evidence::Fact;
use vigie_model::schema::Wanted;
use vigie_model::{EventBatch, Schema};
use vigie_parse::{Head, Input, PARSERS, Parser, Sink, input::HEAD_BYTES, parse_bytes, recognise};

use crate::golden::{children, fixtures};
use crate::recorder::Recorder;

/// Fixtures above this are damaged at sampled places only.
const EVERY_BYTE_MAX: usize = 4 << 10;
/// How many places are sampled.
const SAMPLES: usize = 64;

/// Files below a path.
fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_dir() {
        children(path).iter().flat_map(|child| files(child)).collect()
    } else {
        vec![path.to_owned()]
    }
}

/// Every fixture file of a parser that it recognises, with the path it is recognised by.
fn inputs_of(parser: &dyn Parser) -> Vec<(String, Vec<u8>)> {
    let name = parser.artifact().name;
    let folder = fixtures().join(name);
    assert!(folder.is_dir(), "{name} has no fixtures/{name}/<case>/input");
    let mut inputs = Vec::new();
    for case in children(&folder) {
        for file in files(&case.join("input")) {
            let path = file.strip_prefix(&case).unwrap().to_string_lossy().into_owned();
            let bytes = fs::read(&file).unwrap();
            let head =
                Head { path: &path, bytes: &bytes[..bytes.len().min(HEAD_BYTES)], size: bytes.len() as u64 };
            if recognise(&head).is_some_and(|by| by.artifact().name == name) {
                inputs.push((path, bytes));
            }
        }
    }
    assert!(!inputs.is_empty(), "{name} recognises none of its own fixtures");
    inputs
}

/// Where a file is damaged. Of a large one, mostly where it holds something: an event log is nearly all zeroes.
fn places(bytes: &[u8]) -> Vec<usize> {
    let length = bytes.len();
    if length <= EVERY_BYTE_MAX {
        return (0..length).collect();
    }
    let filled: Vec<usize> = (0..length).filter(|place| bytes[*place] != 0).collect();
    let mut places: BTreeSet<usize> =
        (0..SAMPLES).map(|sample| filled[sample * filled.len() / SAMPLES]).collect();
    places.extend((0..SAMPLES / 8).map(|sample| sample * length / (SAMPLES / 8)));
    places.extend([length - 1, length - 2]);
    places.into_iter().collect()
}

pub(crate) fn assert_accounted(parser: &dyn Parser, path: &str, bytes: &[u8]) {
    let mut counter = Counter::default();
    let account = parse_bytes(parser, path, bytes, &mut counter);
    let (parsed, rejected) = (account.parsed_bytes, account.rejected_bytes);
    let name = parser.artifact().name;
    assert_eq!(parsed + rejected, bytes.len() as u64, "{name}: {parsed} + {rejected} of {}", bytes.len());
    assert_eq!(rejected, counter.rejected, "{name}: rejected bytes and those that diagnostics state");
}

/// Looks at every cell, and adds up what diagnostics say was lost.
#[derive(Default)]
struct Counter {
    rejected: u64,
    cell_bytes: usize,
}

impl Sink for Counter {
    fn wants(&mut self, _: &Schema) -> Wanted {
        Wanted::All
    }

    fn batch(&mut self, batch: &EventBatch) -> ControlFlow<()> {
        assert_eq!(batch.times.len(), batch.rows());
        for (column, spans) in batch.columns.iter().enumerate() {
            assert_eq!(spans.len(), batch.rows());
            for (row, span) in spans.iter().enumerate() {
                let cell = batch.cell(row, column);
                assert_eq!(cell.is_none(), span.is_null(), "a span must lie in the text, between characters");
                self.cell_bytes += cell.map_or(0, str::len);
            }
        }
        ControlFlow::Continue(())
    }

    fn fact(&mut self, _: Fact) {}

    fn diagnostic(&mut self, _: Code, _: &str, _: &str, bytes: u64) {
        self.rejected += bytes;
    }
}

#[test]
fn artifacts_are_documented_under_names_of_their_own() {
    let mut names = BTreeSet::new();
    for parser in PARSERS {
        let artifact = parser.artifact();
        assert!(names.insert(artifact.name), "{} stands twice", artifact.name);
        for text in [artifact.title, artifact.proves, artifact.location, artifact.source] {
            assert!(!text.trim().is_empty(), "{} is not documented", artifact.name);
        }
        assert!(
            artifact
                .name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'.' | b'_' | b'0'..=b'9'))
        );
    }
}

#[test]
fn files_cut_at_any_byte_are_accounted_for() {
    for parser in PARSERS {
        for (path, bytes) in inputs_of(*parser) {
            for place in places(&bytes) {
                assert_accounted(*parser, &path, &bytes[..place]);
            }
            assert_accounted(*parser, &path, &bytes);
        }
    }
}

#[test]
fn files_with_any_byte_changed_are_accounted_for() {
    for parser in PARSERS {
        for (path, mut bytes) in inputs_of(*parser) {
            for place in places(&bytes) {
                let kept = bytes[place];
                // In turn what breaks text, lines and quotes.
                bytes[place] = [kept ^ 0xff, 0, b'\n', b'"'][place % 4];
                assert_accounted(*parser, &path, &bytes);
                bytes[place] = kept;
            }
        }
    }
}

#[test]
fn a_parser_given_what_is_not_its_own_ends() {
    for parser in PARSERS {
        for bytes in [
            &b""[..],
            b"\n",
            b"\0\0\0",
            b"#Fields:\n\n",
            b"\xff\xfe",
            b"\xff\xfe\n",
            "a".repeat(70_000).as_bytes(),
            b"#Fields: a,a\n1,2",
        ] {
            assert_accounted(*parser, "input", bytes);
        }
    }
}

#[test]
fn a_parser_reads_through_short_reads() {
    for parser in PARSERS {
        for (path, bytes) in inputs_of(*parser) {
            let mut whole = Recorder::default();
            parse_bytes(*parser, &path, &bytes, &mut whole);
            let mut reader = OneByte(&bytes);
            let evidence = vigie_parse::Evidence {
                path: path.clone(),
                host_path: None,
                size: bytes.len() as u64,
                times: vigie_parse::collection::FileTimes::default(),
                source: vigie_parse::collection::Source::File(PathBuf::new()),
            };
            let mut input = Input::new(&evidence, &[], &mut reader);
            let mut slow = Recorder::default();
            parser.parse(&mut input, &mut slow);
            assert_eq!(whole.text, slow.text);
        }
    }
}

/// Gives one byte at a time, as a slow decompressor may.
struct OneByte<'a>(&'a [u8]);

impl std::io::Read for OneByte<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = buffer.len().min(1);
        self.0.read(&mut buffer[..length])
    }
}

#[test]
fn a_page_does_not_pass_for_a_log_or_a_report() {
    let heads: [&[u8]; 4] = [
        b"Version=1\r\nEventType=x\r\n<%@ Page %>",
        b"#Software: Microsoft Internet Information Services 10.0\r\n#Fields: date time\r\n<% eval %>",
        b"**********************\r\nWindows PowerShell transcript start\r\n<% %>",
        b"<Task><Actions></Actions></Task><% %>",
    ];
    for bytes in heads {
        let of = |path: &str| {
            let head = Head { path, bytes, size: bytes.len() as u64 };
            recognise(&head).map(|parser| parser.artifact().name)
        };
        assert_eq!(of(r"C:\inetpub\wwwroot\aspnet_client\x.aspx"), Some("web.root"));
    }
}

#[test]
fn a_configuration_of_the_web_server_does_not_pass_for_a_log_or_a_list_of_agents() {
    let of = |path: &str, bytes: &[u8]| {
        let head = Head { path, bytes, size: bytes.len() as u64 };
        recognise(&head).map(|parser| parser.artifact().name)
    };
    let heads: [&[u8]; 3] = [
        b"<!--\r\n#Software: Microsoft Internet Information Services 10.0\r\n#Fields: date time c-ip cs-method cs-uri-stem\r\n\
          -->\r\n<configuration><system.webServer/></configuration>",
        b"<!-- <mexRuntime> <agentList> -->\r\n<configuration><system.webServer/></configuration>",
        b"<!--\r\n#Software: Microsoft Exchange Server\r\n#Log-type: HttpProxy Logs\r\n#Fields: DateTime,UrlStem\r\n-->\r\n\
          <configuration/>",
    ];
    for bytes in heads {
        for path in [
            r"C:\inetpub\wwwroot\web.config",
            r"C:\V15\FrontEnd\HttpProxy\owa\WEB.CONFIG",
            r"C:\Windows\System32\inetsrv\config\applicationHost.config",
            "evidence/web.config",
        ] {
            assert_eq!(of(path, bytes), Some("iis.config"), "{path}");
        }
    }
    // Broken beyond recognition, it is a file of the web directory still, and no log elsewhere.
    let log =
        b"#Software: Microsoft Internet Information Services 10.0\r\n#Fields: date time c-ip cs-method\r\n";
    assert_eq!(of(r"C:\inetpub\wwwroot\other.config", log), Some("web.root"));
    assert_eq!(of("evidence/web.config", log), None);
    assert_eq!(of("evidence/u_ex210303.log", log), Some("iis.w3c"));
    // The lists of agents themselves are read wherever they lie.
    let agents = b"<configuration><mexRuntime><agentList/></mexRuntime></configuration>";
    for path in
        [r"C:\V15\TransportRoles\Shared\agents.config", r"C:\V15\FrontEnd\HttpProxy\bin\fetagents.config"]
    {
        assert_eq!(of(path, agents), Some("exchange.agents"), "{path}");
    }
    assert_eq!(of(r"C:\inetpub\wwwroot\other.config", agents), Some("web.root"));
}
