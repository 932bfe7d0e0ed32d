//! The three hotels: what a newcomer runs first must be right.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::run::{Ran, assert_accounted, assessment, verdict, vigie};

fn check(folder: &Path, example: &str, more: &[&str]) -> (Ran, Value) {
    let zip = format!("examples/{example}.zip");
    let output = format!("out-{example}");
    let mut args = vec!["check", zip.as_str(), "--output", output.as_str(), "--clobber"];
    args.extend(more);
    let ran = vigie(folder, &args);
    let assessment = assessment(&folder.join(output));
    (ran, assessment)
}

#[test]
fn hotel_compromised_is_found_and_proven() {
    let folder = tempfile::tempdir().unwrap();
    let (ran, assessment) = check(folder.path(), "hotel-compromised", &[]);
    assert_eq!(ran.code, 20, "{}", ran.err);
    assert_eq!(verdict(&assessment), ("compromised", "impact"));
    assert_accounted(&assessment);
    assert_eq!(assessment["host"], "MAIL01");
    let findings = assessment["findings"].as_array().unwrap();
    for finding in findings {
        assert!(!finding["proofs"].as_array().unwrap().is_empty());
        for proof in finding["proofs"].as_array().unwrap() {
            assert_eq!(proof["evidence"]["sha256"].as_str().unwrap().len(), 64, "{proof}");
            assert!(!proof["evidence"]["path"].as_str().unwrap().is_empty());
        }
    }
    let kinds: Vec<&str> = assessment["verdicts"][0]["actors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["kind"].as_str().unwrap())
        .collect();
    for kind in ["attacker", "scanner", "prober"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    let report = fs::read_to_string(folder.path().join("out-hotel-compromised/report.html")).unwrap();
    assert!(report.contains("Content-Security-Policy"));
    assert!(!ran.out.contains('\u{1b}'), "no color sequences in a pipe");
}

#[test]
fn hotel_patched_in_time_has_no_evidence_of_compromise() {
    let folder = tempfile::tempdir().unwrap();
    let (ran, assessment) = check(folder.path(), "hotel-patched", &[]);
    assert_eq!(verdict(&assessment), ("no evidence of compromise", "no trace"));
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(assessment["verdicts"][0]["coverage"]["complete"], true);
    assert_accounted(&assessment);
}

#[test]
fn hotel_with_late_logs_is_never_called_clean() {
    let folder = tempfile::tempdir().unwrap();
    let (ran, assessment) = check(folder.path(), "hotel-late-logs", &[]);
    assert_eq!(verdict(&assessment), ("presumed compromised", "no trace"));
    assert_eq!(ran.code, 20, "{}", ran.err);
    assert_accounted(&assessment);
}

#[test]
fn the_same_bytes_for_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let read = |threads: &str| {
        let (_, _) = check(folder.path(), "hotel-compromised", &["--threads", threads, "--format", "csv"]);
        let out = folder.path().join("out-hotel-compromised");
        ["assessment.json", "report.html", "timeline.csv"].map(|name| fs::read(out.join(name)).unwrap())
    };
    let one = read("1");
    assert_eq!(one, read("2"));
    assert_eq!(one, read("8"));
}

#[test]
fn assessments_fit_the_schema_that_ships() {
    let folder = tempfile::tempdir().unwrap();
    let schema: Value = serde_json::from_str(vigie_report::ASSESSMENT_SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for example in ["hotel-compromised", "hotel-late-logs"] {
        let (_, assessment) = check(folder.path(), example, &[]);
        let errors: Vec<String> = validator.iter_errors(&assessment).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{example}: {errors:#?}");
    }
}

#[test]
fn a_report_is_told_again_in_french_without_the_evidence() {
    let folder = tempfile::tempdir().unwrap();
    check(folder.path(), "hotel-compromised", &[]);
    fs::remove_file(folder.path().join("examples/hotel-compromised.zip")).unwrap();
    let ran = vigie(folder.path(), &["report", "out-hotel-compromised/assessment.json", "--lang", "fr"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.to_lowercase().contains("compromis"), "{}", ran.out);
}
