//! `tests/fixtures/<artifact>/<case>/{input,expected}`: what each case gives, compared as text.
//!
//! `input` is a file, or a folder when the place of the file matters. `UPDATE_EXPECT=1` accepts what comes out;
//! review is the diff.

use std::fs;
use std::path::{Path, PathBuf};

use vigie_parse::collection::{FileTimes, Source};
use vigie_parse::{Among, Limits, Nobody, open, read_among};

use crate::made;
use crate::recorder::{Recorder, tell};

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

pub(crate) fn children(folder: &Path) -> Vec<PathBuf> {
    let mut children: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|child| child.unwrap().path())
        .collect();
    children.sort();
    children
}

/// Every case of every artifact.
pub(crate) fn cases() -> Vec<PathBuf> {
    children(&fixtures()).iter().flat_map(|artifact| children(artifact)).collect()
}

fn tell_case(case: &Path) -> String {
    let mut told = String::new();
    for collection in open(&[case.join("input")], &Limits::default()) {
        for mut evidence in collection.evidence.iter().cloned() {
            // A single file is named as on the command line: the path on this machine must not be expected.
            let path = evidence.path.replace(&*case.to_string_lossy(), "");
            evidence.path = path.trim_start_matches('/').into();
            // Nor must the times that a checkout gives; those inside an archive are a part of the fixture.
            if matches!(evidence.source, Source::File(_)) {
                evidence.times = FileTimes::default();
            }
            let mut recorder = Recorder::default();
            let among = Among { collection: Some(&collection), tap: &mut Nobody };
            let report = read_among(&evidence, &Limits::default(), among, &mut recorder);
            let entry = &report.entry;
            assert_eq!(
                entry.size,
                entry.parsed_bytes + entry.rejected_bytes,
                "{}: bytes unaccounted",
                entry.path
            );
            told += &tell(&report);
            told += &recorder.text;
            told.push('\n');
        }
    }
    told
}

#[test]
fn every_case_gives_what_is_expected() {
    let mut wrong = made::check();
    for case in cases() {
        let told = tell_case(&case);
        let expected = case.join("expected");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&expected, &told).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != told {
            wrong.push(format!("{} now gives:\n{told}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}\nUPDATE_EXPECT=1 accepts this", wrong.join("\n"));
}
