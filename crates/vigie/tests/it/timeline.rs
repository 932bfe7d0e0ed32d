//! `vigie timeline` as a user runs it: golden rows in each format, the same bytes for any threads and memory.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::run::vigie;

/// Evidence of several kinds: where it lies among the parsers' fixtures, and what it is called here.
const EVIDENCE: [(&str, &str); 5] = [
    (
        "iis.w3c/front-end-with-user-and-query/input/C/inetpub/logs/LogFiles/W3SVC1/u_ex210303.log",
        "u_ex210303.log",
    ),
    ("windows.usn/a-page-that-came-and-went/input/C/$MFT", "$MFT"),
    ("windows.usn/a-page-that-came-and-went/input/C/$Extend/$J", "$J"),
    ("exchange.setup/upgrade-completed/input/C/ExchangeSetupLogs/ExchangeSetup.log", "ExchangeSetup.log"),
    ("iis.w3c/not-a-moment/input", "not-a-moment.log"),
];

const FORMATS: [&str; 4] = ["csv", "jsonl", "timesketch", "bodyfile"];

fn evidence() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vigie-parse/tests/fixtures");
    for (fixture, name) in EVIDENCE {
        fs::copy(fixtures.join(fixture), folder.path().join("in").join(name)).unwrap();
    }
    folder
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/timeline").join(name)
}

#[test]
fn every_format_is_as_agreed() {
    let folder = evidence();
    for format in FORMATS {
        let ran = vigie(folder.path(), &["timeline", "in", "--format", format, "--host", "MAIL01"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        for (kind, text) in [("out", &ran.out), ("err", &ran.err)] {
            let path = golden(&format!("{format}.{kind}.txt"));
            if std::env::var_os("UPDATE_EXPECT").is_some() {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, text).unwrap();
            }
            let expected = fs::read_to_string(&path).unwrap_or_default();
            assert!(*text == expected, "{} differs; UPDATE_EXPECT=1 accepts:\n{text}", path.display());
        }
    }
}

#[test]
fn rows_of_an_example_are_in_order_and_each_event_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let ran = vigie(folder.path(), &["timeline", "hotel-compromised.zip", "--format", "jsonl"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let mut times: Vec<String> = Vec::new();
    let mut hosts = std::collections::BTreeSet::new();
    for line in ran.out.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        times.push(row["datetime"].as_str().unwrap().to_owned());
        hosts.insert(row["host"].as_str().unwrap().to_owned());
        assert_eq!(row["sha256"].as_str().unwrap().len(), 64, "{row}");
    }
    assert!(times.is_sorted());
    assert!(hosts.contains("MAIL01"), "{hosts:?}");
    let checked = vigie(folder.path(), &["check", "hotel-compromised.zip", "--json"]);
    let assessment: Value = serde_json::from_str(&checked.out).unwrap();
    let events: u64 =
        assessment["manifest"].as_array().unwrap().iter().map(|e| e["events"].as_u64().unwrap()).sum();
    assert!(ran.err.contains(&format!("rows of {events} events;")), "{events}: {}", ran.err);
    assert!(times.len() as u64 >= events, "{} rows of {events} events", times.len());
}

#[test]
fn threads_and_memory_change_no_byte() {
    let folder = tempfile::tempdir().unwrap();
    let run = |threads: &str, memory: &str, name: &str| {
        let args = ["timeline", "hotel-compromised.zip", "--threads", threads, "--max-memory", memory];
        let ran = vigie(folder.path(), &[args.as_slice(), &["--output", name]].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        (fs::read(folder.path().join(name)).unwrap(), ran.err.contains("they waited on disk"))
    };
    let (whole, spilled) = run("1", "1G", "whole.csv");
    assert!(!spilled);
    let (small, spilled) = run("3", "16M", "small.csv");
    assert!(spilled);
    assert!(whole == small);
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn only_what_was_asked_for_and_nothing_overwritten() {
    let folder = evidence();
    let all = vigie(folder.path(), &["timeline", "in", "--output", "t.csv"]);
    assert_eq!((all.code, all.out.as_str()), (0, ""), "{}", all.err);
    let again = vigie(folder.path(), &["timeline", "in", "--output", "t.csv"]);
    assert_eq!(again.code, 2, "{}", again.err);
    let some =
        ["timeline", "in", "--output", "t.csv", "--clobber", "--from", "2021-03-03", "--to", "2021-03-03"];
    let some = vigie(folder.path(), &some);
    assert_eq!(some.code, 0, "{}", some.err);
    let rows = fs::read_to_string(folder.path().join("t.csv")).unwrap();
    assert!(rows.lines().count() > 1);
    assert!(rows.lines().skip(1).all(|row| row.starts_with("2021-03-03T")), "{rows}");
    assert!(some.err.contains("lie outside of --from and --to"), "{}", some.err);
    let none = vigie(folder.path(), &["timeline", "t.csv"]);
    assert_eq!(none.code, 3, "{}", none.err);
}

#[test]
fn a_deadline_is_told_everywhere_and_lowers_coverage() {
    let folder = evidence();
    let late = ["in", "--deadline-per-file", "0"];
    let checked = vigie(folder.path(), &[["check", "--json"].as_slice(), &late].concat());
    let assessment: Value = serde_json::from_str(&checked.out).unwrap();
    crate::run::assert_accounted(&assessment);
    assert!(crate::run::codes(&assessment).contains(&"V0113"), "{}", checked.err);
    assert_eq!(assessment["verdicts"][0]["coverage"]["complete"], false);
    assert_ne!(checked.code, 0, "what was not read is not clean");
    let timeline = vigie(folder.path(), &[["timeline"].as_slice(), &late].concat());
    assert_eq!((timeline.code, timeline.out.lines().count()), (0, 1), "{}", timeline.err);
    assert!(timeline.err.contains("(V0113)"), "{}", timeline.err);
    let hunted = vigie(folder.path(), &[["hunt"].as_slice(), &late].concat());
    assert_eq!(hunted.code, 1, "{}", hunted.err);
}

#[test]
fn what_lies_where_the_part_is_written_is_never_written_into() {
    let folder = evidence();
    let (part, other) = (folder.path().join("t.csv.part"), folder.path().join("other"));
    fs::write(&other, "kept").unwrap();
    fs::write(&part, "stale").unwrap();
    let run =
        |more: &[&str]| vigie(folder.path(), &[&["timeline", "in", "--output", "t.csv"], more].concat());
    let stale = run(&[]);
    assert_eq!(stale.code, 2, "{}", stale.err);
    assert_eq!(fs::read_to_string(&part).unwrap(), "stale");
    let over = run(&["--clobber"]);
    assert_eq!(over.code, 0, "{}", over.err);
    assert!(!part.exists());
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let mode = fs::metadata(folder.path().join("t.csv")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        symlink(&other, &part).unwrap();
        let linked = run(&["--clobber"]);
        assert_eq!(linked.code, 2, "{}", linked.err);
        assert!(part.is_symlink());
    }
    assert_eq!(fs::read_to_string(&other).unwrap(), "kept");
}
